"""Deletes what sync no longer needs: old entries of records that left a scope, old quotas and ticks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def forget_removals(session: Session, now: datetime, before: datetime) -> int:
    """Entries of records that left their scope before a moment; returns how many went.

    Their age is told by which transaction ids had been given out: this notes those of now.
    """
    session.execute(text(_TICK), {"now": now})
    gone = session.execute(text(_ENTRIES), {"before": before}).all()
    session.execute(text(_QUOTAS), {"before": before})
    session.execute(text(_TICKS), {"before": before})
    return len(gone)


_TICK = """
    INSERT INTO sync_tick (at, xid)
    VALUES (:now, pg_current_xact_id())
    ON CONFLICT DO NOTHING
"""
_ENTRIES = """
    DELETE FROM sync_entry
    WHERE removed
    AND xid < (
        SELECT xid
        FROM sync_tick
        WHERE at < :before
        ORDER BY at DESC
        LIMIT 1
    )
    RETURNING 1
"""
_QUOTAS = """
    DELETE FROM sync_quota
    WHERE day < CAST(:before AS date)
"""
_TICKS = """
    DELETE FROM sync_tick
    WHERE at < (
        SELECT max(at)
        FROM sync_tick
        WHERE at < :before
    )
"""
