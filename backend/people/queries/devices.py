"""Who has signed in on which device."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def people_of_devices(session: Session, units: Collection[UUID]) -> dict[str, list[str]]:
    """Device of these units -> the names of those who have signed in on it."""
    asked = """
        SELECT p.device_id::text, array_agg(DISTINCT s.name ORDER BY s.name)
        FROM device_person p
        JOIN staff s ON s.id = p.staff_id
        JOIN device d ON d.id = p.device_id
        WHERE d.unit_id = ANY(:units)
        GROUP BY p.device_id
    """
    return {row[0]: row[1] for row in session.execute(text(asked), {"units": list(units)})}
