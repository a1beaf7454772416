"""Whether an installation was ever set up: a record or an account is there."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.gauges import nothing_is_written


def is_empty(session: Session) -> bool:
    """Whether there is neither a record nor an account."""
    asked = """
        SELECT NOT EXISTS (
            SELECT
            FROM account
        )
    """
    return nothing_is_written(session) and bool(session.execute(text(asked)).scalar_one())
