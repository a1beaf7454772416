"""Tells administrators what became of files that nobody sat beside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.core.queries.units import topmost_unit
from backend.core.sentences import sentence
from backend.notices.services.notifying import staff_with, tell


def tell_administrators(session: Session, unit_id: str | None, entry: str, **arguments: Any) -> None:
    """A notice to each administrator of a unit; where it has none, of the topmost one."""
    words = sentence(f"imports.{entry}", **arguments)
    top = topmost_unit(session)
    for one in dict.fromkeys(filter(None, (unit_id, top))):
        people = staff_with(session, UUID(one), Role.ADMIN)
        for staff_id in people:
            tell(session, None, staff_id, one, topic="general", zh=words.zh, en=words.en)
        if people:
            return
