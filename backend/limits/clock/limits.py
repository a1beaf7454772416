"""What a limit is, and what happens to a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Unit(StrEnum):
    """What a limit counts in."""

    MINUTES = "minutes"
    WORKING_MINUTES = "working_minutes"
    HALF_DAYS = "half_days"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"

    @property
    def is_time(self) -> bool:
        """Whether it is an amount of time, and not a number of halves or days."""
        return self in (Unit.MINUTES, Unit.WORKING_MINUTES)


class What(StrEnum):
    """What an event does to a clock."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    LEAVE_COUNTING = "leave_counting"
    ENTER_COUNTING = "enter_counting"
    EXTEND = "extend"
    FINISH = "finish"
    CANCEL = "cancel"


class State(StrEnum):
    """Where a clock stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    OUTSIDE = "outside"
    FINISHED = "finished"
    CANCELLED = "cancelled"


ENDS = {What.FINISH: State.FINISHED, What.CANCEL: State.CANCELLED}
# How far an event's own time can be trusted (`sync.honest_time`): what a moved clock says is not.
MOVED = "moved"
GRADES = ("proven", "claimed", MOVED)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of a unit, with the shares of it at which people are warned; `code`, `edition` and `clause` say
    where it comes from."""

    amount: int
    unit: Unit
    warn_percent: tuple[int, ...] = (50, 80, 100)
    code: str = ""
    edition: str = ""
    clause: str = ""

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError(f"a limit of {self.amount}: an empty limit is none")
        if not all(1 <= percent <= 100 for percent in self.warn_percent):
            raise ValueError(f"warnings at {self.warn_percent}: between 1 and 100 %")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a clock: aware times, `of` the pause that a resume ends, `amount` what an
    extension adds in the limit's unit, `approved` as it is known (None: asked, undecided)."""

    id: str
    what: What
    at: datetime
    received_at: datetime | None = None
    grade: str = "proven"
    round_no: int = 1
    of: str = ""
    amount: int = 0
    approved: bool | None = None
    why: str = ""
    by: str = ""

    def counted_at(self) -> datetime:
        """When it counts, in UTC: its own time, or that of receipt where the clock was moved.

        Raises ValueError where that is missing.
        """
        if self.grade != MOVED:
            return self.at.astimezone(UTC)
        if self.received_at is None:
            raise ValueError(f"event {self.id}: by a moved clock, and without the time of receipt")
        return self.received_at.astimezone(UTC)
