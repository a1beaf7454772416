"""Map files and hand-drawn zones: every format, every known dirt, and a report that says what was done."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from backend.core.confined.maps import read_map
from geo.datum import Datum, from_wgs84
from geo.errors import (
    CodeTooLong,
    CrossesDateLine,
    CrsMissing,
    FileTooLarge,
    FileUnreadable,
    GeoError,
    LayerNeeded,
    NoAreas,
    OutsideTheEarth,
)
from geo.mapfile import FORMATS, Feature, write_map
from geo.measure import area_m2
from geo.zones import Zones, zones_of

SHARED = Path(__file__).parents[2].parent / "shared/data"
needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="../shared/data is not here: its files are not ours to ship"
)
LEFT, RIGHT = shapely.box(120, 36, 120.1, 36.1), shapely.box(120.1, 36, 120.2, 36.1)


def feature(shape: Any, name: str = "甲", **fields: Any) -> Feature:
    return Feature(shape, {"name": name} | fields)


def codes(found: Zones) -> list[str]:
    return [one.code for one in found.findings]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_comes_back_as_it_went(format_: str) -> None:
    rows = [
        Feature(shapely.MultiPolygon([box]), {"name": name, "code": code})
        for box, name, code in ((LEFT, "李沧区", "A1"), (RIGHT, "崂山区", "A2"))
    ]
    data = write_map(rows, "cells", format_)
    back = zones_of(read_map(data, "cells.zip" if format_ == "shp" else f"cells{FORMATS[format_][1]}"))
    assert [(zone.name, zone.code) for zone in back.zones] == [("李沧区", "A1"), ("崂山区", "A2")]
    assert back.zones[0].shape.equals_exact(shapely.MultiPolygon([LEFT]), 1e-7) or back.zones[0].shape.equals(
        LEFT
    )


def test_points_and_nothing_at_all_are_written_too() -> None:
    data = write_map([Feature(shapely.Point(120, 36), {"name": "阀门"})], "valves", "gpkg")
    assert read_map(data, "valves.gpkg")[0].fields["name"] == "阀门"
    assert read_map(write_map([], "cells", "geojson"), "cells.geojson") == []


def gbk_shapefile(*, cpg: bool) -> bytes:
    """A zipped Shapefile whose names are GBK, with or without the file that says so."""
    data = write_map([Feature(shapely.MultiPolygon([LEFT]), {"name": "市南区"})], "zones", "shp")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for one in source.namelist():
            content = source.read(one)
            if one.endswith(".dbf"):
                gbk = "市南区".encode("gbk")
                content = content.replace("市南区".encode(), gbk + b" " * (9 - len(gbk)))
                content = content[:29] + b"\x00" + content[30:]
            if one.endswith(".cpg"):
                if not cpg:
                    continue
                content = b"GBK"
            target.writestr(one, content)
    return out.getvalue()


@pytest.mark.parametrize("cpg", [True, False], ids=["said", "not said"])
def test_chinese_names_in_gbk_are_read(cpg: bool) -> None:
    (found,) = read_map(gbk_shapefile(cpg=cpg), "zones.zip")
    assert found.fields["name"] == "市南区"


def without(data: bytes, suffix: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for one in source.namelist():
            if not one.endswith(suffix):
                target.writestr(one, source.read(one))
    return out.getvalue()


def test_a_file_without_crs_asks_and_believes_the_answer() -> None:
    data = without(write_map([feature(shapely.MultiPolygon([LEFT]))], "zones", "shp"), ".prj")
    with pytest.raises(CrsMissing):
        read_map(data, "zones.zip")
    assert read_map(data, "zones.zip", crs="EPSG:4326")[0].shape.equals(LEFT)


def test_several_layers_ask_which() -> None:
    one = write_map([feature(shapely.MultiPolygon([LEFT]))], "one", "shp")
    two = write_map([feature(shapely.MultiPolygon([RIGHT]))], "two", "shp")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for data in (one, two):
            with zipfile.ZipFile(io.BytesIO(data)) as source:
                for name in source.namelist():
                    target.writestr(name, source.read(name))
    with pytest.raises(LayerNeeded) as asked:
        read_map(out.getvalue(), "both.zip")
    assert asked.value.args == ("one", "two")
    assert read_map(out.getvalue(), "both.zip", layer="two")[0].shape.bounds[0] == pytest.approx(120.1)


def archive(**members: bytes) -> bytes:
    """Files in a zip; `__` in a name is a folder, `_` the point before its ending."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, data in members.items():
            target.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


