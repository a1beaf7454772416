"""Contractor's link (外协链接): one job handed to a crew without accounts, for as long as the job is theirs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class ContractorLink(Base):
    """One link: its token by its hash alone; the crew and the person in whose name it works."""

    __tablename__ = "contractor_link"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    token_sha256: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    work_order_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    crew_id: Mapped[UUID] = mapped_column(PgUuid)
    staff_id: Mapped[UUID] = mapped_column(PgUuid)
    made_by: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
