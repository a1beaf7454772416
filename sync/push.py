"""A batch of a phone's mutations, each to its one outcome: applied, merged, parked, or held until it can be judged.

The driver works in rounds in which each record occurs once, so that the store can write a round as sets; when the
database refuses a round it is repeated item by item, and only the item at fault is parked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sync import apply
from sync.apply import Applied, CannotApply
from sync.change import Author, Grade, Key, Mutation, Op, Outcome, Status, Stored, Write
from sync.errors import SyncError
from sync.honest_time import Exchange, effective, judge
from sync.kind import Kind
from sync.merge import seen_times
from sync.store import PushStore, Question, Waiting

HOLD_FOR = timedelta(hours=72)


class Rights(Protocol):
    """Which scopes the author may write in: now, and at a proven moment in the past."""

    def now(self) -> Collection[str]: ...

    def at(self, moment: datetime) -> Collection[str]: ...

    def record_scopes_at(self, key: Key, moment: datetime) -> Collection[str]: ...


class DatabaseRefused(SyncError):
    """The database refused a write that the rules had let pass."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The phone's and the server's clocks at this exchange, and the earlier exchanges of this device by boot."""

    sent_at: datetime
    received_at: datetime
    exchanges: dict[str, Exchange]


@dataclass(slots=True)
class _Judged:
    """What came of one mutation before it is written."""

    mutation: Mutation
    outcome: Outcome
    applied: Applied | None = None
    waiting: Waiting | None = None


@dataclass(slots=True)
class _State:
    """Everything the judging of one round looks at."""

    stored: dict[Key, Stored]
    existing: set[Key]
    groups: Mapping[Key | str, str]
    settled: dict[str, Outcome] = field(default_factory=dict)


