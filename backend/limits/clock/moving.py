"""Whose due times move when working time changes: a calendar is edited, a year is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from backend.limits.clock.limits import Event, Limit
from backend.limits.clock.reading import Reading, read
from backend.limits.clock.working_time import WorkingTime


class Open(NamedTuple):
    """A clock as it is kept: its id, limit, events and round."""

    id: str
    limit: Limit
    events: Sequence[Event]
    round_no: int = 1


class Moved(NamedTuple):
    """A clock that says something else under another working time."""

    id: str
    before: Reading
    after: Reading


def moved(clocks: Iterable[Open], before: WorkingTime, after: WorkingTime, now: datetime) -> Iterator[Moved]:
    """The clocks whose due time, lateness or certainty changes, in their order; nothing is written."""
    for one in clocks:
        first, second = (
            read(one.limit, working_time, one.events, now, round_no=one.round_no)
            for working_time in (before, after)
        )
        if _said(first) != _said(second):
            yield Moved(one.id, first, second)


def _said(reading: Reading) -> tuple[object, ...]:
    return reading.due_at, reading.is_late, reading.is_provisional
