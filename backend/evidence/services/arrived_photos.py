"""Arrived photo files: an object by its hash, the photos that may show it, and reading it back.

The store keeps equal bytes once, but nobody gets them for knowing their hash: a photo's bytes have arrived
when whoever made its record has sent them, from whatever was kept before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.blobs.store import BlobStore, key_of
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.core.services.noting import note_rows
from backend.evidence.kinds.upload import Upload
from sync.change import moment_text

# Sent by the person or the phone that made the record, or for this very photo.
_PROVEN = text(
    """
    SELECT p.id::text, p.unit_id::text, o.arrived_at
    FROM photo p
    JOIN object o ON o.sha256 = p.sha256, LATERAL (SELECT actor_id, device_id
      FROM sync_history
      WHERE kind = 'photo' AND id = p.id
      ORDER BY version
      LIMIT 1) made
    WHERE p.sha256 = :sha256 AND p.arrived_at IS NULL AND p.deleted_at IS NULL
      AND EXISTS (SELECT FROM upload u
      WHERE u.sha256 = p.sha256
          AND u.finished_at IS NOT NULL
          AND (u.staff_id = made.actor_id OR u.device_id = made.device_id OR u.photo_id = p.id))
    ORDER BY p.id
"""
)


def keep_whole(
    session: Session, blobs: BlobStore, actor: Actor, sha256: str, data: bytes, photo_id: str | None = None
) -> None:
    """Bytes that came all at once and match their hash: an upload and an object like any other."""
    blobs.put(key_of(sha256), iter((data,)))
    now = datetime.now(UTC)
    upload = Upload(
        id=UUID(record_writer.new_id()),
        staff_id=UUID(actor.id),
        unit_id=UUID(actor.unit_id),
        sha256=sha256,
        length_bytes=len(data),
        device_id=UUID(actor.device_id) if actor.device_id else None,
        photo_id=UUID(photo_id) if photo_id else None,
        whole_at=now,
        finished_at=now,
    )
    session.add(upload)
    note_rows(session, "upload", [upload.id], actor)
    note_arrived(session, sha256, len(data))


def note_arrived(session: Session, sha256: str, size_bytes: int) -> None:
    """An object is kept for good: its row, and `arrived_at` on the photos that may show it."""
    kept = session.execute(
        text(
            """
                WITH looked AS (INSERT INTO look (sha256)
                  VALUES (:sha256)
                  ON CONFLICT DO NOTHING) INSERT INTO object (sha256, size_bytes)
                VALUES (:sha256, :size)
                ON CONFLICT DO NOTHING
                RETURNING sha256
            """
        ),
        {"sha256": sha256, "size": size_bytes},
    )
    note_rows(session, "object", kept.scalars())
    mark_arrived(session, sha256)


def shared_bytes(session: Session, subject: str) -> str:
    """The hash of what a link to a picture opens: it names the photo, whose record must still stand with
    its bytes.

    Links of before named the bytes; they open what some photo still has by right. Raises link_ended.
    """
    column, type_ = ("id", "uuid") if len(subject) == 36 else ("sha256", "text")
    asked = text(
        f"""
            SELECT sha256
            FROM photo
            WHERE {column} = CAST(:subject AS {type_}) AND arrived_at IS NOT NULL AND deleted_at IS NULL
            LIMIT 1
        """
    )
    found = session.scalars(asked, {"subject": subject}).first()
    if found is None:
        raise Problem("link_ended")
    return str(found)


def mark_arrived(session: Session, sha256: str) -> int:
    """Set `arrived_at` on photos whose bytes their makers have sent; safe to repeat; returns how many were
    marked."""
    waiting = session.execute(_PROVEN, {"sha256": sha256}).all()
    for photo_id, unit_id, arrived_at in waiting:
        record_writer.change(
            session, system(unit_id), "photo", photo_id, {"arrived_at": moment_text(arrived_at)}
        )
    return len(waiting)
