"""Who has a cell on a day, by whatever duty."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class CellDuty(NamedTuple):
    """A cell given to somebody: as what, and for which days."""

    id: str
    staff_id: str
    duty: str
    valid_until: date | None
    valid_from: date


def duties_of(session: Session, cell_id: str, on: date, *, working_only: bool = False) -> list[CellDuty]:
    """A cell's duties of a day; `working_only` leaves out those of people who have left."""
    asked = """
        SELECT d.id::text, d.staff_id::text, d.duty, d.valid_until, d.valid_from
        FROM cell_assignment d
        JOIN staff s ON s.id = d.staff_id
        WHERE d.cell_id = CAST(:cell AS uuid)
        AND d.deleted_at IS NULL
        AND d.valid_from <= :on
        AND (d.valid_until IS NULL OR d.valid_until >= :on)
        AND (NOT :working_only OR (s.is_active AND s.deleted_at IS NULL))
        ORDER BY d.id
    """
    given = {"cell": cell_id, "on": on, "working_only": working_only}
    return [CellDuty(*row) for row in session.execute(text(asked), given)]
