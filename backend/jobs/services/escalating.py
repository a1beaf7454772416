"""Escalation: tells a unit's dispatchers what nobody opened, what could not be done, what comes back."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.notices.services.notifying import Channel, tell
from sync.kind import Values


def tell_dispatchers(
    session: Session, channel: Channel | None, job_id: str, job: Values, zh: str, en: str
) -> None:
    """A notice about a job to whoever dispatches for its unit; by the channel, where there is one, it is
    urgent."""
    for staff_id in _dispatchers(session, job["unit_id"]):
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


def _dispatchers(session: Session, unit_id: str) -> list[str]:
    """Active dispatchers of the unit or of the units over it."""
    rows = session.execute(
        text(
            """
                WITH RECURSIVE up AS (SELECT id, parent_id
                  FROM unit
                  WHERE id = CAST(:unit AS uuid)
                  UNION
                  SELECT u.id, u.parent_id
                  FROM unit u
                  JOIN up ON u.id = up.parent_id)
                SELECT a.staff_id::text
                FROM account a
                JOIN up ON up.id = a.unit_id
                WHERE a.is_active AND 'dispatcher' = ANY(a.roles)
                ORDER BY 1
            """
        ),
        {"unit": unit_id},
    )
    return [row[0] for row in rows]
