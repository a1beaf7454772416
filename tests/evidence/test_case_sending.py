"""What people send, against the whole server.

An empty photo in a queue, and pictures of every kind by tus.
"""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from backend.core.db import Database
from backend.evidence.services import picturing
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.evidence.test_uploads import TUS, metadata
from tests.factories import Town, uid

As = Callable[[str], Person]
PhoneOf = Callable[..., Phone]
CASES = Path(__file__).parents[1] / "cases"
REAL = Path(__file__).resolve().parents[3] / "shared/data/photos"
ROWS = list(csv.DictReader((REAL / "manifest.csv").read_text().splitlines())) if REAL.exists() else []


def good_jpeg(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return out.getvalue()


def begun(phone: Phone, town: Town) -> str:
    """A visit on the phone to which photos belong."""
    phone.sync()
    keys = {"customer_id": town["customer 0"], "cell_id": town["cell 0"], "representative_id": town["rep"]}
    return phone.create("visit", keys | {"method": "door"})


def looked_at(app: Flask, database: Database) -> None:
    serving.serve(database)
    picturing.look_at_waiting(database, app.extensions["wangge"].blobs)


def test_the_case_an_empty_photo_in_a_queue(
    phone_of: PhoneOf, as_: As, town: Town, app: Flask, database: Database
) -> None:
    """The steps of the case, one after the other, as they are written there."""
    phone = phone_of("rep")
    names: dict[str, Any] = {"visit": begun(phone, town), "good_jpeg": good_jpeg()}
    taken = []
    for step in ast.parse((CASES / "empty-photo/steps.py").read_text(encoding="utf-8")).body:
        assert isinstance(step, ast.Expr)
        assert isinstance(step.value, ast.Call)
        assert isinstance(step.value.func, ast.Attribute)
        given = [
            names[one.id] if isinstance(one, ast.Name) else ast.literal_eval(one) for one in step.value.args
        ]
        taken.append(getattr(phone, step.value.func.attr)(*given))
    empty, good = taken[:2]
    phone.sync()
    looked_at(app, database)
    assert as_("rep")("GET", f"/photo-content/{good}?size=thumb").status_code == 200
    assert phone.store.photos_waiting() == []
    (aside,) = phone.store.photos_aside()
    assert (aside["id"], aside["problem"]["code"]) == (empty, "empty_file")
    assert "空" in aside["problem"]["title"]
    assert aside["problem"]["remedy_en"]
    phone.store.discard_photo(empty)
    assert phone.store.photos_aside() == []


def test_an_empty_file_is_told_as_such_at_every_door(as_: As) -> None:
    rep = as_("rep")
    for more in ({"Upload-Metadata": metadata(uid("p"), "0" * 64)}, {"Upload-Concat": "partial"}):
        answer = rep("POST", "/uploads", headers=TUS | {"Upload-Length": "0"} | more)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "empty_file")
        assert "空" in answer.get_json()["title"]


def test_photos_beside_one_that_fails_at_the_server_arrive(
    phone_of: PhoneOf, town: Town, monkeypatch: pytest.MonkeyPatch, as_: As
) -> None:
    from backend.evidence.services import uploading

    phone, real = phone_of("rep"), uploading.create_upload
    visit = begun(phone, town)
    bad, good = (
        phone.take_photo("visit", visit, "site", good_jpeg(one), {"cell_id": town["cell 0"]})
        for one in ("red", "blue")
    )

    def failing(session: Any, actor: Any, announced: Any, *more: Any) -> Any:
        if announced.photo_id == bad:
            raise RuntimeError("a disk of the server")
        return real(session, actor, announced, *more)

    with monkeypatch.context() as ill:
        ill.setattr(uploading, "create_upload", failing)
        monkeypatch.setitem(phone_app(phone).config, "PROPAGATE_EXCEPTIONS", False)
        phone.sync()
    assert as_("rep").get(f"/photos/{good}")["arrived_at"]
    assert phone.store.photos_in_trouble()[bad]["code"] == "server_error"
    phone.sync()
    assert as_("rep").get(f"/photos/{bad}")["arrived_at"]


def phone_app(phone: Phone) -> Any:
    return phone.link._client._transport.app  # type: ignore[attr-defined]


