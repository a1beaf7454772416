"""What a crew can prove after a day in a basement.

What a fraud with old photos looks like, and what one character changes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from PIL import Image
from sqlalchemy import text

from backend.cli import main
from backend.core.blobs.store import BlobStore, key_of
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.evidence.services import picturing, sheets
from backend.queue import serving
from mobile_api_spec.phone import Link, Offline, Phone
from sync.change import parse_moment
from tests.bad_link import BadLink
from tests.conftest import Person
from tests.factories import PASSWORD, PEOPLE, Town
from tests.signing import Crew, give_key, job_under_way

As = Callable[[str], Person]
PHOTOS = 40


def scene(seed: int, quality: int = 85) -> bytes:
    """A picture that looks like no other."""
    small = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize((1200, 900), Image.Resampling.BICUBIC).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture
def link(served: str) -> Iterator[BadLink]:
    """A network that breaks every 200 kB."""
    with BadLink(int(served.rsplit(":", 1)[1]), 200_000) as found:
        yield found


def basement(link: BadLink, folder: Path, database: Database, town: Town) -> Crew:
    """The leader's phone with a key, at a job under way, before it goes down."""
    key = ec.generate_private_key(ec.SECP256R1())
    job = job_under_way(database, town, "job")
    phone = Phone(folder, Link(link.url))
    phone.sign_in(f"T{list(PEOPLE).index('leader'):03d}", PASSWORD)
    give_key(database, phone, key)
    phone.sync()
    return Crew(phone, key, database, town, job)


def restarted(crew: Crew, folder: Path, link: BadLink) -> None:
    """The battery was empty; whatever was kept is on the disk."""
    crew.phone.close()
    crew.phone = Phone(folder, Link(link.url))


def hand_in_somehow(crew: Crew) -> int:
    """Sync until everything has gone; returns how often the network broke in between."""
    for broken in range(400):
        try:
            crew.phone.sync()
        except Offline:
            continue
        if not crew.phone.store.photos_waiting():
            return broken
    raise AssertionError("it never went through")


def look(app: Flask, database: Database) -> BlobStore:
    """What the worker does."""
    blobs: BlobStore = app.extensions["wangge"].blobs
    serving.serve(database)
    picturing.look_at_waiting(database, blobs)
    serving.serve(database)
    return blobs


