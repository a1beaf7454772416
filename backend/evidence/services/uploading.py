"""Resumable uploads by tus: created, continued, joined, ended; a file counts only when its hash matches.

No transaction is open while bytes come in: a slow phone must not hold the database.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO
from uuid import UUID

import structlog
from obstore.exceptions import BaseError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.blobs.store import BlobStore, key_of
from backend.core.blobs.upload_files import CHUNK, Parts
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.scopes import day_begins, today
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.noting import note_rows
from backend.evidence.kinds.upload import Upload
from backend.evidence.services.arrived_photos import note_arrived

log = structlog.get_logger(__name__)
MOST_BYTES = 200 * 1000 * 1000
MOST_OPEN = 500
LIVES = timedelta(days=14)
ALGORITHMS = ("sha256", "sha1", "md5")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Announced:
    """What a phone says of a file before it sends it; one piece of a larger file names neither photo nor
    hash."""

    photo_id: str | None
    sha256: str | None
    length_bytes: int


@dataclass(frozen=True, slots=True)
class Checksum:
    """The hash one message's bytes must have."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Receiving:
    """Where bytes go: the rows, the files under way, and the place for good."""

    database: Database
    parts: Parts
    blobs: BlobStore
    day_bytes: int


def create_upload(
    session: Session, actor: Actor, announced: Announced, parts: Parts, day_bytes: int
) -> Upload:
    """Begin an upload; the photo's record may come before or after its bytes.

    Raises empty_file, too_large, invalid, quota_exceeded.
    """
    if not announced.length_bytes:
        raise Problem("empty_file")
    if not 0 < announced.length_bytes <= MOST_BYTES:
        raise Problem("too_large", most_bytes=MOST_BYTES)
    if announced.photo_id is not None and not _SHA256.match(announced.sha256 or ""):
        raise Problem("invalid", faults=[fault("sha256", "evidence.not_sha256")])
    _need_room(session, actor, announced.length_bytes, day_bytes)
    upload = Upload(
        id=UUID(record_writer.new_id()),
        staff_id=UUID(actor.id),
        unit_id=UUID(actor.unit_id),
        sha256=announced.sha256,
        photo_id=UUID(announced.photo_id) if announced.photo_id else None,
        length_bytes=announced.length_bytes,
        device_id=UUID(actor.device_id) if actor.device_id else None,
        expires_at=datetime.now(UTC) + LIVES,
    )
    session.add(upload)
    session.flush()
    parts.begin(str(upload.id))
    return upload


def _need_room(session: Session, actor: Actor, length_bytes: int, day_bytes: int) -> None:
    """One person's uploads of a day of the city's, and those left unfinished, have a limit."""
    midnight = day_begins(today())
    used_today = func.coalesce(func.sum(Upload.length_bytes).filter(Upload.created_at >= midnight), 0)
    unfinished = func.count().filter(Upload.finished_at.is_(None), Upload.ended_at.is_(None))
    mine = (Upload.created_at >= midnight) | (Upload.finished_at.is_(None) & Upload.ended_at.is_(None))
    used, open_uploads = session.execute(
        select(used_today, unfinished).where(Upload.staff_id == UUID(actor.id), mine)
    ).one()
    if used + length_bytes > day_bytes or open_uploads >= MOST_OPEN:
        wait = day_begins(today() + timedelta(days=1)) - datetime.now(UTC)
        raise Problem("quota_exceeded", retry_after_s=int(wait.total_seconds()) + 1)


def find_upload(session: Session, actor: Actor, upload_id: str, *, lock: bool = False) -> Upload:
    """One of the person's own uploads. Raises not_found, upload_expired."""
    query = select(Upload).where(Upload.id == UUID(upload_id), Upload.staff_id == UUID(actor.id))
    upload = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if upload is None:
        raise Problem("not_found", id=upload_id)
    if upload.ended_at is not None:
        raise Problem("upload_expired", id=upload_id, why=upload.end_reason)
    return upload


def offset_of(upload: Upload, parts: Parts) -> int:
    """How many bytes the server has."""
    return upload.length_bytes if upload.finished_at else parts.size(str(upload.id))


def receive_bytes(
    place: Receiving,
    actor: Actor,
    upload_id: str,
    offset: int,
    chunks: Iterator[bytes],
    checksum: Checksum | None = None,
) -> Upload:
    """Take bytes at an offset; when whole, check the hash and keep the file.

    Raises wrong_offset, wrong_hash, …
    """
    with place.database.glance() as connection, Session(connection, expire_on_commit=False) as session:
        upload = find_upload(session, actor, upload_id)
    if upload.finished_at is not None:
        raise Problem("wrong_offset", offset=upload.length_bytes)
    with tempfile.TemporaryFile() as kept:
        checked = chunks if checksum is None else _checked(chunks, checksum, kept, upload.length_bytes)
        at = place.parts.append(upload_id, offset, checked, upload.length_bytes - offset)
    return settle(place, upload_id) if at == upload.length_bytes else upload


def _checked(chunks: Iterator[bytes], checksum: Checksum, kept: IO[bytes], most: int) -> Iterator[bytes]:
    """The bytes of one message, given on only when they have their hash; nothing of a message that was cut
    is."""
    digest, size = hashlib.new(checksum.algorithm, usedforsecurity=False), 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise Problem("too_large", most_bytes=most)
        digest.update(chunk)
        kept.write(chunk)
    if digest.digest() != checksum.digest:
        raise Problem("wrong_checksum")
    kept.seek(0)
    yield from iter(lambda: kept.read(CHUNK), b"")


