"""Confirmation (远程确认): a one-time link by which a customer who was away confirms a service sheet, or
objects."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class Confirmation(Base):
    """One link: only the hash of its token is kept, so that nobody of the utility can use it.

    `way`: how it gets to the customer, one of `records.signature.WAYS`; unknown for links of before.
    """

    __tablename__ = "confirmation"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    token_sha256: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    work_order_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    made_by: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)
    signature_id: Mapped[UUID | None] = mapped_column(PgUuid)
    way: Mapped[str | None] = mapped_column(Text)
