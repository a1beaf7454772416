"""Calendars and rosters beside one another, whether a crew works, and what crews and staff are called."""

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


def rosters_beside(session: Session, crew_id: str, record_id: str) -> list[dict[str, str]]:
    """A crew's other hours on call, as their records have them."""
    asked = """
        SELECT valid_from::text, valid_until::text, clock_from, clock_until
        FROM on_call
        WHERE crew_id = CAST(:crew AS uuid)
        AND id <> CAST(:id AS uuid)
        AND deleted_at IS NULL
        ORDER BY valid_from, clock_from, id
    """
    return [dict(row) for row in session.execute(text(asked), {"crew": crew_id, "id": record_id}).mappings()]


def crews_called(session: Session, unit_id: str, record_id: str) -> list[str]:
    """The names of a unit's other crews that work."""
    asked = """
        SELECT name
        FROM crew
        WHERE unit_id = CAST(:unit AS uuid)
        AND id <> CAST(:id AS uuid)
        AND is_active
        AND deleted_at IS NULL
        ORDER BY name
    """
    return list(session.scalars(text(asked), {"unit": unit_id, "id": record_id}))


def numbers_of_staff(session: Session, record_id: str) -> list[str]:
    """The numbers of everybody else who works."""
    asked = """
        SELECT staff_number
        FROM staff
        WHERE id <> CAST(:id AS uuid)
        AND is_active
        AND deleted_at IS NULL
    """
    return list(session.scalars(text(asked), {"id": record_id}))
