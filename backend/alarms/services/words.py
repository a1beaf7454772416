"""Words of alarms: a value with its unit, what administrators are told when one rings, and when it ends."""

from __future__ import annotations

import math

from backend.alarms.services.table import DAY, GIB, HOUR, MINUTE, Alarm, Sample, Unit
from backend.core.sentences import sentence
from geo.sentences import Words


def value_words(unit: Unit, value: float) -> Words:
    """A value as people read it."""
    if math.isinf(value):
        return sentence("alarms.never")
    if unit is Unit.SECONDS:
        return duration_words(value)
    said = f"{value / GIB:.1f} GiB" if unit is Unit.BYTES else f"{value:g}"
    return Words(said, said)


def duration_words(seconds: float) -> Words:
    """A duration in the largest unit of which there are two."""
    if seconds >= 2 * DAY:
        return sentence("alarms.days", count=int(seconds / DAY))
    if seconds >= 2 * HOUR:
        return sentence("alarms.hours", count=int(seconds / HOUR))
    if seconds >= 2 * MINUTE:
        return sentence("alarms.minutes", count=int(seconds / MINUTE))
    return sentence("alarms.seconds", count=int(seconds))


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
        title=alarm.ringing,
        value=sample_words(alarm, sample),
        threshold=value_words(alarm.unit, threshold),
        why=alarm.why,
        do=alarm.do,
    )


def standing_words(alarm: Alarm, sample: Sample, threshold: float) -> Words:
    """What it means where it stands, with how it stands."""
    value, limit = sample_words(alarm, sample), value_words(alarm.unit, threshold)
    return sentence("alarms.standing", why=alarm.why, value=value, threshold=limit)


def cleared_words(alarm: Alarm, lasted_s: float) -> Words:
    """What they are told when it is over."""
    return sentence("alarms.cleared", title=alarm.ringing, lasted=duration_words(lasted_s))
