"""Working time: the halves of the days that are worked, as moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from backend.limits.clock.days import Calendar
from backend.limits.clock.hours import Hours

DAY = timedelta(days=1)
MIDNIGHT = time()
# Beyond every moment that is read: where a hold is open, or time has no end.
FAR = datetime(9000, 1, 1, tzinfo=UTC)


class Span(NamedTuple):
    """A stretch of time, its end not in it; moments are in UTC."""

    begins: datetime
    ends: datetime


class Day(NamedTuple):
    """A day from its midnight to the next one, with its halves: none where it is free."""

    date: date
    begins: datetime
    ends: datetime
    halves: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Office hours, a calendar, and the zone whose clock both go by."""

    hours: Hours
    calendar: Calendar
    zone: tzinfo

    def day_of(self, moment: datetime) -> date:
        """The local day of a moment."""
        return moment.astimezone(self.zone).date()

    def moment(self, day: date, at: time) -> datetime:
        """A local time of a day, in UTC."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def halves_of(self, day: date) -> tuple[Span, ...]:
        """Morning and afternoon of a day that is worked."""
        if not self.calendar.is_working(day):
            return ()
        am, pm = self.hours.am, self.hours.pm
        return (
            Span(self.moment(day, am[0]), self.moment(day, am[1])),
            Span(self.moment(day, pm[0]), self.moment(day, pm[1])),
        )

    def halves_from(self, moment: datetime) -> Iterator[Span]:
        """The halves that are worked and not over at a moment, without end."""
        day = self.day_of(moment)
        while True:
            yield from (half for half in self.halves_of(day) if half.ends > moment)
            day += DAY

    def days_from(self, day: date) -> Iterator[Day]:
        """A day and every one after it, without end."""
        begins = self.moment(day, MIDNIGHT)
        while True:
            ends = self.moment(day + DAY, MIDNIGHT)
            yield Day(day, begins, ends, self.halves_of(day))
            day, begins = day + DAY, ends
