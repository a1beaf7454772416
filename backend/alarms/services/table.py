"""The table of alarms: what each is measured by, its usual threshold, how grave it is.

One entry is all an alarm needs: from it follow its metric, its alert rule (`deploy/alarms.py`), its line on
the checklist and its messages. Its words stand in `messages.toml` under its code: what is watched (`_title`),
what is wrong while it rings (`_rings`), what that means (`_why`), what to do (`_do`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sqlalchemy.orm import Session

from backend.alarms.queries import measures, pulses
from backend.core.sentences import Words, sentence
from backend.notices.services.notifying import MESSAGE

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
GIB = 1024.0**3


class Unit(StrEnum):
    """What an alarm's value and its threshold are counted in."""

    SECONDS = "seconds"
    BYTES = "bytes"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value. `occurrence` tells one case from the next without a pause between; `is_never`:
    what should be done again and again never was."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    occurrence: str = ""
    is_never: bool = False


Measure = Callable[[Session], Sequence[Sample]]


class Named:
    """Something with words under its code."""

    code: str

    @cached_property
    def ringing(self) -> Words:
        """What is wrong while it rings."""
        return sentence(f"alarms.{self.code}_rings")

    @cached_property
    def why(self) -> Words:
        """What that means."""
        return sentence(f"alarms.{self.code}_why")

    @cached_property
    def do(self) -> Words:
        """What to do about it."""
        return sentence(f"alarms.{self.code}_do")


@dataclass(frozen=True)
class Alarm(Named):
    """What can go wrong: it rings above its threshold, or below it (`is_low`).

    `is_grave`: work or data are in danger; `is_urgent`: quiet hours do not hold its messages;
    `stops_messages`: while it rings the web process hands everybody's out; `is_age`: the value is how long
    ago something was last done. `page` is the console's
    page that mends it ("" where it is mended on the server); `labels` tell its samples apart.
    """

    code: str
    metric: str
    unit: Unit
    threshold: float
    measure: Measure
    is_low: bool = False
    is_grave: bool = False
    is_urgent: bool = False
    is_age: bool = False
    stops_messages: bool = False
    page: str = ""
    labels: tuple[str, ...] = ()

    @cached_property
    def title(self) -> Words:
        """What is watched."""
        return sentence(f"alarms.{self.code}_title")

    def rings(self, value: float, threshold: float) -> bool:
        """Whether a value is past a threshold."""
        return value < threshold if self.is_low else value > threshold

    def worst(self, samples: Sequence[Sample]) -> Sample | None:
        """The sample that rings first; None where nothing was measured."""
        if not samples:
            return None
        return (min if self.is_low else max)(samples, key=lambda one: one.value)


@dataclass(frozen=True)
class Outside(Named):
    """What only somebody outside can see: Prometheus rings, when the expression has held for so long."""

    code: str
    expression: str
    holds_for: str


def _one(asked: Callable[[Session], float]) -> Measure:
    return lambda session: (Sample(float(asked(session))),)


def _act(act: str) -> Measure:
    def measure(session: Session) -> Sequence[Sample]:
        age = measures.act_age(session, act)
        return (Sample(age.seconds, is_never=age.is_never),)

    return measure


def _silent(part: str) -> Measure:
    return _one(lambda session: pulses.silent_s(session, part))


def _late(*, are_messages: bool) -> Measure:
    return _one(lambda session: measures.late_facts_s(session, MESSAGE, are_messages=are_messages))


def _waiting(status: str) -> Measure:
    return _one(lambda session: measures.waiting_s(session, status))


def _disks(session: Session) -> Sequence[Sample]:
    found = pulses.free_bytes(session)
    return [Sample(free, {"host": host, "folder": folder}) for host, folder, free in found]


def _epoch(session: Session) -> Sequence[Sample]:
    age = measures.epoch_age(session)
    return (Sample(age.seconds, occurrence=str(age.number)),)


_S = Unit.SECONDS
TABLE = (
    Alarm(
        "backup", "wangge_backup_age_seconds", _S, 2 * DAY, _act("backup_made"), is_age=True, is_grave=True
    ),
    Alarm("drill", "wangge_drill_age_seconds", _S, 100 * DAY, _act("backup_drilled"), is_age=True),
    Alarm("drill_failed", "wangge_drill_failed", Unit.COUNT, 0, _one(measures.failed_drills), is_grave=True),
    Alarm(
        "worker",
        "wangge_worker_silent_seconds",
        _S,
        MINUTE,
        _silent(pulses.WORKER),
        is_grave=True,
        is_urgent=True,
        stops_messages=True,
    ),
    Alarm(
        "clock",
        "wangge_clock_silent_seconds",
        _S,
        MINUTE,
        _silent(pulses.CLOCK),
        is_grave=True,
        is_urgent=True,
        stops_messages=True,
    ),
    Alarm(
        "web",
        "wangge_web_silent_seconds",
        _S,
        MINUTE,
        _silent(pulses.WEB),
        is_grave=True,
        is_urgent=True,
    ),
    Alarm("two_clocks", "wangge_clocks_side_by_side", Unit.COUNT, 1, _one(pulses.clocks)),
    Alarm(
        "broker",
        "wangge_broker_away_seconds",
        _S,
        MINUTE,
        _one(pulses.broker_away_s),
        is_grave=True,
        is_urgent=True,
        stops_messages=True,
    ),
    Alarm(
        "disk",
        "wangge_disk_free_bytes",
        Unit.BYTES,
        5 * GIB,
        _disks,
        is_low=True,
        is_grave=True,
        is_urgent=True,
        labels=("host", "folder"),
    ),
    Alarm(
        "dead_facts",
        "wangge_outbox_dead",
        Unit.COUNT,
        0,
        _one(measures.dead_facts),
        is_grave=True,
        page="/inbox?tab=facts",
    ),
    Alarm(
        "late_facts",
        "wangge_outbox_late_seconds",
        _S,
        5 * MINUTE,
        _late(are_messages=False),
        is_grave=True,
        is_urgent=True,
    ),
    Alarm(
        "late_messages",
        "wangge_messages_late_seconds",
        _S,
        15 * MINUTE,
        _late(are_messages=True),
        stops_messages=True,
        page="/messages",
    ),
    Alarm("parked", "wangge_parked_oldest_seconds", _S, 3 * DAY, _waiting("parked"), page="/inbox"),
    Alarm("held", "wangge_held_oldest_seconds", _S, DAY, _waiting("held"), page="/inbox"),
    Alarm("oldest_writer", "wangge_oldest_writer_seconds", _S, 5 * MINUTE, _one(measures.oldest_writer_s)),
    Alarm("new_epoch", "wangge_epoch_age_seconds", _S, DAY, _epoch, is_low=True, is_grave=True),
)
ALARMS: Mapping[str, Alarm] = {one.code: one for one in TABLE}
OUTSIDE = (
    Outside("away", 'up{job="wangge"} == 0', "1m"),
    Outside("database", "wangge_database_up == 0", "1m"),
    Outside(
        "errors",
        'sum by (job, instance) (rate(wangge_requests_total{status=~"5.."}[5m])) '
        "> 0.02 * sum by (job, instance) (rate(wangge_requests_total[5m]))",
        "2m",
    ),
)
