"""The values that travel through sync.

A stored record, a phone's mutation, a write, an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

import orjson

from sync.canonical import canonical_json
from sync.kind import Kind, Values

Key = tuple[str, str]
Heads = dict[str, list[dict[str, Any]]]


def canonical(values: Any) -> bytes:
    """Sorted keys, no spaces, orjson's spelling: for what the server alone hashes and compares."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def body_of(kind_name: str, record_id: str, values: Values) -> bytes:
    """A record's wire form: canonical JSON of its id, its kind, and the values that are not empty."""
    present = {name: value for name, value in values.items() if value is not None}
    return canonical_json({**present, "id": record_id, "kind": kind_name})


def moment_text(moment: datetime) -> str:
    """A moment as it stands on the wire: UTC, microseconds, `Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_moment(text: str) -> datetime:
    """The inverse of `moment_text`; also takes any ISO 8601 time that carries a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC)


class Op(StrEnum):
    """What a mutation does to its record."""

    CREATE = "create"
    CHANGE = "change"
    ACT = "act"
    DELETE = "delete"


class Status(StrEnum):
    """How a mutation ended, or `held` while it waits for what it builds on."""

    APPLIED = "applied"
    MERGED = "merged"
    PARKED = "parked"
    HELD = "held"


class Grade(StrEnum):
    """How far the time a phone gave can be trusted."""

    PROVEN = "proven"
    CLAIMED = "claimed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the server has it now."""

    kind: str
    id: str
    version: int
    values: Values
    heads: Heads
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """Whose work it is: the person, the device, the person's roles and unit."""

    id: str
    device_id: str | None = None
    roles: frozenset[str] = frozenset()
    unit_id: str = ""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change made on a device, as it was sent.

    `raw` are its verbatim bytes, `sha256` that of its canonical form.

    The same id with another hash is another mutation; how a phone spells the same JSON does not matter.
    """

    id: str
    kind: str
    record: str
    op: Op
    base_version: int
    was: Values
    now: Values
    action: str | None
    happened_at: datetime
    monotonic_ms: int | None
    after: str | None
    raw: bytes
    sha256: bytes
    boot: str | None = None

    @property
    def key(self) -> Key:
        """The record it touches."""
        return (self.kind, self.record)


@dataclass(frozen=True)
class Write:
    """One version step to be written: the record before (None when new), and what it becomes."""

    kind: Kind
    id: str
    version: int
    before: Stored | None
    values: Values
    heads: Heads
    deleted: bool
    author: Author
    happened_at: datetime
    op: str
    mutation_id: str | None = None
    grade: Grade | None = None

    @property
    def key(self) -> Key:
        """The record it writes."""
        return (self.kind.name, self.id)

    @cached_property
    def body(self) -> bytes:
        """The wire form after this write."""
        return body_of(self.kind.name, self.id, self.values)

    @cached_property
    def scopes(self) -> frozenset[str]:
        """Where the record is filed after this write: nowhere when deleted."""
        return frozenset() if self.deleted else self.kind.scopes({**self.values, "id": self.id})

    @cached_property
    def scopes_before(self) -> frozenset[str]:
        """Where it was filed until now."""
        if self.before is None or self.before.deleted:
            return frozenset()
        return self.kind.scopes({**self.before.values, "id": self.id})

    @cached_property
    def changed(self) -> dict[str, list[Any]]:
        """Field -> [old, new] for what this write changed.

        A creation lists what it set, a deletion nothing.
        """
        if self.before is None:
            return {name: [None, value] for name, value in self.values.items() if value is not None}
        before = self.before.values
        return {
            name: [old, value] for name, value in self.values.items() if (old := before.get(name)) != value
        }

    def after(self) -> Stored:
        """The record as this write leaves it."""
        return Stored(self.kind.name, self.id, self.version, self.values, self.heads, self.deleted)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The server's one answer to a mutation."""

    id: str
    status: Status
    version: int | None = None
    code: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The stored and sent form."""
        return {
            "id": self.id,
            "status": str(self.status),
            "version": self.version,
            "code": self.code,
            "detail": self.detail,
        }
