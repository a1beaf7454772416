"""Parses a phone's batch: its mutations with their verbatim bytes.

What cannot be read is kept as it came.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import msgspec
import orjson

from sync.change import Mutation, Op, canonical, parse_moment
from sync.cutting import cut, texts_of
from sync.errors import SyncError

MOST_MUTATION_BYTES = 256 * 1024
MOST_DEPTH = 64
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\2\2\0\0")
_NAMESPACE = uuid.UUID("6d1f0f0a-6c6e-5d0a-9f0e-77616e676765")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
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
        return _read(orjson.loads(raw), raw, boot)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise unreadable(raw, device_id, f"{type(error).__name__}: {error}") from error


def unreadable(raw: bytes, device_id: str, why: str) -> Unreadable:
    """Bytes that nobody could read, with a stand-in to keep them under."""
    return Unreadable(_stand_in(raw, device_id), why[:200])


def depth_of(data: bytes) -> int:
    """How deep a JSON text is nested, or an upper bound where that is small."""
    most = data.count(b"[") + data.count(b"{")
    if most <= MOST_DEPTH:
        return most
    brackets = _STRINGS.sub(b"", data).translate(_STEPS, _OTHERS)
    return max(accumulate(step - 1 for step in brackets), default=0)


class Batch(msgspec.Struct):
    """A push as it came: the phone's clocks, and each mutation's verbatim bytes, read one by one later."""

    store: str
    mutations: list[msgspec.Raw]
    sent_at: str = ""
    schema: int = 1
    boot: str | None = None
    monotonic_ms: int | None = None


_BATCH = msgspec.json.Decoder(Batch)


def read_batch(data: bytes) -> Batch:
    """The batch in a request's body.

    Raises msgspec.ValidationError (its shape) or msgspec.DecodeError (no JSON).

    One mutation that is no JSON, or too deep to be read, takes none of the others with it:
    each is cut out by itself.
    """
    try:
        return _BATCH.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = cut(data, "mutations")
        if found is None:
            raise msgspec.DecodeError("not JSON") from error
        head = _BATCH.decode(found[0])
        if head.mutations:
            raise msgspec.DecodeError("mutations stand twice") from error
        head.mutations = [msgspec.Raw(one) for one in found[1]]
        return head


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
        id=_id(item["id"]),
        kind=item["kind"][:64],
        record=_id(item["record"]),
        op=Op(item["op"]),
        base_version=base_version,
        was=was,
        now=now,
        action=item.get("action"),
        happened_at=parse_moment(item["happened_at"]),
        monotonic_ms=int(monotonic_ms) if monotonic_ms is not None else None,
        after=_id(item["after"]) if item.get("after") else None,
        raw=raw,
        sha256=hashlib.sha256(canonical(item)).digest(),
        boot=item.get("boot") or boot,
    )


def _id(text: str) -> str:
    """An id in its one form; most come in it already."""
    return text if _ID.fullmatch(text) else str(uuid.UUID(text))


def _stand_in(raw: bytes, device_id: str) -> Mutation:
    """What stands for an unreadable mutation.

    Its own id and record where those can be read, else made from its hash.
    """
    made = str(uuid.uuid5(_NAMESPACE, device_id + hashlib.sha256(raw).hexdigest()))
    try:
        item = orjson.loads(raw)
    except orjson.JSONDecodeError:
        item = texts_of(raw)
    try:
        own_id = str(uuid.UUID(item["id"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        own_id, item = made, {}
    kind, record, op, action = (item.get(name) for name in ("kind", "record", "op", "action"))
    return Mutation(
        id=own_id,
        kind=kind[:64].replace("\0", "") if isinstance(kind, str) else "",
        record=record[:64].replace("\0", "") if isinstance(record, str) else "",
        op=Op(op) if op in list(Op) else Op.CHANGE,
        base_version=0,
        was={},
        now={},
        action=action[:64].replace("\0", "") if isinstance(action, str) else None,
        happened_at=datetime.now(UTC),
        monotonic_ms=None,
        after=None,
        raw=raw,
        sha256=hashlib.sha256(raw).digest(),
    )
