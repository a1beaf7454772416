"""The values that travel through sync: a stored record, a phone's mutation, a write for the door, an outcome."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from sync.kind import Kind, Values

Key = tuple[str, str]
Heads = dict[str, list[dict[str, Any]]]


def canonical(values: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, so that equal values hash equal."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def moment_text(moment: datetime) -> str:
    """A moment as it stands on the wire: UTC, microseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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
    """One change made on a device, as it was sent; `raw` are its verbatim bytes."""

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
    boot: str | None = None

    @property
    def key(self) -> Key:
        """The record it touches."""
        return (self.kind, self.record)

    @property
    def sha256(self) -> bytes:
        """The content's hash: the same id with another hash is another mutation."""
        return hashlib.sha256(self.raw).digest()


@dataclass(frozen=True, slots=True)
class Write:
    """One version step for the door: the record before (None when new) and its values after (None when deleted)."""

    kind: Kind
    id: str
    before: Stored | None
    values: Values | None
    heads: Heads
    author: Author
    happened_at: datetime
    op: str
    mutation_id: str | None = None
    grade: Grade | None = None


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
