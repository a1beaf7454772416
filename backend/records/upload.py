"""Uploads under way: one row a file, its offset the truth about how many bytes are safely on disk."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base


class Upload(Base):
    """A tus upload of one photo's bytes."""

    __tablename__ = "upload"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    photo_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    sha256: Mapped[str] = mapped_column(Text)
    length_bytes: Mapped[int] = mapped_column(BigInteger)
    offset_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Object(Base):
    """Content that has arrived whole, by its hash; the same photo taken once is stored once."""

    __tablename__ = "object"

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    arrived_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
