"""Service points and customers that are filed in no cell, and the cell where each lies."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Unfiled(NamedTuple):
    """A record of no cell, whose it is, and the cell that it lies in."""

    id: str
    unit_id: str
    cell_id: str


def unfiled_points(session: Session, on: date, most: int) -> list[Unfiled]:
    """Points of no cell that lie in one of their own unit, or of one above or below it."""
    return [Unfiled(*row) for row in session.execute(text(_POINTS), {"on": on, "most": most})]


def unfiled_customers(session: Session, on: date, most: int) -> list[Unfiled]:
    """Customers of no cell whose first filed point is in one."""
    return [Unfiled(*row) for row in session.execute(text(_CUSTOMERS), {"on": on, "most": most})]


# Another branch's cell is nobody's to file in: as where a point is written.
_POINTS = """
    WITH RECURSIVE line AS (
        SELECT id AS lower, id AS upper
        FROM unit
        UNION
        SELECT line.lower, u.parent_id
        FROM line
        JOIN unit u ON u.id = line.upper
        WHERE u.parent_id IS NOT NULL
    )
    SELECT DISTINCT ON (r.id) r.id::text, r.unit_id::text, c.id::text
    FROM service_point r
    JOIN cell c ON ST_Covers(c.outline, r.place)
    WHERE r.deleted_at IS NULL
    AND r.cell_id IS NULL
    AND c.deleted_at IS NULL
    AND c.valid_from <= :on
    AND (c.valid_until IS NULL OR c.valid_until >= :on)
    AND EXISTS (
        SELECT
        FROM line
        WHERE (line.lower, line.upper) IN ((r.unit_id, c.unit_id), (c.unit_id, r.unit_id))
    )
    ORDER BY r.id, c.id
    LIMIT :most
"""
_CUSTOMERS = """
    SELECT DISTINCT ON (r.id) r.id::text, r.unit_id::text, c.id::text
    FROM customer r
    JOIN service_point p ON p.customer_id = r.id
    JOIN cell c ON c.id = p.cell_id
    WHERE r.deleted_at IS NULL
    AND r.cell_id IS NULL
    AND p.deleted_at IS NULL
    AND c.deleted_at IS NULL
    AND c.valid_from <= :on
    AND (c.valid_until IS NULL OR c.valid_until >= :on)
    ORDER BY r.id, p.id
    LIMIT :most
"""
