"""Messages out (外发消息): one row for each that left or was to leave the house, with what became of it.

What a message said and the number it went to are not kept: the words are made when it goes, from a template
and the record it is about.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, Text, func, literal_column
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

STATES = {
    "wanted": ("待发送", "Waiting"),
    "asking": ("发送中", "Being sent"),
    "sent": ("已发出", "Sent"),
    "delivered": ("已送达", "Delivered"),
    "failed": ("失败", "Failed"),
    "unknown": ("不确定是否发出", "Nobody knows whether it went"),
    "double": ("重复，未再发", "Double, not sent again"),
}
# A person may have it sent again.
ENDED_BADLY = frozenset({"failed", "unknown"})
WAITING = frozenset({"wanted", "asking"})


class Message(Base):
    """One message. It waits as a row of the outbox, whose attempts and due time it shares.

    `key` says what makes two messages one: purpose, subject, edition of the template, recipient. One that
    failed gives it to the next that asks for it.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_unit_wanted", "unit_id", "wanted_at"),
        Index("ix_message_open", "channel", postgresql_where=literal_column("state IN ('wanted', 'asking')")),
    )

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    outbox_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    key: Mapped[str | None] = mapped_column(Text, unique=True)
    purpose: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID | None] = mapped_column(PgUuid)
    party_kind: Mapped[str | None] = mapped_column(Text)
    party_id: Mapped[UUID | None] = mapped_column(PgUuid, index=True)
    subject_kind: Mapped[str | None] = mapped_column(Text)
    subject_id: Mapped[UUID | None] = mapped_column(PgUuid)
    edition: Mapped[int | None]
    language: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="wanted")
    reason: Mapped[str | None] = mapped_column(Text)
    repeats: Mapped[int] = mapped_column(server_default="0")
    wanted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    # When the channel took it; while that is not known, when it was handed over first.
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # When the provider is asked next what became of it, where it tells by being asked.
    ask_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    address_masked: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(Text, index=True)


class MessageReceipt(Base):
    """A receipt that was taken, by the hash of its signature: the same is not taken again."""

    __tablename__ = "message_receipt"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
