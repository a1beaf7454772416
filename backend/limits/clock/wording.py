"""Words for amounts, moments and stretches of time, in both languages."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import NamedTuple

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


class Shown(NamedTuple):
    """A moment as it is shown: day and weekday in both languages, and the time."""

    local: datetime
    zh: str
    en: str
    clock: str


def shown(moment: datetime, zone: tzinfo) -> Shown:
    """A moment by the clock of a place."""
    local = moment.astimezone(zone)
    zh, en = WEEKDAYS[local.weekday()]
    day = f"{local.month:02}-{local.day:02}"
    return Shown(local, f"{day} {zh}", f"{en} {day}", _clock(local))


def when_words(first: Shown, last: Shown) -> Words:
    """A stretch of time: within one day, or from one to another."""
    if first.zh == last.zh and first.local.date() == last.local.date():
        hours = f"{first.clock}–{last.clock}"
        return Words(f"{first.zh} {hours}", f"{first.en} {hours}")
    return Words(
        f"{first.zh} {first.clock} 至 {last.zh} {last.clock}",
        f"{first.en} {first.clock} to {last.en} {last.clock}",
    )


def _clock(local: datetime) -> str:
    """Hours and minutes, seconds where there are any, the offset where the clock shows this time twice."""
    seconds = f":{local.second:02}" if local.second or local.microsecond else ""
    is_twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    offset = f" (UTC{local.isoformat()[-6:]})" if is_twice else ""
    return f"{local.hour:02}:{local.minute:02}{seconds}{offset}"
