"""Dividing generated cities: balance, roundness, cover and whole cells, scored independently."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geo import divide
from geo.divide import balanced, redivided
from geo.graph import Graph
from geo.units import Units, units_of
from tests.cities import CITIES, City, city, rivals
from tests.cities.reachable import least_imbalance
from tests.cities.score import Score, cell_of, moved, score, torn

SHARED = Path(__file__).parents[2].parent / "shared/data"
# What a division must reach by the number of its cells: the heaviest cell over the mean, the usual roundness.
TARGETS = {50: (1.02, 0.60), 200: (1.05, 0.65)}
LEAST_ROUND = 0.25


def units_in(ground: City, cells: int) -> Units:
    """The very units that a division is made of."""
    return units_of(shapely.set_precision(ground.territory, 1e-7), ground.places, ground.workload, cells)


def metis(ground: City, cells: int) -> float:
    """METIS alone on the same units; 0 where it is not there, and the target itself must be reached."""
    if not rivals.is_here():
        return 0.0
    graph = Graph(units_in(ground, cells))
    return rivals.metis_imbalance(graph.weights, graph.pairs, graph.pair_borders, cells)


def must_hold(found: Score, most: float, usual: float) -> None:
    """Exact, whole, alike and round."""
    assert found.is_exact
    assert found.torn == []
    assert found.imbalance <= most + 1e-9
    assert np.median(found.inner) >= usual
    assert found.inner.min() >= LEAST_ROUND


def divided_well(number: int, cells: int, most: float, usual: float) -> None:
    """A city's division holds, and no unit it is made of weighs more than 5 % of a cell."""
    ground = city(number, cells)
    units = units_in(ground, cells)
    assert units.weights.max() <= 0.05 * units.weights.sum() / cells
    found = balanced(ground.territory, ground.places, ground.workload, cells).cells
    counted = score(ground.territory, found, ground.places, ground.workload)
    must_hold(counted, max(most, metis(ground, cells)), usual)


@pytest.mark.parametrize("number", [3, 6])
def test_a_city_nobody_tuned_to_is_divided_well(number: int) -> None:
    divided_well(number, 20, *TARGETS[50])


@pytest.mark.long
@pytest.mark.parametrize("cells", sorted(TARGETS))
@pytest.mark.parametrize("number", CITIES)
def test_every_city_is_divided_well(number: int, cells: int) -> None:
    divided_well(number, cells, *TARGETS[cells])


# The share of the work that may change its cell.
MOVED = 0.15


