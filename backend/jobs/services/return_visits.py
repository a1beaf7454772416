"""Return visits of finished jobs: a task with a due day for somebody who did not do the work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.errors import Problem
from backend.core.installation import in_own_language
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries.scopes import today
from backend.core.sentences import Words, sentence
from backend.core.services import record_writer
from backend.customers.kinds.visit import METHODS
from backend.customers.queries.representatives import responsible
from backend.customers.queries.visits import visits_open_for
from backend.jobs.services.escalating import tell_dispatchers
from backend.jobs.services.rounds import go_on, round_of
from sync.change import Stored, parse_moment
from sync.kind import Values
from sync.steps import log_of


def ask_back(session: Session, job_id: str, days: int) -> str | None:
    """A finished job with a customer has one open return visit of its round; one that is no longer
    finished has none.

    Safe to repeat, however often and late the fact comes. Returns the visit's id where the job waits for it.
    """
    job = record_writer.read(session, "work_order", job_id, lock=True)
    waits = job.values["state"] == "done" and bool(job.values.get("customer_id"))
    wanted = _visit_id(job) if waits else None
    for visit_id in visits_open_for(session, job_id):
        if visit_id != wanted:
            is_closed = job.values["state"] == "closed"
            why = sentence("jobs.visit_closed") if is_closed else sentence("jobs.visit_not_wanted")
            _cancel(session, job, visit_id, in_own_language(why))
    if wanted is None:
        return None
    found = record_writer.push_store(session).load([("visit", wanted)]).get(("visit", wanted))
    if found is None:
        record_writer.create(
            session, system(job.values["unit_id"]), "visit", _task(session, job, days), record_id=wanted
        )
    elif (
        not found.deleted
        and found.values["customer_id"] != job.values["customer_id"]
        and found.values["state"] in ("planned", "not_met")
    ):
        record_writer.change(session, system(job.values["unit_id"]), "visit", wanted, _whom(session, job))
    return wanted


def _visit_id(job: Stored) -> str:
    return str(uuid5(UUID(job.id), f"return visit {round_of(job)}"))


def _cancel(session: Session, job: Stored, visit_id: str, why: str) -> None:
    record_writer.act(
        session, system(job.values["unit_id"]), "visit", visit_id, "cancel", {"absent_reason": why}
    )


def _task(session: Session, job: Stored, days: int) -> Values:
    matter = record_writer.read(session, "matter", job.values["matter_id"]).values
    number, result = job.values.get("number") or "", job.values.get("result") or ""
    called = in_own_language((matter["name_zh"], matter["name_en"]))
    about = in_own_language(sentence("jobs.visit_about", number=number, matter=called, result=result))
    return _whom(session, job) | {
        "unit_id": job.values["unit_id"],
        "state": "planned",
        "method": "phone",
        "due_on": max(_finished_on(job) + timedelta(days=days), today()).isoformat(),
        "case_id": job.values.get("case_id"),
        "work_order_id": job.id,
        "about": about[:500],
    }


def _finished_on(job: Stored) -> date:
    done_at = job.values.get("done_at")
    return today(parse_moment(done_at)) if done_at else today()


def _whom(session: Session, job: Stored) -> Values:
    """The customer, and who asks them: their own representative or the cell's, but nobody who did the
    work."""
    names = ("customer_id", "service_point_id", "cell_id")
    found = {name: job.values.get(name) for name in names}
    found["cell_id"] = found["cell_id"] or record_writer.read(
        session, "customer", job.values["customer_id"]
    ).values.get("cell_id")
    did_it = {job.values.get("done_by_id")}
    if job.values.get("crew_id"):
        crew = record_writer.read(session, "crew", job.values["crew_id"]).values
        did_it |= {crew["leader_id"], *(crew.get("member_ids") or ())}
    without = [one for one in did_it if one]
    asks = responsible(session, job.values["customer_id"], found["cell_id"], without=without)
    return found | {"representative_id": asks}


def close_by_visit(session: Session, visit_id: str) -> bool:
    """What the customer said at a return visit closes the job, or begins its next round; safe to repeat.

    A job that cannot be closed yet keeps what was said, and its dispatchers are told why; where the customer
    is not satisfied it goes on all the same. Returns whether it was closed.
    """
    visit = record_writer.read(session, "visit", visit_id)
    job_id = visit.values.get("work_order_id")
    if visit.values["state"] != "done" or not job_id or visit.values.get("is_satisfied") is None:
        return False
    job = record_writer.read(session, "work_order", job_id, lock=True)
    if job.values["state"] != "done" or visit_id != _visit_id(job):
        return False
    said = {
        "is_satisfied": visit.values["is_satisfied"],
        "opinion": (visit.values.get("summary") or "")[:1000] or None,
        "method": METHODS[visit.values["method"]][0],
    }
    try:
        record_writer.act(
            session, _asker(visit), "work_order", job_id, "close", {"return_visit": said}, trusted=True
        )
    except Problem as problem:
        _keep_said(session, job, said, problem)
        if said["is_satisfied"] is False:
            go_on(session, job_id, is_unclosed=True)
        return False
    go_on(session, job_id)
    return True


def _asker(visit: Stored) -> Actor:
    """Who took the last step of the visit: the closing is theirs."""
    steps = log_of(SYNC_KINDS["visit"], visit)
    author = next((one["author"] for one in reversed(steps) if one["action"] == "complete"), "")
    unit_id = visit.values["unit_id"]
    return Actor(author, unit_id, frozenset({Role.REPRESENTATIVE})) if author else system(unit_id)


def _keep_said(session: Session, job: Stored, said: Values, problem: Problem) -> None:
    if job.values.get("return_visit") == said:
        return
    record_writer.change(session, system(job.values["unit_id"]), "work_order", job.id, {"return_visit": said})
    if said["is_satisfied"] is False:
        return  # It is not to be closed: it goes on.
    why: list[dict[str, Any]] = problem.detail.get("faults") or [
        {"zh": problem.entry.zh, "en": problem.entry.en}
    ]
    words = [Words(one["zh"], one["en"]) for one in why]
    said_of = sentence("jobs.cannot_be_closed", number=job.values.get("number") or "", why=words)
    tell_dispatchers(session, None, job.id, job.values, *said_of)
