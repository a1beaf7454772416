"""Personal tokens: let another program read what their owner may read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.account import Token
from backend.core.services.auditing import note_act
from backend.core.services.credentials import new_token, token_sha256
from backend.core.services.record_writer import new_id
from backend.people.services.accounts import OWN_USES
from sync.change import moment_text


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
    note_act(
        session,
        actor,
        "token_made",
        ("token", str(family)),
        after={"label": label, "expires_at": moment_text(expires_at)},
    )
    return {"id": str(family), "label": label, "token": token, "expires_at": expires_at}


def personal_tokens(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """The person's own tokens, without their secrets."""
    rows = session.execute(
        select(Token)
        .where(Token.staff_id == UUID(actor.id), Token.use.in_(OWN_USES))
        .order_by(Token.issued_at)
    ).scalars()
    return [
        {"id": str(row.family), "label": row.label, "expires_at": row.expires_at, "targets": row.targets}
        for row in rows
    ]


def revoke_personal_token(session: Session, actor: Actor, token_id: str) -> None:
    """End one of the person's own tokens."""
    found = (
        delete(Token)
        .where(Token.staff_id == UUID(actor.id), Token.use.in_(OWN_USES), Token.family == UUID(token_id))
        .returning(Token.label)
    )
    ended = session.execute(found).first()
    if ended is None:
        raise Problem("not_found", id=token_id)
    note_act(session, actor, "token_revoked", ("token", token_id), before={"label": ended[0]})
