"""Zones that lie far from the expected territory.

How far, and in which system they would lie on the ground, whatever was declared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from geo.datum import Datum, from_wgs84, known_crs, reprojected
from geo.errors import OutsideTheEarth
from geo.far_zones import likely_systems, whereabouts
from geo.mapfile import Origin
from geo.zones import Zone

QINGDAO, LOUISVILLE = shapely.box(120.30, 36.05, 120.42, 36.12), shapely.box(-85.9, 38.1, -85.6, 38.3)


def places_in(ground: Any, crs: str, turned: bool = False) -> np.ndarray[Any, Any]:
    """Nine places of a ground as a system writes them."""
    west, south, east, north = ground.bounds
    x, y = (
        one.ravel() for one in np.meshgrid(np.linspace(west, east, 5)[1:4], np.linspace(south, north, 5)[1:4])
    )
    found = np.column_stack(Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(x, y))
    return found[:, ::-1] if turned else found


def looked_at(ground: Any, true: str, declared: str, *, turned: bool = False) -> Any:
    """Zones drawn in one system and read in another."""
    figures = places_in(ground, true, turned)
    shapes = reprojected(
        [shapely.Point(xy).buffer(1 if abs(xy[0]) > 360 else 0.001) for xy in figures], declared
    )
    zones = [Zone(str(n), str(n), shape) for n, shape in enumerate(shapes)]
    return whereabouts(zones, Origin(declared, False, figures), Datum.WGS84, ground, is_own=True)


@pytest.mark.parametrize(
    ("true", "declared"),
    [
        ("EPSG:4549", "EPSG:4548"),
        ("EPSG:4549", "EPSG:4550"),
        ("EPSG:4549", "EPSG:4510"),
        ("EPSG:4510", "EPSG:4549"),
        ("EPSG:4549", "EPSG:32651"),
        ("EPSG:32651", "EPSG:4549"),
        ("EPSG:3857", "EPSG:4549"),
        ("EPSG:4549", "EPSG:3857"),
        ("EPSG:4528", "EPSG:4527"),
        ("EPSG:4499", "EPSG:4498"),
        ("EPSG:2385", "EPSG:2384"),
        ("EPSG:4326", "EPSG:4549"),
    ],
)
def test_the_likely_system_is_named_and_the_distance_told(true: str, declared: str) -> None:
    found = looked_at(QINGDAO, true, declared)
    (finding,) = found.findings
    assert finding.code == "far_away"
    assert found.is_far
    assert found.distance_m > 100_000
    expected = "WGS-84" if true == "EPSG:4326" else true
    assert expected in finding.zh, finding.zh
    assert expected in finding.en
    assert "公里" in finding.zh
    assert " km" in finding.en


def test_figures_with_a_zones_number_before_them_are_known_though_they_lie_nowhere() -> None:
    for true in ("EPSG:4528", "EPSG:4499"):
        origin = Origin("EPSG:4549", False, places_in(QINGDAO, true))
        assert likely_systems(origin, Datum.WGS84, QINGDAO)[0].startswith(true)


def test_axes_that_are_turned_round_are_known() -> None:
    metres = looked_at(QINGDAO, "EPSG:4549", "EPSG:4549", turned=True)
    for words, side in ((metres.findings[0].zh, "写反"), (metres.findings[0].en, "turned round")):
        assert side in words
        assert " · " not in words
    assert "EPSG:4549" in metres.findings[0].zh, "the declared system itself, read the other way round"
    zh, en = OutsideTheEarth("甲", "EPSG:4549 (x), 东、北写反 · east and north turned round").said()
    assert ("写反" in zh, "turned round)" in zh, "写反" in en, en.endswith("north turned round)")) == (
        True,
        False,
        False,
        True,
    )
    degrees = looked_at(LOUISVILLE, "EPSG:4326", "EPSG:4326", turned=True)
    assert "经纬度写反" in degrees.findings[0].zh
    assert "latitude and longitude" in degrees.findings[0].en


def test_another_city_has_its_own_systems() -> None:
    found = looked_at(LOUISVILLE, "EPSG:3089", "EPSG:2205")
    assert "EPSG:3089" in found.findings[0].zh


def test_small_zones_that_a_chinese_map_shifts_off_the_ground_are_told() -> None:
    ground = shapely.box(120.3700, 36.1000, 120.3720, 36.1010)
    shifted = shapely.transform(ground, lambda xy: from_wgs84(xy, Datum.GCJ02))
    zone = Zone("甲", "甲", shifted)
    origin = Origin("EPSG:4326", False, shapely.get_coordinates(shifted.centroid))
    found = whereabouts([zone], origin, Datum.WGS84, ground, is_own=True)
    assert "GCJ-02" in found.findings[0].zh
    assert " 米" in found.findings[0].zh


def test_ground_that_touches_or_lies_beside_is_nothing_to_ask_about() -> None:
    near = Zone("甲", "甲", shapely.box(120.42, 36.05, 120.5, 36.1))
    assert whereabouts([near], None, Datum.WGS84, QINGDAO, is_own=True).findings == []
    beside = Zone("乙", "乙", shapely.box(120.45, 36.05, 120.5, 36.1))
    told = whereabouts([beside], None, Datum.WGS84, QINGDAO, is_own=True)
    assert (len(told.findings), told.is_far) == (1, False)
    assert whereabouts([beside], None, Datum.WGS84, QINGDAO, is_own=False).findings == []
    assert whereabouts(
        [Zone("丙", "丙", shapely.box(110, 30, 111, 31))], None, Datum.WGS84, QINGDAO, is_own=False
    ).is_far


def test_one_stray_zone_among_others_is_told() -> None:
    zones = [
        Zone("甲", "甲", shapely.box(120.35, 36.06, 120.36, 36.07)),
        Zone("零", "零", shapely.box(0, 0, 0.01, 0.01)),
    ]
    found = whereabouts(zones, None, Datum.WGS84, QINGDAO, is_own=True)
    assert ([one.zones for one in found.findings], found.is_far) == ([("零",)], True)
    assert found.distance_m is not None and found.distance_m > 10_000_000


def test_over_the_date_line_it_is_not_far() -> None:
    ground, zone = shapely.box(179.5, -18, 180, -17), Zone("甲", "甲", shapely.box(-179.9, -18, -179.5, -17))
    assert whereabouts([zone], None, Datum.WGS84, ground, is_own=True).distance_m < 20_000


def test_a_system_nobody_knows_is_none() -> None:
    assert known_crs("EPSG:1") is None


@pytest.mark.parametrize(
    ("said", "label"), [("EPSG:4549", "EPSG:4549"), (CRS("EPSG:4549").to_wkt(), "CM 120E"), ("odd", "odd")]
)
def test_what_the_file_says_is_named_though_it_lies_elsewhere(said: str, label: str) -> None:
    far = Zone("甲", "甲", shapely.box(110, 30, 111, 31))
    origin = Origin(said, True, np.empty((0, 2)))
    (finding,) = whereabouts([far], origin, Datum.WGS84, QINGDAO, is_own=True).findings
    assert label in finding.zh
    assert "GEOGCRS" not in finding.en
