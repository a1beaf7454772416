"""One bad item never stops the rest.

The reference phone's pictures, work and positions beside one that cannot go.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from mobile_api_spec.phone import Clock, Link, Offline, Phone, Refused
from mobile_api_spec.phone.store import Store
from mobile_api_spec.phone.uploads import told

AT = "2026-09-01T08:00:00.000000Z"


class House:
    """A server of some lines: `ills` say what befalls an upload, by its photo's hash."""

    def __init__(self) -> None:
        self.ills: dict[str, httpx.Response | Exception] = {}
        self.asked: list[str] = []
        self.whole: set[str] = set()
        self.positions: list[dict[str, Any]] = []
        self.taken: list[str] = []
        self.pulls = 0
        self._uploads: dict[str, tuple[str, int, int]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if path == "/uploads":
            return self._begun(request)
        if path.startswith("/uploads/"):
            return self._went_on(request, path)
        body = orjson.loads(request.content)
        if path == "/positions":
            if any(one["event"] == "bad" for one in body["positions"]):
                return problem(422, "invalid")
            self.positions += body["positions"]
            return httpx.Response(200, json={})
        if path == "/sync/push":
            return self._pushed(body["mutations"])
        self.pulls += 1
        page = {
            "epoch": 1,
            "epochs": [[1, None]],
            "backed_up_through": None,
            "cursor": "c",
            "more": False,
            "drops": [],
        }
        return httpx.Response(200, json=page | {"scopes": [], "lines": [], "server_time": AT, "complete": {}})

    def _pushed(self, mutations: list[dict[str, Any]]) -> httpx.Response:
        notes = [one["now"].get("note") for one in mutations]
        for ill in (one for one in notes if str(one).startswith(("too large", "fails"))):
            return problem(413, "too_large") if ill == "too large" else problem(500, "server_error")
        self.taken += [one for one in notes if one]
        outcomes = [{"id": one["id"], "status": "applied", "version": 1, "detail": {}} for one in mutations]
        return httpx.Response(200, json={"outcomes": outcomes, "server_time": AT})

    def _begun(self, request: httpx.Request) -> httpx.Response:
        said = dict(pair.split(" ") for pair in request.headers["Upload-Metadata"].split(","))
        sha256 = base64.b64decode(said["sha256"]).decode()
        self.asked.append(sha256)
        ill = self.ills.get(sha256)
        if isinstance(ill, Exception):
            raise ill
        if ill is not None:
            return ill
        self._uploads[sha256] = (sha256, int(request.headers["Upload-Length"]), 0)
        return httpx.Response(201, headers={"Location": f"/api/v1/uploads/{sha256}"})

    def _went_on(self, request: httpx.Request, path: str) -> httpx.Response:
        sha256, length, at = self._uploads[path.rpartition("/")[2]]
        at += len(request.content)
        self._uploads[sha256] = (sha256, length, at)
        headers = {"Upload-Offset": str(at)}
        if at == length:
            self.whole.add(sha256)
            headers["Arrived-At"] = AT
        return httpx.Response(204 if request.method == "PATCH" else 200, headers=headers)


def problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "title": code})


def phone_at(house: House, folder: Path | None = None) -> Phone:
    phone = Phone(Store(folder), Link("http://localhost", transport=httpx.MockTransport(house)), Clock())
    phone.store.set_meta(staff="me", access="token", refresh="r", device="d", store="s", epoch=1)
    return phone


def shot(phone: Phone, data: bytes) -> str:
    phone.take_photo("visit", "v", "site", data)
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("ill", "code"),
    [
        (problem(422, "empty_file"), "empty_file"), (problem(413, "too_large"), "too_large"),
        (problem(415, "unsupported_media"), "unsupported_media"), (problem(422, "invalid"), "invalid"),
    ],
)  # fmt: skip
def test_a_picture_that_the_server_does_not_take_is_set_aside(ill: httpx.Response, code: str) -> None:
    house = House()
    phone = phone_at(house)
    bad, good = shot(phone, b"bad"), shot(phone, b"good")
    house.ills[bad] = ill
    phone.note_position("start", 120.0, 36.0)
    for _ in range(3):
        phone.sync()
    assert (house.whole, house.asked.count(bad), len(house.positions)) == ({good}, 1, 1)
    (aside,) = phone.store.photos_aside()
    assert (aside["sha256"], aside["size_bytes"], aside["problem"]["code"]) == (bad, 3, code)
    assert aside["problem"]["remedy_en"] == told(code)["remedy_en"] != code
    # The person lets it be tried again, or takes it out.
    house.ills.clear()
    phone.store.try_again(aside["id"])
    phone.sync()
    assert (house.whole, phone.store.photos_aside()) == ({bad, good}, [])


