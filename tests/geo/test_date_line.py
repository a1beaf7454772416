"""Zones at the 180th meridian: however they are written, the same ground comes out, cut there and exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from geo.mapfile import Feature
from geo.measure import LocalMetres, area_m2
from geo.zones import Zones, zones_of

EAST, WEST = shapely.box(179, -18, 180, -17), shapely.box(-180, -18, -179, -17)
CUT = shapely.MultiPolygon([EAST, WEST])
# The same two degrees of ground, as programs write it.
WAYS: dict[str, Any] = {
    "cut at the line": CUT,
    "beyond 180": shapely.box(179, -18, 181, -17),
    "beyond -180": shapely.box(-181, -18, -179, -17),
    "a jump in the ring": shapely.Polygon([(179, -18), (-179, -18), (-179, -17), (179, -17)]),
    "a jump at the line": shapely.Polygon(
        [(179, -18), (180, -18), (-180, -18), (-179, -18), (-179, -17), (179, -17)]
    ),
}


def zones(*shapes: Any) -> Zones:
    return zones_of([Feature(shape, {"code": str(n)}) for n, shape in enumerate(shapes)])


@pytest.mark.parametrize("way", WAYS)
def test_the_same_ground_comes_out_however_it_is_written(way: str) -> None:
    found = zones(WAYS[way])
    (zone,) = found.zones
    assert zone.shape.equals(CUT)
    assert zone.shape.bounds == (-180, -18, 180, -17)
    assert {one.code for one in found.findings} <= {"date_line"}
    assert ("date_line" in [one.code for one in found.findings]) == (way != "cut at the line")
    again = zones(zone.shape)
    assert shapely.normalize(again.zones[0].shape).equals_exact(shapely.normalize(zone.shape), 0)
    assert again.findings == []


def test_longitudes_up_to_360_are_those_behind_180() -> None:
    assert zones(shapely.box(181, -18, 182, -17)).zones[0].shape.equals(shapely.box(-179, -18, -178, -17))


def test_areas_and_metres_there_are_those_of_anywhere_else() -> None:
    assert area_m2(CUT) == pytest.approx(2 * area_m2(shapely.box(120, -18, 121, -17)), rel=1e-9)
    assert LocalMetres(CUT).to_metres(WEST).area == pytest.approx(area_m2(WEST), rel=0.01)


def test_neighbours_across_the_line_share_it_and_what_both_claim_is_cut() -> None:
    found = zones(shapely.box(178, -18, 180, -17), shapely.box(-180, -18, -178, -17))
    assert found.findings == []
    shared = zones(shapely.box(178, -18, 180.5, -17), shapely.box(-180, -18, -178, -17))
    (overlap,) = [one for one in shared.findings if one.code == "overlap"]
    assert overlap.area_m2 == pytest.approx(area_m2(shapely.box(-180, -18, -179.5, -17)), rel=1e-6)
    first, second = (zone.shape for zone in shared.zones)
    assert shapely.intersection(first, second).area == 0
    assert second.equals(shapely.MultiPolygon([shapely.box(-179.5, -18, -178, -17)]))


def test_a_hole_and_a_slip_across_the_line_are_seen() -> None:
    ring = shapely.difference(shapely.box(178, -19, 182, -15), shapely.box(179.5, -17.5, 180.5, -16.5))
    (gap,) = [one for one in zones(ring, shapely.box(170, -19, 178, -15)).findings if one.code == "gap"]
    assert gap.area_m2 == pytest.approx(area_m2(shapely.box(-0.5, -17.5, 0.5, -16.5)), rel=1e-6)
    thin = shapely.difference(shapely.box(178, -19, 182, -15), shapely.box(179.9999, -17.5, 180.0001, -16.5))
    closed = zones(thin, shapely.box(170, -19, 178, -15))
    assert [one.code for one in closed.findings if one.code in ("gap", "slip")] == ["slip"]
    assert area_m2(closed.zones[0].shape) == pytest.approx(area_m2(shapely.box(-2, -19, 2, -15)), rel=1e-4)


def test_a_slanting_border_across_the_line_stays_the_borders_of_both() -> None:
    line = [(179.3, -17.77), (180.9, -17.31)]
    south = shapely.Polygon([(179.3, -19), (180.9, -19), line[1], line[0]])
    north = shapely.Polygon([line[0], line[1], (180.9, -16), (179.3, -16)])
    found = zones(south, north)
    shapes = np.array([zone.shape for zone in found.zones], dtype=object)
    assert shapely.coverage_is_valid(shapes)
    union = shapely.union_all(shapes)
    assert len(shapely.get_parts(union)) == 2
    assert union.area == pytest.approx(1.6 * 3, rel=1e-9)


def test_parts_of_one_code_on_both_sides_are_one_zone() -> None:
    rows = [Feature(EAST, {"code": "7"}), Feature(WEST, {"code": "7"})]
    (zone,) = zones_of(rows).zones
    assert zone.shape.equals(CUT)


def test_a_city_far_from_the_line_is_left_as_it_is() -> None:
    shapes = [shapely.box(-176.7, 51, -170, 53), shapely.box(-140, 57, -131.5, 60)]
    assert [zone.shape.bounds for zone in zones(*shapes).zones] == [one.bounds for one in shapes]
