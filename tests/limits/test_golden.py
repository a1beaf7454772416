"""The golden clocks and connections read as they must."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from backend.limits.clock.hours import Hours
from backend.limits.clock.limits import Event, Limit, Unit, What
from backend.limits.clock.reading import Reading, read
from backend.limits.clock.working_time import WorkingTime
from tests.limits.golden_cases import Case, china, golden, read_all, read_one

FORMS = ("limits", "connections_211")
LOCAL = timezone(timedelta(hours=8))
OFFICE = WorkingTime(Hours((time(8, 30), time(12)), (time(13), time(17))), china(), LOCAL)


def named(form: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in golden(form)]


@pytest.mark.parametrize("case", [*named("limits"), *named("connections_211")])
def test_a_golden_case_reads_as_it_must(case: Case) -> None:
    assert read_one(case) == {"name": case["name"], **case["expect"]}


def test_the_golden_cases_are_all_there() -> None:
    assert [len(golden(form)) for form in FORMS] == [30, 4]
    decisions = {row for case in golden("limits") for row in case["decisions"]}
    assert decisions == {f"D{n}" for n in (1, 2, 3, 4, 5, 8, 9, 10, 11, 13, 18)}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_case_expects_of_itself_is_not_looked_at(form: str) -> None:
    cases = golden(form)
    removed = [{key: value for key, value in case.items() if key != "expect"} for case in cases]
    falsified = [{**case, "expect": {"due_at": "2030-01-01", "error": "hours_refused"}} for case in cases]
    broken = [{**case, "expect": ["nonsense", 7]} for case in cases]
    wanted = read_all(cases)
    assert [read_all(given) for given in (removed, falsified, broken)] == [wanted] * 3


def test_the_order_of_events_does_not_matter() -> None:
    for case in golden("limits"):
        events = random.Random(case["name"]).sample(case["events"], len(case["events"]))
        assert read_one({**case, "events": events}) == {"name": case["name"], **case["expect"]}


def test_readings_are_json_whose_fields_stand_in_the_order_of_the_form() -> None:
    for case, found in zip(golden("limits"), read_all(golden("limits")), strict=True):
        assert list(found) == ["name", *case["expect"]]
        assert json.loads(json.dumps(found)) == found


def at(text: str) -> datetime:
    """A local time of 2026, as `07-29 10:30`."""
    return datetime.fromisoformat(f"2026-{text}:00+08:00")


def clocked(start: str, amount: int, unit: Unit, *holds: tuple[What, str, What, str]) -> Reading:
    events = [Event("0", What.START, at(start))]
    for n, (leaves, begins, returns, ends) in enumerate(holds):
        events.append(Event(f"{n}a", leaves, at(begins), approved=True))
        events.append(Event(f"{n}b", returns, at(ends), of=f"{n}a"))
    return read(Limit(amount, unit), OFFICE, events, at("12-31 23:00"))


PAUSED = (What.PAUSE, "07-30 00:00", What.RESUME, "07-31 00:00")
NOON = (What.PAUSE, "07-29 12:00", What.RESUME, "07-29 13:00")
BUILDING = (What.LEAVE_COUNTING, "07-27 11:30", What.ENTER_COUNTING, "07-30 14:00")


@pytest.mark.parametrize(
    ("start", "amount", "unit", "holds", "due", "half"),
    [
        ("07-29 10:30", 1, Unit.HALF_DAYS, (), "07-29 17:00", "07-29 14:15"),
        ("07-29 10:30", 2, Unit.HALF_DAYS, (), "07-30 12:00", "07-29 16:00"),
        ("07-11 07:10", 1, Unit.HALF_DAYS, (), "07-13 12:00", "07-13 10:15"),
        ("07-11 07:10", 60, Unit.MINUTES, (), "07-11 08:10", "07-11 07:40"),
        ("07-10 16:50", 2, Unit.WORKING_DAYS, (), "07-14 17:00", "07-13 16:55"),
        ("09-30 10:00", 2, Unit.WORKING_DAYS, (), "10-09 17:00", "10-08 14:00"),
        ("09-18 10:00", 2, Unit.WORKING_DAYS, (), "09-21 17:00", "09-20 14:00"),
        ("02-13 10:00", 2, Unit.WORKING_DAYS, (), "02-24 17:00", "02-14 14:00"),
        ("04-29 09:00", 5, Unit.WORKING_DAYS, (), "05-09 17:00", "05-07 08:45"),
        ("07-29 10:00", 2, Unit.WORKING_DAYS, (PAUSED,), "08-03 17:00", "07-31 14:00"),
        ("07-29 11:00", 120, Unit.WORKING_MINUTES, (NOON,), "07-29 14:00", "07-29 12:00"),
        ("07-27 10:30", 2, Unit.HALF_DAYS, (BUILDING,), "07-31 12:00", "07-30 16:45"),
    ],
)  # fmt: skip
def test_due_times_and_half_of_the_way_as_they_were_worked_out_by_hand(
    start: str, amount: int, unit: Unit, holds: tuple[Any, ...], due: str, half: str
) -> None:
    found = clocked(start, amount, unit, *holds)
    assert found.due_at == at(due)
    assert found.warnings[50] == at(half)


def test_the_demo_days_are_those_that_the_state_published() -> None:
    assert not china().is_working(date(2026, 10, 1))
    assert china().is_swapped(date(2026, 9, 20))
    assert china().is_holiday(date(2026, 10, 1))
    assert not china().is_holiday(date(2026, 7, 11))
    assert china().knows(date(2004, 1, 1), date(2026, 12, 31))
    assert not china().knows(date(2026, 12, 31), date(2027, 1, 1))