@pytest.mark.parametrize(
    "ill",
    [
        problem(500, "server_error"),
        httpx.Response(502, text="<html>"),
        problem(409, "wrong_offset"),
        problem(460, "wrong_hash"),
        httpx.Response(413, text="proxy"),
    ],
    ids=["500", "502", "409", "460", "a proxy's"],
)
def test_what_may_pass_waits_and_stops_no_other(ill: httpx.Response) -> None:
    house = House()
    phone = phone_at(house)
    bad, good = shot(phone, b"bad"), shot(phone, b"good")
    house.ills[bad] = ill
    phone.sync()
    assert house.whole == {good}
    assert phone.store.photos_aside() == []
    assert next(iter(phone.store.photos_in_trouble().values()))["code"]
    house.ills.clear()
    phone.sync()
    assert house.whole == {bad, good}
    assert phone.store.photos_in_trouble() == {}


def test_a_picture_at_which_every_connection_breaks_goes_behind_the_others() -> None:
    house = House()
    phone = phone_at(house)
    bad, good = shot(phone, b"bad"), shot(phone, b"good")
    house.ills[bad] = httpx.ReadError("reset")
    for _ in range(2):
        with pytest.raises(Offline):
            phone.sync()
    assert house.whole == {good}


def test_what_is_wrong_with_the_person_stops_everything_and_loses_nothing() -> None:
    house = House()
    phone = phone_at(house)
    first, second = shot(phone, b"first"), shot(phone, b"second")
    house.ills[first] = house.ills[second] = problem(429, "quota_exceeded")
    phone.note_position("start", 120.0, 36.0)
    with pytest.raises(Refused, match="quota_exceeded"):
        phone.sync()
    assert (len(house.asked), len(phone.store.photos_waiting()), phone.store.photos_aside()) == (1, 2, [])
    # Where one was goes although no picture does.
    assert len(house.positions) == 1


def test_what_this_phone_has_lost_or_finds_damaged_is_set_aside(tmp_path: Path) -> None:
    house = House()
    phone = phone_at(house, tmp_path)
    gone, damaged, empty, good = (
        phone.take_photo("visit", "v", "site", one) for one in (b"gone", b"damaged", b"", b"good")
    )
    with sqlite3.connect(tmp_path / "phone.sqlite") as other:
        other.execute("UPDATE photo SET bytes = NULL WHERE id = ?", (gone,))
        other.execute("UPDATE photo SET bytes = x'00' WHERE id = ?", (damaged,))
    phone.sync()
    codes = {one["id"]: one["problem"]["code"] for one in phone.store.photos_aside()}
    assert codes == {gone: "photo_gone", damaged: "photo_unreadable", empty: "empty_file"}
    assert house.whole == {hashlib.sha256(b"good").hexdigest()}
    for id_ in codes:
        phone.store.discard_photo(id_)
    phone.store.discard_photo(good)
    assert phone.store.photos_aside() == []
    assert phone.store.photo_bytes(good) == b"good"
    phone.close()


def test_a_row_that_the_disk_does_not_give_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    phone = phone_at(house)
    bad, good = phone.take_photo("visit", "v", "site", b"bad"), shot(phone, b"good")
    read = Store.photo_bytes

    def failing(self: Store, id_: str) -> bytes | None:
        if id_ == bad:
            raise sqlite3.DatabaseError("database disk image is malformed")
        return read(self, id_)

    monkeypatch.setattr(Store, "photo_bytes", failing)
    phone.sync()
    assert house.whole == {good}
    assert [one["problem"]["code"] for one in phone.store.photos_aside()] == ["photo_unreadable"]


