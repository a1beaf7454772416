"""Whether a member of staff has left."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def has_left(session: Session, staff_id: str) -> bool:
    """Whether somebody's record says that they do not work here any more."""
    asked = """
        SELECT NOT is_active OR deleted_at IS NOT NULL
        FROM staff
        WHERE id = CAST(:id AS uuid)
    """
    return bool(session.execute(text(asked), {"id": staff_id}).scalar())
