"""A plan of cells comes true: outlines, customers, open jobs, duties and with them the phones' scopes, in
one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.errors import Problem
from backend.core.geometry import shape_of
from backend.core.queries.scopes import day_begins, today
from backend.core.services import record_writer
from backend.territory.kinds.ground import GroundPlan
from backend.territory.queries.cell_outlines import remember_outline_before, remember_outlines
from backend.territory.queries.cells import outlines
from backend.territory.queries.duties import duties_of
from backend.territory.queries.following import (
    FOLLOWS_ITS_CUSTOMER,
    FOLLOWS_ITS_PLACE,
    customers_elsewhere,
    placed_in,
    work_elsewhere,
)
from backend.territory.queries.overlaps import grown, overlaps_of
from backend.territory.rules import lock_ground, need_no_overlap
from geo.locate import NOWHERE, locate


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
    remember_outlines(
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


def keep_outline(session: Session, fact: dict[str, Any]) -> None:
    """A border changed by hand (a click, a phone): what the cell was until today is remembered as after a
    plan.

    Safe to repeat; a second change of one day finds the memory there.
    """
    if "outline" not in fact.get("changed", ()) or fact["op"] == "create":
        return
    remember_outline_before(session, fact["id"], today(), day_begins(today()))


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
    for kind in FOLLOWS_ITS_PLACE:
        rows = placed_in(session, kind, unit_id, touched)
        places = np.array([(row.lng, row.lat) for row in rows], dtype=np.float64).reshape(-1, 2)
        found = locate([shape for _, shape in standing], places) if rows else np.zeros(0, dtype=np.int64)
        # Outside every cell it stays where it is filed: somebody must keep seeing it.
        now = [
            standing[k][0] if k != NOWHERE else row.cell_id
            for row, k in zip(rows, found.tolist(), strict=True)
        ]
        moves = [
            (row.id, {"cell_id": cell}) for row, cell in zip(rows, now, strict=True) if cell != row.cell_id
        ]
        record_writer.change_many(session, actor, kind, moves, trusted=True)
        if kind == "service_point":
            for row, cell in zip(rows, now, strict=True):
                way = (row.cell_id or "", cell or "")
                flow[way] = flow.get(way, 0) + 1
    return flow


def _follow_customers(session: Session, actor: Actor, touched: list[str]) -> None:
    """Customers to the cell of their first service point; then open visits, items and jobs without place
    after them."""
    _follow(session, actor, "customer", customers_elsewhere(session, touched))
    for kind in FOLLOWS_ITS_CUSTOMER:
        _follow(session, actor, kind, work_elsewhere(session, kind, touched))


def _follow(session: Session, actor: Actor, kind: str, moves: Iterable[tuple[str, str]]) -> None:
    record_writer.change_many(
        session, actor, kind, [(one, {"cell_id": cell_id}) for one, cell_id in moves], trusted=True
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
            for duty in duties_of(session, donor, on, working_only=True) if donor else ():
                values = {
                    "unit_id": actor.unit_id,
                    "cell_id": cell_id,
                    "staff_id": duty.staff_id,
                    "duty": duty.duty,
                    "valid_from": on.isoformat(),
                    "valid_until": duty.valid_until and duty.valid_until.isoformat(),
                }
                record_writer.create(session, actor, "cell_assignment", values, trusted=True)
        elif cell["change"] == "ended":
            rows = [
                (duty.id, {"valid_until": max(on - timedelta(days=1), duty.valid_from).isoformat()})
                for duty in duties_of(session, cell_id, on)
            ]
            record_writer.change_many(session, actor, "cell_assignment", rows, trusted=True)
