"""An emergency: the best crew at once, the rest of the day with as few changes as can be, and everybody told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.actor import Actor
from backend.config import Settings
from backend.errors import Problem
from backend.queries.field_day import CrewRow, JobRow, job_of
from backend.queries.scopes import units_below
from backend.services import door
from backend.services.day_plans import need_planner
from backend.services.dispatching import assign_job
from backend.services.field_day import day_of
from backend.services.notifying import Channel, tell
from geo.dispatch import Day, propose
from geo.routing.insertion import best_insertion
from geo.routing.problem import URGENT
from sync.change import moment_text

TOLD_CREWS = 5


def send_at_once(
    session: Session, settings: Settings, actor: Actor, job_id: str, crew_id: str | None
) -> dict[str, Any]:
    """Give an urgent job to the crew that can be there first (or the one named), as early as its appointments allow.

    Nobody else changes crew; the crew's later jobs get their new times. Jobs that have begun do not move.
    """
    day, jobs, crews = _day_with(session, settings, actor, job_id)
    new = len(jobs) - 1
    tasks = [*day.problem.tasks[:new], replace(day.problem.tasks[new], priority=URGENT)]
    day = replace(day, problem=replace(day.problem, tasks=tasks))
    ranked = propose(day, new)
    chosen = next((one for one in ranked if crew_id in (None, one.crew_id)), None)
    if chosen is None or (crew_id is None and not chosen.is_feasible):
        raise Problem("no_crew", best=chosen and [reason.zh for reason in chosen.reasons if not reason.is_good])
    crew = next(n for n, shift in enumerate(day.problem.shifts) if shift.id == chosen.crew_id)
    done = assign_job(session, actor, job_id, chosen.crew_id, version=None)
    after = best_insertion(day.problem, day.plan, crew, new, earliest=True).after
    rows = [(jobs[stop.task].id, {"planned_at": moment_text(day.at(stop.arrive_s))}) for stop in after.stops]
    door.change_many(session, actor, "work_order", rows, trusted=True)
    leader = next(one.leader_id for one in crews if one.id == chosen.crew_id)
    return {"id": done.id, "version": done.version, "state": done.values["state"], "crew_id": chosen.crew_id,
            "leader_id": leader, "arrives_at": chosen.arrives_at, "delays_jobs": chosen.delays_jobs}  # fmt: skip


def _day_with(
    session: Session, settings: Settings, actor: Actor, job_id: str
) -> tuple[Day, list[JobRow], list[CrewRow]]:
    """The unit's day with this job as its last task, for somebody who may plan it."""
    stored = door.read(session, "work_order", job_id)
    need_planner(session, actor, stored.values["unit_id"])
    job = job_of(session, job_id)
    if job is None:
        raise Problem("check_failed", cause="NoPlace")
    units = units_below(session, stored.values["unit_id"])
    day, jobs, crews, _ = day_of(session, settings, units, datetime.now(UTC), extra=job)
    return day, jobs, crews


def broadcast(session: Session, settings: Settings, channel: Channel, actor: Actor, job_id: str) -> list[str]:
    """Tell the leaders of the crews that could be there first; returns the crews told. The dispatcher still decides."""
    day, jobs, crews = _day_with(session, settings, actor, job_id)
    job, unit_id = jobs[-1], door.read(session, "work_order", job_id).values["unit_id"]
    leaders = {crew.id: crew.leader_id for crew in crews}
    told = [one for one in propose(day, len(jobs) - 1) if one.is_feasible][:TOLD_CREWS]
    for one in told:
        km = one.distance_m / 1000
        tell(
            session, channel, leaders[one.crew_id], unit_id, topic="general", is_urgent=True,
            zh=f"抢修 {job.number or job_id}：距您约 {km:.1f} 公里，能去请立即联系调度",
            en=f"Emergency {job.number or job_id}: about {km:.1f} km from you; call dispatch if you can go",
        )  # fmt: skip
    return [one.crew_id for one in told]
