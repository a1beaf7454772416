"""Maps of cells as they are printed.

Who serves which, colours that tell neighbours apart, and who may have them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from geo.colouring import FILLS
from tests.conftest import Person
from tests.factories import SIDE, SOUTH, WEST, Town, square, uid
from tests.printed import Printed

As = Callable[[str], Person]


def asked(person: Person, unit: str, **query: Any) -> Any:
    return person("GET", f"/papers/cell-maps/{unit}", query_string=query)


def test_a_unit_on_one_page_with_everything_a_reader_looks_for(as_: As, town: Town) -> None:
    paper = Printed(asked(as_("dispatcher"), town["north"], on="2026-11-27"))
    assert paper.pages == 1
    for words in (
        "网格图",
        "north",
        "2026-11-27 有效",
        "共 3 个网格",
        "0号网格",
        "2号网格",
        "员工5",
        "员工6",
        "2 户",
        "1 : ",
        " km",
        "N",
    ):
        assert words in paper.text, words
    assert "C0" in paper.text and "3号网格" not in paper.text and "0532-8000" not in paper.text
    english = Printed(asked(as_("dispatcher"), town["north"], language="en", size="a3"))
    for words in ("Map of cells", "3 cells", "2 customers", "Representative"):
        assert words in english.text, words


def test_neighbours_have_other_colours_on_paper(as_: As, town: Town) -> None:
    """Looked at as a picture: three squares in a row, each in a fill, side by side never the same."""
    answer = asked(as_("dispatcher"), town["north"], format="png")
    assert answer.status_code == 200 and answer.mimetype == "image/png" and answer.headers["X-Pages"] == "1"
    picture = Image.open(io.BytesIO(answer.data)).convert("RGB")
    fills = {tuple(int(one[n : n + 2], 16) for n in (1, 3, 5)): one for one in FILLS}
    rows = [
        [fills.get(picture.getpixel((x, y))) for x in range(0, picture.width, 3)]
        for y in range(0, picture.height, 9)
    ]  # type: ignore[arg-type]
    # Along each line of dots the fills that follow one another: three cells, side by side, over most of their
    # height.
    seen = [[name for name, _ in groupby(filter(None, row))] for row in rows]
    assert sum(len(one) == 3 for one in seen) > 10 and max(map(len, seen)) == 3
    svg = asked(as_("dispatcher"), town["north"], format="svg")
    assert svg.mimetype == "image/svg+xml" and ElementTree.fromstring(svg.text).tag.endswith("svg")
    assert asked(as_("dispatcher"), town["north"], format="png", page=2).status_code == 404


def test_a_day_of_before_a_stand_in_and_phone_numbers(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        duty = {
            "cell_id": uid("cell 0"),
            "staff_id": uid("other_rep"),
            "duty": "stand_in",
            "valid_from": "2026-09-01",
            "valid_until": "2026-09-09",
        }
        record_writer.create(
            session, system(uid("north")), "cell_assignment", duty, record_id=uid("a stand-in")
        )
    office = as_("dispatcher")
    while_away = Printed(asked(office, town["north"], on="2026-09-05", phones=True)).text
    assert "员工6（替班）" in while_away and "0532-80000006" in while_away
    after = Printed(asked(office, town["north"], on="2026-09-10", phones=True)).text
    assert "替班" not in after and "0532-80000005" in after
    with database.transaction() as session:
        record_writer.change(session, system(uid("north")), "staff", uid("rep"), {"is_active": False})
    assert "员工5" in Printed(asked(office, town["north"], on="2026-09-10")).text  # Who was there then.
    assert "无客户代表" in Printed(asked(office, town["north"])).text
    before = Printed(asked(office, town["north"], on="2025-12-31"))
    assert "这一天没有网格" in before.text and before.pages == 1
    # Who sees masked numbers prints none, and prints the rest.
    assert asked(as_("auditor"), town["north"], phones=True).status_code == 403
    assert "员工6" in Printed(asked(as_("auditor"), town["north"])).text


def test_maps_are_for_the_office_and_its_own_units_and_are_noted(
    as_: As, town: Town, database: Database
) -> None:
    assert asked(as_("rep"), town["north"]).status_code == 403
    assert asked(as_("leader"), town["north"]).status_code == 403
    assert asked(as_("dispatcher"), town["south"]).status_code == 404
    assert asked(as_("dispatcher"), town["group"]).status_code == 404
    whole = Printed(asked(as_("admin"), town["group"])).text
    assert "共 4 个网格" in whole and "3号网格" in whole and "单位" in whole
    with database.transaction() as session:
        noted = session.execute(
            text("SELECT after->>'paper' FROM administrative_act WHERE act = 'exported'")
        ).all()
    assert [row[0] for row in noted] == ["cell_map"]
    for wrong in ({"size": "a5"}, {"format": "bmp"}, {"language": "fr"}, {"page": 0}, {"on": "2026-02-30"}):
        assert asked(as_("dispatcher"), town["north"], **wrong).status_code == 422, wrong


def test_two_hundred_cells_with_any_names_are_all_named_or_listed(
    as_: As, town: Town, database: Database, app: Flask
) -> None:
    """Names as they come: with signs no font has, markup, very long ones, and codes of forty letters."""
    step = SIDE / 10
    with database.transaction() as session:
        rows = []
        for n in range(210):
            w, s = WEST + 4 * SIDE + (n % 15) * step, SOUTH + (n // 15) * step
            ring = [[w, s], [w + step, s], [w + step, s + step], [w, s + step], [w, s]]
            outline = {"type": "MultiPolygon", "coordinates": [[ring]]}
            name = ("水🌊网格", "#panic()", "Y" * 190, "حي النخيل", f"第{n}网格")[n % 5]
            rows.append(
                (
                    uid(f"small {n}"),
                    {
                        "name": name,
                        "code": f"{n:03d}" + "z" * 37,
                        "outline": outline,
                        "valid_from": "2026-01-01",
                    },
                )
            )
        record_writer.create_many(session, system(uid("south")), "cell", rows)
    for size, most in (("a4", 14), ("a3", 8)):
        paper = Printed(asked(as_("stranger"), town["south"], size=size))
        assert paper.pages <= most
        for words in ("共 211 个网格", "水□网格", "#panic()", "第209网格", "U+1F30A"):
            assert words in paper.text, words
        assert all(box[0] >= 0 and box[2] <= page[0] for _, box, page in paper.letters)


def test_the_console_gets_fills_and_places_for_names(as_: As, town: Town) -> None:
    rows = as_("dispatcher").get("/territory/coverage/features")["features"]
    fills = {one["properties"]["name"]: one["properties"]["fill"] for one in rows}
    assert set(fills.values()) <= set(FILLS) and fills["0号网格"] != fills["1号网格"] != fills["2号网格"]
    lng, lat = next(one["properties"]["label_at"] for one in rows if one["properties"]["name"] == "1号网格")
    west, south = square(1)["coordinates"][0][0][0]
    assert (lng, lat) == pytest.approx((west + SIDE / 2, south + SIDE / 2), abs=1e-3)
