"""What lies, or is filed, in cells that were drawn anew: points, jobs, customers and their open work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

_OPEN_JOB = "r.state NOT IN ('closed', 'refused', 'cancelled', 'failed', 'partly_done')"
# What follows the ground by its own place: kind -> SQL over a row `r`, which of them do.
FOLLOWS_ITS_PLACE = {"service_point": "true", "work_order": _OPEN_JOB}
# What follows its customer.
FOLLOWS_ITS_CUSTOMER = {
    "work_order": f"r.place IS NULL AND {_OPEN_JOB}",
    "visit": "r.state = 'planned'",
    "item": "r.state <> 'closed'",
}


class Placed(NamedTuple):
    """A record, the cell it is filed in, and where it lies."""

    id: str
    cell_id: str | None
    lng: float
    lat: float


def placed_in(session: Session, kind: str, unit_id: str, cell_ids: Sequence[str]) -> list[Placed]:
    """A unit's records of a kind of FOLLOWS_ITS_PLACE that have a place, and are filed in one of these cells
    or in none."""
    asked = f"""
        SELECT r.id::text, r.cell_id::text, ST_X(r.place), ST_Y(r.place)
        FROM {kind} r
        WHERE r.unit_id = CAST(:unit AS uuid)
        AND r.deleted_at IS NULL
        AND r.place IS NOT NULL
        AND (r.cell_id IS NULL OR r.cell_id = ANY(CAST(:cells AS uuid[])))
        AND {FOLLOWS_ITS_PLACE[kind]}
        ORDER BY r.id
    """  # noqa: S608 - kinds and conditions of the constants above
    rows = session.execute(text(asked), {"unit": unit_id, "cells": list(cell_ids)})
    return [Placed(*row) for row in rows]


def customers_elsewhere(session: Session, cell_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Customers whose first service point is filed in another cell than they are: customer, that cell.

    Those of these cells, and those of no cell whose point is in one of these.
    """
    asked = """
        SELECT r.id::text, f.cell_id::text
        FROM customer r
        JOIN (
            SELECT DISTINCT ON (p.customer_id) p.customer_id, p.cell_id
            FROM service_point p
            WHERE p.deleted_at IS NULL
            AND p.cell_id IS NOT NULL
            ORDER BY p.customer_id, p.id
        ) f ON f.customer_id = r.id
        WHERE r.deleted_at IS NULL
        AND coalesce(r.cell_id, f.cell_id) = ANY(CAST(:cells AS uuid[]))
        AND f.cell_id IS DISTINCT FROM r.cell_id
        ORDER BY 1
    """
    return [(row[0], row[1]) for row in session.execute(text(asked), {"cells": list(cell_ids)})]


def work_elsewhere(session: Session, kind: str, cell_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Open work of a kind of FOLLOWS_ITS_CUSTOMER in these cells (or none) whose customer is filed in
    another (or one of these): its id, that cell."""
    asked = f"""
        SELECT r.id::text, c.cell_id::text
        FROM {kind} r
        JOIN customer c ON c.id = r.customer_id
        WHERE r.deleted_at IS NULL
        AND coalesce(r.cell_id, c.cell_id) = ANY(CAST(:cells AS uuid[]))
        AND c.cell_id IS NOT NULL
        AND c.cell_id IS DISTINCT FROM r.cell_id
        AND {FOLLOWS_ITS_CUSTOMER[kind]}
        ORDER BY 1
    """  # noqa: S608 - kinds and conditions of the constants above
    return [(row[0], row[1]) for row in session.execute(text(asked), {"cells": list(cell_ids)})]
