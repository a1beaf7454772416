"""Reads what a push needs before it is judged: its records, their references, what is parked before them.

What is not there and what is not the author's look alike, and are looked for alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync import parking
from sync.change import Author, Grade, Key, Mutation, Op, Outcome, Status, Stored
from sync.errors import Refused
from sync.kind import Kind, Values
from sync.receipts import Receipts
from sync.rights import Rights
from sync.store import Parked, PushStore


@dataclass(slots=True)
class Seen:
    """Everything the judging of one round looks at.

    `batch` are the round's mutations; those that named what was merged into another name that one. `known`
    are the round's own records that the author may know of, `visible` what they may name, `lost` what they
    once could, `gone` what they might have named before it was deleted; `ended` are the predecessors that
    have their outcome; `created` the values of each creation, read and completed.
    """

    batch: Sequence[Mutation]
    stored: dict[Key, Stored]
    known: set[Key]
    visible: set[Key]
    lost: set[Key]
    gone: set[Key]
    parked: Sequence[Parked]
    fresh: Mapping[Key, Values]
    ended: set[str]
    created: Mapping[str, Values]


def following(kind: Kind | None, mutation: Mutation, merged: Mapping[Key, Key]) -> Mutation:
    """The same work for the records into which what it names was merged; how it was sent is kept."""
    named = kind.named(mutation.now) if kind else {}
    now = {name: merged[key][1] for name, key in named.items() if key in merged}
    return replace(mutation, now=mutation.now | now) if now else mutation


class Look:
    """The looks of one push, by the rights of its author."""

    def __init__(
        self,
        store: PushStore,
        kinds: Mapping[str, Kind],
        author: Author,
        rights: Rights,
        receipts: Receipts,
    ) -> None:
        self._store, self._kinds, self._author = store, kinds, author
        self._rights, self._receipts = rights, receipts
        self._pointing: dict[str, set[Key]] = {}

    def at(self, batch: Sequence[Mutation], answers: Mapping[str, Outcome]) -> Seen:
        """Lock and read the round's records, what they point at, and what is parked before them."""
        batch, visible, gone = self._named(batch)
        hung = {key for m in batch if (kind := self._kinds.get(m.kind)) for key in kind.attached(m.now)}
        stored = self._store.load([*{m.key for m in batch} | hung])
        wanted = {ref for m in batch for ref in self.references(m)}
        lost = self._store.visible(wanted - visible, self._rights.ever()) if wanted - visible else set()
        fresh = {m.key: m.now for m in batch if hung and m.op is Op.CREATE}
        afters = [m.after for m in batch if m.after]
        parked = self._store.parked(self._author, [*wanted, *(m.key for m in batch)], afters)
        known, ended = self._known(batch, stored), self._ended(afters, answers)
        return Seen(batch, stored, known, visible, lost, gone, parked, fresh, ended, self._created(batch))

    def _named(self, batch: Sequence[Mutation]) -> tuple[Sequence[Mutation], set[Key], set[Key]]:
        """The round, following what was merged; what of its names is the author's to name, and what was so
        until it was deleted.
        """
        wanted = {ref for m in batch for ref in self.references(m)}
        visible = self._visible(wanted, batch)
        absent = wanted - visible
        if not absent:
            return batch, visible, set()
        # Of what never was theirs they are told as of what does not exist; both are asked for alike.
        gone = self._visible(absent, batch, with_deleted=True)
        gone |= self._store.visible(absent, self._rights.ever(), with_deleted=True)
        gone -= self._store.visible(absent, self._rights.ever())
        merged = self._rights.successors(gone) if gone else {}
        kept = self._visible(set(merged.values()), batch)
        merged = {key: now for key, now in merged.items() if now in kept}
        if merged:
            batch = [following(self._kinds.get(mutation.kind), mutation, merged) for mutation in batch]
            self._pointing.clear()
        return batch, visible | kept, gone - merged.keys()

    def _created(self, batch: Sequence[Mutation]) -> dict[str, Values]:
        new = [(m.id, kind, m.now) for m in batch if m.op is Op.CREATE and (kind := self._kinds.get(m.kind))]
        read = [
            (name, kind, values) for name, kind, now in new if (values := self._read(kind, now)) is not None
        ]
        completed = self._rights.completed([(kind, values) for _, kind, values in read])
        return {name: one for (name, *_), one in zip(read, completed, strict=True)}

    def _read(self, kind: Kind, now: Values) -> Values | None:
        """Whole values; None for what cannot be read, whose faults are said where it is judged."""
        try:
            return kind.load({"unit_id": self._author.unit_id} | now, False)
        except Refused:
            return None

    def references(self, mutation: Mutation) -> set[Key]:
        """What it points at; its own unit is not looked up but judged with its scopes."""
        found = self._pointing.get(mutation.id)
        if found is None:
            kind = self._kinds.get(mutation.kind)
            keys = kind.named(mutation.now).items() if kind else ()
            found = self._pointing[mutation.id] = {key for name, key in keys if name != "unit_id"}
        return found

    def absent(self, mutation: Mutation, seen: Seen) -> set[Key]:
        """What it needs and the author cannot see: its record, or records it points at."""
        is_there = mutation.op is Op.CREATE or (mutation.key in seen.stored and mutation.key in seen.known)
        return (set() if is_there else {mutation.key}) | (
            self.references(mutation) - seen.visible - {mutation.key}
        )

    def gone(self, mutation: Mutation, seen: Seen) -> Key | None:
        """What it names that was deleted, and that the author has not made anew."""
        named = (self.references(mutation) & seen.gone) - {mutation.key}
        return min((key for key in named if not parking.creation_of(key, seen.parked)), default=None)

    def missing(self, mutation: Mutation, absent: set[Key], seen: Seen) -> Key | None:
        """What it must wait for: a predecessor nobody has sent, its record, or a record it points at."""
        if mutation.after and mutation.after not in seen.ended:
            return ("mutation", mutation.after)
        unknown = {key for key in absent if not parking.creation_of(key, seen.parked)}
        return mutation.key if mutation.key in unknown else min(unknown, default=None)

    def hangs_anothers(self, mutation: Mutation, seen: Seen) -> bool:
        """Whether it hangs on its record what stands on another one.

        What has not come yet is looked at by who shows it.
        """
        kind, stored = self._kinds[mutation.kind], seen.stored.get(mutation.key)
        hung = kind.attached(mutation.now)
        if not hung:
            return False
        had = kind.attached(stored.values) if stored else set()
        places = {mutation.key, kind.owner_of(stored.values if stored else mutation.now)}
        for key in hung - had:
            values = seen.stored[key].values if key in seen.stored else seen.fresh.get(key)
            other = self._kinds.get(key[0])
            if values is not None and other and other.owner_of(values) not in places:
                return True
        return False

    def _ended(self, afters: Sequence[str], answers: Mapping[str, Outcome]) -> set[str]:
        """Which predecessors have their outcome; another person's are as good as none."""
        unknown = [i for i in afters if i not in answers]
        found = {i: answers[i] for i in afters if i in answers}
        if unknown:
            stored = self._store.answered(unknown).items()
            found |= {i: one.outcome for i, one in stored if one.author_id == self._author.id}
        return {i for i, outcome in found.items() if outcome.status is not Status.HELD}

    def _known(self, batch: Sequence[Mutation], stored: Mapping[Key, Stored]) -> set[Key]:
        """The round's own records that the author may know of.

        What is there and was never theirs is as good as absent.
        """
        now, known, asked = set(self._rights.now()), set[Key](), list[Mutation]()
        for mutation in batch:
            before, kind = stored.get(mutation.key), self._kinds.get(mutation.kind)
            if before and kind and not kind.scopes({**before.values, "id": before.id}).isdisjoint(now):
                known.add(mutation.key)
            elif before or mutation.op is not Op.CREATE:
                asked.append(mutation)
        if asked:
            # The same is asked of what is absent, so that it takes as long.
            keys = {one.key for one in asked}
            known |= self._visible(keys, asked, with_deleted=True)
            known |= self._store.visible(keys, self._rights.ever(), with_deleted=True)
        return known

    def _visible(
        self, wanted: set[Key], batch: Sequence[Mutation], *, with_deleted: bool = False
    ) -> set[Key]:
        """Which of these records the author may name: what is not there and what is not theirs look alike."""
        found: set[Key] = set()
        by_scopes: dict[frozenset[str], list[Key]] = {}
        for key in sorted(wanted):
            by_scopes.setdefault(frozenset(self._rights.naming(key[0])), []).append(key)
        for scopes, keys in by_scopes.items():
            found |= self._store.visible(keys, scopes, with_deleted=with_deleted)
        for mutation in batch:
            lost = ({mutation.key, *self.references(mutation)} & wanted) - found
            judged = self._receipts.of(mutation).judged if lost else None
            if judged and judged.grade is Grade.PROVEN:
                found |= self._store.visible(lost, self._rights.at(judged.at), with_deleted=with_deleted)
        return found
