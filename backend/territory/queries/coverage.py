"""The coverage proof: what two cells claim, what no cell covers (also at the edge), whom nobody serves,
who has too much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.geometry import geojson_of
from backend.core.queries.scopes import today
from backend.territory.queries.cells import VALID, outlines
from backend.territory.queries.overlaps import Overlap, overlaps_of, sliver_degrees
from geo.colouring import fills
from geo.lettering import roomiest
from geo.measure import area_m2
from geo.shapes import broad_parts

# A cell with this much more work than the usual one is worth splitting.
SPLIT_ABOVE = 1.5
_SHAPES = "SELECT ST_AsBinary({shape}) FROM {rows} WHERE unit_id = ANY(CAST(:units AS uuid[])) AND {which}"
_OTHERS = f"""
    SELECT ST_AsBinary(c.outline)
    FROM cell c
    WHERE {VALID}
        AND NOT c.unit_id = ANY(CAST(:units AS uuid[]))
        AND c.outline && ST_GeomFromWKB(:ground, 4326)
"""  # noqa: S608 - made of constants; values are bound


class _Holes(NamedTuple):
    """Ground that no cell covers, and by what it was measured: a drawn territory, or what has ever been a
    cell."""

    measured_by: str
    shape: BaseGeometry

    def as_dict(self) -> dict[str, Any]:
        size = 0.0 if self.shape.is_empty else round(area_m2(self.shape), 1)
        return {
            "holes": geojson_of(self.shape) if size else None,
            "hole_m2": size,
            "measured_by": self.measured_by,
        }


def coverage_report(session: Session, units: list[str]) -> dict[str, Any]:
    """Overlaps, holes, cells nobody serves today, the loads of representatives and crews, and cells to
    split."""
    return _report(session, units, outlines(session, units))[0]


def _report(
    session: Session, units: list[str], cells: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[Overlap]]:
    ids = [cell["id"] for cell in cells]
    shared = overlaps_of(session, ids)
    names = {cell["id"]: cell["name"] for cell in cells}
    pairs = [one for one in shared if one.other_id not in names or one.id < one.other_id]
    return {
        "cells": len(cells),
        "overlaps": [
            {"cells": [names[one.id], one.cell], "unit": one.unit, "area_m2": one.area_m2} for one in pairs
        ],
        **_holes(session, units, [cell["shape"] for cell in cells]).as_dict(),
        "unserved": _unserved(session, ids),
        "representatives": _loads(session, units),
        "crews": _crew_loads(session, units),
        "to_split": _to_split(cells),
    }, shared


def _holes(session: Session, units: list[str], shapes: Sequence[BaseGeometry]) -> _Holes:
    """Against the drawn territories; while none is drawn, against all that has ever been a cell, without
    its holes.

    Ground that another unit's cell covers is covered.
    """
    drawn = _read(session, "territory", "unit", "territory IS NOT NULL AND deleted_at IS NULL", units)
    if drawn:
        ground = shapely.union_all(drawn)
    else:
        past = _read(session, "outline", "cell_outline", "true", units)
        past += _read(
            session, "outline", "cell", "deleted_at IS NULL AND valid_until < :on", units, on=today()
        )
        union = shapely.union_all([*shapes, *past])
        ground = shapely.union_all(
            [shapely.Polygon(part.exterior) for part in shapely.get_parts(_areas(union))]
        )
    others: list[BaseGeometry] = []
    if not ground.is_empty:
        given = {"units": units, "on": today(), "ground": shapely.to_wkb(ground)}
        others = [shapely.from_wkb(bytes(row[0])) for row in session.execute(text(_OTHERS), given)]
    left = shapely.difference(ground, shapely.union_all([*shapes, *others]))
    return _Holes("territory" if drawn else "past_cells", broad_parts(left, sliver_degrees()))


def _areas(shape: BaseGeometry) -> BaseGeometry:
    return broad_parts(shape, 0)


def _read(
    session: Session, shape: str, rows: str, which: str, units: list[str], on: date | None = None
) -> list[BaseGeometry]:
    given = {"units": units} | ({"on": on} if on else {})
    found = session.execute(text(_SHAPES.format(shape=shape, rows=rows, which=which)), given)
    return [shapely.make_valid(shapely.from_wkb(bytes(row[0]))) for row in found]


def coverage_features(session: Session, units: list[str]) -> dict[str, Any]:
    """The same proof to be drawn: every cell with what is wrong with it, a fill that tells it from its
    neighbours and where its name stands best, and the holes, as GeoJSON."""
    cells = outlines(session, units)
    report, shared = _report(session, units, cells)
    unserved = {cell["id"] for cell in report["unserved"]}
    to_split = {cell["id"]: cell["into"] for cell in report["to_split"]}
    overlapping = {one.id for one in shared}
    features = [
        {
            "type": "Feature",
            "geometry": geojson_of(cell["shape"]),
            "properties": {
                "id": cell["id"],
                "name": cell["name"],
                "workload": cell["workload"],
                "is_served": cell["id"] not in unserved,
                "overlaps": cell["id"] in overlapping,
                "split_into": to_split.get(cell["id"]),
                "fill": fill,
                "label_at": roomiest(cell["shape"]),
            },
        }
        for cell, fill in zip(cells, fills([cell["shape"] for cell in cells]), strict=True)
    ]
    if report["holes"]:
        features.append({"type": "Feature", "geometry": report["holes"], "properties": {"is_hole": True}})
    return {"type": "FeatureCollection", "features": features}


def _to_split(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells far above the mean workload of their unit, and into how many they would have to be split."""
    by_unit: dict[str, list[float]] = {}
    for cell in cells:
        by_unit.setdefault(cell["unit_id"], []).append(cell["workload"] or 0.0)
    mean = {unit: sum(loads) / len(loads) for unit, loads in by_unit.items()}
    return [
        {"id": cell["id"], "name": cell["name"], "workload": cell["workload"], "into": round(share)}
        for cell in cells
        if mean[cell["unit_id"]] > 0
        and (share := (cell["workload"] or 0.0) / mean[cell["unit_id"]]) > SPLIT_ABOVE
    ]


