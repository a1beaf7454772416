"""Signing in and out: short access tokens, rotating refresh tokens bound to a device, personal read-only tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from backend.actor import Actor, Role
from backend.config import Settings
from backend.errors import Problem
from backend.records.account import Account, Device, Token
from backend.services.credentials import hash_password, new_token, token_sha256, verify_password
from backend.services.door import new_id
from backend.services.noting import note_rows


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or refresh gives: both tokens in clear, once, and who they belong to."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    staff_id: str
    unit_id: str
    roles: list[str]
    device_id: str
    device_revoked: bool


def sign_in(
    session: Session, settings: Settings, login: str, password: str, device: dict[str, Any], *, from_this_machine: bool
) -> Tokens:
    """Check number and password, register the device, begin a family of tokens."""
    account = session.execute(
        select(Account).where(or_(Account.staff_number == login, Account.phone == login), Account.is_active)
    ).scalar_one_or_none()
    if not verify_password(account.password_hash if account else None, password) or account is None:
        raise Problem("wrong_credentials")
    if account.is_demo and not from_this_machine:
        raise Problem("demo_from_outside")
    registered = _register(session, account, device)
    return issue(session, settings, account, registered, UUID(new_id()), None)


def _register(session: Session, account: Account, device: dict[str, Any]) -> Device:
    found = session.get(Device, UUID(device["id"]))
    is_news = found is None or (found.public_key is None and device.get("public_key") is not None)
    if found is None:
        found = Device(id=UUID(device["id"]), name=device["name"], unit_id=account.unit_id)
        session.add(found)
    # The first key stays: whoever signs in later with another cannot make old signatures theirs.
    found.public_key = found.public_key or device.get("public_key")
    found.app_version = device.get("app_version")
    session.flush()
    if is_news:
        by = Actor(str(account.staff_id), str(account.unit_id), frozenset(), device["id"])
        note_rows(session, "device", [found.id], by)
    return found


def issue(
    session: Session, settings: Settings, account: Account, device: Device, family: UUID, replaces: bytes | None
) -> Tokens:
    """An access and a refresh token for a device; `replaces` is the refresh token they come for."""
    now = datetime.now(UTC)
    access, refresh = new_token(), new_token()
    lives = {"access": timedelta(minutes=settings.access_minutes), "refresh": timedelta(days=settings.refresh_days)}
    for use, token in (("access", access), ("refresh", refresh)):
        session.add(
            Token(
                sha256=token_sha256(token),
                use=use,
                staff_id=account.staff_id,
                device_id=device.id,
                family=family,
                expires_at=now + lives[use],
                replaces=replaces,
            )
        )
    return Tokens(
        access_token=access,
        refresh_token=refresh,
        expires_in_s=settings.access_minutes * 60,
        staff_id=str(account.staff_id),
        unit_id=str(account.unit_id),
        roles=account.roles,
        device_id=str(device.id),
        device_revoked=device.revoked_at is not None,
    )


def refresh(session: Session, settings: Settings, token: str, device_id: str) -> Tokens:
    """New tokens for an old refresh token. The old one works until the new one is first used: replies get lost."""
    row = session.execute(
        select(Token).where(Token.sha256 == token_sha256(token), Token.use == "refresh").with_for_update()
    ).scalar_one_or_none()
    now = datetime.now(UTC)
    if row is None or row.expires_at <= now or str(row.device_id) != device_id:
        raise Problem("refresh_ended")
    if row.used_at is None and row.replaces is not None:
        session.execute(delete(Token).where(Token.family == row.family, Token.sha256 == row.replaces))
    # A second refresh with the same token: the reply to the first was lost, so what it gave was never seen.
    session.execute(delete(Token).where(Token.family == row.family, Token.replaces == row.sha256))
    row.used_at = now
    account, device = session.get(Account, row.staff_id), session.get(Device, row.device_id)
    if account is None or not account.is_active or device is None:
        raise Problem("refresh_ended")
    return issue(session, settings, account, device, row.family, row.sha256)


def actor_of(session: Session, token: str) -> Actor:
    """Who a bearer token belongs to; raises not_signed_in."""
    found = session.execute(
        select(Token, Account, Device)
        .join(Account, Account.staff_id == Token.staff_id)
        .outerjoin(Device, Device.id == Token.device_id)
        .where(
            Token.sha256 == token_sha256(token),
            Token.use.in_(("access", "personal")),
            Token.expires_at > datetime.now(UTC),
        )
    ).one_or_none()
    if found is None or not found[1].is_active:
        raise Problem("not_signed_in")
    row, account = found[0], found[1]
    device: Device | None = found[2]
    return Actor(
        id=str(account.staff_id),
        unit_id=str(account.unit_id),
        roles=frozenset(Role(role) for role in account.roles),
        device_id=str(row.device_id) if row.device_id else None,
        device_revoked=device is not None and device.revoked_at is not None,
        read_only=row.use == "personal",
    )


def sign_out(session: Session, token: str) -> None:
    """End the family this access token belongs to."""
    family = session.execute(select(Token.family).where(Token.sha256 == token_sha256(token))).scalar_one_or_none()
    if family:
        session.execute(delete(Token).where(Token.family == family))


def change_password(session: Session, actor: Actor, old: str, new: str) -> None:
    """Set a new password; every other sign-in of the person ends."""
    account = session.get(Account, UUID(actor.id))
    if account is None or not verify_password(account.password_hash, old):
        raise Problem("wrong_credentials")
    account.password_hash = hash_password(new, account.staff_number, account.phone)
    kept = Token.device_id == UUID(actor.device_id) if actor.device_id else Token.device_id.is_(None)
    session.execute(delete(Token).where(Token.staff_id == account.staff_id, ~kept))


def open_account(
    session: Session,
    staff_id: str,
    unit_id: str,
    staff_number: str,
    phone: str | None,
    password_hash: str,
    roles: list[str],
    *,
    is_demo: bool = False,
) -> None:
    """Let a member of staff sign in, or change how; a demo account given a password of its own is none any more."""
    values = {
        "unit_id": UUID(unit_id),
        "staff_number": staff_number,
        "phone": phone,
        "password_hash": password_hash,
        "roles": roles,
        "is_demo": is_demo,
        "is_active": True,
    }
    account = session.get(Account, UUID(staff_id))
    if account is None:
        session.add(Account(staff_id=UUID(staff_id), **values))
    else:
        session.execute(update(Account).where(Account.staff_id == UUID(staff_id)).values(**values))


def make_personal_token(session: Session, actor: Actor, label: str, days: int) -> dict[str, Any]:
    """A read-only token for another program, shown once."""
    token = new_token()
    expires_at = datetime.now(UTC) + timedelta(days=days)
    family = UUID(new_id())
    session.add(
        Token(
            sha256=token_sha256(token),
            use="personal",
            staff_id=UUID(actor.id),
            family=family,
            label=label,
            expires_at=expires_at,
        )
    )
    return {"id": str(family), "label": label, "token": token, "expires_at": expires_at}


def personal_tokens(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """The person's own tokens, without their secrets."""
    rows = session.execute(
        select(Token).where(Token.staff_id == UUID(actor.id), Token.use == "personal").order_by(Token.issued_at)
    ).scalars()
    return [{"id": str(row.family), "label": row.label, "expires_at": row.expires_at} for row in rows]


def revoke_personal_token(session: Session, actor: Actor, token_id: str) -> None:
    """End one of the person's own tokens."""
    found = (
        delete(Token)
        .where(Token.staff_id == UUID(actor.id), Token.use == "personal", Token.family == UUID(token_id))
        .returning(Token.family)
    )
    if session.execute(found).first() is None:
        raise Problem("not_found", id=token_id)
