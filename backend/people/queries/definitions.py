"""Calendars beside one another, and whether a crew works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


def calendars_beside(
    session: Session, unit_id: str, record_id: str, year: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """A unit's other calendars of this year and of those before and after: year, days."""
    asked = """
        SELECT year, days
        FROM calendar
        WHERE unit_id = CAST(:unit AS uuid)
        AND id <> CAST(:id AS uuid)
        AND year BETWEEN :year - 1 AND :year + 1
        AND deleted_at IS NULL
        ORDER BY year, id
    """
    return session.execute(text(asked), {"unit": unit_id, "id": record_id, "year": year}).all()


def crew_works(session: Session, crew_id: str) -> bool | None:
    """Whether a crew works now; None where there is no such crew."""
    asked = """
        SELECT is_active
        FROM crew
        WHERE id = CAST(:id AS uuid)
        AND deleted_at IS NULL
    """
    return session.execute(text(asked), {"id": crew_id}).scalar()
