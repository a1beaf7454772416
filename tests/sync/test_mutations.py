"""Reading mutations: what can be read is, what cannot is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.change import Op
from sync.wire import Unreadable, mutation_from
from tests.factories import mutation, uid


def as_sent(item: Any) -> bytes:
    """As a phone writes it."""
    return json.dumps(item).encode()


GOOD: dict[str, Any] = mutation("customer", uid("c"), "change", {"note": "x"}, id=uid("m"))


def test_a_good_one_is_read() -> None:
    found = mutation_from(as_sent(GOOD), "device", "boot")
    assert (found.id, found.kind, found.record, found.op, found.now) == (
        uid("m"),
        "customer",
        uid("c"),
        Op.CHANGE,
        {"note": "x"},
    )
    assert found.boot == "boot"
    assert found.key == ("customer", uid("c"))


def test_its_hash_does_not_depend_on_the_order_of_keys() -> None:
    turned = dict(reversed(GOOD.items()))
    assert mutation_from(as_sent(turned)).sha256 == mutation_from(as_sent(GOOD)).sha256


@pytest.mark.parametrize(
    "spoiled",
    [
        {"id": "nonsense"},
        {"record": None},
        {"op": "explode"},
        {"kind": 7},
        {"now": [1]},
        {"now": "text"},
        {"happened_at": "yesterday"},
        {"happened_at": "2026-09-01T08:30:00"},
        {"happened_at": None},
        {"base_version": "many"},
        {"base_version": 10**30},
        {"monotonic_ms": "soon"},
        {"after": "before"},
        {"now": {"note": "NUL \0"}},
        {"now": {"note": "x" * 300_000}},
    ],
)
def test_a_spoiled_one_is_kept_under_its_own_id_where_it_has_one(spoiled: dict[str, Any]) -> None:
    raw = as_sent(GOOD | spoiled)
    with pytest.raises(Unreadable) as caught:
        mutation_from(raw, "device")
    assert caught.value.mutation.raw == raw
    assert caught.value.why
    if "id" not in spoiled:
        assert caught.value.mutation.id == uid("m")


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), c, max_size=3)
        ),
    )
)
def test_anything_at_all_gets_a_stable_id(item: Any) -> None:
    raw = as_sent(item)
    ids = set()
    for _ in range(2):
        try:
            ids.add(mutation_from(raw, "device").id)
        except Unreadable as error:
            ids.add(error.mutation.id)
    assert len(ids) == 1


def test_the_same_garbage_from_two_devices_is_two_things() -> None:
    with pytest.raises(Unreadable) as one:
        mutation_from(b'"x"', "device 1")
    with pytest.raises(Unreadable) as two:
        mutation_from(b'"x"', "device 2")
    assert one.value.mutation.id != two.value.mutation.id
