"""The oracle itself, against cases worked out by hand."""

from __future__ import annotations

import ast
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.days import promises
from tests.days.generator import KINDS, make_day
from tests.days.oracle import BEGUN, City, Oracle, metres
from tests.factories import uid

ZONE = ZoneInfo("Asia/Kolkata")
CITY = City(ZONE, frozenset({"branch"}), detour=1.0, kmh=60.0)
KM = 1 / 111.1950802  # degrees of a kilometre on a ball of 6,371,008.8 m
Values = dict[str, Any]


def at(clock: str, day: int = 1) -> datetime:
    return datetime.fromisoformat(f"2026-09-{day:02d}T{clock}").replace(tzinfo=ZONE)


def point(km: float) -> Values:
    return {"type": "Point", "coordinates": [km * KM, 0.0]}


def crew(km: float, *skills: str, shift: str = "08:00 17:00", **more: Any) -> Values:
    start, end = shift.split()
    return {
        "unit_id": "branch",
        "is_active": True,
        "skills": list(skills),
        "shift_start": start,
        "shift_end": end,
        "start_place": point(km),
    } | more


def job(km: float, state: str = "dispatched", **more: Any) -> Values:
    return {
        "number": "W",
        "state": state,
        "urgency": "normal",
        "place": point(km),
        "duration_minutes": 60,
        "skills": [],
    } | more


BURST = job(0, "received", urgency="urgent", skills=["valve"])


def asked(now: datetime, crews: Values, *rosters: Values, burst: Values = BURST, **jobs: Values) -> Oracle:
    return Oracle(CITY, now, {"crews": crews, "jobs": {"burst": burst} | jobs, "rosters": rosters})


def told(oracle: Oracle) -> list[tuple[str, str]]:
    """Who could go and when, on the city's clock."""
    return [(one.crew_id, f"{one.arrives.astimezone(ZONE):%d %H:%M}") for one in oracle.could_go("burst")]


def test_great_circles_are_the_known_ones() -> None:
    assert metres((0, 0), (0, 90)) == pytest.approx(10_007_557.2, abs=1)
    assert metres((-73.7781, 40.6413), (-0.4543, 51.4700)) == pytest.approx(5_540_000, rel=0.01)
    assert metres((179.9, 0), (-179.9, 0)) == pytest.approx(22_239, abs=1), "over the date line"


def test_the_nearest_able_crew_on_duty_goes_first() -> None:
    crews = {"near": crew(5, "valve"), "far": crew(20, "valve", "meter"), "unskilled": crew(1, "meter"),
             "ill": crew(1, "valve", is_active=False), "foreign": crew(1, "valve", unit_id="other"),
             "off": crew(1, "valve", shift="13:00 20:00")}  # fmt: skip
    assert told(asked(at("10:00"), crews)) == [("near", "01 10:05"), ("far", "01 10:20")]
    assert told(asked(at("19:00"), crews)) == [("off", "01 19:01")]
    assert told(asked(at("21:00"), crews)) == []


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (job(9), "10:05"),
        (job(9, "en_route"), "10:05"),
        (
            job(9, "in_progress", arrived_at="2026-09-01T09:20+05:30", started_at="2026-09-01T09:30+05:30"),
            "10:39",
        ),
        (job(9, "paused", arrived_at="2026-09-01T08:20+05:30", started_at="2026-09-01T08:30+05:30"), "10:09"),
        (job(9, "arrived", arrived_at="2026-09-01T09:50+05:30"), "10:09"),
        (job(9, "done", arrived_at="2026-09-01T08:10+05:30"), "10:09"),
        (job(9, "done", arrived_at="2026-09-01T07:10+05:30"), "10:05"),
        (job(9, urgency="urgent", planned_at="2026-09-01T04:34Z"), "11:13"),
    ],
    ids=[
        "planned",
        "on the way",
        "at work",
        "at work too long",
        "arrived",
        "finished",
        "before the shift",
        "urgent",
    ],
)
def test_what_goes_before_an_emergency(own: Values, expected: str) -> None:
    """From five kilometres out; the other job is nine out."""
    oracle = asked(at("10:00"), {"crew": crew(5, "valve")}, own=own | {"crew_id": "crew"})
    assert told(oracle) == [("crew", f"01 {expected}")]


def test_hours_on_call_pass_midnight_and_end() -> None:
    days = dict.fromkeys(("valid_from", "valid_until"), "2026-09-01")
    roster = {"crew_id": "crew", "clock_from": "20:00", "clock_until": "07:00"} | days
    crews = {"crew": crew(5, "valve")}
    found = [
        told(asked(moment, crews, roster))
        for moment in (at("19:59"), at("20:00"), at("06:59", 2), at("07:00", 2))
    ]
    assert found == [[], [("crew", "01 20:05")], [("crew", "02 07:04")], []]
    assert told(asked(at("23:00"), {"crew": crew(5, "valve", shift="22:00 06:00")})) == [("crew", "01 23:05")]
    assert told(asked(at("05:59", 2), {"crew": crew(5, "valve", shift="22:00 06:00")})) == [
        ("crew", "02 06:04")
    ]


