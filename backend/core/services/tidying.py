"""Retention: deletes served facts, ended tokens and old removals; never records, outcomes or parked work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from backend.core.events import Outbox
from backend.core.kinds.account import Token

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
    gone_entries = _forget_removals(session, now)
    ended = session.execute(
        delete(Token).where(Token.expires_at < now - KEEP_TOKENS).returning(Token.sha256)
    ).all()
    return len(gone) + len(ended) + gone_entries


def _forget_removals(session: Session, now: datetime) -> int:
    """Entries of records that left their scope long ago; their age is told by which transaction ids had
    been given out."""
    session.execute(
        text("INSERT INTO sync_tick (at, xid) VALUES (:now, pg_current_xact_id()) ON CONFLICT DO NOTHING"),
        {"now": now},
    )
    before = {"before": now - KEEP_REMOVALS}
    gone = session.execute(
        text(
            """
                DELETE FROM sync_entry
                WHERE removed AND xid < (SELECT xid
                  FROM sync_tick
                  WHERE at < :before
                  ORDER BY at DESC
                  LIMIT 1)
                RETURNING 1
            """
        ),
        before,
    ).all()
    session.execute(text("DELETE FROM sync_quota WHERE day < CAST(:before AS date)"), before)
    session.execute(
        text("DELETE FROM sync_tick WHERE at < (SELECT max(at) FROM sync_tick WHERE at < :before)"), before
    )
    return len(gone)
