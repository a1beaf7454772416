"""Writes down the outlines that cells had: which one held when is no record, but follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def remember_outlines(session: Session, cell_ids: Sequence[str], on: date) -> None:
    """These cells' outlines, as they held until the day before; one that held for less than a day needs no
    memory."""
    step = """
        INSERT INTO cell_outline (cell_id, unit_id, outline, valid_from, valid_until)
        SELECT *
        FROM (
            SELECT c.id, c.unit_id, c.outline,
                coalesce(
                    (SELECT max(o.valid_until) + 1 FROM cell_outline o WHERE o.cell_id = c.id), c.valid_from
                ) AS since,
                CAST(:on AS date) - 1 AS until
            FROM cell c
            WHERE c.id = ANY(CAST(:ids AS uuid[]))
        ) k
        WHERE since <= until
    """
    session.execute(text(step), {"ids": list(cell_ids), "on": on})


def remember_outline_before(session: Session, cell_id: str, on: date, begin: datetime) -> None:
    """The outline that a cell had before the first change of it since a day began, as it held until the day
    before; does nothing where that is remembered already."""
    step = """
        INSERT INTO cell_outline (cell_id, unit_id, outline, valid_from, valid_until)
        SELECT *
        FROM (
            SELECT c.id, c.unit_id,
                ST_SetSRID(ST_GeomFromGeoJSON(h.changed->'outline'->>0), 4326) AS outline,
                coalesce(
                    (SELECT max(o.valid_until) + 1 FROM cell_outline o WHERE o.cell_id = c.id), c.valid_from
                ) AS since,
                CAST(:on AS date) - 1 AS until
            FROM cell c
            JOIN sync_history h ON h.kind = 'cell'
            AND h.id = c.id
            AND h.changed ? 'outline'
            AND h.changed->'outline'->>0 IS NOT NULL
            AND h.recorded_at >= :begin
            WHERE c.id = CAST(:id AS uuid)
            ORDER BY h.version
            LIMIT 1
        ) k
        WHERE since <= until
    """
    session.execute(text(step), {"id": cell_id, "on": on, "begin": begin})
