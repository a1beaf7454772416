"""Job intake: number, case, first-contact owner, limits and evidence from the matter, and the site card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.kinds.vocabulary import MENDING
from backend.core.queries.scopes import in_city
from backend.core.services import record_writer
from backend.customers.queries.places import WHERE
from backend.jobs.kinds.work_order import OPEN, WorkOrder
from backend.jobs.services.placing import placed
from sync.change import Stored, moment_text
from sync.kind import Values

_CARD = {"name": "customer_name", "phone": "phone", "is_vulnerable": "is_vulnerable"}
_CARD_POINT = {"address": "address", "meter_number": "meter_number", "access_note": "access_note"}


def receive_job(session: Session, actor: Actor, values: Values, record_id: str | None = None) -> Stored:
    """A job reported to the office; whoever took the call is its first-contact owner for ever.

    The office may not set what the server fills, so the values are checked as the actor's own and completed
    after.
    """
    record_id = record_id or record_writer.new_id()
    record_writer.create(session, actor, "work_order", values, record_id=record_id)
    return complete_job(session, record_id, actor.id)


def complete_job(session: Session, record_id: str, owner_id: str | None) -> Stored:
    """Fill what the server knows and nobody may write: safe to repeat, a second time changes nothing."""
    job = record_writer.read(session, "work_order", record_id, lock=True)
    if job.values.get("case_id"):
        return job
    now = datetime.now(UTC)
    matter = record_writer.read(session, "matter", job.values["matter_id"]).values
    unit_id = job.values["unit_id"]
    where = placed(session, system(unit_id), SYNC_KINDS["work_order"], job.values, is_kept=True)
    filled = (
        _from_matter(matter, now)
        | {name: where.get(name) for name in WHERE}
        | {
            "site_card": site_card(session, unit_id, where.get("customer_id"), where.get("service_point_id")),
            "number": job.values.get("number") or _number(record_id, now),
            "urgency": job.values.get("urgency") or matter["urgency"],
            "case_id": job.values.get("case_id") or record_writer.new_id(),
            "first_contact_owner_id": owner_id,
        }
    )
    return record_writer.change(session, system(unit_id), "work_order", record_id, filled)


def _number(record_id: str, now: datetime) -> str:
    """Readable and unique: the city's day and the id's random end."""
    return f"W{in_city(now):%y%m%d}-{record_id[-8:].upper()}"


def _from_matter(matter: Values, now: datetime) -> Values:
    def limit(name: str) -> str | None:
        return moment_text(now + timedelta(minutes=matter[name])) if matter.get(name) else None

    copied = ("checklist", "skills", "duration_minutes", "required_photos", "signature_required")
    return {name: matter.get(name) for name in copied} | {
        "quote_required": is_told_first(matter),
        "contact_by": limit("contact_within_minutes"),
        "due_at": limit("finish_within_minutes"),
    }


def is_told_first(matter: Values) -> bool:
    """Whether time and cost are told before work: in every repair, and in what else says so."""
    says = matter.get("is_repair")
    is_repair = bool(MENDING.intersection(matter.get("skills") or ())) if says is None else says
    return bool(is_repair or matter.get("quote_required"))


def site_card(
    session: Session, unit_id: str, customer_id: str | None, service_point_id: str | None
) -> dict[str, Any] | None:
    """What a crew needs at the door, from the job's own unit's ledger alone."""
    customer = _ledger_of(session, "customer", customer_id, unit_id)
    point = _ledger_of(session, "service_point", service_point_id, unit_id)
    return site_card_of(customer, point) if customer or point else None


def site_card_of(customer: Values, point: Values) -> dict[str, Any]:
    """The card from a customer's and a service point's values."""
    card = {ours: customer.get(theirs) for theirs, ours in _CARD.items()}
    return card | {ours: point.get(theirs) for theirs, ours in _CARD_POINT.items()}


def _ledger_of(session: Session, kind: str, record_id: str | None, unit_id: str) -> Values:
    values = record_writer.read(session, kind, record_id).values if record_id else {}
    return values if values.get("unit_id") == unit_id else {}


def refresh_site_cards(
    session: Session, *, customer_id: str | None = None, service_point_id: str | None = None
) -> int:
    """Copy a changed ledger onto the open jobs that carry it; returns how many changed."""
    wanted = (
        WorkOrder.customer_id == customer_id
        if customer_id
        else WorkOrder.service_point_id == service_point_id
    )
    jobs = session.execute(
        select(WorkOrder.id).where(wanted, WorkOrder.state.in_(OPEN), WorkOrder.deleted_at.is_(None))
    ).scalars()
    return sum(_refresh_one(session, str(job_id)) for job_id in list(jobs))


def refresh_own_card(session: Session, fact: dict[str, Any]) -> bool:
    """A job that has another customer or point now carries their card, and nobody else's number."""
    changed = {"customer_id", "service_point_id"} & set(fact.get("changed", ()))
    if fact["op"] == "delete" or not changed:
        return False
    is_open = record_writer.read(session, "work_order", fact["id"]).values["state"] in OPEN
    return is_open and bool(_refresh_one(session, fact["id"]))


def _refresh_one(session: Session, job_id: str) -> int:
    job = record_writer.read(session, "work_order", job_id, lock=True)
    card = site_card(
        session, job.values["unit_id"], job.values.get("customer_id"), job.values.get("service_point_id")
    )
    if card == job.values.get("site_card"):
        return 0
    record_writer.change(session, system(job.values["unit_id"]), "work_order", job_id, {"site_card": card})
    return 1


def make_remainder(session: Session, job_id: str) -> Stored | None:
    """What a partly done job left undone, as a job of its own in the same case; once."""
    job = record_writer.read(session, "work_order", job_id)
    exists = session.execute(select(WorkOrder.id).where(WorkOrder.remainder_of_id == job_id)).first()
    if job.values["state"] != "partly_done" or exists:
        return None
    kept = (
        "matter_id",
        "urgency",
        "place",
        "address",
        "reporter",
        "customer_id",
        "service_point_id",
        "cell_id",
        "unit_id",
        "case_id",
        "first_contact_owner_id",
        "site_card",
    )
    actor = system(job.values["unit_id"])
    matter = record_writer.read(session, "matter", job.values["matter_id"]).values
    now = datetime.now(UTC)
    record_id = record_writer.new_id()
    values = {name: job.values.get(name) for name in kept} | _from_matter(matter, now)
    values |= {
        "state": "received",
        "number": _number(record_id, now),
        "remainder_of_id": job_id,
        "description": job.values["remainder"],
    }
    return record_writer.create(session, actor, "work_order", values, record_id=record_id)
