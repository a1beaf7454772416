"""Applies a plan of cells: outlines, customers, open jobs, duties and the phones' scopes, in one
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.errors import Problem
from backend.core.geometry import shape_of
from backend.core.queries.scopes import day_begins, today
from backend.core.services import record_writer
from backend.territory.kinds.ground import GroundPlan
from backend.territory.queries.cells import outlines
from backend.territory.queries.overlaps import grown, overlaps_of
from backend.territory.rules import lock_ground, need_no_overlap
from geo.locate import NOWHERE, locate

# Open work that follows the ground: kind -> what says it is still open.
_FOLLOWS_ITS_PLACE = {
    "work_order": "state NOT IN ('closed', 'refused', 'cancelled', 'failed', 'partly_done')"
}
_FOLLOWS_ITS_CUSTOMER = {
    "work_order": (
        "place IS NULL AND state NOT IN ('closed', 'refused', 'cancelled', 'failed', 'partly_done')"
    ),
    "visit": "state = 'planned'",
    "item": "state <> 'closed'",
}


def apply_plan(session: Session, actor: Actor, plan: GroundPlan) -> None:
    """Put a plan's cells over the present ones.

    Raises ground_changed if somebody changed the ground since, cells_overlap if it claims another cell's
    ground.
    """
    unit_id = str(plan.unit_id)
    lock_ground(session)
    present = {cell["id"]: cell for cell in outlines(session, [unit_id])}
    if {cell_id: cell["version"] for cell_id, cell in present.items()} != plan.base:
        raise Problem("ground_changed")
    on, cells = today(), plan.cells or []
    actor = replace(actor, unit_id=unit_id)
    claimed = overlaps_of(session, [str(cell["id"]) for cell in cells if cell["change"] == "changed"])
    ids = _write_cells(session, actor, cells, on)
    touched = [ids[n] for n, cell in enumerate(cells) if cell["change"] != "same"]
    need_no_overlap(grown(claimed, overlaps_of(session, touched)))
    _keep_territory(session, plan)
    moved = _move_places(session, actor, unit_id, cells, ids, touched)
    _follow_customers(session, actor, touched)
    _write_duties(session, actor, cells, ids, moved, on)
    plan.state = "applied"


def _keep_territory(session: Session, plan: GroundPlan) -> None:
    """The ground a unit was first divided on is its territory, until somebody draws another."""
    unit_id, given = str(plan.unit_id), plan.request.get("territory")
    if given and record_writer.read(session, "unit", unit_id).values.get("territory") is None:
        record_writer.change(session, system(unit_id), "unit", unit_id, {"territory": given})


def _write_cells(session: Session, actor: Actor, cells: list[dict[str, Any]], on: date) -> list[str]:
    """The cell records; returns each row's id. What a changed cell was until now is kept to be looked up."""
    ids = [cell["id"] or record_writer.new_id() for cell in cells]
    yesterday = (on - timedelta(days=1)).isoformat()
    _keep_outlines(
        session, [i for i, cell in zip(ids, cells, strict=True) if cell["change"] == "changed"], on
    )
    changes, new = [], []
    for cell_id, cell in zip(ids, cells, strict=True):
        if cell["change"] == "ended":
            changes.append((cell_id, {"valid_until": yesterday}))
        elif cell["change"] == "changed":
            changes.append((cell_id, {name: cell[name] for name in ("name", "code", "outline", "workload")}))
        elif cell["change"] == "new":
            values = {name: cell[name] for name in ("name", "code", "outline", "workload")}
            new.append((cell_id, values | {"unit_id": actor.unit_id, "valid_from": on.isoformat()}))
    record_writer.change_many(session, actor, "cell", changes, trusted=True)
    if new:
        record_writer.create_many(session, actor, "cell", new, trusted=True)
    return ids


def _keep_outlines(session: Session, cell_ids: list[str], on: date) -> None:
    """An outline that held for less than a day needs no memory."""
    session.execute(
        text(
            """
                INSERT INTO cell_outline (cell_id, unit_id, outline, valid_from, valid_until)
                SELECT *
                FROM (SELECT c.id, c.unit_id, c.outline, coalesce((SELECT max(o.valid_until) + 1
                    FROM cell_outline o
                    WHERE o.cell_id = c.id), c.valid_from) AS since, CAST(:on AS date) - 1 AS until
                  FROM cell c
                  WHERE c.id = ANY(CAST(:ids AS uuid[]))) k
                WHERE since <= until
            """
        ),
        {"ids": cell_ids, "on": on},
    )


def keep_outline(session: Session, fact: dict[str, Any]) -> None:
    """A border changed by hand (a click, a phone): what the cell was until today is remembered as after a
    plan.

    Safe to repeat; a second change of one day finds the memory there.
    """
    if "outline" not in fact.get("changed", ()) or fact["op"] == "create":
        return
    session.execute(
        text(
            """
                INSERT INTO cell_outline (cell_id, unit_id, outline, valid_from, valid_until)
                SELECT *
                FROM (SELECT c.id,
                        c.unit_id,
                        ST_SetSRID(ST_GeomFromGeoJSON(h.changed->'outline'->>0), 4326) AS outline,
                        coalesce((SELECT max(o.valid_until) + 1
                    FROM cell_outline o
                    WHERE o.cell_id = c.id), c.valid_from) AS since, CAST(:on AS date) - 1 AS until
                  FROM cell c
                  JOIN sync_history h ON h.kind = 'cell'
                      AND h.id = c.id
                      AND h.changed ? 'outline'
                      AND h.changed->'outline'->>0 IS NOT NULL
                      AND h.recorded_at >= :begin
                  WHERE c.id = CAST(:id AS uuid)
                  ORDER BY h.version
                  LIMIT 1) k
                WHERE since <= until
            """
        ),
        {"id": fact["id"], "on": today(), "begin": day_begins(today())},
    )


