"""Search entries: what customers are found by, normalised, written in the same transaction as the records."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base
from backend.core.kinds.declaration import search_index


class SearchEntry(Base):
    """A customer's number and words, or those of one of their service points
    (`backend/core/comparing/finding.py`)."""

    __tablename__ = "search_entry"
    __table_args__ = (
        Index("ix_search_entry_customer_id", "customer_id"),
        search_index("search_entry", "numbers"),
        search_index("search_entry", "words"),
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(PgUuid)
    numbers: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