def test_pictures_of_every_kind_by_tus(
    phone_of: PhoneOf, as_: As, town: Town, app: Flask, database: Database
) -> None:
    """Shown in both sizes, with media type, time and place by their content; one database for all of them."""
    phone = phone_of("rep")
    visit, rep = begun(phone, town), as_("rep")
    cases = json.loads((CASES / "photo-own-time/pictures.json").read_text(encoding="utf-8"))["cases"]
    sent = {one["name"]: (base64.b64decode(one["base64"]), one) for one in cases}
    two = (CASES / "photo-two-pictures/two-pictures.jpg").read_bytes()
    sent["the case"] = (two, {"media_type": "image/jpeg", "taken_at": None, "taken_local": None})
    ids = {name: phone.take_photo("visit", visit, "site", data) for name, (data, _) in sent.items()}
    phone.sync()
    looked_at(app, database)
    looks = {row.sha256: row for row in database_rows(database, "SELECT * FROM look")}
    for name, (_, said) in sent.items():
        record = rep.get(f"/photos/{ids[name]}")
        look = looks[record["sha256"]]
        assert (look.state, look.media_type, look.taken_local) == (
            "ready",
            said["media_type"],
            said["taken_local"],
        ), name
        at = look.taken_at.isoformat()[:19] + "Z" if look.taken_at else None
        assert (at, (record["taken_at"] or "")[:19]) == (said["taken_at"], (said["taken_at"] or "")[:19]), (
            name
        )
        assert record["media_type"] == said["media_type"], name
        for size in ("web", "thumb"):
            shown = rep("GET", f"/photo-content/{ids[name]}?size={size}")
            assert (shown.status_code, shown.mimetype) == (200, "image/jpeg"), (name, size)
    assert any(row.lat and row.lng for row in looks.values())


def test_what_an_older_release_could_not_read_is_looked_at_again(
    phone_of: PhoneOf, town: Town, app: Flask, database: Database, as_: As
) -> None:
    phone = phone_of("rep")
    data = (CASES / "photo-two-pictures/two-pictures.jpg").read_bytes()
    photo = phone.take_photo("visit", begun(phone, town), "site", data)
    html = phone.take_photo("visit", town["customer 0"], "site", b"<html>")
    phone.sync()
    looked_at(app, database)
    with database.transaction() as session:
        session.execute(
            text(
                """
                UPDATE look
                SET
                    state = 'broken', reason = 'KeyError', web_sha256 = NULL, thumb_sha256 = NULL,
                    due_at = now(), attempts = 1
                """
            )
        )
    assert picturing.look_at_waiting(database, app.extensions["wangge"].blobs) == 2
    assert picturing.look_at_waiting(database, app.extensions["wangge"].blobs) == 0
    assert as_("rep")("GET", f"/photo-content/{photo}?size=web").status_code == 200
    assert html != photo


@pytest.mark.skipif(not ROWS, reason="the real photos may not ship with the repository and are not here")
def test_every_real_photo_by_tus(
    phone_of: PhoneOf, as_: As, town: Town, app: Flask, database: Database
) -> None:
    """Each file of the manifest: shown with its metadata, or kept and told why not.

    The empty one is set aside.
    """
    phone = phone_of("rep")
    visit, rep = begun(phone, town), as_("rep")
    ids = {
        row["file"]: phone.take_photo("visit", visit, "site", (REAL / row["file"]).read_bytes())
        for row in ROWS
    }
    phone.sync()
    looked_at(app, database)
    assert [one["id"] for one in phone.store.photos_aside()] == [ids["derived_empty.jpg"]]
    looks = {row.sha256: row for row in database_rows(database, "SELECT * FROM look")}
    for row in ROWS:
        if row["file"] == "derived_empty.jpg":
            continue
        look = looks[row["sha256"]]
        assert look.taken_local == (
            row["datetime_original"] if row["decodes"] == "yes" and row["datetime_original"] else None
        )
        for size in ("web", "thumb"):
            shown = rep("GET", f"/photo-content/{ids[row['file']]}?size={size}")
            if row["decodes"] == "yes":
                assert (shown.status_code, look.state) == (200, "ready"), row["file"]
            else:
                assert (shown.status_code, shown.get_json()["code"]) == (422, "not_shown"), row["file"]
                assert (
                    rep("GET", f"/photo-content/{ids[row['file']]}").data == (REAL / row["file"]).read_bytes()
                )
        if row["decodes"] == "yes" and row["gps_lat"] not in ("", "nan"):
            assert look.lat == pytest.approx(float(row["gps_lat"]), abs=1e-6)


def database_rows(database: Database, asked: str) -> list[Any]:
    with database.transaction() as session:
        return list(session.execute(text(asked)).all())