def settle(place: Receiving, upload_id: str) -> Upload:
    """A file that is all here: its hash checked, kept for good, its photos marked.

    Safe to repeat, also side by side.

    No transaction is open while bytes are read and kept: a key names its content, so keeping it twice is
    keeping it once. When the place for good cannot be reached the bytes stay, and `settle_waiting` tries
    again.
    """
    upload = _read(place, upload_id)
    if upload.finished_at is not None or upload.ended_at is not None or upload.sha256 is None:
        return upload
    try:
        if upload.whole_at is None and place.parts.sha256(upload_id) != upload.sha256:
            place.parts.remove(upload_id)
            place.parts.begin(upload_id)
            raise Problem("wrong_hash", offset=0)
        place.blobs.keep(key_of(upload.sha256), place.parts.path(upload_id))
    except FileNotFoundError:
        return _read(place, upload_id)  # Somebody else has just kept it.
    except (BaseError, OSError) as error:
        log.warning("upload.store_away", upload=upload_id, error=type(error).__name__)
        with place.database.transaction() as session:
            session.execute(update(Upload).where(Upload.id == upload.id).values(whole_at=datetime.now(UTC)))
        return _read(place, upload_id)
    with place.database.transaction() as session:
        # By when its transaction began: a backup that does not see it counts as older than that.
        kept = session.execute(
            update(Upload)
            .where(Upload.id == upload.id, Upload.finished_at.is_(None), Upload.ended_at.is_(None))
            .values(whole_at=func.coalesce(Upload.whole_at, func.now()), finished_at=func.now())
            .returning(Upload.id)
        )
        note_rows(session, "upload", kept.scalars())
        note_arrived(session, upload.sha256, upload.length_bytes)
    place.parts.remove(upload_id)
    return _read(place, upload_id)


def _read(place: Receiving, upload_id: str) -> Upload:
    with place.database.glance() as connection, Session(connection, expire_on_commit=False) as session:
        return session.execute(select(Upload).where(Upload.id == UUID(upload_id))).scalar_one()


def settle_waiting(place: Receiving) -> int:
    """Keep the whole files whose place for good was away; returns how many are kept now."""
    with place.database.transaction() as session:
        waiting = select(Upload.id).where(
            Upload.whole_at.is_not(None), Upload.finished_at.is_(None), Upload.ended_at.is_(None)
        )
        ids = [str(one) for one in session.scalars(waiting)]
    return sum(settle(place, one).finished_at is not None for one in ids)


def concatenate(place: Receiving, actor: Actor, photo_id: str, sha256: str, pieces: Sequence[str]) -> Upload:
    """One file of pieces that were sent side by side. Raises not_found, pieces_missing, wrong_hash."""
    with place.database.transaction() as session:
        found = [find_upload(session, actor, piece) for piece in pieces]
        if not found or any(place.parts.size(str(one.id)) != one.length_bytes or one.sha256 for one in found):
            raise Problem("pieces_missing")
        length = sum(one.length_bytes for one in found)
        # The pieces were counted when they were begun.
        upload = create_upload(
            session, actor, Announced(photo_id, sha256, length), place.parts, place.day_bytes + length
        )
    upload_id = str(upload.id)
    place.parts.append(upload_id, 0, place.parts.chunks(*pieces), length)
    done = settle(place, upload_id)
    for piece in pieces:
        _end(place, piece, "concatenated")
    return done


def terminate(place: Receiving, actor: Actor, upload_id: str) -> None:
    """The phone does not want this upload any more. What was kept for good stays."""
    with place.database.transaction() as session:
        find_upload(session, actor, upload_id)
    _end(place, upload_id, "terminated")


def _end(place: Receiving, upload_id: str, reason: str) -> None:
    with place.database.transaction() as session:
        session.execute(
            update(Upload)
            .where(Upload.id == UUID(upload_id), Upload.ended_at.is_(None))
            .values(ended_at=datetime.now(UTC), end_reason=reason)
        )
    place.parts.remove(upload_id)


def clear_away(place: Receiving, now: datetime | None = None) -> dict[str, int]:
    """End uploads nobody continues, and remove files that belong to none; the rows stay and say what went."""
    now = now or datetime.now(UTC)
    with place.database.transaction() as session:
        old = select(Upload.id).where(
            Upload.expires_at < now,
            Upload.finished_at.is_(None),
            Upload.ended_at.is_(None),
            Upload.whole_at.is_(None),
        )
        expired = [str(one) for one in session.scalars(old)]
    for upload_id in expired:
        _end(place, upload_id, "expired")
    lying = place.parts.lying_since((now - timedelta(days=1)).timestamp())
    with place.database.transaction() as session:
        wanted = select(Upload.id).where(
            Upload.id.in_([UUID(one) for one in lying]),
            Upload.finished_at.is_(None),
            Upload.ended_at.is_(None),
        )
        known = {str(one) for one in session.scalars(wanted)}
    orphans = [one for one in lying if one not in known]
    for orphan in orphans:
        log.info("upload.orphan_removed", upload=orphan, size_bytes=place.parts.size(orphan))
        place.parts.remove(orphan)
    return {"expired": len(expired), "orphans": len(orphans)}
