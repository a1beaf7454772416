"""Alarms (告警) in the database: signs of life of each process, occurrences of alarms, own thresholds."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Float, Index, Text, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class Pulse(Base):
    """The last sign of life of a process: `part` is web, worker or clock, `who` its host and number.

    `told` is what only that process can see: room on its disks, for how long the broker has not answered it.
    """

    __tablename__ = "pulse"

    part: Mapped[str] = mapped_column(Text, primary_key=True)
    who: Mapped[str] = mapped_column(Text, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class AlarmRaised(Base):
    """One occurrence of an alarm, from its beginning to its end; at most one of each is open.

    `fine_since`: from when on it has been well again; it ends when that has lasted.
    """

    __tablename__ = "alarm_raised"
    __table_args__ = (
        Index(
            "uq_alarm_raised_open", "code", unique=True, postgresql_where=literal_column("ended_at IS NULL")
        ),
        Index("ix_alarm_raised_began_at", "began_at"),
    )

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    # What tells one occurrence from the next where they follow without a pause; "" where nothing does.
    occurrence: Mapped[str] = mapped_column(Text, server_default="")
    value: Mapped[float] = mapped_column(Float)
    threshold: Mapped[float] = mapped_column(Float)
    told: Mapped[int] = mapped_column(server_default="0")
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    fine_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AlarmThreshold(Base):
    """A threshold other than the usual one, in the unit of the alarm's metric."""

    __tablename__ = "alarm_threshold"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    threshold: Mapped[float] = mapped_column(Float)
    set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
