"""Which meters a service point had, by its history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_HAD = """
    SELECT changed->'meter_number'->>0, happened_at
    FROM sync_history
    WHERE kind = 'service_point'
    AND id = CAST(:id AS uuid)
    AND op <> 'create'
    AND changed ? 'meter_number'
    AND changed->'meter_number'->>0 <> ''
    ORDER BY version
"""


def meters_had(session: Session, point_id: str) -> list[tuple[str, datetime]]:
    """Numbers that were changed for another, each with when; oldest first."""
    return [(row[0], row[1]) for row in session.execute(text(_HAD), {"id": point_id})]
