"""Rounds of a job: a customer who is not satisfied reopens it, and an item tracks why."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.installation import in_own_language
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries.due_days import own_limit
from backend.core.sentences import sentence
from backend.core.services import record_writer
from sync.change import Stored
from sync.kind import Values
from sync.steps import Head, log_of, taken


def go_on(session: Session, job_id: str, *, is_unclosed: bool = False) -> Stored:
    """Reopen a job that was closed over a customer's "not satisfied", with an item of it; count the
    rounds.

    `is_unclosed` is for a finished job which the customer is not satisfied with and which could not be closed
    at all. What somebody reopened by hand before this came has its item too. A new round needs a return visit
    of its own: the last one stays in the item and in history. Safe to repeat.
    """
    job = record_writer.read(session, "work_order", job_id, lock=True)
    said, state = job.values.get("return_visit") or {}, job.values["state"]
    is_new = round_of(job) != (job.values.get("round") or 1)
    is_over = state == "closed" or (is_unclosed and state == "done")
    if said.get("is_satisfied") is False and (is_over or is_new) and _track(session, job, said) and is_over:
        opinion = said.get("opinion")
        why = sentence("jobs.reopened", opinion=opinion) if opinion else sentence("jobs.reopened_unsaid")
        actor = system(job.values["unit_id"])
        job = record_writer.act(
            session, actor, "work_order", job_id, "reopen", {"reopen_reason": in_own_language(why)[:500]}
        )
    number = round_of(job)
    if number == (job.values.get("round") or 1):
        return job
    now = {"round": number, "return_visit": None}
    return record_writer.change(session, system(job.values["unit_id"]), "work_order", job_id, now)


def round_of(job: Stored) -> int:
    """Which round a job is in: it begins one more with each reopening, two at once being one."""
    return len(_rounds(job))


def _rounds(job: Stored) -> list[list[Head]]:
    """The steps of each round so far; those that did not fit are of none."""
    kind = SYNC_KINDS["work_order"]
    found: list[list[Head]] = [[]]
    for step in taken(kind, log_of(kind, job)):
        if step["action"] == "reopen":
            found.append([])
        found[-1].append(step)
    return found


def _track(session: Session, job: Stored, said: Values) -> bool:
    """An item for the closing of the round this was said in; False where there is one already."""
    rounds, number = _rounds(job), job.values.get("round") or 1
    of_round = rounds[-1] if job.values["state"] == "closed" else rounds[min(number, len(rounds)) - 1]
    closing = next(
        (step["id"] for step in reversed(of_round) if step["action"] == "close"), f"round {number}"
    )
    item_id = str(uuid5(UUID(job.id), f"not satisfied {closing}"))
    if ("item", item_id) in record_writer.push_store(session).load([("item", item_id)], lock=False):
        return False
    of, opinion = job.values.get("number") or "", said.get("opinion")
    about = (
        sentence("jobs.item_of_visit", number=of, opinion=opinion)
        if opinion
        else sentence("jobs.item_unsaid", number=of)
    )
    kept = ("unit_id", "customer_id", "cell_id", "case_id", "first_contact_owner_id")
    values = {name: job.values.get(name) for name in kept} | {
        "theme": "repair_speed",
        "source": "return_visit",
        "state": "open",
        "description": in_own_language(about)[:2000],
        "owner_id": job.values.get("first_contact_owner_id"),
        "due_on": own_limit("item"),
        "work_order_id": job.id,
    }
    record_writer.create(session, system(job.values["unit_id"]), "item", values, record_id=item_id)
    return True
