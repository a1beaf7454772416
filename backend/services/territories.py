"""Changing who serves what: handing a cell over, and planning a balanced division from the customers' workload."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor, Role
from backend.errors import Problem
from backend.geometry import geojson_of
from backend.queries.scopes import today, units_below
from backend.queries.territory import outlines
from backend.services import door
from geo.assign import assign
from geo.divide import Division, balanced, grid
from geo.errors import GeoError, NothingInside, TooManyCells
from geo.locate import nearest
from geo.measure import LocalMetres
from geo.shapes import coverage_of
from sync.change import Stored

MOST_CELLS = 5_000
# Visits a year by class: the workload a customer means for a representative.
WORKLOAD = {"resident": 1.0, "large": 12.0, "key": 12.0, "special": 12.0, "community": 12.0, "developer": 4.0}


def hand_over_cell(session: Session, actor: Actor, cell_id: str, staff_id: str) -> Stored:
    """Make somebody the representative of a cell from today; the one before is relieved at once. No customer is written."""
    if not actor.roles & {Role.ADMIN, Role.SUPERVISOR}:
        raise Problem("not_allowed", needs=[Role.ADMIN, Role.SUPERVISOR])
    cell = door.read(session, "cell", cell_id, lock=True)
    if cell.values["unit_id"] not in units_below(session, actor.unit_id):
        raise Problem("not_found", kind="cell", id=cell_id)
    on = today()
    rows = session.execute(
        text(
            "SELECT id::text, valid_from FROM cell_assignment WHERE cell_id = CAST(:cell AS uuid) AND duty = 'representative' "
            "AND deleted_at IS NULL AND (valid_until IS NULL OR valid_until >= :on)"
        ),
        {"cell": cell_id, "on": on},
    ).all()
    for assignment_id, valid_from in rows:
        yesterday = on - timedelta(days=1)
        if valid_from > yesterday:
            door.delete(
                session,
                actor,
                "cell_assignment",
                assignment_id,
                version=door.read(session, "cell_assignment", assignment_id).version,
            )
        else:
            door.change(session, actor, "cell_assignment", assignment_id, {"valid_until": yesterday.isoformat()})
    values = {
        "unit_id": cell.values["unit_id"],
        "cell_id": cell_id,
        "staff_id": staff_id,
        "duty": "representative",
        "valid_from": on.isoformat(),
    }
    return door.create(session, actor, "cell_assignment", values)


def plan_division(
    session: Session, actor: Actor, unit_id: str, *, cells: int | None = None, side_m: int | None = None, seed: int = 1
) -> dict[str, Any]:
    """A division of a unit's ground as GeoJSON with each cell's workload; nothing is changed.

    Balanced by workload into `cells`, or a square grid of `side_m` metres.
    """
    if unit_id not in units_below(session, actor.unit_id):
        raise Problem("not_found", kind="unit", id=unit_id)
    ground = shapely.union_all([cell["shape"] for cell in outlines(session, [unit_id])])
    places, workload = customers_workload(session, unit_id)
    try:
        division = (
            _gridded(ground, places, workload, side_m)
            if side_m
            else balanced(ground, places, workload, cells or 1, seed=seed)
        )
    except GeoError as error:
        raise Problem("check_failed", cause=type(error).__name__) from error
    exact = coverage_of(ground, division.cells).is_exact
    features = [
        {"type": "Feature", "geometry": geojson_of(shape), "properties": {"number": n + 1, "workload": float(load)}}
        for n, (shape, load) in enumerate(zip(division.cells, division.workload, strict=True))
    ]
    return {"type": "FeatureCollection", "features": features, "imbalance": division.imbalance, "is_exact": exact}


def _gridded(ground: BaseGeometry, places: Any, workload: Any, side_m: int) -> Division:
    """A regular grid with the workload that falls into each of its cells."""
    if len(places) == 0 or ground.is_empty:
        raise NothingInside
    if LocalMetres(ground).to_metres(ground).area / side_m**2 > MOST_CELLS:
        raise TooManyCells
    cells = grid(ground, side_m)
    return Division(
        cells, np.bincount(nearest(cells, places), weights=workload, minlength=len(cells)).astype(np.float64)
    )


def plan_representatives(session: Session, actor: Actor, unit_id: str) -> list[dict[str, Any]]:
    """Who should serve which cell of a unit: short ways, fair loads, today's pairs kept where that costs little.

    A representative's home is the middle of the cells they serve now; somebody without any starts in the unit's middle.
    Nothing is changed: a supervisor hands the cells over that they agree with.
    """
    if unit_id not in units_below(session, actor.unit_id):
        raise Problem("not_found", kind="unit", id=unit_id)
    cells = outlines(session, [unit_id])
    people = _representatives(session, unit_id)
    if not cells or not people:
        raise Problem("check_failed", cause="NobodyOrNothing", cells=len(cells), representatives=len(people))
    centers = shapely.get_coordinates(shapely.point_on_surface([cell["shape"] for cell in cells]))
    serving = _serving(session, [cell["id"] for cell in cells])
    current = {n: people.index(who) for n, cell in enumerate(cells) if (who := serving.get(cell["id"])) in people}
    homes = np.array([_home(person, current, centers) for person in range(len(people))])
    workload = np.array([cell["workload"] or 1.0 for cell in cells])
    chosen = [people[int(person)] for person in assign(centers, workload, homes, current)]
    return [
        {"cell_id": cell["id"], "cell_name": cell["name"], "staff_id": who, "is_change": serving.get(cell["id"]) != who}
        for cell, who in zip(cells, chosen, strict=True)
    ]


def _home(person: int, current: dict[int, int], centers: Any) -> Any:
    own = [cell for cell, who in current.items() if who == person]
    return centers[own].mean(axis=0) if own else centers.mean(axis=0)


def _representatives(session: Session, unit_id: str) -> list[str]:
    """Active customer representatives of a unit."""
    rows = session.execute(
        text(
            "SELECT id::text FROM staff WHERE unit_id = CAST(:unit AS uuid) AND post = 'customer_representative' "
            "AND is_active AND deleted_at IS NULL ORDER BY staff_number"
        ),
        {"unit": unit_id},
    )
    return [row[0] for row in rows]


def _serving(session: Session, cell_ids: list[str]) -> dict[str, str]:
    """Cell -> its representative today."""
    rows = session.execute(
        text(
            "SELECT cell_id::text, staff_id::text FROM cell_assignment WHERE cell_id = ANY(CAST(:cells AS uuid[])) AND deleted_at IS NULL "
            "AND duty = 'representative' AND valid_from <= :on AND (valid_until IS NULL OR valid_until >= :on)"
        ),
        {"cells": cell_ids, "on": today()},
    )
    return {row[0]: row[1] for row in rows}


def customers_workload(session: Session, unit_id: str) -> tuple[Any, Any]:
    """The unit's service points as (n, 2) degrees, and what each means a year."""
    rows = session.execute(
        text(
            "SELECT ST_X(p.place), ST_Y(p.place), c.category FROM service_point p JOIN customer c ON c.id = p.customer_id "
            "WHERE p.unit_id = CAST(:unit AS uuid) AND p.deleted_at IS NULL ORDER BY p.id"
        ),
        {"unit": unit_id},
    ).all()
    places = np.array([(row[0], row[1]) for row in rows], dtype=np.float64).reshape(-1, 2)
    return places, np.array([WORKLOAD[row[2]] for row in rows], dtype=np.float64)
