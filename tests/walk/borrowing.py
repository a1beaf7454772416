"""Photo files in the walk: knowing a hash is no right, and originals alone have camera metadata."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from backend.core.db import Database
from backend.core.services import record_writer
from backend.evidence.services.arrived_photos import mark_arrived
from tests.factories import uid
from tests.walk.asks import API, TUS
from tests.walk.kind_asks import path_of
from tests.walk.planting import PLACES, Place, picture, values_of
from tests.walk.reading import said
from tests.walk.table import SOUTH
from tests.walk.world import World

SIZES = ("original", "web", "thumb")
# Who knows the hash of whose photo: from a sheet, a list, or by hearsay.
THIEVES = (
    ("south_rep", "n"),
    ("stranger", "n"),
    ("rep", "h"),
    ("leader", "s"),
    ("member", "h"),
    ("branch_admin", "s"),
)


def bytes_of(world: World, key: str) -> bytes:
    """The photo that was planted in a place."""
    return picture(picture_marker(world, key))


def borrowed(world: World, database: Database, who: str, key: str) -> Iterator[str]:
    """A record of one's own with the hash of another's photo, other bytes for it, each way to the bytes."""
    stolen = bytes_of(world, key)
    sha256, photo = hashlib.sha256(stolen).hexdigest(), record_writer.new_id()
    made = world.ask(who, "POST", path_of("photo"), json=_own(who, photo, sha256, len(stolen)))
    if made.status_code != 201:
        yield f"{who} records no photo: {made.status_code} {made.text}"
    pairs = ",".join(
        f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in (("photo_id", photo), ("sha256", sha256))
    )
    begun = TUS | {"Upload-Length": str(len(stolen)), "Upload-Metadata": pairs}
    upload = world.ask(who, "POST", f"{API}/uploads", headers=begun)
    if upload.headers.get("Upload-Offset", "0") != "0":
        yield f"{who} need not send the bytes of {key}"
    # Other bytes of the same length are not those bytes.
    other = {"headers": TUS | {"Upload-Offset": "0"}, "data": b"x" * len(stolen)}
    sent = world.ask(
        who, "PATCH", upload.headers["Location"], **other, content_type="application/offset+octet-stream"
    )
    if sent.status_code < 400:
        yield f"{who} sends other bytes for those of {key}: {sent.status_code}"
    with database.transaction() as session:
        mark_arrived(session, sha256)  # As the worker does once a photo was recorded.
    content = f"{API}/photo-content/{photo}"
    answers = [world.ask(who, "GET", content, query_string={"size": size}) for size in SIZES]
    answers.append(world.ask(who, "POST", f"{content}/links", json={}))
    yield from (
        f"{who} gets {key}'s bytes: {one.status_code} {one.mimetype}"
        for one in answers
        if one.status_code < 400
    )


def _own(who: str, photo: str, sha256: str, size: int) -> dict[str, Any]:
    place = PLACES["s" if who in SOUTH else "n"]
    mine = who if who in ("rep", "leader", "member", "south_rep") else None
    body = values_of("photo", place, mine) | {"id": photo, "sha256": sha256, "size_bytes": size}
    if mine in ("rep", "south_rep"):
        body.pop("crew_id")
    return body


def copies(world: World, place: Place) -> Iterator[str]:
    """The copies for screens and links, for who may see all: shown, without what the camera wrote."""
    office = "stranger" if place.key == "s" else "dispatcher"
    content, marker = (
        f"{API}/photo-content/{uid(f'walk photo {place.key}')}",
        picture_marker(world, place.key),
    )
    answers = {size: world.ask(office, "GET", content, query_string={"size": size}) for size in SIZES}
    if place.key != "h":
        answers["shared"] = world.ask("anon", "GET", world.links[f"photo {place.key}"])
    for name, answer in answers.items():
        has_it = marker in said(answer)
        if answer.status_code != 200 or has_it != (name == "original"):
            yield f"{name} copy of {place.key}: {answer.status_code}, what the camera wrote: {has_it}"
        answer.close()


def picture_marker(world: World, key: str) -> str:
    """What the camera wrote into the photo of a place."""
    return next(text for text, found in world.markers.planted.items() if found == ("photo.bytes", key))
