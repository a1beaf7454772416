"""The merge: heads, policies, and that the result is a function of the set of edits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.change import Stored
from sync.kind import Field, Kind, Policy, Values
from sync.merge import Edit, Merged, distinct, merge, seen_times
from sync.questions import open_questions

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
FIELDS = {
    "name": Field("name", Policy.REVIEW),
    "note": Field("note"),
    "tags": Field("tags", Policy.SET),
    "log": Field("log", Policy.APPEND),
    "first": Field("first", Policy.LEAST),
    "most": Field("most", Policy.GREATEST),
    "lng": Field("lng", Policy.LAST, group="place"),
    "lat": Field("lat", Policy.LAST, group="place"),
}
KIND = Kind("thing", "thing", FIELDS, lambda values: frozenset(), lambda values, partial: values)
START = Stored(
    "thing",
    "1",
    1,
    {"name": "old", "note": "old", "tags": ["a"], "log": [], "first": 9, "most": 1, "lng": 0, "lat": 0},
    {},
)


def edit(n: int, now: Values, *, device: str | None = None, base: int = 1, minute: int | None = None) -> Edit:
    at = NOON + timedelta(minutes=minute if minute is not None else n)
    return Edit(f"{n:04d}", f"author {n}", device or f"device {n}", base, now, at)


def run(*edits: Edit, start: Stored = START) -> Merged:
    """Apply edits one after another, each a version."""
    stored = start
    merged = Merged(dict(start.values), {})
    for one in edits:
        merged = merge(KIND, stored, one, stored.version + 1)
        stored = Stored("thing", "1", stored.version + 1, merged.values, merged.heads)
    return merged


def disputed(merged: Merged) -> dict[str, list[dict[str, Any]]]:
    """What a person would be asked."""
    return open_questions(KIND, merged.heads)


def test_an_edit_that_has_seen_everything_simply_stands() -> None:
    merged = run(edit(1, {"note": "new"}))
    assert merged.values["note"] == "new"
    assert (merged.met, disputed(merged)) == ([], {})


def test_different_fields_never_meet() -> None:
    merged = run(edit(1, {"note": "a"}), edit(2, {"name": "b"}))
    assert (merged.values["note"], merged.values["name"]) == ("a", "b")
    assert merged.met == []


def test_the_later_event_wins_whatever_arrives_first() -> None:
    early, late = edit(1, {"note": "early"}, minute=1), edit(2, {"note": "late"}, minute=2)
    assert run(early, late).values["note"] == run(late, early).values["note"] == "late"


def test_the_same_value_twice_is_no_dispute() -> None:
    merged = run(edit(1, {"name": "same"}), edit(2, {"name": "same"}))
    assert (merged.met, disputed(merged)) == ([], {})


def test_a_reviewed_field_keeps_both_values_and_asks() -> None:
    merged = run(edit(1, {"name": "one"}), edit(2, {"name": "two"}))
    assert merged.values["name"] == "two"
    assert {head["values"]["name"] for head in disputed(merged)["name"]} == {"one", "two"}


def test_an_answer_that_has_seen_all_heads_settles_it() -> None:
    merged = run(edit(1, {"name": "one"}), edit(2, {"name": "two"}), edit(3, {"name": "one"}, base=3))
    assert merged.values["name"] == "one"
    assert disputed(merged) == {}
    assert len(merged.heads["name"]) == 1


def test_a_device_supersedes_its_own_earlier_writes() -> None:
    merged = run(edit(1, {"name": "first"}, device="d"), edit(2, {"name": "second"}, device="d"))
    assert disputed(merged) == {}
    assert len(merged.heads["name"]) == 1


def test_fields_that_mean_one_thing_merge_as_one() -> None:
    merged = run(edit(1, {"lng": 120.1, "lat": 36.1}, minute=5), edit(2, {"lng": 120.2}, minute=1))
    assert (merged.values["lng"], merged.values["lat"]) == (120.1, 36.1)
    assert merged.met == ["place"]


@pytest.mark.parametrize(
    ("field", "one", "two", "expected"),
    [
        ("tags", ["a", "b"], ["a", "c"], ["a", "b", "c"]),
        ("tags", ["b"], ["a"], ["a", "b"]),
        ("log", [{"x": 1}], [{"x": 2}], [{"x": 1}, {"x": 2}]),
        ("first", 5, 7, 5),
        ("first", None, 7, 7),
        ("most", 5, 7, 7),
        ("most", None, None, None),
    ],
)
def test_policies_combine_heads(field: str, one: Any, two: Any, expected: Any) -> None:
    assert run(edit(1, {field: one}), edit(2, {field: two})).values[field] == expected
    assert run(edit(2, {field: two}), edit(1, {field: one})).values[field] == expected


def test_what_is_appended_stays_in_the_order_it_happened() -> None:
    one, two = edit(1, {"log": ["b", "z"]}), edit(2, {"log": ["a", "z"]})
    assert run(one, two).values["log"] == run(two, one).values["log"] == ["b", "z", "a"]
    assert run(edit(1, {"tags": ["b"]}), edit(2, {"tags": ["a"]})).values["tags"] == ["a", "b"]


_VALUES = {
    "name": st.sampled_from(["x", "y", "z"]),
    "note": st.sampled_from(["p", "q"]),
    "tags": st.lists(st.sampled_from("abc"), max_size=3, unique=True),
    "first": st.integers(0, 5),
    "most": st.integers(0, 5),
    "lng": st.integers(0, 3),
}


@st.composite
def edits(draw: st.DrawFn) -> list[Edit]:
    """Edits of several devices that have all seen version 1 and no more; each device's in its own order."""
    found = []
    for n in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(sorted(_VALUES)))
        found.append(edit(n, {name: draw(_VALUES[name])}, device=f"d{draw(st.integers(0, 3))}", minute=n))
    return found


@given(edits(), st.randoms(use_true_random=False))
def test_the_result_is_a_function_of_the_set_of_edits(found: list[Edit], random: Any) -> None:
    """P8: any arrival order that keeps each device's own order gives the same values and questions."""
    shuffled = list(found)
    random.shuffle(shuffled)
    by_device = {one.device_id: iter([e for e in found if e.device_id == one.device_id]) for one in found}
    reordered = [next(by_device[one.device_id]) for one in shuffled]
    a, b = run(*found), run(*reordered)
    assert a.values == b.values
    assert _open(a) == _open(b)


def _open(merged: Merged) -> dict[str, set[bytes]]:
    return {group: distinct(heads) for group, heads in merged.heads.items() if len(distinct(heads)) > 1}


def test_the_times_an_edit_had_seen_are_those_at_or_below_its_base() -> None:
    merged = run(edit(1, {"note": "a"}), edit(2, {"note": "b"}))
    stored = Stored("thing", "1", 3, merged.values, merged.heads)
    assert seen_times(stored, ["note"], 2, None) == [NOON + timedelta(minutes=1)]
    assert seen_times(stored, ["note", "unknown"], 3, None) == [NOON + timedelta(minutes=n) for n in (1, 2)]
    assert seen_times(stored, ["name"], 3, None) == []
