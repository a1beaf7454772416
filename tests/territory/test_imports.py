"""Map files over HTTP: the cases that people sent, what is told of a file, and ground that two units want."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely

from backend.core.geometry import shape_of
from backend.core.queries.scopes import today
from geo.mapfile import Feature, write_map
from geo.measure import area_m2
from tests.conftest import Person
from tests.factories import SIDE, SOUTH, WEST, Town

As = Callable[[str], Person]
CASES = Path(__file__).parents[1] / "cases"
NAMED = "name"


def box(west: float, south: float, east: float, north: float) -> Any:
    """An area in squares from the south-west."""
    return shapely.box(WEST + west * SIDE, SOUTH + south * SIDE, WEST + east * SIDE, SOUTH + north * SIDE)


def file(*rows: tuple[Any, dict[str, Any]]) -> bytes:
    features = [
        {"type": "Feature", "properties": fields, "geometry": shapely.geometry.mapping(shape)}
        for shape, fields in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def send(person: Person, unit: str, data: bytes | Path, **query: str) -> dict[str, Any]:
    name = data.name if isinstance(data, Path) else "zones.geojson"
    body = data.read_bytes() if isinstance(data, Path) else data
    query = {"unit_id": unit, "filename": name} | query
    answer = person(
        "POST", "/territory/imports", query_string=query, data=body, content_type="application/octet-stream"
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def accept(person: Person, plan: dict[str, Any], **more: Any) -> Any:
    return person("PUT", f"/territory/plans/{plan['id']}/acceptance", more)


def changes(person: Person, plan: dict[str, Any]) -> dict[str, str]:
    """Code -> what becomes of it, of the cells that a file names or makes."""
    rows = [one["properties"] for one in person.get(f"/territory/plans/{plan['id']}/features")["features"]]
    return {one["code"]: one["change"] for one in rows}


def kinds(plan: dict[str, Any]) -> list[str]:
    return [one["code"] for one in plan["findings"] or ()]


def test_codes_stay_what_they_are_when_another_row_has_none(as_: As, town: Town) -> None:
    office, case = as_("supervisor"), CASES / "import-codes-with-a-gap"
    first = send(office, town["north"], case / "first.geojson", code_field="code")
    assert accept(office, first).status_code == 200
    second = send(office, town["north"], case / "second.geojson", code_field="code")
    found = changes(office, second)
    assert {code: found[code] for code in ("101", "102", "丙区")} == {
        "101": "same",
        "102": "same",
        "丙区": "new",
    }
    assert "ended" not in found.values()
    assert accept(office, second).status_code == 200
    again = send(office, town["north"], case / "second.geojson", code_field="code")
    assert set(changes(office, again).values()) == {"same"}


@pytest.mark.parametrize("format_", ["geojson", "gpkg", "shp", "kml"])
def test_an_unchanged_file_changes_nothing_with_codes_of_any_length(
    as_: As, town: Town, format_: str
) -> None:
    """Numbers, leading zeros, spaces inside, other widths, and hundreds of letters: in every format."""
    office = as_("supervisor")
    codes = ["101", "007", "A 1", "１０１", "Municipalité-de-L'Île-d'Orléans/secteur-" + "ouest" * 30, "7.10"]
    shapes = [box(n / 2, 0, n / 2 + 0.5, 1) for n in range(6)]
    rows = [
        Feature(shapely.MultiPolygon([s]), {"name": f"{n}区", "code": c})
        for n, (s, c) in enumerate(zip(shapes, codes, strict=True))
    ]
    data, name = write_map(rows, "zones", format_), "zones.zip" if format_ == "shp" else f"zones.{format_}"
    first = send(office, town["north"], data, filename=name)
    assert first["findings"] == []
    assert accept(office, first).status_code == 200
    kept = {one["code"] for one in office.get("/cells")["rows"] if not one["valid_until"]}
    assert kept == set(codes)
    assert set(changes(office, send(office, town["north"], data, filename=name)).values()) == {"same"}


def test_ground_far_away_is_asked_about_with_its_distance_and_likely_system(as_: As, town: Town) -> None:
    office, case = as_("supervisor"), CASES / "import-far-away/zones-4549-no-prj.zip"
    plan = send(office, town["north"], case, crs="EPSG:4548")
    (line,) = [one for one in plan["findings"] if one["code"] == "far_away"]
    assert plan["findings"][0] is line or plan["findings"][0]["code"] == "far_away"
    for words, distance in ((line["zh"], "公里"), (line["en"], " km")):
        assert "EPSG:4549" in words
        assert distance in words
    assert 200_000 < plan["figures"]["far_m"] < 300_000
    refused = accept(office, plan)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "ground_far_away")
    right = send(office, town["north"], case, crs="EPSG:4549")
    assert right["figures"]["far_m"] is None
    assert accept(office, plan, accept_far=True).status_code == 200


def test_one_stray_zone_among_others_is_asked_about(as_: As, town: Town) -> None:
    """Accepted unseen it would be a cell 270 km away."""
    office, near = as_("supervisor"), box(0, 0, 1, 1)
    stray = shapely.transform(near, lambda places: places - [3.0, 0.0])
    plan = send(office, town["north"], file((near, {"name": "甲"}), (stray, {"name": "乙"})))
    assert "far_away" in kinds(plan) and 200_000 < plan["figures"]["far_m"] < 300_000
    refused = accept(office, plan, accept_gaps=True)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "ground_far_away")
    assert accept(office, plan, accept_gaps=True, accept_far=True).status_code == 200


def test_a_unit_without_ground_is_held_against_the_city(as_: As, town: Town) -> None:
    admin = as_("admin")
    unit = admin(
        "POST", "/units", {"name": "新所", "level": "branch", "parent_id": town["group"]}
    ).get_json()["id"]
    far = send(admin, unit, file((shapely.box(36.1, 20.3, 36.2, 20.4), {"name": "甲"})))
    assert kinds(far) == ["far_away"]
    assert "本市" in far["findings"][0]["zh"]
    near = send(admin, unit, file((box(8, 0, 9, 1), {"name": "甲"})))
    assert near["findings"] == []
    metres = send(admin, unit, CASES / "import-far-away/zones-4549-no-prj.zip", crs="EPSG:4326")
    (fault,) = metres["problem"]["faults"]
    assert "EPSG:4549" in fault["zh"]


def test_folders_of_a_kml_come_in_one_plan(as_: As, town: Town) -> None:
    office, case = as_("supervisor"), CASES / "kml-folders/two-folders.kml"
    whole = send(office, town["north"], case)
    assert whole["state"] == "ready"
    assert {"甲区", "乙区"} <= set(changes(office, whole))
    assert "乙区" not in changes(office, send(office, town["north"], case, layer="东片"))
    assert {"甲区", "乙区"} <= set(changes(office, send(office, town["north"], case, layer="东片，西片")))
    missing = send(office, town["north"], case, layer="南片")
    assert "东片" in missing["problem"]["faults"][0]["zh"]
    assert missing["problem"]["cause"] == "LayerMissing"


def test_a_picture_in_a_kml_is_no_zone(as_: As, town: Town) -> None:
    office = as_("supervisor")
    plan = send(office, town["north"], CASES / "kml-ground-overlay/overlay.kml")
    assert {code for code, change in changes(office, plan).items() if change == "new"} == {"甲区"}
    (line,) = [one for one in plan["findings"] if one["code"] == "picture"]
    assert "图" in line["zones"]


def test_a_cut_character_costs_one_name_its_end_and_no_other_anything(as_: As, town: Town) -> None:
    office = as_("supervisor")
    plan = send(office, town["north"], CASES / "dbf-cut-character/shp-utf8-name-cut.zip")
    cut = "浮山后东片一二三四" * 3
    assert {code for code, change in changes(office, plan).items() if change == "new"} == {cut[:-1], "乙区"}
    assert "cut_text" in kinds(plan)


def test_a_field_that_is_not_in_the_file_is_an_error_that_lists_the_columns(as_: As, town: Town) -> None:
    office, data = as_("supervisor"), file((box(0, 0, 1, 1), {"名字": "甲", "片区": "东", "BM": "1"}))
    for field in ("name_field", "code_field"):
        plan = send(office, town["north"], data, **{field: "mingcheng"})
        (fault,) = plan["problem"]["faults"]
        assert (plan["state"], plan["problem"]["cause"]) == ("failed", "FieldMissing")
        for words in (fault["zh"], fault["en"]):
            assert all(one in words for one in ("mingcheng", "名字", "片区", "BM")), words
    plan = send(office, town["north"], data, name_field="名字 ", code_field="bm")
    assert "1" in changes(office, plan)


def test_what_another_unit_has_is_seen_before_and_refused(as_: As, town: Town) -> None:
    """Its standing cells, plans it has accepted for a day to come, and plans it only looks at."""
    north, admin = as_("supervisor"), as_("admin")
    shared = area_m2(box(3, 0, 3.5, 1))
    taking = file((box(2, 0, 3.5, 1), {"name": "二", "code": "C2"}))
    plan = send(north, town["north"], taking)
    (line,) = [one for one in plan["findings"] if one["code"] == "claimed"]
    assert line["area_m2"] == pytest.approx(shared, rel=1e-3)
    assert plan["figures"]["after"]["claimed_m2"] == plan["figures"]["after"]["overlap_m2"] == line["area_m2"]
    refused = accept(north, plan).get_json()
    assert (refused["code"], len(refused["overlaps"])) == ("cells_overlap", 1)
    assert refused["overlaps"][0]["area_m2"] == pytest.approx(shared, rel=1e-3)
    free, name = (
        file((box(4, 0, 5, 1), {"name": "南新", "code": "S9"})),
        file((box(4.5, 0, 5.5, 1), {"name": "北新", "code": "N9"})),
    )
    theirs = send(admin, town["south"], free)
    ours = send(north, town["north"], name)
    (open_plan,) = [one for one in ours["findings"] if one["code"] == "claimed"]
    assert "南新" in open_plan["zh"]
    assert ours["figures"]["after"]["claimed_m2"] == 0
    later = (today() + timedelta(days=9)).isoformat()
    assert accept(admin, theirs, valid_from=later).get_json()["state"] == "accepted"
    promised = send(north, town["north"], name)
    assert promised["figures"]["after"]["claimed_m2"] == pytest.approx(area_m2(box(4.5, 0, 5, 1)), rel=1e-3)
    for days in (9, 30):
        answer = accept(north, promised, valid_from=(today() + timedelta(days=days)).isoformat())
        assert answer.get_json()["code"] == "cells_overlap", days
    # Before that day it may be had, and is shown with its area: the open plan that was looked at before, too.
    taken = accept(north, ours, valid_from=(today() + timedelta(days=3)).isoformat()).get_json()
    assert (taken["state"], taken["findings"][0]["code"]) == ("accepted", "claimed")
    assert taken["findings"][0]["area_m2"] == pytest.approx(area_m2(box(4.5, 0, 5, 1)), rel=1e-3)
    assert "已确认" in taken["findings"][0]["zh"]


def test_gaps_of_a_first_import_are_measured_against_the_territory_in_square_metres(
    as_: As, town: Town
) -> None:
    admin = as_("admin")
    unit = admin(
        "POST", "/units", {"name": "新所", "level": "branch", "parent_id": town["group"]}
    ).get_json()["id"]
    ring = shapely.difference(box(7, 0, 10, 3), box(8, 1, 9, 2))
    hole = area_m2(box(8, 1, 9, 2))
    plan = send(admin, unit, file((ring, {"name": "环"})))
    assert plan["figures"]["after"]["gap_m2"] == pytest.approx(hole, rel=1e-3)
    assert accept(admin, plan).get_json()["code"] == "ground_has_gaps"
    assert accept(admin, plan, accept_gaps=True).status_code == 200
    again = send(admin, unit, file((ring, {"name": "环"})))
    assert again["figures"]["before"]["gap_m2"] == again["figures"]["after"]["gap_m2"] > 0
    assert accept(admin, again).status_code == 200, "nothing is left open that was not open before"
    whole = shapely.MultiPolygon([box(7, 0, 12, 3)])
    etag = admin("GET", f"/units/{unit}").headers["ETag"].strip('"')
    body = {"territory": shapely.geometry.mapping(whole)}
    assert (
        admin("PATCH", f"/units/{unit}", json.loads(json.dumps(body)), version=int(etag)).status_code == 200
    )
    plan = send(admin, unit, file((ring, {"name": "环"})))
    wanted = hole + area_m2(box(10, 0, 12, 3))
    assert plan["figures"]["after"]["gap_m2"] == pytest.approx(wanted, rel=1e-3)
    assert accept(admin, plan, accept_gaps=True).status_code == 200
    again = send(admin, unit, file((ring, {"name": "环"})))
    assert again["figures"]["before"]["gap_m2"] == again["figures"]["after"]["gap_m2"]
    assert accept(admin, again).status_code == 200, "nothing is left open that was not open before"


def test_findings_are_one_line_a_kind_the_worst_first(as_: As, town: Town) -> None:
    office = as_("supervisor")
    rows = [(box(n / 8, 0, (n + 1) / 8 + 0.01, 1), {"name": f"{n}区"}) for n in range(16)]
    rows += [(box(0.2, 0.2, 0.22, 0.22), {"name": "小"}), (shapely.Point(WEST, SOUTH), {"name": "点"})]
    plan = send(office, town["north"], file(*rows))
    assert kinds(plan) == ["swallowed", "no_area", "overlap"]
    overlap = plan["findings"][2]
    assert (overlap["count"], len(overlap["worst"])) == (16, 10)
    areas = [one["area_m2"] for one in overlap["worst"]]
    assert areas == sorted(areas, reverse=True)
    assert overlap["area_m2"] == pytest.approx(16 * area_m2(box(0, 0, 0.01, 1)), rel=0.1)
    assert "16" in overlap["zh"]
    assert "16" in overlap["en"]
    for one in plan["findings"]:
        assert not any(word in one["zh"] for word in ("Polygon", "overlap", "_", "wgs84"))


def test_a_zone_at_the_date_line_is_a_cell_whole(as_: As, town: Town) -> None:
    admin = as_("admin")
    unit = admin(
        "POST", "/units", {"name": "远所", "level": "branch", "parent_id": town["group"]}
    ).get_json()["id"]
    east, west = shapely.box(179.9, -18, 180, -17.9), shapely.box(-180, -18, -179.9, -17.9)
    for n, shape in enumerate((shapely.box(179.9, -18, 180.1, -17.9), shapely.MultiPolygon([east, west]))):
        plan = send(admin, unit, file((shape, {"name": "线", "code": "L"})))
        assert plan["state"] == "ready", plan["problem"]
        assert changes(admin, plan) == {"L": "same" if n else "new"}
        assert accept(admin, plan, accept_far=True).status_code == 200
    (cell,) = admin.get(f"/cells?unit_id={unit}")["rows"]
    assert shape_of(cell["outline"]).equals(shapely.MultiPolygon([east, west]))


def test_an_archive_by_another_computer_names_its_layers_in_its_own_letters(as_: As, town: Town) -> None:
    rows = [Feature(shapely.MultiPolygon([box(0, 0, 1, 1)]), {"name": "甲"})]
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_map(rows, "z", "shp"))) as source,
        zipfile.ZipFile(out, "w") as target,
    ):
        for name in source.namelist():
            for stem in ("河东片", "河西片"):
                target.writestr(name.replace("z.", f"{stem}."), source.read(name))
    data = out.getvalue()
    for stem in ("河东片", "河西片"):
        data = data.replace(stem.encode(), (stem.encode("gbk") + b"xyz"))
    data = _without_flag(data)
    plan = send(as_("supervisor"), town["north"], data, filename="z.zip")
    assert plan["problem"]["cause"] == "LayerNeeded"
    assert "河东片" in plan["problem"]["faults"][0]["zh"]


def _without_flag(data: bytes) -> bytes:
    """The same archive that does not say that its names are UTF-8."""
    found = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        start = found.find(mark)
        while start >= 0:
            found[start + at] &= ~0x08
            start = found.find(mark, start + 4)
    return bytes(found)
