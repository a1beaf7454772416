"""Rules of notices: only the addressee marks one as read."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.policy import Rule
from sync.kind import Values


def notice_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """A notice is marked as read by whoever it is for, and by nobody in their place."""
    if before is not None and after["staff_id"] != actor.id:
        raise Problem("not_allowed", why="it is for somebody else to read")


RULES: dict[str, tuple[Rule, ...]] = {"notice": (notice_rule,)}
