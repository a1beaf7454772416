"""The hours of a crew: the shift that runs or comes next, and the one that begins on a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from backend.queries.scopes import day_begins

Hours = tuple[datetime, datetime]


def shift_of(now: datetime, start: str, end: str) -> Hours:
    """The shift that is running or comes next; one that ends before it starts goes over midnight."""
    begin, finish = (now.replace(hour=int(t[:2]), minute=int(t[3:]), second=0, microsecond=0) for t in (start, end))
    if finish <= begin:
        if now < finish:
            begin -= timedelta(days=1)
        else:
            finish += timedelta(days=1)
    if now >= finish:
        begin, finish = begin + timedelta(days=1), finish + timedelta(days=1)
    return begin, finish


def shift_on(day: date, start: str, end: str) -> Hours:
    """The shift that begins on a day, and ends on it or in the night after."""
    return shift_of(clock_after(day_begins(day), start), start, end)


def clock_after(begin: datetime, clock: str) -> datetime:
    """The first such time of day at or after a moment."""
    found = begin.replace(hour=int(clock[:2]), minute=int(clock[3:]), second=0, microsecond=0)
    return found if found >= begin else found + timedelta(days=1)
