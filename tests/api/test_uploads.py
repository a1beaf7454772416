"""Photo bytes by tus: offsets, cuts, hashes that lie, other people's uploads."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.blobs.store import open_blobs
from backend.db import Database
from backend.errors import Problem
from backend.services import evidence
from backend.services.evidence import Parts
from tests.conftest import Person
from tests.factories import Town, uid

As = Callable[[str], Person]
DATA = bytes(range(256)) * 100
TUS = {"Tus-Resumable": "1.0.0"}


def metadata(photo: str, sha256: str) -> str:
    return ",".join(
        f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in (("photo_id", photo), ("sha256", sha256))
    )


def begin(person: Person, data: bytes = DATA, photo: str = "photo", sha256: str | None = None) -> str:
    headers = TUS | {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata(uid(photo), sha256 or hashlib.sha256(data).hexdigest()),
    }
    answer = person("POST", "/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"]).removeprefix("/api/v1")


def send(person: Person, path: str, data: bytes, offset: int = 0, **more: str) -> Any:
    headers = TUS | {"Upload-Offset": str(offset)} | more
    return person("PATCH", path, headers=headers, data=data, content_type="application/offset+octet-stream")


def photo_record(person: Person, town: Town, sha256: str, photo: str = "photo") -> str:
    body = {"id": uid(photo), "of_kind": "customer", "of_id": town["customer 0"], "purpose": "site", "sha256": sha256, "size_bytes": len(DATA),
            "media_type": "image/jpeg", "taken_at": "2026-09-01T00:00:00Z", "staff_id": town["rep"]}  # fmt: skip
    answer = person("POST", "/photos", body)
    assert answer.status_code == 201, answer.text
    return uid(photo)


def test_bytes_in_pieces_arrive_equal(as_: As, town: Town) -> None:
    rep = as_("rep")
    photo, path = photo_record(rep, town, hashlib.sha256(DATA).hexdigest()), begin(rep)
    for offset in range(0, len(DATA), 10_000):
        assert rep("HEAD", path).headers["Upload-Offset"] == str(offset)
        assert send(rep, path, DATA[offset : offset + 10_000], offset).status_code == 204
    assert rep.get(f"/photos/{photo}")["arrived_at"]
    answer = rep("GET", f"/photo-content/{photo}")
    assert answer.data == DATA
    assert answer.headers["Content-Disposition"] == "attachment"


def test_a_photo_without_its_bytes_says_so(as_: As, town: Town) -> None:
    rep = as_("rep")
    photo = photo_record(rep, town, hashlib.sha256(DATA).hexdigest())
    assert rep.get(f"/photos/{photo}")["arrived_at"] is None
    assert rep("GET", f"/photo-content/{photo}").status_code == 404


@pytest.mark.parametrize("offset", [1, 5, 10**9])
def test_a_wrong_offset_tells_the_right_one(as_: As, offset: int) -> None:
    rep = as_("rep")
    answer = send(rep, begin(rep), DATA, offset)
    assert (answer.status_code, answer.get_json()["code"], answer.get_json()["offset"]) == (409, "wrong_offset", 0)


def test_bytes_that_do_not_have_their_hash_start_again(as_: As) -> None:
    rep = as_("rep")
    path = begin(rep, sha256="0" * 64)
    answer = send(rep, path, DATA)
    assert (answer.status_code, answer.get_json()["code"]) == (460, "wrong_hash")
    assert rep("HEAD", path).headers["Upload-Offset"] == "0"


def test_more_bytes_than_announced_are_not_kept(as_: As) -> None:
    rep = as_("rep")
    path = begin(rep)
    assert send(rep, path, DATA + b"more").headers["Upload-Offset"] == str(len(DATA))
    assert send(rep, path, b"", len(DATA)).get_json()["code"] == "wrong_offset"


def test_an_upload_is_its_owners(as_: As) -> None:
    path = begin(as_("rep"))
    assert as_("other_rep")("HEAD", path).status_code == 404
    assert send(as_("other_rep"), path, DATA).status_code == 404


def test_a_photos_bytes_are_for_those_who_see_its_record(as_: As, town: Town) -> None:
    rep = as_("rep")
    photo = photo_record(rep, town, hashlib.sha256(DATA).hexdigest())
    send(rep, begin(rep), DATA)
    assert as_("dispatcher")("GET", f"/photo-content/{photo}").status_code == 200
    for stranger in ("stranger", "other_rep", "member"):
        assert as_(stranger)("GET", f"/photo-content/{photo}").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "-1"}, 422),
        ({"Upload-Length": "0"}, 413),
        ({"Upload-Length": "٣"}, 422),
        ({"Upload-Length": str(10**12)}, 413),
        ({"Upload-Metadata": "photo_id %%%"}, 422),
        ({"Upload-Metadata": ""}, 422),
        ({"Upload-Metadata": metadata(uid("p"), "short")}, 422),
        ({"Upload-Metadata": metadata("no id", "0" * 64)}, 422),
    ],
)
def test_a_creation_that_makes_no_sense_is_refused(as_: As, headers: dict[str, str], status: int) -> None:
    good = TUS | {"Upload-Length": "5", "Upload-Metadata": metadata(uid("p"), "0" * 64)}
    sent = {name: value.encode().decode("latin-1") for name, value in (good | headers).items()}
    answer = as_("rep")("POST", "/uploads", headers=sent)
    assert answer.status_code == status, answer.text


def test_the_wrong_content_type_is_refused(as_: As) -> None:
    rep = as_("rep")
    answer = rep("PATCH", begin(rep), headers=TUS | {"Upload-Offset": "0"}, data=DATA, content_type="image/jpeg")
    assert answer.status_code == 415


def test_what_arrived_before_a_cut_is_kept(database: Database, town: Town, tmp_path: Path) -> None:
    parts = Parts(tmp_path / "parts")

    def cut_link() -> Iterator[bytes]:
        yield DATA[:5_000]
        raise ConnectionResetError

    with database.transaction() as session:
        upload = evidence.create_upload(
            session, town.actor("rep"), uid("photo"), hashlib.sha256(DATA).hexdigest(), len(DATA)
        )
        upload_id = str(upload.id)

        blobs = open_blobs("memory://")
        found = evidence.receive_bytes(session, town.actor("rep"), parts, blobs, upload_id, 0, cut_link())
        assert found.offset_bytes == 5_000
        done = evidence.receive_bytes(session, town.actor("rep"), parts, blobs, upload_id, 5_000, iter([DATA[5_000:]]))
        assert done.finished_at is not None
    assert not parts.path(upload_id).exists()


def test_bytes_the_database_does_not_know_are_written_over(tmp_path: Path) -> None:
    """The server died between the disk and the commit: the offset in the database is the truth."""
    parts = Parts(tmp_path)
    parts.append(uid("u"), 0, iter([b"never acknowledged"]), 100)
    assert parts.append(uid("u"), 0, iter([b"again"]), 100) == 5
    assert b"".join(parts.chunks(uid("u"))) == b"again"


def test_two_writers_on_one_upload_do_not_mix(database: Database, town: Town, tmp_path: Path) -> None:

    parts, blobs, actor = Parts(tmp_path), open_blobs("memory://"), town.actor("rep")
    with database.transaction() as session:
        upload_id = str(
            evidence.create_upload(session, actor, uid("photo"), hashlib.sha256(DATA).hexdigest(), len(DATA)).id
        )
    answers: list[str] = []

    def go() -> None:
        try:
            with database.transaction() as session:
                evidence.receive_bytes(session, actor, parts, blobs, upload_id, 0, iter([DATA]))
            answers.append("done")
        except Problem as problem:
            answers.append(problem.code)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done", "wrong_offset", "wrong_offset"]


def test_the_same_picture_of_two_records_is_stored_once(as_: As, town: Town) -> None:
    rep, sha256 = as_("rep"), hashlib.sha256(DATA).hexdigest()
    send(rep, begin(rep), DATA)
    first, second = photo_record(rep, town, sha256, "photo"), photo_record(rep, town, sha256, "twin")
    send(rep, begin(rep, photo="twin"), DATA)
    assert rep.get(f"/photos/{first}")["arrived_at"]
    assert rep.get(f"/photos/{second}")["arrived_at"]
