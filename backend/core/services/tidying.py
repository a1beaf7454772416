"""Forgetting what nobody needs any more: served facts, ended tokens, old removals; never a record, an
outcome or parked work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.core.events import Outbox
from backend.core.kinds.account import Token
from backend.core.queries.removals import forget_removals

KEEP_FACTS = timedelta(days=7)
# A phone that shows a token of last week guesses nothing: one that is forgotten looks like a token nobody was
# ever given, and an office of three hundred phones behind one address would wait for its own.
KEEP_TOKENS = timedelta(days=14)
# Two days more than a store may be away and still go on from its cursor.
KEEP_REMOVALS = timedelta(days=32)


def tidy(session: Session, now: datetime | None = None) -> int:
    """Delete served facts after a week, tokens two weeks after their end and old removals; returns how
    many rows went."""
    now = now or datetime.now(UTC)
    gone = session.execute(delete(Outbox).where(Outbox.done_at < now - KEEP_FACTS).returning(Outbox.id)).all()
    gone_entries = forget_removals(session, now, now - KEEP_REMOVALS)
    ended = session.execute(
        delete(Token).where(Token.expires_at < now - KEEP_TOKENS).returning(Token.sha256)
    ).all()
    return len(gone) + len(ended) + gone_entries
