"""What a kind says of values: where they point, what they stand on, what hangs on them; words of faults."""

from __future__ import annotations

from typing import Any

import pytest

from sync.compare import Claim, Comparison, lie_apart
from sync.cursor import Cursor
from sync.errors import Fault, Refused
from sync.kind import Field, Kind, Values
from sync.store import Digest, Span
from tests.factories import uid

UPPER = uid("photo").upper()


def kind(**more: Any) -> Kind:
    fields = {
        "customer_id": Field("customer_id", references="customer"),
        "of_kind": Field("of_kind"),
        "of_id": Field("of_id"),
        "photo_ids": Field("photo_ids"),
    }
    return Kind("thing", "thing", fields, lambda _: frozenset(), lambda values, _: values, **more)


@pytest.mark.parametrize(
    ("given", "id_"),
    [
        (uid("c"), uid("c")),
        # Whatever form of an id it came in.
        (uid("c").upper(), uid("c")),
        (uid("c").replace("-", ""), uid("c")),
        ("no id", None),
        (7, None),
        (None, None),
    ],
)
def test_it_points_at_what_can_be_an_id(given: Any, id_: str | None) -> None:
    pointed = kind().references({"customer_id": given})
    assert pointed == ({"customer_id": ("customer", id_)} if id_ else {})


@pytest.mark.parametrize(
    ("values", "owner"),
    [
        ({"of_kind": "visit", "of_id": uid("v")}, ("visit", uid("v"))),
        ({"of_kind": "visit"}, None),
        ({"of_kind": 7, "of_id": uid("v")}, None),
        ({"of_kind": "visit", "of_id": "nonsense"}, None),
        ({}, None),
    ],
)
def test_it_stands_on_what_two_fields_say(values: Values, owner: tuple[str, str] | None) -> None:
    standing = kind(stands_on=("of_kind", "of_id"))
    assert standing.owner_of(values) == owner
    named = {"customer_id": ("customer", uid("c"))} | ({"of_id": owner} if owner else {})
    assert standing.named(values | {"customer_id": uid("c")}) == named
    assert kind().owner_of(values) is None


@pytest.mark.parametrize(
    ("given", "hung"),
    [
        ([uid("photo"), UPPER, "nonsense", None], {("photo", uid("photo"))}),
        (uid("photo"), {("photo", uid("photo"))}),
        ([], set()),
        (None, set()),
    ],
)
def test_what_its_lists_name_hangs_on_it(given: Any, hung: set[tuple[str, str]]) -> None:
    assert kind(attaches={"photo_ids": "photo"}).attached({"photo_ids": given}) == hung
    assert kind().attached({"photo_ids": given}) == set()


def test_a_fault_says_what_it_is_about_where_it_is_about_something() -> None:
    plain = Fault("rows", "taken", "重复", "taken")
    assert plain.as_dict() == {"field": "rows", "code": "taken", "zh": "重复", "en": "taken"}
    assert Fault("rows", "taken", "重复", "taken", "q1").as_dict()["about"] == "q1"
    assert str(Refused([plain, Fault("name", "required", "必填", "is required")])) == (
        "rows: taken; name: is required"
    )


A, B, C = ("visit", "a"), ("visit", "b"), ("visit", "c")


@pytest.mark.parametrize(
    ("spans", "apart"),
    [
        ([], True),
        ([Span(None, None)], True),
        ([Span(A, B), Span(B, C), Span(None, A)], True),
        ([Span(B, C), Span(A, C)], False),
        ([Span(None, None), Span(A, B)], False),
        ([Span(A, B), Span(A, B)], False),
        # One that holds nothing is in nobody's way.
        ([Span(A, C), Span(B, B)], True),
        ([Span(C, None), Span(B, None)], False),
    ],
)
def test_ranges_of_a_store_lie_apart_or_not(spans: list[Span], apart: bool) -> None:
    assert lie_apart(spans) is apart


def test_a_comparison_goes_out_as_json() -> None:
    found = Comparison(Cursor(1, 1, {}), ask=[Span(None, A)], repairs=[(Span(A, None), [])])
    assert found.ask_json() == [{"after": None, "upto": A}]
    assert found.repairs_json() == '[{"after":["visit","a"],"upto":null,"lines":[]}]'
    assert Comparison(Cursor(1, 1, {})).repairs_json() == "[]"
    assert Claim(Span(None, None), Digest(0, 0)).span.upto is None