@pytest.mark.parametrize("ill", ["too large", "fails"])
def test_work_that_the_server_does_not_take_stops_no_other(ill: str) -> None:
    house = House()
    phone = phone_at(house)
    for note in ("first", ill, "third", "fourth"):
        phone.create("customer", {"note": note})
    phone.sync()
    assert house.taken == ["first", "third", "fourth"]
    ((mutation, said),) = phone.refused_work()
    assert (mutation["now"]["note"], said["code"] in ("too_large", "server_error")) == (ill, True)
    assert [one["now"]["note"] for one in phone.store.waiting(-1)] == [ill]


def test_a_server_that_fails_at_everything_is_left_alone() -> None:
    house = House()
    phone = phone_at(house)
    for _ in range(20):
        phone.create("customer", {"note": "fails"})
    with pytest.raises(Refused, match="server_error"):
        phone.push()
    assert len(phone.store.waiting(-1)) == 20


def test_work_refused_here_and_there_stops_none_of_the_rest() -> None:
    house = House()
    phone = phone_at(house)
    for note in ("1", "fails 1", "2", "fails 2", "3", "fails 3", "4", "5"):
        phone.create("customer", {"note": note})
    phone.sync()
    assert house.taken == ["1", "2", "3", "4", "5"]
    assert [one["now"]["note"] for one, _ in phone.refused_work()] == ["fails 1", "fails 2", "fails 3"]


def test_work_refused_in_a_row_goes_behind_the_rest_and_stops_neither_news_nor_pictures() -> None:
    house = House()
    phone = phone_at(house)
    bad = [phone.create("customer", {"note": f"fails {n}"}) for n in range(6)]
    phone.create("customer", {"note": "4"})
    picture = shot(phone, b"good")
    seen = []
    for n in range(5):
        with pytest.raises(Refused, match="server_error"):
            phone.sync()
        seen.append((house.pulls, [*house.taken]))
        if n == 2:
            phone.change("customer", bad[5], {"note": "after it"})
            phone.create("customer", {"note": "5"})
    assert house.whole == {picture}
    # New work goes at once; behind one that was refused, when its turn comes, and never before it.
    assert seen == [(1, []), (2, []), (3, ["4"]), (4, ["4", "5"]), (5, ["4", "5", "after it"])]
    # Nobody signed in: the rest would come to the same.
    phone.link.send = refusing(401)  # type: ignore[method-assign]
    with pytest.raises(Refused, match="other_password"):
        phone.sync()
    assert house.pulls == 5


def refusing(status: int) -> Any:
    def send(*_asked: Any, **_more: Any) -> Any:
        raise Refused(status, {"code": "other_password"})

    return send


def test_a_position_that_cannot_be_read_takes_no_other_with_it() -> None:
    house = House()
    phone = phone_at(house)
    for event in ("leave", "bad", "arrive", "start", "finish"):
        phone.note_position(event, 120.0, 36.0)
    phone.sync()
    assert [one["event"] for one in house.positions] == ["leave", "arrive", "start", "finish"]
    assert phone.store.meta("positions") == []


def test_a_disk_that_fails_at_the_end_of_a_transaction_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(None)
    store.set_meta(kept=1)
    real = store._db

    class Full:
        def execute(self, sql: str, *more: Any) -> Any:
            if sql == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return real.execute(sql, *more)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    with monkeypatch.context() as full:
        full.setattr(store, "_db", Full())
        with pytest.raises(sqlite3.OperationalError, match="full"), store.transaction():
            store.set_meta(kept=2)
    with store.transaction():
        store.set_meta(more=3)
    assert (store.meta("kept"), store.meta("more")) == (1, 3)


def test_a_store_of_before_is_opened_and_its_pictures_go(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "phone.sqlite") as old:
        old.execute("""
            CREATE TABLE photo (
                id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes BLOB, upload_path TEXT,
                is_done INTEGER NOT NULL DEFAULT 0, arrived_at TEXT
            )
        """)
        sha256 = hashlib.sha256(b"old").hexdigest()
        old.execute("INSERT INTO photo (id, sha256, bytes) VALUES ('p', ?, ?)", (sha256, b"old"))
    house = House()
    phone = phone_at(house, tmp_path)
    phone.sync()
    assert house.whole == {sha256}
    phone.close()


def test_a_picture_taken_here_has_its_own_time_or_none() -> None:
    phone = phone_at(House())
    phone.take_photo("visit", "v", "site", b"no picture at all")
    (made,) = (one["now"] for one in phone.store.waiting(-1))
    assert "taken_at" not in made
    assert made["media_type"] == "application/octet-stream"
