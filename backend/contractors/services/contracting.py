"""Contractors' links: a crew without accounts reads one job, takes its steps and sends its photos.

Such a crew stands in the records like any other, so jobs are ranked and planned for it. What comes by the
link is its leader's word, and names the link where other work names the phone (decision 0004).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.contractors.kinds.contractor_link import ContractorLink
from backend.core.actor import DESK, Actor, Role
from backend.core.blobs.store import BlobStore
from backend.core.errors import Problem, WrongSecret
from backend.core.installation import in_own_language
from backend.core.kinds.account import Account
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.sentences import fault, sentence
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.credentials import new_token, token_sha256
from backend.core.services.noting import note_rows
from backend.evidence.services import confirming
from backend.evidence.services.arrived_photos import keep_whole
from backend.jobs.kinds.work_order import ACTIONS, WORKING
from sync.change import Stored, moment_text
from sync.errors import Refused
from sync.kind import Values

_THEIRS = WORKING | {"dispatched"}
# A link is held by a stranger: one job's photos, and no more.
MOST_PHOTO_BYTES, MOST_PHOTOS = 20 * 1024 * 1024, 60
CONFIRM_HOURS = 24
# What a crew needs at the door, and what it says there.
SHOWN = (
    "number",
    "state",
    "urgency",
    "description",
    "address",
    "place",
    "site_card",
    "due_at",
    "planned_at",
    "appointment_from",
    "appointment_until",
    "checklist",
    "required_photos",
    "signature_required",
    "quote_required",
    "duration_minutes",
)
SAID = (
    "diagnosis",
    "told_minutes",
    "told_cost_fen",
    "tellings",
    "pause_reason",
    "failure_reason",
    "result",
    "remainder",
    "parts",
    "pressure_kpa",
    "prepared_codes",
    "unsigned_kind",
    "unsigned_reason",
)


@dataclass(frozen=True, slots=True)
class Errand:
    """A link that holds: the job as it stands, locked, and in whose name it is worked on."""

    link: ContractorLink
    job: Stored
    actor: Actor


def make_contractor_link(session: Session, actor: Actor, job_id: str, hours: int) -> tuple[str, datetime]:
    """A token for the crew that has the job, and when it ends; links given out for the job before end now.

    Raises not_found, not_allowed, action_does_not_fit when no crew has the job, has_account when its people
    have accounts: they work with the app, where the work is signed by a phone.
    """
    job = read_document(session, actor, KINDS["work_order"], job_id).values
    policy.need_role(actor, DESK)
    policy.need_unit(session, actor, job["unit_id"], "work_order", job_id)
    # Two links made at once would not see each other, and both would hold.
    job = record_writer.read(session, "work_order", job_id, lock=True).values
    if job["state"] not in _THEIRS:
        raise Problem("action_does_not_fit", state=job["state"], fits_in=sorted(_THEIRS))
    crew = record_writer.read(session, "crew", job["crew_id"]).values
    people = {UUID(one) for one in (*crew["member_ids"], crew["leader_id"])}
    if session.scalars(
        select(Account.staff_id).where(Account.staff_id.in_(people), Account.is_active)
    ).first():
        raise Problem("has_account", crew=crew["name"])
    now = datetime.now(UTC)
    ended = session.scalars(
        update(ContractorLink)
        .where(ContractorLink.work_order_id == UUID(job_id), ContractorLink.until > now)
        .values(until=now)
        .returning(ContractorLink.id)
    ).all()
    token, until = new_token(), now + timedelta(hours=hours)
    link = ContractorLink(
        id=UUID(record_writer.new_id()),
        token_sha256=token_sha256(token).hex(),
        unit_id=UUID(job["unit_id"]),
        work_order_id=UUID(job_id),
        crew_id=UUID(job["crew_id"]),
        staff_id=UUID(crew["leader_id"]),
        made_by=UUID(actor.id),
        until=until,
    )
    session.add(link)
    note_rows(session, "contractor_link", [link.id, *ended], actor)
    after = {"work_order_id": job_id, "crew_id": job["crew_id"], "until": moment_text(until)}
    note_act(session, actor, "link_made", ("contractor_link", str(link.id)), after=after)
    return token, until


def need_link(session: Session, token: str) -> None:
    """Raises link_ended for a token that opens no job (any more); nothing is locked."""
    open_errand(session, token, lock=False)


def open_errand(session: Session, token: str, *, lock: bool = True) -> Errand:
    """The job behind a token, as long as the crew has it. Raises link_ended."""
    found = session.execute(
        select(ContractorLink).where(ContractorLink.token_sha256 == token_sha256(token).hex())
    ).scalar_one_or_none()
    if found is None:
        raise WrongSecret("link_ended", token)
    if found.until <= datetime.now(UTC):
        raise Problem("link_ended")
    job = record_writer.read(session, "work_order", str(found.work_order_id), lock=lock)
    if job.values["state"] not in _THEIRS or job.values["crew_id"] != str(found.crew_id):
        raise Problem("link_ended")
    crew = frozenset({Role.CREW_LEADER})
    return Errand(found, job, Actor(str(found.staff_id), str(found.unit_id), crew, device_id=str(found.id)))


def look_at(session: Session, token: str) -> Values:
    """What the crew sees of its job; the first look is noted as the opening of the job."""
    errand = open_errand(session, token)
    job = errand.job
    if not job.values.get("opened_at"):
        opened = {"opened_at": moment_text(datetime.now(UTC))}
        job = record_writer.change(session, errand.actor, "work_order", job.id, opened)
    return _seen(session, errand, job)


def take_step(session: Session, token: str, action: str, now: Values, *, can_send: bool) -> Values:
    """A step of the job's life with what the crew says. Raises link_ended, and what refuses the step.

    Where a customer must sign, a finished job sends them a link, to their number on the ledger; where that
    cannot be, the office hands one on. The crew itself never holds it: `confirmation` says what became of it.
    """
    errand = open_errand(session, token)
    _need_known(now)
    needs_customer = action == "finish" and errand.job.values.get("signature_required")
    if needs_customer and not now.get("unsigned_reason"):
        why = in_own_language(sentence("contractors.done_by_link"))
        now = now | {"unsigned_kind": "other", "unsigned_reason": why}
    _need_rules(session, errand, now)
    job = record_writer.act(session, errand.actor, "work_order", errand.job.id, action, now)
    asked = _ask_customer(session, errand, job.id, can_send=can_send) if needs_customer else None
    return _seen(session, errand, job) | {"confirmation": asked}


def _ask_customer(session: Session, errand: Errand, job_id: str, *, can_send: bool) -> str:
    try:
        confirming.make_link(
            session, errand.actor, job_id, CONFIRM_HOURS, "link_to_ledger", can_send=can_send
        )
    except Problem as problem:
        if problem.code not in ("cannot_send", "no_ledger_number"):
            raise
        return "by_office"
    return "sent"


def say_more(session: Session, token: str, now: Values) -> Values:
    """What the crew notes between two steps."""
    errand = open_errand(session, token)
    _need_known(now)
    _need_rules(session, errand, now)
    return _seen(
        session, errand, record_writer.change(session, errand.actor, "work_order", errand.job.id, now)
    )


def add_photo(
    session: Session, blobs: BlobStore, token: str, data: bytes, media_type: str, said: Values
) -> dict[str, Any]:
    """A photo of the job, whole in one message; sent twice it is kept once.

    `said` is its purpose, and when it was taken where the picture says so. Raises link_ended, too_large.
    """
    errand = open_errand(session, token)
    sha256 = hashlib.sha256(data).hexdigest()
    has = list(errand.job.values.get("photo_ids") or ())
    known = record_writer.push_store(session).load([("photo", one) for one in has])
    twin = next((key[1] for key, one in known.items() if one.values.get("sha256") == sha256), None)
    if twin is None:
        if len(has) >= MOST_PHOTOS:
            raise Problem("too_large", most_photos=MOST_PHOTOS)
        twin = record_writer.create(
            session,
            errand.actor,
            "photo",
            {
                **said,
                "of_kind": "work_order",
                "of_id": errand.job.id,
                "sha256": sha256,
                "size_bytes": len(data),
                "media_type": media_type,
                "crew_id": str(errand.link.crew_id),
                "cell_id": errand.job.values.get("cell_id"),
                "staff_id": errand.actor.id,
            },
        ).id
        has.append(twin)
        record_writer.change(session, errand.actor, "work_order", errand.job.id, {"photo_ids": has})
        keep_whole(session, blobs, errand.actor, sha256, data, twin)
    return {"photo_id": twin, "photos": len(has)}


def _need_rules(session: Session, errand: Errand, now: Values) -> None:
    """What holds whatever the way in holds for a link."""
    job, kind = errand.job, KINDS["work_order"].kind
    try:
        after = job.values | kind.load(now, True)
    except Refused as refused:
        raise Problem("invalid", faults=[one.as_dict() for one in refused.faults]) from refused
    policy.need_house_rules(session, errand.actor, kind, job.id, job.values, after)


def _need_known(now: Collection[str]) -> None:
    unknown = sorted(set(now) - set(SAID))
    if unknown:
        raise Problem("invalid", faults=[fault(name, "contractors.unknown") for name in unknown])


def _seen(session: Session, errand: Errand, job: Stored) -> Values:
    """The job as the crew sees it, and the steps that may come next."""
    state, leader = job.values["state"], str(Role.CREW_LEADER)
    steps = [one for one in ACTIONS if state in one.sources and leader in one.roles]
    matter = record_writer.read(session, "matter", job.values["matter_id"]).values
    return {
        "job": {name: job.values.get(name) for name in (*SHOWN, *SAID)},
        "matter_zh": matter["name_zh"],
        "matter_en": matter["name_en"],
        "photos": len(job.values.get("photo_ids") or ()),
        "steps": [{"name": one.name, "zh": one.zh, "en": one.en, "needs": list(one.needs)} for one in steps],
        "person": record_writer.read(session, "staff", errand.actor.id).values["name"],
        "until": errand.link.until,
    }
