"""What the demo's jobs are made of: matters, and service points with their customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def matters(session: Session) -> list[dict[str, Any]]:
    """Every matter, with what a job takes over from it."""
    asked = """
        SELECT code, urgency, skills, duration_minutes, finish_within_minutes AS minutes_to_finish,
            required_photos, signature_required, is_repair, quote_required
        FROM matter
        ORDER BY code
    """
    return [dict(row) for row in session.execute(text(asked)).mappings()]


def points_of(session: Session, cells: Sequence[str], count: int) -> list[tuple[str, str]]:
    """So many service points of these cells, mixed: the bodies of a point's document and its customer's."""
    asked = """
        SELECT p.body, c.body
        FROM service_point s
        JOIN sync_document p ON p.kind = 'service_point'
        AND p.id = s.id
        JOIN sync_document c ON c.kind = 'customer'
        AND c.id = s.customer_id
        WHERE s.cell_id = ANY(CAST(:cells AS uuid[]))
        ORDER BY md5(s.id::text)
        LIMIT :count
    """
    rows = session.execute(text(asked), {"cells": list(cells), "count": count})
    return [(row[0], row[1]) for row in rows]
