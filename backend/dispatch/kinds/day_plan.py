"""A plan of a unit's day: which crew does which job when, previewed as a difference, published once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

STATES = ("waiting", "ready", "failed", "published", "taken_back")


class DayPlan(Base):
    """A proposal for a day.

    `stops` are {job_id, crew_id, crew_name, arrive_at, begin_at, end_at, change, ...}, `unserved` {job_id,
    is_withdrawn, reasons}; `base` and `base_crews` the versions of what it was made over, with the jobs that
    each crew had. `effects` say by crew what publishing changes, `notes` what a person must look at.
    `written` keeps what each job was before and after publication; `kept` what stayed, and why, when the plan
    was taken back.
    """

    __tablename__ = "day_plan"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    day: Mapped[date] = mapped_column(Date)
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    done_share: Mapped[float] = mapped_column(server_default="0")
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    base: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    base_crews: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    stops: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    unserved: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    effects: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    notes: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    made_by_id: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    published_by_id: Mapped[UUID | None] = mapped_column(PgUuid)
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    written: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    kept: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    taken_back_by_id: Mapped[UUID | None] = mapped_column(PgUuid)
    taken_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
