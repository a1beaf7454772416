"""What the sync core asks of a store of records, as protocols; `postgres.py` is the real one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sync.change import Author, Key, Mutation, Outcome, Stored, Write
from sync.cursor import Part, Snapshot

Row = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Document:
    """A record's wire form as stored: its version and body text."""

    version: int
    body: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mutation that did not apply: parked for a person in a group, or held for a record or mutation to arrive."""

    mutation: Mutation
    outcome: Outcome
    group: str
    waits_for: Key | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """An open dispute about one field group of a record; no heads means it has been settled."""

    key: Key
    group: str
    unit_id: str
    heads: Sequence[dict[str, Any]]


class PullStore(Protocol):
    """Reads for one page, all inside one snapshot."""

    def snapshot(self) -> Snapshot: ...

    def news(self, parts: Sequence[Part]) -> set[tuple[str, int]]: ...

    def changes(self, part: Part, target: Snapshot, limit: int) -> list[Row]: ...

    def live(self, part: Part, limit: int) -> list[Row]: ...

    def memberships(self, keys: Collection[Key], scopes: Collection[str]) -> dict[Key, list[str]]: ...

    def documents(self, keys: Collection[Key]) -> dict[Key, Document]: ...


class PushStore(Protocol):
    """Reads and writes of one push, all inside one transaction."""

    def answered(self, ids: Collection[str]) -> dict[str, tuple[str, bytes, Outcome]]: ...

    def claim(self, mutations: Sequence[Mutation], author: Author) -> set[str]: ...

    def load(self, keys: Collection[Key]) -> dict[Key, Stored]: ...

    def existing(self, keys: Collection[Key]) -> set[Key]: ...

    def parked_groups(self, author: Author, keys: Collection[Key], ids: Collection[str]) -> Mapping[Key | str, str]: ...

    def write_many(self, writes: Sequence[Write]) -> None: ...

    def settle(
        self, author: Author, outcomes: Iterable[tuple[Mutation, Outcome]], waiting: Sequence[Waiting]
    ) -> None: ...

    def ask(self, questions: Sequence[Question]) -> None: ...

    def savepoint(self) -> AbstractContextManager[Any]: ...

    def held_for(self, keys: Collection[Key], ids: Collection[str]) -> list[tuple[Mutation, Author]]: ...
