"""Tells administrators of messages that did not go out: once an hour for the same trouble of a channel."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.core.queries.units import topmost_unit
from backend.core.sentences import sentence
from backend.notices.kinds.message import Message
from backend.notices.queries import messages as queries
from backend.notices.services.notifying import staff_with, tell
from backend.notices.services.purposes import purposes
from geo.sentences import Words


def alarm(session: Session, message: Message, now: datetime) -> None:
    """A notice to the administrators of the message's unit, else of the topmost one; by no channel: that may
    be what is broken."""
    if queries.failed_alike(session, message, now):
        return
    top = topmost_unit(session)
    purpose = purposes().get(message.purpose)
    title = purpose.title if purpose else Words(message.purpose, message.purpose)
    words = sentence(
        "notices.not_sent", purpose=title, channel=message.channel or "-", reason=message.reason or "-"
    )
    own = str(message.unit_id) if message.unit_id else top
    for unit_id in dict.fromkeys(one for one in (own, top) if one):
        people = staff_with(session, UUID(unit_id), Role.ADMIN)
        for staff_id in people:
            tell(session, None, staff_id, unit_id, topic="general", zh=words.zh, en=words.en)
        if people:
            return
