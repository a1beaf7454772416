"""Who may look at what lies on the office's desks."""

from __future__ import annotations

from backend.actor import OFFICE, Actor
from backend.errors import Problem


def need_office(actor: Actor) -> None:
    """Plans are the office's until they hold; raises not_allowed for anybody who works on a phone."""
    if not actor.is_office:
        raise Problem("not_allowed", needs=sorted(OFFICE))
