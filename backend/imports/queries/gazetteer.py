"""Builds the index that matches addresses to cells from today's cells and the known service points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.scopes import today
from backend.imports.reading.gazetteer import CellNamed, Gazetteer, Site

_CELLS = """
    SELECT c.id::text, c.name, c.code, ST_AsBinary(c.outline)
    FROM cell c
    WHERE c.deleted_at IS NULL AND c.valid_from <= :on AND (c.valid_until IS NULL OR c.valid_until >= :on)
    ORDER BY c.id
"""
_SITES = """
    SELECT address, cell_id::text, ST_X(place), ST_Y(place)
    FROM service_point
    WHERE deleted_at IS NULL AND cell_id IS NOT NULL
"""
_AT_ONCE = 5000


def gazetteer_of(session: Session, on: date | None = None) -> Gazetteer:
    """Where addresses are, by the cells of a day and every service point that lies in one."""
    return Gazetteer(cells_named(session, on), _sites(session))


def cells_named(session: Session, on: date | None = None) -> list[CellNamed]:
    """The cells of a day with their names and outlines."""
    rows = session.execute(text(_CELLS), {"on": on or today()})
    return [CellNamed(row[0], row[1], row[2], shapely.from_wkb(bytes(row[3]))) for row in rows]


def ground_of(session: Session, on: date | None = None) -> BaseGeometry | None:
    """The territory that coordinates are judged against: all cells of a day, None where there are none."""
    outlines = [cell.outline for cell in cells_named(session, on)]
    return shapely.union_all(shapely.make_valid(outlines)) if outlines else None


def _sites(session: Session) -> Iterator[Site]:
    rows = session.execute(text(_SITES), execution_options={"yield_per": _AT_ONCE})
    for address, cell, lng, lat in rows:
        yield Site(address, cell, (lng, lat))
