"""Jobs to crews: ranked proposals with reasons, assigning, and what happens to a job nobody opens."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import DESK, Actor, system
from backend.core.config import Settings
from backend.core.errors import Problem
from backend.core.queries import policy
from backend.core.queries.scopes import units_below
from backend.core.sentences import fault, sentence
from backend.core.services import record_writer
from backend.core.services.record_writer import Versions
from backend.dispatch.queries.field_day import job_of
from backend.dispatch.services.emergency_day import emergency_scene
from backend.dispatch.services.field_day import day_of
from backend.jobs.queries.jobs import unopened_jobs
from backend.jobs.services.escalating import escalate, tell_dispatchers
from backend.notices.services.notifying import Channel
from geo.dispatch import propose
from sync.change import Stored, moment_text
from sync.kind import Values


def propose_crews(
    session: Session, settings: Settings, actor: Actor, job_id: str, now: datetime | None = None
) -> list[dict[str, Any]]:
    """The unit's crews for a job, best first, each with its reasons in words."""
    policy.need_role(actor, DESK)
    job = job_of(session, job_id)
    if job is None:
        raise Problem("check_failed", faults=[fault("place", "dispatch.no_place")])
    units = units_below(session, record_writer.read(session, "work_order", job_id).values["unit_id"])
    now = now or datetime.now(UTC)
    if job.urgency == "urgent":
        return [asdict(one) for one in emergency_scene(session, settings, units, now, job).ranked]
    day, jobs, _, _ = day_of(session, settings, units, now, extra=job)
    return [asdict(one) for one in propose(day, len(jobs) - 1)]


def assign_job(
    session: Session,
    actor: Actor,
    job_id: str,
    crew_id: str,
    *,
    version: Versions | None,
    is_pinned: bool = False,
) -> Stored:
    """Give a job to a crew, or to another one; its own unit's crews and those below."""
    crew, job = (
        record_writer.read(session, "crew", crew_id),
        record_writer.read(session, "work_order", job_id),
    )
    if not actor.is_system:  # The night's own dispatch stays within the job's unit.
        policy.need_unit(session, actor, crew.values["unit_id"], "crew", crew_id)
        policy.need_unit(session, actor, job.values["unit_id"], "work_order", job_id)
    return give(
        session, actor, job, {"crew_id": crew_id, "is_pinned": is_pinned}, version=version, trusted=None
    )


def give(
    session: Session,
    actor: Actor,
    job: Stored,
    now: Values,
    *,
    version: Versions | None = None,
    trusted: bool | None = True,
) -> Stored:
    """The step of giving, whoever decided it: a crew that did not have the job has not opened it either."""
    values = job.values
    is_theirs = values["state"] != "received" and values.get("crew_id") == now["crew_id"]
    if values.get("opened_at") and not is_theirs:
        now = now | {"opened_at": None}
    return record_writer.act(
        session, actor, "work_order", job.id, "dispatch", now, version=version, trusted=trusted
    )


def escalate_unopened(session: Session, channel: Channel, minutes: int, now: datetime | None = None) -> int:
    """Escalates jobs that nobody has opened, step by step.

    Half way the crew's leader is told by the channel, which reaches a phone that hears no nudge; then the
    dispatchers must call. Each once; returns how many came to the dispatchers.
    """
    now = now or datetime.now(UTC)
    for job_id in unopened_jobs(session, now, minutes / 2, "reminded_at"):
        job = noticed(session, job_id, "reminded_at", now)
        leader = record_writer.read(session, "crew", job["crew_id"]).values["leader_id"]
        said = sentence("dispatch.please_open", number=job["number"] or job_id)
        escalate(session, channel, leader, job_id, job, *said)
    escalated = unopened_jobs(session, now, minutes, "escalated_at")
    for job_id in escalated:
        job = noticed(session, job_id, "escalated_at", now)
        said = sentence("dispatch.unopened", number=job["number"] or job_id, minutes=minutes)
        tell_dispatchers(session, channel, job_id, job, *said)
    return len(escalated)


def noticed(session: Session, job_id: str, stamp: str, now: datetime) -> Values:
    """Stamp a job that was told of; returns its values."""
    unit_id = record_writer.read(session, "work_order", job_id).values["unit_id"]
    return record_writer.change(
        session, system(unit_id), "work_order", job_id, {stamp: moment_text(now)}
    ).values
