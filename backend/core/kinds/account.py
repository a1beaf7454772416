"""Accounts, devices and tokens: who may sign in, from which phone, and for how long.

Not synced, no secret in clear.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

# A phone is told of again only after this long.
ALARM_AGAIN = timedelta(days=1)


class Account(Base):
    """A staff member's way in: argon2 hash and roles."""

    __tablename__ = "account"

    staff_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    staff_number: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    # A name of their own to sign in with, beside the staff number.
    login: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_demo: Mapped[bool] = mapped_column(server_default="false")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    # Set by somebody else: good for choosing one's own, and for nothing besides.
    must_change_password: Mapped[bool] = mapped_column(server_default="false")


class AccountLogin(Base):
    """What may be typed to sign in, in the form in which logins are compared: each leads to one account."""

    __tablename__ = "account_login"

    login: Mapped[str] = mapped_column(Text, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(
        PgUuid, ForeignKey("account.staff_id", ondelete="CASCADE"), index=True
    )


class SetupToken(Base):
    """The one token that opens the setup page of an empty installation, by its hash; wrong tries at it."""

    __tablename__ = "setup_token"

    id: Mapped[bool] = mapped_column(primary_key=True, server_default="true")
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    wrong_tries: Mapped[int] = mapped_column(server_default="0")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Device(Base):
    """A registered phone or browser; by its secret it proves to be the one that was registered."""

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
    secret_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)


class DevicePerson(Base):
    """Who has signed in on a device: it is theirs, and nobody else signs in under its id without its
    secret."""

    __tablename__ = "device_person"

    device_id: Mapped[UUID] = mapped_column(
        PgUuid, ForeignKey("device.id", ondelete="CASCADE"), primary_key=True
    )
    staff_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Token(Base):
    """A token by its hash: access, refresh, personal, or of a feed.

    A refresh token `replaces` another, which is kept until its first use. By one of a feed files are imported
    as `targets` into `unit_id`, and nothing else is done.
    """

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
    targets: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    unit_id: Mapped[UUID | None] = mapped_column(PgUuid)
