"""Ground plans of a unit: requested, drawn (at once or in the background), previewed, accepted or discarded.

Every change of the ground goes this way, a division as well as an import, a split or a drawn border (decision
0002).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries import policy
from backend.core.queries.scopes import today
from backend.core.sentences import fault, sentence
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.notices.services.notifying import tell
from backend.territory.kinds.ground import GroundPlan
from backend.territory.services.ground_applying import apply_plan
from backend.territory.services.ground_around import claims_on, look_around, need_free_ground
from geo.errors import GeoError
from geo.findings import grouped
from geo.progress import Progress, silent

log = structlog.get_logger(__name__)
# What takes longer than anybody waits for an answer is drawn by a worker.
SLOW = frozenset({"balanced", "rebalanced", "squares", "hexagons", "h3"})
KEEPERS = frozenset({Role.ADMIN, Role.SUPERVISOR})


def propose_ground(
    session: Session, actor: Actor, unit_id: str, way: str, request: dict[str, Any]
) -> GroundPlan:
    """Ask for a plan; it is drawn by `draw_plan`, at once or by a worker, as the way says."""
    _need_keeper(session, actor, unit_id)
    plan = GroundPlan(
        id=UUID(record_writer.new_id()),
        unit_id=UUID(unit_id),
        way=way,
        request=request,
        state="waiting",
        made_by_id=UUID(actor.id),
    )
    session.add(plan)
    session.flush()
    return plan


def draw_plan(
    database: Database, plan_id: str, file: bytes | None = None, progress: Progress = silent
) -> None:
    """Draw one plan and keep it, or keep why not: one that breaks anywhere must not keep the others
    waiting for ever."""
    try:
        _draw(database, plan_id, file, progress)
    except GeoError as error:
        (zh, en), cause = error.said(), type(error).__name__
        faults = [{"field": "", "code": cause, "zh": zh, "en": en}]
        _fail(database, plan_id, Problem("cannot_draw", cause=cause, faults=faults))
    except Exception as error:
        log.error("ground_plan.failed", plan=plan_id, error=type(error).__name__, exc_info=True)
        _fail(database, plan_id, Problem("server_error", cause=type(error).__name__))


def _draw(database: Database, plan_id: str, file: bytes | None, progress: Progress) -> None:
    """Long work runs outside any transaction: an open one would hold back every phone's snapshot."""
    # What divides takes half a second to load, and only who draws needs it: not every server and command.
    from backend.territory.services.ground_drawing import draw, look_at

    with database.snapshot() as session:
        plan = session.get_one(GroundPlan, UUID(plan_id))
        unit_id, way, request = str(plan.unit_id), plan.way, plan.request
        ground = look_at(session, unit_id)
        around = look_around(session, unit_id, with_city=way == "import")
    drawn = draw(ground, way, request, file, progress, around)
    with database.transaction() as session:
        claims = claims_on(session, unit_id, drawn.cells)
        after = drawn.figures["after"]
        after |= {"claimed_m2": claims.area_m2, "overlap_m2": round(after["overlap_m2"] + claims.area_m2, 1)}
        values = {
            "state": "ready",
            "done_share": 1.0,
            "base": ground.versions,
            "cells": drawn.cells,
            "figures": drawn.figures,
            "findings": grouped([*drawn.findings, *claims.findings]),
        }
        _keep(session, plan_id, values)


def _fail(database: Database, plan_id: str, problem: Problem) -> None:
    with database.transaction() as session:
        _keep(session, plan_id, {"state": "failed", "problem": {"code": problem.code, **problem.detail}})


def _keep(session: Session, plan_id: str, values: dict[str, Any]) -> None:
    """What became of a plan that still waits."""
    waiting = update(GroundPlan).where(GroundPlan.id == UUID(plan_id), GroundPlan.state == "waiting")
    session.execute(waiting.values(**values))


def draw_waiting(database: Database) -> int:
    """Draw the plans that wait for a worker, one after the other; returns how many.

    Another worker at it is enough.
    """
    drawn = 0
    with database.alone("draw ground plans") as is_mine:
        while is_mine and (plan_id := _next_waiting(database)):
            draw_plan(database, plan_id, progress=_keeper_of_progress(database, plan_id))
            drawn += 1
    return drawn


def _next_waiting(database: Database) -> str | None:
    with database.snapshot() as session:
        waiting = select(GroundPlan.id).where(GroundPlan.state == "waiting", GroundPlan.way.in_(SLOW))
        found = session.execute(waiting.order_by(GroundPlan.made_at).limit(1)).scalar()
        return str(found) if found else None


def _keeper_of_progress(database: Database, plan_id: str) -> Progress:
    told = [0.0]

    def keep(done: int, total: int) -> None:
        share = min(done / total, 0.99)
        if share - told[0] >= 0.1:
            told[0] = share
            with database.transaction() as session:
                session.execute(
                    update(GroundPlan).where(GroundPlan.id == UUID(plan_id)).values(done_share=share)
                )

    return keep


def read_plan(session: Session, actor: Actor, plan_id: str, *, lock: bool = False) -> GroundPlan:
    """A plan of the asker's units, for the office; raises not_allowed, not_found."""
    policy.need_office(actor)
    plan = session.get(GroundPlan, UUID(plan_id), with_for_update=lock)
    if plan is None:
        raise Problem("not_found", kind="ground_plan", id=plan_id)
    policy.need_unit(session, actor, plan.unit_id, "ground_plan", plan_id)
    return plan


