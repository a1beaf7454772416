"""Which day a job belongs to, at the edges.

Nights, windows over days, times that were given and given again.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from backend.dispatch.queries.field_day import CrewRow, JobRow
from backend.dispatch.services.job_days import (
    Place,
    Promise,
    is_day_over,
    is_for_now,
    last_days,
    place_of,
    promise_of,
    stand_of,
)
from backend.dispatch.services.shifts import shift_on
from tests.factories import CITY

TODAY = date(2026, 9, 1)


def at(hour: int, *, day: int = 1) -> datetime:
    """An hour of September; its day 31 is the last of August."""
    return datetime(2026, 8 if day == 31 else 9, day, hour, tzinfo=CITY)


NOW = at(10)


def crew(name: str = "c", start: str = "08:00", end: str = "17:00") -> CrewRow:
    return CrewRow(name, name, [], start, end, None, None, None, None, None, None, "l")


DAY, NIGHT, DAWN = crew("c"), crew("n", "20:00", "06:00"), crew("d", "01:00", "09:00")
KNOWN = {one.id: one for one in (DAY, NIGHT, DAWN)}


def job(**more: Any) -> JobRow:
    values: dict[str, Any] = {
        "id": "j",
        "number": "W1",
        "version": 1,
        "state": "dispatched" if more.get("crew_id") else "received",
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


def placed(one: JobRow, on: int = 1, now: datetime = NOW) -> Place:
    return place_of(one, KNOWN, (DAY, NIGHT), now, date(2026, 9, on))


@pytest.mark.parametrize(
    ("first", "last", "crews", "days"),
    [
        (at(9), at(11), (DAY,), {1}),
        (at(9), at(11, day=3), (DAY,), {1, 2, 3}),
        (at(20), at(0, day=2), (DAY,), {1}),
        (at(2, day=2), at(5, day=2), (DAY,), {2}),
        (at(2, day=2), at(5, day=2), (DAY, NIGHT), {1}),
        (at(2, day=2), at(5, day=2), (NIGHT, DAWN), {2}),
        (at(5, day=2), at(9, day=2), (DAY, NIGHT), {2}),
        (at(14), None, (DAY,), {1}),
        (None, at(12, day=2), (DAY,), {1, 2}),
        (None, None, (DAY,), set()),
    ],
    ids=[
        "a morning",
        "three days",
        "until midnight",
        "nobody at night",
        "the night before",
        "a crew of its own",
        "into the day",
        "from",
        "until",
        "none",
    ],
)
def test_an_appointment_has_its_days(
    first: datetime | None, last: datetime | None, crews: tuple[CrewRow, ...], days: set[int]
) -> None:
    one = job(appointment_from=first, appointment_until=last)
    found = {on for on in (1, 2, 3, 4) if promise_of(one, crews, NOW, date(2026, 9, on)) is Promise.THIS}
    assert found == days
    assert promise_of(one, crews, at(1, day=9), TODAY) is (Promise.PASSED if days else Promise.NONE)


@pytest.mark.parametrize(
    ("more", "day", "is_over"),
    [
        ({"crew_id": "c", "planned_at": at(11)}, 1, False),
        ({"crew_id": "c", "planned_at": at(11, day=2), "given_at": at(9)}, 2, False),
        ({"crew_id": "n", "planned_at": at(2)}, 31, True),
        ({"crew_id": "n", "planned_at": at(2, day=2)}, 1, False),
        ({"crew_id": "c", "planned_at": at(22, day=31)}, 31, True),
        ({"crew_id": "c", "planned_at": at(22)}, 1, False),
        ({"crew_id": "c", "given_at": at(9)}, 1, False),
        ({"crew_id": "c", "given_at": at(18, day=31)}, 1, False),
        ({"crew_id": "c", "planned_at": at(9, day=31), "given_at": at(9)}, 1, False),
        ({"crew_id": "c", "given_at": at(9), "appointment_from": at(9, day=4)}, 4, False),
        ({"crew_id": "gone", "planned_at": at(9)}, 1, False),
    ],
    ids=[
        "today",
        "tomorrow",
        "last night",
        "tonight",
        "on call last night",
        "on call tonight",
        "by hand",
        "by hand in the evening",
        "given again",
        "by hand for a day",
        "a crew that is gone",
    ],
)
def test_a_job_stands_in_somebodys_day(more: dict[str, Any], day: int, is_over: bool) -> None:
    stand = stand_of(job(**more), KNOWN, NOW)
    assert stand is not None
    assert (stand.day.day, stand.is_over) == (day, is_over)


def test_nobodys_job_stands_in_no_day() -> None:
    assert stand_of(job(planned_at=at(9)), KNOWN, NOW) is None
    assert stand_of(job(crew_id="c"), KNOWN, NOW) is None
    assert placed(job(crew_id="c")) == Place(True, may_withdraw=True)
    assert placed(job(crew_id="c"), on=2) == Place(True)


def test_what_a_plan_may_do_with_a_job() -> None:
    friday = {"appointment_from": at(9, day=4), "appointment_until": at(11, day=4)}
    assert not placed(job(**friday)).is_in
    assert placed(job(crew_id="c", planned_at=at(11), **friday)) == Place(
        False, promise=Promise.OTHER, is_odd=True
    )
    assert not placed(job(crew_id="c", planned_at=at(11)), on=2).is_in
    assert placed(job(crew_id="c", planned_at=at(11)), on=2, now=at(17)) == Place(True)
    assert placed(job(crew_id="c", planned_at=at(11, day=2)), on=2) == Place(True, may_withdraw=True)
    # Planned for tomorrow against an appointment of today: today's plan may take it, never
    # leave it with nobody.
    today = {"appointment_from": at(13), "appointment_until": at(15)}
    assert placed(job(crew_id="c", planned_at=at(9, day=2), **today)) == Place(True, promise=Promise.THIS)
    long = {"appointment_from": at(9), "appointment_until": at(17, day=3)}
    assert not placed(job(crew_id="c", planned_at=at(9, day=2), **long)).is_in
    assert not placed(job(**today), on=2).is_in
    assert placed(job(**today), on=2, now=at(16)).promise is Promise.PASSED
    assert placed(job(state="paused", crew_id="c"), on=2) == Place(True)


def test_what_is_to_be_done_now_is_of_the_running_or_the_next_shift() -> None:
    def is_now(one: JobRow, now: datetime) -> bool:
        return is_for_now(one, KNOWN, last_days(KNOWN, now), (DAY, NIGHT), now)

    next_day = job(crew_id="c", planned_at=at(9, day=2))
    assert not is_now(next_day, NOW)
    assert is_now(next_day, at(18))
    assert is_now(job(crew_id="n", planned_at=at(2)), at(1))
    assert is_now(job(crew_id="n", planned_at=at(23)), at(3, day=2))
    assert not is_now(job(crew_id="n", planned_at=at(23, day=2)), at(3, day=2)), "the next night's"
    assert is_now(job(appointment_from=at(13), appointment_until=at(15)), NOW)
    assert not is_now(job(appointment_from=at(13, day=2), appointment_until=at(15, day=2)), NOW)
    assert is_now(job(crew_id="c", state="en_route", planned_at=at(9, day=2)), NOW)


def test_a_day_is_over_with_its_last_shift() -> None:
    assert not is_day_over((DAY, NIGHT), at(5, day=2), TODAY)
    assert is_day_over((DAY, NIGHT), at(6, day=2), TODAY)
    assert is_day_over((DAY,), at(17), TODAY)
    assert not is_day_over((), at(23), TODAY)
    assert shift_on(TODAY, "20:00", "06:00") == (at(20), at(6, day=2))
