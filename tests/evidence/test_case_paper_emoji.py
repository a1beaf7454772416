"""One bad item never stops the rest of a paper.

Signs no font has, values of no known form, photos that cannot be read.
"""

from __future__ import annotations

import gc
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.blobs.store import ObjectBlobs, key_of
from backend.core.papers.signs import MARK
from backend.evidence.services import case_file, picturing
from mobile_api_spec.phone.sheet import sheet_hash
from tests.conftest import Person
from tests.factories import Town, middle
from tests.printed import Printed, jpeg
from tests.signing import Crew

As = Callable[[str], Person]
CASE = Path(__file__).parents[1] / "cases/paper-emoji"
# What is typed, and how it stands on paper: one mark for each sign that is seen as one.
SIGNS = {
    "a family, a flag, a skin": ("漏水👨‍👩‍👧和🇨🇳👍🏽。完", f"漏水{MARK}和{MARK}{MARK}。完"),
    "controls": ("前\x07后\x1b[31m尾\x7f", f"前{MARK}后{MARK}[31m尾{MARK}"),
    "a private sign": ("住户王\ue000明在家", f"住户王{MARK}明在家"),
    "a sign of plane 15": ("甲\U000f0001乙", f"甲{MARK}乙"),
    "rare Han": ("𠮷家与𪚥家", f"𠮷家与{MARK}家"),
    "no sign at all": ("甲\ufffe乙\u0378丙\ufeff丁", f"甲{MARK}乙{MARK}丙丁"),
    "letters of a script without a font": ("ห้อง 12", MARK * 4 + " 12"),
    "an order turned round": ("门牌\u202e12-34\u202c号\u2066甲\u2069", "门牌12-34号甲"),
    "markup": ('#panic("x") ] $x$ *b* \\ <a> //c', '#panic("x") ] $x$ *b* \\ <a> //c'),
    "a note that is nothing else": ("😀" * 3, MARK * 3),
    "more rare characters than questions": (
        "管道锈穿" + "".join(chr(0x29000 + 2 * n) for n in range(1500)),
        "管道锈穿" + MARK,
    ),
}


def reported(as_: As, town: Town, description: str, **more: Any) -> dict[str, Any]:
    values = {
        "matter_id": town["leak"],
        "place": middle(0),
        "address": "香港中路1号",
        "description": description,
    }
    made = as_("agent")("POST", "/work-orders", values | more)
    assert made.status_code == 201, made.text
    return as_("dispatcher").get(f"/work-orders/{made.get_json()['id']}")  # type: ignore[no-any-return]


def papers_of(as_: As, job: dict[str, Any]) -> tuple[Printed, dict[str, bytes]]:
    """The job's service sheet, and what the zip of its case holds."""
    office = as_("dispatcher")
    answer = office("GET", f"/papers/cases/{job['case_id']}")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as case:
        held = {name: case.read(name) for name in case.namelist()}
    answer.close()
    return Printed(office("GET", f"/papers/service-sheets/{job['id']}")), held


def test_a_picture_sign_in_a_report_stops_neither_its_sheet_nor_its_case(as_: As, town: Town) -> None:
    typed = (CASE / "input.txt").read_text(encoding="utf-8").strip()
    for values in ({"description": typed}, {"description": "漏水", "address": typed}):
        sheet, held = papers_of(as_, reported(as_, town, **values))
        shown = typed.replace("😀", MARK)
        assert shown in sheet.text and "U+1F600" in sheet.text, values
        assert sum(name.endswith(".pdf") for name in held) == 2
        records = [json.loads(data) for name, data in held.items() if name.startswith("records/work_order")]
        assert typed in records[0]["record"].values()
        assert json.loads(held["manifest.json"])["missing"] == []


def test_every_kind_of_sign_leaves_the_rest_of_a_paper_whole(as_: As, town: Town) -> None:
    for what, (typed, shown) in SIGNS.items():
        sheet, held = papers_of(as_, reported(as_, town, typed))
        assert shown in sheet.text.replace("\r\n", ""), (what, sheet.text)
        assert "香港中路1号" in sheet.text, what
        assert sum(name.endswith(".pdf") for name in held) == 2, what


