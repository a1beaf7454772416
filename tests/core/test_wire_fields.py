"""Fields of records as they come over the wire: one canonical form each, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from backend.core.kinds import wire
from backend.core.kinds.repeats import repeats_in

ID = "01900000-0000-7000-8000-00000000000a"
TAKEN = [
    (wire.Text(), "  东风路\u3000\n", "东风路"),
    (wire.Text(most=3), "😀😀😀", "😀😀😀"),
    (wire.Text(), "   ", ""),
    (wire.Id(), f" {ID.upper()} ", ID),
    (wire.Id(), ID.replace("-", ""), ID),
    (wire.Id(), f"urn:uuid:{ID}", ID),
    (wire.Moment(), "2026-09-01T08:30:00+08:00", "2026-09-01T00:30:00.000000Z"),
    (wire.Moment(), "2026-01-01T00:15:00+05:45", "2025-12-31T18:30:00.000000Z"),
    (wire.Moment(), "2026-12-31T23:00:00-09:30", "2027-01-01T08:30:00.000000Z"),
    (wire.Moment(), "1900-01-01T00:00:00Z", "1900-01-01T00:00:00.000000Z"),
    (wire.Day(), "2028-02-29", "2028-02-29"),
    (wire.Clock(), "23:59", "23:59"),
    (wire.Whole(least=0, most=9), 3.0, 3),
    (wire.Whole(least=0, most=9), 9, 9),
    (wire.Number(), 3.0, 3),
    (wire.Number(least=-1, most=1), -0.5, -0.5),
    (wire.Flag(), False, False),
    (wire.Choice({"a": ("甲", "A")}), "a", "a"),
    (wire.Json(), {"q": [1.5, None, True, "x" * 9000]}, {"q": [1.5, None, True, "x" * 9000]}),
    (wire.Json(), 2**60, 2**60),
]


@pytest.mark.parametrize(("field", "given", "kept"), TAKEN)
def test_what_is_taken_has_one_form(field: Any, given: Any, kept: Any) -> None:
    found = field.deserialize(given)
    assert (found, type(found)) == (kept, type(kept))
    assert field.deserialize(found) == found
    quick = field.quick(given) if hasattr(field, "quick") else wire.NOT_QUICK
    assert quick is wire.NOT_QUICK or quick == kept


REFUSED: dict[Any, list[Any]] = {
    wire.Text(most=3): ["abcd", "\0", "\ud800", 5, ["a"], {}],
    wire.Text(least=1): [""],
    wire.Id(): ["", "x", ID[:-1], f"{ID}0", 5, None, [ID]],
    wire.Moment(): [
        "2026-09-01T08:30:00", "2026-09-01", "", "soon", 1_790_000_000, True, "1899-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-09-01T25:00:00Z", "0001-01-01T00:00:00+14:00",
    ],
    wire.Day(): [
        "2026-02-29", "2026-13-01", "20260901", "2026-9-1", "2026-W01-1", "1899-12-31", "3000-01-01", "",
        20260901, None, "２０２６-09-01", "2026-09-01T00:00:00Z",
    ],
    wire.Clock(): ["24:00", "8:30", "08:60", "08:30:00", "08:30\n", "０８:30", "", 830, None],
    wire.Whole(least=0, most=9): [-1, 10, 1.5, "3", True, False, None, [], 1e300],
    wire.Number(least=-1, most=1): [1.01, "0.5", True, float("nan"), float("inf"), None, 10**400],
    wire.Flag(): [0, 1, "true", "yes", "", None, []],
    wire.Choice({"a": ("甲", "A")}): ["A", "", "甲", 1, None, ["a"]],
    wire.Json(): [2**53 + 1, {"a": [2**64]}, {"\0": 1}, ["\udfff"], float("inf")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "given"), [(field, one) for field, all_ in REFUSED.items() for one in all_]
)
def test_what_only_looks_right_is_refused(field: Any, given: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(given)
    assert caught.value.messages
    assert not hasattr(field, "quick") or field.quick(given) is wire.NOT_QUICK


@pytest.mark.parametrize(
    ("value", "is_keepable"),
    [
        ("网格😀", True), ("\0", False), ("a\ud83d", False), (2**64 - 1, True), (2**64, False),
        (-(2**63), True), (-(2**63) - 1, False), (1.5, True), (float("nan"), False), (float("-inf"), False),
        (None, True), (True, True),
    ],
)  # fmt: skip
def test_what_can_be_kept(value: Any, is_keepable: bool) -> None:
    assert wire.is_keepable(value) is is_keepable


def test_each_repeat_is_named_where_it_stands_and_the_first_is_not() -> None:
    said = list(
        repeats_in({"crews": ["a", "b", "a", "a"], "days": ["x"], "none": None}, "crews", "days", "none")
    )
    assert [(one.field, one.about) for one in said] == [("crews.2", "a"), ("crews.3", "a")]
    assert {one.code for one in said} == {"twice"}
    assert list(repeats_in({}, "crews")) == []
