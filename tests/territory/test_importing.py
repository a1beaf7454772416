"""Zones over present cells.

Which is which, by the code as it is written, by its value, by name, by ground.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import shapely

from backend.territory.services.ground_importing import Imported, imported

LEFT, RIGHT, FAR = (shapely.box(120 + n / 10, 36, 120.1 + n / 10, 36.1) for n in (0, 1, 2))


def file(*rows: tuple[Any, dict[str, Any]]) -> bytes:
    features = [
        {"type": "Feature", "properties": fields, "geometry": shapely.geometry.mapping(shape)}
        for shape, fields in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def cells(*rows: tuple[str, str, Any]) -> list[dict[str, Any]]:
    return [
        {"id": f"{n}", "code": code, "name": name, "shape": shape}
        for n, (code, name, shape) in enumerate(rows)
    ]


def put(present: list[dict[str, Any]], *rows: tuple[Any, dict[str, Any]], **request: Any) -> Imported:
    return imported(present, None, None, {"filename": "x.geojson"} | request, file(*rows))


def told(found: Imported) -> list[tuple[str | None, str, str]]:
    return [(one.id, one.code, one.name) for one in found.cells if one.shape is not None]


def test_a_zone_is_the_cell_of_its_code_however_a_program_writes_it() -> None:
    long = "一" * 300
    present = cells(("101", "甲", LEFT), ("B" * 31 + "~12345678", "乙", RIGHT), (long, "丙", FAR))
    found = put(present, (LEFT, {"name": "甲", "code": 101.0}), (FAR, {"name": "丙", "code": "一" * 84}))
    assert told(found) == [("0", "101", "甲"), ("2", long, "丙"), ("1", "B" * 31 + "~12345678", "乙")]
    once = "Municipalité-de-L'Île-d'Orléans/secteur-ouest"
    kept = once[:31] + "~" + hashlib.sha256(once.encode()).hexdigest()[:8]
    found = put(cells((kept, "Ouest", LEFT)), (LEFT, {"name": "Ouest", "code": once}))
    assert told(found) == [("0", once, "Ouest")], "kept shortened once, now as it is written"


def test_codes_that_only_look_alike_stay_apart() -> None:
    present = cells(("007", "甲", LEFT), ("101", "乙", RIGHT))
    found = put(present, (LEFT, {"code": "7"}), (RIGHT, {"code": "１０１"}), (FAR, {"code": "101"}))
    assert [(one.id, one.code) for one in found.cells if one.shape is not None] == [
        (None, "7"),
        (None, "１０１"),
        ("1", "101"),
    ]


def test_a_row_without_a_code_never_takes_anothers() -> None:
    found = put([], (LEFT, {"name": "101"}), (RIGHT, {"name": "乙", "code": "101"}), code_field="code")
    assert len({one.code for one in found.cells}) == 2
    numbered = put(cells(("Z001", "河东", FAR)), (LEFT, {}), (RIGHT, {}))
    assert told(numbered)[2] == ("0", "Z001", "河东")
    assert [one[0] for one in told(numbered)[:2]] == [None, None]
    assert len({one[1] for one in told(numbered)}) == 3


def test_rows_that_are_only_numbered_are_the_cells_that_lie_there() -> None:
    first = put([], (LEFT, {}), (RIGHT, {}))
    present = cells(*((one.code, one.name, one.shape) for one in first.cells))
    again = put(present, (FAR, {}), (RIGHT, {}), (LEFT, {}))
    assert [(one.id, one.code) for one in again.cells] == [(None, "Z004"), ("1", "Z002"), ("0", "Z001")]


def test_a_file_whose_columns_nobody_knows_says_which_there_are() -> None:
    found = put([], (LEFT, {"MC": "甲", "BM": "1"}), (RIGHT, {"MC": "乙", "BM": "2"}))
    assert [one.code for one in found.findings] == ["no_code"]
    assert "MC、BM" in found.findings[0].zh
    assert "MC, BM" in found.findings[0].en
    assert put([], (LEFT, {"MC": "甲"}), name_field="MC").findings == []


def test_a_long_name_is_a_code_and_is_told_when_it_is_shortened() -> None:
    name = "河东片" * 70
    found = put([], (LEFT, {"name": name}), (RIGHT, {"name": "乙"}))
    assert (found.cells[0].code, found.cells[0].name) == (name, name[:200])
    assert [one.code for one in found.findings] == ["long_name"]
    present = cells(*((one.code, one.name, one.shape) for one in found.cells))
    assert [one.id for one in put(present, (RIGHT, {"name": "乙"}), (LEFT, {"name": name})).cells] == [
        "1",
        "0",
    ]


def test_a_cell_that_was_numbered_for_its_long_name_is_found_by_its_name() -> None:
    name = "河东片" * 20
    found = put(cells(("Z001", name, LEFT)), (LEFT, {"name": name}))
    assert [(one.id, one.name) for one in found.cells] == [("0", name)]
