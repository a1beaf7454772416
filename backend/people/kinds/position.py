"""Position (位置): where a person was at a work event of their shift; nothing else is ever kept, and not for
long."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Float, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

# What a person does when their phone may say where they are.
EVENTS = {
    "shift_start": ("上岗", "Shift begun"),
    "shift_end": ("下岗", "Shift ended"),
    "leave": ("出发", "Left"),
    "arrive": ("到场", "Arrived"),
    "start": ("开工", "Work begun"),
    "pause": ("挂起", "Paused"),
    "finish": ("完成", "Finished"),
    "check_in": ("走访签到", "Checked in at a visit"),
}


class Position(Base):
    """One position, WGS-84; the same event is kept once, however often it is sent."""

    __tablename__ = "position"
    __table_args__ = (UniqueConstraint("staff_id", "event", "at"), Index("ix_position_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(PgUuid)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    device_id: Mapped[UUID | None] = mapped_column(PgUuid)
    event: Mapped[str] = mapped_column(Text)
    of_kind: Mapped[str | None] = mapped_column(Text)
    of_id: Mapped[UUID | None] = mapped_column(PgUuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    lng: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
