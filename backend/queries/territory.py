"""Questions about the ground: which cell, who is responsible, how well the cells cover, who is loaded how much."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.geometry import geojson_of, shape_of
from backend.queries.scopes import today
from geo.shapes import coverage_of

_VALID = "c.deleted_at IS NULL AND c.valid_from <= :on AND (c.valid_until IS NULL OR c.valid_until >= :on)"


def cell_at(session: Session, lng: float, lat: float, on: date | None = None) -> dict[str, Any] | None:
    """The cell a place lies in on a day, or None outside the territory."""
    here = "ST_SetSRID(ST_MakePoint(:lng, :lat), 4326)"
    row = session.execute(
        text(
            f"SELECT id, name, unit_id FROM (SELECT c.id::text, c.name, c.unit_id::text FROM cell c WHERE {_VALID} AND ST_Covers(c.outline, {here}) "
            "AND NOT EXISTS (SELECT FROM cell_outline o WHERE o.cell_id = c.id AND :on BETWEEN o.valid_from AND o.valid_until) UNION ALL "
            "SELECT c.id::text, c.name, c.unit_id::text FROM cell_outline o JOIN cell c ON c.id = o.cell_id WHERE c.deleted_at IS NULL "
            f"AND :on BETWEEN o.valid_from AND o.valid_until AND ST_Covers(o.outline, {here})) found ORDER BY id LIMIT 1"
        ),
        {"lng": lng, "lat": lat, "on": on or today()},
    ).one_or_none()
    return {"id": row[0], "name": row[1], "unit_id": row[2]} if row else None


def responsible_for(session: Session, cell_id: str, on: date | None = None) -> dict[str, Any] | None:
    """Who the public may turn to for a cell: name, photo, work phone, hours, and nothing else. Stand-ins come first.

    Of a day that has passed also somebody who has left since.
    """
    row = session.execute(
        text(
            "SELECT s.name, s.portrait_id::text, s.work_phone, s.working_hours FROM cell_assignment a JOIN staff s ON s.id = a.staff_id "
            "WHERE a.cell_id = CAST(:cell AS uuid) AND a.deleted_at IS NULL AND (:on < :today OR (s.deleted_at IS NULL AND s.is_active)) "
            "AND a.valid_from <= :on AND (a.valid_until IS NULL OR a.valid_until >= :on) ORDER BY a.duty DESC, a.valid_from DESC LIMIT 1"
        ),
        {"cell": cell_id, "on": on or today(), "today": today()},
    ).one_or_none()
    return {"name": row[0], "photo_id": row[1], "work_phone": row[2], "hours": row[3]} if row else None


def cell_in(session: Session, cell_id: str) -> dict[str, Any] | None:
    """A cell that is valid today: its name, its unit's, and a place inside it."""
    row = session.execute(
        text(
            "SELECT c.name, u.name, ST_X(p), ST_Y(p), c.unit_id::text FROM cell c JOIN unit u ON u.id = c.unit_id, "
            f"LATERAL ST_PointOnSurface(c.outline) p WHERE c.id = CAST(:cell AS uuid) AND {_VALID}"
        ),
        {"cell": cell_id, "on": today()},
    ).one_or_none()
    return dict(zip(("name", "unit", "lng", "lat", "unit_id"), row, strict=True)) if row else None


def cells_of_address(session: Session, words: str) -> list[dict[str, Any]]:
    """Cells with service points whose address holds these words, commonest first; no address is given back."""
    rows = session.execute(
        text(
            "SELECT c.id::text, c.name FROM service_point p JOIN cell c ON c.id = p.cell_id WHERE p.deleted_at IS NULL AND "
            f"p.address ILIKE :words AND {_VALID} GROUP BY c.id, c.name ORDER BY count(*) DESC, c.id LIMIT 5"
        ),
        {"words": "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%", "on": today()},
    )
    return [{"id": row[0], "name": row[1]} for row in rows]


def outlines(session: Session, units: list[str], on: date | None = None) -> list[dict[str, Any]]:
    """The valid cells of these units with their outlines as shapely geometries."""
    rows = session.execute(
        text(
            "SELECT c.id::text, c.name, ST_AsGeoJSON(c.outline, 9), c.workload::float, c.code, c.version, c.unit_id::text FROM cell c "
            f"WHERE {_VALID} AND c.unit_id = ANY(CAST(:units AS uuid[])) ORDER BY c.id"
        ),
        {"units": units, "on": on or today()},
    )
    return [
        {"id": row[0], "name": row[1], "shape": shape_of(orjson.loads(row[2])), "workload": row[3], "code": row[4],
         "version": row[5], "unit_id": row[6]}
        for row in rows
    ]  # fmt: skip


def coverage_report(session: Session, units: list[str]) -> dict[str, Any]:
    """Overlaps, holes, cells nobody serves today, the loads of representatives and crews, and cells to split."""
    return _report(session, units, outlines(session, units))


