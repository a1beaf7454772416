"""Whether somebody was on a shift when a position was taken, and who looked at positions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def has_shift(session: Session, staff_id: str, at: datetime, longest: timedelta) -> bool:
    """Whether a person was on a shift; one that was not ended lasts the longest time."""
    asked = """
        SELECT EXISTS (
            SELECT
            FROM duty
            WHERE staff_id = CAST(:staff AS uuid)
            AND deleted_at IS NULL
            AND started_at <= :at
            AND :at <= COALESCE(ended_at, started_at + :longest)
            AND :at <= started_at + :longest
        )
    """
    given = {"staff": staff_id, "at": at, "longest": longest}
    return bool(session.execute(text(asked), given).scalar_one())


def looks_at_positions(session: Session, staff_id: str) -> list[dict[str, Any]]:
    """The 500 latest looks at a person's positions: when, by whom, why."""
    asked = """
        SELECT a.at, s.name, a.reason
        FROM access a
        LEFT JOIN staff s ON s.id = a.staff_id
        WHERE a.what = 'positions'
        AND a.of_id = CAST(:who AS uuid)
        ORDER BY a.at DESC, a.id DESC
        LIMIT 500
    """
    rows = session.execute(text(asked), {"who": staff_id})
    return [{"at": row[0], "by": row[1], "reason": row[2]} for row in rows]
