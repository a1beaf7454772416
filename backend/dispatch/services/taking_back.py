"""Takes an emergency back.

What it moved returns as it stood, unless somebody has begun or changed it meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.sentences import sentence
from backend.core.services import record_writer
from backend.dispatch.kinds.emergency import Emergency
from backend.dispatch.queries.field_day import crews_named
from backend.dispatch.services.day_plans import hold_days, need_planner
from backend.dispatch.services.putting_back import put_back, why_kept
from sync.change import Stored

# Given to a crew and not left for.
_GIVEN = ("dispatched", "accepted")
Row = dict[str, Any]


def was_sent(session: Session, job_id: str) -> bool:
    """Whether a job was ever sent as an emergency, taken back or not."""
    return (
        session.scalars(select(Emergency.id).where(Emergency.work_order_id == UUID(job_id))).first()
        is not None
    )


def take_back(session: Session, actor: Actor, job_id: str) -> dict[str, Any]:
    """The job back to where it was before it was sent, and with it what was displaced.

    Returns `returned` and `changed`: jobs that stay as they are now, each with why. Raises emergency_not_sent
    where there is nothing to take back, emergency_begun once the crew has left for it.
    """
    unit_id = record_writer.read(session, "work_order", job_id).values["unit_id"]
    need_planner(session, actor, unit_id)
    hold_days(session, unit_id)
    job = record_writer.read(session, "work_order", job_id, lock=True)
    sent = session.scalars(
        select(Emergency)
        .where(Emergency.work_order_id == UUID(job_id), Emergency.taken_back_at.is_(None))
        .order_by(Emergency.sent_at.desc(), Emergency.id.desc())
        .with_for_update()
    ).first()
    if sent is None:
        raise Problem("emergency_not_sent")
    if job.values["state"] not in (*_GIVEN, "received"):
        raise Problem("emergency_begun", state=job.values["state"])
    if _is_over(job, sent):  # Reopened since: nobody sent it in this round.
        raise Problem("emergency_not_sent")
    keys = [("work_order", row["job_id"]) for row in sent.changes]
    stored = record_writer.push_store(session).load(keys)
    crews = {crew.id for crew in crews_named(session, {row["before"]["crew_id"] for row in sent.changes})}
    returned, changed = _own_back(session, actor, job, sent)
    for row, key in zip(sent.changes, keys, strict=True):
        one, other = {"job_id": row["job_id"], "number": row["number"]}, stored.get(key)
        why = why_kept(row["before"], row["after"], other, crews)
        if why or other is None:
            changed.append(one | sentence(f"dispatch.kept_{why or 'gone'}").as_dict())
        else:
            put_back(session, actor, other, row["before"])
            returned.append(one)
    sent.taken_back_at, sent.taken_back_by_id = datetime.now(UTC), UUID(actor.id)
    job = record_writer.read(session, "work_order", job_id)
    kept = {
        "id": job_id,
        "version": job.version,
        "state": job.values["state"],
        "crew_id": job.values["crew_id"],
    }
    return kept | {"returned": returned, "changed": changed}


def _is_over(job: Stored, sent: Emergency) -> bool:
    """Whether the job has been done, or given up, since it was sent (`board` says the same in SQL)."""
    done = job.values.get("done_at")
    return done is not None and datetime.fromisoformat(done) > sent.sent_at


def _own_back(session: Session, actor: Actor, job: Stored, sent: Emergency) -> tuple[list[Row], list[Row]]:
    """The emergency itself: to whoever had it, or to nobody.

    One that was given to another crew since stays there.
    """
    one, own = {"job_id": job.id, "number": job.values.get("number")}, sent.own
    if job.values["state"] in _GIVEN and job.values["crew_id"] != str(sent.crew_id):
        return [], [one | sentence("dispatch.given_to_another").as_dict()]
    put_back(session, actor, job, own)
    record_writer.change(session, actor, "work_order", job.id, {"urgency": own["urgency"]}, trusted=True)
    return [one], []
