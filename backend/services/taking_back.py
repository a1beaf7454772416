"""An emergency taken back: what it moved returns as it stood, unless somebody has begun or changed it meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.actor import Actor, system
from backend.errors import Problem
from backend.records.emergency import Emergency
from backend.records.work_order import STATES
from backend.services import door
from backend.services.day_plans import need_planner
from sync.change import Stored, moment_text
from sync.kind import Values

# Given to a crew and not left for.
_GIVEN = ("dispatched", "accepted")
# How a job stands: what a sending may change, and taking it back restores.
_STANDS = ("state", "crew_id", "is_pinned", "planned_at", "urgency", "dispatched_at", "accepted_at")


def stands_of(session: Session, job_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How jobs stand, by id, to be kept before something moves them."""
    stored = door.push_store(session).load([("work_order", job_id) for job_id in job_ids], lock=True)
    return {key[1]: {name: one.values.get(name) for name in _STANDS} for key, one in stored.items()}


def was_sent(session: Session, job_id: str) -> bool:
    """Whether a job was ever sent as an emergency, taken back or not."""
    return session.scalars(select(Emergency.id).where(Emergency.work_order_id == UUID(job_id))).first() is not None


def take_back(session: Session, actor: Actor, job_id: str) -> dict[str, Any]:
    """The job back to where it was before it was sent, and with it what was displaced.

    Returns `returned` and `changed`: jobs that stay as they are now, each with why. Raises emergency_not_sent where
    there is nothing to take back, emergency_begun once the crew has left for it.
    """
    job = door.read(session, "work_order", job_id, lock=True)
    need_planner(session, actor, job.values["unit_id"])
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
    returned, changed = _own_back(session, actor, job, sent)
    for change in sent.changes:
        why = _return(session, actor, change)
        one = {"job_id": change["job_id"], "number": change["number"]}
        if why is None:
            returned.append(one)
        else:
            changed.append(one | {"zh": why[0], "en": why[1]})
    sent.taken_back_at, sent.taken_back_by_id = datetime.now(UTC), UUID(actor.id)
    job = door.read(session, "work_order", job_id)
    kept = {"id": job_id, "version": job.version, "state": job.values["state"], "crew_id": job.values["crew_id"]}
    return kept | {"returned": returned, "changed": changed}


def _own_back(
    session: Session, actor: Actor, job: Stored, sent: Emergency
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The emergency itself: to whoever had it, or to nobody; one that was given to another crew since stays there."""
    one = {"job_id": job.id, "number": job.values.get("number")}
    if job.values["state"] in _GIVEN and job.values["crew_id"] != str(sent.crew_id):
        return [], [one | {"zh": "已改派给别的班组", "en": "was given to another crew since"}]
    if job.values["state"] in _GIVEN and sent.own["state"] == "received":
        door.act(session, actor, "work_order", job.id, "withdraw", {}, trusted=True)
    elif job.values["state"] in _GIVEN:
        _to_crew(session, actor, job.id, sent.own)
    _as_it_stood(session, actor, job.id, sent.own)
    return [one], []


def _to_crew(session: Session, actor: Actor, job_id: str, before: dict[str, Any]) -> None:
    """A job to the crew it was with; what that crew had accepted it need not accept again."""
    stored = door.act(session, actor, "work_order", job_id, "dispatch", {"crew_id": before["crew_id"]}, trusted=True)
    if before["state"] == "accepted":
        door.act(session, system(stored.values["unit_id"]), "work_order", job_id, "accept", {})


def _as_it_stood(session: Session, actor: Actor, job_id: str, before: dict[str, Any]) -> None:
    now = {name: value for name, value in before.items() if name != "state"}
    door.change(session, actor, "work_order", job_id, now, trusted=True)


def _return(session: Session, actor: Actor, change: dict[str, Any]) -> tuple[str, str] | None:
    """One displaced job as it stood; or why it stays as it is, in Chinese and English."""
    stored = door.push_store(session).load([("work_order", change["job_id"])], lock=True).get(("work_order", change["job_id"]))  # fmt: skip
    if stored is None or stored.deleted:
        return "已被删除", "was deleted"
    before, after, now = change["before"], change["after"], stored.values
    if now["state"] not in (*_GIVEN, before["state"], after["state"]):
        zh, en = STATES[now["state"]]
        return f"已是“{zh}”", f"is {en.lower()} by now"
    if now.get("crew_id") != after["crew_id"]:
        return "已改派给别的班组", "was given to another crew since"
    if not _same_moment(now, after["planned_at"]):
        return "计划时间已被改动", "was planned for another time since"
    if after["crew_id"] != before["crew_id"]:
        _to_crew(session, actor, stored.id, before)
        _as_it_stood(session, actor, stored.id, before)
    else:
        door.change(session, actor, "work_order", stored.id, {"planned_at": before["planned_at"]}, trusted=True)
    return None


def _same_moment(job: Values, planned_at: str | None) -> bool:
    stands = job.get("planned_at")
    if stands is None or planned_at is None:
        return stands is planned_at
    return moment_text(datetime.fromisoformat(stands)) == moment_text(datetime.fromisoformat(planned_at))
