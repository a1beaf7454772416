"""Telling a person something: a notice on their phone, and a channel (recorded by default) for what cannot wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from backend.actor import system
from backend.services import door
from sync.change import Stored

log = structlog.get_logger(__name__)


class Channel(Protocol):
    """A way out of the house: SMS and WeCom adapters have this shape."""

    def send(self, staff_id: str, zh: str, en: str, *, is_urgent: bool) -> None: ...


@dataclass(slots=True)
class RecordedChannel:
    """Keeps what it was asked to send, and notes in the log that it did; the default until an operator chooses another."""

    sent: list[tuple[str, str, bool]] = field(default_factory=list)

    def send(self, staff_id: str, zh: str, en: str, *, is_urgent: bool) -> None:
        """Remember one message; the log names no person and no words."""
        del en
        self.sent.append((staff_id, zh, is_urgent))
        log.info("notify.recorded", staff_id=staff_id, is_urgent=is_urgent)


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
    notice = door.create(
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
        channel.send(staff_id, zh, en, is_urgent=is_urgent)
    return notice
