"""What is measured in the database for Prometheus and for readiness."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Executable, func, select, text
from sqlalchemy.orm import Session

from backend.core.events import MOST_ATTEMPTS, Outbox

_WAITING = select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))
_PARKED = """
    SELECT count(*)
    FROM sync_waiting
    WHERE status = 'parked'
    AND decided_at IS NULL
"""
_HELD = """
    SELECT count(*)
    FROM sync_waiting
    WHERE status = 'held'
"""
_QUESTIONS = """
    SELECT count(*)
    FROM sync_question
    WHERE closed_at IS NULL
"""
_OLDEST_WRITER = """
    SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)
    FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL
"""
_GAUGES: dict[str, tuple[str, Executable]] = {
    "wangge_outbox_waiting": ("Facts not yet served", _WAITING),
    "wangge_outbox_dead": (
        "Facts given up after their last attempt: each waits for a person (`wangge outbox`)",
        _WAITING.where(Outbox.attempts >= MOST_ATTEMPTS),
    ),
    "wangge_parked": ("Parked mutations without a decision", text(_PARKED)),
    "wangge_held": ("Mutations waiting for what they build on", text(_HELD)),
    "wangge_questions": ("Open disputes", text(_QUESTIONS)),
    "wangge_oldest_writer_seconds": (
        "Age of the oldest open write transaction; a long one delays nobody's pull but grows every cursor",
        text(_OLDEST_WRITER),
    ),
}


def measured(session: Session) -> Iterator[tuple[str, str, float]]:
    """Each gauge's name, what it means, and how much it is now."""
    for name, (meaning, asked) in _GAUGES.items():
        yield name, meaning, float(session.execute(asked).scalar() or 0)


def need_documents(session: Session) -> None:
    """Look into the table that everything is read from; raises what the database says where it cannot."""
    look = """
        SELECT 1
        FROM sync_document
        LIMIT 1
    """
    session.execute(text(look))


def nothing_is_written(session: Session) -> bool:
    """Whether no record was ever written."""
    asked = """
        SELECT NOT EXISTS (
            SELECT
            FROM sync_document
        )
    """
    return bool(session.execute(text(asked)).scalar_one())


def refresh_statistics(session: Session) -> None:
    """Let the planner look at the tables anew, after they were filled at once."""
    session.execute(text("ANALYZE"))
