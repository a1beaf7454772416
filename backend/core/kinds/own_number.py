"""The utility's own numbers of records, each with one holder: by the form in which typed text is compared."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, Text, false, text
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class OwnNumber(Base):
    """A record's own number (`RecordKind.own_number`); `is_double` where another had it before there was a rule."""

    __tablename__ = "own_number"
    __table_args__ = (
        Index("uq_own_number_kind", "kind", "form", unique=True, postgresql_where=text("NOT is_double")),
        Index("ix_own_number_double", "kind", "form", postgresql_where=text("is_double")),
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    form: Mapped[str] = mapped_column(Text)
    is_double: Mapped[bool] = mapped_column(server_default=false())