class Push:
    """One push of one author: `run` gives an outcome per mutation, in the order sent."""

    def __init__(
        self,
        store: PushStore,
        kinds: Mapping[str, Kind],
        author: Author,
        rights: Rights,
        clocks: Clocks,
        next_version: Callable[[int], int],
        park_all: str | None = None,
    ) -> None:
        self._store, self._kinds, self._author = store, kinds, author
        self._rights, self._clocks, self._next_version = rights, clocks, next_version
        self._park_all = park_all
        self._groups: dict[Key | str, str] = {}
        self.written: dict[str, Key] = {}

    def run(self, mutations: Sequence[Mutation]) -> list[Outcome]:
        """Judge and write a batch; a repeated mutation gets its stored answer and writes nothing."""
        answers: dict[str, Outcome] = {}
        reused: dict[bytes, Outcome] = {}
        fresh = self._unanswered(mutations, answers, reused)
        claimed = self._store.claim(fresh, self._author)
        self._unanswered([m for m in fresh if m.id not in claimed], answers, reused)
        order, cyclic = _in_order([m for m in fresh if m.id in claimed])
        self._finish([self._parked(mutation, "cycle") for mutation in cyclic], answers)
        for batch in _rounds(order):
            self._round(batch, answers)
        return [reused.get(m.sha256) or answers[m.id] for m in mutations]

    def resume(self, mutations: Sequence[Mutation]) -> None:
        """Judge held mutations again, now that what they waited for may be there."""
        for batch in _rounds(mutations):
            self._round(batch, {})

    def _unanswered(
        self, mutations: Sequence[Mutation], answers: dict[str, Outcome], reused: dict[bytes, Outcome]
    ) -> list[Mutation]:
        """Fill in stored answers; what is left has none yet. An id with other content is kept under an id of its own."""
        known = self._store.answered([m.id for m in mutations])
        fresh: dict[str, Mutation] = {}
        for mutation in mutations:
            author, sha256, outcome = known.get(mutation.id, ("", b"", None))
            first = fresh.get(mutation.id)
            if outcome is not None and author == self._author.id and sha256 == mutation.sha256:
                answers[mutation.id] = outcome
            elif outcome is not None or (first is not None and first.sha256 != mutation.sha256):
                reused[mutation.sha256] = self._keep_reused(mutation)
            else:
                fresh.setdefault(mutation.id, mutation)
        return list(fresh.values())

    def _keep_reused(self, mutation: Mutation) -> Outcome:
        kept = replace(mutation, id=str(uuid.uuid5(uuid.UUID(mutation.id), mutation.sha256.hex())))
        outcome = Outcome(mutation.id, Status.PARKED, code="id_reused", detail={"kept_as": kept.id})
        if self._store.claim([kept], self._author):
            self._store.settle(self._author, [(kept, outcome)], [Waiting(kept, outcome, kept.id)])
        return outcome

    def _round(self, batch: Sequence[Mutation], answers: dict[str, Outcome]) -> None:
        state = self._look(batch, answers)
        judged = [self._judge(mutation, state) for mutation in batch]
        try:
            with self._store.savepoint():
                self._write(judged)
        except DatabaseRefused:
            judged = [self._alone(one) for one in judged]
        self._finish(judged, answers)
        self._retry_held(judged, answers)

    def _look(self, batch: Sequence[Mutation], answers: Mapping[str, Outcome]) -> _State:
        """Lock and read the round's records, what they point at, and what is parked before them."""
        stored = self._store.load([m.key for m in batch])
        wanted = {ref for m in batch for ref in self._references(m)} - set(stored)
        afters = [m.after for m in batch if m.after]
        settled = {i: answers[i] for i in afters if i in answers}
        settled |= {i: found[2] for i, found in self._store.answered([i for i in afters if i not in answers]).items()}
        groups = {**self._store.parked_groups(self._author, [*wanted, *(m.key for m in batch)], afters), **self._groups}
        existing = self._store.existing(wanted) | {k for k, one in stored.items() if not one.deleted}
        return _State(stored, existing, groups, settled)

    def _references(self, mutation: Mutation) -> set[Key]:
        kind = self._kinds.get(mutation.kind)
        return set(kind.references(mutation.now).values()) if kind else set()

    def _judge(self, mutation: Mutation, state: _State) -> _Judged:
        if self._park_all:
            return self._parked(mutation, self._park_all)
        kind = self._kinds.get(mutation.kind)
        if kind is None:
            return self._parked(mutation, "unknown_kind", kind=mutation.kind)
        group = self._group_of(mutation, state)
        if group:
            return self._parked(mutation, "predecessor_parked", group=group)
        missing = self._missing(mutation, state)
        if missing:
            return self._held(mutation, missing)
        try:
            return self._apply(kind, mutation, state)
        except CannotApply as reason:
            return self._parked(mutation, reason.code, **reason.detail)

    def _group_of(self, mutation: Mutation, state: _State) -> str | None:
        """The parked group this mutation belongs to: its predecessor's, its record's, or a record's it points at."""
        candidates: list[Key | str] = [mutation.key, *self._references(mutation)]
        if mutation.after:
            candidates.append(mutation.after)
        return next((state.groups[c] for c in candidates if c in state.groups), None)

    def _missing(self, mutation: Mutation, state: _State) -> Key | None:
        """What it must wait for: a predecessor nobody has sent, its record, or a record it points at."""
        if mutation.after and mutation.after not in state.settled:
            return ("mutation", mutation.after)
        if mutation.op is not Op.CREATE and mutation.key not in state.stored:
            return mutation.key
        return min(self._references(mutation) - state.existing - {mutation.key}, default=None)

    def _apply(self, kind: Kind, mutation: Mutation, state: _State) -> _Judged:
        before = state.stored.get(mutation.key)
        change = self._change(kind, mutation, before)
        if mutation.op is Op.CREATE:
            if before is not None:
                raise CannotApply("id_taken", version=before.version)
            applied = apply.create(kind, mutation.record, change)
            version = self._next_version(0)
        else:
            assert before is not None
            version = self._next_version(before.version)
            applied = _VERBS[mutation.op](kind, before, change, version)
        self._need_scope(kind, applied, change)
        status = Status.MERGED if applied.merged.met or applied.unknown else Status.APPLIED
        detail = {
            "met": applied.merged.met,
            "questions": sorted(applied.merged.disputed),
            "unknown": list(applied.unknown),
        }
        outcome = Outcome(mutation.id, status, version, None, {k: v for k, v in detail.items() if v})
        return _Judged(mutation, outcome, applied)

    def _change(self, kind: Kind, mutation: Mutation, before: Stored | None) -> apply.Change:
        judged = judge(
            mutation.happened_at,
            boot=mutation.boot,
            monotonic_ms=mutation.monotonic_ms,
            sent_at=self._clocks.sent_at,
            received_at=self._clocks.received_at,
            exchanges=self._clocks.exchanges,
        )
        base, device = mutation.base_version, self._author.device_id
        seen = seen_times(kind, before, mutation.now, base, device) if before else []
        return apply.Change(
            id=mutation.id,
            author=self._author,
            at=effective(judged, seen, self._clocks.received_at),
            now={"unit_id": self._author.unit_id} | mutation.now if mutation.op is Op.CREATE else mutation.now,
            base_version=base,
            action=mutation.action,
            mutation_id=mutation.id,
            grade=judged.grade,
        )

    def _need_scope(self, kind: Kind, applied: Applied, change: apply.Change) -> None:
        """The author's rights now, or at the proven moment when the work was done; before and after the write."""
        write = applied.write
        unit = write.before.values["unit_id"] if write.before else self._author.unit_id
        if write.values and write.values["unit_id"] != unit:
            raise CannotApply("outside_scope")
        ends = [values for values in (write.before and write.before.values, write.values) if values]
        for values in ends:
            scopes = kind.scopes({**values, "id": write.id})
            if scopes.isdisjoint(self._rights.now()) and not self._held_then(kind, write, scopes, change):
                raise CannotApply("outside_scope")

    def _held_then(self, kind: Kind, write: Write, scopes: frozenset[str], change: apply.Change) -> bool:
        """Whether the author held one of the record's scopes, of now or of then, when the work was done."""
        if change.grade is not Grade.PROVEN:
            return False
        then = set(scopes)
        if write.before and change.action is None:
            then |= set(self._rights.record_scopes_at((kind.name, write.id), change.at))
        return not then.isdisjoint(self._rights.at(change.at))

    def _parked(self, mutation: Mutation, code: str, **detail: object) -> _Judged:
        group = str(detail.get("group") or mutation.id)
        outcome = Outcome(mutation.id, Status.PARKED, code=code, detail=dict(detail))
        self._groups[mutation.key] = self._groups[mutation.id] = group
        return _Judged(mutation, outcome, waiting=Waiting(mutation, outcome, group))

    def _held(self, mutation: Mutation, missing: Key) -> _Judged:
        outcome = Outcome(mutation.id, Status.HELD, code="waits_for", detail={"kind": missing[0], "id": missing[1]})
        deadline = self._clocks.received_at + HOLD_FOR
        return _Judged(mutation, outcome, waiting=Waiting(mutation, outcome, mutation.id, missing, deadline))

    def _write(self, judged: Sequence[_Judged]) -> None:
        applied = [one.applied for one in judged if one.applied]
        self._store.write_many([one.write for one in applied])
        self._store.ask([question for one in applied for question in questions_of(one)])

    def _alone(self, one: _Judged) -> _Judged:
        try:
            with self._store.savepoint():
                self._write([one])
        except DatabaseRefused as error:
            return self._parked(one.mutation, "refused_by_database", cause=type(error.__cause__).__name__)
        return one

    def _finish(self, judged: Sequence[_Judged], answers: dict[str, Outcome]) -> None:
        if not judged:
            return
        answers.update({one.mutation.id: one.outcome for one in judged})
        self.written |= {one.mutation.id: one.mutation.key for one in judged if one.applied}
        waiting = [one.waiting for one in judged if one.waiting]
        self._store.settle(self._author, [(one.mutation, one.outcome) for one in judged], waiting)

    def _retry_held(self, judged: Sequence[_Judged], answers: dict[str, Outcome]) -> None:
        """What waited for a record or mutation of this round is judged now, if it is this author's own."""
        ended = [one for one in judged if one.outcome.status is not Status.HELD]
        keys = [one.mutation.key for one in ended if one.applied]
        found = self._store.held_for(keys, [one.mutation.id for one in ended]) if ended else []
        mine = [mutation for mutation, author in found if author.id == self._author.id]
        for batch in _rounds(mine):
            self._round(batch, answers)


