"""Notifies people: a notice on their phone, and a channel for what cannot wait.

The channel only records by default.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from sqlalchemy import any_, literal, select
from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.events import announce
from backend.core.kinds.account import Account
from backend.core.services import record_writer
from sync.change import Stored


class Channel(Protocol):
    """How an urgent notice leaves the house, as the operator chose: what happens in its transaction."""

    def send(
        self, session: Session, staff_id: str, zh: str, en: str, notice_id: str | None = None
    ) -> None: ...


class RecordedChannel:
    """Keeps what it was asked to send as facts in the outbox, for anybody to look up; the default channel."""

    def send(self, session: Session, staff_id: str, zh: str, en: str, notice_id: str | None = None) -> None:
        """Record one message in the transaction that caused it."""
        announce(session, "notify.recorded", staff_id=staff_id, zh=zh, en=en)


class SentChannel:
    """Has each message sent after the commit (`services.messaging`): to the operator's gateway, or by the
    channels that its purpose has."""

    def send(self, session: Session, staff_id: str, zh: str, en: str, notice_id: str | None = None) -> None:
        """Note one message in the transaction that caused it."""
        about = {"notice_id": notice_id} if notice_id else {}
        announce(session, MESSAGE, staff_id=staff_id, zh=zh, en=en, **about)


MESSAGE = "message.wanted"
CHANNELS: dict[str, type[Channel]] = {
    "recorded": RecordedChannel,
    "webhook": SentChannel,
    "purposes": SentChannel,
}


def channel_named(name: str) -> Channel:
    """The channel an operator chose; raises ValueError for one that is not there."""
    if name not in CHANNELS:
        raise ValueError(f"WANGGE_NOTIFY_CHANNEL={name}: there is {', '.join(CHANNELS)}")
    return CHANNELS[name]()


def staff_with(session: Session, unit_id: UUID, role: Role) -> list[str]:
    """Who holds a role in a unit and may sign in."""
    mine = Account.unit_id == unit_id, Account.is_active, literal(str(role)) == any_(Account.roles)
    return [str(one) for one in session.scalars(select(Account.staff_id).where(*mine))]


def tell(
    session: Session,
    channel: Channel | None,
    staff_id: str,
    unit_id: str,
    *,
    topic: str,
    zh: str,
    en: str,
    subject: tuple[str, str] | None = None,
    is_urgent: bool = False,
) -> Stored:
    """A notice for one person; an urgent one also goes out by the channel."""
    notice = record_writer.create(
        session,
        system(unit_id),
        "notice",
        {
            "staff_id": staff_id,
            "topic": topic,
            "text_zh": zh,
            "text_en": en,
            "subject_kind": subject and subject[0],
            "subject_id": subject and subject[1],
            "is_urgent": is_urgent,
        },
    )
    if channel is not None and is_urgent:
        channel.send(session, staff_id, zh, en, notice.id)
    return notice
