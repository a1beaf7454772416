"""Retention of messages out: what became of them for some hundred days, the masked number for less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from backend.notices.queries import messages as queries

# Long enough to ask a recipient whether it came.
ADDRESS_DAYS = 90


def forget_old(
    session: Session, days: int, now: datetime | None = None, *, address_days: int = ADDRESS_DAYS
) -> int:
    """Messages older than the server keeps them are gone; returns how many. What still waits stays."""
    now = now or datetime.now(UTC)
    queries.forget_addresses(session, now - timedelta(days=min(days, address_days)))
    return queries.forget_ended(session, now - timedelta(days=days))
