"""Regular grids and units: exact at the border, whole, and quick to read back."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo import lattice
from geo.errors import NothingInside, TooManyCells
from geo.measure import area_m2
from geo.units import joined, units_of
from tests.geo.test_geo import L_SHAPE, WITH_ISLAND, places_in

WITH_HOLE = shapely.difference(shapely.box(120, 36, 120.2, 36.2), shapely.box(120.08, 36.08, 120.12, 36.12))
WAYS = {
    "squares": lambda territory: lattice.squares(territory, 3_000),
    "hexagons": lambda territory: lattice.hexagons(territory, 2_000),
    "h3": lambda territory: lattice.h3_cells(territory, 6),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("territory", [L_SHAPE, WITH_ISLAND, WITH_HOLE], ids=["plain", "island", "hole"])
def test_a_grid_covers_a_territory_once_and_whole(way: str, territory: BaseGeometry) -> None:
    cells = WAYS[way](territory)
    assert shapely.area(cells).sum() == pytest.approx(territory.area, rel=1e-9)
    assert shapely.coverage_is_valid(cells)
    assert {cell.geom_type for cell in cells} == {"Polygon"}
    assert shapely.union_all(cells).symmetric_difference(territory).area < 1e-9 * territory.area


@given(
    st.lists(st.tuples(st.floats(120, 120.2), st.floats(36, 36.2)), min_size=3, max_size=12),
    st.floats(800, 9_000),
)
@settings(max_examples=40, deadline=None)
def test_any_territory_is_covered_exactly(corners: list[tuple[float, float]], side_m: float) -> None:
    territory = shapely.MultiPoint(corners).convex_hull.buffer(0.005)
    cells = lattice.squares(territory, side_m)
    assert shapely.area(cells).sum() == pytest.approx(territory.area, rel=1e-9)
    assert shapely.coverage_is_valid(cells)


def test_squares_are_as_large_as_asked() -> None:
    assert max(area_m2(cell) for cell in lattice.squares(L_SHAPE, 3_000)) == pytest.approx(9e6, rel=0.01)


def test_slivers_join_the_neighbour_they_touch_most() -> None:
    cells = np.array(
        [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 1.01, 1), shapely.box(1.01, 0.4, 2, 0.6)], dtype=object
    )
    merged = lattice.merge_slivers(cells, 0.1)
    assert len(merged) == 2
    assert shapely.area(merged).sum() == pytest.approx(shapely.area(cells).sum())
    assert merged[0].bounds == (0, 0, 1.01, 1)


def test_an_islet_alone_stays() -> None:
    cells = np.array([shapely.box(0, 0, 1, 1), shapely.box(3, 3, 3.01, 3.01)], dtype=object)
    assert len(lattice.merge_slivers(cells)) == 2


def test_a_grid_nobody_could_use_is_refused() -> None:
    with pytest.raises(TooManyCells):
        lattice.squares(L_SHAPE, 5)
    with pytest.raises(NothingInside):
        lattice.squares(shapely.Polygon(), 500)


def test_units_carry_all_work_and_any_union_is_exact() -> None:
    places = places_in(WITH_ISLAND, 1500)
    workload = np.random.default_rng(1).uniform(0.5, 2, len(places))
    units = units_of(WITH_ISLAND, places, workload, 6)
    assert units.weights.sum() == pytest.approx(workload.sum())
    assert shapely.coverage_is_valid(units.shapes)
    parts = (units.middles[:, 0] > np.median(units.middles[:, 0])).astype(np.int64)
    halves = joined(units, parts, 2)
    assert shapely.area(halves).sum() == pytest.approx(WITH_ISLAND.area, rel=1e-9)
    assert shapely.intersection(*halves).area == 0


def test_todays_borders_are_units_borders() -> None:
    west, east = shapely.box(120, 36, 120.07, 36.3), shapely.box(120.07, 36, 120.3, 36.3)
    today = [shapely.intersection(L_SHAPE, half) for half in (west, east)]
    units = units_of(L_SHAPE, places_in(L_SHAPE, 400), np.ones(400), 4, keep=today)
    inside = [shapely.contains(today[0], unit) or shapely.contains(today[1], unit) for unit in units.shapes]
    assert all(inside)


def test_shared_borders_are_measured() -> None:
    units = units_of(shapely.box(120, 36, 120.1, 36.1), places_in(L_SHAPE, 100), np.ones(100), 2)
    for (a, b), metres in list(zip(units.pairs.tolist(), units.borders_m.tolist(), strict=True))[:50]:
        line = shapely.intersection(units.shapes[a], units.shapes[b])
        assert metres == pytest.approx(line.length * 111_195 * 0.9, rel=0.2)