def _move_places(
    session: Session,
    actor: Actor,
    unit_id: str,
    cells: list[dict[str, Any]],
    ids: list[str],
    touched: list[str],
) -> dict[tuple[str, str], int]:
    """Service points and open jobs to the cells they lie in now; returns how many points went from which
    to which."""
    standing = [(i, shape_of(cell["outline"])) for i, cell in zip(ids, cells, strict=True) if cell["outline"]]
    flow: dict[tuple[str, str], int] = {}
    for kind, is_open in {"service_point": "true", **_FOLLOWS_ITS_PLACE}.items():
        rows = session.execute(
            text(
                f"""
                    SELECT id::text, cell_id::text, ST_X(place), ST_Y(place)
                    FROM {kind}
                    WHERE unit_id = CAST(:unit AS uuid)
                        AND deleted_at IS NULL
                        AND place IS NOT NULL
                        AND (cell_id IS NULL OR cell_id = ANY(CAST(:touched AS uuid[])))
                        AND {is_open}
                    ORDER BY id
                """
            ),
            {"unit": unit_id, "touched": touched},
        ).all()
        places = np.array([(row[2], row[3]) for row in rows], dtype=np.float64).reshape(-1, 2)
        found = locate([shape for _, shape in standing], places) if rows else np.zeros(0, dtype=np.int64)
        # Outside every cell it stays where it is filed: somebody must keep seeing it.
        now = [
            standing[k][0] if k != NOWHERE else row[1] for row, k in zip(rows, found.tolist(), strict=True)
        ]
        moves = [(row[0], {"cell_id": cell}) for row, cell in zip(rows, now, strict=True) if cell != row[1]]
        record_writer.change_many(session, actor, kind, moves, trusted=True)
        if kind == "service_point":
            for row, cell in zip(rows, now, strict=True):
                flow[row[1] or "", cell or ""] = flow.get((row[1] or "", cell or ""), 0) + 1
    return flow


def _follow_customers(session: Session, actor: Actor, touched: list[str]) -> None:
    """Customers to the cell of their first service point; then open visits, items and jobs without place
    after them."""
    first = """
            SELECT DISTINCT ON (p.customer_id) p.customer_id, p.cell_id
            FROM service_point p
            WHERE p.deleted_at IS NULL
            ORDER BY p.customer_id, p.id
        """
    touching = "r.deleted_at IS NULL AND r.cell_id = ANY(CAST(:touched AS uuid[]))"
    _follow(
        session,
        actor,
        "customer",
        touched,
        f"""
            SELECT r.id::text, f.cell_id::text
            FROM customer r
            JOIN ({first}) f ON f.customer_id = r.id
            WHERE {touching} AND f.cell_id <> r.cell_id
        """,
    )
    for kind, is_open in _FOLLOWS_ITS_CUSTOMER.items():
        _follow(
            session,
            actor,
            kind,
            touched,
            f"""
                SELECT r.id::text, c.cell_id::text
                FROM {kind} r
                JOIN customer c ON c.id = r.customer_id
                WHERE {touching} AND c.cell_id <> r.cell_id AND r.{is_open}
            """,
        )


def _follow(session: Session, actor: Actor, kind: str, touched: list[str], sql: str) -> None:
    rows = session.execute(text(f"{sql} ORDER BY 1"), {"touched": touched}).all()
    record_writer.change_many(
        session, actor, kind, [(row[0], {"cell_id": row[1]}) for row in rows], trusted=True
    )


def _write_duties(
    session: Session,
    actor: Actor,
    cells: list[dict[str, Any]],
    ids: list[str],
    moved: Mapping[tuple[str, str], int],
    on: date,
) -> None:
    """A new cell is served by whoever served most of its customers until now; an ended cell by nobody."""
    for cell_id, cell in zip(ids, cells, strict=True):
        if cell["change"] == "new":
            came = {source: n for (source, target), n in moved.items() if target == cell_id and source}
            donor = max(came, key=lambda one: (came[one], one), default=None)
            for duty in (
                _duties(session, donor, on, "AND s.is_active AND s.deleted_at IS NULL") if donor else ()
            ):
                values = {
                    "unit_id": actor.unit_id,
                    "cell_id": cell_id,
                    "staff_id": duty[1],
                    "duty": duty[2],
                    "valid_from": on.isoformat(),
                    "valid_until": duty[3] and duty[3].isoformat(),
                }
                record_writer.create(session, actor, "cell_assignment", values, trusted=True)
        elif cell["change"] == "ended":
            rows = [
                (duty[0], {"valid_until": max(on - timedelta(days=1), duty[4]).isoformat()})
                for duty in _duties(session, cell_id, on)
            ]
            record_writer.change_many(session, actor, "cell_assignment", rows, trusted=True)


def _duties(session: Session, cell_id: str, on: date, who: str = "") -> list[Any]:
    """Today's duties for a cell: (id, staff, duty, until, from); a new cell is given to nobody who has
    left."""
    rows = session.execute(
        text(
            f"""
                SELECT d.id::text, d.staff_id::text, d.duty, d.valid_until, d.valid_from
                FROM cell_assignment d
                JOIN staff s ON s.id = d.staff_id
                WHERE d.cell_id = :cell
                    AND d.deleted_at IS NULL
                    AND d.valid_from <= :on
                    AND (d.valid_until IS NULL OR d.valid_until >= :on) {who}
                ORDER BY d.id
            """
        ),
        {"cell": UUID(cell_id), "on": on},
    )
    return list(rows)
