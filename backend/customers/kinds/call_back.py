"""Call-back sample (回访抽查): visits drawn by lot, by a seed anybody can draw again, and what customers said
of them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

OUTCOMES = {
    "confirmed": ("属实", "As recorded"),
    "denied": ("不属实", "Not as recorded"),
    "unreachable": ("未联系上", "Not reached"),
}


class CallBackSample(Base):
    """One draw: of which days' visits, how many there were, the seed, and whom it fell on, in the order
    drawn."""

    __tablename__ = "call_back_sample"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    made_by: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    from_day: Mapped[date] = mapped_column(Date)
    until_day: Mapped[date] = mapped_column(Date)
    seed: Mapped[str] = mapped_column(Text)
    population: Mapped[int]
    visit_ids: Mapped[list[UUID]] = mapped_column(ARRAY(PgUuid))


class CallBack(Base):
    """What one customer said when called."""

    __tablename__ = "call_back"

    sample_id: Mapped[UUID] = mapped_column(PgUuid, ForeignKey("call_back_sample.id"), primary_key=True)
    visit_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    outcome: Mapped[str] = mapped_column(Text)
    said: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[UUID] = mapped_column(PgUuid)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
