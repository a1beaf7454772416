"""Photo bytes by tus: offsets, cuts, hashes that lie, other people's uploads."""

from __future__ import annotations

import base64
import hashlib
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.blobs.store import BlobStore, key_of, open_blobs
from backend.core.blobs.upload_files import Parts
from backend.core.db import Database
from backend.core.errors import Problem
from backend.evidence.services import uploading
from backend.evidence.services.uploading import Announced, Receiving
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
    body = {
        "id": uid(photo),
        "of_kind": "customer",
        "of_id": town["customer 0"],
        "purpose": "site",
        "sha256": sha256,
        "size_bytes": len(DATA),
        "media_type": "image/jpeg",
        "taken_at": "2026-09-01T00:00:00Z",
        "staff_id": town["rep"],
    }
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
    assert (answer.status_code, answer.get_json()["code"], answer.get_json()["offset"]) == (
        409,
        "wrong_offset",
        0,
    )


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
        ({"Upload-Length": "0"}, 422),
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
    answer = rep(
        "PATCH", begin(rep), headers=TUS | {"Upload-Offset": "0"}, data=DATA, content_type="image/jpeg"
    )
    assert answer.status_code == 415


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Receiving:
    return Receiving(database, Parts(tmp_path / "parts"), open_blobs((tmp_path / "kept").as_uri()), 10**9)


def begun(place: Receiving, town: Town, data: bytes = DATA) -> str:
    announced = Announced(uid("photo"), hashlib.sha256(data).hexdigest(), len(data))
    with place.database.transaction() as session:
        return str(
            uploading.create_upload(session, town.actor("rep"), announced, place.parts, place.day_bytes).id
        )


def test_what_arrived_before_a_cut_is_kept(place: Receiving, town: Town) -> None:
    def cut_link() -> Iterator[bytes]:
        yield DATA[:5_000]
        raise ConnectionResetError

    upload_id, actor = begun(place, town), town.actor("rep")
    uploading.receive_bytes(place, actor, upload_id, 0, cut_link())
    assert place.parts.size(upload_id) == 5_000
    done = uploading.receive_bytes(place, actor, upload_id, 5_000, iter([DATA[5_000:]]))
    assert done.finished_at is not None
    assert not place.parts.path(upload_id).exists()


def test_a_newer_connection_goes_on_while_the_old_one_hangs(place: Receiving, town: Town) -> None:
    """A phone that lost its network mid-way comes back before the server has noticed."""
    upload_id, actor = begun(place, town), town.actor("rep")
    written, go_on = threading.Event(), threading.Event()
    answers: list[Any] = []

    def hanging() -> Iterator[bytes]:
        yield DATA[:1_000]
        written.set()
        go_on.wait(20)
        yield DATA[1_000:2_000]

    def old() -> None:
        try:
            uploading.receive_bytes(place, actor, upload_id, 0, hanging())
        except Problem as problem:
            answers.append(problem.code)

    thread = threading.Thread(target=old)
    thread.start()
    assert written.wait(20)
    done = uploading.receive_bytes(place, actor, upload_id, 1_000, iter([DATA[1_000:]]))
    go_on.set()
    thread.join()
    assert done.finished_at is not None
    assert answers == ["upload_taken_over"]
    assert place.blobs.get(key_of(hashlib.sha256(DATA).hexdigest())) == DATA


def test_two_writers_at_one_offset_do_not_mix(place: Receiving, town: Town) -> None:
    upload_id, actor = begun(place, town), town.actor("rep")
    answers: list[str] = []

    def go() -> None:
        try:
            pieces = iter([DATA[at : at + 100] for at in range(0, len(DATA), 100)])
            uploading.receive_bytes(place, actor, upload_id, 0, pieces)
            answers.append("done")
        except Problem as problem:
            answers.append(problem.code)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("done") == 1
    assert set(answers) <= {"done", "wrong_offset", "upload_taken_over"}
    assert place.blobs.get(key_of(hashlib.sha256(DATA).hexdigest())) == DATA


class Away:
    """A store that cannot be reached."""

    def keep(self, key: str, path: Any) -> None:
        raise ConnectionError(key)