def test_files_of_one_name_in_an_archive_are_told_apart_and_none_is_lost() -> None:
    """In two folders, with two endings, and layers of one name in two GeoPackages."""
    left, right = (shapely.to_geojson(one).encode() for one in (LEFT, RIGHT))
    other = write_map([feature(RIGHT)], "zones", "geojson")
    east, west = (write_map([feature(one)], "zones", "gpkg") for one in (RIGHT, LEFT))
    for data, names in (
        (archive(west__zones_geojson=left, east__zones_geojson=right), ("east/zones", "west/zones")),
        (archive(zones_json=right, zones_geojson=left), ("zones.json", "zones.geojson")),
        (archive(a__b_geojson=other, zones_geojson=left), ("a/b", "zones")),
        (archive(east_gpkg=east, west_gpkg=west), ("east/zones", "west/zones")),
        (archive(zones_gpkg=east, zones_geojson=left), ("zones/zones", "zones")),
    ):
        with pytest.raises(LayerNeeded) as asked:
            read_map(data, "both.zip")
        assert set(asked.value.args) == set(names)
        both = read_map(data, "both.zip", layer=",".join(names))
        assert [round(row.shape.bounds[0], 3) for row in both] == [120.1, 120.0], names
    # What both are called means both.
    assert (
        len(read_map(archive(west__zones_geojson=left, east__zones_geojson=right), "z.zip", layer="zones"))
        == 2
    )


def test_bombs_and_strangers_are_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.geojson", b" " * 450_000_000)
    assert len(bomb.getvalue()) < 1_000_000
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as target:
        for n in range(1_001):
            target.writestr(f"{n}.geojson", b"{}")
    for data, name, error in (
        (bomb.getvalue(), "bomb.zip", FileTooLarge),
        (many.getvalue(), "many.zip", FileTooLarge),
        (b"MZ not a map", "virus.exe", FileUnreadable),
        (b"{not json", "x.geojson", FileUnreadable),
        (b"", "x.gpkg", FileUnreadable),
    ):
        with pytest.raises(error):
            read_map(data, name)


def test_a_member_may_not_climb_out_of_its_folder() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("../../escaped.geojson", b"{}")
    with pytest.raises(FileUnreadable):
        read_map(out.getvalue(), "x.zip")


def test_a_member_larger_than_it_says_is_a_bomb() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.geojson", b"x" * 5000)
    data = bytearray(out.getvalue())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    with pytest.raises((FileTooLarge, zipfile.BadZipFile, FileUnreadable)):
        read_map(bytes(data), "x.zip")


def test_two_million_points_are_too_many() -> None:
    around = np.linspace(0, 2 * np.pi, 2_000_000)
    ring = shapely.Polygon(np.stack([120 + np.cos(around), 36 + np.sin(around)], 1).round(4))
    data = f'{{"type": "Feature", "properties": {{}}, "geometry": {shapely.to_geojson(ring)}}}'.encode()
    with pytest.raises(FileTooLarge) as told:
        read_map(data, "x.geojson")
    assert told.value.args == (2_000_000,)


def test_what_is_broken_is_mended_and_told() -> None:
    bow = shapely.Polygon([(120, 36), (120.1, 36.1), (120.1, 36), (120, 36.1)])
    found = zones_of([feature(bow)])
    assert codes(found) == ["invalid"]
    assert "Self-intersection" in found.findings[0].en
    assert found.zones[0].shape.is_valid
    assert found.zones[0].shape.area == pytest.approx(0.005)


def test_overlaps_are_cut_and_measured() -> None:
    wide = shapely.box(120, 36, 120.12, 36.1)
    found = zones_of([feature(wide, "甲"), feature(RIGHT, "乙")])
    (overlap,) = found.findings
    assert overlap.zones == ("甲", "乙")
    assert overlap.area_m2 == pytest.approx(area_m2(shapely.intersection(wide, RIGHT)), rel=1e-3)
    first, second = (zone.shape for zone in found.zones)
    assert shapely.intersection(first, second).area == 0
    assert first.equals(wide)


def test_a_zone_inside_another_is_told_and_left_out() -> None:
    found = zones_of([feature(LEFT, "甲"), feature(shapely.box(120.01, 36.01, 120.02, 36.02), "乙")])
    assert codes(found) == ["overlap", "swallowed"]
    assert [zone.name for zone in found.zones] == ["甲"]


