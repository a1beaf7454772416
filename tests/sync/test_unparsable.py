"""What of a push cannot be read: told apart, kept as it came, answered like all other work."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sync.change import Author, Mutation, Op, Outcome, Status, parse_moment
from sync.memory import Memory
from sync.unparsable import park_unreadable, read_one
from sync.wire import MOST_DEPTH, MOST_MUTATION_BYTES, Unreadable, depth_of, mutation_from, read_batch
from tests.factories import uid

ME, OTHER = Author(uid("me"), uid("phone")), Author(uid("other"), uid("other's"))
GOOD = {
    "id": uid("m"), "kind": "note", "record": uid("n"), "op": "create", "now": {"text": "x"},
    "happened_at": "2026-09-01T08:00:00Z",
}  # fmt: skip


def raw(**more: Any) -> bytes:
    return json.dumps(GOOD | more).encode()


def unread(data: bytes) -> Unreadable:
    found = read_one(data, "device", None)
    assert isinstance(found, Unreadable)
    return found


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[1]", "not an object"),
        (raw(now=[1]), "must be objects"),
        (raw(was="x"), "must be objects"),
        (raw(kind=7), "kind a text"),
        (raw(now={"text": "x" * MOST_MUTATION_BYTES}), "larger than 256 KiB"),
        (raw(now={"text": "a\0b"}), "NUL in text"),
        (raw(base_version=2**63), "base_version out of range"),
        (raw(base_version="x"), "ValueError"),
        (raw(op="explode"), "ValueError"),
        (raw(id="no id"), "ValueError"),
        (raw(happened_at="2026-09-01T08:00:00"), "a time needs its zone"),
        (json.dumps({"id": uid("m")}).encode(), "KeyError"),
        (b'{"id":', "JSONDecodeError"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "nested deeper"),
    ],
)
def test_what_cannot_be_read_says_why_and_stays_as_it_came(data: bytes, why: str) -> None:
    found = unread(data)
    assert why in found.why
    assert found.mutation.raw == data


def test_what_can_be_read_is() -> None:
    found = read_one(raw(id=uid("m").upper(), monotonic_ms=5, after=uid("a"), boot="b"), "device", "other")
    assert isinstance(found, Mutation)
    assert (found.id, found.monotonic_ms, found.after, found.boot) == (uid("m"), 5, uid("a"), "b")
    assert mutation_from(raw(), "device", "boot").boot == "boot"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (raw(base_version="x", action="take", op="act"), (uid("m"), "note", uid("n"), Op.ACT, "take")),
        (raw(kind=7, record=8, action=9, op=[]), (uid("m"), "", "", Op.CHANGE, None)),
        # No JSON any more, yet its plain texts can be made out.
        (raw() + b"}", (uid("m"), "note", uid("n"), Op.CREATE, None)),
    ],
)
def test_a_stand_in_has_what_could_be_made_out(data: bytes, expected: tuple[Any, ...]) -> None:
    one = unread(data).mutation
    assert (one.id, one.kind, one.record, one.op, one.action) == expected


def test_a_stand_in_without_an_id_has_one_of_its_device_and_bytes() -> None:
    first, again, other = unread(b"[1]"), unread(b"[1]"), unread(b"[2]")
    assert first.mutation.id == again.mutation.id != other.mutation.id
    elsewhere = read_one(b"[1]", "another device", None)
    assert isinstance(elsewhere, Unreadable)
    assert elsewhere.mutation.id != first.mutation.id


@pytest.mark.parametrize(
    ("data", "depth"),
    [(b"7", 0), (b"[" * 40 + b"]" * 40, 40), (b"[]," * 90, 1), (b'"[[["' + b",[{}]" * 70, 2)],
)
def test_depth_is_counted_where_it_matters(data: bytes, depth: int) -> None:
    assert depth_of(data) == depth


def batch(*items: bytes, behind: bytes = b"") -> bytes:
    return b'{"store":"s","mutations":[' + b",".join(items) + b"]" + behind + b"}"


def test_a_batch_is_read_with_each_mutation_as_it_came() -> None:
    found = read_batch(batch(b'{"a": 1}', b"[2]"))
    assert ([bytes(one) for one in found.mutations], found.schema) == ([b'{"a": 1}', b"[2]"], 1)


def test_one_that_is_no_json_takes_none_of_the_others_with_it() -> None:
    found = read_batch(batch(b'{"a":NaN}', b'{"b":1}'))
    assert [bytes(one) for one in found.mutations] == [b'{"a":NaN}', b'{"b":1}']


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'{"mutations":[]}', msgspec.ValidationError),
        (b"[]", msgspec.ValidationError),
        (b"nonsense", msgspec.DecodeError),
        (b'{"store":"s","mutations":[NaN', msgspec.DecodeError),
        (batch(b"NaN", behind=b',"mutations":[1]'), msgspec.DecodeError),
    ],
)
def test_a_batch_that_is_none_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_batch(data)


def kept(memory: Memory, author: Author, *items: bytes) -> list[Outcome]:
    store = memory.begin()
    outcomes = park_unreadable(store, author, [unread(one) for one in items])
    store.commit()
    return [outcomes[unread(one).mutation.sha256] for one in items]


def test_what_nobody_can_read_is_kept_once_and_answered_alike() -> None:
    memory = Memory({})
    first = kept(memory, ME, b"[1]", b"[1]", b"[2]")
    assert [(one.status, one.code) for one in first] == [(Status.PARKED, "unreadable")] * 3
    assert kept(memory, ME, b"[2]", b"[1]") == [first[2], first[0]]
    waiting = memory.begin().tables("waiting").values()
    assert sorted(one.mutation.raw for one, _ in waiting) == [b"[1]", b"[2]"]


def test_an_id_that_is_taken_loses_nothing() -> None:
    memory = Memory({})
    (mine,) = kept(memory, ME, raw(op="x"))
    (others,) = kept(memory, OTHER, raw(op="x"))
    again = kept(memory, ME, raw(op="y"), raw(op="z"))
    assert "kept_as" not in mine.detail
    places = {mine.id} | {one.detail["kept_as"] for one in (others, *again)}
    assert places == set(memory.begin().tables("waiting"))
    assert len(places) == 4


def test_two_with_one_id_in_a_push_are_both_kept() -> None:
    memory = Memory({})
    first, second = kept(memory, ME, raw(op="x"), raw(op="y"))
    assert ("kept_as" in first.detail, "kept_as" in second.detail) == (False, True)
    assert len(memory.begin().tables("waiting")) == 2


def test_nothing_unread_asks_nothing() -> None:
    assert park_unreadable(Memory({}).begin(), ME, []) == {}


def test_a_time_without_a_zone_is_none() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_moment("2026-09-01T08:00:00")
