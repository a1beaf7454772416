"""Account link (账号链接): an invitation, or a way to a new password: one link, used once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

INVITATION, PASSWORD = USES = ("invitation", "password")


class AccountLink(Base):
    """One link, its token by its hash alone; an invitation is bound to the roles that it opens."""

    __tablename__ = "account_link"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    use: Mapped[str] = mapped_column(Text)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    staff_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    phone: Mapped[str | None] = mapped_column(Text)
    made_by: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
