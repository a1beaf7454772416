"""What happened to one clock, in the order in which it counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from backend.limits.clock.limits import ENDS, Event, What


class Told(NamedTuple):
    """An event and when it counts."""

    at: datetime
    id: str
    event: Event


class Hold(NamedTuple):
    """Time that does not run: an approved pause, or a phase outside; `ends` None while it is open."""

    what: What
    begins: datetime
    ends: datetime | None
    event: Event


@dataclass(frozen=True, slots=True)
class History:
    """One round of a clock: everything up to its end, or up to the moment of the reading."""

    told: tuple[Told, ...]
    start: datetime | None
    end: Told | None
    holds: tuple[Hold, ...]


def history_of(events: Iterable[Event], round_no: int, now: datetime | None) -> History:
    """The events of a round that have happened by `now`, up to the first finish or cancel.

    They are put in order of (counted time, id), so that arrival does not matter.
    """
    told = sorted(
        (Told(one.counted_at(), one.id, one) for one in events if one.round_no == round_no),
        key=lambda one: one[:2],
    )
    if now is not None:
        told = [one for one in told if one.at <= now]
    last = next((n for n, one in enumerate(told) if one.event.what in ENDS), None)
    if last is not None:
        told = told[: last + 1]
    start = next((one.at for one in told if one.event.what is What.START), None)
    holds = sorted((*_pauses(told), *_phases(told)), key=lambda one: one.begins)
    return History(tuple(told), start, None if last is None else told[-1], tuple(holds))


def _pauses(told: list[Told]) -> Iterable[Hold]:
    """Approved pauses, from their own time to the first resume of each."""
    resumes = [one for one in told if one.event.what is What.RESUME]
    for one in told:
        if one.event.what is not What.PAUSE or one.event.approved is not True:
            continue
        its = [resume.at for resume in resumes if resume.event.of == one.id]
        # A resume that counts before its pause, which only a moved clock brings about: it was no pause.
        ends = next((at for at in its if at >= one.at), one.at if its else None)
        yield Hold(What.PAUSE, one.at, ends, one.event)


def _phases(told: list[Told]) -> Iterable[Hold]:
    """Phases that do not count, from leaving to the next entering."""
    left: Told | None = None
    for one in told:
        if one.event.what is What.LEAVE_COUNTING and left is None:
            left = one
        elif one.event.what is What.ENTER_COUNTING and left is not None:
            yield Hold(What.LEAVE_COUNTING, left.at, one.at, left.event)
            left = None
    if left is not None:
        yield Hold(What.LEAVE_COUNTING, left.at, None, left.event)