def _crew_loads(session: Session, units: list[str]) -> list[dict[str, Any]]:
    """Open jobs and their minutes for each active crew."""
    rows = session.execute(
        text(
            """
                SELECT c.id::text,
                    c.name,
                    count(w.id),
                    coalesce(sum(coalesce(w.duration_minutes, 60)) FILTER (WHERE w.id IS NOT NULL), 0)::int
                FROM crew c
                LEFT JOIN work_order w ON w.crew_id = c.id
                    AND w.deleted_at IS NULL
                    AND w.state IN ('dispatched', 'accepted', 'en_route', 'arrived', 'in_progress', 'paused')
                WHERE c.deleted_at IS NULL AND c.is_active AND c.unit_id = ANY(CAST(:units AS uuid[]))
                GROUP BY c.id, c.name
                ORDER BY 4 DESC, 2
            """
        ),
        {"units": units},
    )
    return [{"crew_id": row[0], "name": row[1], "jobs": row[2], "minutes": row[3]} for row in rows]


def _unserved(session: Session, cell_ids: list[str]) -> list[dict[str, str]]:
    rows = session.execute(
        text(
            """
                SELECT c.id::text, c.name
                FROM cell c
                WHERE c.id = ANY(CAST(:ids AS uuid[])) AND NOT EXISTS (SELECT FROM cell_assignment a
                  JOIN staff s ON s.id = a.staff_id AND s.is_active
                  WHERE a.cell_id = c.id
                      AND a.deleted_at IS NULL
                      AND a.valid_from <= :on
                      AND (a.valid_until IS NULL OR a.valid_until >= :on))
                ORDER BY c.name
            """
        ),
        {"ids": cell_ids, "on": today()},
    )
    return [{"id": row[0], "name": row[1]} for row in rows]


def _loads(session: Session, units: list[str]) -> list[dict[str, Any]]:
    rows = session.execute(
        text(
            f"""
                SELECT s.id::text, s.name, count(DISTINCT c.id), coalesce(sum(c.workload), 0)::float
                FROM cell_assignment a
                JOIN staff s ON s.id = a.staff_id
                JOIN cell c ON c.id = a.cell_id AND {VALID}
                WHERE a.deleted_at IS NULL
                    AND a.valid_from <= :on
                    AND (a.valid_until IS NULL OR a.valid_until >= :on)
                    AND c.unit_id = ANY(CAST(:units AS uuid[]))
                GROUP BY s.id, s.name
                ORDER BY 4 DESC
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"units": units, "on": today()},
    )
    return [{"staff_id": row[0], "name": row[1], "cells": row[2], "workload": row[3]} for row in rows]


def units_with_ground(session: Session) -> list[str]:
    """The units that have cells or a drawn territory."""
    asked = """
        SELECT unit_id::text
        FROM cell
        WHERE deleted_at IS NULL
        UNION
        SELECT id::text
        FROM unit
        WHERE territory IS NOT NULL
        AND deleted_at IS NULL
        ORDER BY 1
    """
    return list(session.scalars(text(asked)))
