"""A message that failed, as tests of other things need one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.events import Outbox
from backend.notices.kinds.message import Message
from backend.notices.services.notifying import MESSAGE


def failed_message(session: Session, message_id: str, unit_id: str, staff_id: str, words: str) -> int:
    """To one person of a unit, by the gateway; it could be sent again. Returns its number."""
    detail = {"staff_id": staff_id, "zh": words, "en": words}
    fact = Outbox(fact=MESSAGE, detail=detail, done_at=datetime.now(UTC))
    session.add(fact)
    session.flush()
    session.add(
        Message(
            id=UUID(message_id),
            outbox_id=fact.id,
            purpose="urgent_notice",
            channel="webhook",
            unit_id=UUID(unit_id),
            party_kind="staff",
            party_id=UUID(staff_id),
            state="failed",
            reason="status_400",
        )
    )
    session.flush()
    return fact.id
