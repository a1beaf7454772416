"""Who did what to a record, by its history."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session


def actors_of(session: Session, kind: str, record_id: str, steps: Sequence[str]) -> set[str]:
    """Everybody who took one of these steps of a record."""
    asked = """
        SELECT DISTINCT actor_id::text
        FROM sync_history
        WHERE kind = :kind
        AND id = CAST(:id AS uuid)
        AND op = ANY(:steps)
    """
    return set(session.scalars(text(asked), {"kind": kind, "id": record_id, "steps": list(steps)}))


def last_writer(session: Session, kind: str, record_id: str, field: str) -> str | None:
    """Who wrote a field last."""
    asked = """
        SELECT actor_id::text
        FROM sync_history
        WHERE kind = :kind
        AND id = CAST(:id AS uuid)
        AND jsonb_exists(changed, :field)
        ORDER BY version DESC
        LIMIT 1
    """
    return session.scalars(text(asked), {"kind": kind, "id": record_id, "field": field}).first()
