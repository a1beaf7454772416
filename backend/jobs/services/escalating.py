"""Telling those who dispatch for a job's unit: what nobody opened, what could not be done, what comes
back."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.jobs.queries.dispatchers import dispatchers_over
from backend.notices.services.notifying import Channel, tell
from sync.kind import Values


def tell_dispatchers(
    session: Session, channel: Channel | None, job_id: str, job: Values, zh: str, en: str
) -> None:
    """A notice about a job to whoever dispatches for its unit; by the channel, where there is one, it is
    urgent."""
    for staff_id in dispatchers_over(session, job["unit_id"]):
        escalate(session, channel, staff_id, job_id, job, zh, en)


def escalate(
    session: Session, channel: Channel | None, staff_id: str, job_id: str, job: Values, zh: str, en: str
) -> None:
    """A notice about a job to one person."""
    tell(
        session,
        channel,
        staff_id,
        job["unit_id"],
        topic="escalation",
        zh=zh,
        en=en,
        subject=("work_order", job_id),
        is_urgent=channel is not None,
    )
