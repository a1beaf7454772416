"""Confirmation from afar: a customer who was away gets a link, sees the sheet, signs or objects; once.

Only the token's hash is kept, and the sheet that is confirmed must be the sheet that was shown.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.actor import DESK, FIELD, Actor, system
from backend.errors import Problem, WrongSecret
from backend.queries.documents import read_document
from backend.records.confirmation import Confirmation
from backend.records.registry import KINDS
from backend.services import door
from backend.services.credentials import token_sha256
from backend.services.sheets import photo_hashes, sheet_of, sheet_sha256
from sync.change import moment_text
from sync.kind import Values

_WAITING = frozenset({"done", "closed"})


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer says through the link: a name, a relation and strokes for yes; words for no."""

    sheet_sha256: str
    agrees: bool
    signer_name: str = ""
    relation: str = "self"
    strokes: Any = None
    words: str = ""


def make_link(session: Session, actor: Actor, job_id: str, hours: int) -> tuple[str, datetime]:
    """A token to send to the customer, and when it ends; links given out before end now.

    Raises not_found, not_allowed, action_does_not_fit when the job is not done or is signed as it stands.
    """
    job = read_document(session, actor, KINDS["work_order"], job_id).values
    if not actor.roles & (DESK | FIELD):
        raise Problem("not_allowed")
    if job["state"] not in _WAITING or (job.get("signature_id") and job.get("signature_state") == "valid"):
        raise Problem(
            "action_does_not_fit", state=job["state"], fits_in=sorted(_WAITING), signed=bool(job.get("signature_id"))
        )
    now = datetime.now(UTC)
    for earlier in session.scalars(
        select(Confirmation).where(Confirmation.work_order_id == UUID(job_id), Confirmation.used_at.is_(None))
    ):
        earlier.until = min(earlier.until, now)
    token, until = secrets.token_urlsafe(24), now + timedelta(hours=hours)
    session.add(Confirmation(
        id=UUID(door.new_id()), token_sha256=token_sha256(token).hex(), unit_id=UUID(job["unit_id"]), work_order_id=UUID(job_id),
        made_by=UUID(actor.id), until=until,
    ))  # fmt: skip
    return token, until


def look(session: Session, token: str) -> Values:
    """The sheet a link asks about. Raises link_ended, link_used."""
    link = _open_link(session, token)
    sheet = _sheet(session, str(link.work_order_id))
    return {"sheet": sheet, "sheet_sha256": sheet_sha256(sheet), "until": link.until}


def answer(session: Session, token: str, said: Said) -> str:
    """What the customer said, taken once: `signed` or `objected`. Raises link_ended, link_used, changed_meanwhile, invalid."""
    link = _open_link(session, token)
    job_id, unit_id = str(link.work_order_id), str(link.unit_id)
    sheet = _sheet(session, job_id)
    if said.sheet_sha256 != sheet_sha256(sheet):
        raise Problem("changed_meanwhile")
    _need(said)
    if said.agrees:
        link.signature_id = UUID(_sign(session, job_id, unit_id, sheet, said))
    else:
        door.act(session, system(unit_id), "work_order", job_id, "reopen", {"reopen_reason": said.words})
    link.used_at, link.outcome = datetime.now(UTC), "signed" if said.agrees else "objected"
    return link.outcome


def _open_link(session: Session, token: str) -> Confirmation:
    found = session.execute(
        select(Confirmation).where(Confirmation.token_sha256 == token_sha256(token).hex()).with_for_update()
    ).scalar_one_or_none()  # fmt: skip
    if found is not None and found.used_at is not None:
        raise Problem("link_used")
    if found is None:
        raise WrongSecret("link_ended", token)
    if found.until <= datetime.now(UTC):
        raise Problem("link_ended")
    return found


def _sheet(session: Session, job_id: str) -> Values:
    job = door.read(session, "work_order", job_id, lock=True).values
    if job["state"] not in _WAITING:
        raise Problem("link_ended")
    return sheet_of(job, photo_hashes(session, job.get("photo_ids") or []))


def _need(said: Said) -> None:
    """A yes has a name and strokes; a no has words."""
    asked = (
        {"signer_name": said.signer_name.strip(), "strokes": said.strokes}
        if said.agrees
        else {"words": said.words.strip()}
    )
    lacking = [name for name, value in asked.items() if not value]
    if lacking:
        faults = [{"field": name, "code": "required", "zh": "请填写", "en": "is needed"} for name in lacking]
        raise Problem("invalid", faults=faults)


def _sign(session: Session, job_id: str, unit_id: str, sheet: Values, said: Said) -> str:
    job = door.read(session, "work_order", job_id).values
    values = {
        "of_kind": "work_order", "of_id": job_id, "signer_name": said.signer_name, "relation": said.relation, "strokes": said.strokes,
        "sheet": sheet, "sheet_sha256": said.sheet_sha256, "signed_at": moment_text(datetime.now(UTC)), "way": "link",
        "cell_id": job.get("cell_id"), "crew_id": job.get("crew_id"),
    }  # fmt: skip
    signature = door.create(session, system(unit_id), "signature", values)
    door.change(session, system(unit_id), "work_order", job_id, {"signature_id": signature.id})
    return signature.id
