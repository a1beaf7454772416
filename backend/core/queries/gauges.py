"""What is measured in the database for Prometheus and for readiness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Executable, func, select, text
from sqlalchemy.orm import Session

from backend.core.events import Outbox

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
_GAUGES: dict[str, tuple[str, Executable]] = {
    "wangge_outbox_waiting": ("Facts not yet served", _WAITING),
    "wangge_parked": ("Parked mutations without a decision", text(_PARKED)),
    "wangge_held": ("Mutations waiting for what they build on", text(_HELD)),
    "wangge_questions": ("Open disputes", text(_QUESTIONS)),
}


class Gauge(NamedTuple):
    """A measured value: the metric's name, what it means, how much it is, and by which labels."""

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = MappingProxyType({})


def measured(session: Session) -> Iterator[Gauge]:
    """How much of everything waits now."""
    for name, (meaning, asked) in _GAUGES.items():
        yield Gauge(name, meaning, float(session.execute(asked).scalar() or 0))


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
