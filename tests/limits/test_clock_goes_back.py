"""The hour that a city's clock shows twice, and the one that it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.limits.clock.days import Calendar
from backend.limits.clock.explaining import explain
from backend.limits.clock.hours import Hours
from backend.limits.clock.limits import Event, Limit, Unit, What
from backend.limits.clock.promises import renewed
from backend.limits.clock.reading import Reading, read
from backend.limits.clock.working_time import WorkingTime

NEW_YORK = ZoneInfo("America/New_York")
HOURS = Hours((time(8, 30), time(12)), (time(13), time(17)))
AT_WORK = WorkingTime(HOURS, Calendar(published=frozenset({2026})), NEW_YORK)


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def urgent(minutes: int, *events: Event, now: datetime) -> Reading:
    return read(Limit(minutes, Unit.MINUTES), AT_WORK, events, now)


# New York's clock goes from 02:00 back to 01:00 at 06:00 UTC on 1 November 2026.
START = Event("1", What.START, utc(1, 4, 30))
PAUSE = Event("2", What.PAUSE, utc(1, 5, 50), approved=True, why="cordon", by="S1")
RESUME = Event("3", What.RESUME, utc(1, 6, 20), of="2")


def test_an_explanation_is_in_order_and_says_which_of_two_equal_times_it_means() -> None:
    reading = urgent(120, START, PAUSE, RESUME, now=utc(1, 6, 30))
    assert reading.due_at == utc(1, 7)
    said = [line for line in explain(reading) if line.ends is not None]
    assert [line.begins.astimezone(UTC) for line in said if line.begins] == [START.at, PAUSE.at, RESUME.at]
    both = "01:50 (UTC-04:00)–01:20 (UTC-05:00)"
    assert both in said[1].words.en
    assert both in said[1].words.zh
    assert "(UTC" not in explain(reading)[1].words.en


def test_a_promise_moves_later_over_the_hour_that_comes_twice() -> None:
    first = renewed((), urgent(80, START, now=utc(1, 5)), utc(1, 5))
    assert first[0].due_at.astimezone(UTC) == utc(1, 5, 50)
    extended = (START, Event("2", What.EXTEND, utc(1, 5, 10), approved=True, amount=20))
    later = renewed(first, urgent(80, *extended, now=utc(1, 5, 20)), utc(1, 5, 20), "cordon")
    assert [one.due_at.astimezone(UTC) for one in later] == [utc(1, 5, 50), utc(1, 6, 10)]
    assert renewed(later, urgent(80, START, now=utc(1, 5, 30)), utc(1, 5, 30)) == later


def test_days_of_23_and_25_hours_are_days() -> None:
    for month, own, hours in ((3, 7, 23), (10, 31, 25)):
        midnight = datetime(2026, month, own, tzinfo=NEW_YORK)
        held = [(midnight + timedelta(days=n)).astimezone(UTC) for n in (1, 2)]
        assert held[1] - held[0] == timedelta(hours=hours)
        events = [
            Event("1", What.START, midnight + timedelta(hours=10)),
            Event("2", What.PAUSE, held[0], approved=True),
            Event("3", What.RESUME, held[1], of="2"),
        ]
        reading = read(Limit(1, Unit.CALENDAR_DAYS), AT_WORK, events, held[1])
        # Sunday is held whole: Monday is the first day. A minute less, and Sunday was.
        monday = (midnight + timedelta(days=2)).date()
        assert reading.due_at == datetime.combine(monday, time(17), NEW_YORK)
        shorter = [*events[:2], Event("3", What.RESUME, held[1] - timedelta(minutes=1), of="2")]
        two = read(Limit(2, Unit.CALENDAR_DAYS), AT_WORK, shorter, held[1])
        assert two.due_at == reading.due_at
        assert read(Limit(2, Unit.CALENDAR_DAYS), AT_WORK, events, held[1]).due_at != two.due_at
