"""Records to shifts and tasks: nights, breaks, work that has begun, appointments that have passed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from backend.dispatch.queries.field_day import CrewRow, JobRow, OnCallRow, on_call_until
from backend.dispatch.services.field_day import _Builder, _Rows, is_at_work
from backend.dispatch.services.shifts import lost_break, shift_of
from geo.routing.problem import FOREVER, NORMAL, URGENT, Pause
from tests.factories import CITY

NOW = datetime(2026, 9, 1, 9, 30, tzinfo=CITY)
MIDNIGHT = NOW.replace(hour=0, minute=0)
HOUR = 3600


def at(hour: int, minute: int = 0, *, day: int = 1) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=CITY)


def crew(**more: Any) -> CrewRow:
    values = {
        "id": "c",
        "name": "一班",
        "skills": ["valve"],
        "shift_start": "08:00",
        "shift_end": "17:00",
        "start": (120.0, 36.0),
        "end": None,
        "break_from": None,
        "break_until": None,
        "break_minutes": None,
        "most_jobs": None,
        "leader_id": "l",
    }
    return CrewRow(**(values | more))


def job(**more: Any) -> JobRow:
    values = {
        "id": "j",
        "number": "W1",
        "version": 1,
        "state": "received",
        "urgency": "normal",
        "place": (120.1, 36.0),
        "skills": None,
        "duration_minutes": 60,
        "crew_id": None,
        "is_pinned": False,
        "appointment_from": None,
        "appointment_until": None,
        "due_at": None,
        "planned_at": None,
        "since": None,
    }
    return JobRow(**(values | more))


def builder(waiting: list[JobRow] | None = None) -> _Builder:
    return _Builder(NOW, _Rows(), waiting or [], False)


@pytest.mark.parametrize(
    ("now", "start", "end", "begin", "finish"),
    [
        (at(9), "08:00", "17:00", at(8), at(17)),
        (at(6), "08:00", "17:00", at(8), at(17)),
        (at(18), "08:00", "17:00", at(8, day=2), at(17, day=2)),
        (at(23), "20:00", "06:00", at(20), at(6, day=2)),
        (at(3, day=2), "20:00", "06:00", at(20), at(6, day=2)),
        (at(7, day=2), "20:00", "06:00", at(20, day=2), at(6, day=3)),
        (at(17), "08:00", "17:00", at(8, day=2), at(17, day=2)),
    ],
)
def test_a_shift_is_the_one_that_runs_or_comes(
    now: datetime, start: str, end: str, begin: datetime, finish: datetime
) -> None:
    assert shift_of(now, start, end) == (begin, finish)


def test_a_free_crew_begins_now() -> None:
    shift = builder().shift(crew(), [])
    assert shift.window_s == (9 * HOUR + 1800, 17 * HOUR)
    assert shift.skills == {"valve"}
    assert (shift.end, shift.pause, shift.capacity) == (None, None, None)


def test_a_crew_at_work_begins_where_and_when_that_ends() -> None:
    rows = builder()
    shift = rows.shift(crew(), [job(state="in_progress", since=at(9), place=(120.5, 36.5))])
    assert shift.window_s[0] == 10 * HOUR
    assert rows._rows.places[shift.start] == (120.5, 36.5)


def test_work_that_takes_longer_than_it_should_ends_any_moment() -> None:
    assert builder().shift(crew(), [job(state="in_progress", since=at(6))]).window_s[0] == 9 * HOUR + 1800


def test_begun_jobs_count_against_the_most_a_crew_may_have() -> None:
    begun = [job(state="paused", since=at(9)), job(state="en_route", since=at(9, 10))]
    assert builder().shift(crew(most_jobs=5), begun).capacity == 3
    assert builder().shift(crew(most_jobs=1), begun).capacity == 0


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("11:30", "13:00", Pause(1800, (11 * HOUR + 1800, 13 * HOUR))),
        ("08:00", "09:00", None),
        ("09:00", "09:45", Pause(1800, (9 * HOUR, 9 * HOUR + 2700))),
    ],
    ids=["to come", "over", "now"],
)
def test_a_break_is_planned_until_it_is_over(first: str, last: str, expected: Pause | None) -> None:
    assert builder().shift(crew(break_from=first, break_until=last, break_minutes=30), []).pause == expected


@pytest.mark.parametrize(
    ("first", "last", "minutes"),
    [
        ("13:00", "12:00", 60),
        ("06:00", "07:00", 30),
        ("18:00", "19:00", 30),
        ("16:00", "17:00", 120),
        ("12:00", None, 30),
    ],
)
def test_a_break_that_contradicts_its_shift_is_left_out(first: str, last: str | None, minutes: int) -> None:
    """A solver refuses the whole day for one such crew."""
    odd = crew(break_from=first, break_until=last, break_minutes=minutes)
    assert builder().shift(odd, []).pause is None
    assert lost_break(odd) is not None


def test_a_break_that_would_not_end_before_the_shift_is_over_too() -> None:
    """Free only at 16:45, with half an hour to rest before 17:00."""
    late = crew(break_from="16:00", break_until="16:50", break_minutes=30)
    assert builder().shift(late, []).pause == Pause(1800, (16 * HOUR, 16 * HOUR + 1800))
    begun = [job(state="in_progress", since=at(8), duration_minutes=525)]
    assert builder().shift(late, begun).pause is None
    assert lost_break(late) is None


def test_a_night_shifts_break_is_after_midnight() -> None:
    night = _Builder(at(21), _Rows(), [], False)
    shift = night.shift(
        crew(
            shift_start="20:00", shift_end="06:00", break_from="00:30", break_until="02:00", break_minutes=45
        ),
        [],
    )
    assert shift.pause == Pause(2700, (24 * HOUR + 1800, 26 * HOUR))
    assert shift.window_s == (21 * HOUR, 30 * HOUR)


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [("20:00", "06:00", (20, 30)), ("08:00", "17:00", (8, 17)), ("00:00", "08:00", (0, 8))],
)
def test_a_day_to_come_has_the_shift_that_begins_in_it(start: str, end: str, window: tuple[int, int]) -> None:
    tomorrow = _Builder(at(0, day=2), _Rows(), [], True)
    assert tomorrow.shift(crew(shift_start=start, shift_end=end), []).window_s == (
        window[0] * HOUR,
        window[1] * HOUR,
    )


def test_a_crew_without_a_place_starts_at_the_first_job() -> None:
    rows = builder([job(place=(120.7, 36.7))])
    assert rows._rows.places[rows.shift(crew(start=None), []).start] == (120.7, 36.7)


def test_a_plain_job_is_a_plain_task() -> None:
    task = builder().task(job(), {"c"})
    assert (task.duration_s, task.priority, task.window_s, task.due_s, task.pinned_to) == (
        HOUR,
        NORMAL,
        (0, FOREVER),
        None,
        None,
    )


def test_urgency_limit_and_appointment_are_taken_over() -> None:
    task = builder().task(
        job(urgency="urgent", due_at=at(12), appointment_from=at(10), appointment_until=at(11)), {"c"}
    )
    assert (task.priority, task.due_s, task.window_s) == (URGENT, 12 * HOUR, (10 * HOUR, 11 * HOUR))


def test_an_appointment_that_has_passed_binds_nobody() -> None:
    passed = builder().task(job(appointment_from=at(7), appointment_until=at(8)), {"c"})
    assert passed.window_s == (0, FOREVER)
    assert builder().task(job(due_at=at(8)), {"c"}).due_s == 8 * HOUR


@pytest.mark.parametrize(("crews", "expected"), [({"c"}, "c"), ({"other"}, None)])
def test_a_pinned_job_stays_while_its_crew_is_there(crews: set[str], expected: str | None) -> None:
    assert builder().task(job(crew_id="c", is_pinned=True), crews).pinned_to == expected
    assert builder().task(job(crew_id="c"), crews).pinned_to is None


def test_the_same_place_has_one_row() -> None:
    rows = _Rows()
    assert [rows.of(place) for place in ((1.0, 2.0), (3.0, 4.0), (1.0, 2.0))] == [0, 1, 0]
    assert builder().second(NOW + timedelta(hours=1)) == 10 * HOUR + 1800


NIGHTS = OnCallRow("c", date(2026, 9, 1), date(2026, 9, 2), "17:00", "08:00")


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (at(16, 59), None),
        (at(17), at(8, day=2)),
        (at(3, day=2), at(8, day=2)),
        (at(8, day=2), None),
        (at(23, day=2), at(8, day=3)),
        (at(7, 59, day=3), at(8, day=3)),
        (at(18, day=3), None),
        (at(7), None),
    ],
    ids=[
        "not yet",
        "from its first minute",
        "after midnight",
        "over",
        "next night",
        "last morning",
        "no more",
        "the morning before",
    ],
)
def test_on_call_is_each_day_from_hour_to_hour_over_midnight(
    moment: datetime, until: datetime | None
) -> None:
    assert on_call_until([NIGHTS], moment) == until


def test_a_whole_day_on_call_and_the_latest_of_several() -> None:
    sunday = OnCallRow("c", date(2026, 9, 6), date(2026, 9, 6), "08:00", "08:00")
    assert on_call_until([sunday], at(9, day=6)) == at(8, day=7)
    short = OnCallRow("c", date(2026, 9, 1), date(2026, 9, 1), "18:00", "20:00")
    assert on_call_until([short, NIGHTS], at(19)) == at(8, day=2)


@pytest.mark.parametrize(
    ("now", "expected"), [(at(7, 59), False), (at(8), True), (at(16, 59), True), (at(17), False)]
)
def test_at_work_is_within_the_shift(now: datetime, expected: bool) -> None:
    assert is_at_work(crew(), now) is expected
