"""Emergency: a job that was sent at once, which crew has it, and what of others' work it moved.

That is kept so that it can be taken back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class Emergency(Base):
    """An emergency that was sent, with how everything stood before.

    `changes` are {job_id, number, before, after} with how each other job stood (`putting_back.stands_of`);
    `own` how the job itself did before, with its urgency.
    """

    __tablename__ = "emergency"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    work_order_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    crew_id: Mapped[UUID] = mapped_column(PgUuid)
    own: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    sent_by_id: Mapped[UUID] = mapped_column(PgUuid)
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    taken_back_by_id: Mapped[UUID | None] = mapped_column(PgUuid)
    taken_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
