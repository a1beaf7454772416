"""Jobs by how they stand: given to a crew and not opened, or open at a service point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from backend.jobs.kinds.work_order import OPEN, WorkOrder


def unopened_jobs(session: Session, now: datetime, minutes: float, stamp: str) -> Sequence[str]:
    """Jobs that a crew was given so long ago and should have opened, whose `stamp` does not say it was
    noticed since then.

    One that is not urgent and planned for later may wait until then.
    """
    job, noticed = WorkOrder.__table__.c, WorkOrder.__table__.c[stamp]
    asked = (
        select(job.id)
        .where(
            job.state == "dispatched",
            job.deleted_at.is_(None),
            job.opened_at.is_(None),
            job.dispatched_at <= now - timedelta(minutes=minutes),
            or_(noticed.is_(None), noticed < job.dispatched_at),
            or_(job.urgency == "urgent", job.planned_at.is_(None), job.planned_at <= now),
        )
        .order_by(job.dispatched_at)
        .limit(100)
    )
    return [str(one) for one in session.scalars(asked)]


def open_jobs_at(session: Session, point_id: str) -> list[str]:
    """The open jobs at a service point."""
    asked = """
        SELECT id::text
        FROM work_order
        WHERE service_point_id = CAST(:id AS uuid)
        AND deleted_at IS NULL
        AND state = ANY(:open)
        ORDER BY id
    """
    return list(session.scalars(text(asked), {"id": point_id, "open": sorted(OPEN)}))
