"""An emergency: the best crew at once, the crew on call at night, the rest of the day with few changes, everybody told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from backend.actor import Actor, system
from backend.config import Settings
from backend.errors import Problem
from backend.queries.field_day import CrewRow, JobRow, crews_of, job_of
from backend.queries.scopes import units_below
from backend.services import door
from backend.services.day_plans import need_planner
from backend.services.dispatching import NO_PLACE, assign_job, noticed, tell_dispatchers
from backend.services.field_day import day_of, is_at_work
from backend.services.notifying import Channel, tell
from geo.dispatch import Day, Proposal, propose
from geo.routing.insertion import best_insertion
from sync.change import Stored, moment_text
from sync.kind import Values

TOLD_CREWS = 5


def send_at_once(
    session: Session, settings: Settings, actor: Actor, job_id: str, crew_id: str | None
) -> dict[str, Any]:
    """Give an urgent job to the crew that can be there first (or the one named), as early as its appointments allow.

    Nobody else changes crew; the crew's later jobs get their new times. Jobs that have begun do not move.
    """
    scene = _scene_for(session, settings, actor, job_id)
    chosen = next((one for one in scene.ranked if crew_id in (None, one.crew_id)), None)
    if chosen is None or (crew_id is None and not chosen.is_feasible):
        raise Problem("no_crew", best=chosen and [reason.zh for reason in chosen.reasons if not reason.is_good])
    done = _send(session, actor, scene, chosen)
    return {"id": done.id, "version": done.version, "state": done.values["state"], "crew_id": chosen.crew_id,
            "leader_id": scene.leader_of(chosen), "arrives_at": chosen.arrives_at, "delays_jobs": chosen.delays_jobs}  # fmt: skip


class _Scene(NamedTuple):
    """The unit's day with the emergency as its last task, and its crews ranked for it."""

    day: Day
    jobs: list[JobRow]
    crews: list[CrewRow]
    ranked: list[Proposal]

    def leader_of(self, chosen: Proposal) -> str:
        """Whom to tell."""
        return next(one.leader_id for one in self.crews if one.id == chosen.crew_id)


def _scene(session: Session, settings: Settings, job: JobRow, units: list[str], now: datetime) -> _Scene:
    day, jobs, crews, _ = day_of(session, settings, units, now, extra=job._replace(urgency="urgent"))
    return _Scene(day, jobs, crews, propose(day, len(jobs) - 1))


def _scene_for(session: Session, settings: Settings, actor: Actor, job_id: str) -> _Scene:
    """For somebody who may plan the job's unit."""
    unit_id = door.read(session, "work_order", job_id).values["unit_id"]
    need_planner(session, actor, unit_id)
    job = job_of(session, job_id)
    if job is None:
        raise Problem("check_failed", faults=[NO_PLACE])
    return _scene(session, settings, job, units_below(session, unit_id), datetime.now(UTC))


def _send(session: Session, actor: Actor, scene: _Scene, chosen: Proposal) -> Stored:
    """The job to the crew, and the crew's times as they are then."""
    day, jobs = scene.day, scene.jobs
    crew = next(n for n, shift in enumerate(day.problem.shifts) if shift.id == chosen.crew_id)
    done = assign_job(session, actor, jobs[-1].id, chosen.crew_id, version=None)
    after = best_insertion(day.problem, day.plan, crew, len(jobs) - 1, earliest=True).after
    rows = [(jobs[stop.task].id, {"planned_at": moment_text(day.at(stop.arrive_s))}) for stop in after.stops]
    door.change_many(session, actor, "work_order", rows, trusted=True)
    return done


def send_on_call(
    session: Session, settings: Settings, channel: Channel, job_id: str, now: datetime | None = None
) -> str | None:
    """An urgent job that comes in while no crew of its unit works goes to the crew on call at once (F31).

    Where nobody on call can go, its dispatchers must call somebody. Once: what was ever given to a crew, or told, is
    left to people. Returns the crew.
    """
    now = now or datetime.now(UTC)
    job = door.read(session, "work_order", job_id, lock=True).values
    if not _waits_for_a_crew(job):
        return None
    units = units_below(session, job["unit_id"])
    if any(is_at_work(crew, now) for crew in crews_of(session, units)):
        return None
    row = job_of(session, job_id)
    scene = _scene(session, settings, row, units, now) if row else None
    able = [one for one in scene.ranked if one.is_feasible and one.crew_id in scene.day.on_call] if scene else []
    if scene is None or not able:
        noticed(session, job_id, "escalated_at", now)
        zh = f"紧急工单 {job['number']}：没有班组在岗或值班可去，请立即联系"
        en = f"Urgent job {job['number']}: nobody at work or on call can go, call a crew"
        tell_dispatchers(session, channel, job_id, job, zh, en)
        return None
    chosen = able[0]
    _send(session, system(job["unit_id"]), scene, chosen)
    tell(
        session, channel, scene.leader_of(chosen), job["unit_id"], topic="general", subject=("work_order", job_id), is_urgent=True,
        zh=f"值班抢修：工单 {job['number']} 已派给您的班组，请立即出动", en=f"On call: job {job['number']} is yours, please leave at once",
    )  # fmt: skip
    zh = f"紧急工单 {job['number']}：已派给值班的{chosen.crew_name}"
    en = f"Urgent job {job['number']} was given to {chosen.crew_name}, on call"
    tell_dispatchers(session, None, job_id, job, zh, en)
    return chosen.crew_id


def _waits_for_a_crew(job: Values) -> bool:
    is_new = job.get("state") == "received" and not job.get("dispatched_at") and not job.get("escalated_at")
    return is_new and job.get("urgency") == "urgent"


def broadcast(session: Session, settings: Settings, channel: Channel, actor: Actor, job_id: str) -> list[str]:
    """Tell the leaders of the crews that could be there first; returns the crews told. The dispatcher still decides."""
    scene = _scene_for(session, settings, actor, job_id)
    job, unit_id = scene.jobs[-1], door.read(session, "work_order", job_id).values["unit_id"]
    told = [one for one in scene.ranked if one.is_feasible][:TOLD_CREWS]
    for one in told:
        km = one.distance_m / 1000
        tell(
            session, channel, scene.leader_of(one), unit_id, topic="general", is_urgent=True,
            zh=f"抢修 {job.number or job_id}：距您约 {km:.1f} 公里，能去请立即联系调度",
            en=f"Emergency {job.number or job_id}: about {km:.1f} km from you; call dispatch if you can go",
        )  # fmt: skip
    return [one.crew_id for one in told]
