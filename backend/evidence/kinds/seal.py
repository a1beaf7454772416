"""Seals over history: what each one covers, its root, and the chain they make; not synced."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class Seal(Base):
    """One link: the Merkle root of its rows, the hash of the link before it, its own hash, and the
    server's signature."""

    __tablename__ = "seal"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    rows: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str | None] = mapped_column(Text)


class SealingKey(Base):
    """A key that seals or sealed: its public half, and once another follows it, its last seal and that
    one's word for it."""

    __tablename__ = "sealing_key"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    successor: Mapped[str | None] = mapped_column(Text)
    last_number: Mapped[int | None] = mapped_column(BigInteger)
    last_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    endorsement: Mapped[bytes | None] = mapped_column(LargeBinary)


class SealedRow(Base):
    """One row of history under a seal: its leaf, and the salt of its personal values until they are
    erased."""

    __tablename__ = "sealed_row"
    __table_args__ = (Index("ix_sealed_row_seal", "seal_number", "place"),)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seal_number: Mapped[int] = mapped_column(BigInteger)
    place: Mapped[int] = mapped_column(BigInteger)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
