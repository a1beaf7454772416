"""Accounts, devices and tokens: who may sign in, from which phone, and for how long. Not synced, no secret in clear."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base


class Account(Base):
    """A staff member's way in: argon2 hash and roles."""

    __tablename__ = "account"

    staff_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    staff_number: Mapped[str] = mapped_column(Text, unique=True)
    phone: Mapped[str | None] = mapped_column(Text, unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_demo: Mapped[bool] = mapped_column(server_default="false")
    is_active: Mapped[bool] = mapped_column(server_default="true")


class Device(Base):
    """A registered phone or browser."""

    __tablename__ = "device"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    public_key: Mapped[str | None] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_failure_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_failure: Mapped[str | None] = mapped_column(Text)
    storage_left_mb: Mapped[int | None]
    alarmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    app_version: Mapped[str | None] = mapped_column(Text)
    waiting_count: Mapped[int | None]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Token(Base):
    """A token by its hash: access, refresh (rotating; `replaced_by` until first use of the new one) or personal."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_staff_device", "staff_id", "device_id"),)

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    use: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[UUID] = mapped_column(PgUuid)
    device_id: Mapped[UUID | None] = mapped_column(PgUuid)
    family: Mapped[UUID] = mapped_column(PgUuid, index=True)
    label: Mapped[str | None] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    replaces: Mapped[bytes | None] = mapped_column(LargeBinary)
