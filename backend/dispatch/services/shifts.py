"""The hours of a crew: its shifts and the break inside them.

The shift that runs or comes next, and the one that begins on a day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from backend.core.queries.scopes import day_begins, in_city
from backend.dispatch.queries.field_day import CrewRow
from backend.people.kinds.crew_hours import Odd, odd_break
from geo.routing.problem import Pause

Hours = tuple[datetime, datetime]


def shift_of(now: datetime, start: str, end: str) -> Hours:
    """The shift that is running or comes next; one that ends before it starts goes over midnight."""
    begin, finish = (
        now.replace(hour=int(t[:2]), minute=int(t[3:]), second=0, microsecond=0) for t in (start, end)
    )
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


def pause_of(crew: CrewRow, hours: Hours, free: datetime, second: Callable[[datetime], int]) -> Pause | None:
    """The break of a shift with these hours, of a crew that is free from `free` on.

    None where it has none, is over, no longer ends within the shift, or contradicts it (an old record: what
    is saved today does not).
    """
    begin, finish = hours
    if not (crew.break_minutes and crew.break_from and crew.break_until) or lost_break(crew):
        return None
    first, last = (clock_after(in_city(begin), clock) for clock in (crew.break_from, crew.break_until))
    last = min(last, in_city(finish) - timedelta(minutes=crew.break_minutes))
    return None if last < max(first, free) else Pause(crew.break_minutes * 60, (second(first), second(last)))


def lost_break(crew: CrewRow) -> Odd | None:
    """Why a crew's break cannot be kept on any day; None where it can, or there is none."""
    odd = odd_break(crew.shift_start, crew.shift_end, crew.break_from, crew.break_until, crew.break_minutes)
    return next((one for one in odd if one.is_lost), None)
