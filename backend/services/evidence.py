"""Photos' bytes that have arrived: an object by its hash, the photos that wait for it, and reading it back."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.actor import system
from backend.blobs.store import BlobStore, key_of
from backend.records.photo import Photo
from backend.records.upload import Object
from backend.services import door
from sync.change import moment_text


def keep_whole(session: Session, blobs: BlobStore, sha256: str, data: bytes) -> None:
    """Bytes that came all at once and match their hash: an object like any other."""
    blobs.put(key_of(sha256), iter((data,)))
    note_arrived(session, sha256, len(data))


def note_arrived(session: Session, sha256: str, size_bytes: int) -> None:
    """An object is kept for good: its row, and `arrived_at` on its photos."""
    session.execute(
        text(
            "WITH kept AS (INSERT INTO object (sha256, size_bytes) VALUES (:sha256, :size) ON CONFLICT DO NOTHING) "
            "INSERT INTO look (sha256) VALUES (:sha256) ON CONFLICT DO NOTHING"
        ),
        {"sha256": sha256, "size": size_bytes},
    )
    mark_arrived(session, sha256)


def mark_arrived(session: Session, sha256: str) -> int:
    """Set `arrived_at` on photos whose bytes are here; safe to repeat; returns how many were marked."""
    waiting = session.execute(
        select(Photo.id, Photo.unit_id, Object.arrived_at)
        .join(Object, Object.sha256 == Photo.sha256)
        .where(Photo.sha256 == sha256, Photo.arrived_at.is_(None))
    ).all()
    for photo_id, unit_id, arrived_at in waiting:
        now = {"arrived_at": moment_text(arrived_at)}
        door.change(session, system(str(unit_id)), "photo", str(photo_id), now)
    return len(waiting)
