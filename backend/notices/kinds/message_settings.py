"""Settings of messages out: templates by edition and language, each purpose's channels and quiet hours,
addresses, and who agreed to be written to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

PARTIES = {"staff": ("员工", "Staff"), "customer": ("客户", "Customer")}
CHANNEL_STATES = {
    "open": ("可用", "Open"),
    "off": ("已配置，未启用", "Set, not switched on"),
    "begun": ("配置不全", "Set in part"),
    "unset": ("未配置", "Not set"),
}
TRY_OUTCOMES = {
    "sent": ("已交给渠道", "Taken"),
    "refused": ("被拒绝", "Refused"),
    "later": ("暂时没有接收", "Not taken now"),
    "unknown": ("不确定", "Nobody knows"),
}


class MessageTemplate(Base):
    """The words of one purpose in one language, from a moment on; an edition is never changed.

    Values stand in braces (`{number}`). `code` is the number of the template that an SMS provider approved.
    """

    __tablename__ = "message_template"

    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    edition: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(Text)
    made_by: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class MessagePurpose(Base):
    """How a purpose goes out, where the operator set it: channels, the first that can comes first, and the
    hours of the city's clock in which what is not urgent waits (equal ones: none)."""

    __tablename__ = "message_purpose"

    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    quiet_from_hour: Mapped[int] = mapped_column(SmallInteger)
    quiet_until_hour: Mapped[int] = mapped_column(SmallInteger)


class MessageAddress(Base):
    """Where a person is reached by a channel other than the telephone: a mailbox, an id of WeCom or
    DingTalk."""

    __tablename__ = "message_address"

    party_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    party_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    way: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text)


class MessageConsent(Base):
    """What a customer said to being written to for a purpose; without a row nothing was said."""

    __tablename__ = "message_consent"

    customer_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    is_given: Mapped[bool]
    noted_by: Mapped[UUID] = mapped_column(PgUuid)
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
