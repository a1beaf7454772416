"""Confirmation from afar: a customer who was away gets a one-time link, sees the sheet, confirms or objects.

Only the token's hash is kept, and the sheet that is confirmed must be the sheet that was shown. Who did the
job never holds the link to it: it goes to the number on the ledger, or is handed on by a person of the office
who was no part of it; which of both, and who made it, stands on the signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import CREW, DESK, FIELD, Actor, system
from backend.core.config import Settings
from backend.core.errors import Problem, WrongSecret
from backend.core.events import announce
from backend.core.keys import LINKS
from backend.core.kinds.registry import KINDS
from backend.core.queries.documents import read_document
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.credentials import new_token, token_sha256
from backend.core.services.noting import note_rows
from backend.evidence.kinds.confirmation import Confirmation
from backend.evidence.queries.history import actors_of, last_writer
from backend.evidence.services.sheets import photo_hashes, sheet_of, sheet_sha256
from backend.jobs.kinds.work_order import ACTIONS
from backend.notices.services.notifying import MESSAGE
from backend.notices.services.purposes import Wanted
from sync.change import moment_text
from sync.kind import Values

_WAITING = frozenset({"done", "closed"})
_CREW_STEPS = [one.name for one in ACTIONS if one.roles <= {str(role) for role in CREW}]


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer says through the link: a name, a relation and strokes for yes; words for no."""

    sheet_sha256: str
    agrees: bool
    signer_name: str = ""
    relation: str = "self"
    strokes: Any = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made: its token only where it is handed on, else the end of the number it goes to."""

    way: str
    until: datetime
    token: str | None = None
    number_end: str | None = None


def make_link(
    session: Session, actor: Actor, job_id: str, hours: int, way: str | None, *, can_send: bool
) -> Link:
    """A link for the customer, and when it ends; links given out before end now.

    `can_send`: there is a gateway.

    `way`: `link_handed` gives the token to a person of the office who did not do the job; `link_to_ledger`
    sends it to the customer's number, and is what the field gets when it does not say. Raises not_found,
    not_allowed, own_job when whoever did the job wants the token, cannot_send, no_ledger_number,
    action_does_not_fit when the job is not done or is signed as it stands.
    """
    job = read_document(session, actor, KINDS["work_order"], job_id).values
    if not actor.roles & (DESK | FIELD):
        raise Problem("not_allowed")
    way = way or ("link_handed" if actor.roles & DESK else "link_to_ledger")
    # Two links made at once would not see each other, and both would hold.
    job = record_writer.read(session, "work_order", job_id, lock=True).values
    if job["state"] not in _WAITING or (job.get("signature_id") and job.get("signature_state") == "valid"):
        raise Problem(
            "action_does_not_fit",
            state=job["state"],
            fits_in=sorted(_WAITING),
            signed=bool(job.get("signature_id")),
        )
    number = None
    if way == "link_handed":
        _need_uninvolved(session, actor, job_id, job)
    elif not can_send:
        raise Problem("cannot_send")
    else:
        number = ledger_number(session, job_id, job)
    link, token = _made(
        session, actor, job_id, job["unit_id"], datetime.now(UTC) + timedelta(hours=hours), way
    )
    if number is None:
        return Link(way, link.until, token=token)
    # The token that goes out is made when it goes: nothing on the server ever holds it.
    announce(session, MESSAGE, confirmation_id=str(link.id))
    return Link(way, link.until, number_end=number[-4:])


def _made(
    session: Session, actor: Actor, job_id: str, unit_id: str, until: datetime, way: str
) -> tuple[Confirmation, str]:
    now = datetime.now(UTC)
    open_ones = select(Confirmation).where(
        Confirmation.work_order_id == UUID(job_id), Confirmation.used_at.is_(None), Confirmation.until > now
    )
    ended = list(session.scalars(open_ones.with_for_update()))
    for earlier in ended:
        earlier.until = now
    token = new_token()
    link = Confirmation(
        id=UUID(record_writer.new_id()),
        token_sha256=token_sha256(token).hex(),
        unit_id=UUID(unit_id),
        work_order_id=UUID(job_id),
        made_by=UUID(actor.id),
        until=until,
        way=way,
    )
    session.add(link)
    note_rows(session, "confirmation", [link.id, *(one.id for one in ended)], actor)
    after = {"work_order_id": job_id, "way": way, "until": moment_text(until)}
    note_act(session, actor, "link_made", ("confirmation", str(link.id)), after=after)
    return link, token


def did_the_job(session: Session, job_id: str, job: Values) -> set[str]:
    """Who may have an interest in a job's confirmation: its crew, and whoever took a crew's step of it."""
    people = {str(job["done_by_id"])} if job.get("done_by_id") else set()
    if job.get("crew_id"):
        crew = record_writer.read(session, "crew", job["crew_id"]).values
        people |= {*crew["member_ids"], crew["leader_id"]}
    return people | actors_of(session, "work_order", job_id, _CREW_STEPS)


def _need_uninvolved(session: Session, actor: Actor, job_id: str, job: Values) -> None:
    if actor.id in did_the_job(session, job_id, job):
        raise Problem("own_job")
    if not actor.roles & DESK:
        raise Problem("not_allowed", needs=sorted(DESK))


def ledger_number(session: Session, job_id: str, job: Values) -> str:
    """The customer's number on the ledger, where neither it nor whose job it is was written by those who
    did the job.

    Raises no_ledger_number.
    """
    key = ("customer", str(job["customer_id"]))
    customer = (
        record_writer.push_store(session).load([key], lock=False).get(key) if job.get("customer_id") else None
    )
    number = customer.values.get("phone") if customer and not customer.deleted else None
    if not number:
        raise Problem("no_ledger_number")
    people = did_the_job(session, job_id, job)
    writers = {
        last_writer(session, "customer", key[1], "phone"),
        last_writer(session, "work_order", job_id, "customer_id"),
    }
    if writers & people:
        raise Problem("no_ledger_number")
    return str(number)


def message_of(session: Session, settings: Settings, confirmation_id: str) -> Wanted | None:
    """A link's message: to whom it goes, and its values; None when it ended or has nobody to go to any more.

    The token is made of the server's secret and the link's id: the same each time, and kept nowhere.
    """
    link = session.get(Confirmation, UUID(confirmation_id), with_for_update=True)
    if link is None or link.used_at is not None or link.until <= datetime.now(UTC):
        return None
    job = record_writer.read(session, "work_order", str(link.work_order_id)).values
    try:
        number = ledger_number(session, str(link.work_order_id), job)
    except Problem:
        return None
    digest = hmac.new(
        settings.keys.secrets(LINKS)[-1].encode(), f"confirmation {link.id}".encode(), hashlib.sha256
    ).digest()
    token = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if link.token_sha256 != token_sha256(token).hex():
        link.token_sha256 = token_sha256(token).hex()
        note_rows(session, "confirmation", [link.id])
    url = f"{settings.public_url.rstrip('/')}/confirm#{token}"
    return Wanted(
        {"number": job.get("number") or "", "url": url},
        ("customer", str(job["customer_id"])),
        ("confirmation", str(link.id)),
        str(link.unit_id),
        phone=number,
    )


def look(session: Session, token: str) -> Values:
    """The sheet a link asks about. Raises link_ended, link_used."""
    link = _open_link(session, token)
    sheet = _sheet(session, str(link.work_order_id))
    return {"sheet": sheet, "sheet_sha256": sheet_sha256(sheet), "until": link.until}


def answer(session: Session, token: str, said: Said) -> str:
    """What the customer said, taken once: `signed` or `objected`.

    Raises link_ended, link_used, changed_meanwhile, invalid.
    """
    link = _open_link(session, token)
    job_id, unit_id = str(link.work_order_id), str(link.unit_id)
    sheet = _sheet(session, job_id)
    if said.sheet_sha256 != sheet_sha256(sheet):
        raise Problem("changed_meanwhile")
    _need(said)
    if said.agrees:
        link.signature_id = UUID(_sign(session, link, sheet, said))
    else:
        record_writer.act(
            session, system(unit_id), "work_order", job_id, "reopen", {"reopen_reason": said.words}
        )
    link.used_at, link.outcome = datetime.now(UTC), "signed" if said.agrees else "objected"
    note_rows(session, "confirmation", [link.id])
    return link.outcome


def _open_link(session: Session, token: str) -> Confirmation:
    found = session.execute(
        select(Confirmation).where(Confirmation.token_sha256 == token_sha256(token).hex()).with_for_update()
    ).scalar_one_or_none()
    if found is not None and found.used_at is not None:
        raise Problem("link_used")
    if found is None:
        raise WrongSecret("link_ended", token)
    if found.until <= datetime.now(UTC):
        raise Problem("link_ended")
    return found


def _sheet(session: Session, job_id: str) -> Values:
    job = record_writer.read(session, "work_order", job_id, lock=True).values
    if job["state"] not in _WAITING:
        raise Problem("link_ended")
    return sheet_of(job, photo_hashes(session, job_id, job.get("photo_ids") or []))


def _need(said: Said) -> None:
    """A yes has a name and strokes; a no has words."""
    asked = (
        {"signer_name": said.signer_name.strip(), "strokes": said.strokes}
        if said.agrees
        else {"words": said.words.strip()}
    )
    lacking = [name for name, value in asked.items() if not value]
    if lacking:
        raise Problem("invalid", faults=[fault(name, "evidence.required") for name in lacking])


def _sign(session: Session, link: Confirmation, sheet: Values, said: Said) -> str:
    job_id, unit_id, maker = str(link.work_order_id), str(link.unit_id), ("staff", str(link.made_by))
    job = record_writer.read(session, "work_order", job_id).values
    is_known = bool(record_writer.push_store(session).present([maker]))
    values = {
        "of_kind": "work_order",
        "of_id": job_id,
        "signer_name": said.signer_name,
        "relation": said.relation,
        "strokes": said.strokes,
        "sheet": sheet,
        "sheet_sha256": said.sheet_sha256,
        "signed_at": moment_text(datetime.now(UTC)),
        "way": link.way or "link",
        "way_by_id": maker[1] if is_known else None,
        "cell_id": job.get("cell_id"),
        "crew_id": job.get("crew_id"),
    }
    signature = record_writer.create(session, system(unit_id), "signature", values)
    record_writer.change(session, system(unit_id), "work_order", job_id, {"signature_id": signature.id})
    return signature.id
