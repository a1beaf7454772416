"""Clocks where no golden case stands: before the start, other zones, promises, changed calendars, purity."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backend.limits.clock.days import Calendar, calendar_from
from backend.limits.clock.hours import Hours, HoursDisordered, HoursRefused
from backend.limits.clock.limits import Event, Limit, State, Unit, What
from backend.limits.clock.moving import Open, moved
from backend.limits.clock.promises import Promise, broken_by, renewed
from backend.limits.clock.reading import NoMoment, read
from backend.limits.clock.working_time import WorkingTime
from tests.limits.test_golden import OFFICE, at

DAYS = Limit(2, Unit.WORKING_DAYS)
START = Event("1", What.START, at("07-27 10:00"))


def test_a_clock_before_its_start_waits_and_nothing_is_due() -> None:
    for events in ([], [Event("1", What.START, at("07-28 10:00"))]):
        found = read(DAYS, OFFICE, events, at("07-27 10:00"))
        assert (found.state, found.due_at, found.spent_half_days) == (State.WAITING, None, 0)
        assert (found.warnings, found.fired, found.is_late) == ({50: None, 80: None, 100: None}, (), False)
    minutes = read(Limit(5, Unit.MINUTES), OFFICE, [], at("07-27 10:00"))
    assert (minutes.spent, minutes.spent_half_days) == (timedelta(), None)


def test_what_was_ended_before_it_began_has_ended() -> None:
    events = [Event("1", What.CANCEL, at("07-27 09:00")), Event("2", What.START, at("07-27 10:00"))]
    found = read(DAYS, OFFICE, events, at("07-28 10:00"))
    assert (found.state, found.due_at, found.is_late) == (State.CANCELLED, None, False)


def test_a_clock_that_runs_is_not_read_without_a_moment() -> None:
    with pytest.raises(NoMoment):
        read(DAYS, OFFICE, [START])
    assert read(DAYS, OFFICE, [START, Event("2", What.FINISH, at("07-28 10:00"))]).state is State.FINISHED


def test_a_finish_that_lies_ahead_has_not_happened() -> None:
    events = [START, Event("2", What.FINISH, at("07-29 10:00"))]
    assert read(DAYS, OFFICE, events, at("07-28 10:00")).state is State.RUNNING
    assert read(DAYS, OFFICE, events, at("07-29 10:00")).state is State.FINISHED


def test_the_share_is_what_has_run_of_what_runs_until_due() -> None:
    shares = [
        read(DAYS, OFFICE, [START], at(now)).share for now in ("07-27 10:00", "07-28 14:00", "07-29 17:00")
    ]
    # Six hours run on the first day, seven and a half on each of the two that count.
    assert shares == [0, pytest.approx(10.5 / 21), 1]
    late = read(DAYS, OFFICE, [START], at("07-30 12:00"))
    assert late.share == pytest.approx(24.5 / 21)


def test_each_percentage_is_told_once_though_a_pause_moves_it_away() -> None:
    warned = read(DAYS, OFFICE, [START], at("07-28 14:00"))
    assert warned.to_warn(sent=()) == (50,)
    approved_later = Event("2", What.PAUSE, at("07-28 08:00"), approved=True)
    resumed = Event("3", What.RESUME, at("07-28 15:00"), of="2")
    moved_away = read(DAYS, OFFICE, [START, approved_later, resumed], at("07-28 16:00"))
    assert moved_away.fired == ()
    again = read(DAYS, OFFICE, [START, approved_later, resumed], at("07-29 16:00"))
    assert again.fired == (50, 80)
    assert again.to_warn(sent=(50,)) == (80,)


def test_finished_while_held_is_neither_due_nor_late() -> None:
    held = Event("2", What.PAUSE, at("07-28 10:00"), approved=True)
    found = read(DAYS, OFFICE, [START, held, Event("3", What.FINISH, at("09-01 10:00"))])
    assert (found.due_at, found.is_late, found.share) == (None, False, None)
    after = Event("2", What.PAUSE, at("07-29 17:00"), approved=True)
    late = read(DAYS, OFFICE, [START, after], at("07-29 17:01"))
    assert (late.state, late.due_at, late.late_by_minutes) == (State.PAUSED, at("07-29 17:00"), 1)


def test_cancelling_does_not_wipe_lateness() -> None:
    events = [START, Event("2", What.CANCEL, at("07-30 08:00"))]
    found = read(DAYS, OFFICE, events)
    assert (found.state, found.is_late, found.late_by_minutes) == (State.CANCELLED, True, 900)


def test_a_phase_left_twice_is_over_with_the_first_return() -> None:
    events = [
        START,
        Event("2", What.LEAVE_COUNTING, at("07-28 00:00")),
        Event("3", What.LEAVE_COUNTING, at("07-28 12:00")),
        Event("4", What.ENTER_COUNTING, at("07-29 00:00")),
    ]
    found = read(DAYS, OFFICE, events, at("07-29 09:00"))
    assert (found.state, found.due_at) == (State.RUNNING, at("07-30 17:00"))


def test_an_event_by_a_moved_clock_needs_its_receipt() -> None:
    with pytest.raises(ValueError, match="without the time of receipt"):
        read(DAYS, OFFICE, [Event("1", What.START, at("07-27 10:00"), grade="moved")], at("07-28 10:00"))


@pytest.mark.parametrize(("amount", "percents"), [(0, (50,)), (-1, ()), (1, (0,)), (1, (101,))])
def test_a_limit_without_an_amount_is_none(amount: int, percents: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"limit of|warnings at"):
        Limit(amount, Unit.MINUTES, percents)


def test_hours_are_those_of_a_service_window() -> None:
    with pytest.raises(HoursRefused):
        Hours((time(9), time(12)), (time(13), time(17)))
    with pytest.raises(HoursDisordered):
        Hours((time(8), time(12)), (time(11), time(17)))
    assert Hours((time(8), time(12)), (time(12), time(18))).pm[0] == time(12)


def test_days_and_minutes_keep_to_the_clock_of_a_place_with_summer_time() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    place = WorkingTime(OFFICE.hours, Calendar(published=frozenset({2026})), zone)
    # In the night to Sunday, 8 March, the hour from two to three is left out.
    start = datetime(2026, 3, 6, 16, tzinfo=zone)
    days = read(Limit(1, Unit.WORKING_DAYS), place, [Event("1", What.START, start)], start)
    assert days.due_at == datetime(2026, 3, 9, 17, tzinfo=zone)
    night = datetime(2026, 3, 8, 1, 30, tzinfo=zone)
    minutes = read(Limit(60, Unit.MINUTES), place, [Event("1", What.START, night)], night)
    assert minutes.due_at is not None
    assert minutes.due_at.isoformat() == "2026-03-08T03:30:00-07:00"
    whole = [
        Event("1", What.START, start),
        Event("2", What.PAUSE, datetime(2026, 3, 8, tzinfo=zone), approved=True),
        Event("3", What.RESUME, datetime(2026, 3, 9, tzinfo=zone), of="2"),
    ]
    held = read(Limit(2, Unit.CALENDAR_DAYS), place, whole, datetime(2026, 3, 9, 8, tzinfo=zone))
    # Saturday and Monday: all 23 hours of that Sunday were held.
    assert held.due_at == datetime(2026, 3, 9, 17, tzinfo=zone)


def test_what_was_promised_never_moves_earlier_and_the_old_stays_beside_the_new() -> None:
    first = read(DAYS, OFFICE, [START], at("07-27 10:00"))
    promises = renewed((), first, at("07-27 10:00"), "accepted")
    assert promises == (Promise(at("07-29 17:00"), at("07-27 10:00")),)
    assert renewed(promises, first, at("07-27 11:00")) == promises
    more = Event("2", What.EXTEND, at("07-28 10:00"), amount=1, approved=True)
    longer = read(DAYS, OFFICE, [START, more], at("07-28 11:00"))
    both = renewed(promises, longer, at("07-28 11:00"), "road permit")
    assert both == (*promises, Promise(at("07-30 17:00"), at("07-28 11:00"), "road permit"))
    assert renewed(both, first, at("07-28 12:00")) == both
    held = read(
        DAYS, OFFICE, [START, Event("3", What.PAUSE, at("07-28 12:00"), approved=True)], at("07-28 13:00")
    )
    assert renewed(both, held, at("07-28 13:00")) == both
    assert broken_by(both, held) == timedelta()
    assert broken_by((), first) == timedelta()


def test_a_promise_is_broken_by_what_was_told_and_not_by_the_clock() -> None:
    promises = (Promise(at("07-29 17:00"), at("07-27 10:00")), Promise(at("07-30 17:00"), at("07-28 10:00")))
    found = read(DAYS, OFFICE, [START, Event("2", What.FINISH, at("07-30 18:00"))])
    assert found.late_by == timedelta(hours=25)
    assert broken_by(promises, found) == timedelta(hours=1)
    assert broken_by(promises, read(DAYS, OFFICE, [START], at("07-30 17:00"))) == timedelta()


def test_it_is_seen_beforehand_whose_due_times_a_calendar_moves() -> None:
    late = Event("1", What.START, at("12-30 16:00"))
    clocks = [
        Open("summer", DAYS, [START]),
        Open("winter", DAYS, [late]),
        Open("minutes", Limit(60, Unit.MINUTES), [late]),
    ]
    published = OFFICE.calendar.publishing(2027, {date(2027, 1, 1): False}, {date(2027, 1, 1): "元旦"})
    after = WorkingTime(OFFICE.hours, published, OFFICE.zone)
    found = list(moved(clocks, OFFICE, after, at("12-30 17:00")))
    assert [one.id for one in found] == ["winter"]
    assert found[0].before.due_at == datetime.fromisoformat("2027-01-01T17:00:00+08:00")
    assert found[0].after.due_at == datetime.fromisoformat("2027-01-04T17:00:00+08:00")
    assert (found[0].before.is_provisional, found[0].after.is_provisional) == (True, False)


def test_a_calendar_is_made_of_the_years_records() -> None:
    days = [
        {"day": "2026-12-31", "is_working": False, "name": "夜"},
        {"day": "2027-01-01", "is_working": False, "name": "元旦"},
    ]
    other = {"year": 2026, "is_published": False, "days": [{"day": "2027-01-01", "is_working": True}]}
    records = [{"year": 2027, "is_published": True, "days": days}, other]
    for given in (records, records[::-1]):
        found = calendar_from(given)
        assert not found.is_working(date(2026, 12, 31))
        assert not found.is_working(date(2027, 1, 1))
        assert found.published == {2027}
    edited = found.edited({date(2027, 1, 1): True})
    assert edited.is_working(date(2027, 1, 1))
    assert not edited.is_holiday(date(2027, 1, 1))
    assert not found.edited({}).is_working(date(2027, 1, 1))


def test_the_clock_knows_no_database_and_no_time_of_its_own() -> None:
    loads = "import sys; import backend.limits.reading.case_files as _; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert {"sqlalchemy", "psycopg", "flask", "celery", "redis"}.isdisjoint(done.stdout.split())
    for path in Path("backend/limits/clock").glob("*.py"):
        called = {
            ast.unparse(one.func)
            for one in ast.walk(ast.parse(path.read_text()))
            if isinstance(one, ast.Call)
        }
        assert not {one for one in called if one.split(".")[-1] in ("now", "today", "utcnow", "monotonic")}
