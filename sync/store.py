"""What the sync core asks of a store of records, as protocols.

`postgres/` is the real one, `memory.py` the double.

Both pass one contract suite (`tests/contract/test_store.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sync.change import Author, Key, Mutation, Op, Outcome, Stored, Write
from sync.cursor import ScopeClass, ScopeProgress, Snapshot
from sync.honest_time import Receipt


class Line(NamedTuple):
    """A record as one reader gets it: its version, those of the reader's scopes it is in, its body if in any.

    `is_ahead`: none of those scopes is filled as far as this record, so none would tell the
    phone of its leaving.
    """

    xid: int
    kind: str
    id: str
    version: int
    scopes: Sequence[str]
    body: str | None
    is_ahead: bool = False

    @property
    def key(self) -> Key:
        """Which record."""
        return (self.kind, self.id)


@dataclass(frozen=True, slots=True)
class Span:
    """The records behind `after` up to and including `upto`, by (kind, id); None is the end of the order."""

    after: Key | None = None
    upto: Key | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """How many records a span holds, and the XOR of their hashes as 32 hex digits."""

    count: int
    xor: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A mutation id that has its outcome: whose it was, its content's hash, how it ended."""

    author_id: str
    sha256: bytes
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mutation that did not apply.

    Parked for a person in a group, or held for a record or mutation to arrive.
    """

    mutation: Mutation
    outcome: Outcome
    group: str
    waits_for: Key | None = None
    deadline: datetime | None = None
    receipt: Receipt | None = None


class Parked(NamedTuple):
    """Undecided parked work of an author.

    What it does to which record, since when, and which of its fields still wait.

    `op` is None where nobody could read it.
    """

    id: str
    key: Key
    group: str
    op: Op | None
    action: str | None
    fields: frozenset[str]
    device_id: str | None
    at: datetime | None


class Settled(NamedTuple):
    """What became of parked work without a person.

    Closed by this mutation with a word, or with None some fields of it.
    """

    id: str
    by: str
    word: str | None
    fields: frozenset[str]
    group: str


class Held(NamedTuple):
    """Held work as it was handed in.

    Whose, from which device, and what its clocks were worth at its first receipt.
    """

    mutation: Mutation
    author: Author
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Question:
    """An open dispute about one field group of a record; no heads means it has been settled."""

    key: Key
    group: str
    unit_id: str
    heads: Sequence[dict[str, Any]]


class PullStore(Protocol):
    """Reads for one page or one comparison, all inside one snapshot."""

    def look(self, parts: Sequence[ScopeProgress]) -> tuple[Snapshot, set[ScopeClass]]:
        """This transaction's snapshot, and which of the parts have anything new."""

    def changes(self, part: ScopeProgress, target: Snapshot, limit: int, held: Collection[str]) -> list[Line]:
        """What is new since the part's snapshot, by (xid, kind, id), at keys at or below its position."""

    def live(self, part: ScopeProgress, limit: int, held: Collection[str]) -> list[Line]:
        """Live records of the part by key, behind its position."""

    def named(self, keys: Collection[Key], held: Collection[str]) -> list[Line]:
        """Those of these records that lie in the scopes."""

    def digest(self, span: Span, held: Collection[str]) -> Digest:
        """The digest of what lies in these scopes inside a span."""

    def borders(self, span: Span, held: Collection[str], pieces: int) -> list[Key]:
        """Keys that cut a span into about equal pieces."""

    def lines(self, span: Span, held: Collection[str]) -> list[Line]:
        """Everything in these scopes inside a span, by key."""

    def highest_xid(self, held: Collection[str]) -> int:
        """The highest transaction id of any entry in these scopes."""


class PushStore(Protocol):
    """Reads and writes of one push, all inside one transaction."""

    def next_version(self, version: int) -> int:
        """One higher; a new epoch begins above everything the old one can have reached."""

    def answered(self, ids: Collection[str]) -> Mapping[str, Answered]:
        """The stored answers among these mutation ids."""

    def answer(self, author: Author, outcomes: Sequence[tuple[Mutation, Outcome]]) -> set[str]:
        """Store the first answers to mutations.

        One that another transaction answered meanwhile is not in the result.

        It waits for an open transaction that has answered the same, so that of two pushes one
        alone has the word.
        """

    def answer_again(self, author: Author, outcomes: Sequence[tuple[Mutation, Outcome]]) -> None:
        """Store what came of mutations that were held until now, which sets them free."""

    def keep(self, author: Author, waiting: Sequence[Waiting]) -> None:
        """Keep whole what waits for a person or for what it builds on."""

    def load(self, keys: Collection[Key]) -> dict[Key, Stored]:
        """The records at these keys, locked in key order."""

    def visible(
        self, keys: Collection[Key], scopes: Collection[str], *, with_deleted: bool = False
    ) -> set[Key]:
        """Which of these records are there and are, or once were, in one of the scopes."""

    def parked(self, author: Author, keys: Collection[Key], ids: Collection[str]) -> list[Parked]:
        """Undecided parked work of this author at these records or mutation ids, in the order it came."""

    def waiting_behind(self, author: Author, groups: Collection[str]) -> list[Held]:
        """The author's undecided work parked behind the first of these groups, less what was corrected."""

    def settle(self, author: Author, settled: Sequence[Settled]) -> None:
        """Close parked work, or note which of its fields wait no longer; what it was is kept."""

    def park_again(self, waiting: Sequence[Waiting]) -> None:
        """Parked work that was tried again: why it is parked now, and in which group."""

    def write_many(self, writes: Sequence[Write]) -> None:
        """Records, documents, entries and history of a whole batch, each record at most once.

        Raises VersionMoved if a record is no longer at the version it was read at, DatabaseRefused if the
        store's own rules say no.
        """

    def ask(self, questions: Sequence[Question]) -> None:
        """Open or update disputes; one without heads is settled."""

    def savepoint(self) -> AbstractContextManager[Any]:
        """A part of the transaction that can fail alone."""

    def held_for(self, keys: Collection[Key], ids: Collection[str]) -> list[Held]:
        """Held mutations that waited for one of these records or mutations, in the order they came."""
