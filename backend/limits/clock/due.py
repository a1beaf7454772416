"""When a limit is due, by its unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from backend.limits.clock.held import Held
from backend.limits.clock.limits import Unit
from backend.limits.clock.working_time import DAY, FAR, Day, Span, WorkingTime

NOTHING = timedelta()


class Course(NamedTuple):
    """What a clock runs on: its unit, working time, start and held time."""

    unit: Unit
    working_time: WorkingTime
    start: datetime
    held: Held


def running_spans(course: Course) -> Iterator[Span]:
    """What runs from the start on, without end: working time (for `minutes` all time) that is not held."""
    if course.unit is Unit.MINUTES:
        yield from course.held.running(course.start, FAR)
        return
    open_from = course.held.open_from
    for half in course.working_time.halves_from(course.start):
        if half.begins >= open_from:
            return
        yield from course.held.running(max(half.begins, course.start), half.ends)


def running_time(spans: Iterable[Span], until: datetime) -> timedelta:
    """How much of some spans is over at a moment."""
    total = NOTHING
    for span in spans:
        if span.begins >= until:
            break
        total += min(span.ends, until) - span.begins
    return total


def moment_reached(spans: Iterable[Span], amount: timedelta) -> datetime | None:
    """The first instant by which so much has run; None where there is not so much."""
    for begins, ends in spans:
        if ends - begins >= amount:
            return begins + amount
        amount -= ends - begins
    return None


def due_after(course: Course, amount: int) -> datetime | None:
    """When so many of the unit are over: never inside a hold, None while one that began before is open."""
    if course.unit.is_time:
        return moment_reached(running_spans(course), timedelta(minutes=amount))
    if course.unit is Unit.HALF_DAYS:
        return _after_halves(course, amount)
    return _after_days(course, amount)


def spent_halves(course: Course, until: datetime) -> int:
    """Halves begun after the start that ran before a moment: at least the one that was begun."""
    spent = 0
    for half in course.working_time.halves_from(course.start):
        if half.begins >= min(until, course.held.open_from):
            break
        if half.begins > course.start:
            spent += course.held.has_running(half.begins, min(half.ends, until))
    return max(1, spent)


def _after_halves(course: Course, amount: int) -> datetime | None:
    held, count = course.held, 0
    for half in course.working_time.halves_from(course.start):
        if half.begins >= held.open_from:
            return None
        # Strictly after: the half that begins with the start is the start's own.
        if half.begins > course.start and held.has_running(*half):
            count += 1
        if count >= amount and not held.is_held_up_to(half.ends):
            return half.ends
    return None


def counts(course: Course, day: Day) -> bool:
    """Whether a day after the start's own counts for a limit in days: a calendar day unless it is held whole,
    a working day if any of its hours run."""
    if course.unit is Unit.CALENDAR_DAYS:
        return course.held.has_running(day.begins, day.ends)
    return any(course.held.has_running(*half) for half in day.halves)


def _after_days(course: Course, amount: int) -> datetime | None:
    held, count = course.held, 0
    for day in days_after(course):
        if day.begins >= held.open_from:
            return None
        count += counts(course, day)
        if count >= amount and day.halves and not held.is_held_up_to(day.halves[-1].ends):
            return day.halves[-1].ends
    return None


def days_after(course: Course) -> Iterator[Day]:
    """The days after the start's own, which never counts: every day begins at midnight."""
    own = course.working_time.day_of(course.start)
    return course.working_time.days_from(own + DAY)