def test_signs_in_names_of_units_and_parts_and_in_the_report_of_a_survey(
    as_: As, town: Town, crew: Crew
) -> None:
    admin = as_("admin")
    version = int(admin("GET", f"/units/{town['north']}").headers["ETag"].strip('"'))
    assert admin("PATCH", f"/units/{town['north']}", {"name": "北所💧"}, version=version).status_code == 200
    crew.phone.change(
        "work_order", crew.job, {"parts": [{"name": "闸阀🔧", "quantity": 1, "unit_price_fen": 4550}]}
    )
    survey = crew.phone.create("survey", {"surveyor_id": crew.phone.staff_id, "cell_id": town["cell 0"]})
    crew.phone.act("survey", survey, "arrive")
    crew.phone.change("survey", survey, {"remarks": "沿路🚧接管"})
    crew.hand_in()
    sheet = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}")).text
    assert f"北所{MARK}" in sheet and f"闸阀{MARK}" in sheet and "45.50" in sheet
    assert f"沿路{MARK}接管" in Printed(as_("leader")("GET", f"/papers/survey-reports/{survey}")).text


def test_long_words_stay_on_the_page_whole(as_: As, town: Town) -> None:
    typed = "x" * 900 + " https://water.example/" + "a1b2" * 60
    sheet, _ = papers_of(as_, reported(as_, town, typed, address="A" * 190))
    assert all(box[0] >= 0 and box[2] <= page[0] for _, box, page in sheet.letters)
    letters = "".join(sign for sign, _, _ in sheet.letters)
    assert letters.count("x" * 900) == 1 and "a1b2" * 60 in letters and "A" * 190 in letters


@pytest.mark.parametrize(
    "sheet",
    [
        {
            "number": 7,
            "description": {"a": ["b"]},
            "parts": [{"name": None}, "垫片", 3],
            "told_cost_fen": "很多",
        },
        {"parts": "两个阀门", "tellings": "电话告知", "told_minutes": [1], "result": "修好了"},
        ["不是", "对象"],
        {"tellings": [{"way": "pigeon", "at": "yesterday"}], "parts": {"name": "阀"}},
    ],
)
def test_a_signed_sheet_of_no_known_form_is_shown_as_it_came(crew: Crew, as_: As, sheet: Any) -> None:
    crew.finish(crew.sign(sheet=sheet, sheet_sha256=sheet_hash(sheet)))
    paper, held = papers_of(as_, {"id": crew.job, "case_id": crew.stored("work_order", crew.job)["case_id"]})
    assert "签名" in paper.text and "王小一" in paper.text
    assert json.loads(held["manifest.json"])["missing"] == []
    for words in ("垫片", "很多") if isinstance(sheet, dict) and "number" in sheet else ():
        assert words in paper.text


def test_photos_whose_bytes_are_gone_or_spoilt_leave_their_places_empty(
    crew: Crew, as_: As, app: Flask
) -> None:
    blobs = app.extensions["wangge"].blobs
    assert isinstance(blobs, ObjectBlobs)
    photos = [
        crew.phone.take_photo("work_order", crew.job, "before", jpeg(colour), {"crew_id": crew.town["crew"]})
        for colour in ("#c03030", "#30a030", "#3030c0")
    ]
    crew.phone.change("work_order", crew.job, {"photo_ids": photos})
    crew.hand_in()
    picturing.look_at_waiting(crew.database, blobs)
    with crew.database.transaction() as session:
        rows = session.execute(text("SELECT sha256, web_sha256 FROM look"))
        looks = {row.sha256: row.web_sha256 for row in rows}
    shas = [crew.stored("photo", one)["sha256"] for one in photos]
    obstore.delete(blobs._store, key_of(looks[shas[0]]))
    obstore.delete(blobs._store, key_of(shas[1]))
    obstore.delete(blobs._store, key_of(looks[shas[2]]))
    blobs.put(key_of(looks[shas[2]]), iter((b"spoilt",)))
    paper, held = papers_of(as_, {"id": crew.job, "case_id": crew.stored("work_order", crew.job)["case_id"]})
    assert paper.text.count("照片文件读不出来") == 2 and "香港中路1号" in paper.text
    missing = json.loads(held["manifest.json"])["missing"]
    assert [one["sha256"] for one in missing] == [shas[1]]
    assert sum(name.startswith("photos/") for name in held) == 2


def test_a_case_that_is_too_large_is_refused_and_leaves_nothing_open(
    as_: As, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = reported(as_, town, "漏水")
    monkeypatch.setattr(case_file, "MOST_BYTES", 1000)
    refused = as_("dispatcher")("GET", f"/papers/cases/{job['case_id']}")
    assert (refused.status_code, refused.get_json()["code"]) == (413, "too_large")
    gc.collect()
