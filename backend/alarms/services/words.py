"""Words of alarms: a value with its unit, and what administrators are told when one rings and when it ends."""

from __future__ import annotations

import math

from backend.alarms.services.table import DAY, GIB, HOUR, MINUTE, Alarm, Sample, Unit
from backend.core.sentences import sentence
from geo.sentences import Words

# Up to so much of the next larger unit a duration is told in the smaller one.
_TOLD_UNTIL = 2


def value_words(unit: Unit, value: float) -> Words:
    """A value as people read it."""
    if math.isinf(value):
        return sentence("alarms.never")
    if unit is Unit.BYTES:
        return sentence("alarms.gib", count=round(value / GIB, 1))
    if unit is Unit.COUNT:
        return Words(f"{value:g}", f"{value:g}")
    for name, seconds in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
        if value >= _TOLD_UNTIL * seconds:
            return sentence(f"alarms.{name}", count=int(value / seconds))
    return sentence("alarms.seconds", count=int(value))


def sample_words(alarm: Alarm, sample: Sample) -> Words:
    """A measured value, with where it was measured."""
    said = sentence("alarms.never") if sample.is_never else value_words(alarm.unit, sample.value)
    if not sample.labels:
        return said
    return sentence("alarms.where", value=said, where=", ".join(sample.labels.values()))


def raised_words(alarm: Alarm, sample: Sample, threshold: float) -> Words:
    """What administrators are told when it rings."""
    return sentence(
        "alarms.raised",
        title=alarm.title,
        value=sample_words(alarm, sample),
        threshold=value_words(alarm.unit, threshold),
        why=alarm.why,
        do=alarm.do,
    )


def cleared_words(alarm: Alarm, lasted_s: float) -> Words:
    """What they are told when it is over."""
    return sentence("alarms.cleared", title=alarm.title, lasted=value_words(Unit.SECONDS, lasted_s))
