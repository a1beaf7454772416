"""Rounds of a job: a customer who is asked and not satisfied ends nothing; the job goes on and an item tracks why."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from backend.actor import system
from backend.queries.due_days import own_limit
from backend.records.registry import SYNC_KINDS
from backend.services import door
from sync.change import Stored
from sync.kind import Values
from sync.steps import log_of


def go_on(session: Session, job_id: str) -> Stored:
    """Reopen a job that was closed over a customer's "not satisfied", with an item of it; count the rounds.

    A new round needs a return visit of its own: the last one stays in the item and in history. Safe to repeat.
    """
    job = door.read(session, "work_order", job_id, lock=True)
    said = job.values.get("return_visit") or {}
    if job.values["state"] == "closed" and said.get("is_satisfied") is False and _track(session, job, said):
        reason = f"回访不满意：{said.get('opinion') or '未说明'}"[:500]
        actor = system(job.values["unit_id"])
        job = door.act(session, actor, "work_order", job_id, "reopen", {"reopen_reason": reason})
    number = round_of(job)
    if number == (job.values.get("round") or 1):
        return job
    now = {"round": number, "return_visit": None}
    return door.change(session, system(job.values["unit_id"]), "work_order", job_id, now)


def round_of(job: Stored) -> int:
    """Which round a job is in: it begins one more with each reopening."""
    steps = log_of(SYNC_KINDS["work_order"], job)
    return 1 + len([step for step in steps if step["action"] == "reopen"])


def _track(session: Session, job: Stored, said: Values) -> bool:
    """An item for this closing; False where there is one already."""
    steps = log_of(SYNC_KINDS["work_order"], job)
    closing = next((step["id"] for step in reversed(steps) if step["action"] == "close"), "")
    item_id = str(uuid5(UUID(job.id), f"not satisfied {closing}"))
    if ("item", item_id) in door.push_store(session).load([("item", item_id)], lock=False):
        return False
    kept = ("unit_id", "customer_id", "cell_id", "case_id", "first_contact_owner_id")
    values = {name: job.values.get(name) for name in kept} | {
        "theme": "repair_speed",
        "source": "return_visit",
        "state": "open",
        "description": f"工单 {job.values.get('number') or ''} 回访：{said.get('opinion') or '不满意'}"[:2000],
        "owner_id": job.values.get("first_contact_owner_id"),
        "due_on": own_limit("item"),
        "work_order_id": job.id,
    }
    door.create(session, system(job.values["unit_id"]), "item", values, record_id=item_id)
    return True
