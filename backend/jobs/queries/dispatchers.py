"""Who dispatches for a unit."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def dispatchers_over(session: Session, unit_id: str) -> list[str]:
    """Active dispatchers of the unit or of the units over it."""
    asked = """
        WITH RECURSIVE up AS (
            SELECT id, parent_id
            FROM unit
            WHERE id = CAST(:unit AS uuid)
            UNION
            SELECT u.id, u.parent_id
            FROM unit u
            JOIN up ON u.id = up.parent_id
        )
        SELECT a.staff_id::text
        FROM account a
        JOIN up ON up.id = a.unit_id
        WHERE a.is_active
        AND 'dispatcher' = ANY(a.roles)
        ORDER BY 1
    """
    return list(session.scalars(text(asked), {"unit": unit_id}))
