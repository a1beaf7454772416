"""The outbox: facts that were given up, with the record and the unit each is about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.events import MOST_ATTEMPTS

# A fact is of the unit of the record (or of the person) it is about; one of none is the topmost unit's.
_DEAD = """
    SELECT *
    FROM (
        SELECT f.id, f.fact, d.kind AS record_kind,
            coalesce(f.detail->>'id', f.detail->>'staff_id') AS record_id, f.attempts,
            f.last_error AS error, f.announced_at, coalesce(d.unit_id, top.id)::text AS unit_id,
            coalesce(
                d.body::jsonb->>'name', d.body::jsonb->>'number', left(d.body::jsonb->>'description', 60)
            ) AS record_name
        FROM outbox f
        LEFT JOIN sync_document d ON d.id = CAST(coalesce(f.detail->>'id', f.detail->>'staff_id') AS uuid)
        AND d.kind = coalesce(
            f.detail->>'kind',
            CASE WHEN f.detail ? 'staff_id' THEN 'staff' ELSE split_part(f.fact, '.', 1) END
        )
        LEFT JOIN LATERAL (
            SELECT id
            FROM unit
            WHERE parent_id IS NULL
            AND deleted_at IS NULL
            ORDER BY created_at, id
            LIMIT 1
        ) top ON true
        WHERE f.done_at IS NULL
        AND f.attempts >= :most
    ) dead
    WHERE CAST(:units AS text[]) IS NULL
    OR unit_id = ANY(CAST(:units AS text[]))
    ORDER BY id
    LIMIT 500
"""


def dead_facts(session: Session, units: Collection[str] | None = None) -> list[dict[str, Any]]:
    """What was given up, oldest first, of these units (of all without any): what it is about and why, not
    what it says."""
    given = {"most": MOST_ATTEMPTS, "units": None if units is None else list(units)}
    return [dict(row) for row in session.execute(text(_DEAD), given).mappings()]