def _report(session: Session, units: list[str], cells: list[dict[str, Any]]) -> dict[str, Any]:
    if not cells:
        return {
            "cells": 0,
            "overlaps": [],
            "holes": None,
            "unserved": [],
            "representatives": [],
            "crews": [],
            "to_split": [],
        }
    shapes = [cell["shape"] for cell in cells]
    union = shapely.union_all(shapes)
    # Without a drawn territory, the hull of each part of the union without its holes stands for it.
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(union)])
    coverage = coverage_of(filled, shapes)
    return {
        "cells": len(cells),
        "overlaps": [{"cells": [cells[i]["name"], cells[j]["name"]], "area": area} for i, j, area in coverage.overlaps],
        "holes": geojson_of(coverage.gaps) if coverage.gap_area else None,
        "unserved": _unserved(session, [cell["id"] for cell in cells]),
        "representatives": _loads(session, units),
        "crews": _crew_loads(session, units),
        "to_split": _to_split(cells),
    }


def coverage_features(session: Session, units: list[str]) -> dict[str, Any]:
    """The same proof to be drawn: every cell with what is wrong with it, and the holes, as GeoJSON."""
    cells = outlines(session, units)
    report = _report(session, units, cells)
    unserved = {cell["id"] for cell in report["unserved"]}
    to_split = {cell["id"]: cell["into"] for cell in report["to_split"]}
    overlapping = {name for one in report["overlaps"] for name in one["cells"]}
    features = [
        {
            "type": "Feature",
            "geometry": geojson_of(cell["shape"]),
            "properties": {
                "id": cell["id"], "name": cell["name"], "workload": cell["workload"], "is_served": cell["id"] not in unserved,
                "overlaps": cell["name"] in overlapping, "split_into": to_split.get(cell["id"]),
            },
        }
        for cell in cells
    ]  # fmt: skip
    if report["holes"]:
        features.append({"type": "Feature", "geometry": report["holes"], "properties": {"is_hole": True}})
    return {"type": "FeatureCollection", "features": features}


# A cell with this much more work than the usual one is worth splitting.
SPLIT_ABOVE = 1.5


def _to_split(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells far above the mean workload of their unit, and into how many they would have to be split."""
    by_unit: dict[str, list[float]] = {}
    for cell in cells:
        by_unit.setdefault(cell["unit_id"], []).append(cell["workload"] or 0.0)
    mean = {unit: sum(loads) / len(loads) for unit, loads in by_unit.items()}
    return [
        {"id": cell["id"], "name": cell["name"], "workload": cell["workload"], "into": round(share)}
        for cell in cells
        if mean[cell["unit_id"]] > 0 and (share := (cell["workload"] or 0.0) / mean[cell["unit_id"]]) > SPLIT_ABOVE
    ]


def _crew_loads(session: Session, units: list[str]) -> list[dict[str, Any]]:
    """Open jobs and their minutes for each active crew."""
    rows = session.execute(
        text(
            "SELECT c.id::text, c.name, count(w.id), coalesce(sum(coalesce(w.duration_minutes, 60)) FILTER (WHERE w.id IS NOT NULL), 0)::int "
            "FROM crew c LEFT JOIN work_order w ON w.crew_id = c.id AND w.deleted_at IS NULL AND w.state IN ('dispatched', 'accepted', "
            "'en_route', 'arrived', 'in_progress', 'paused') WHERE c.deleted_at IS NULL AND c.is_active AND "
            "c.unit_id = ANY(CAST(:units AS uuid[])) GROUP BY c.id, c.name ORDER BY 4 DESC, 2"
        ),
        {"units": units},
    )
    return [{"crew_id": row[0], "name": row[1], "jobs": row[2], "minutes": row[3]} for row in rows]


def _unserved(session: Session, cell_ids: list[str]) -> list[dict[str, str]]:
    rows = session.execute(
        text(
            "SELECT c.id::text, c.name FROM cell c WHERE c.id = ANY(CAST(:ids AS uuid[])) AND NOT EXISTS (SELECT FROM cell_assignment a "
            "JOIN staff s ON s.id = a.staff_id AND s.is_active WHERE a.cell_id = c.id AND a.deleted_at IS NULL AND a.valid_from <= :on "
            "AND (a.valid_until IS NULL OR a.valid_until >= :on)) ORDER BY c.name"
        ),
        {"ids": cell_ids, "on": today()},
    )
    return [{"id": row[0], "name": row[1]} for row in rows]


def _loads(session: Session, units: list[str]) -> list[dict[str, Any]]:
    rows = session.execute(
        text(
            "SELECT s.id::text, s.name, count(DISTINCT c.id), coalesce(sum(c.workload), 0)::float FROM cell_assignment a "
            f"JOIN staff s ON s.id = a.staff_id JOIN cell c ON c.id = a.cell_id AND {_VALID} WHERE a.deleted_at IS NULL AND "
            "a.valid_from <= :on AND (a.valid_until IS NULL OR a.valid_until >= :on) AND c.unit_id = ANY(CAST(:units AS uuid[])) "
            "GROUP BY s.id, s.name ORDER BY 4 DESC"
        ),
        {"units": units, "on": today()},
    )
    return [{"staff_id": row[0], "name": row[1], "cells": row[2], "workload": row[3]} for row in rows]
