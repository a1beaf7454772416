"""Which column of a map file has the names of zones and which their codes, and slips too small to tell."""

from __future__ import annotations

import pytest
import shapely

from geo.errors import FieldMissing, NoAreas
from geo.mapfile import Feature, MapFile
from geo.zones import Zones, zones_of

LEFT, RIGHT = shapely.box(120, 36, 120.1, 36.1), shapely.box(120.1, 36, 120.2, 36.1)
# A side of half a metre.
TINY = 5e-6


def rows(left: dict[str, object], right: dict[str, object]) -> MapFile:
    return MapFile([Feature(LEFT, left), Feature(RIGHT, right)])


def read(found: Zones) -> list[tuple[str, str, str]]:
    return [(zone.name, zone.code, zone.known_by) for zone in found.zones]


def test_of_nothing_there_are_no_zones() -> None:
    with pytest.raises(NoAreas):
        zones_of([])


def test_rows_that_nothing_names_are_numbered_and_the_columns_told() -> None:
    found = zones_of(rows({"片区": "甲", "人": 1}, {"片区": "乙", "人": 2}))
    assert read(found) == [("Z001", "Z001", "number"), ("Z002", "Z002", "number")]
    (told,) = found.findings
    assert (told.code, "片区、人" in told.zh, "片区, 人" in told.en) == ("no_code", True, True)


@pytest.mark.parametrize("asked", ["Zone Name", "zone name", " ZONE NAME ", "Ｚone Ｎame"])
def test_a_column_that_is_asked_for_is_found_however_it_is_written(asked: str) -> None:
    file = rows({"Zone Name": "甲", "name": "x"}, {"Zone Name": "乙", "name": "y"})
    assert read(zones_of(file, name_field=asked)) == [("甲", "甲", "name"), ("乙", "乙", "name")]


@pytest.mark.parametrize("kept", ["district_c", "district"])
def test_a_column_that_a_shapefile_cut_is_found_by_its_whole_name(kept: str) -> None:
    found = zones_of(rows({kept: "A1"}, {kept: "A2"}), code_field="district_code")
    assert [zone.code for zone in found.zones] == ["A1", "A2"]


def test_a_column_that_only_numbers_rows_is_a_code_where_it_is_asked_for() -> None:
    file = MapFile([Feature(LEFT, {"id": 7}), Feature(RIGHT, {"id": 8})], columns=[], keys=["id"])
    assert [zone.code for zone in zones_of(file).zones] == ["Z001", "Z002"]
    assert [zone.code for zone in zones_of(file, code_field="id").zones] == ["7", "8"]


@pytest.mark.parametrize(
    "asked",
    ["片区", "distri", "NAME "],
    ids=["not there", "the beginning of one", "as much one as the other"],
)
def test_a_column_that_is_none_or_several_is_refused_with_those_there_are(asked: str) -> None:
    file = rows({"name": "甲", "Name": "1", "district_code": "x"}, {"name": "乙"})
    with pytest.raises(FieldMissing) as refused:
        zones_of(file, name_field=asked)
    assert refused.value.args == (asked, "name", "Name", "district_code")
    said = refused.value.said()
    assert asked in said.zh
    assert "district_code" in said.en


def test_what_overlaps_by_less_than_a_metre_is_cut_without_a_word() -> None:
    corner = shapely.box(120.1 - TINY, 36.1 - TINY, 120.2, 36.2)
    found = zones_of([Feature(LEFT, {"name": "甲"}), Feature(corner, {"name": "乙"})])
    assert found.findings == []
    first, second = (zone.shape for zone in found.zones)
    assert first.equals(LEFT)
    assert shapely.intersection(first, second).area == 0


def test_a_hole_of_less_than_a_metre_is_closed_without_a_word() -> None:
    hole = shapely.box(120.05, 36.05, 120.05 + TINY, 36.05 + TINY)
    found = zones_of([Feature(shapely.difference(LEFT, hole), {"name": "甲"})])
    assert found.findings == []
    assert found.zones[0].shape.equals(LEFT)
