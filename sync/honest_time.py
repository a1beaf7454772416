"""Event times of offline work: when it happened, and how far that can be trusted; three clocks, three
grades.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.change import Grade

AGREEMENT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A moment at which phone and server spoke.

    The phone's boot and monotonic clock, and the server's time then.
    """

    boot: str
    monotonic_ms: int
    server_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """The corrected time of an event and its grade."""

    at: datetime
    grade: Grade


@dataclass(frozen=True, slots=True)
class Receipt:
    """When work was first received, and what its time was judged to be then.

    Fixed, however long it is held.
    """

    received_at: datetime
    judged: Judged


def judge(
    happened_at: datetime,
    *,
    boot: str | None,
    monotonic_ms: int | None,
    sent_at: datetime,
    received_at: datetime,
    exchanges: dict[str, Exchange],
) -> Judged:
    """Correct a device's time and grade it.

    In a boot the server has spoken with, the monotonic clock gives the true time; the device's own clock must
    agree within two minutes (after the skew measured now), else somebody moved it. Without such a boot the
    device's time is taken with the skew removed and called claimed. No event lies after its receipt.
    """
    skew = received_at - sent_at
    corrected = _shifted(happened_at, skew, received_at)
    exchange = exchanges.get(boot or "")
    if exchange is None or monotonic_ms is None:
        return Judged(min(corrected, received_at), Grade.CLAIMED)
    elapsed_ms = max(min(monotonic_ms - exchange.monotonic_ms, 10**11), -(10**11))
    true_time = min(exchange.server_at + timedelta(milliseconds=elapsed_ms), received_at)
    grade = Grade.PROVEN if abs(corrected - true_time) <= AGREEMENT else Grade.MOVED
    return Judged(true_time, grade)


def _shifted(moment: datetime, by: timedelta, fallback: datetime) -> datetime:
    """A clock in year 1 or 9999 must not raise; such a time is taken as the receipt's."""
    try:
        return moment + by
    except OverflowError:
        return fallback


def effective(judged: Judged, seen: list[datetime], received_at: datetime) -> datetime:
    """The time an edit counts from, fixed at first receipt.

    After every write it had seen, never after receipt.
    """
    floor = max(seen, default=None)
    at = judged.at
    if floor is not None and at <= floor:
        at = floor + timedelta(microseconds=1)
    return min(at, max(received_at, floor + timedelta(microseconds=1) if floor else received_at))
