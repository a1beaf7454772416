"""Photos of a job that were taken of something else, or that an earlier job shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.customers.queries.visit_plausibility import MINES_TAKEN, OTHERS_TAKEN


class OfAnother(NamedTuple):
    """What is odd about a job's photo (a code), of what it is, and that job's number."""

    code: str
    of_id: str
    number: str


def photos_of_others(session: Session, job_id: str, photo_ids: Sequence[str]) -> list[OfAnother]:
    """A picture that was taken of something else, and one whose bytes an earlier picture of another job
    has; one of each at most."""
    asked = f"""
        (
            SELECT 'foreign_photo' AS code, p.of_id::text, ''
            FROM photo p
            WHERE p.id = ANY(CAST(:photos AS uuid[]))
            AND (p.of_kind, p.of_id) <> ('work_order', CAST(:job AS uuid))
            ORDER BY p.id
            LIMIT 1
        )
        UNION ALL
        (
            SELECT 'same_photo', w.id::text, coalesce(w.number, w.id::text)
            FROM photo mine
            JOIN photo other ON other.sha256 = mine.sha256
            AND other.of_kind = 'work_order'
            AND other.of_id <> mine.of_id
            AND other.deleted_at IS NULL
            AND ({OTHERS_TAKEN}, other.id) < ({MINES_TAKEN}, mine.id)
            JOIN work_order w ON w.id = other.of_id
            AND w.deleted_at IS NULL
            WHERE mine.of_id = CAST(:job AS uuid)
            AND mine.id = ANY(CAST(:photos AS uuid[]))
            ORDER BY {OTHERS_TAKEN}, other.id
            LIMIT 1
        )
    """  # noqa: S608 - made of constants; values are bound
    rows = session.execute(text(asked), {"job": job_id, "photos": list(photo_ids)})
    return [OfAnother(*row) for row in rows]