_VERBS: dict[Op, Callable[[Kind, Stored, apply.Change, int], Applied]] = {
    Op.CHANGE: apply.change,
    Op.ACT: apply.act,
    Op.DELETE: lambda kind, stored, step, _version: apply.delete(kind, stored, step),
}


def questions_of(applied: Applied) -> list[Question]:
    """The disputes this write opened, widened or settled."""
    write, merged = applied.write, applied.merged
    unit_id = str((write.values or {}).get("unit_id", ""))
    open_ = [Question((write.kind.name, write.id), group, unit_id, heads) for group, heads in merged.disputed.items()]
    return open_ + [Question((write.kind.name, write.id), group, unit_id, ()) for group in merged.settled]


def _in_order(mutations: Sequence[Mutation]) -> tuple[list[Mutation], list[Mutation]]:
    """Sorted so that each comes behind its `after`; and those that wait for each other in a circle."""
    waiting, done, order = list(mutations), set[str](), list[Mutation]()
    ids = {m.id for m in mutations}
    while waiting:
        ready = [m for m in waiting if not m.after or m.after not in ids or m.after in done]
        if not ready:
            return order, waiting
        first = ready[0]
        order.append(first)
        done.add(first.id)
        waiting.remove(first)
    return order, []


def _rounds(mutations: Sequence[Mutation]) -> list[list[Mutation]]:
    """Batches in which no record occurs twice and nothing stands before its predecessor or what it points at."""
    rounds: list[list[Mutation]] = []
    level_of: dict[str, int] = {}
    for mutation in mutations:
        before = [level_of.get(mutation.record, -1), level_of.get(mutation.after or "", -1)]
        before += [level_of.get(str(value), -1) for name, value in mutation.now.items() if name.endswith("_id")]
        level = max(before) + 1
        if level == len(rounds):
            rounds.append([])
        rounds[level].append(mutation)
        level_of[mutation.record] = level_of[mutation.id] = level
    return rounds
