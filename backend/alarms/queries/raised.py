"""Occurrences of alarms, and thresholds of this installation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.alarms.kinds.alarm import AlarmRaised, AlarmThreshold
from backend.core.actor import Role


def open_alarms(session: Session) -> dict[str, AlarmRaised]:
    """Those that ring, by code."""
    asked = select(AlarmRaised).where(AlarmRaised.ended_at.is_(None))
    return {one.code: one for one in session.scalars(asked)}


def last_alarms(session: Session, most: int) -> list[AlarmRaised]:
    """What rang, newest first."""
    return list(session.scalars(select(AlarmRaised).order_by(AlarmRaised.began_at.desc()).limit(most)))


def forget_alarms(session: Session, before: datetime) -> None:
    """Occurrences that ended before a moment."""
    session.execute(delete(AlarmRaised).where(AlarmRaised.ended_at < before))


def own_thresholds(session: Session) -> dict[str, float]:
    """Thresholds that this installation set, by the alarm's code."""
    return {one.code: one.threshold for one in session.scalars(select(AlarmThreshold))}


def keep_threshold(session: Session, code: str, threshold: float | None) -> None:
    """Set one; None lets the usual one hold again."""
    if threshold is None:
        session.execute(delete(AlarmThreshold).where(AlarmThreshold.code == code))
        return
    kept = insert(AlarmThreshold).values(code=code, threshold=threshold)
    session.execute(
        kept.on_conflict_do_update(index_elements=["code"], set_={"threshold": kept.excluded.threshold})
    )


def administrators(session: Session) -> list[tuple[str, str]]:
    """Person and unit of every administrator of the topmost unit who may sign in; where there is none, of
    all units."""
    asked = text("""
        WITH found AS (
            SELECT a.staff_id::text, a.unit_id::text, u.parent_id IS NULL AS is_top
            FROM account a
            JOIN unit u ON u.id = a.unit_id
            WHERE a.is_active
            AND :role = ANY(a.roles)
        )
        SELECT staff_id, unit_id
        FROM found
        WHERE is_top OR NOT EXISTS (
            SELECT
            FROM found
            WHERE is_top
        )
        ORDER BY staff_id
    """)
    return [(row[0], row[1]) for row in session.execute(asked, {"role": str(Role.ADMIN)})]
