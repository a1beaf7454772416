"""Cells imported from files: what changes, what is left open, what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely

from backend.core.db import Database
from backend.core.geometry import shape_of
from geo.mapfile import Feature, write_map
from tests.conftest import Person
from tests.factories import Town, square
from tests.territory.test_ground import As, accept, area, names


def send(person: Person, unit: str, data: bytes, **query: str) -> Any:
    query = {"unit_id": unit, "filename": "zones.geojson"} | query
    return person(
        "POST", "/territory/imports", query_string=query, data=data, content_type="application/octet-stream"
    )


def zones(*rows: tuple[str, str, dict[str, Any]]) -> bytes:
    features = [Feature(shape_of(outline), {"name": name, "code": code}) for name, code, outline in rows]
    return write_map(features, "zones", "geojson")


def test_an_import_tells_what_it_changed_and_updates_the_same_cells(
    as_: As, town: Town, database: Database
) -> None:
    supervisor = as_("supervisor")
    drawn = zones(
        ("新零", "C0", area(0, 0, 1.2, 1)), ("新一", "C1", area(1.1, 0, 2, 1)), ("二", "C2", square(2))
    )
    plan = send(supervisor, town["north"], drawn).get_json()
    (finding,) = plan["findings"]
    assert (finding["code"], finding["zones"]) == ("overlap", ["新零", "新一"])
    assert finding["area_m2"] > 100_000
    assert accept(supervisor, plan).status_code == 200
    cells = {cell["id"]: cell for cell in supervisor.get("/cells")["rows"]}
    assert cells[town["cell 0"]]["name"] == "新零"
    corrected = zones(("新零", "C0", area(0, 0, 1.05, 1)), ("新一", "C1", area(1.05, 0, 2, 1)))
    again = send(supervisor, town["north"], corrected).get_json()
    assert again["findings"] == []
    assert names(again, supervisor) == {"新零": "changed", "新一": "changed", "二": "same"}
    assert accept(supervisor, again).status_code == 200
    assert {cell["id"] for cell in supervisor.get("/cells")["rows"]} == set(cells)
    report = supervisor.get("/territory/coverage")
    assert (report["overlaps"], report["holes"]) == ([], None)


def test_an_import_that_leaves_a_gap_must_be_meant(as_: As, town: Town) -> None:
    supervisor = as_("supervisor")
    plan = send(supervisor, town["north"], zones(("零", "C0", area(0, 0, 0.5, 1)))).get_json()
    assert plan["figures"]["after"]["gap_m2"] > 1e6
    assert accept(supervisor, plan).get_json()["code"] == "ground_has_gaps"
    assert accept(supervisor, plan, accept_gaps=True).get_json()["state"] == "applied"


def test_a_new_unit_begins_with_an_import(as_: As, town: Town) -> None:
    admin = as_("admin")
    unit = admin(
        "POST", "/units", {"name": "新所", "level": "branch", "parent_id": town["group"]}
    ).get_json()["id"]
    plan = send(admin, unit, zones(("东", "E", area(8, 0, 9, 1)), ("西", "W", area(7, 0, 8, 1)))).get_json()
    assert (plan["state"], plan["figures"]["before"]["cells"], plan["figures"]["after"]["cells"]) == (
        "ready",
        0,
        2,
    )
    assert accept(admin, plan).status_code == 200
    assert {cell["name"] for cell in admin.get(f"/cells?unit_id={unit}")["rows"]} == {"东", "西"}


@pytest.mark.parametrize(
    ("data", "query", "cause"),
    [
        (b"{", {}, "FileUnreadable"),
        (b"", {"filename": "x.exe"}, "FileUnreadable"),
        (
            b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>CSV:/etc/passwd</SrcDataSource>"
            b"<GeometryType>wkbNone</GeometryType></OGRVRTLayer></OGRVRTDataSource>",
            {"filename": "zones.json"},
            "OpensElsewhere",
        ),
        (json.dumps({"type": "FeatureCollection", "features": []}).encode(), {}, "NoAreas"),
        (
            write_map([Feature(shapely.box(534_000, 3_990_000, 535_000, 3_991_000), {})], "x", "geojson"),
            {},
            "OutsideTheEarth",
        ),
        (
            write_map(
                [Feature(shapely.Polygon([(-170, 80), (-60, 80), (60, 80), (170, 80)]), {})], "x", "geojson"
            ),
            {},
            "CrossesDateLine",
        ),
    ],
    ids=["broken", "stranger", "elsewhere", "empty", "metres", "round a pole"],
)
def test_a_file_that_cannot_be_read_says_why(
    as_: As, town: Town, data: bytes, query: dict[str, str], cause: str
) -> None:
    plan = send(as_("supervisor"), town["north"], data, **query).get_json()
    assert (plan["state"], plan["problem"]["cause"]) == ("failed", cause)
