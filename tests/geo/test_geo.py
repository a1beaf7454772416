"""Territory arithmetic: exact cover, contiguous and balanced cells, look-up, assignment, ranking."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.assign import assign
from geo.divide import balanced, grid
from geo.errors import NothingInside, TooFewCustomers
from geo.locate import NOWHERE, locate, nearest
from geo.measure import LocalMetres, distance_m, distances_m
from geo.shapes import as_multipolygon, coverage_of, fill_gaps, on_grid

L_SHAPE = shapely.Polygon([(120, 36), (120.3, 36), (120.3, 36.1), (120.1, 36.1), (120.1, 36.3), (120, 36.3)])
WITH_ISLAND = shapely.MultiPolygon([L_SHAPE, shapely.box(120.4, 36.2, 120.45, 36.25)])


def places_in(shape: BaseGeometry, count: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    west, south, east, north = shape.bounds
    points = np.column_stack(
        [random.uniform(west, east, 20 * count), random.uniform(south, north, 20 * count)]
    )
    return points[shapely.contains_xy(shape, points[:, 0], points[:, 1])][:count]


@pytest.mark.parametrize("territory", [L_SHAPE, WITH_ISLAND], ids=["one part", "with an island"])
def test_balanced_cells_cover_exactly_and_alike(territory: BaseGeometry) -> None:
    places = places_in(territory, 2000)
    division = balanced(territory, places, np.ones(len(places)), 8)
    assert coverage_of(territory, division.cells).is_exact
    assert division.workload.sum() == len(places)
    assert division.imbalance < 1.15


def test_cells_of_one_part_hang_together() -> None:
    places = places_in(L_SHAPE, 2000)
    division = balanced(L_SHAPE, places, np.ones(len(places)), 8)
    metres = LocalMetres(L_SHAPE)
    # Pieces that touch in one corner count as one cell; slivers at clipped borders are below a square metre.
    for cell in division.cells:
        pieces = [piece for piece in shapely.get_parts(metres.to_metres(cell)) if piece.area > 1]
        assert shapely.union_all([piece.buffer(1) for piece in pieces]).geom_type == "Polygon"


def test_the_same_input_gives_the_same_cells() -> None:
    places = places_in(L_SHAPE, 500)
    one, two = (balanced(L_SHAPE, places, np.ones(len(places)), 4, seed=7) for _ in range(2))
    assert [cell.wkb for cell in one.cells] == [cell.wkb for cell in two.cells]


def test_one_cell_is_the_whole_territory() -> None:
    places = places_in(L_SHAPE, 50)
    (cell,) = balanced(L_SHAPE, places, np.ones(50), 1).cells
    assert cell.symmetric_difference(L_SHAPE).area < 1e-9


def test_a_division_that_cannot_be_says_why() -> None:
    with pytest.raises(TooFewCustomers):
        balanced(L_SHAPE, places_in(L_SHAPE, 3), np.ones(3), 4)
    with pytest.raises(NothingInside):
        balanced(L_SHAPE, places_in(L_SHAPE, 9), np.zeros(9), 4)


def test_a_grid_covers_exactly() -> None:
    cells = grid(L_SHAPE, 5_000)
    assert coverage_of(L_SHAPE, cells).is_exact
    assert len(cells) > 20


def test_snapping_to_the_grid_keeps_neighbours_corners_shared() -> None:
    places = places_in(L_SHAPE, 800)
    snapped = on_grid(balanced(L_SHAPE, places, np.ones(len(places)), 6).cells)
    assert shapely.coverage_is_valid(np.array(snapped, dtype=object))
    assert all(cell.is_valid for cell in snapped)
    corners = shapely.get_coordinates(snapped)
    assert np.array_equal(corners, corners.round(7))
    assert coverage_of(shapely.union_all(snapped), snapped).is_exact


def test_gaps_and_overlaps_are_found_and_gaps_filled() -> None:
    square = shapely.box(0, 0, 3, 1)
    cells = [shapely.box(0, 0, 1.2, 1), shapely.box(1, 0, 2, 1)]
    found = coverage_of(square, cells)
    assert [(i, j) for i, j, _ in found.overlaps] == [(0, 1)]
    assert found.overlaps[0][2] == pytest.approx(0.2)
    assert found.gap_area == pytest.approx(1)
    assert not found.is_exact
    assert coverage_of(square, fill_gaps(square, [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])).is_exact


def test_only_area_survives() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    assert as_multipolygon(bow_tie).area == pytest.approx(0.5)
    assert as_multipolygon(shapely.LineString([(0, 0), (1, 1)])).is_empty


@given(st.lists(st.tuples(st.floats(-0.5, 3.5), st.floats(-0.5, 1.5)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_every_place_has_one_cell_or_none(places: list[tuple[float, float]]) -> None:
    cells = [shapely.box(n, 0, n + 1, 1) for n in range(3)]
    found = locate(cells, np.array(places))
    for (x, y), cell in zip(places, found, strict=True):
        inside = [n for n in range(3) if n <= x <= n + 1 and 0 <= y <= 1]
        assert cell == (inside[0] if inside else NOWHERE)
    assert (nearest(cells, np.array(places)) >= 0).all()


def test_metres_agree_with_the_great_circle() -> None:
    a, b = (120.38, 36.06), (120.40, 36.08)
    metres = LocalMetres(shapely.Point(a)).points_to_metres(np.array([a, b]))
    assert np.linalg.norm(metres[0] - metres[1]) == pytest.approx(distance_m(a, b), rel=2e-3)
    assert distances_m(np.array([a]), np.array([a, b])).shape == (1, 2)
    back = LocalMetres(shapely.Point(a)).to_degrees(LocalMetres(shapely.Point(a)).to_metres(shapely.Point(a)))
    assert (back.x, back.y) == pytest.approx(a, abs=1e-9)


def test_representatives_get_near_cells_and_fair_loads() -> None:
    random = np.random.default_rng(3)
    cells, homes = random.uniform(120, 120.3, (40, 2)) - [0, 84], random.uniform(120, 120.3, (8, 2)) - [0, 84]
    who = assign(cells, np.ones(40), homes)
    loads = np.bincount(who, minlength=8)
    assert loads.max() <= 6
    assert set(who) <= set(range(8))


def test_todays_pairs_are_kept_unless_it_is_worth_it() -> None:
    random = np.random.default_rng(3)
    cells, homes = random.uniform(120, 120.3, (30, 2)) - [0, 84], random.uniform(120, 120.3, (6, 2)) - [0, 84]
    today = assign(cells, np.ones(30), homes)
    again = assign(cells, np.ones(30), homes, dict(enumerate(today.tolist())))
    assert (again == today).all()
