"""Cutting a list out of a JSON text that as a whole cannot be read: each item by itself, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cutting import cut, texts_of


@pytest.mark.parametrize(
    ("data", "rest", "items"),
    [
        (b'{"list":[1,2],"a":3}', b'{"list":[],"a":3}', [b"1", b"2"]),
        (b'{"list" : [ ] }', b'{"list" : [] }', []),
        (b'{"list":[{"x":[1,2]},"a,b]"]}', b'{"list":[]}', [b'{"x":[1,2]}', b'"a,b]"']),
        (b'{"list":[[1],[2,3]]}', b'{"list":[]}', [b"[1]", b"[2,3]"]),
        # What is no JSON inside an item is that item's.
        (b'{"list":[{"x":NaN},{"y":1}]}', b'{"list":[]}', [b'{"x":NaN}', b'{"y":1}']),
        # The member deeper down, or as a value, is another thing.
        (b'{"a":{"list":[9]},"b":"list","list":[1]}', b'{"a":{"list":[9]},"b":"list","list":[]}', [b"1"]),
        (b'{"list":[1],"more":[2,3]}', b'{"list":[],"more":[2,3]}', [b"1"]),
    ],
)
def test_a_list_is_cut_out_and_its_items_stay_as_they_came(
    data: bytes, rest: bytes, items: list[bytes]
) -> None:
    assert cut(data, "list") == (rest, items)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1,2]",
        b'{"other":[1]}',
        b'{"list":7}',
        b'{"list":{"x":1}}',
        b'{"list":[1,2}',
        b'{"list":[1',
        b'}{"list":[1]}',
        # An item that is nothing cannot be kept.
        b'{"list":[1,,2]}',
        b'{"list":[1,]}',
    ],
)
def test_what_cannot_be_cut_is_not(data: bytes) -> None:
    assert cut(data, "list") is None


@given(st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text()))))
def test_what_can_be_read_is_cut_as_it_is_read(items: list[dict[str, Any]]) -> None:
    found = cut(json.dumps({"store": "s", "list": items, "at": [1]}).encode(), "list")
    assert found is not None
    assert json.loads(found[0]) == {"store": "s", "list": [], "at": [1]}
    assert [json.loads(one) for one in found[1]] == items


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b'{"id":"m","kind" : "visit","n":1,"now":{"id":"inner"}}', {"id": "m", "kind": "visit"}),
        # Only what needs no reading: no escapes, nothing beyond ASCII.
        (b'{"id":"a\\"b","kind":"\xe8","x":"y"}', {"x": "y"}),
        (b'["id","m"]', {}),
        (b'{"id":"m"]', {"id": "m"}),
        (b"nonsense", {}),
    ],
)
def test_plain_texts_of_an_object_are_made_out(data: bytes, texts: dict[str, str]) -> None:
    assert texts_of(data) == texts