@pytest.mark.parametrize(
    "photos",
    [PHOTOS, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(900)], id="two hundred")],
)
def test_a_day_in_a_basement(
    photos: int,
    link: BadLink,
    tmp_path: Path,
    app: Flask,
    database: Database,
    town: Town,
    as_: As,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "phone"
    crew = basement(link, folder, database, town)
    link.is_down = True
    taken = {}
    for n in range(photos):
        data = scene(n)
        purpose = "before" if n < photos // 2 else "after"
        taken[crew.phone.take_photo("work_order", crew.job, purpose, data, {"crew_id": town["crew"]})] = data
        if n in (13, 29):
            restarted(crew, folder, link)
    crew.phone.change("work_order", crew.job, {"photo_ids": list(taken), "diagnosis": "接头锈穿"})
    signature = crew.sign()
    crew.phone.act("work_order", crew.job, "finish", {"result": "修好了", "signature_id": signature})
    assert not crew.phone.try_sync()
    restarted(crew, folder, link)

    link.is_down = False
    assert hand_in_somehow(crew) >= link.cuts > 0
    blobs = look(app, database)
    assert all(blobs.get(key_of(one["sha256"])) == taken[one["id"]] for one in photos_of(as_, crew.job))
    assert len(photos_of(as_, crew.job)) == photos
    assert all(one["arrived_at"] for one in photos_of(as_, crew.job))
    job, signed = crew.stored("work_order", crew.job), crew.stored("signature", signature)
    assert (job["state"], job["signature_state"], len(job["photo_ids"])) == ("done", "valid", photos)
    checks = (signed["sheet_check"], signed["device_check"], len(signed["sheet"]["photos"]))
    assert checks == ("kept", "valid", photos)
    with database.transaction() as session:
        twice = """
            SELECT count(*)
            FROM (
                SELECT mutation_id
                FROM sync_history
                WHERE mutation_id IS NOT NULL
                GROUP BY 1
                HAVING count(*) > 1
            ) d
        """
        assert session.execute(text(twice)).scalar_one() == 0
    it_proves_itself(crew, signature, as_, app, tmp_path, monkeypatch)


def photos_of(as_: As, job: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = as_("dispatcher").get(f"/photos?of_id={job}&limit=500")["rows"]
    return rows


def it_proves_itself(
    crew: Crew, signature: str, as_: As, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Genuine by its QR code, by the API and in the shell; one character on, and all three say changed."""
    monkeypatch.setattr("backend.commands.evidence._verdict", lambda *asked: _verdict(crew.database, *asked))
    sheet = crew.stored("signature", signature)["sheet"]
    code = code_on_paper(as_, crew.job)
    assert told(app, code, sheet, signature, tmp_path) == ["genuine"] * 3
    assert told(app, code, sheet | {"result": "修好了。"}, signature, tmp_path)[1:] == ["changed"] * 2
    crew.phone.change("work_order", crew.job, {"result": "修好了。"})
    hand_in_somehow(crew)
    serving.serve(crew.database)
    assert code_on_paper(as_, crew.job) == code
    assert told(app, code, sheet, signature, tmp_path) == ["changed"] * 3


def code_on_paper(as_: As, job: str) -> str:
    answer = as_("dispatcher")("GET", f"/papers/service-sheets/{job}")
    page = pypdfium2.PdfDocument(answer.data)[0].render(scale=2).to_pil()
    return str(zxingcpp.read_barcodes(page)[0].text)


def told(app: Flask, code: str, sheet: dict[str, Any], signature: str, folder: Path) -> list[str]:
    """What the code, the API with the whole sheet, and the shell say."""
    asked = dict(pair.split("=") for pair in code.split("?")[1].split("&"))
    bodies = [{"signature_id": asked["s"], "sha256": asked["h"]}, {"signature_id": signature, "sheet": sheet}]
    client, file = app.test_client(), folder / "sheet.json"
    file.write_text(json.dumps(sheet))
    shell = CliRunner().invoke(main, ["verify-sheet", signature, str(file)]).output
    said = [
        client.post("/api/v1/public/sheets/verification", json=body).get_json()["verdict"] for body in bodies
    ]
    return [*said, shell.rsplit("·", 1)[1].strip()]


def _verdict(database: Database, signature: str, sha256: str) -> dict[str, Any]:
    with database.transaction() as session:
        return sheets.verdict(session, signature, sha256)


def test_a_fraud_with_old_photos(
    app: Flask, database: Database, town: Town, as_: As, phone_of: Callable[..., Phone]
) -> None:
    """Honest on Monday, a fraud on the other days.

    On Tuesday the same photo again, on Wednesday the same scene saved anew, on Thursday from the sofa.
    """
    rep = phone_of("rep")
    rep.sync()
    far = {"type": "Point", "coordinates": [120.5, 36.3]}
    days = [
        visited(rep, town, scene(1), {}),
        visited(rep, town, scene(1), {}),
        visited(rep, town, scene(1, quality=55), {}),
        visited(rep, town, scene(2), {"check_in": far, "check_in_accuracy_m": 15}),
    ]
    rep.sync()
    look(app, database)
    seen = [as_("supervisor").get(f"/visits/{one}") for one in days]
    codes = [{one["code"] for one in visit["truth_reasons"] or []} for visit in seen]
    assert "same_photo" in codes[1] and "same_photo" not in codes[0]
    assert "like_photo" in codes[2] or "same_photo" in codes[2]
    assert "away" in codes[3]
    assert [visit["truth_grade"] for visit in seen[1:2] + seen[3:]] == ["doubtful"] * 2
    # Nobody is punished by it: the visits stand as they were made, and their author reads what is asked.
    assert {visit["state"] for visit in seen} == {"done"}
    rep.sync()
    assert rep.records("visit")[days[1]]["truth_reasons"][0]["zh"]
    drawn = as_("auditor")(
        "POST", "/call-back-samples", {"from_day": day_of(seen[0]), "until_day": day_of(seen[-1]), "count": 4}
    ).get_json()
    assert set(drawn["visit_ids"]) == set(days)


def visited(rep: Phone, town: Town, photo: bytes, where: dict[str, Any]) -> str:
    """A visit at the first customer's door with one photo."""
    here = {"check_in": {"type": "Point", "coordinates": [120.305, 36.06]}, "check_in_accuracy_m": 12}
    values = {
        "customer_id": town["customer 0"],
        "cell_id": town["cell 0"],
        "representative_id": town["rep"],
        "method": "door",
    }
    visit = rep.create("visit", values | {"started_at": rep.clock.now().isoformat()})
    shown = rep.take_photo("visit", visit, "site", photo, {"cell_id": town["cell 0"]})
    rep.change("visit", visit, here | where | {"photo_ids": [shown]})
    rep.act("visit", visit, "complete", {"summary": "查看水表，询问水压"})
    return visit


def day_of(visit: dict[str, Any]) -> str:
    """The city's day."""
    return today(parse_moment(visit["ended_at"])).isoformat()
