"""The first cells of an installation that nobody has set up: drawn from a map file, looked at, then a unit's.

Until then the plan is nobody's; what is looked at is what comes true.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.core.actor import SYSTEM_ID, Actor, Role
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.territory.kinds.ground import GroundPlan
from backend.territory.services.ground_plans import accept_plan, draw_plan
from geo.progress import Progress, silent

NOBODYS = UUID(int=0)


def draw_first(
    database: Database, request: dict[str, Any], file: bytes, progress: Progress = silent
) -> GroundPlan:
    """Draw the zones of a map file as cells of nobody; the one before is forgotten.

    `request` as for an import: `filename`, and what the file does not say. Raises cannot_draw, not_found
    where another was drawn meanwhile.
    """
    with database.transaction() as session:
        forget_first(session)
        plan = GroundPlan(
            id=UUID(record_writer.new_id()),
            unit_id=NOBODYS,
            way="import",
            request=request,
            state="waiting",
            made_by_id=UUID(SYSTEM_ID),
        )
        session.add(plan)
        plan_id = plan.id
    draw_plan(database, str(plan_id), file, progress)
    with database.snapshot() as session:
        drawn = session.get(GroundPlan, plan_id)
    if drawn is None:  # Another file was looked at meanwhile, or the setup came true.
        raise Problem("not_found", kind="ground_plan", id=str(plan_id))
    if drawn.state != "ready":
        told = drawn.problem or {}
        if told.get("code") == "cannot_draw":
            raise Problem("cannot_draw", cause=told["cause"], faults=told["faults"])
        raise Problem("server_error", cause=str(told.get("cause")))
    return drawn


def adopt_first(session: Session, unit_id: str, plan_id: str) -> int:
    """Let the drawn cells be a unit's from today, in this transaction; returns how many.

    Raises not_found for one that was drawn anew meanwhile, and what accepting raises.
    """
    plan = session.get(GroundPlan, UUID(plan_id), with_for_update=True)
    if plan is None or plan.unit_id != NOBODYS:
        raise Problem("not_found", kind="ground_plan", id=plan_id)
    plan.unit_id = UUID(unit_id)
    session.flush()
    hand = Actor(SYSTEM_ID, unit_id, frozenset({Role.ADMIN}))
    accept_plan(session, hand, plan_id, accept_gaps=True, accept_far=True)
    return len(plan.cells or ())


def forget_first(session: Session) -> None:
    """What was drawn and is not wanted."""
    session.execute(delete(GroundPlan).where(GroundPlan.unit_id == NOBODYS))
