"""Plans days: requested, computed, and previewed by crew.

`publishing` makes them true or takes them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries import policy
from backend.core.queries.locks import hold_each
from backend.core.queries.scopes import today, units_below
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.dispatch.kinds.day_plan import DayPlan
from backend.dispatch.queries.field_day import STARTED, CrewRow, crew_names, crews_of, jobs_of_crews
from backend.dispatch.services.field_day import day_of
from backend.dispatch.services.job_days import Promise, is_day_over, sorted_out
from backend.dispatch.services.plan_preview import (
    Scene,
    crew_notes,
    effects_of,
    notes_of,
    stops_of,
    unserved_of,
)
from geo.dispatch import Day, broken_rule
from geo.routing.problem import Plan, changes
from geo.routing.timing import score

log = structlog.get_logger(__name__)
MOST_SECONDS, MOST_PLANS = 120, 20
PLANNERS = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR})


def propose_day(
    session: Session,
    actor: Actor,
    unit_id: str,
    day: date | None,
    request: dict[str, Any],
    now: datetime | None = None,
) -> DayPlan:
    """Ask for a plan of a unit's day; `work_out` makes it.

    Raises day_over where no shift of that day is left. `request` holds `seconds` to spend, `few_changes`
    (only what is unserved is put in), and `absent_crew_ids`. A night shift that began yesterday is
    yesterday's until it ends.
    """
    need_planner(session, actor, unit_id)
    now = now or datetime.now(UTC)
    on = day or today(now)
    crews = crews_of(session, units_below(session, unit_id)) if on <= today(now) else []
    if on == today(now) and is_day_over(crews, now, on):
        raise Problem("day_over")
    if on < today(now) and is_day_over(crews, now, on):
        raise Problem("invalid", faults=[fault("day", "dispatch.past")])
    plan = DayPlan(
        id=UUID(record_writer.new_id()),
        unit_id=UUID(unit_id),
        day=on,
        request=request,
        state="waiting",
        made_by_id=UUID(actor.id),
    )
    session.add(plan)
    session.flush()
    return plan


def need_planner(session: Session, actor: Actor, unit_id: str) -> None:
    """Only dispatchers, supervisors and administrators plan, for their units."""
    policy.need_role(actor, PLANNERS)
    policy.need_unit(session, actor, unit_id)


def hold_days(session: Session, unit_id: str) -> None:
    """Publishing, sending at once and taking back are done one after the other in units that share crews.

    Each holds its unit and all below until its transaction ends.
    """
    hold_each(session, [f"day {unit}" for unit in sorted(units_below(session, unit_id))])


class _Asked(NamedTuple):
    """A plan's day as it stands, and what is kept of it beside the jobs.

    The crews' versions, what to look at, counts.
    """

    scene: Scene
    is_over: bool
    kept: dict[str, Any]
    figures: dict[str, Any]


def work_out(database: Database, settings: Settings, plan_id: str, now: datetime | None = None) -> None:
    """Make one plan; nothing is open in the database while the solvers run."""
    try:
        with database.snapshot() as session:
            row = session.get_one(DayPlan, UUID(plan_id))
            request = row.request
            asked = _asked(session, settings, row, now or datetime.now(UTC))
        values = (
            {"state": "failed", "problem": {"code": "day_over"}}
            if asked.is_over
            else _worked_out(asked, request)
        )
    except Exception as error:
        # One day that breaks something must not keep the others waiting for ever.
        log.error("day_plan.failed", plan=plan_id, error=type(error).__name__, exc_info=True)
        values = {"state": "failed", "problem": {"code": "server_error", "cause": type(error).__name__}}
    with database.transaction() as session:
        mine = (DayPlan.id == UUID(plan_id)) & (DayPlan.state == "waiting")
        session.execute(update(DayPlan).where(mine).values(**values))


def _asked(session: Session, settings: Settings, row: DayPlan, now: datetime) -> _Asked:
    units = units_below(session, str(row.unit_id))
    day, jobs, crews, travel = day_of(session, settings, units, now, on=row.day)
    rows = [
        (job, place)
        for job, place in sorted_out(session, units, crews, now, row.day)
        if job.state not in STARTED
    ]
    places = {job.id: place for job, place in rows}
    names = crew_names(session, {job.crew_id for job, _ in rows if job.crew_id})
    scene = Scene(
        day, jobs, [places[job.id] for job in jobs], crews, names | {crew.id: crew.name for crew in crews},
        frozenset(row.request.get("absent_crew_ids") or ()),
    )  # fmt: skip
    notes = [*crew_notes(crews, scene.absent), *notes_of(rows, scene.names)]
    kept = {"base_crews": _base_crews(session, crews), "notes": notes}
    passed = sum(place.is_in and place.promise is Promise.PASSED for _, place in rows)
    figures = {
        "of_other_days": sum(not place.is_in for _, place in rows), "passed_appointments": passed,
        "travel_zh": travel.how_zh, "travel_en": travel.how_en,
    }  # fmt: skip
    return _Asked(scene, bool(crews) and is_day_over(crews, now, row.day), kept, figures)


def _base_crews(session: Session, crews: Sequence[CrewRow]) -> dict[str, Any]:
    """The crews' versions, and all that each has: what it is given later was not in sight."""
    ids = [crew.id for crew in crews]
    stored = record_writer.push_store(session).load([("crew", one) for one in ids], lock=False)
    had: dict[str, list[str]] = {one: [] for one in ids}
    for job in jobs_of_crews(session, ids):
        had[str(job.crew_id)].append(job.id)
    return {key[1]: {"version": one.version, "jobs": had[key[1]]} for key, one in stored.items()}


