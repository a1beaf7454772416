"""Photos' bytes that have arrived: an object by its hash, the photos that may show it, and reading it
back.

The store keeps equal bytes once, but nobody gets them for knowing their hash: a photo's bytes have arrived
when whoever made its record has sent them, from whatever was kept before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.blobs.store import BlobStore, key_of
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.core.services.noting import note_rows
from backend.evidence.kinds.upload import Upload
from backend.evidence.queries.arrived_photos import keep_object, photos_proven, sha256_shown
from sync.change import moment_text


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
    note_rows(session, "object", keep_object(session, sha256, size_bytes))
    mark_arrived(session, sha256)


def shared_bytes(session: Session, subject: str) -> str:
    """The hash of what a link to a picture opens: it names the photo, whose record must still stand with
    its bytes.

    Links of before named the bytes; they open what some photo still has by right. Raises link_ended.
    """
    found = sha256_shown(session, subject)
    if found is None:
        raise Problem("link_ended")
    return found


def mark_arrived(session: Session, sha256: str) -> int:
    """Set `arrived_at` on photos whose bytes their makers have sent; safe to repeat; returns how many were
    marked."""
    waiting = photos_proven(session, sha256)
    for photo_id, unit_id, arrived_at in waiting:
        record_writer.change(
            session, system(unit_id), "photo", photo_id, {"arrived_at": moment_text(arrived_at)}
        )
    return len(waiting)