def list_plans(session: Session, actor: Actor) -> list[GroundPlan]:
    """The newest hundred plans of the asker's units, for the office."""
    policy.need_office(actor)
    units = [UUID(unit) for unit in policy.own_units(session, actor)]
    found = (
        select(GroundPlan).where(GroundPlan.unit_id.in_(units)).order_by(GroundPlan.made_at.desc()).limit(100)
    )
    return list(session.execute(found).scalars())


def accept_plan(
    session: Session,
    actor: Actor,
    plan_id: str,
    valid_from: date | None = None,
    *,
    accept_gaps: bool = False,
    accept_far: bool = False,
) -> GroundPlan:
    """Let a plan come true: today in this very transaction, or on a day to come.

    Raises ground_has_gaps and ground_far_away where that was not meant, cells_overlap where others have the
    ground.
    """
    plan = read_plan(session, actor, plan_id, lock=True)
    _need_keeper(session, actor, str(plan.unit_id))
    if plan.state != "ready":
        raise Problem("plan_not_ready", state=plan.state)
    figures = plan.figures or {}
    opened_m2 = _opened(figures)
    if opened_m2 and not accept_gaps:
        raise Problem("ground_has_gaps", gap_m2=opened_m2)
    if figures.get("far_m") and not accept_far:
        raise Problem("ground_far_away", distance_m=round(figures["far_m"]))
    on = valid_from or today()
    if on < today():
        raise Problem("invalid", faults=[fault("valid_from", "territory.past")])
    # What is only told is read first: once the ground is locked, every change of cells on the server waits.
    _tell_claims(session, plan)
    need_free_ground(session, plan, on)
    plan.valid_from, plan.decided_by_id, plan.decided_at = on, UUID(actor.id), datetime.now(UTC)
    plan.state = "accepted"
    # One line for all its cells and duties, which have their history: also where it comes true by itself on a
    # day to come.
    what = {
        "way": plan.way,
        "unit_id": str(plan.unit_id),
        "valid_from": on.isoformat(),
        "cells": len(plan.cells or []),
    }
    note_act(
        session, actor, "record_changed", ("ground_plan", plan_id), before={"state": "ready"}, after=what
    )
    if on == today():
        apply_plan(session, actor, plan)
    return plan


def _tell_claims(session: Session, plan: GroundPlan) -> None:
    """What others have or were promised of the ground as it is now: the preview may be older than their
    plans."""
    claims = claims_on(session, str(plan.unit_id), plan.cells or [])
    kept = [line for line in plan.findings or [] if line["code"] != "claimed"]
    plan.findings = [*grouped(claims.findings), *kept]


def _opened(figures: dict[str, Any]) -> float:
    """Square metres that a plan would leave without a cell and that have one today, or that it is the
    first to draw."""
    before, after = figures["before"], figures["after"]
    grown_m2 = after["gap_m2"] - (before["gap_m2"] if before["cells"] else 0.0)
    return float(max(grown_m2 if grown_m2 >= 1 else 0.0, figures.get("lost_m2", 0.0)))


def discard_plan(session: Session, actor: Actor, plan_id: str) -> None:
    """Drop a plan that has not come true yet; it stays to be looked at."""
    plan = read_plan(session, actor, plan_id, lock=True)
    _need_keeper(session, actor, str(plan.unit_id))
    if plan.state == "applied":
        raise Problem("already_decided", id=plan_id)
    plan.state, plan.decided_by_id, plan.decided_at = "discarded", UUID(actor.id), datetime.now(UTC)


def apply_due(database: Database, on: date | None = None) -> int:
    """Let accepted plans whose day has come be true; one that cannot be any more is told to whoever
    accepted it."""
    with database.snapshot() as session:
        due = select(GroundPlan.id).where(
            GroundPlan.state == "accepted", GroundPlan.valid_from <= (on or today())
        )
        plans = list(session.execute(due.order_by(GroundPlan.valid_from, GroundPlan.decided_at)).scalars())
    for plan_id in plans:
        try:
            with database.transaction() as session:
                plan = session.get_one(GroundPlan, plan_id, with_for_update=True)
                apply_plan(session, _decider(plan), plan)
        except Problem as problem:
            _could_not(database, plan_id, problem)
    return len(plans)


def _decider(plan: GroundPlan) -> Actor:
    return Actor(str(plan.decided_by_id), str(plan.unit_id), frozenset({Role.SUPERVISOR}))


def _could_not(database: Database, plan_id: UUID, problem: Problem) -> None:
    with database.transaction() as session:
        plan = session.get_one(GroundPlan, plan_id)
        plan.state, plan.problem = "failed", {"code": problem.code, **problem.detail}
        tell(
            session,
            None,
            str(plan.decided_by_id),
            str(plan.unit_id),
            topic="general",
            **sentence(
                "territory.could_not_take_effect", why=problem.entry.words, remedy=problem.entry.remedy
            ).as_dict(),
        )


def _need_keeper(session: Session, actor: Actor, unit_id: str) -> None:
    policy.need_role(actor, KEEPERS)
    policy.need_unit(session, actor, unit_id)
