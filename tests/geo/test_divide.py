"""Dividing: balanced, connected, exact, repeatable.

Dividing anew with little moved; borders straightened.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geo import divide
from geo.divide import balanced, grid, loads_of, moved_share, redivided, roundness
from geo.graph import Graph, components
from geo.measure import LocalMetres
from geo.shapes import coverage_of
from geo.smooth import smooth
from geo.units import units_of
from tests.geo.test_geo import L_SHAPE, WITH_ISLAND, places_in

HARBOUR = shapely.difference(shapely.box(120, 36, 120.3, 36.3), shapely.box(120.1, 36.1, 120.2, 36.3))


def hangs_together(cell: BaseGeometry, territory: BaseGeometry) -> bool:
    """One piece, but for pieces on islands of their own."""
    pieces = shapely.get_parts(LocalMetres(territory).to_metres(cell))
    return shapely.union_all([piece.buffer(1) for piece in pieces]).geom_type == "Polygon"


@pytest.mark.parametrize("territory", [L_SHAPE, HARBOUR, WITH_ISLAND], ids=["plain", "harbour", "island"])
@pytest.mark.parametrize("cells", [2, 7, 12])
def test_cells_are_alike_and_cover_exactly(territory: BaseGeometry, cells: int) -> None:
    places = places_in(territory, 3000)
    workload = np.random.default_rng(5).choice([1.0, 12.0], len(places), p=[0.97, 0.03])
    found = balanced(territory, places, workload, cells)
    assert len(found.cells) == cells
    assert coverage_of(territory, found.cells).is_exact
    assert shapely.coverage_is_valid(np.array(found.cells, dtype=object))
    assert found.workload.sum() == pytest.approx(workload.sum())
    assert found.imbalance < 1.06
    if territory is not WITH_ISLAND:
        assert all(hangs_together(cell, territory) for cell in found.cells)


def test_corners_lie_on_the_storing_grid() -> None:
    found = balanced(L_SHAPE, places_in(L_SHAPE, 900), np.ones(900), 5)
    corners = shapely.get_coordinates(found.cells)
    assert np.array_equal(corners, corners.round(7))


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    balanced(
        L_SHAPE,
        places_in(L_SHAPE, 600),
        np.ones(600),
        4,
        progress=lambda done, total: told.append((done, total)),
    )
    assert len(told) >= 10
    assert told[-1][0] >= told[-1][1] * 0.99
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_after_a_shift_of_demand_little_moves_and_the_balance_is_better() -> None:
    places = places_in(L_SHAPE, 4000)
    before = balanced(L_SHAPE, places, np.ones(len(places)), 8).cells
    grown = np.where(places[:, 0] > 120.2, 1.4, 1.0)
    found = redivided(L_SHAPE, before, places, grown)
    was, now = loads_of(before, places, grown), found.workload
    assert now.max() / now.mean() < (was.max() / was.mean() + 1) / 2
    assert 0 < moved_share(before, found.cells, places, grown) <= 0.15
    assert coverage_of(L_SHAPE, found.cells).is_exact
    assert now.sum() == pytest.approx(grown.sum())


def test_however_far_demand_shifts_no_more_moves_than_may() -> None:
    places = places_in(L_SHAPE, 4000)
    before = balanced(L_SHAPE, places, np.ones(len(places)), 8).cells
    grown = np.where(places[:, 0] > 120.2, 2.5, 1.0)
    told: list[int] = []
    found = redivided(L_SHAPE, before, places, grown, progress=lambda done, _: told.append(done))
    was = loads_of(before, places, grown)
    assert found.imbalance < was.max() / was.mean()
    assert 0.1 < moved_share(before, found.cells, places, grown) <= divide.MOST_MOVED
    assert told == sorted(told)


def test_a_balanced_ground_divided_again_hardly_moves() -> None:
    places = places_in(L_SHAPE, 2000)
    before = balanced(L_SHAPE, places, np.ones(len(places)), 5).cells
    again = redivided(L_SHAPE, before, places, np.ones(len(places))).cells
    assert moved_share(before, again, places, np.ones(len(places))) < 0.03


def test_the_same_seed_divides_alike_and_another_otherwise() -> None:
    places = places_in(HARBOUR, 1500)
    one, two, other = (balanced(HARBOUR, places, np.ones(len(places)), 6, seed=s).cells for s in (3, 3, 4))
    assert [cell.wkb for cell in one] == [cell.wkb for cell in two]
    assert [cell.wkb for cell in one] != [cell.wkb for cell in other]
    today = balanced(HARBOUR, places, np.ones(len(places)), 6).cells
    again = [redivided(HARBOUR, today, places, np.ones(len(places)), seed=9).cells for _ in range(2)]
    assert [cell.wkb for cell in again[0]] == [cell.wkb for cell in again[1]]


def test_roundness_knows_circles_and_strips() -> None:
    circle = shapely.Point(120, 36).buffer(0.05)
    squeezed = shapely.transform(circle, lambda xy: xy * [1 / np.cos(np.radians(36)), 1])
    strip = shapely.box(120, 36, 121, 36.01)
    round_, flat = roundness([squeezed, strip])
    assert round_ == pytest.approx(1, abs=0.02)
    assert flat < 0.1


def test_smoothing_straightens_and_keeps_cover_and_balance() -> None:
    saw = [(0.5, 0.0), *((0.5 + (0.05 if n % 2 else -0.05), n / 20) for n in range(1, 20)), (0.5, 1.0)]
    left = shapely.Polygon([(0, 0), *saw, (0, 1)])
    right = shapely.Polygon([(1, 0), *saw, (1, 1)])
    cells = shapely.coverage_simplify(np.array([left, right], dtype=object), 0)
    random = np.random.default_rng(2).uniform(0.01, 0.99, (4000, 2))
    found = smooth(list(cells), random, np.ones(4000), 1.05)
    assert shapely.length(found).sum() < 0.9 * shapely.length(cells).sum()
    assert shapely.area(found).sum() == pytest.approx(1)
    assert shapely.intersection(*found).area == 0
    counts = loads_of(found, random, np.ones(4000))
    assert counts.max() / counts.mean() <= 1.05


def test_smoothing_leaves_what_is_fixed() -> None:
    saw = shapely.LineString([(0.5 + (0.05 if n % 2 else -0.05), n / 20) for n in range(21)])
    left = shapely.Polygon([(0, 0), *saw.coords, (0, 1)])
    right = shapely.Polygon([(1, 0), *saw.coords, (1, 1)])
    places = np.random.default_rng(2).uniform(0.01, 0.99, (100, 2))
    found = smooth([left, right], places, np.ones(100), 2.0, fixed=saw)
    assert [f.equals(c) for f, c in zip(found, (left, right), strict=True)] == [True, True]


def test_a_grid_has_no_slivers() -> None:
    cells = grid(HARBOUR, 4_000)
    areas = shapely.area(cells)
    assert areas.min() > 0.04 * np.median(areas)
    assert coverage_of(HARBOUR, cells).is_exact


def test_parts_that_fell_apart_are_mended() -> None:
    units = units_of(L_SHAPE, places_in(L_SHAPE, 500), np.ones(500), 3)
    graph = Graph(units)
    parts = np.zeros(len(units.weights), dtype=np.int64)
    parts[units.middles[:, 1] > np.quantile(units.middles[:, 1], 0.6)] = 1
    lonely = int(np.argmax(units.middles[:, 0]))
    parts[lonely] = 1
    assert graph.disconnected(parts) == [1]
    graph.mend(parts, 2)
    assert graph.disconnected(parts) == []
    assert parts[lonely] == 0


def test_islands_are_bridged_once() -> None:
    graph = Graph(units_of(WITH_ISLAND, places_in(WITH_ISLAND, 500), np.ones(500), 3))
    assert len(components(graph.borders, range(len(graph.weights)))) == 1
    assert sum(metres == 0.0 for near in graph.borders for metres in near.values()) == 2
