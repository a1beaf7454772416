"""What alarms are measured by, as the database knows: facts, waiting work, writers, epochs, backups."""

from __future__ import annotations

import math
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.events import MOST_ATTEMPTS

_DEAD = text("""
    SELECT count(*)
    FROM outbox
    WHERE done_at IS NULL
    AND attempts >= :most
""")
# What waited while everything was off has its time from when something lives again.
_LATE = text("""
    SELECT coalesce(extract(epoch FROM now() - greatest(
        min(due_at),
        (SELECT min(began_at)
         FROM pulse
         WHERE at > now() - interval '30 seconds')
    )) * sign(count(*)), 0)
    FROM outbox
    WHERE done_at IS NULL
    AND due_at < now()
    AND attempts < :most
    AND (fact = :message) = :are_messages
""")
_WAITING = text("""
    SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)
    FROM sync_waiting
    WHERE status = :status
    AND decided_at IS NULL
""")
# Also one that was prepared and forgotten: it has no session any more.
_OLDEST_WRITER = text("""
    SELECT coalesce(extract(epoch FROM now() - min(began_at)), 0)
    FROM (
        SELECT xact_start AS began_at
        FROM pg_stat_activity
        WHERE backend_xid IS NOT NULL
        UNION ALL
        SELECT prepared
        FROM pg_prepared_xacts
        WHERE database = current_database()
    ) writers
""")
_EPOCH = text("""
    SELECT number, extract(epoch FROM now() - opened_at) AS age_s
    FROM sync_epoch
    ORDER BY number DESC
    LIMIT 1
""")
_LAST_ACT = text("""
    SELECT extract(epoch FROM now() - max(acted_at))
    FROM administrative_act
    WHERE act = :act
    AND deleted_at IS NULL
    AND coalesce(CAST(after->>'good' AS boolean), true)
""")
_FAILED_DRILL = text("""
    SELECT CASE WHEN CAST(after->>'good' AS boolean) THEN 0 ELSE 1 END
    FROM administrative_act
    WHERE act = 'backup_drilled'
    AND deleted_at IS NULL
    AND after->>'good' IS NOT NULL
    ORDER BY acted_at DESC
    LIMIT 1
""")
_AGE = text("""
    SELECT coalesce(extract(epoch FROM now() - min(opened_at)), 0)
    FROM sync_epoch
""")


class EpochAge(NamedTuple):
    """The epoch's number, and for how many seconds it has been; the first one was opened by no restore."""

    number: int
    seconds: float


class ActAge(NamedTuple):
    """How long ago something was last done; where never, for how long it could have been."""

    seconds: float
    is_never: bool


def dead_facts(session: Session) -> int:
    """Facts given up after their last attempt."""
    return int(session.execute(_DEAD, {"most": MOST_ATTEMPTS}).scalar_one())


def late_facts_s(session: Session, message: str, *, are_messages: bool) -> float:
    """For how long the fact that has been due longest has waited, among messages out or all others."""
    asked = {"most": MOST_ATTEMPTS, "message": message, "are_messages": are_messages}
    return float(session.execute(_LATE, asked).scalar_one())


def waiting_s(session: Session, status: str) -> float:
    """For how long the oldest work of phones that nobody decided has been `parked` or `held`."""
    return float(session.execute(_WAITING, {"status": status}).scalar_one())


def oldest_writer_s(session: Session) -> float:
    """Age of the oldest transaction that has written and not ended."""
    return float(session.execute(_OLDEST_WRITER).scalar_one())


def epoch_age(session: Session) -> EpochAge:
    """The newest epoch."""
    row = session.execute(_EPOCH).one_or_none()
    if row is None or row.number == 1:
        return EpochAge(1, math.inf)
    return EpochAge(row.number, float(row.age_s))


def act_age(session: Session, act: str) -> ActAge:
    """How long ago an administrative act last went well; where never, how long ago this history began."""
    found = session.execute(_LAST_ACT, {"act": act}).scalar()
    if found is not None:
        return ActAge(float(found), is_never=False)
    return ActAge(float(session.execute(_AGE).scalar_one()), is_never=True)


def failed_drills(session: Session) -> int:
    """1 where the backup that was tried last could not be brought back."""
    return int(session.execute(_FAILED_DRILL).scalar() or 0)
