"""A forgotten PIN: the server's half of the key to a phone's store, given back after an approval.

The phone's store stays where it is, sealed as it was. Nobody but the phone ever holds both halves
(decision 0016).
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem, WrongSecret
from backend.core.kinds.account import Account, Device
from backend.core.queries import policy
from backend.core.queries.locks import hold
from backend.core.services.auditing import note_act
from backend.core.services.credentials import token_sha256, verify_password
from backend.people.kinds.phone_recovery import PhoneRecovery
from backend.people.queries.leavers import has_left
from backend.people.queries.phone_recoveries import asked_since, forget_used, staff_unit
from sync.kind import Values

HALF_BYTES = 32
# A person stands with the phone in hand and telephones.
HOLDS = timedelta(hours=24)
SHOWN = timedelta(days=7)


def keep_half(session: Session, actor: Actor, recovery_id: str, half: bytes, proof: str) -> None:
    """Keep the server's half for the phone that asks; said twice it is kept once.

    Raises id_taken for an id under which another one is kept, and for a proof that another phone has.
    """
    # Two at once would not see each other.
    hold(session, "halves of phones' keys")
    found = session.get(PhoneRecovery, UUID(recovery_id), with_for_update=True)
    if found is not None:
        told = str(found.staff_id), bytes(found.half), bytes(found.proof_sha256)
        if told != (actor.id, half, token_sha256(proof)):
            raise Problem("id_taken", field="id")
        return
    if session.execute(_proven(proof)).first() is not None:
        raise Problem("id_taken", field="proof")
    forget_used(session, actor.id, actor.device_id)
    kept = PhoneRecovery(
        id=UUID(recovery_id),
        staff_id=UUID(actor.id),
        device_id=actor.device_id and UUID(actor.device_id),
        half=half,
        proof_sha256=token_sha256(proof),
    )
    session.add(kept)
    session.flush()


def need_phone(session: Session, proof: str) -> None:
    """Raises phone_unknown for a proof that no phone has."""
    _phone(session, proof)


def ask(session: Session, proof: str) -> Values:
    """The person at the phone asks for a new PIN: a code to read out to an administrator.

    Asked again while it holds it stays the same; an approval stays good. Raises device_revoked.
    """
    found = _phone(session, proof, lock=True)
    _need_not_lost(session, found)
    if not _holds(found.asked_at):
        found.asked_at, found.code = datetime.now(UTC), f"{secrets.randbelow(10**6):06d}"
        found.approved_at = found.approved_by = None
    return _seen(found)


def look_at(session: Session, proof: str) -> Values:
    """How far a request is, for the phone that asked."""
    return _seen(_phone(session, proof))


def approve(session: Session, actor: Actor, recovery_id: str, code: str) -> None:
    """An administrator of the person's unit lets the phone have the half, by the code that it shows.

    Nobody approves their own. Raises not_found, not_allowed, same_person, device_revoked, wrong_code.
    """
    policy.need_role(actor, {Role.ADMIN})
    found = session.get(PhoneRecovery, UUID(recovery_id), with_for_update=True)
    account = session.get(Account, found.staff_id) if found else None
    if found is None or account is None or not _holds(found.asked_at):
        raise Problem("not_found", id=recovery_id)
    for unit_id in (account.unit_id, staff_unit(session, str(found.staff_id))):
        policy.need_unit(session, actor, unit_id, "account", str(found.staff_id))
    if str(found.staff_id) == actor.id:
        raise Problem("same_person")
    _need_not_lost(session, found)
    if not hmac.compare_digest(found.code or "", code):
        raise Problem("wrong_code")
    if found.approved_at is None:
        found.approved_at, found.approved_by = datetime.now(UTC), UUID(actor.id)
        after = {"device_id": found.device_id and str(found.device_id)}
        note_act(session, actor, "phone_unlock_approved", ("account", str(found.staff_id)), after=after)


def login_of(session: Session, proof: str) -> str:
    """Whose phone it is, by id: wrong passwords are counted by it."""
    return str(_phone(session, proof).staff_id)


def collect(session: Session, proof: str, password: str, network_address: str | None) -> bytes:
    """The server's half, for the phone with an approval and its person's present password.

    Asked again within the same approval it is given again: the answer may have been lost. Raises
    device_revoked, not_approved, wrong_credentials, password_change_needed for a password that others know.
    """
    found = _phone(session, proof, lock=True)
    _need_not_lost(session, found)
    if not (_holds(found.asked_at) and _holds(found.approved_at)):
        raise Problem("not_approved")
    account = session.get(Account, found.staff_id)
    is_open = account is not None and account.is_active and not has_left(session, str(found.staff_id))
    if not verify_password(account.password_hash if account and is_open else None, password) or not account:
        raise Problem("wrong_credentials")
    if account.must_change_password:
        raise Problem("password_change_needed")
    found.collected_at = datetime.now(UTC)
    device_id = str(found.device_id) if found.device_id else None
    who = Actor(
        str(found.staff_id), str(account.unit_id), frozenset(), device_id, network_address=network_address
    )
    note_act(session, who, "phone_unlocked", ("account", who.id), after={"device_id": device_id})
    return found.half


def list_asked(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Requests of the administrator's units in the last days, newest first."""
    policy.need_role(actor, {Role.ADMIN})
    rows = asked_since(session, policy.own_units(session, actor), datetime.now(UTC) - SHOWN)
    return [row | {"state": _state(row["asked_at"], row["approved_at"], row["collected_at"])} for row in rows]


def _phone(session: Session, proof: str, *, lock: bool = False) -> PhoneRecovery:
    asked = _proven(proof)
    found = session.execute(asked.with_for_update() if lock else asked).scalar_one_or_none()
    if found is None:
        raise WrongSecret("phone_unknown", proof)
    return found


def _need_not_lost(session: Session, found: PhoneRecovery) -> None:
    """Whoever found a phone that was reported lost may have its person's password too: it stays sealed."""
    device = session.get(Device, found.device_id) if found.device_id else None
    if device is not None and device.revoked_at is not None:
        raise Problem("device_revoked", wipe=False)


def _proven(proof: str) -> Select[PhoneRecovery]:
    return select(PhoneRecovery).where(PhoneRecovery.proof_sha256 == token_sha256(proof))


def _seen(found: PhoneRecovery) -> Values:
    state = _state(found.asked_at, found.approved_at, found.collected_at)
    return {"state": state, "code": found.code if _holds(found.asked_at) else None}


def _state(asked_at: datetime | None, approved_at: datetime | None, collected_at: datetime | None) -> str:
    if not _holds(asked_at):
        return "collected" if collected_at else "ended" if asked_at else "kept"
    if collected_at and approved_at and collected_at > approved_at:
        return "collected"
    return "approved" if _holds(approved_at) else "asked"


def _holds(moment: datetime | None) -> bool:
    return moment is not None and datetime.now(UTC) - moment < HOLDS