def test_a_store_that_is_away_delays_and_loses_nothing(place: Receiving, town: Town) -> None:
    upload_id, actor = begun(place, town), town.actor("rep")
    away = replace(place, blobs=cast(BlobStore, Away()))
    waiting = uploading.receive_bytes(away, actor, upload_id, 0, iter([DATA]))
    assert (waiting.finished_at, waiting.whole_at is not None) == (None, True)
    assert uploading.settle_waiting(away) == 0
    assert uploading.settle_waiting(place) == 1
    assert place.blobs.get(key_of(hashlib.sha256(DATA).hexdigest())) == DATA
    assert uploading.settle_waiting(place) == 0


def test_a_file_has_arrived_when_its_transaction_began(
    place: Receiving, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before, however long that waits: a backup takes what began before it and did not end as missing."""
    began = []
    noted = uploading.note_arrived

    def note(session: Session, sha256: str, size: int) -> None:
        began.append(session.scalar(text("SELECT now()")))
        noted(session, sha256, size)

    monkeypatch.setattr(uploading, "note_arrived", note)
    upload_id = begun(place, town)
    upload = uploading.receive_bytes(place, town.actor("rep"), upload_id, 0, iter([DATA]))
    assert [upload.finished_at] == began


def test_a_full_disk_is_said_and_what_fitted_stays(tmp_path: Path) -> None:
    parts, upload_id = Parts(tmp_path), uid("u")
    parts.begin(upload_id)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on this process's files refuses bytes as a full disk does; its signal would end the process.
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    try:
        with pytest.raises(Problem) as caught:
            parts.append(upload_id, 0, iter([DATA[:4_000], DATA[4_000:8_000]]), len(DATA))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert (caught.value.code, caught.value.detail["offset"]) == ("disk_full", 5_000)
    assert parts.append(upload_id, 5_000, iter([DATA[5_000:]]), len(DATA)) == len(DATA)
    assert b"".join(parts.chunks(upload_id)) == DATA


def test_uploads_nobody_continues_end_and_say_so(place: Receiving, town: Town) -> None:
    upload_id, actor = begun(place, town), town.actor("rep")
    uploading.receive_bytes(place, actor, upload_id, 0, iter([DATA[:100]]))
    stray = place.parts.path(uid("nobody's"))
    stray.write_bytes(b"left by a crash")
    later = datetime.now(UTC) + timedelta(days=15)
    assert uploading.clear_away(place, later) == {"expired": 1, "orphans": 1}
    assert not stray.exists()
    assert not place.parts.path(upload_id).exists()
    with place.database.transaction() as session, pytest.raises(Problem) as caught:
        uploading.find_upload(session, actor, upload_id)
    assert (caught.value.code, caught.value.detail["why"]) == ("upload_expired", "expired")


def test_a_persons_day_has_a_limit(place: Receiving, town: Town) -> None:
    begun(place, town)
    small = replace(place, day_bytes=len(DATA) + 10)
    with pytest.raises(Problem) as caught:
        begun(small, town)
    assert caught.value.code == "quota_exceeded"
    assert 0 < caught.value.detail["retry_after_s"] <= 86_401


def test_a_persons_day_begins_at_midnight_of_the_city(place: Receiving, town: Town) -> None:
    """In UTC it would begin at eight in the morning, when they have been at work for an hour."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begun(place, town)
    small = replace(place, day_bytes=len(DATA) + 10)
    for begun_at, is_today in ((midnight, True), (midnight - timedelta(seconds=1), False)):
        with place.database.transaction() as session:
            session.execute(text("UPDATE upload SET created_at = :at"), {"at": begun_at})
        if is_today:
            with pytest.raises(Problem) as caught:
                begun(small, town)
            wait_s = (midnight + timedelta(days=1) - now).total_seconds()
            assert caught.value.detail["retry_after_s"] == pytest.approx(wait_s, abs=30)
        else:
            begun(small, town)


def test_the_same_picture_of_two_records_is_stored_once(as_: As, town: Town) -> None:
    rep, sha256 = as_("rep"), hashlib.sha256(DATA).hexdigest()
    send(rep, begin(rep), DATA)
    first, second = photo_record(rep, town, sha256, "photo"), photo_record(rep, town, sha256, "twin")
    send(rep, begin(rep, photo="twin"), DATA)
    assert rep.get(f"/photos/{first}")["arrived_at"]
    assert rep.get(f"/photos/{second}")["arrived_at"]


def test_the_server_says_what_it_speaks(as_: As) -> None:
    headers = as_("rep")("OPTIONS", "/uploads").headers
    assert headers["Tus-Version"] == "1.0.0"
    for extension in ("creation-with-upload", "checksum", "termination", "expiration", "concatenation"):
        assert extension in headers["Tus-Extension"]


def test_a_small_photo_takes_one_request(as_: As) -> None:
    rep = as_("rep")
    headers = TUS | {
        "Upload-Length": str(len(DATA)),
        "Upload-Metadata": metadata(uid("photo"), hashlib.sha256(DATA).hexdigest()),
    }
    answer = rep(
        "POST", "/uploads", headers=headers, data=DATA, content_type="application/offset+octet-stream"
    )
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(DATA)))
    assert answer.headers["Arrived-At"]


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    return {
        "Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"
    }


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_a_message_with_its_checksum_is_kept(as_: As, algorithm: str) -> None:
    rep = as_("rep")
    path = begin(rep)
    assert send(rep, path, DATA[:999], **checksum(DATA[:999], algorithm)).status_code == 204
    assert rep("HEAD", path).headers["Upload-Offset"] == "999"