def test_a_plan_in_which_somebody_is_in_two_places_is_seen() -> None:
    own = {name: job(km, crew_id="crew", planned_at=when) for name, km, when in (
        ("one", 10, "2026-09-01T04:35Z"), ("two", 30, "2026-09-01T05:55Z"),
        ("three", 31, "2026-09-01T06:30Z"))}  # fmt: skip
    oracle = asked(at("10:00"), {"crew": crew(5, "valve")}, **own)
    found = oracle.impossible("crew", ["one", "two", "three"], timedelta(minutes=2))
    assert [(name, f"{reached.astimezone(ZONE):%H:%M}") for name, reached in found] == [("three", "12:26")]


def test_promises_that_are_broken_are_told() -> None:
    crews = {"near": crew(5, "valve"), "far": crew(20, "valve"), "unskilled": crew(1, "meter")}
    oracle = asked(at("10:00"), crews)
    ranked = [{"crew_id": name} for name in ("unskilled", "near", "far")]
    assert len(list(promises.of_the_proposal(oracle, "burst", ranked))) == 2
    assert list(promises.of_the_proposal(oracle, "burst", [*ranked[1:], ranked[0]])) == []
    assert list(promises.of_the_answer(oracle, "burst", "near", at("10:05"))) == []
    for name, when in (("unskilled", "10:01"), ("near", "10:00"), ("far", "10:20")):
        assert len(list(promises.of_the_answer(oracle, "burst", name, at(when)))) == 1
    assert len(list(promises.of_a_refusal(oracle, "burst"))) == 1
    assert list(promises.of_a_refusal(asked(at("20:00"), crews), "burst")) == []


def test_what_became_of_the_others_is_told() -> None:
    planned = {"crew_id": "a", "planned_at": "2026-09-01T05:00Z"}
    before = {
        "burst": BURST,
        "other": job(3, **planned),
        "begun": job(4, "in_progress", crew_id="a"),
        "loose": job(5, "received"),
    }

    def faults(**now: Values) -> list[str]:
        after = before | now
        named: Values = {"moved": [], "left_over": [], "delayed": []}
        return [*promises.of_the_others(before, after, "burst", {"loose"}),
                *promises.of_naming(before, after, "burst", named),
                *promises.of_taking_back(before, after)]  # fmt: skip

    assert faults() == []
    assert len(faults(other=job(3, crew_id="b", planned_at=planned["planned_at"]))) == 2
    assert len(faults(other=job(3, crew_id="a"))) == 2
    assert len(faults(other=job(3, crew_id="a", planned_at="2026-09-01T05:30Z"))) == 2
    assert len(faults(other=job(3, "received"))) == 3
    assert len(faults(begun=job(4, "dispatched", crew_id="a"))) == 2
    assert len(faults(loose=job(5, crew_id="a", planned_at="2026-09-01T05:30Z"))) == 2


def test_routes_that_cannot_be_driven_and_other_emergencies_put_off_are_told() -> None:
    crews = {"a": crew(5, "valve")}
    own = job(10, crew_id="a", planned_at="2026-09-01T04:35Z", appointment_until="2026-09-01T05:00Z")
    other = job(11, crew_id="a", planned_at="2026-09-01T05:36Z", urgency="urgent")
    before = asked(at("10:00"), crews, own=own, other=other)

    def faults(own: Values = own, other: Values = other) -> list[str]:
        after = asked(at("10:00"), crews, own=own, other=other)
        routes = promises.of_routes(before, after, set())
        return [*routes, *promises.of_emergencies(before.jobs, after.jobs, "burst")]

    assert faults() == []
    waits = own | dict.fromkeys(("planned_at", "appointment_from"), "2026-09-01T04:40Z")
    assert len(faults(own=waits)) == 1, "nobody is at the other then"
    assert len(faults(own=own | {"planned_at": "2026-09-01T06:40Z"})) == 1, "after the appointment"
    assert len(faults(other=other | {"planned_at": "2026-09-01T05:40Z"})) == 1
    assert len(faults(other=other | {"crew_id": "b"})) == 1


@pytest.mark.parametrize(
    ("zh", "en", "faults"),
    [("缺少技能：阀门", "lacks skills: Valves", 0), ("缺少技能：valve", "lacks skills: large_main", 2),
     ("W001 晚 5 分钟", "[['shift', 3]]", 1)],
)  # fmt: skip
def test_raw_codes_are_seen(zh: str, en: str, faults: int) -> None:
    assert len(list(promises.of_words([zh], [en]))) == faults


def test_the_oracle_imports_the_standard_library_alone() -> None:
    """Nothing that is judged stands behind the judge."""
    for name, others in (
        ("oracle", set()),
        ("cities", set()),
        ("promises", {"tests"}),
        ("generator", {"tests"}),
    ):
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
        tops = {str(module).split(".")[0] for module in modules}
        assert tops - set(sys.stdlib_module_names) - {"__future__"} == others, name


def test_a_seed_is_the_whole_story_and_days_are_of_every_kind() -> None:
    days = [make_day(seed) for seed in range(64)]
    assert make_day(5) == days[5]
    assert {day.kind for day in days} == set(KINDS)
    assert len({day.ground.zone for day in days}) == 8
    states = {one["state"] for day in days for one in day.jobs.values()}
    assert BEGUN | {"received", "dispatched", "accepted", "en_route", "arrived", "done"} <= states
    assert any(not crew["is_active"] for day in days for crew in day.crews.values())
    sick = next(day for day in days if day.kind == "sick crews")
    assert uid("days neighbour") in {one["unit_id"] for one in sick.crews.values()}
    assert all(len(day.emergencies) == 3 and day.emergencies[0].at == day.now for day in days)
