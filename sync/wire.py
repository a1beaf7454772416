"""Reading what a phone sent: a batch's mutations with their verbatim bytes; what cannot be read is kept as it came."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from sync.change import Mutation, Op, canonical, parse_moment
from sync.errors import SyncError

MOST_MUTATION_BYTES = 256 * 1024
_NAMESPACE = uuid.UUID("6d1f0f0a-6c6e-5d0a-9f0e-77616e676765")
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class Unreadable(SyncError):
    """This mutation cannot be read; it is kept as it came for a person to look at."""

    def __init__(self, mutation: Mutation, why: str) -> None:
        super().__init__(why)
        self.mutation, self.why = mutation, why


def mutation_from(raw: bytes, device_id: str = "", boot: str | None = None) -> Mutation:
    """One mutation from its canonical bytes.

    Raises Unreadable, carrying a stand-in with an id made from device and hash when it has none of its own.
    """
    try:
        item = orjson.loads(raw)
        return _read(item, raw, boot)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise Unreadable(_stand_in(raw, device_id), f"{type(error).__name__}: {error}"[:200]) from error


def mutation_bytes(item: Any) -> bytes:
    """The canonical bytes of one item of a batch: what is hashed and kept.

    Numbers beyond 64 bits and half characters, which orjson refuses, are kept in plain ASCII JSON.
    """
    try:
        return canonical(item)
    except TypeError:
        return json.dumps(item, sort_keys=True).encode()


def _read(item: Any, raw: bytes, boot: str | None) -> Mutation:
    if not isinstance(item, dict):
        raise TypeError("not an object")
    if len(raw) > MOST_MUTATION_BYTES:
        raise ValueError("larger than 256 KiB")
    if b"\\u0000" in raw:
        raise ValueError("NUL in text")
    now, was = item.get("now") or {}, item.get("was") or {}
    if not isinstance(now, dict) or not isinstance(was, dict) or not isinstance(item["kind"], str):
        raise TypeError("now and was must be objects, kind a text")
    monotonic_ms = item.get("monotonic_ms")
    base_version = int(item.get("base_version") or 0)
    if not _LOWEST <= base_version <= _HIGHEST:
        raise ValueError("base_version out of range")
    return Mutation(
        id=str(uuid.UUID(item["id"])),
        kind=item["kind"][:64],
        record=str(uuid.UUID(item["record"])),
        op=Op(item["op"]),
        base_version=base_version,
        was=was,
        now=now,
        action=item.get("action"),
        happened_at=parse_moment(item["happened_at"]),
        monotonic_ms=int(monotonic_ms) if monotonic_ms is not None else None,
        after=str(uuid.UUID(item["after"])) if item.get("after") else None,
        raw=raw,
        boot=item.get("boot") or boot,
    )


def _stand_in(raw: bytes, device_id: str) -> Mutation:
    """What stands for an unreadable mutation: its own id and record where those can be read, else made from its hash."""
    made = str(uuid.uuid5(_NAMESPACE, device_id + hashlib.sha256(raw).hexdigest()))
    try:
        item = orjson.loads(raw)
        own_id = str(uuid.UUID(item["id"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        own_id, item = made, {}
    kind, record = item.get("kind"), item.get("record")
    return Mutation(
        id=own_id,
        kind=kind[:64].replace("\0", "") if isinstance(kind, str) else "",
        record=record[:64].replace("\0", "") if isinstance(record, str) else "",
        op=Op.CHANGE,
        base_version=0,
        was={},
        now={},
        action=None,
        happened_at=datetime.now(UTC),
        monotonic_ms=None,
        after=None,
        raw=raw,
    )
