"""The utility's own numbers of records, each with one holder: by the form in which typed text is compared."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, Text, false
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class OwnNumber(Base):
    """A number of a record; `is_double` where another had the same before there was a rule, `is_former` where
    it is that of a record which was merged into this one."""

    __tablename__ = "own_number"
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    form: Mapped[str] = mapped_column(Text, primary_key=True)
    is_double: Mapped[bool] = mapped_column(server_default=false())
    is_former: Mapped[bool] = mapped_column(server_default=false())


Index(
    "uq_own_number_kind",
    OwnNumber.kind,
    OwnNumber.form,
    unique=True,
    postgresql_where=OwnNumber.is_double.is_(False),
)
Index("ix_own_number_double", OwnNumber.kind, OwnNumber.form, postgresql_where=OwnNumber.is_double)
