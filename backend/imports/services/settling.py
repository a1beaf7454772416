"""Settles rows whose address says too little: in a cell, at a place, as proposed, or the customer alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.scopes import units_below
from backend.imports.queries import run_rows
from backend.imports.queries.ledger import Ledger
from backend.imports.queries.run_rows import Staged
from backend.imports.services.runs import need_state, read_run, recount

WAYS = {
    "cell": ("放在网格中间，等上门改正", "In the middle of a cell, until somebody corrects it"),
    "place": ("放在这个位置", "At this place"),
    "proposed": ("按建议", "As proposed"),
    "alone": ("只导入客户，不建用水点", "The customer alone, without a service point"),
}


def settle_rows(
    session: Session,
    actor: Actor,
    run_id: str,
    way: str,
    numbers: Collection[int] | None,
    *,
    cell_id: str | None = None,
    place: dict[str, Any] | None = None,
    least_confidence: float = 0.0,
) -> int:
    """Say of rows (these, or all that nobody has settled) where they are; returns how many were settled.

    As proposed are only those with a proposal at least so sure. Raises not_found for a cell of another unit.
    """
    run = read_run(session, actor, run_id, lock=True)
    need_state(run, frozenset({"checked"}))
    ledger = Ledger(session, units_below(session, str(run.unit_id)))
    if way == "cell" and (cell_id is None or ledger.middle_of(cell_id) is None):
        raise Problem("not_found", kind="cell", id=str(cell_id))
    if way == "place" and place is None:
        raise Problem("not_found", kind="place", id="")
    found = []
    for row in run_rows.unsettled(session, run_id, numbers):
        said = _said(row, way, cell_id, place, least_confidence)
        if said is not None and (said.get("cell_id") is None or ledger.middle_of(str(said["cell_id"]))):
            found.append((row.number, said))
    run_rows.settle(session, run_id, found)
    recount(session, run)
    return len(found)


def _said(
    row: Staged, way: str, cell_id: str | None, place: dict[str, Any] | None, least: float
) -> dict[str, Any] | None:
    if way == "alone":
        return {"alone": True}
    if way == "cell":
        return {"cell_id": cell_id}
    if way == "place":
        return {"place": place}
    located = (row.clean or {}).get("located") or {}
    if not located.get("cell_id") or located["confidence"] < least:
        return None
    return {"cell_id": located["cell_id"]}
