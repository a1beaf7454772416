"""Objects in the store by their hash: their rows, and the photos that may show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.evidence.kinds.photo import Photo


def photos_proven(session: Session, sha256: str) -> list[tuple[str, str, datetime]]:
    """The photos whose bytes are kept but not shown yet, and were sent by the person or the phone that made
    the record, or for this very photo: their id, unit, and when the bytes arrived."""
    asked = """
        SELECT p.id::text, p.unit_id::text, o.arrived_at
        FROM photo p
        JOIN object o ON o.sha256 = p.sha256,
        LATERAL (
            SELECT actor_id, device_id
            FROM sync_history
            WHERE kind = 'photo'
            AND id = p.id
            ORDER BY version
            LIMIT 1
        ) made
        WHERE p.sha256 = :sha256
        AND p.arrived_at IS NULL
        AND p.deleted_at IS NULL
        AND EXISTS (
            SELECT
            FROM upload u
            WHERE u.sha256 = p.sha256
            AND u.finished_at IS NOT NULL
            AND (u.staff_id = made.actor_id OR u.device_id = made.device_id OR u.photo_id = p.id)
        )
        ORDER BY p.id
    """
    return [(row[0], row[1], row[2]) for row in session.execute(text(asked), {"sha256": sha256})]


def keep_object(session: Session, sha256: str, size_bytes: int) -> Sequence[str]:
    """The rows of an object that is kept and waits to be looked at; returns its hash where it is new."""
    step = """
        WITH looked AS (
            INSERT INTO look (sha256)
            VALUES (:sha256)
            ON CONFLICT DO NOTHING
        )
        INSERT INTO object (sha256, size_bytes)
        VALUES (:sha256, :size)
        ON CONFLICT DO NOTHING
        RETURNING sha256
    """
    return session.scalars(text(step), {"sha256": sha256, "size": size_bytes}).all()


def sha256_shown(session: Session, subject: str) -> str | None:
    """The hash of a picture that some photo shows now, by the photo's id or by the hash itself."""
    named = Photo.id == UUID(subject) if len(subject) == 36 else Photo.sha256 == subject
    asked = select(Photo.sha256).where(named, Photo.arrived_at.is_not(None), Photo.deleted_at.is_(None))
    return session.scalars(asked.limit(1)).first()
