"""The outbox: facts to act on later, written as rows in the transaction that made them true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.core.db import Base
from sync.postgres.rows import json_text, rows_of

# So often a fact is tried, with growing pauses; then it is dead, and a person is asked to look at it.
MOST_ATTEMPTS = 8


class Outbox(Base):
    """A fact and whether its subscribers have been served; `attempts` and `last_error` tell what went
    wrong."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_pending", "due_at", postgresql_where=text("done_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fact: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)


def announce(session: Session, fact: str, **detail: Any) -> None:
    """Say that something became true; its subscribers run after this transaction commits."""
    announce_many(session, [(fact, detail)])


def announce_many(session: Session, facts: list[tuple[str, dict[str, Any]]]) -> None:
    """Several facts in one statement."""
    if facts:
        columns = {
            "facts": [fact for fact, _ in facts],
            "details": [json_text(detail) for _, detail in facts],
        }
        rows_of(session.connection(), _ANNOUNCE, columns)


_ANNOUNCE = """
    INSERT INTO outbox (fact, detail)
    SELECT fact, detail::jsonb
    FROM unnest(%(facts)b::text[], %(details)b::text[]) AS r(fact, detail)
"""
