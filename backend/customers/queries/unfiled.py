"""Service points and customers that are filed in no cell, and the cell where each lies."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.territory.queries.cells import VALID


class Unfiled(NamedTuple):
    """A record of no cell, whose it is, and the cell of its own unit (or one in line with it) it lies in."""

    id: str
    unit_id: str
    cell_id: str


_BELOW = """
    EXISTS (
        WITH RECURSIVE up AS (
            SELECT u.id, u.parent_id
            FROM unit u
            WHERE u.id = {lower}.unit_id
            UNION ALL
            SELECT u.id, u.parent_id
            FROM unit u
            JOIN up ON u.id = up.parent_id
        )
        SELECT
        FROM up
        WHERE up.id = {upper}.unit_id
    )
"""
# Another branch's cell is nobody's to file in: as where a point is written.
_IN_LINE = f"({_BELOW.format(lower='r', upper='c')} OR {_BELOW.format(lower='c', upper='r')})"


def unfiled_points(session: Session, on: date, most: int) -> list[Unfiled]:
    """Points of no cell that lie in one."""
    asked = f"""
        SELECT DISTINCT ON (r.id) r.id::text, r.unit_id::text, c.id::text
        FROM service_point r
        JOIN cell c ON ST_Covers(c.outline, r.place)
        WHERE r.deleted_at IS NULL
        AND r.cell_id IS NULL
        AND {VALID}
        AND {_IN_LINE}
        ORDER BY r.id, c.id
        LIMIT :most
    """  # noqa: S608 - made of constants; values are bound
    return [Unfiled(*row) for row in session.execute(text(asked), {"on": on, "most": most})]


def unfiled_customers(session: Session, on: date, most: int) -> list[Unfiled]:
    """Customers of no cell whose first filed point is in one."""
    asked = f"""
        SELECT DISTINCT ON (r.id) r.id::text, r.unit_id::text, c.id::text
        FROM customer r
        JOIN service_point p ON p.customer_id = r.id
        JOIN cell c ON c.id = p.cell_id
        WHERE r.deleted_at IS NULL
        AND r.cell_id IS NULL
        AND p.deleted_at IS NULL
        AND {VALID}
        ORDER BY r.id, p.id
        LIMIT :most
    """  # noqa: S608 - made of constants; values are bound
    return [Unfiled(*row) for row in session.execute(text(asked), {"on": on, "most": most})]
