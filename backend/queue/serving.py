"""Serving the outbox: facts in order, each in a transaction of its own, retried with growing pauses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import redis
import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.events import MOST_ATTEMPTS, Outbox
from backend.notices.services.notifying import MESSAGE
from backend.phones.queries.nudging import scopes_of_records
from backend.phones.services.nudging import call_out
from backend.queue.fact_table import SUBSCRIPTIONS

log = structlog.get_logger(__name__)


def serve(database: Database, *, most: int = 1000, broker: redis.Redis | None = None) -> int:
    """Serve facts that are due until none is left; several workers may run at once.

    Those whose records they are about are nudged through the broker. Returns how many were served.
    """
    served, written = 0, set[tuple[str, str]]()
    while served < most and _serve_one(database, written):
        served += 1
    if written and broker is not None:
        with database.transaction() as session:
            scopes = scopes_of_records(session, written)
        call_out(broker, scopes)
    return served


def _serve_one(database: Database, written: set[tuple[str, str]]) -> bool:
    """One fact: its subscribers and its end in one transaction, so that neither can happen without the
    other."""
    with database.transaction() as session:
        row = session.execute(
            select(Outbox)
            .where(
                Outbox.done_at.is_(None), Outbox.due_at <= datetime.now(UTC), Outbox.attempts < MOST_ATTEMPTS
            )
            # Messages wait for a gateway, which no transaction may (`services.messaging`).
            .where(Outbox.fact != MESSAGE)
            .order_by(Outbox.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        if row is None:
            return False
        fact_id, fact = row.id, row.fact
        try:
            with session.begin_nested():
                for subscriber in SUBSCRIPTIONS.get(row.fact, ()):
                    subscriber(session, row.detail)
        except Problem as problem:
            # What it is of is gone meanwhile: nothing is to be done. Anything else is tried again later, and
            # then seen.
            is_gone = problem.code == "not_found" and problem.detail.get("id") == row.detail.get("id")
            done = datetime.now(UTC) if is_gone else None
            _end(session, fact_id, done, row.attempts + 1, problem.code)
        except Exception as error:  # noqa: BLE001 - one bad fact stops no other; it stays to be seen
            log.error("outbox.failed", fact=fact, error=type(error).__name__)
            _end(session, fact_id, None, row.attempts + 1, type(error).__name__)
        else:
            if fact.endswith(".written"):
                written.add((fact.removesuffix(".written"), row.detail["id"]))
            _end(session, fact_id, datetime.now(UTC), row.attempts, None)
    return True


def _end(session: Session, fact_id: int, done_at: datetime | None, attempts: int, error: str | None) -> None:
    due_at = datetime.now(UTC) + timedelta(seconds=2**attempts)
    values = {"done_at": done_at, "attempts": attempts, "last_error": error} | (
        {} if done_at else {"due_at": due_at}
    )
    session.execute(update(Outbox).where(Outbox.id == fact_id).values(**values))
