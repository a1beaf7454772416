"""How far visits can be believed.

Honest ones raise nothing, and each trick the trade knows is asked about in words.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import text

from backend.core.actor import system
from backend.core.blobs.store import BlobStore, key_of, open_blobs
from backend.core.db import Database
from backend.core.services import record_writer
from backend.evidence.services import arrived_photos, picturing
from backend.queue import serving
from tests.factories import Town, middle, point, uid

NEXT_DOOR, FAR = middle(0), point(120.345, 36.06)


@pytest.fixture
def blobs() -> BlobStore:
    return open_blobs("memory://")


def visited(database: Database, town: Town, name: str = "visit", **values: Any) -> dict[str, Any]:
    """A visit that was made, as the server keeps it after it was looked at."""
    made = {
        "customer_id": town["customer 0"],
        "cell_id": town["cell 0"],
        "representative_id": town["rep"],
        "method": "door",
        "state": "done",
        "started_at": "2026-09-01T02:00:00Z",
        "ended_at": "2026-09-01T02:20:00Z",
        "check_in": NEXT_DOOR,
        "check_in_accuracy_m": 15,
        "summary": "正常",
    } | values
    with database.transaction() as session:
        record_writer.create(session, system(town["north"]), "visit", made, record_id=uid(name))
    return looked_at(database, name)


def looked_at(database: Database, name: str = "visit") -> dict[str, Any]:
    serving.serve(database)
    with database.transaction() as session:
        return record_writer.read(session, "visit", uid(name)).values


def codes(visit: dict[str, Any]) -> list[str]:
    return [one["code"] for one in visit.get("truth_reasons") or []]


def test_an_honest_visit_raises_nothing(database: Database, town: Town) -> None:
    visit = visited(database, town)
    assert (visit["truth_grade"], codes(visit)) == ("sound", [])


@pytest.mark.parametrize(
    ("values", "grade", "reasons"),
    [
        ({"check_in": FAR}, "doubtful", ["away"]),
        ({"check_in": FAR, "away_reason": "在客户单位见面"}, "open", ["away_with_reason"]),
        ({"check_in": None, "away_reason": "地下室无信号"}, "open", ["no_position"]),
        ({"check_in_accuracy_m": 900}, "open", ["poor_accuracy"]),
        ({"ended_at": "2026-09-01T02:00:40Z"}, "open", ["short"]),
        (
            {"check_in_accuracy_m": 900, "ended_at": "2026-09-01T02:00:40Z"},
            "doubtful",
            ["poor_accuracy", "short"],
        ),
        ({"method": "phone", "check_in": None, "check_in_accuracy_m": None}, "sound", []),
        ({"check_in": FAR, "check_in_accuracy_m": 3000}, "open", ["poor_accuracy"]),
        ({"ended_at": None}, "sound", []),
    ],
)
def test_what_a_visit_raises(
    database: Database, town: Town, values: dict[str, Any], grade: str, reasons: list[str]
) -> None:
    visit = visited(database, town, **values)
    assert (visit["truth_grade"], codes(visit)) == (grade, reasons)


def test_reasons_are_told_in_words_with_their_figures(database: Database, town: Town) -> None:
    (told,) = visited(database, town, ended_at="2026-09-01T02:00:40Z")["truth_reasons"]
    assert told == {"code": "short", "zh": "停留 40 秒", "en": "stayed 40 s"}


def test_nobody_is_at_two_places_at_once(database: Database, town: Town) -> None:
    visited(database, town, "first")
    there = {"check_in": middle(1), "customer_id": town["customer 1"], "cell_id": town["cell 1"]}
    on_foot = visited(
        database, town, "later", **there, started_at="2026-09-01T03:20:00Z", ended_at="2026-09-01T03:40:00Z"
    )
    assert codes(on_foot) == []
    flying = visited(
        database, town, "flying", **there, started_at="2026-09-01T02:20:10Z", ended_at="2026-09-01T02:30:00Z"
    )
    assert (flying["truth_grade"], codes(flying)) == ("doubtful", ["too_fast"])


def test_many_visits_entered_at_night_are_asked_about(database: Database, town: Town) -> None:
    for n in range(4):
        times = {"started_at": f"2026-09-01T15:0{n}:00Z", "ended_at": f"2026-09-01T15:1{n}:00Z"}
        assert codes(visited(database, town, f"night {n}", **times)) == []
    fifth = visited(
        database, town, "night 4", started_at="2026-09-01T15:05:00Z", ended_at="2026-09-01T15:16:00Z"
    )
    assert codes(fifth) == ["late_batch"]
    assert "5" in fifth["truth_reasons"][0]["zh"]


def test_a_clock_that_was_moved_is_asked_about(database: Database, town: Town) -> None:
    visited(database, town)
    with database.transaction() as session:
        session.execute(text("UPDATE sync_history SET grade = 'moved' WHERE kind = 'visit'"))
        record_writer.change(session, system(town["north"]), "visit", uid("visit"), {"materials": "便民卡"})
    assert codes(looked_at(database)) == ["clock_moved"]


def scene(shift: int = 0, quality: int = 90) -> bytes:
    """A drawn street; another shift is another street."""
    image = Image.new("RGB", (640, 480), (200, 210, 220))
    pen = ImageDraw.Draw(image)
    for n in range(9):
        left = (n * 97 + shift * 53) % 560
        pen.rectangle(
            (left, 40 + (n * 61 + shift * 29) % 300, left + 70, 420),
            fill=((n * 40 + shift * 90) % 255, n * 20, 120),
        )
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def photographed(database: Database, blobs: BlobStore, town: Town, name: str, data: bytes, day: int) -> None:
    """A photo of this visit, arrived and looked at."""
    sha256 = hashlib.sha256(data).hexdigest()
    values = {
        "of_kind": "visit",
        "of_id": uid(name),
        "purpose": "site",
        "sha256": sha256,
        "size_bytes": len(data),
        "media_type": "image/jpeg",
        "taken_at": f"2026-09-{day:02}T02:10:00Z",
        "staff_id": town["rep"],
    }
    with database.transaction() as session:
        record_writer.create(
            session, system(town["north"]), "photo", values, record_id=uid(f"photo of {name}")
        )
        blobs.put(key_of(sha256), iter((data,)))
        arrived_photos.note_arrived(session, sha256, len(data))
        record_writer.change(
            session, system(town["north"]), "visit", uid(name), {"photo_ids": [uid(f"photo of {name}")]}
        )
    picturing.look_at_waiting(database, blobs)


@pytest.mark.parametrize(
    ("second", "grade", "reasons"),
    [
        (scene(), "doubtful", ["same_photo"]),
        (scene(quality=60), "open", ["like_photo"]),
        (scene(3), "sound", []),
    ],
    ids=["the very file", "saved anew", "another scene"],
)
def test_photos_used_twice_are_found(
    database: Database, blobs: BlobStore, town: Town, second: bytes, grade: str, reasons: list[str]
) -> None:
    visited(database, town, "first")
    photographed(database, blobs, town, "first", scene(), 1)
    assert codes(looked_at(database, "first")) == []
    visited(database, town, "second", started_at="2026-09-08T02:00:00Z", ended_at="2026-09-08T02:20:00Z")
    photographed(database, blobs, town, "second", second, 8)
    visit = looked_at(database, "second")
    assert (visit["truth_grade"], codes(visit)) == (grade, reasons)
    # Whoever took it first is not asked.
    assert codes(looked_at(database, "first")) == []


def test_a_visit_that_is_only_planned_is_not_judged(database: Database, town: Town) -> None:
    assert visited(database, town, state="planned").get("truth_grade") is None
