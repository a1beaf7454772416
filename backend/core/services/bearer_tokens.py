"""Bearer tokens: finds whose one is, and says why one is refused."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem, WrongSecret
from backend.core.kinds.account import Account, Device, Token
from backend.core.services.credentials import token_sha256


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
    if found is None:
        raise never_given(session, token)
    if not found[1].is_active:
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


def never_given(session: Session, token: str) -> Problem:
    """The error for a token that opens nothing: one that has only ended is no guess."""
    ended = select(Token.sha256).where(Token.sha256 == token_sha256(token))
    is_known = session.execute(ended).first() is not None
    return Problem("not_signed_in") if is_known else WrongSecret("not_signed_in", token)
