"""Forgetting what nobody needs any more: served facts and ended tokens; never a record, an outcome or parked work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.events import Outbox
from backend.records.account import Token

KEEP_FACTS = timedelta(days=7)


def tidy(session: Session, now: datetime | None = None) -> int:
    """Delete served facts after a week and tokens that have ended; returns how many rows went."""
    now = now or datetime.now(UTC)
    gone = session.execute(delete(Outbox).where(Outbox.done_at < now - KEEP_FACTS).returning(Outbox.id)).all()
    ended = session.execute(delete(Token).where(Token.expires_at < now).returning(Token.sha256)).all()
    return len(gone) + len(ended)
