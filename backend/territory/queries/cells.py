"""Questions about the ground: which cell, who is responsible, and the cells with their outlines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.geometry import shape_of
from backend.core.queries.scopes import today

# For SQL over `cell c`: valid on the day :on.
VALID = "c.deleted_at IS NULL AND c.valid_from <= :on AND (c.valid_until IS NULL OR c.valid_until >= :on)"


_HERE = "ST_SetSRID(ST_MakePoint(asked.lng, asked.lat), 4326)"
_IN_FORCE = "o.cell_id = c.id AND :on BETWEEN o.valid_from AND o.valid_until"
# Today's outline, unless another one was in force on that day.
_CELLS_AT = f"""
SELECT found.id, found.name, found.unit_id
FROM unnest(CAST(:lngs AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS asked(lng, lat, n)
LEFT JOIN LATERAL (
    SELECT c.id::text, c.name, c.unit_id::text FROM cell c
    WHERE {VALID} AND ST_Covers(c.outline, {_HERE})
      AND NOT EXISTS (SELECT FROM cell_outline o WHERE {_IN_FORCE})
    UNION ALL
    SELECT c.id::text, c.name, c.unit_id::text FROM cell_outline o JOIN cell c ON {_IN_FORCE}
    WHERE c.deleted_at IS NULL AND ST_Covers(o.outline, {_HERE})
    ORDER BY id LIMIT 1
) found ON true
ORDER BY asked.n
"""  # noqa: S608 - made of constants; values are bound


def cell_at(session: Session, lng: float, lat: float, on: date | None = None) -> dict[str, Any] | None:
    """The cell a place lies in on a day, or None outside the territory."""
    return cells_at(session, [(lng, lat)], on)[0]


def cells_at(
    session: Session, places: Sequence[tuple[float, float]], on: date | None = None
) -> list[dict[str, Any] | None]:
    """The cell of each place (lng, lat in degrees) on a day, None outside the territory; in one statement."""
    lngs, lats = [lng for lng, _ in places], [lat for _, lat in places]
    rows = session.execute(text(_CELLS_AT), {"lngs": lngs, "lats": lats, "on": on or today()})
    return [{"id": row[0], "name": row[1], "unit_id": row[2]} if row[0] else None for row in rows]


def responsible_for(session: Session, cell_id: str, on: date | None = None) -> dict[str, Any] | None:
    """Who the public may turn to for a cell: name, photo, work phone, hours, and nothing else.

    Stand-ins come first.

    Of a day that has passed also somebody who has left since.
    """
    row = session.execute(
        text(
            """
                SELECT s.name, s.portrait_id::text, s.work_phone, s.working_hours
                FROM cell_assignment a
                JOIN staff s ON s.id = a.staff_id
                WHERE a.cell_id = CAST(:cell AS uuid)
                    AND a.deleted_at IS NULL
                    AND (:on < :today OR (s.deleted_at IS NULL AND s.is_active))
                    AND a.valid_from <= :on
                    AND (a.valid_until IS NULL OR a.valid_until >= :on)
                ORDER BY a.duty DESC, a.valid_from DESC
                LIMIT 1
            """
        ),
        {"cell": cell_id, "on": on or today(), "today": today()},
    ).one_or_none()
    return {"name": row[0], "photo_id": row[1], "work_phone": row[2], "hours": row[3]} if row else None


def cell_in(session: Session, cell_id: str) -> dict[str, Any] | None:
    """A cell that is valid today: its name, its unit's, and a place inside it."""
    row = session.execute(
        text(
            f"""
                SELECT c.name, u.name, ST_X(p), ST_Y(p), c.unit_id::text
                FROM cell c
                JOIN unit u ON u.id = c.unit_id, LATERAL ST_PointOnSurface(c.outline) p
                WHERE c.id = CAST(:cell AS uuid) AND {VALID}
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"cell": cell_id, "on": today()},
    ).one_or_none()
    return dict(zip(("name", "unit", "lng", "lat", "unit_id"), row, strict=True)) if row else None


def outlines(session: Session, units: list[str], on: date | None = None) -> list[dict[str, Any]]:
    """The valid cells of these units with their outlines as shapely geometries."""
    rows = session.execute(
        text(
            f"""
                SELECT c.id::text,
                    c.name,
                    ST_AsGeoJSON(c.outline, 9),
                    c.workload::float,
                    c.code,
                    c.version,
                    c.unit_id::text
                FROM cell c
                WHERE {VALID} AND c.unit_id = ANY(CAST(:units AS uuid[]))
                ORDER BY c.id
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"units": units, "on": on or today()},
    )
    return [
        {
            "id": row[0],
            "name": row[1],
            "shape": shape_of(orjson.loads(row[2])),
            "workload": row[3],
            "code": row[4],
            "version": row[5],
            "unit_id": row[6],
        }
        for row in rows
    ]


class Owner(NamedTuple):
    """The unit whose ground a cell is."""

    id: str
    name: str


def unit_of_cell(session: Session, cell_id: str) -> Owner | None:
    """Whose ground a cell is; None where there is no such cell."""
    asked = """
        SELECT u.id::text, u.name
        FROM cell c
        JOIN unit u ON u.id = c.unit_id
        WHERE c.id = CAST(:id AS uuid)
    """
    row = session.execute(text(asked), {"id": cell_id}).one_or_none()
    return Owner(*row) if row else None


def units_with_cells(session: Session) -> list[str]:
    """The units that have, or had, a cell."""
    asked = """
        SELECT DISTINCT unit_id::text
        FROM cell
        ORDER BY 1
    """
    return list(session.scalars(text(asked)))
