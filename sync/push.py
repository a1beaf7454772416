"""Judges a batch of a phone's mutations: one outcome for each.

Applied, merged, parked, or held until it can be judged.

The driver works in rounds in which each record occurs once, so that the store can write a round as sets; when
the database refuses a round it is repeated item by item, and only the item at fault is parked.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from sync import apply, parking
from sync.apply import Applied, CannotApply
from sync.change import Author, Grade, Key, Mutation, Op, Outcome, Status, Stored, Write
from sync.errors import DatabaseRefused
from sync.honest_time import effective
from sync.kind import Kind, Values
from sync.merge import seen_times
from sync.order import in_order, rounds
from sync.prefetch import Look, Seen
from sync.questions import questions_of
from sync.receipts import Clocks, Receipts
from sync.rights import Rights
from sync.store import Held, PushStore, Settled, Waiting

HOLD_FOR = timedelta(hours=72)


@dataclass(slots=True)
class _Judged:
    """What came of one mutation before it is written."""

    mutation: Mutation
    outcome: Outcome
    applied: Applied | None = None
    waiting: Waiting | None = None
    settles: list[Settled] = field(default_factory=list)


class _Turn(Enum):
    """Work that comes for the first time, was held, or parked with something which is settled now."""

    FIRST = "first"
    HELD = "held"
    PARKED = "parked"


class Push:
    """One push of one author: `run` gives an outcome per mutation, in the order sent."""

    def __init__(
        self,
        store: PushStore,
        kinds: Mapping[str, Kind],
        author: Author,
        rights: Rights,
        clocks: Clocks,
        park_all: str | None = None,
    ) -> None:
        self._store, self._kinds, self._author = store, kinds, author
        self._rights, self._receipts = rights, Receipts(author, clocks)
        self._park_all = park_all
        self._look = Look(store, kinds, author, rights, self._receipts)
        self._ended: set[str] = set()
        self._came: set[Key] = set()
        self._reopened: set[str] = set()
        self._late: dict[str, Mutation] = {}
        self.written: dict[str, Write] = {}
        # Parked work that applied by itself once what it needed was settled.
        self.resolved: list[Mutation] = []

    def run(self, mutations: Sequence[Mutation]) -> list[Outcome]:
        """Judge and write a batch; a repeated mutation gets its stored answer and writes nothing."""
        answers: dict[str, Outcome] = {}
        reused: dict[bytes, Outcome] = {}
        order, cyclic = in_order(self._unanswered(mutations, answers, reused))
        self._finish(self._answer([self._parked(mutation, "cycle") for mutation in cyclic]), answers)
        for batch in rounds(order):
            self._round(batch, answers)
        # What another push answered meanwhile: read in a new statement, which sees what that one committed.
        self._unanswered(list(self._late.values()), answers, reused)
        self._retry_held(answers)
        return [reused.get(m.sha256) or answers[m.id] for m in mutations]

    def resume(self, held: Sequence[Held]) -> None:
        """Judge held mutations again, now that what they waited for may be there."""
        self._again(held, {}, _Turn.HELD)
        self._retry_held({})

    def _again(self, held: Sequence[Held], answers: dict[str, Outcome], turn: _Turn) -> None:
        """Each with its own device and receipt.

        Who brought what it waited for says nothing of when it was made.
        """
        self._receipts.add_held(held)
        for batch in rounds([one.mutation for one in held]):
            self._round(batch, answers, turn)

    def _unanswered(
        self, mutations: Sequence[Mutation], answers: dict[str, Outcome], reused: dict[bytes, Outcome]
    ) -> list[Mutation]:
        """Fill in stored answers; what is left has none yet.

        An id with other content is kept under an id of its own.
        """
        known = self._store.answered([m.id for m in mutations]) if mutations else {}
        fresh: dict[str, Mutation] = {}
        for mutation in mutations:
            found, first = known.get(mutation.id), fresh.get(mutation.id)
            if found and found.author_id == self._author.id and found.sha256 == mutation.sha256:
                answers[mutation.id] = found.outcome
            elif found or (first is not None and first.sha256 != mutation.sha256):
                reused[mutation.sha256] = self._keep_reused(mutation)
            else:
                fresh.setdefault(mutation.id, mutation)
        return list(fresh.values())

    def _keep_reused(self, mutation: Mutation) -> Outcome:
        kept = replace(mutation, id=str(uuid.uuid5(uuid.UUID(mutation.id), mutation.sha256.hex())))
        outcome = Outcome(mutation.id, Status.PARKED, code="id_reused", detail={"kept_as": kept.id})
        if self._store.answer(self._author, [(kept, outcome)]):
            self._store.keep(self._author, [Waiting(kept, outcome, kept.id)])
        return outcome

    def _round(
        self, batch: Sequence[Mutation], answers: dict[str, Outcome], turn: _Turn = _Turn.FIRST
    ) -> None:
        state = self._look.at(batch, answers)
        judged = [self._judge(mutation, state) for mutation in state.batch]
        for one in judged:
            if turn is _Turn.PARKED and one.applied:
                own = one.mutation.id
                one.settles.append(Settled(own, own, parking.APPLIED, frozenset(), own))
        try:
            with self._store.savepoint():
                ours = self._answer(judged, turn)
                self._write(ours)
        except DatabaseRefused:
            ours = [one for each in judged for one in self._alone(each, turn)]
        self._finish(ours, answers, turn)

    def _judge(self, mutation: Mutation, state: Seen) -> _Judged:
        if self._park_all and not self._receipts.is_held(mutation):
            return self._parked(mutation, self._park_all)
        kind = self._kinds.get(mutation.kind)
        if kind is None:
            return self._parked(mutation, "unknown_kind", kind=mutation.kind)
        if self._look.references(mutation) & state.lost:
            return self._parked(mutation, "outside_scope")
        gone = self._look.gone(mutation, state)
        if gone:
            return self._parked(mutation, "record_deleted", kind=gone[0], id=gone[1])
        absent = self._look.absent(mutation, state)
        missing = self._look.missing(mutation, absent, state)
        if missing:
            return self._held(mutation, missing)
        needed = parking.needed(mutation, absent, state.parked)
        if needed:
            return self._parked(mutation, "predecessor_parked", group=needed.group)
        if self._look.hangs_anothers(mutation, state):
            return self._parked(mutation, "outside_scope")
        try:
            return self._apply(kind, mutation, state)
        except CannotApply as reason:
            code, beside = parking.joined(mutation, reason, state.parked) or (reason.code, None)
            return self._parked(mutation, code, **reason.detail | ({"group": beside.group} if beside else {}))

    def _apply(self, kind: Kind, mutation: Mutation, state: Seen) -> _Judged:
        before = state.stored.get(mutation.key)
        change = self._change(kind, mutation, before, state.created)
        version = self._store.next_version(before.version if before else 0)
        if mutation.op is Op.CREATE:
            if before is not None:
                raise CannotApply(
                    "id_taken", **({"version": before.version} if mutation.key in state.known else {})
                )
            applied = apply.create(kind, mutation.record, change, version)
        else:
            assert before is not None
            applied = _VERBS[mutation.op](kind, before, change, version)
        self._need_scope(kind, applied, change)
        questions = [question for question in questions_of(applied.write) if question.heads]
        settles = self._settles(kind, mutation, state)
        status = Status.MERGED if applied.met or applied.unknown or questions else Status.APPLIED
        detail = {
            "met": sorted(set(applied.met)),
            "questions": sorted(question.group for question in questions),
            "unknown": list(applied.unknown),
            "settles": sorted(one.id for one in settles if one.word),
        }
        outcome = Outcome(mutation.id, status, version, None, {k: v for k, v in detail.items() if v})
        return _Judged(mutation, outcome, applied, settles=settles)

    def _settles(self, kind: Kind, mutation: Mutation, state: Seen) -> list[Settled]:
        if not any(one.key == mutation.key for one in state.parked):
            return []
        device, at = self._receipts.author_of(mutation).device_id, self._receipts.of(mutation).judged.at
        is_fresh = not self._receipts.is_held(mutation)
        return parking.settled_by(mutation, kind, state.parked, device, at, is_fresh=is_fresh)

    def _change(
        self, kind: Kind, mutation: Mutation, before: Stored | None, created: Mapping[str, Values]
    ) -> apply.Change:
        receipt, author = self._receipts.of(mutation), self._receipts.author_of(mutation)
        now, read = mutation.now, created.get(mutation.id)
        if mutation.op is Op.CREATE and read is None:
            now = {"unit_id": self._author.unit_id} | now
        # Nobody has seen what is not written yet: a damaged phone may say so.
        base, device = min(mutation.base_version, before.version if before else 0), author.device_id
        seen: list[datetime] = []
        if before and before.heads:
            groups = {kind.fields[name].merges_as for name in mutation.now if name in kind.fields}
            groups |= {kind.state_field} if mutation.op is Op.ACT else set()
            seen = seen_times(before, groups, base, device)
        return apply.Change(
            id=mutation.id,
            author=author,
            at=effective(receipt.judged, seen, receipt.received_at),
            now=now,
            read=read,
            base_version=base,
            action=mutation.action,
            mutation_id=mutation.id,
            grade=receipt.judged.grade,
        )

    def _need_scope(self, kind: Kind, applied: Applied, change: apply.Change) -> None:
        """The author's rights now, or at the proven moment when the work was done.

        Before and after the write.
        """
        write = applied.write
        unit = write.before.values["unit_id"] if write.before else self._author.unit_id
        if write.values["unit_id"] != unit:
            raise CannotApply("outside_scope")
        ends = [write.scopes or kind.scopes({**write.values, "id": write.id})]
        if write.before:
            # One that was deleted had its scopes still.
            ends.append(kind.scopes({**write.before.values, "id": write.id}))
        for scopes in ends:
            if scopes.isdisjoint(self._rights.writing()) and not self._held_then(kind, write, scopes, change):
                raise CannotApply("outside_scope")
        reason = self._rights.objection(write)
        if reason:
            raise CannotApply(reason)

    def _held_then(self, kind: Kind, write: Write, scopes: frozenset[str], change: apply.Change) -> bool:
        """Whether the author held one of the record's scopes, of now or of then, when the work was done."""
        if change.grade is not Grade.PROVEN:
            return False
        then = set(scopes)
        if write.before:
            then |= set(self._rights.record_scopes_at((kind.name, write.id), change.at))
        return not then.isdisjoint(self._rights.at(change.at))

    def _parked(self, mutation: Mutation, code: str, **detail: object) -> _Judged:
        group = str(detail.get("group") or mutation.id)
        outcome = Outcome(mutation.id, Status.PARKED, code=code, detail=dict(detail))
        return _Judged(
            mutation, outcome, waiting=Waiting(mutation, outcome, group, receipt=self._receipts.of(mutation))
        )

    def _held(self, mutation: Mutation, missing: Key) -> _Judged:
        outcome = Outcome(
            mutation.id, Status.HELD, code="waits_for", detail={"kind": missing[0], "id": missing[1]}
        )
        receipt = self._receipts.of(mutation)
        deadline = receipt.received_at + HOLD_FOR
        return _Judged(
            mutation, outcome, waiting=Waiting(mutation, outcome, mutation.id, missing, deadline, receipt)
        )

    def _write(self, judged: Sequence[_Judged]) -> None:
        writes = [one.applied.write for one in judged if one.applied]
        if writes:
            self._store.write_many(writes)
        questions = [question for write in writes if write.heads for question in questions_of(write)]
        if questions:
            self._store.ask(questions)
        settled = [each for one in judged for each in one.settles]
        if settled:
            self._store.settle(self._author, settled)

    def _alone(self, one: _Judged, turn: _Turn) -> list[_Judged]:
        try:
            with self._store.savepoint():
                ours = self._answer([one], turn)
                self._write(ours)
                return ours
        except DatabaseRefused as error:
            parked = self._parked(one.mutation, "refused_by_database", cause=type(error.__cause__).__name__)
            return self._answer([parked], turn)

    def _answer(self, judged: Sequence[_Judged], turn: _Turn = _Turn.FIRST) -> list[_Judged]:
        """Store the answers, and what must wait; returns those that are ours to give.

        Two pushes of one device may bring the same at once: whoever answers second finds it
        done, and writes nothing.
        """
        if turn is _Turn.PARKED:
            return self._resolve(judged)
        outcomes = [(one.mutation, one.outcome) for one in judged]
        if turn is _Turn.HELD:
            self._store.answer_again(self._author, outcomes)
            ours = list(judged)
        else:
            taken = self._store.answer(self._author, outcomes) if outcomes else set()
            ours = [one for one in judged if one.mutation.id in taken]
        if len(ours) < len(judged):
            self._late |= {one.mutation.id: one.mutation for one in judged if one.mutation.id not in taken}
        waiting: dict[Author, list[Waiting]] = {}
        for one in ours:
            if one.waiting:
                waiting.setdefault(self._receipts.author_of(one.mutation), []).append(one.waiting)
        for author, kept in waiting.items():
            self._store.keep(author, kept)
        return ours

    def _resolve(self, judged: Sequence[_Judged]) -> list[_Judged]:
        """What came of parked work that was tried again.

        Its outcome stays as it was told, the rest is its resolution.
        """
        again = [one.waiting for one in judged if one.waiting]
        if again:
            # What turns out to lack something else is with a person already, and stays there.
            self._store.park_again([replace(one, waits_for=None, deadline=None) for one in again])
        return list(judged)

    def _finish(
        self, judged: Sequence[_Judged], answers: dict[str, Outcome], turn: _Turn = _Turn.FIRST
    ) -> None:
        if turn is not _Turn.PARKED:
            answers.update({one.mutation.id: one.outcome for one in judged})
        self.written |= {one.mutation.id: one.applied.write for one in judged if one.applied}
        ended = [one for one in judged if one.outcome.status is not Status.HELD]
        if turn is _Turn.PARKED:
            ended = [one for one in judged if one.applied]
            self.resolved += [one.mutation for one in ended]
        self._ended |= {one.mutation.id for one in ended}
        self._came |= {one.mutation.key for one in ended if one.applied or one.mutation.op is Op.CREATE}
        self._reopened |= {each.group for one in judged for each in one.settles if each.word}

    def _retry_held(self, answers: dict[str, Outcome]) -> None:
        """This author's work that waited for something in this push, or parked with what it settled."""
        while self._ended or self._reopened:
            ended, came, groups = self._ended, self._came, self._reopened
            self._ended, self._came, self._reopened = set(), set(), set()
            found = self._store.held_for(came, ended) if ended else []
            self._again([one for one in found if one.author.id == self._author.id], answers, _Turn.HELD)
            if groups:
                self._again(self._store.waiting_behind(self._author, groups), answers, _Turn.PARKED)


_VERBS: dict[Op, apply.Verb] = {
    Op.CHANGE: apply.change,
    Op.ACT: apply.act,
    Op.DELETE: apply.delete,
}
