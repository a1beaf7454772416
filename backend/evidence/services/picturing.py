"""Processes arrived photos: small clean copies, camera metadata, perceptual hashes; and serves them.

Decoders may crash on hostile bytes, so they work in a confined process
(`backend.evidence.services.picture_reader`), and a turn is counted and committed before the bytes are opened:
what three turns did not survive is left alone. A photo whose picture cannot be shown is kept as received and
breaks nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from backend.core.blobs.store import BlobStore, key_of
from backend.core.confined.reader import Stopped
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.events import announce
from backend.core.services.noting import note_rows
from backend.evidence.kinds.upload import Look, Object
from backend.evidence.services.picture import NotShown, Picture
from backend.evidence.services.picture_reader import PictureReader

log = structlog.get_logger(__name__)
SIZES = ("original", "web", "thumb")
MOST_TURNS = 3
_TURN = timedelta(minutes=5)
# Said by releases that knew neither MPO (the first) nor AVIF, TIFF, GIF and BMP, and by this one no more:
# looked at again.
_OLDER_REASONS = ("KeyError", "no known picture format")
_IS_OPEN = or_(Look.state == "waiting", Look.reason.in_(_OLDER_REASONS) & (Look.attempts < MOST_TURNS))


def look_at_waiting(database: Database, blobs: BlobStore, most: int = 200) -> int:
    """Look at pictures whose turn it is; several workers may; returns how many were looked at."""
    with PictureReader() as reader:
        for done in range(most):
            sha256 = _take_turn(database)
            if sha256 is None:
                return done
            look_at(database, blobs, sha256, reader)
    return most


def _take_turn(database: Database) -> str | None:
    with database.transaction() as session:
        now = datetime.now(UTC)
        look = session.execute(
            select(Look)
            .where(_IS_OPEN, Look.due_at <= now)
            .order_by(Look.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        if look is None:
            return None
        if look.attempts >= MOST_TURNS:
            look.state, look.reason = "broken", "no worker survived looking at it"
            note_rows(session, "look", [look.sha256])
        look.attempts, look.due_at = look.attempts + 1, now + _TURN
        return look.sha256


def look_at(database: Database, blobs: BlobStore, sha256: str, reader: PictureReader) -> None:
    """One object, looked at and noted; safe to repeat."""
    try:
        found = _found(blobs, reader.read(blobs.get(key_of(sha256))))
    except NotShown as reason:
        found = {"state": reason.state, "reason": reason.reason[:200]}
    except FileNotFoundError:
        found = {"reason": "its bytes are not in the store"}
    except Stopped as stopped:
        # Perhaps not the picture's fault (a machine short of memory): it keeps the turns that are left to it.
        log.warning("picture.reader_stopped", sha256=sha256, why=stopped.why, cause=stopped.cause)
        return
    is_open = or_(Look.state == "waiting", Look.reason.in_(_OLDER_REASONS))
    with database.transaction() as session:
        mine = update(Look).where(Look.sha256 == sha256, is_open).values(**found)
        note_rows(session, "look", session.scalars(mine.returning(Look.sha256)))
        announce(session, "picture.looked_at", sha256=sha256)


def _found(blobs: BlobStore, picture: Picture) -> dict[str, object]:
    copies = {}
    for name, data in (("web_sha256", picture.web), ("thumb_sha256", picture.thumb)):
        copies[name] = hashlib.sha256(data).hexdigest()
        blobs.put(key_of(copies[name]), iter((data,)))
    read = picture.metadata
    return copies | {
        "state": "ready",
        "reason": None,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "taken_local": read.taken_local,
        "taken_at": read.taken_at,
        "lng": read.lng,
        "lat": read.lat,
        "device": read.device,
        "looks_like": picture.look,
    }


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to give out: their hash, type and length; `media_type` is octet-stream unless we made them
    ourselves."""

    sha256: str
    media_type: str
    size_bytes: int

    def read(self, blobs: BlobStore, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `end`."""
        return blobs.read(key_of(self.sha256), start, self.size_bytes if end is None else end)


def content_of(session: Session, blobs: BlobStore, sha256: str, size: str) -> Content:
    """A picture in one of SIZES.

    Raises not_found, not_shown (kept as received, but no copy can be made), not_ready.
    """
    if size == "original":
        found = session.get(Object, sha256)
        if found is None:
            raise Problem("not_found", sha256=sha256)
        return Content(sha256, "application/octet-stream", found.size_bytes)
    look = session.get(Look, sha256)
    if look is None or look.state == "waiting":
        raise Problem("not_ready", why="picture not looked at yet")
    copy = look.web_sha256 if size == "web" else look.thumb_sha256
    if look.state != "ready" or copy is None:
        raise Problem("not_shown", state=look.state, why=look.reason)
    return Content(copy, "image/jpeg", blobs.size(key_of(copy)))
