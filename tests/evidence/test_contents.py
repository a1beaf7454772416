"""Photo downloads: copies for the screen, ranges, links that expire; and files that cannot be shown."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from backend.core.confined.limits import Limits
from backend.core.db import Database
from backend.evidence.services import picturing
from backend.evidence.services.picture_reader import PictureReader
from backend.evidence.services.sharing import share
from backend.queue import serving
from tests.conftest import Person
from tests.evidence.test_uploads import begin, send
from tests.factories import Town, forged, uid

As = Callable[[str], Person]


def picture(size: tuple[int, int] = (800, 600)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


@pytest.fixture
def taken(as_: As, app: Flask, database: Database, town: Town) -> Callable[..., str]:
    """Take a photo of these bytes, upload it, and let the worker look at it."""

    def take(data: bytes, name: str = "photo") -> str:
        rep = as_("rep")
        body = {
            "id": uid(name),
            "of_kind": "customer",
            "of_id": town["customer 0"],
            "purpose": "site",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
            "media_type": "image/jpeg",
            "taken_at": "2026-09-01T00:00:00Z",
            "staff_id": town["rep"],
        }
        assert rep("POST", "/photos", body).status_code == 201
        assert send(rep, begin(rep, data, name), data).status_code == 204
        picturing.look_at_waiting(database, app.extensions["wangge"].blobs)
        return uid(name)

    return take


def test_a_small_copy_and_one_for_the_screen(as_: As, taken: Callable[..., str]) -> None:
    photo = taken(picture((2400, 1800)))
    for size, width in (("thumb", 320), ("web", 1600)):
        answer = as_("rep")("GET", f"/photo-content/{photo}?size={size}")
        assert answer.mimetype == "image/jpeg"
        with Image.open(io.BytesIO(answer.data)) as image:
            assert image.width == width


def test_a_part_of_a_photo(as_: As, taken: Callable[..., str]) -> None:
    data = picture()
    photo, rep = taken(data), as_("rep")

    def part(what: str, **more: str) -> Any:
        return rep("GET", f"/photo-content/{photo}", headers={"Range": what} | more)

    first = part("bytes=0-99")
    assert (first.status_code, first.data) == (206, data[:100])
    assert first.headers["Content-Range"] == f"bytes 0-99/{len(data)}"
    assert part("bytes=-50").data == data[-50:]
    assert part(f"bytes={len(data) - 5}-").data == data[-5:]
    beyond = part(f"bytes={len(data)}-")
    assert (beyond.status_code, beyond.get_json()["code"]) == (416, "range_not_there")
    # The file has changed since the first part: all of it.
    assert part("bytes=0-99", **{"If-Range": '"other"'}).data == data


def test_what_the_screen_has_is_not_sent_again(as_: As, taken: Callable[..., str]) -> None:
    photo, rep = taken(picture()), as_("rep")
    tag = rep("GET", f"/photo-content/{photo}?size=thumb").headers["ETag"]
    again = rep("GET", f"/photo-content/{photo}?size=thumb", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("size", ["web", "thumb"])
def test_what_is_no_picture_is_kept_as_received_and_says_so(
    as_: As, taken: Callable[..., str], size: str
) -> None:
    data = b"<html>not a photo</html>"
    photo, rep = taken(data), as_("rep")
    answer = rep("GET", f"/photo-content/{photo}?size={size}")
    assert (answer.status_code, answer.get_json()["code"], answer.get_json()["state"]) == (
        422,
        "not_shown",
        "not_a_picture",
    )
    assert rep("GET", f"/photo-content/{photo}").data == data


def test_a_link_for_somebody_without_an_account(as_: As, app: Flask, taken: Callable[..., str]) -> None:
    photo, rep = taken(picture()), as_("rep")
    link = rep("POST", f"/photo-content/{photo}/links", {"hours": 2}).get_json()
    anybody = app.test_client()
    shown = anybody.get(link["url"])
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    refused = anybody.get(forged(link["url"]))
    assert (refused.status_code, refused.get_json()["code"]) == (410, "link_ended")
    assert as_("stranger")("POST", f"/photo-content/{photo}/links", {}).status_code == 404


def test_a_link_ends(app: Flask, as_: As, taken: Callable[..., str]) -> None:
    taken(picture())
    keys = app.extensions["wangge"].settings.keys
    ended = share(keys, "shared picture", ["0" * 64], -1)
    assert app.test_client().get(f"/api/v1/shared-photos/{ended}").status_code == 410


def test_bytes_that_kill_their_worker_are_left_alone(
    as_: As, app: Flask, database: Database, taken: Callable[..., str]
) -> None:
    photo = taken(picture())
    with database.transaction() as session:
        session.execute(
            text("UPDATE look SET state = 'waiting', attempts = 3, due_at = now(), web_sha256 = NULL")
        )
    assert picturing.look_at_waiting(database, app.extensions["wangge"].blobs) == 1
    answer = as_("rep")("GET", f"/photo-content/{photo}?size=web")
    assert answer.get_json()["state"] == "broken"


def test_a_worker_that_died_with_a_picture_does_not_keep_it(
    app: Flask, database: Database, taken: Callable[..., str]
) -> None:
    taken(picture())
    with database.transaction() as session:
        session.execute(
            text("UPDATE look SET state = 'waiting', attempts = 1, due_at = now() + interval '5 minutes'")
        )
    blobs = app.extensions["wangge"].blobs
    assert picturing.look_at_waiting(database, blobs) == 0
    with database.transaction() as session:
        session.execute(text("UPDATE look SET due_at = now() - interval '1 second'"))
    assert picturing.look_at_waiting(database, blobs) == 1


def test_a_picture_that_stops_its_reader_keeps_its_turns(
    app: Flask, database: Database, taken: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(picture())
    blobs = app.extensions["wangge"].blobs
    with database.transaction() as session:
        session.execute(text("UPDATE look SET state = 'waiting', attempts = 0, due_at = now()"))
    with monkeypatch.context() as short:
        short.setattr(picturing, "PictureReader", lambda: PictureReader(Limits(answer=10)))
        assert picturing.look_at_waiting(database, blobs) == 1
    with database.transaction() as session:
        assert session.execute(text("SELECT state, attempts FROM look")).all() == [("waiting", 1)]
        session.execute(text("UPDATE look SET due_at = now()"))
    picturing.look_at_waiting(database, blobs)
    with database.transaction() as session:
        assert session.execute(text("SELECT state FROM look")).scalar_one() == "ready"


def test_knowing_a_hash_gives_nobody_the_bytes(
    as_: As, taken: Callable[..., str], town: Town, database: Database
) -> None:
    """A sheet shows hashes.

    Whoever records a photo with one has its bytes only once they have sent them themselves.
    """
    data = picture()
    photo, thief = taken(data), as_("south_rep")
    stolen = {"id": uid("stolen"), "of_kind": "customer", "of_id": town["customer 3"], "purpose": "site",
              "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), "media_type": "image/jpeg",
              "taken_at": "2026-09-01T00:00:00Z", "staff_id": town["south_rep"]}  # fmt: skip
    assert thief("POST", "/photos", stolen).status_code == 201
    serving.serve(database)
    assert thief.get(f"/photos/{stolen['id']}")["arrived_at"] is None
    for path in ("", "?size=web", "?size=thumb"):
        assert thief("GET", f"/photo-content/{stolen['id']}{path}").status_code == 404
    assert thief("POST", f"/photo-content/{stolen['id']}/links", {"hours": 1}).status_code == 404
    # An upload of other bytes under that hash is none.
    begun = begin(thief, data, "stolen")
    assert send(thief, begun, b"x" * len(data)).get_json()["code"] == "wrong_hash"
    assert thief("GET", f"/photo-content/{stolen['id']}").status_code == 404
    # Who does have the bytes sends them; the store keeps them once, and both photos show them.
    assert send(thief, begun, data).status_code == 204
    assert thief("GET", f"/photo-content/{stolen['id']}").data == data
    assert as_("rep")("GET", f"/photo-content/{photo}").data == data


def test_a_link_opens_a_photo_as_long_as_its_record_stands(
    as_: As, taken: Callable[..., str], app: Flask, database: Database
) -> None:
    photo = taken(picture())
    sha256 = as_("rep").get(f"/photos/{photo}")["sha256"]
    link = as_("rep")("POST", f"/photo-content/{photo}/links", {"hours": 1}).get_json()["url"]
    # As links were made before: they named the bytes.
    keys = app.extensions["wangge"].settings.keys
    old = f"/api/v1/shared-photos/{share(keys, 'shared picture', [sha256], 1)}"
    assert [app.test_client().get(one).status_code for one in (link, old)] == [200, 200]
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(
            text("UPDATE photo SET deleted_at = now() WHERE id = CAST(:id AS uuid)"), {"id": photo}
        )
    assert {app.test_client().get(one).get_json()["code"] for one in (link, old)} == {"link_ended"}
