"""Watches the alarms: notes when one begins and ends, and tells the administrators once of each.

Web processes and the worker watch one another: each gives a sign of life, and whichever is first takes the
look of the moment. Where the worker is what died, the web process hands out the messages in its place.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.alarms.kinds.alarm import AlarmRaised
from backend.alarms.queries.raised import forget_alarms, open_alarms
from backend.alarms.services.standing import Standing, standings
from backend.alarms.services.table import ALARMS
from backend.alarms.services.telling import tell_administrators
from backend.alarms.services.words import cleared_words, raised_words
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.services import record_writer

log = structlog.get_logger(__name__)
# It must have been well for so long before it is over: one that comes and goes is told once.
FINE_FOR = timedelta(seconds=60)
KEPT_FOR = timedelta(days=400)


def watch(database: Database, settings: Settings, now: datetime | None = None) -> frozenset[str]:
    """One look, by one process at a time; returns the codes of those that ring."""
    with database.alone("watch alarms") as is_mine, database.transaction() as session:
        if is_mine:
            look(session, settings, now or datetime.now(UTC))
        return frozenset(open_alarms(session))


def look(session: Session, settings: Settings, now: datetime) -> None:
    """Measure every alarm, begin and end occurrences, tell of both."""
    rang = open_alarms(session)
    for standing in standings(session):
        before = rang.get(standing.alarm.code)
        if standing.worst is None:
            continue
        if standing.rings:
            _go_on(session, settings, standing, before, now)
        elif before is not None:
            _end(session, settings, before, now)
    for code in rang.keys() - ALARMS.keys():
        # Of another release, which measured it; this one does not.
        rang[code].ended_at = now
    forget_alarms(session, now - KEPT_FOR)


def _go_on(
    session: Session, settings: Settings, standing: Standing, before: AlarmRaised | None, now: datetime
) -> None:
    alarm, worst = standing.alarm, standing.worst
    assert worst is not None
    if before is not None and before.occurrence == worst.occurrence:
        before.value, before.threshold, before.fine_since = worst.value, standing.threshold, None
        return
    if before is not None:
        before.ended_at = now
        session.flush()
    words = raised_words(alarm, worst, standing.threshold)
    raised = AlarmRaised(
        id=UUID(record_writer.new_id()),
        code=alarm.code,
        occurrence=worst.occurrence,
        value=worst.value,
        threshold=standing.threshold,
        told=tell_administrators(session, settings, alarm, words),
        began_at=now,
    )
    session.add(raised)
    log.warning("alarm.raised", alarm=alarm.code, value=worst.value, threshold=standing.threshold)


def _end(session: Session, settings: Settings, before: AlarmRaised, now: datetime) -> None:
    if before.fine_since is None:
        before.fine_since = now
    if now - before.fine_since < FINE_FOR:
        return
    alarm, before.ended_at = ALARMS[before.code], now
    words = cleared_words(alarm, (before.fine_since - before.began_at).total_seconds())
    tell_administrators(session, settings, alarm, words)
    log.info("alarm.cleared", alarm=before.code)
