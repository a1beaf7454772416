"""Plausibility of visits at its edges: how near, how short, how late and how fast is still believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.geometry import lng_lat, point
from backend.core.services import record_writer
from tests.conftest import Person
from tests.customers.test_truth import codes, looked_at, visited
from tests.factories import Town, middle, uid

As = Callable[[str], Person]


def north_of(n: int, metres: float) -> dict[str, Any]:
    """A place so far north of the middle of a cell."""
    lng, lat = lng_lat(middle(n))
    return point(lng, lat + metres / 111_195)


@pytest.mark.parametrize(
    ("metres", "accuracy", "expected"),
    [
        (295, 0, []),
        (305, 0, ["away"]),
        (305, 10, []),
        (490, 200, []),
        (490, 201, ["poor_accuracy"]),
        (510, 200, ["away"]),
        (510, 205, ["poor_accuracy", "away"]),
    ],
)
def test_three_hundred_metres_and_what_the_position_is_good_to(
    database: Database, town: Town, metres: float, accuracy: float, expected: list[str]
) -> None:
    visit = visited(database, town, check_in=north_of(0, metres), check_in_accuracy_m=accuracy)
    assert codes(visit) == expected
    away = [one["zh"] for one in visit["truth_reasons"] or [] if one["code"] == "away"]
    assert all(one == f"签到处离地址 {metres} 米，未说明原因" for one in away)


def test_the_point_that_is_named_counts_and_else_the_nearest_of_the_customers(
    database: Database, town: Town
) -> None:
    north = system(town["north"])
    with database.transaction() as session:
        second = {"customer_id": town["customer 0"], "address": "二号门", "nature": "public"}
        gate = {"place": middle(1), "cell_id": town["cell 1"]}
        record_writer.create(session, north, "service_point", second | gate, record_id=uid("gate"))
        bare = {"number": "B1", "name": "某户", "category": "resident", "cell_id": town["cell 0"]}
        record_writer.create(session, north, "customer", bare, record_id=uid("bare"))
    there: dict[str, Any] = {"check_in": middle(1), "started_at": None}
    assert codes(visited(database, town, "any", **there, ended_at="2026-09-01T01:00:00Z")) == []
    named = there | {"service_point_id": town["point 0"]}
    assert codes(visited(database, town, "first", **named, ended_at="2026-09-02T01:00:00Z")) == ["away"]
    named["service_point_id"] = uid("gate")
    assert codes(visited(database, town, "second", **named, ended_at="2026-09-03T01:00:00Z")) == []
    # Of whom no place is known nobody can say that it was elsewhere.
    unknown = there | {"customer_id": uid("bare"), "check_in": middle(2)}
    assert codes(visited(database, town, "bare", **unknown, ended_at="2026-09-04T01:00:00Z")) == []
    with database.transaction() as session:
        gone = record_writer.read(session, "service_point", uid("gate"))
        now = {"service_point_id": None}
        record_writer.change(session, north, "visit", uid("second"), now)
        record_writer.delete(session, north, "service_point", gone.id, version=[gone.version])
        record_writer.change(session, north, "visit", uid("any"), {"materials": "便民卡"})
    assert codes(looked_at(database, "any")) == ["away"]


@pytest.mark.parametrize(
    ("ended_at", "expected"),
    [
        ("2026-09-01T02:02:00Z", []),
        ("2026-09-01T02:01:59Z", ["停留 119 秒"]),
        ("2026-09-01T02:00:00Z", ["停留 0 秒"]),
        ("2026-09-01T01:00:00Z", ["停留 0 秒"]),
    ],
    ids=["two minutes", "a second less", "at once", "before it began"],
)
def test_two_minutes_are_enough(database: Database, town: Town, ended_at: str, expected: list[str]) -> None:
    visit = visited(database, town, ended_at=ended_at)
    assert [one["zh"] for one in visit["truth_reasons"] or []] == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-09-01T13:59:59Z", []),
        ("2026-09-01T14:00:00Z", ["late_batch"]),
        ("2026-09-01T20:59:59Z", ["late_batch"]),
        ("2026-09-01T21:00:00Z", []),
        ("2026-09-01T16:00:00Z", ["late_batch"]),
    ],
    ids=["before ten", "ten", "before five", "five", "midnight"],
)
def test_night_is_from_ten_until_five_by_the_citys_clock(
    database: Database, town: Town, at: str, expected: list[str]
) -> None:
    """Four more at the same time: they are not asked about, for when each came there were fewer."""
    made = {"method": "phone", "check_in": None, "check_in_accuracy_m": None, "state": "done",
            "customer_id": town["customer 0"], "representative_id": town["rep"], "ended_at": at}  # fmt: skip
    with database.transaction() as session:
        for _ in range(4):
            record_writer.create(session, system(town["north"]), "visit", made)
    assert codes(visited(database, town, started_at=None, **made)) == expected


def test_visits_of_others_and_of_another_half_hour_are_no_batch(database: Database, town: Town) -> None:
    made = {"method": "phone", "check_in": None, "check_in_accuracy_m": None, "started_at": None}
    with database.transaction() as session:
        for who, at in [("other_rep", "15:00:00"), ("rep", "14:29:59"), ("rep", "15:30:01")] * 4:
            values = {"customer_id": town["customer 0"], "method": "phone", "state": "done"}
            values |= {"representative_id": town[who], "ended_at": f"2026-09-01T{at}Z"}
            record_writer.create(session, system(town["north"]), "visit", values)
    late = visited(database, town, **made, ended_at="2026-09-01T15:00:00Z")
    assert (late["truth_grade"], codes(late)) == ("sound", [])


def test_how_fast_one_gets_from_door_to_door(database: Database, town: Town) -> None:
    """The doors of two cells lie 1.8 km apart: in a car that is some two minutes, on the phone none."""
    visited(database, town, "before")
    elsewhere = {"customer_id": town["customer 1"], "cell_id": town["cell 1"], "check_in": middle(1)}
    long = {"ended_at": "2026-09-01T03:30:00Z"}
    for name, began, more, expected in (
        ("by car", "2026-09-01T02:21:00Z", {}, []),
        ("flying", "2026-09-01T02:20:50Z", {}, ["too_fast"]),
        ("a colleague", "2026-09-01T02:20:50Z", {"representative_id": town["other_rep"]}, []),
        ("no place", "2026-09-01T02:20:50Z", {"check_in": None, "method": "phone"}, []),
    ):
        found = visited(database, town, name, **(elsewhere | long | {"started_at": began} | more))
        assert codes(found) == expected, name
    # Next door is not far, however little time lies between.
    near = {"check_in": north_of(0, 250), "started_at": "2026-09-01T02:20:01Z"}
    assert codes(visited(database, town, "next door", **near, **long)) == []


def test_what_is_corrected_is_asked_about_no_more_and_nobody_writes_the_grade(
    database: Database, town: Town, as_: As
) -> None:
    assert visited(database, town, check_in=middle(1))["truth_grade"] == "doubtful"
    rep, path = as_("rep"), f"/visits/{uid('visit')}"
    seen = rep.get(path)
    assert [one["code"] for one in seen["truth_reasons"]] == ["away"]
    for now in ({"truth_grade": "sound"}, {"truth_reasons": None}):
        refused = rep("PATCH", path, now, version=seen["version"])
        assert refused.status_code in (409, 422), now
        assert looked_at(database)["truth_grade"] == "doubtful"
    why = {"away_reason": "客户约在营业厅"}
    assert rep("PATCH", path, why, version=seen["version"]).status_code == 200
    told = looked_at(database)
    assert (told["truth_grade"], codes(told)) == ("open", ["away_with_reason"])
    assert "客户约在营业厅" in told["truth_reasons"][0]["zh"]
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "visit", uid("visit"), {"check_in": middle(0)})
    after = looked_at(database)
    assert (after["truth_grade"], after.get("truth_reasons")) == ("sound", None)


def test_two_small_questions_make_a_doubt(database: Database, town: Town) -> None:
    one = visited(database, town, "one", check_in_accuracy_m=500)
    two = visited(
        database,
        town,
        "two",
        check_in=None,
        away_reason="手机没电",
        started_at="2026-09-02T02:00:00Z",
        ended_at="2026-09-02T02:01:00Z",
    )
    assert (one["truth_grade"], codes(one)) == ("open", ["poor_accuracy"])
    assert (two["truth_grade"], codes(two)) == ("doubtful", ["no_position", "short"])
    assert [said["en"] for said in two["truth_reasons"]] == ["no position, because: 手机没电", "stayed 60 s"]
