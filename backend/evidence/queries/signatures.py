"""How a signature came, and whether its strokes were used before."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Made:
    """How a signature came: from which device, with which key, and in whose name (None once that was
    erased)."""

    device_id: str | None
    public_key: str | None
    signer_name: str | None


def how_made(session: Session, signature_id: str) -> Made:
    """By the first step of its history."""
    asked = """
        SELECT h.device_id::text, d.public_key, h.changed->'signer_name'
        FROM sync_history h
        LEFT JOIN device d ON d.id = h.device_id
        WHERE h.kind = 'signature'
        AND h.id = CAST(:id AS uuid)
        ORDER BY h.version
        LIMIT 1
    """
    row = session.execute(text(asked), {"id": signature_id}).one_or_none()
    if row is None:
        return Made(None, None, "")
    return Made(row[0], row[1], row[2][1] if isinstance(row[2], list) else None)


def is_replayed(session: Session, signature_id: str, of_id: str, strokes: str) -> bool:
    """Whether an earlier signature of another record has just these strokes (as JSON, not empty)."""
    asked = """
        SELECT EXISTS (
            SELECT
            FROM signature
            WHERE md5(strokes::text) = md5(CAST(:strokes AS jsonb)::text)
            AND strokes = CAST(:strokes AS jsonb)
            AND of_id <> CAST(:of AS uuid)
            AND id < CAST(:id AS uuid)
            AND strokes NOT IN ('[]', '{}')
            AND deleted_at IS NULL
        )
    """
    given = {"id": signature_id, "of": of_id, "strokes": strokes}
    return bool(session.execute(text(asked), given).scalar_one())