def test_slips_are_closed_and_lakes_are_left() -> None:
    west, east = shapely.box(120, 36, 120.1, 36.1), shapely.box(120.1001, 36, 120.3, 36.1)
    lake = shapely.box(120.2, 36.03, 120.25, 36.07)
    top = shapely.box(120, 36.1, 120.3, 36.12)
    bottom = shapely.box(120, 35.98, 120.3, 36)
    found = zones_of(
        [
            feature(s, n, code=n)
            for s, n in ((west, "西"), (shapely.difference(east, lake), "东"), (top, "北"), (bottom, "南"))
        ]
    )
    words = [one.zh for one in found.findings]
    assert any("并入" in word for word in words)
    assert any("空洞" in word for word in words)
    union = shapely.union_all([zone.shape for zone in found.zones])
    assert union.area == pytest.approx(0.3 * 0.14 - lake.area, rel=1e-6)


def test_what_is_no_area_is_told() -> None:
    line, empty = shapely.LineString([(120, 36), (120.1, 36)]), shapely.Polygon()
    high = shapely.Polygon([(120, 36, 5), (120.1, 36, 5), (120.1, 36.1, 5)])
    found = zones_of([feature(line, "线"), feature(empty, "空"), feature(high, "高", code="h")])
    assert codes(found) == ["no_area", "empty", "height"]
    assert not found.zones[0].shape.has_z
    with pytest.raises(NoAreas):
        zones_of([feature(line)])


def test_rows_of_one_code_are_one_zone() -> None:
    found = zones_of(
        [feature(LEFT, "甲", code="7"), feature(shapely.box(120.5, 36, 120.6, 36.1), "甲", code="7")]
    )
    assert codes(found) == ["same_code"]
    assert len(found.zones) == 1
    assert found.zones[0].shape.geom_type == "MultiPolygon"


def test_a_zone_without_a_code_is_found_again_by_its_name_wherever_its_row_stands() -> None:
    far = shapely.box(120.5, 36, 120.6, 36.1)
    first = zones_of([feature(LEFT, "甲"), feature(RIGHT, "乙")])
    again = zones_of([feature(far, "新"), feature(RIGHT, "乙"), feature(LEFT, "甲")])
    codes_of = [{zone.name: zone.code for zone in found.zones} for found in (first, again)]
    assert codes_of[0].items() <= codes_of[1].items()
    twins = zones_of([feature(LEFT, "甲"), feature(RIGHT, "甲")])
    assert len({zone.code for zone in twins.zones}) == 2


def test_codes_that_are_too_long_stay_apart_and_are_found_again() -> None:
    same = "Municipalité-de-L'Île-d'Orléans/secteur-"
    rows = [feature(LEFT, "Ouest", code=f"{same}ouest"), feature(RIGHT, "Est", code=f"{same}est")]
    found, again = zones_of(rows), zones_of(rows[::-1])
    codes = {zone.name: zone.code for zone in found.zones}
    assert codes == {"Ouest": f"{same}ouest", "Est": f"{same}est"}
    assert codes == {zone.name: zone.code for zone in again.zones}
    assert found.findings == again.findings == []
    assert zones_of([feature(LEFT, code="x" * 4_000)]).zones[0].code == "x" * 4_000
    with pytest.raises(CodeTooLong, match="甲"):
        zones_of([feature(LEFT, code="x" * 4_001)])


def test_metres_given_as_degrees_and_what_goes_round_the_earth_are_refused() -> None:
    with pytest.raises(OutsideTheEarth):
        zones_of([feature(shapely.box(534_000, 3_990_000, 535_000, 3_991_000))])
    around = shapely.Polygon([(-170, 80), (-60, 80), (60, 80), (170, 80)])
    for shape in (
        around,
        shapely.Polygon([(-170, 60), (-60, 60), (60, 60), (170, 60), (170, 50), (0, 50), (-170, 50)]),
    ):
        with pytest.raises(CrossesDateLine) as told:
            zones_of([feature(shape)])
        assert "180" in told.value.said()[0]


def test_a_datum_that_fits_better_is_suspected_but_not_assumed() -> None:
    drawn = [shapely.transform(box, lambda xy: from_wgs84(xy, Datum.GCJ02)) for box in (LEFT, RIGHT)]
    reference = shapely.union_all([LEFT, RIGHT])
    rows = [feature(shape, str(n), code=str(n)) for n, shape in enumerate(drawn)]
    found = zones_of(rows, reference=reference)
    assert codes(found) == ["datum"]
    assert "GCJ-02" in found.findings[0].zh
    assert found.zones[0].shape.symmetric_difference(LEFT).area > 1e-5
    right = zones_of(rows, reference=reference, datum=Datum.GCJ02)
    assert right.findings == []
    assert shapely.union_all([z.shape for z in right.zones]).symmetric_difference(reference).area < 1e-6


