"""Papers as a customer holds them.

The sheet as signed, its code read by a scanner, reports of surveys, a case as one file.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import text

from backend.app import make_context
from backend.evidence.services import picturing
from tests.conftest import Person
from tests.factories import forged, uid
from tests.printed import Printed, jpeg
from tests.signing import Crew

As = Callable[[str], Person]


@pytest.fixture
def looked(app: Flask, crew: Crew) -> Callable[[], None]:
    """Hand in, and let the worker look at the pictures too."""

    def look() -> None:
        crew.hand_in()
        picturing.look_at_waiting(crew.database, app.extensions["wangge"].blobs)

    return look


def photographed(crew: Crew, *taken: tuple[str, str]) -> None:
    photos = [
        crew.phone.take_photo("work_order", crew.job, purpose, jpeg(colour), {"crew_id": crew.town["crew"]})
        for purpose, colour in taken
    ]
    crew.phone.change("work_order", crew.job, {"photo_ids": photos})


def verdict(app: Flask, code: str) -> str:
    given = {name: values[0] for name, values in parse_qs(urlsplit(code).query).items()}
    body = {"signature_id": given["s"], "sha256": given["h"]}
    return str(app.test_client().post("/api/v1/public/sheets/verification", json=body).get_json()["verdict"])


def test_a_signed_sheet_on_paper_and_its_code(
    crew: Crew, as_: As, app: Flask, looked: Callable[[], None]
) -> None:
    photographed(crew, ("before", "#c03030"), ("after", "#30a030"))
    crew.phone.change(
        "work_order", crew.job, {"parts": [{"name": "DN25 闸阀", "quantity": 2, "unit_price_fen": 4550}]}
    )
    crew.finish(crew.sign())
    looked()
    paper = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}"))
    for words in (
        "维修服务单",
        "WX-job",
        "香港中路1号",
        "修好了",
        "DN25 闸阀",
        "45.50",
        "施工前后对比",
        "王小一",
        "本人",
    ):
        assert words in paper.text, words
    assert "签字之后" not in paper.text
    near = [(192, 48, 48), (48, 160, 48)]
    assert all(
        any(max(abs(a - b) for a, b in zip(seen, want, strict=True)) < 12 for seen in paper.colours())
        for want in near
    )
    code = paper.code()
    assert code is not None and urlsplit(code).path == "/verify"
    assert verdict(app, code) == "genuine"


def test_a_sheet_in_english(crew: Crew, as_: As) -> None:
    crew.finish(crew.sign())
    paper = Printed(as_("leader")("GET", f"/papers/service-sheets/{crew.job}?language=en"))
    assert "Service sheet" in paper.text and "The customer" in paper.text
    assert as_("leader")("GET", f"/papers/service-sheets/{crew.job}?language=fr").status_code == 422


def test_one_character_changed_after_signing_shows_on_paper_and_by_its_code(
    crew: Crew, as_: As, app: Flask
) -> None:
    crew.finish(crew.sign())
    before = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}")).code()
    crew.phone.change("work_order", crew.job, {"result": "修好了。"})
    crew.hand_in()
    paper = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}"))
    assert "下面是客户所签的原文" in paper.text and "修好了。" not in paper.text
    assert before is not None and paper.code() == before
    assert verdict(app, before) == "changed"


def test_a_sheet_nobody_signed_says_why_and_has_no_code(
    crew: Crew, as_: As, looked: Callable[[], None]
) -> None:
    photographed(crew, ("absent", "#3030c0"))
    reasons = {"result": "修好了", "unsigned_kind": "absent", "unsigned_reason": "敲门三次无人应答"}
    crew.phone.act("work_order", crew.job, "finish", reasons)
    looked()
    assert crew.stored("work_order", crew.job)["state"] == "done"
    paper = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}"))
    assert "客户未签字" in paper.text and "客户不在场" in paper.text and "敲门三次无人应答" in paper.text
    assert paper.code() is None


def test_words_are_words_whatever_they_look_like(crew: Crew, as_: As) -> None:
    evil = '#read("/etc/passwd") *a* $x$ \\u{41} "'
    crew.phone.change("work_order", crew.job, {"diagnosis": evil})
    crew.hand_in()
    assert evil in Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}")).text


def test_pictures_that_cannot_be_shown_break_no_paper(crew: Crew, as_: As, app: Flask) -> None:
    broken = crew.phone.take_photo(
        "work_order", crew.job, "before", b"\xff\xd8 not really", {"crew_id": crew.town["crew"]}
    )
    crew.hand_in()
    picturing.look_at_waiting(crew.database, app.extensions["wangge"].blobs)
    away = as_("leader")(
        "POST",
        "/photos",
        {
            "id": uid("away"),
            "of_kind": "work_order",
            "of_id": crew.job,
            "purpose": "after",
            "sha256": "a" * 64,
            "size_bytes": 9,
            "media_type": "image/jpeg",
            "taken_at": "2026-09-01T00:00:00Z",
            "crew_id": crew.town["crew"],
        },
    )
    assert away.status_code == 201
    crew.phone.change("work_order", crew.job, {"photo_ids": [broken, uid("away")]})
    crew.hand_in()
    paper = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}"))
    assert "原件已保存，但不能显示" in paper.text and "照片尚未传到" in paper.text


def test_a_link_gives_the_customer_the_sheet_and_nothing_else(crew: Crew, as_: As, app: Flask) -> None:
    crew.finish(crew.sign())
    link = as_("leader")("POST", f"/papers/service-sheets/{crew.job}/links", {"hours": 1}).get_json()
    assert "王小一" in Printed(app.test_client().get(link["url"])).text
    assert app.test_client().get(forged(link["url"])).status_code == 410
    # A link to a picture opens no paper, though the same key signed it.
    assert app.test_client().get(link["url"].replace("shared-papers", "shared-photos")).status_code == 410


def test_papers_are_for_those_who_may_see_the_job(crew: Crew, as_: As) -> None:
    for path in (f"/papers/service-sheets/{crew.job}", f"/papers/survey-reports/{uid('no survey')}"):
        assert as_("stranger")("GET", path).status_code == 404
    assert as_("stranger")("POST", f"/papers/service-sheets/{crew.job}/links", {}).status_code == 404


def test_an_auditor_reads_no_names_on_paper(crew: Crew, as_: As) -> None:
    crew.finish(crew.sign())
    printed = Printed(as_("auditor")("GET", f"/papers/service-sheets/{crew.job}")).text
    assert "王小一" not in printed and "香港中路1号" not in printed


def test_without_a_font_it_is_said_in_words(crew: Crew, as_: As, app: Flask, tmp_path: Path) -> None:
    asker, old = as_("dispatcher"), app.extensions["wangge"]
    app.extensions["wangge"] = make_context(replace(old.settings, fonts=tmp_path / "none"), crew.database)
    answer = asker("GET", f"/papers/service-sheets/{crew.job}")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "fonts_missing")


def surveyed(crew: Crew) -> str:
    """A survey ten minutes late, with a sketch and three photos."""
    survey = crew.phone.create("survey", {
        "surveyor_id": crew.phone.staff_id, "work_order_id": crew.job, "cell_id": crew.town["cell 0"],
        "appointment_at": (crew.phone.clock.now() - timedelta(minutes=10)).isoformat()})  # fmt: skip
    crew.phone.act("survey", survey, "arrive")
    sketch = crew.phone.take_photo("survey", survey, "sketch", jpeg("#101010"))
    photos = [
        crew.phone.take_photo("survey", survey, "site", jpeg(colour))
        for colour in ("#111111", "#222222", "#333333")
    ]
    findings = {
        "is_feasible": True,
        "pipe_material": "球墨铸铁",
        "diameter_mm": 200,
        "pressure_kpa": 280,
        "distance_to_main_m": 12.5,
        "plan": "沿人行道接管",
    }
    crew.phone.change("survey", survey, {"photo_ids": photos, "sketch_id": sketch})
    crew.phone.act("survey", survey, "report", {"findings": findings})
    return survey


def test_the_report_of_a_survey(crew: Crew, as_: As, looked: Callable[[], None]) -> None:
    survey = surveyed(crew)
    looked()
    printed = Printed(as_("leader")("GET", f"/papers/survey-reports/{survey}")).text
    for words in ("现场勘查报告", "球墨铸铁", "沿人行道接管", "+10 分钟", "草图", "可行"):
        assert words in printed, words
    assert "报告尚未出具" not in printed


def test_a_case_is_one_file_whose_manifest_holds(crew: Crew, as_: As, looked: Callable[[], None]) -> None:
    photographed(crew, ("before", "#c03030"), ("after", "#30a030"))
    crew.finish(crew.sign())
    looked()
    answer = as_("dispatcher")("GET", f"/papers/cases/{uid('job')}")
    assert answer.status_code == 200
    data = answer.data
    answer.close()
    with zipfile.ZipFile(io.BytesIO(data)) as case:
        manifest = json.loads(case.read("manifest.json"))
        assert {one["name"] for one in manifest["files"]} | {"manifest.json"} == set(case.namelist())
        for one in manifest["files"]:
            data = case.read(one["name"])
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (one["sha256"], one["size_bytes"])
        kinds = sorted(one["kind"] for one in manifest["files"] if one["name"].startswith("records/"))
        assert kinds == ["photo", "photo", "signature", "work_order"]
        assert sum(one["name"].endswith(".pdf") for one in manifest["files"]) == 2
        photos = {case.read(one["name"]) for one in manifest["files"] if one["name"].startswith("photos/")}
        assert photos == {jpeg("#c03030"), jpeg("#30a030")}
    with crew.database.transaction() as session:
        assert session.execute(text("SELECT what, of_id::text, staff_id::text FROM access")).all() == [
            ("case", uid("job"), crew.town["dispatcher"])
        ]


def test_a_case_is_for_the_office_and_its_own_units(crew: Crew, as_: As) -> None:
    assert as_("leader")("GET", f"/papers/cases/{uid('job')}").status_code == 403
    assert as_("dispatcher")("GET", f"/papers/cases/{uid('none')}").status_code == 404
    with crew.database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM access")).scalar_one() == 0
