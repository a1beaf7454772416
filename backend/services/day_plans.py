"""Plans of a day: asked for, worked out, previewed as a difference, and published in one transaction."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from backend.actor import Actor, Role
from backend.config import Settings
from backend.db import Database
from backend.errors import Problem
from backend.queries import policy
from backend.queries.field_day import JobRow
from backend.queries.scopes import today, units_below
from backend.records.day_plan import DayPlan
from backend.services import door
from backend.services.field_day import day_of
from geo.dispatch import Day, broken_rule, why_unserved
from geo.routing.day import changes, plan_day, settle, without_crew
from geo.routing.problem import Plan
from geo.routing.timing import score, timed
from sync.change import moment_text
from sync.kind import Values

log = structlog.get_logger(__name__)
MOST_SECONDS = 120
PLANNERS = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR})


def propose_day(session: Session, actor: Actor, unit_id: str, day: date | None, request: dict[str, Any]) -> DayPlan:
    """Ask for a plan of a unit's day; `work_out` makes it.

    `request` holds `seconds` to spend, `few_changes` (only what is unserved is put in), and `absent_crew_ids`.
    """
    need_planner(session, actor, unit_id)
    on = day or today()
    if on < today():
        raise Problem(
            "invalid", faults=[{"field": "day", "code": "past", "zh": "日期已过", "en": "the day has passed"}]
        )
    plan = DayPlan(
        id=UUID(door.new_id()),
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


def work_out(database: Database, settings: Settings, plan_id: str, now: datetime | None = None) -> None:
    """Make one plan; nothing is open in the database while the solvers run."""
    try:
        with database.snapshot() as session:
            row = session.get_one(DayPlan, UUID(plan_id))
            request, units = row.request, units_below(session, str(row.unit_id))
            day, jobs, _, travel = day_of(session, settings, units, now or datetime.now(UTC), on=row.day)
        planned, before = _planned(day, request)
        values = _worked_out(planned, before, jobs)
        values["figures"] |= {"travel_zh": travel.how_zh, "travel_en": travel.how_en}
    except Exception as error:
        # One day that breaks something must not keep the others waiting for ever.
        log.error("day_plan.failed", plan=plan_id, error=type(error).__name__, exc_info=True)
        values = {"state": "failed", "problem": {"code": "server_error", "cause": type(error).__name__}}
    with database.transaction() as session:
        mine = (DayPlan.id == UUID(plan_id)) & (DayPlan.state == "waiting")
        session.execute(update(DayPlan).where(mine).values(**values))


def _planned(day: Day, request: dict[str, Any]) -> tuple[Day, Plan]:
    """The day with its best plan, and the plan it had before (without the crews that are absent)."""
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


def _worked_out(day: Day, before: Plan, jobs: list[JobRow]) -> dict[str, Any]:
    """What a plan keeps; one that breaks a rule by our own scorer is never shown as ready."""
    problem, checked = day.problem, score(day.problem, day.plan)
    if not checked.is_feasible:
        faults = [asdict(broken_rule(day, fault)) for fault in checked.faults[:20]]
        return {"state": "failed", "problem": {"code": "check_failed", "faults": faults}, "figures": {}}
    unserved = [
        {"job_id": jobs[n].id, "number": day.job_names[n], "was_crew_id": jobs[n].crew_id,
         "reasons": [asdict(reason) for reason in why_unserved(day, n)]}
        for n in checked.unserved
    ]  # fmt: skip
    was = score(problem, before)
    figures = {
        "jobs": len(jobs), "unserved": len(unserved), "changed_crew": changes(before, day.plan),
        "travel_minutes": checked.travel_s // 60, "travel_minutes_before": was.travel_s // 60,
        "late_minutes": checked.late_s // 60, "late_minutes_before": was.late_s // 60,
    }  # fmt: skip
    base = {job.id: job.version for job in jobs}
    return {
        "state": "ready",
        "done_share": 1.0,
        "base": base,
        "stops": _stops(day, jobs),
        "unserved": unserved,
        "figures": figures,
    }


def _stops(day: Day, jobs: list[JobRow]) -> list[dict[str, Any]]:
    found = []
    for n, shift in enumerate(day.problem.shifts):
        for place, stop in enumerate(timed(day.problem, shift, day.plan.routes[n]).stops, start=1):
            job = jobs[stop.task]
            change = "same" if job.crew_id == shift.id else "moved" if job.crew_id else "new"
            found.append({
                "job_id": job.id, "number": day.job_names[stop.task], "crew_id": shift.id, "crew_name": day.crew_names[n],
                "was_crew_id": job.crew_id, "order": place, "change": change, "late_minutes": -(-stop.late_s // 60),
                "arrive_at": moment_text(day.at(stop.arrive_s)), "begin_at": moment_text(day.at(stop.begin_s)),
                "end_at": moment_text(day.at(stop.end_s)),
            })  # fmt: skip
    return found


def read_day_plan(session: Session, actor: Actor, plan_id: str, *, lock: bool = False) -> DayPlan:
    """A plan of the asker's units, for the office; raises not_allowed, not_found."""
    policy.need_office(actor)
    plan = session.get(DayPlan, UUID(plan_id), with_for_update=lock)
    if plan is None:
        raise Problem("not_found", kind="day_plan", id=plan_id)
    policy.need_unit(session, actor, plan.unit_id, "day_plan", plan_id)
    return plan


def publish(session: Session, actor: Actor, plan_id: str) -> DayPlan:
    """Give every job to its crew as planned, all or none. Raises jobs_changed if a job moved meanwhile."""
    plan = read_day_plan(session, actor, plan_id, lock=True)
    unit_id = str(plan.unit_id)
    need_planner(session, actor, unit_id)
    if plan.state != "ready":
        raise Problem("plan_not_ready", state=plan.state)
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('day ' || :unit, 0))"), {"unit": unit_id})
    stored = door.push_store(session).load([("work_order", job_id) for job_id in plan.base or {}])
    versions = {key[1]: one.version for key, one in stored.items() if not one.deleted}
    moved = sorted(job_id for job_id, version in (plan.base or {}).items() if versions.get(job_id) != version)
    if moved:
        raise Problem("jobs_changed", jobs=moved[:20])
    for stop in plan.stops or ():
        _give(session, actor, stop, stored["work_order", stop["job_id"]].values)
    for one in plan.unserved or ():
        if one["was_crew_id"]:
            door.act(session, actor, "work_order", one["job_id"], "withdraw", {})
    plan.state, plan.published_by_id, plan.published_at = "published", UUID(actor.id), datetime.now(UTC)
    return plan


def _give(session: Session, actor: Actor, stop: dict[str, Any], job: Values) -> None:
    """The dispatcher's right was checked; the planned time is the server's own field."""
    planned = {"planned_at": stop["arrive_at"]}
    if stop["change"] != "same":
        door.act(
            session,
            actor,
            "work_order",
            stop["job_id"],
            "dispatch",
            planned | {"crew_id": stop["crew_id"]},
            trusted=True,
        )
    elif job.get("planned_at") != stop["arrive_at"]:
        door.change(session, actor, "work_order", stop["job_id"], planned, trusted=True)
