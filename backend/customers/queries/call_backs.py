"""Visits for call-backs: those that may be drawn, and those that were, with what the customer said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def visits_made(session: Session, units: Collection[str], begin: datetime, end: datetime) -> list[str]:
    """The visits of these units that ended between two moments."""
    asked = """
        SELECT id::text
        FROM visit
        WHERE unit_id = ANY(CAST(:units AS uuid[]))
        AND state = 'done'
        AND deleted_at IS NULL
        AND ended_at >= :begin
        AND ended_at < :end
    """
    return list(session.scalars(text(asked), {"units": list(units), "begin": begin, "end": end}))


def visits_drawn(session: Session, visit_ids: Sequence[UUID], sample_id: UUID) -> list[dict[str, Any]]:
    """A sample's visits in the order drawn, each with its answer where there is one."""
    asked = """
        SELECT v.id::text AS visit_id, c.name AS customer, s.name AS representative, v.ended_at, v.summary,
            v.truth_grade, b.outcome, b.said, b.asked_at
        FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS drawn(id, place)
        JOIN visit v ON v.id = drawn.id
        LEFT JOIN customer c ON c.id = v.customer_id
        LEFT JOIN staff s ON s.id = v.representative_id
        LEFT JOIN call_back b ON b.sample_id = CAST(:sample AS uuid)
        AND b.visit_id = v.id
        ORDER BY drawn.place
    """
    rows = session.execute(text(asked), {"ids": visit_ids, "sample": str(sample_id)}).mappings()
    return [dict(row) for row in rows]


def was_denied(session: Session, visit_id: str) -> bool:
    """Whether a customer who was called back said that there was no such visit."""
    asked = """
        SELECT EXISTS (
            SELECT
            FROM call_back
            WHERE visit_id = CAST(:id AS uuid)
            AND outcome = 'denied'
        )
    """
    return bool(session.execute(text(asked), {"id": visit_id}).scalar_one())
