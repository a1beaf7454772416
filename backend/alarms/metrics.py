"""Metrics of alarms: what each is measured by, its threshold, and whether it rings."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from backend.alarms.queries.raised import open_alarms
from backend.alarms.services.standing import standings
from backend.core.queries.gauges import Gauge

THRESHOLD = "wangge_alarm_threshold"
RINGING = "wangge_alarm_ringing"


def of_alarms(session: Session) -> Iterator[Gauge]:
    """A metric for each alarm, and two for all of them by `alarm`."""
    found, ringing = standings(session), open_alarms(session)
    for one in found:
        for sample in one.samples:
            yield Gauge(one.alarm.metric, one.alarm.title.en, sample.value, sample.labels)
    for one in found:
        yield Gauge(THRESHOLD, "Past this the alarm rings", one.threshold, {"alarm": one.alarm.code})
    for one in found:
        rings = float(one.alarm.code in ringing)
        yield Gauge(RINGING, "1 while the alarm rings", rings, {"alarm": one.alarm.code})


METRICS = (of_alarms,)
