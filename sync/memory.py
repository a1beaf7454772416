"""The in-memory store for tests: overlaps transactions, rolls back and crashes as PostgreSQL does.

Rows keep every committed value with the transaction that wrote it; a snapshot sees what had ended when it was
taken. A commit reaches the disk a little later: a crash loses what had not, and its transaction ids are given
out again. The double waits for nobody: a row that another open transaction has locked ends that transaction
first, by `on_wait`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sync.change import Author, Key, Mutation, Outcome, Status, Stored, Write
from sync.cursor import ScopeClass, ScopeProgress, Snapshot
from sync.errors import VersionMoved
from sync.kind import Kind
from sync.store import Answered, Digest, Held, Line, Parked, Question, Settled, Span, Waiting
from sync.wire import mutation_from

FIRST_XID = 3
EPOCH_STRIDE = 32
Row = tuple[str, Any]


@dataclass
class Filed:
    """An entry: the transaction that last wrote it, and whether the record has left the scope."""

    xid: int
    removed: bool


class Memory:
    """The database: committed rows by (table, key), each with its versions by transaction."""

    def __init__(
        self, kinds: Mapping[str, Kind], on_wait: Callable[[Transaction], None] | None = None
    ) -> None:
        self.kinds, self.epoch = kinds, 1
        self.next_xid = FIRST_XID
        self.rows: dict[Row, list[tuple[int, Any]]] = {}
        self.open: dict[int, Transaction] = {}
        self.committed: dict[int, bool] = {}  # xid -> whether it has reached the disk
        self.sequence = count()
        self.places: dict[str, int] = {}  # which waiting work came first
        self.on_wait = on_wait or (lambda holder: holder.commit())

    def begin(self) -> Transaction:
        """A transaction; it takes an id with its first write."""
        return Transaction(self)

    def flush(self) -> None:
        """Everything committed so far is on the disk."""
        self.committed = dict.fromkeys(self.committed, True)

    def crash(self) -> None:
        """Power fails: open transactions are gone, and commits that had not reached the disk never were."""
        for transaction in list(self.open.values()):
            transaction.rollback()
        lost = {xid for xid, on_disk in self.committed.items() if not on_disk}
        self.committed = {xid: True for xid in self.committed if xid not in lost}
        for row, versions in list(self.rows.items()):
            self.rows[row] = [one for one in versions if one[0] not in lost]
        self.next_xid = max(self.committed, default=FIRST_XID - 1) + 1

    def backup(self) -> Memory:
        """What a dump would hold now."""
        held = Memory(self.kinds, self.on_wait)
        held.epoch, held.next_xid, held.committed = self.epoch, self.next_xid, dict(self.committed)
        held.places, held.sequence = self.places, self.sequence
        held.rows = {
            row: [one for one in versions if one[0] in self.committed] for row, versions in self.rows.items()
        }
        return held

    def restore(self, dump: Memory, epoch: int) -> None:
        """Go back to a backup: another life of the database, in a new epoch, all entries as old as can be."""
        for transaction in list(self.open.values()):
            transaction.rollback()
        old = dump.backup()
        self.rows = {
            row: [(FIRST_XID, _restored(row, versions[-1][1]))]
            for row, versions in old.rows.items()
            if versions
        }
        self.committed, self.next_xid, self.epoch = {FIRST_XID: True}, FIRST_XID + 1, epoch

    def value(self, row: Row, snapshot: Snapshot | None, own: Mapping[Row, Any]) -> Any:
        """A row as a transaction sees it.

        Its own writes, else the last that its snapshot (None: now) can see.
        """
        if row in own:
            return own[row]
        for xid, value in reversed(self.rows.get(row, ())):
            if xid in self.committed and (snapshot is None or not snapshot.is_new(xid)):
                return value
        return None

    def snapshot(self) -> Snapshot:
        """What has ended now."""
        xips = tuple(sorted(self.open))
        return Snapshot(min([*xips, self.next_xid]), self.next_xid, xips)


def _restored(row: Row, value: Any) -> Any:
    if row[0] != "entry" or value is None:
        return value
    return Filed(FIRST_XID, value.removed)


@dataclass(eq=False)
class Transaction:
    """Reads and writes of one unit of work; both protocols of `store.py`.

    As a pull it holds one snapshot (`frozen`); as a push each statement sees what has ended by then.
    """

    memory: Memory
    frozen: Snapshot | None = None
    xid: int | None = None
    own: dict[Row, Any] = field(default_factory=dict)
    step: Callable[[], None] = lambda: None

    # -- its life --------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Make its writes everybody's; they reach the disk with the next flush."""
        if self.xid is not None and self.xid in self.memory.open:
            del self.memory.open[self.xid]
            for row, value in self.own.items():
                self.memory.rows.setdefault(row, []).append((self.xid, value))
            self.memory.committed[self.xid] = False

    def rollback(self) -> None:
        """As if it had never been."""
        if self.xid is not None:
            self.memory.open.pop(self.xid, None)
        self.own.clear()

    def _get(self, row: Row) -> Any:
        return self.memory.value(row, self.frozen, self.own)

    def _set(self, row: Row, value: Any) -> None:
        self._lock(row)
        self.own[row] = value

    def _lock(self, row: Row) -> None:
        """Take an id, and wait for whoever holds the row."""
        for holder in [one for one in self.memory.open.values() if one is not self and row in one.own]:
            self.memory.on_wait(holder)
        if self.xid is None:
            self.xid = self.memory.next_xid
            self.memory.next_xid += 1
            self.memory.open[self.xid] = self

    def _scan(self, table: str) -> Iterator[tuple[Any, Any]]:
        keys = {row for row in self.memory.rows if row[0] == table} | {
            row for row in self.own if row[0] == table
        }
        for row in sorted(keys, key=lambda one: str(one[1])):
            value = self._get(row)
            if value is not None:
                yield row[1], value

    # -- pull ------------------------------------------------------------------------------------------------

    def look(self, parts: Sequence[ScopeProgress]) -> tuple[Snapshot, set[ScopeClass]]:
        """The snapshot, and the parts with news."""
        self.frozen = self.frozen or self.memory.snapshot()
        return self.frozen, {
            part.key for part in parts if any(part.since.is_new(f.xid) for _, f in self._filed(part))
        }

    def _filed(self, part: ScopeProgress) -> Iterator[tuple[Key, Filed]]:
        kinds = self.memory.kinds
        for table, key in {*self.memory.rows, *self.own}:
            if table == "entry" and key[0] == part.scope and kinds[key[1]].rank == part.rank:
                filed = self._get((table, key))
                if filed is not None:
                    yield key[1:], filed

    def changes(self, part: ScopeProgress, target: Snapshot, limit: int, held: Collection[str]) -> list[Line]:
        """News by (xid, kind, id)."""
        found = sorted(
            (filed.xid, *key)
            for key, filed in self._filed(part)
            if part.since.is_new(filed.xid)
            and filed.xid < target.xmax
            and (part.position is None or key <= part.position)
            and (part.walk is None or (filed.xid, *key) > part.walk)
        )
        return [self._line(xid, (kind, id_), held) for xid, kind, id_ in found[:limit]]

    def live(self, part: ScopeProgress, limit: int, held: Collection[str]) -> list[Line]:
        """Live records by key behind the part's position."""
        position = part.position or ("", "")
        found = sorted((k, f.xid) for k, f in self._filed(part) if not f.removed and k > position)
        return [self._line(xid, key, held) for key, xid in found[:limit]]

    def named(self, keys: Collection[Key], held: Collection[str]) -> list[Line]:
        """Those of these records that lie in the scopes."""
        found = [self._line(2, key, held) for key in keys if self._is_live(key)]
        return [line for line in found if line.scopes]

    def _line(self, xid: int, key: Key, held: Collection[str]) -> Line:
        write: Write = self._get(("document", key))
        within = sorted(scope for scope in write.scopes if scope in held)
        return Line(xid, *key, write.version, within, write.body.decode() if within else None)

    def _mine(self, span: Span, held: Collection[str]) -> list[Key]:
        keys = {(k, i) for (scope, k, i), filed in self._scan("entry") if scope in held and not filed.removed}
        return sorted(
            k
            for k in keys
            if (span.after is None or k > span.after) and (span.upto is None or k <= span.upto)
        )

    def digest(self, span: Span, held: Collection[str]) -> Digest:
        """Count and XOR."""
        xor, keys = 0, self._mine(span, held)
        for kind, id_ in keys:
            write: Write = self._get(("document", (kind, id_)))
            within = " ".join(sorted(scope for scope in write.scopes if scope in held))
            body = hashlib.sha256(write.body).hexdigest()
            hashed = hashlib.sha256(f"{kind} {id_} {write.version} {body} {within}".encode()).digest()
            xor ^= int.from_bytes(hashed[:16], "big")
        return Digest(len(keys), f"{xor:032x}")

    def borders(self, span: Span, held: Collection[str], pieces: int) -> list[Key]:
        """The last keys of about equal pieces."""
        keys = self._mine(span, held)
        ends = [-(-len(keys) * piece // pieces) for piece in range(1, min(pieces, len(keys)) + 1)]
        return [keys[end - 1] for end in dict.fromkeys(ends)]

    def lines(self, span: Span, held: Collection[str]) -> list[Line]:
        """Everything inside a span."""
        return [self._line(2, key, held) for key in self._mine(span, held)]

    def highest_xid(self, held: Collection[str]) -> int:
        """The highest id among these scopes' entries."""
        return max((filed.xid for (scope, _, _), filed in self._scan("entry") if scope in held), default=2)

    # -- push ------------------------------------------------------------------------------------------------

    def next_version(self, version: int) -> int:
        """One higher, above everything an older epoch can have reached."""
        return max(version, (self.memory.epoch - 1) << EPOCH_STRIDE) + 1

    def answered(self, ids: Collection[str]) -> dict[str, Answered]:
        """Stored answers."""
        self.step()
        found = {id_: self._get(("mutation", id_)) for id_ in ids}
        return {id_: one for id_, one in found.items() if one is not None and one.outcome is not None}

    def answer(self, author: Author, outcomes: Sequence[tuple[Mutation, Outcome]]) -> set[str]:
        """First answers, to ids nobody has."""
        self.step()
        taken = set()
        for mutation, outcome in sorted(outcomes, key=lambda one: one[0].id):
            row = ("mutation", mutation.id)
            self._lock(row)
            if self._get(row) is None:
                self._set(row, Answered(author.id, mutation.sha256, outcome))
                taken.add(mutation.id)
        return taken

    def answer_again(self, author: Author, outcomes: Sequence[tuple[Mutation, Outcome]]) -> None:
        """What came of held ones."""
        self.step()
        for mutation, outcome in outcomes:
            self._set(("mutation", mutation.id), Answered(author.id, mutation.sha256, outcome))
            held = self._get(("waiting", mutation.id))
            if held is not None and held[0].outcome.status is Status.HELD:
                self._set(("waiting", mutation.id), None)

    def keep(self, author: Author, waiting: Sequence[Waiting]) -> None:
        """What waits."""
        for one in waiting:
            self._set(("waiting", one.mutation.id), (one, author))
            self.memory.places[one.mutation.id] = next(self.memory.sequence)

    def load(self, keys: Collection[Key]) -> dict[Key, Stored]:
        """Records, locked."""
        self.step()
        found: dict[Key, Stored] = {}
        for key in sorted(set(keys)):
            self._lock(("document", key))
            write: Write | None = self._get(("document", key))
            if write is not None:
                self._set(("document", key), write)
                found[key] = write.after()
        return found

    def visible(
        self, keys: Collection[Key], scopes: Collection[str], *, with_deleted: bool = False
    ) -> set[Key]:
        """Records that are, or once were, in these scopes."""
        there = {key for key in keys if self._is_live(key) or (with_deleted and self._get(("document", key)))}
        return {key for key in there if any(self._get(("entry", (s, *key))) for s in scopes)}

    def _is_live(self, key: Key) -> bool:
        write: Write | None = self._get(("document", key))
        return write is not None and not write.deleted

    def _undecided(self, author: Author) -> Iterator[tuple[Waiting, Author, dict[str, str]]]:
        """Parked work of the author that nothing has settled, and which of its fields something has."""
        for id_, (waiting, by) in self._in_order():
            word, fields = self._get(("decision", id_)) or (None, {})
            if waiting.outcome.status is Status.PARKED and by.id == author.id and word is None:
                yield waiting, by, fields

    def _in_order(self) -> list[tuple[str, tuple[Waiting, Author]]]:
        return sorted(self._scan("waiting"), key=lambda one: self.memory.places[one[0]])

    def parked(self, author: Author, keys: Collection[Key], ids: Collection[str]) -> list[Parked]:
        """Parked work of the author."""
        found = []
        for waiting, by, fields in self._undecided(author):
            one = waiting.mutation
            if one.key in keys or one.id in ids:
                at = waiting.receipt.judged.at if waiting.receipt else None
                left = frozenset(one.now) - set(fields)
                found.append(
                    Parked(one.id, one.key, waiting.group, one.op, one.action, left, by.device_id, at)
                )
        return found

    def waiting_behind(self, author: Author, groups: Collection[str]) -> list[Held]:
        """What parked behind the first of these groups."""
        found = []
        for waiting, by, fields in self._undecided(author):
            if waiting.group in groups and waiting.group != waiting.mutation.id:
                one = mutation_from(waiting.mutation.raw, by.device_id or "")
                left = {name: value for name, value in one.now.items() if name not in fields}
                found.append(Held(replace(one, now=left), by, waiting.receipt))
        return found

    def settle(self, author: Author, settled: Sequence[Settled]) -> None:
        """Close, or note fields."""
        for one in settled:
            _, fields = self._get(("decision", one.id)) or (None, {})
            self._set(("decision", one.id), (one.word, fields | dict.fromkeys(one.fields, one.by)))

    def park_again(self, waiting: Sequence[Waiting]) -> None:
        """Another reason, another group."""
        for one in waiting:
            kept, by = self._get(("waiting", one.mutation.id))
            again = replace(one, mutation=kept.mutation, receipt=kept.receipt)
            self._set(("waiting", one.mutation.id), (again, by))

    def write_many(self, writes: Sequence[Write]) -> None:
        """Documents, entries and history."""
        self.step()
        for write in writes:
            before: Write | None = self._get(("document", write.key))
            if (before.version if before else 0) != (write.before.version if write.before else 0):
                raise VersionMoved
            self._set(("document", write.key), write)
            assert self.xid is not None
            for scope in write.scopes | write.scopes_before:
                self._set(("entry", (scope, *write.key)), Filed(self.xid, scope not in write.scopes))
            self._set(("history", (*write.key, write.version)), write)

    def ask(self, questions: Sequence[Question]) -> None:
        """Open, widen or settle."""
        for question in questions:
            self._set(("question", (*question.key, question.group)), question if question.heads else None)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that can fail alone."""
        kept = copy(self.own)
        try:
            yield
        except BaseException:
            self.own = kept
            raise

    def held_for(self, keys: Collection[Key], ids: Collection[str]) -> list[Held]:
        """Held mutations that waited for one of these."""
        wanted = {*keys, *(("mutation", id_) for id_ in ids)}
        found = [
            w
            for _, w in self._scan("waiting")
            if w[0].outcome.status is Status.HELD and w[0].waits_for in wanted
        ]
        return [
            Held(mutation_from(one.mutation.raw, by.device_id or ""), by, one.receipt) for one, by in found
        ]

    def tables(self, name: str) -> dict[Any, Any]:
        """A table's rows as this transaction sees them."""
        return dict(self._scan(name))
