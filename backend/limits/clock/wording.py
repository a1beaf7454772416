"""Words for amounts, moments and stretches of time, in both languages."""

from __future__ import annotations

from datetime import datetime, tzinfo

from backend.core.sentences import Words, sentence
from backend.limits.clock.limits import Unit

WEEKDAYS = (("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"), ("周六", "Sat"),
            ("周日", "Sun"))  # fmt: skip
# Where a reason or a name was not given.
UNSAID = "—"


def amount_words(unit: Unit, count: int) -> Words:
    """So many of a unit."""
    if unit is Unit.MINUTES:
        return sentence("limits.minutes", count=count)
    if unit is Unit.WORKING_MINUTES:
        return sentence("limits.working_minutes", count=count)
    if unit is Unit.HALF_DAYS:
        return sentence("limits.half_days", count=count)
    if unit is Unit.WORKING_DAYS:
        return sentence("limits.working_days", count=count)
    return sentence("limits.calendar_days", count=count)


def nth_words(unit: Unit, nth: int) -> Words:
    """Which half or day of a limit."""
    if unit is Unit.HALF_DAYS:
        return sentence("limits.half", nth=nth)
    if unit is Unit.WORKING_DAYS:
        return sentence("limits.working_day", nth=nth)
    return sentence("limits.calendar_day", nth=nth)


def moment_words(moment: datetime, zone: tzinfo) -> Words:
    """A moment with its year and weekday."""
    local = moment.astimezone(zone)
    zh, en = WEEKDAYS[local.weekday()]
    day, clock = local.date().isoformat(), _clock(local)
    return Words(f"{day} {zh} {clock}", f"{en} {day} {clock}")


def when_words(first: datetime, last: datetime) -> Words:
    """A stretch of local time: within one day, or from one to another."""
    zh, en = _day(first)
    at, until = _clock(first), _clock(last)
    if first.date() == last.date():
        return Words(f"{zh} {at}–{until}", f"{en} {at}–{until}")
    to_zh, to_en = _day(last)
    return Words(f"{zh} {at} 至 {to_zh} {until}", f"{en} {at} to {to_en} {until}")


def _day(local: datetime) -> tuple[str, str]:
    zh, en = WEEKDAYS[local.weekday()]
    day = f"{local.month:02}-{local.day:02}"
    return f"{day} {zh}", f"{en} {day}"


def _clock(local: datetime) -> str:
    """Hours and minutes, and seconds where there are any."""
    if local.second or local.microsecond:
        return f"{local.hour:02}:{local.minute:02}:{local.second:02}"
    return f"{local.hour:02}:{local.minute:02}"
