"""Who is, was or will be the representative of which cell."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class HeldDuty(NamedTuple):
    """A cell given to somebody."""

    id: str
    valid_from: date
    staff_id: str


def representative_duties(session: Session, cell_id: str, on: date) -> list[HeldDuty]:
    """The assignments of a cell's representatives that have not ended before a day."""
    asked = """
        SELECT id::text, valid_from, staff_id::text
        FROM cell_assignment
        WHERE cell_id = CAST(:cell AS uuid)
        AND duty = 'representative'
        AND deleted_at IS NULL
        AND (valid_until IS NULL OR valid_until >= :on)
    """
    return [HeldDuty(*row) for row in session.execute(text(asked), {"cell": cell_id, "on": on})]


def cells_served(session: Session, staff_id: str, since: date, until: date) -> list[str]:
    """The cells that a person represents on any of these days."""
    asked = """
        SELECT DISTINCT cell_id::text
        FROM cell_assignment
        WHERE staff_id = CAST(:who AS uuid)
        AND duty = 'representative'
        AND deleted_at IS NULL
        AND valid_from <= :until
        AND (valid_until IS NULL OR valid_until >= :since)
        ORDER BY 1
    """
    return list(session.scalars(text(asked), {"who": staff_id, "since": since, "until": until}))


def representative_of_each(session: Session, cell_ids: Collection[str], on: date) -> dict[str, str]:
    """Cell -> its representative on a day."""
    asked = """
        SELECT cell_id::text, staff_id::text
        FROM cell_assignment
        WHERE cell_id = ANY(CAST(:cells AS uuid[]))
        AND deleted_at IS NULL
        AND duty = 'representative'
        AND valid_from <= :on
        AND (valid_until IS NULL OR valid_until >= :on)
    """
    return {row[0]: row[1] for row in session.execute(text(asked), {"cells": list(cell_ids), "on": on})}
