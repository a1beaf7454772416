"""Jobs to crews: ranked proposals with reasons, assigning, and what happens to a job nobody opens."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import DESK, Actor, system
from backend.errors import Problem
from backend.geometry import lng_lat
from backend.queries.scopes import CITY, units_below
from backend.services import door
from backend.services.intake import unopened_jobs
from backend.services.notifying import Channel, tell
from geo.dispatch import CrewState, Job, propose
from sync.change import Stored, moment_text, parse_moment
from sync.kind import Values


def propose_crews(session: Session, actor: Actor, job_id: str, now: datetime | None = None) -> list[dict[str, Any]]:
    """The unit's crews for a job, best first, each with its reasons in words."""
    if not actor.roles & DESK:
        raise Problem("not_allowed", needs=sorted(DESK))
    now = now or datetime.now(UTC)
    job = door.read(session, "work_order", job_id).values
    if job.get("place") is None:
        raise Problem(
            "check_failed",
            faults=[{"field": "place", "code": "required", "zh": "工单没有位置", "en": "the job has no place"}],
        )
    wanted = Job(
        place=lng_lat(job["place"]),
        duration_minutes=job.get("duration_minutes") or 60,
        skills=frozenset(job.get("skills") or ()),
        due_at=parse_moment(job["due_at"]).astimezone(CITY) if job.get("due_at") else None,
        is_urgent=job.get("urgency") == "urgent",
    )
    crews = _crew_states(session, units_below(session, job["unit_id"]), wanted, now.astimezone(CITY))
    return [asdict(one) for one in propose(wanted, crews, now.astimezone(CITY))]


_CREWS = text(
    "SELECT c.id::text, c.name, c.skills, c.shift_start, c.shift_end, ST_X(c.start_place), ST_Y(c.start_place), "
    "coalesce(w.open_jobs, 0), coalesce(w.minutes, 0), coalesce(w.waiting_minutes, 0), w.x, w.y FROM crew c LEFT JOIN LATERAL ("
    "SELECT count(*) AS open_jobs, sum(coalesce(duration_minutes, 60)) AS minutes, "
    "sum(coalesce(duration_minutes, 60)) FILTER (WHERE state IN ('dispatched', 'accepted') AND urgency IS DISTINCT FROM 'urgent') AS waiting_minutes, "
    "(array_agg(ST_X(place) ORDER BY started_at DESC NULLS LAST) FILTER (WHERE state IN ('arrived', 'in_progress')))[1] AS x, "
    "(array_agg(ST_Y(place) ORDER BY started_at DESC NULLS LAST) FILTER (WHERE state IN ('arrived', 'in_progress')))[1] AS y "
    "FROM work_order WHERE crew_id = c.id AND deleted_at IS NULL AND state IN "
    "('dispatched', 'accepted', 'en_route', 'arrived', 'in_progress')) w ON true "
    "WHERE c.deleted_at IS NULL AND c.is_active AND c.unit_id = ANY(CAST(:units AS uuid[]))"
)


def _crew_states(session: Session, units: list[str], job: Job, now: datetime) -> list[CrewState]:
    """Where each crew is, at its job under way or its start, and what it has to do."""
    states = []
    for row in session.execute(_CREWS, {"units": units}):
        id_, name, skills, start, end, home_x, home_y, jobs, minutes, waiting, x, y = row
        place = (x, y) if x is not None else (home_x, home_y) if home_x is not None else job.place
        shift = _shift(now, start, end)
        states.append(
            CrewState(id_, name, place, frozenset(skills or ()), *shift, int(jobs), int(minutes), int(waiting or 0))
        )
    return states


def _shift(now: datetime, start: str, end: str) -> tuple[datetime, datetime]:
    """The crew's shift that is running or comes next; one that ends before it starts goes over midnight."""
    begin, finish = (now.replace(hour=int(t[:2]), minute=int(t[3:]), second=0, microsecond=0) for t in (start, end))
    if finish <= begin:
        if now < finish:
            begin -= timedelta(days=1)
        else:
            finish += timedelta(days=1)
    if now >= finish:
        begin, finish = begin + timedelta(days=1), finish + timedelta(days=1)
    return begin, finish


def assign_job(
    session: Session, actor: Actor, job_id: str, crew_id: str, *, version: int | None, is_pinned: bool = False
) -> Stored:
    """Give a job to a crew, or to another one; its own unit's crews and those below."""
    crew = door.read(session, "crew", crew_id)
    if crew.values["unit_id"] not in units_below(session, actor.unit_id):
        raise Problem("not_found", kind="crew", id=crew_id)
    now: Values = {"crew_id": crew_id, "is_pinned": is_pinned}
    return door.act(session, actor, "work_order", job_id, "dispatch", now, version=version)


def escalate_unopened(session: Session, channel: Channel, minutes: int, now: datetime | None = None) -> int:
    """Tell dispatchers of jobs that nobody has opened, once each; returns how many."""
    now = now or datetime.now(UTC)
    jobs = unopened_jobs(session, now, minutes)
    for job_id in jobs:
        job = door.change(
            session,
            system(door.read(session, "work_order", job_id).values["unit_id"]),
            "work_order",
            job_id,
            {"escalated_at": moment_text(now)},
        )
        for staff_id in _dispatchers(session, job.values["unit_id"]):
            tell(
                session,
                channel,
                staff_id,
                job.values["unit_id"],
                topic="escalation",
                zh=f"工单 {job.values['number']} 派出 {minutes} 分钟无人打开",
                en=f"Job {job.values['number']} was not opened within {minutes} minutes",
                subject=("work_order", job_id),
                is_urgent=True,
            )
    return len(jobs)


def _dispatchers(session: Session, unit_id: str) -> list[str]:
    """Active dispatchers of the unit or of the units over it."""
    rows = session.execute(
        text(
            "WITH RECURSIVE up AS (SELECT id, parent_id FROM unit WHERE id = CAST(:unit AS uuid) UNION "
            "SELECT u.id, u.parent_id FROM unit u JOIN up ON u.id = up.parent_id) "
            "SELECT a.staff_id::text FROM account a JOIN up ON up.id = a.unit_id WHERE a.is_active AND 'dispatcher' = ANY(a.roles) ORDER BY 1"
        ),
        {"unit": unit_id},
    )
    return [row[0] for row in rows]