@needs_shared
@pytest.mark.parametrize(
    "name", ["alaska_service_areas.geojson", "alaska_service_areas.kml", "alaska_service_areas_epsg3338.gpkg"]
)
def test_real_hand_drawn_zones_are_fitted_whatever_the_format(name: str) -> None:
    found = zones_of(read_map((SHARED / "service_zones" / name).read_bytes(), name))
    shapes = np.array([zone.shape for zone in found.zones], dtype=object)
    assert len(found.zones) in (107, 108)
    assert shapely.coverage_is_valid(shapes)
    overlap_km2 = sum(one.area_m2 for one in found.findings if one.code == "overlap") / 1e6
    # SOURCE.md: five overlapping pairs; one of them lies wholly in a third zone and is gone with it.
    assert sum(one.code == "overlap" and one.area_m2 > 1e4 for one in found.findings) == 4
    assert overlap_km2 == pytest.approx(1461, rel=0.05)


@needs_shared
@pytest.mark.parametrize(
    "name",
    [
        "districts_wgs84.geojson",
        "districts_gcj02.geojson",
        "qingdao_districts_shp_gbk.zip",
        "qingdao_districts_cgcs2000_3deg_cm120.gpkg",
        "districts_tianditu_cgcs2000.geojson",
    ],
)
def test_real_districts_are_read_and_their_datum_judged(name: str) -> None:
    folder = SHARED / "territory"
    tianditu = read_map((folder / "districts_tianditu_cgcs2000.geojson").read_bytes(), "x.geojson")
    reference = shapely.union_all([one.shape for one in tianditu])
    found = zones_of(read_map((folder / name).read_bytes(), name), reference=reference)
    assert len(found.zones) == 10
    assert "市南区" in {zone.name for zone in found.zones}
    assert ("datum" in codes(found)) == ("gcj02" in name)


@needs_shared
def test_real_files_without_crs_say_so() -> None:
    folder = SHARED / "service_zones"
    with pytest.raises(CrsMissing):
        read_map((folder / "micropolis_virtual_city_shp_no_prj.zip").read_bytes(), "m.zip", layer="lots_v1")
    with pytest.raises(LayerNeeded):
        read_map((folder / "gisdata_bad_and_osm_shapefiles.zip").read_bytes(), "g.zip")
    with pytest.raises(CrsMissing):
        read_map(
            (folder / "gisdata_bad_and_osm_shapefiles.zip").read_bytes(), "g.zip", layer="points_wgs84_no_prj"
        )


@needs_shared
@pytest.mark.parametrize(
    ("archive", "crs"),
    [
        ("micropolis_virtual_city_shp_no_prj.zip", "EPSG:2277"),
        ("gisdata_bad_and_osm_shapefiles.zip", "EPSG:4326"),
    ],
)
def test_every_layer_of_the_real_archives_is_read_or_says_why(archive: str, crs: str) -> None:
    data = (SHARED / "service_zones" / archive).read_bytes()
    with pytest.raises(LayerNeeded) as asked:
        read_map(data, archive)
    areas = 0
    for layer in dict.fromkeys(asked.value.args):
        rows = read_map(data, archive, crs=crs, layer=layer)
        assert rows, layer
        try:
            # Without their fields each row is a zone of its own.
            found = zones_of([Feature(one.shape, {}) for one in rows])
        except (NoAreas, OutsideTheEarth):
            continue
        areas += 1
        # Whatever was drawn, what comes out covers no point twice, and nothing vanished without a word.
        gone = sum(one.code in ("swallowed", "empty", "no_area") for one in found.findings)
        assert len(found.zones) + gone >= len(rows)
        assert shapely.coverage_is_valid(np.array([zone.shape for zone in found.zones], dtype=object))
    assert areas >= 1


def test_every_error_says_itself_in_both_languages_and_names_what_has_a_name() -> None:
    kinds = GeoError.__subclasses__()
    assert len(kinds) > 12
    assert len({one.zh for one in kinds} | {GeoError.zh}) == len(kinds) + 1
    for one in kinds:
        zh, en = one("河东片", 7).said()
        assert any("\u4e00" <= c <= "\u9fff" for c in one.zh)
        assert one.en.isascii()
        assert ("河东片" in zh, "河东片" in en, "7" in zh) == (True, True, False)
        assert one().said() == (one.zh, one.en)
