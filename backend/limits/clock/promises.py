"""What a customer was promised: the due times of a clock as they were told, none of them earlier than the one
before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from backend.limits.clock.reading import NOTHING, Reading


class Promise(NamedTuple):
    """A due time that was told, when, and why it is another one than before (empty for the first)."""

    due_at: datetime
    told_at: datetime
    why: str = ""


def renewed(
    promises: Sequence[Promise], reading: Reading, at: datetime, why: str = ""
) -> tuple[Promise, ...]:
    """The promises after a reading: a later due time is added and the old ones stay beside it; an earlier one
    changes nothing, and neither does a clock that is held. Where one was added, the customer is to be
    told."""
    due = reading.due_at
    # In UTC: times of one zone are compared by its clock, which shows an hour twice when it goes back.
    if due is None or (promises and due.astimezone(UTC) <= promises[-1].due_at.astimezone(UTC)):
        return tuple(promises)
    return (*promises, Promise(due, at, why if promises else ""))


def broken_by(promises: Sequence[Promise], reading: Reading) -> timedelta:
    """How far what was promised last is passed; nothing while the clock is held, or nothing was promised."""
    if not promises or reading.due_at is None:
        return NOTHING
    return max(reading.basis.until - promises[-1].due_at, NOTHING)
