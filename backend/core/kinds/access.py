"""Access (查阅): the log of who looked at somebody's positions, or took papers and cases out of the
system.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class Access(Base):
    """One look: by whom, at what (`positions` of a person, a `case`), whose.

    Never changed; kept as long as the server keeps its history.
    """

    __tablename__ = "access"
    __table_args__ = (Index("ix_access_of", "what", "of_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    staff_id: Mapped[UUID] = mapped_column(PgUuid)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    what: Mapped[str] = mapped_column(Text)
    of_id: Mapped[UUID] = mapped_column(PgUuid)
    reason: Mapped[str | None] = mapped_column(Text)
