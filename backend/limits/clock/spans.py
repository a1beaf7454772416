"""The stretches of a clock's time, one after another: what counts, and why the rest does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from backend.limits.clock.days import Calendar
from backend.limits.clock.due import Course, counts
from backend.limits.clock.history import Hold
from backend.limits.clock.limits import Unit, What
from backend.limits.clock.reading import Reading
from backend.limits.clock.working_time import FAR, Day, Span


class Kind(StrEnum):
    """What a stretch of time is to a clock."""

    COUNTED = "counted"
    NOON = "noon"
    NIGHT = "night"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    PAUSE = "pause"
    OUTSIDE = "outside"


FREE = (Kind.WEEKEND, Kind.HOLIDAY)
HELD = {What.PAUSE: Kind.PAUSE, What.LEAVE_COUNTING: Kind.OUTSIDE}
IN_DAYS = (Unit.WORKING_DAYS, Unit.CALENDAR_DAYS)
Names = tuple[str, ...]


class Stretch(NamedTuple):
    """A stretch of one kind, in UTC, its end not in it. `nth` is the half or day of the limit that it belongs
    to (0: none, as the start's own); `names` those of holidays; `is_swapped` where a weekend day is worked;
    `hold` the pause or phase."""

    kind: Kind
    begins: datetime
    ends: datetime
    nth: int = 0
    is_swapped: bool = False
    names: Names = ()
    hold: Hold | None = None


def stretches(reading: Reading) -> list[Stretch]:
    """From the start to the later of due and the reading; nothing where the clock has not begun."""
    course = reading.basis.course
    if course is None:
        return []
    until = max(reading.due_at or reading.basis.until, reading.basis.until)
    window = Span(course.start, until.astimezone(UTC))
    running = _of_days(course, window)
    held = _of_holds(reading.basis.history.holds, window)
    return _run_together(sorted((*running, *held), key=lambda one: one.begins))


def _run_together(ordered: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours that are the same as one; free days in a row are one holiday."""
    found: list[Stretch] = []
    for one in ordered:
        last = found[-1] if found else None
        if last and last.kind in FREE and one.kind in FREE and last.nth == one.nth:
            kind = Kind.HOLIDAY if Kind.HOLIDAY in (last.kind, one.kind) else Kind.WEEKEND
            names = last.names + tuple(name for name in one.names if name not in last.names)
            found[-1] = last._replace(kind=kind, ends=one.ends, names=names)
        elif last and last.kind is one.kind and last[3:] == one[3:]:
            found[-1] = last._replace(ends=one.ends)
        else:
            found.append(one)
    return found


def _of_holds(holds: Sequence[Hold], window: Span) -> Iterator[Stretch]:
    """Held time, cut where another hold takes over: pauses before phases, an earlier before a later one."""
    first = sorted(holds, key=lambda one: one.what is not What.PAUSE)
    turns = {at for one in holds for at in (one.begins, one.ends or FAR)}
    cuts = sorted({*window, *(at for at in turns if window.begins < at < window.ends)})
    for begins, ends in pairwise(cuts):
        hold = next((one for one in first if one.begins <= begins < (one.ends or FAR)), None)
        if hold:
            yield Stretch(HELD[hold.what], begins, ends, hold=hold)


def _of_days(course: Course, window: Span) -> Iterator[Stretch]:
    """What is not held, day by day, each part with its number in the limit."""
    if course.unit is Unit.MINUTES:
        yield from (Stretch(Kind.COUNTED, *span) for span in course.held.running(*window))
        return
    numbers = _Numbers(course)
    for day in course.working_time.days_from(numbers.own_day):
        if day.begins >= window.ends:
            return
        numbers.begin(day)
        for part in _of_day(course.working_time.calendar, day):
            nth = numbers.of(part)
            begins, ends = max(part.begins, window.begins), min(part.ends, window.ends)
            for span in course.held.running(begins, ends):
                yield Stretch(part.kind, *span, nth, part.is_swapped, part.names)


class _Part(NamedTuple):
    """A part of a day as the office keeps it."""

    kind: Kind
    begins: datetime
    ends: datetime
    is_swapped: bool = False
    names: Names = ()


class _Numbers:
    """Numbers the halves or days of a limit as they come by."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.own_day = course.working_time.day_of(course.start)
        self.last = self.of_day = 0
        self.is_only_night = False

    def begin(self, day: Day) -> None:
        """Comes to a day."""
        is_one = self.course.unit in IN_DAYS and day.date != self.own_day and counts(self.course, day)
        self.last += is_one
        self.of_day = self.last if is_one else 0
        # A calendar day of which nothing but a night runs still counts, and is seen there.
        self.is_only_night = (
            is_one
            and self.course.unit is Unit.CALENDAR_DAYS
            and not any(self.course.held.has_running(*half) for half in day.halves)
        )

    def of(self, one: _Part) -> int:
        """Comes to a stretch of the day, whole as yet; 0 where it has no number."""
        if one.kind in (Kind.NOON, Kind.NIGHT):
            return self.of_day if self.is_only_night else 0
        if self.course.unit is not Unit.HALF_DAYS or one.kind is not Kind.COUNTED:
            return self.of_day
        is_one = one.begins > self.course.start and self.course.held.has_running(one.begins, one.ends)
        self.last += is_one
        return self.last if is_one else 0


def _of_day(calendar: Calendar, day: Day) -> Iterator[_Part]:
    if not day.halves:
        kind = Kind.HOLIDAY if calendar.is_holiday(day.date) else Kind.WEEKEND
        name = calendar.names.get(day.date)
        yield _Part(kind, day.begins, day.ends, names=(name,) if name else ())
        return
    is_swapped = calendar.is_swapped(day.date)
    am, pm = day.halves
    yield _Part(Kind.NIGHT, day.begins, am.begins)
    yield _Part(Kind.COUNTED, *am, is_swapped)
    yield _Part(Kind.NOON, am.ends, pm.begins)
    yield _Part(Kind.COUNTED, *pm, is_swapped)
    yield _Part(Kind.NIGHT, pm.ends, day.ends)