def test_a_message_that_was_damaged_on_its_way_is_not_kept(as_: As) -> None:
    rep = as_("rep")
    path = begin(rep)
    answer = send(rep, path, DATA[:999], **checksum(DATA[:998] + b"!"))
    assert (answer.status_code, answer.get_json()["code"]) == (460, "wrong_checksum")
    assert rep("HEAD", path).headers["Upload-Offset"] == "0"
    for odd in ("crc32 AAAA", "sha256 %%%"):
        assert send(rep, path, DATA[:999], **{"Upload-Checksum": odd}).status_code == 422


def test_an_upload_can_be_given_up(as_: As) -> None:
    rep = as_("rep")
    path = begin(rep)
    send(rep, path, DATA[:100])
    assert as_("other_rep")("DELETE", path, headers=TUS).status_code == 404
    assert rep("DELETE", path, headers=TUS).status_code == 204
    assert rep("HEAD", path).status_code == 410
    assert send(rep, path, DATA[100:], 100).get_json()["why"] == "terminated"


def piece(person: Person, data: bytes) -> str:
    headers = TUS | {"Upload-Length": str(len(data)), "Upload-Concat": "partial"}
    path = str(person("POST", "/uploads", headers=headers).headers["Location"])
    assert send(person, path.removeprefix("/api/v1"), data).status_code == 204
    return path


def test_pieces_sent_side_by_side_become_one_photo(as_: As, town: Town) -> None:
    rep = as_("rep")
    photo = photo_record(rep, town, hashlib.sha256(DATA).hexdigest())
    pieces = [piece(rep, DATA[:10_000]), piece(rep, DATA[10_000:])]
    headers = TUS | {
        "Upload-Concat": f"final;{' '.join(pieces)}",
        "Upload-Metadata": metadata(photo, hashlib.sha256(DATA).hexdigest()),
    }
    assert rep("POST", "/uploads", headers=headers).status_code == 201
    assert rep("GET", f"/photo-content/{photo}").data == DATA
    assert rep("POST", "/uploads", headers=headers).status_code == 410


def test_pieces_that_are_not_all_here_make_nothing(as_: As) -> None:
    rep = as_("rep")
    whole = piece(rep, DATA[:10_000])
    headers = TUS | {"Upload-Length": "50", "Upload-Concat": "partial"}
    begun_only = str(rep("POST", "/uploads", headers=headers).headers["Location"])
    final = {"Upload-Metadata": metadata(uid("p"), hashlib.sha256(DATA).hexdigest())} | TUS
    for pieces, status in ((f"{whole} {begun_only}", 409), ("", 422), ("/elsewhere/1", 422), (whole, 460)):
        answer = rep("POST", "/uploads", headers=final | {"Upload-Concat": f"final;{pieces}"})
        assert answer.status_code == status, answer.text
    # After a wrong hash the piece is still there.
    assert rep("HEAD", whole.removeprefix("/api/v1")).headers["Upload-Offset"] == "10000"