def grown_by_half(ground: City, cells: list[BaseGeometry]) -> np.ndarray:
    """The workload after a fifth of the cells, neighbours, grew by half."""
    return np.where(cell_of(cells, ground.places) < len(cells) // 5, 1.5, 1.0) * ground.workload


def comes_back_half_way(ground: City, cells: int) -> None:
    """Dividing again after a shift of demand brings the balance half back, for little that moves.

    Where so little cannot suffice whoever hands it on, as near to the bound as the least work of a customer.
    """
    today = balanced(ground.territory, ground.places, ground.workload, cells).cells
    grown = grown_by_half(ground, today)
    before = np.bincount(cell_of(today, ground.places), weights=grown, minlength=cells)
    again = redivided(ground.territory, today, ground.places, grown).cells
    found = score(ground.territory, again, ground.places, grown)
    assert found.is_exact
    assert found.torn == []
    half_way = (before.max() / before.mean() + 1) / 2
    bound = least_imbalance(today, before, MOVED) + grown.min() / before.mean()
    assert found.imbalance <= max(half_way, bound)
    assert moved(today, again, ground.places, grown) <= MOVED


def test_after_a_shift_of_demand_a_city_comes_back_half_way() -> None:
    comes_back_half_way(city(5, 20), 20)


@pytest.mark.long
@pytest.mark.parametrize("cells", sorted(TARGETS))
@pytest.mark.parametrize("number", CITIES)
def test_every_city_comes_back_half_way(number: int, cells: int) -> None:
    comes_back_half_way(city(number, cells), cells)


def test_units_are_made_finer_again_and_again_where_the_work_is_dense() -> None:
    ground, cells = city(4, 20), 20
    crowd = ground.places[:1] + np.random.default_rng(4).normal(0, 1e-4, (300, 2))
    places = np.concatenate([ground.places, crowd])
    work = np.ones(len(places))
    units = units_in(City(ground.territory, places, work), cells)
    assert units.weights.sum() == pytest.approx(len(places))
    assert units.weights.max() <= 0.05 * work.sum() / cells
    assert len(units.weights) < 200 * cells


def test_places_that_lie_together_are_one_unit_and_are_told() -> None:
    ground, cells = city(4, 10), 10
    places = np.concatenate([ground.places, np.repeat(ground.places[:1], 40, axis=0)])
    work = np.ones(len(places))
    found = balanced(ground.territory, places, work, cells)
    assert found.imbalance <= max(1.02, 42 / len(places) * cells) + 1e-9
    heavy = divide.too_heavy(places, work, cells)
    assert heavy is not None
    assert heavy.place == pytest.approx(tuple(ground.places[0]), abs=1e-6)
    assert heavy.share == pytest.approx(41 / len(places) * cells)
    assert divide.too_heavy(ground.places, np.ones(len(ground.places)), 1) is None


def test_mountains_make_no_rings() -> None:
    angle = np.random.default_rng(3).uniform(0, 2 * np.pi, 700)
    far = np.random.default_rng(4).uniform(0.32, 0.36, 700)
    places = np.column_stack([120.5 + far * np.cos(angle), 36.5 + far * np.sin(angle)])
    found = score(
        shapely.box(120, 36, 121, 37),
        balanced(shapely.box(120, 36, 121, 37), places, np.ones(700), 28).cells,
        places,
        np.ones(700),
    )
    assert found.torn == []
    assert found.imbalance == 1.0
    assert found.inner.size == 0 or found.inner.min() >= LEAST_ROUND


def test_many_islands_are_divided_whole() -> None:
    isles = [shapely.box(x, y, x + 0.03, y + 0.03) for x in (120, 120.05, 120.1) for y in (36, 36.05, 36.1)]
    ground = shapely.MultiPolygon(isles)
    random = np.random.default_rng(6)
    places = np.concatenate(
        [np.array(isle.bounds[:2]) + random.uniform(0.001, 0.029, (20, 2)) for isle in isles]
    )
    found = score(ground, balanced(ground, places, np.ones(180), 6).cells, places, np.ones(180))
    assert found.is_exact
    assert found.torn == []
    assert found.imbalance <= 1.07


def test_the_scorer_sees_what_is_torn_doubled_and_left_out() -> None:
    ground = shapely.box(0, 0, 3, 1)
    outer = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    places, work = np.array([[0.5, 0.5], [1.5, 0.5]]), np.ones(2)
    found = score(ground, [outer, shapely.box(1, 0, 2, 1)], places, work)
    assert (found.torn, found.is_exact, found.imbalance) == ([0], True, 1.0)
    assert score(ground, [outer, shapely.box(1, 0, 1.9, 1)], places, work).uncovered == pytest.approx(0.1 / 3)
    assert score(ground, [outer, shapely.box(1, 0, 2.1, 1)], places, work).doubled == pytest.approx(0.1 / 3)
    assert score(ground, [outer, shapely.box(1, 0, 2, 1.1)], places, work).outside == pytest.approx(0.1 / 3)
    assert torn(outer, np.array([outer], dtype=object)) == []


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here: its files are not ours to ship")
@pytest.mark.long
def test_a_real_ragged_ground_is_divided_by_its_real_requests_alone() -> None:
    ground, cells = real_ground(), 50
    found = balanced(ground.territory, ground.places, ground.workload, cells).cells
    counted = score(ground.territory, found, ground.places, ground.workload)
    assert counted.is_exact
    assert counted.torn == []
    assert counted.imbalance <= max(1.02, metis(ground, cells)) + 1e-9
    assert counted.inner.size == 0 or counted.inner.min() >= LEAST_ROUND


def real_ground() -> City:
    """Alaska's twelve largest service areas with their islands, a Canadian city's main breaks over each."""
    features = json.loads((SHARED / "service_zones/alaska_service_areas.geojson").read_text())["features"]
    areas = [
        shapely.make_valid(shapely.geometry.shape(one["geometry"])) for one in features if one["geometry"]
    ]
    parts = shapely.get_parts(shapely.union_all(areas, grid_size=1e-7))
    parts = parts[np.argsort(-shapely.area(parts))[:12]]
    with (SHARED / "service_requests/kitchener_water_main_breaks.csv").open(encoding="utf-8-sig") as file:
        breaks = np.array([(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)])
    low, high = np.quantile(breaks, [0.01, 0.99], axis=0)
    found = []
    for n, part in enumerate(parts):
        west, south, east, north = part.bounds
        at = (breaks[n :: len(parts)] - low) / (high - low) * (east - west, north - south) + (west, south)
        found.append(at[shapely.contains_xy(part, at[:, 0], at[:, 1])])
    places = np.concatenate(found)
    return City(shapely.MultiPolygon(list(parts)), places, np.ones(len(places)))


def test_empty_ground_that_touches_its_cell_at_a_corner_goes_to_whom_it_borders_on() -> None:
    # Units in a row; 3 lies beyond 2, which is another cell's. 4 has work and stays, 5 is an island.
    borders: list[dict[int, float]] = [
        {1: 2.0},
        {0: 2.0, 2: 1.0},
        {1: 1.0, 3: 1.5},
        {2: 1.5, 4: 0.5},
        {3: 0.5},
        {},
    ]
    graph = SimpleNamespace(borders=borders, weights=np.array([3.0, 2.0, 4.0, 0.0, 1.0, 0.0]))
    home = np.array([0, 0, 1, 0, 2, 0])
    assert divide._in_one_piece(graph, home, 3).tolist() == [0, 0, 1, 1, 2, 0]  # type: ignore[arg-type]
    work = np.array([0, 0, 1, 0, 0, 0])
    graph.weights[3] = 0.5
    assert divide._in_one_piece(graph, work, 2).tolist() == work.tolist()  # type: ignore[arg-type]


def test_the_bound_of_what_can_be_handed_on_is_the_least_there_is() -> None:
    row = [shapely.box(n, 0, n + 1, 1) for n in range(3)]
    loads = np.array([6.0, 3.0, 0.0])
    # Two thirds even it out, by way of the middle; with one third two leave the first and one the middle.
    assert least_imbalance(row, loads, 2 / 3) == pytest.approx(1)
    assert least_imbalance(row, loads, 1 / 3) == pytest.approx(4 / 3)
    assert least_imbalance(row, loads, 0) == pytest.approx(2)
