"""Tells administrators what became of files that nobody sat beside."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.core.queries.units import topmost_unit
from backend.notices.services.notifying import staff_with, tell
from geo.sentences import Words


def tell_administrators(session: Session, unit_id: str | None, words: Words) -> None:
    """A notice to each administrator of a unit; where it has none, of the topmost one."""
    top = topmost_unit(session)
    for one in dict.fromkeys(filter(None, (unit_id, top))):
        people = staff_with(session, UUID(one), Role.ADMIN)
        for staff_id in people:
            tell(session, None, staff_id, one, topic="general", zh=words.zh, en=words.en)
        if people:
            return