def _planned(day: Day, request: dict[str, Any]) -> tuple[Day, Plan]:
    """The day with its best plan, and the plan it had before (without the crews that are absent)."""
    # The solvers take a second to load, and only who plans needs them: not every server and command.
    from geo.routing.day import plan_day, settle, without_crew

    problem, before = day.problem, day.plan
    for crew_id in request.get("absent_crew_ids") or ():
        if any(shift.id == crew_id for shift in problem.shifts):
            problem, before = without_crew(problem, before, crew_id)
    if request.get("few_changes"):
        found = settle(problem, before)
    else:
        found = plan_day(problem, request.get("seconds") or 10, today=before)
    return replace(day, problem=problem, plan=found), before


def work_out_waiting(database: Database, settings: Settings) -> int:
    """Make the plans that wait, one after the other; returns how many. Another worker at it is enough."""
    made = 0
    with database.alone("work out day plans") as is_mine:
        while is_mine and (plan_id := _next_waiting(database)):
            work_out(database, settings, plan_id)
            made += 1
    return made


def _next_waiting(database: Database) -> str | None:
    with database.snapshot() as session:
        waiting = select(DayPlan.id).where(DayPlan.state == "waiting").order_by(DayPlan.made_at).limit(1)
        found = session.execute(waiting).scalar()
        return str(found) if found else None


def _worked_out(asked: _Asked, request: dict[str, Any]) -> dict[str, Any]:
    """What a plan keeps; one that breaks a rule by our own scorer is never shown as ready."""
    day, before = _planned(asked.scene.day, request)
    scene, jobs, checked = asked.scene._replace(day=day), asked.scene.jobs, score(day.problem, day.plan)
    if not checked.is_feasible:
        faults = [asdict(broken_rule(day, fault)) for fault in checked.faults[:20]]
        return {"state": "failed", "problem": {"code": "check_failed", "faults": faults}, "figures": {}}
    stops, unserved = stops_of(scene), unserved_of(scene, checked.unserved)
    effects, was = effects_of(stops, unserved, scene.names), score(day.problem, before)
    lines = [line for row in effects for line in row["jobs"]]
    figures = {
        "jobs": len(jobs), "unserved": len(unserved), "changed_crew": changes(before, day.plan),
        "withdrawn": sum(line["change"] == "withdrawn" for line in lines),
        "retimed": sum(line["change"] == "retimed" for line in lines),
        "not_as_promised": sum(bool(stop["breaks"]) for stop in stops),
        "travel_minutes": checked.travel_s // 60, "travel_minutes_before": was.travel_s // 60,
        "late_minutes": checked.late_s // 60, "late_minutes_before": was.late_s // 60,
    }  # fmt: skip
    return asked.kept | {
        "state": "ready", "done_share": 1.0, "base": {job.id: job.version for job in jobs}, "stops": stops,
        "unserved": unserved, "effects": effects, "figures": figures | asked.figures,
    }  # fmt: skip


def read_day_plan(session: Session, actor: Actor, plan_id: str, *, lock: bool = False) -> DayPlan:
    """A plan of the asker's units, for the office; raises not_allowed, not_found."""
    policy.need_office(actor)
    plan = session.get(DayPlan, UUID(plan_id), with_for_update=lock)
    if plan is None:
        raise Problem("not_found", kind="day_plan", id=plan_id)
    policy.need_unit(session, actor, plan.unit_id, "day_plan", plan_id)
    return plan


def list_day_plans(session: Session, actor: Actor, unit_id: str, day: date | None) -> list[DayPlan]:
    """A unit's latest plans (of one day), the newest first; raises not_allowed, not_found."""
    policy.need_office(actor)
    policy.need_unit(session, actor, unit_id)
    wanted = select(DayPlan).where(DayPlan.unit_id == UUID(unit_id))
    if day is not None:
        wanted = wanted.where(DayPlan.day == day)
    return list(session.scalars(wanted.order_by(DayPlan.made_at.desc(), DayPlan.id.desc()).limit(MOST_PLANS)))
