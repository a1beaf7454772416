"""Photos' bytes: a tus upload grows on disk, is hashed when whole, and only then counts as arrived."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.actor import Actor, system
from backend.blobs.store import BlobStore, key_of
from backend.errors import Problem
from backend.records.photo import Photo
from backend.records.upload import Object, Upload
from backend.services import door
from sync.change import moment_text

MOST_BYTES = 200 * 1000 * 1000
CHUNK = 1024 * 1024
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


class Parts:
    """Uploads under way, one file each, in a folder of their own on the server's disk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def path(self, upload_id: str) -> Path:
        """Where an upload's bytes lie."""
        return self._folder / str(UUID(upload_id))

    def append(self, upload_id: str, offset: int, chunks: Iterator[bytes], most: int) -> int:
        """Write bytes behind `offset`, at most `most`, and flush them to disk; returns the new offset.

        What arrived before a connection broke is kept, so the phone goes on from there.
        """
        with self.path(upload_id).open("r+b" if self.path(upload_id).exists() else "w+b") as file:
            file.truncate(offset)
            file.seek(offset)
            try:
                for chunk in chunks:
                    file.write(chunk[: max(most - (file.tell() - offset), 0)])
            except (OSError, ConnectionError):
                pass  # The sender went away: what is here counts.
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def sha256(self, upload_id: str) -> str:
        """The hash of what has arrived."""
        digest = hashlib.sha256()
        for chunk in self.chunks(upload_id):
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self, upload_id: str) -> Iterator[bytes]:
        """The bytes, a megabyte at a time."""
        with self.path(upload_id).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def remove(self, upload_id: str) -> None:
        """Forget an upload's bytes."""
        self.path(upload_id).unlink(missing_ok=True)


def create_upload(session: Session, actor: Actor, photo_id: str, sha256: str, length_bytes: int) -> Upload:
    """Begin an upload; the photo's record may come before or after its bytes."""
    if not 0 < length_bytes <= MOST_BYTES:
        raise Problem("too_large", most_bytes=MOST_BYTES)
    if not _SHA256.match(sha256):
        raise Problem(
            "invalid",
            faults=[
                {"field": "sha256", "code": "invalid", "zh": "应为 64 位小写十六进制", "en": "64 lower-case hex digits"}
            ],
        )
    upload = Upload(
        id=UUID(door.new_id()), staff_id=UUID(actor.id), unit_id=UUID(actor.unit_id), photo_id=UUID(photo_id),
        sha256=sha256, length_bytes=length_bytes, offset_bytes=0,
    )  # fmt: skip
    session.add(upload)
    session.flush()
    return upload


def find_upload(session: Session, actor: Actor, upload_id: str, *, lock: bool = False) -> Upload:
    """One of the person's own uploads."""
    query = select(Upload).where(Upload.id == UUID(upload_id), Upload.staff_id == UUID(actor.id))
    upload = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if upload is None:
        raise Problem("not_found", id=upload_id)
    return upload


def receive_bytes(
    session: Session, actor: Actor, parts: Parts, blobs: BlobStore, upload_id: str, offset: int, chunks: Iterator[bytes]
) -> Upload:
    """Take bytes at an offset; when whole, check the hash, keep the object, and mark its photos as arrived."""
    upload = find_upload(session, actor, upload_id, lock=True)
    if offset != upload.offset_bytes or upload.finished_at is not None:
        raise Problem("wrong_offset", offset=upload.offset_bytes)
    upload.offset_bytes = parts.append(upload_id, offset, chunks, upload.length_bytes - offset)
    if upload.offset_bytes == upload.length_bytes:
        _finish(session, parts, blobs, upload)
    session.flush()
    return upload


def _finish(session: Session, parts: Parts, blobs: BlobStore, upload: Upload) -> None:
    upload_id = str(upload.id)
    if parts.sha256(upload_id) != upload.sha256:
        parts.remove(upload_id)
        upload.offset_bytes = 0
        return
    blobs.put(key_of(upload.sha256), parts.chunks(upload_id))
    parts.remove(upload_id)
    upload.finished_at = datetime.now(UTC)
    _arrived(session, upload.sha256, upload.length_bytes)


def keep_whole(session: Session, blobs: BlobStore, sha256: str, data: bytes) -> None:
    """Bytes that came all at once and match their hash: an object like any other."""
    blobs.put(key_of(sha256), iter((data,)))
    _arrived(session, sha256, len(data))


def _arrived(session: Session, sha256: str, size_bytes: int) -> None:
    session.execute(
        text("INSERT INTO object (sha256, size_bytes) VALUES (:sha256, :size) ON CONFLICT DO NOTHING"),
        {"sha256": sha256, "size": size_bytes},
    )
    mark_arrived(session, sha256)


def mark_arrived(session: Session, sha256: str) -> int:
    """Set `arrived_at` on photos whose bytes are here; safe to repeat; returns how many were marked."""
    found = session.get(Object, sha256)
    if found is None:
        return 0
    waiting = session.execute(
        select(Photo.id, Photo.unit_id).where(Photo.sha256 == sha256, Photo.arrived_at.is_(None))
    ).all()
    for photo_id, unit_id in waiting:
        now = {"arrived_at": moment_text(found.arrived_at)}
        door.change(session, system(str(unit_id)), "photo", str(photo_id), now)
    return len(waiting)


def photo_bytes(blobs: BlobStore, sha256: str) -> bytes:
    """The bytes of a photo that has arrived."""
    try:
        return blobs.get(key_of(sha256))
    except FileNotFoundError as error:
        raise Problem("not_found", sha256=sha256) from error
