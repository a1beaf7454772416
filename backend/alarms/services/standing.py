"""How every alarm stands now: measured in one look at the database, against the own thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.alarms.queries.raised import own_thresholds
from backend.alarms.services.table import TABLE, Alarm, Sample

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm's samples and its threshold; without samples nothing could be measured."""

    alarm: Alarm
    samples: Sequence[Sample]
    threshold: float

    @property
    def worst(self) -> Sample | None:
        """The sample that rings first."""
        return self.alarm.worst(self.samples)

    @property
    def rings(self) -> bool:
        """Whether it is past its threshold."""
        worst = self.worst
        return worst is not None and self.alarm.rings(worst.value, self.threshold)


def standings(session: Session) -> list[Standing]:
    """All of them, in the order of the table; one that cannot be measured stops no other."""
    own = own_thresholds(session)
    return [Standing(one, _measured(session, one), own.get(one.code, one.threshold)) for one in TABLE]


def _measured(session: Session, alarm: Alarm) -> Sequence[Sample]:
    try:
        with session.begin_nested():
            return alarm.measure(session)
    except SQLAlchemyError as error:
        log.warning("alarm.not_measured", alarm=alarm.code, error=type(error).__name__)
        return ()
