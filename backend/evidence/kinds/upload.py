"""Uploads under way: one row for each file, with its owner, purpose and end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class Upload(Base):
    """A tus upload of one photo's bytes, or of a piece of them (then without photo and hash); its length
    so far is its file's.

    `whole_at`: hash checked; `finished_at`: kept for good; `ended_at`: given up, with the reason.
    """

    __tablename__ = "upload"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    device_id: Mapped[UUID | None] = mapped_column(PgUuid)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    photo_id: Mapped[UUID | None] = mapped_column(PgUuid, index=True)
    sha256: Mapped[str | None] = mapped_column(Text, index=True)
    length_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    whole_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str | None] = mapped_column(Text)


class Object(Base):
    """Content that has arrived whole, by its hash; the same photo taken once is stored once."""

    __tablename__ = "object"

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    arrived_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Look(Base):
    """What was found when an object was looked at as a picture, and where its clean copies lie.

    `state`: waiting, ready, or why it cannot be shown (not_a_picture, broken, refused).
    """

    __tablename__ = "look"

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    reason: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    media_type: Mapped[str | None] = mapped_column(Text)
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken_local: Mapped[str | None] = mapped_column(Text)
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lng: Mapped[float | None]
    lat: Mapped[float | None]
    device: Mapped[str | None] = mapped_column(Text)
    looks_like: Mapped[str | None] = mapped_column(Text, index=True)
    web_sha256: Mapped[str | None] = mapped_column(Text)
    thumb_sha256: Mapped[str | None] = mapped_column(Text)
