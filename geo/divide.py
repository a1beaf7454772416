"""Divides a territory into contiguous cells of balanced workload, and divides it again with few changes.

Units (`geo.units`) weighted by the customers in them, halved (`geo.start`), annealed (`geo.anneal`), their
borders straightened (`geo.smooth`). Dividing again starts from today's cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.anneal import Annealing, Weights
from geo.balancing import Costs, Evening
from geo.errors import NothingInside, TooFewCustomers
from geo.graph import Graph, Parts, components
from geo.lattice import merge_slivers, squares
from geo.locate import nearest
from geo.measure import Coordinates
from geo.partition import Parting
from geo.progress import Progress, part_of, silent
from geo.shapes import GRID_DEGREES, as_multipolygon, on_grid
from geo.smooth import smooth
from geo.start import start
from geo.units import Plane, Units, different, joined, units_of

# The share of workload that may change sides: so much for the units, what is left for
# borders drawn straighter.
MOST_MOVED, UNITS_MOVED = 0.15, 0.147
# A place that weighs more than this share of a cell stands in the way of balance.
HEAVY = 0.05
# Balance is bettered until the heaviest cell is this near the mean, or nothing can be handed on any more.
GOOD_IMBALANCE = 1.005
# Dividing again moves nothing for less than this.
EVEN_ENOUGH = 1.02
# How much straightened borders may add to that.
SMOOTH_IMBALANCE = 1.015
STARTS = 4
WARM = Weights(unround=0.1, heat=0.02, rounds=200)
# Dividing again stops where no chain is left; borders shaken a little leave others.
SHAKES, SHAKE = 4, Weights(unround=0.05, move=0.3, heat=0.004, rounds=40)
# Where this share of what may move has moved, more shaking wins nothing.
MOSTLY_MOVED = 0.98
# What roundness counts while work is handed on, the first where it comes half of the way.
ROUND_OR_SHORT = (0.5, 0.05)
AFTERWARDS = Weights(unround=0.5, move=2.0, heat=0.004, rounds=100)
COLD = Weights(unround=0.2, heat=0.004, rounds=200)


@dataclass(frozen=True, slots=True)
class Division:
    """Cells of a territory: shapes in WGS-84 on the storing grid, and each one's workload."""

    cells: list[BaseGeometry]
    workload: NDArray[np.float64]

    @property
    def imbalance(self) -> float:
        """The heaviest cell over the mean; 1 is perfect."""
        return float(self.workload.max() / self.workload.mean())


@dataclass(frozen=True, slots=True)
class Heavy:
    """Places too heavy to be balanced.

    How many, where the heaviest lies (lng, lat), and its share of a usual cell.
    """

    count: int
    place: tuple[float, float]
    share: float


def loads_of(
    cells: Sequence[BaseGeometry], places: Coordinates, workload: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The workload that falls into each cell; a place in none counts for the nearest."""
    return np.bincount(nearest(cells, places), weights=workload, minlength=len(cells)).astype(np.float64)


def grid(territory: BaseGeometry, side_m: float) -> list[BaseGeometry]:
    """Square cells of `side_m` with slivers joined to their neighbours, on the storing grid."""
    return list(on_grid(list(merge_slivers(squares(territory, side_m)))))


def balanced(
    territory: BaseGeometry,
    places: Coordinates,
    workload: NDArray[np.float64],
    cells: int,
    *,
    seed: int = 1,
    progress: Progress = silent,
) -> Division:
    """Divide a territory into contiguous cells of equal workload.

    `places` is an (n, 2) array of (lng, lat), `workload` their n weights. Same input and seed give the same
    cells. The territory is put on the storing grid first (1e-7 degrees). Raises TooFewCustomers when there
    are fewer different places with work than cells, NothingInside when there is no work.
    """
    territory = _checked(territory, places, workload, cells)
    if cells == 1:
        return Division([as_multipolygon(territory)], np.array([workload.sum()], dtype=np.float64))
    units = units_of(territory, places, workload, cells)
    graph = Graph(units)
    fewer, label = graph.gathered()
    tried = [_tried(fewer, cells, seed * STARTS + n, part_of(progress, n, STARTS + 1)) for n in range(STARTS)]
    best = min(tried, key=_worth)
    parts = _finished(Parting(graph, best.array()[label], cells), seed, part_of(progress, STARTS, STARTS + 1))
    return _smoothed(units, parts, cells, places, workload)


def _tried(graph: Graph, cells: int, seed: int, progress: Progress) -> Parting:
    """One start, made round and even."""
    parting = Parting(graph, start(graph, cells, seed), cells)
    Annealing(parting, WARM).run(seed, progress)
    Evening(parting, Costs()).run(GOOD_IMBALANCE)
    return parting


def _worth(parting: Parting) -> tuple[float, float]:
    """What is less is better.

    The heaviest part, then how far the least round and the usual are from round.
    """
    unround = [parting.unroundness(part) for part in range(parting.cells)]
    return round(max(max(parting.loads), GOOD_IMBALANCE), 3), max(unround) / 10 + sum(unround) / parting.cells


def _finished(parting: Parting, seed: int, progress: Progress) -> Parts:
    """Empty ground shared out for roundness too, none heavier than the heaviest is."""
    heaviest = max(GOOD_IMBALANCE, *parting.loads)
    Annealing(parting, replace(COLD, heaviest=heaviest)).run(seed, progress)
    Evening(parting, Costs()).run(GOOD_IMBALANCE)
    return parting.array()


def redivided(
    territory: BaseGeometry,
    today: Sequence[BaseGeometry],
    places: Coordinates,
    workload: NDArray[np.float64],
    *,
    seed: int = 1,
    progress: Progress = silent,
) -> Division:
    """Balance today's cells again, at most MOST_MOVED of the workload changing sides.

    The n-th stays the n-th.

    Arguments and errors as in `balanced`; `today` are the cells that cover the territory now.
    """
    cells = len(today)
    territory = _checked(territory, places, workload, cells)
    units = units_of(territory, places, workload, cells, keep=today)
    graph = Graph(units)
    middles = shapely.get_coordinates(shapely.point_on_surface(units.shapes))
    home = _in_one_piece(graph, nearest(today, middles), cells)
    borders = shapely.union_all(shapely.boundary(list(today)))
    parts = _evened(graph, home, cells, seed, progress)
    left = MOST_MOVED * workload.sum() - graph.weights[home != parts].sum()
    return _smoothed(units, parts, cells, places, workload, fixed=borders, most_moved=left)


def _in_one_piece(graph: Graph, home: Parts, cells: int) -> Parts:
    """Today's parts; empty ground that hangs on its own by a corner alone goes to whom it borders on most."""
    whole = home.copy()
    for part in range(cells):
        groups = components(graph.borders, np.flatnonzero(whole == part).tolist())
        for group in sorted(groups, key=lambda one: (graph.weights[one].sum(), len(one)))[:-1]:
            beside: dict[int, float] = {}
            for unit in group:
                for near, border in graph.borders[unit].items():
                    beside[int(whole[near])] = beside.get(int(whole[near]), 0.0) + border
            beside.pop(part, None)
            if beside and graph.weights[group].sum() == 0:
                whole[group] = max(beside, key=lambda one: beside[one])
    return whole


def _evened(graph: Graph, home: Parts, cells: int, seed: int, progress: Progress) -> Parts:
    """Today's parts with work handed on from the heaviest, UNITS_MOVED of all work at most away from home."""
    fewer, label = graph.gathered(home)
    home_of_fewer = np.zeros(len(fewer.weights), dtype=np.int64)
    home_of_fewer[label] = home
    half_way = max((max(Parting(fewer, home_of_fewer, cells).loads) + 1) / 2, 1 + HEAVY)
    # Rounder borders cost longer ways; where these win too little for what may move, the shortest are taken.
    costs = [
        Costs(unround, hand_over=0.0, away=20.0, most_moved=UNITS_MOVED * cells) for unround in ROUND_OR_SHORT
    ]
    parting = _handed_on(fewer, home_of_fewer, cells, costs[0], half_way, seed)
    if max(parting.loads) > half_way:
        shorter = _handed_on(fewer, home_of_fewer, cells, costs[1], half_way, seed)
        parting = min(parting, shorter, key=lambda one: max(one.loads))
    parting = Parting(graph, parting.array()[label], cells)
    weights = replace(AFTERWARDS, heaviest=max(parting.loads), most_moved=UNITS_MOVED * cells)
    Annealing(parting, weights, home).run(seed, progress)
    return parting.array()


def _handed_on(graph: Graph, home: Parts, cells: int, costs: Costs, enough: float, seed: int) -> Parting:
    """Chains until none is left.

    After a little shaking again, while that is not enough and more may move.
    """
    parting = Parting(graph, home, cells)
    moved = Evening(parting, costs, home).run(EVEN_ENOUGH)
    for n in range(SHAKES):
        if max(parting.loads) <= enough or moved > MOSTLY_MOVED * costs.most_moved:
            break
        shaking = replace(SHAKE, heaviest=max(parting.loads), most_moved=costs.most_moved)
        Annealing(parting, shaking, home).run(seed + n)
        moved = Evening(parting, costs, home).run(EVEN_ENOUGH)
    return parting


def too_heavy(places: Coordinates, workload: NDArray[np.float64], cells: int) -> Heavy | None:
    """The places that alone weigh more than HEAVY of a usual cell; None where there are none."""
    if not cells or workload.sum() <= 0:
        return None
    spots, loads = different(places, workload)
    shares = loads / workload.sum() * cells
    worst = int(shares.argmax())
    place = (float(spots[worst, 0]), float(spots[worst, 1]))
    return Heavy(int((shares > HEAVY).sum()), place, float(shares[worst])) if shares[worst] > HEAVY else None


def moved_share(before: Sequence[BaseGeometry], after: Sequence[BaseGeometry], places: Coordinates,
                workload: NDArray[np.float64]) -> float:  # fmt: skip
    """The share of workload whose cell is another one (the n-th stays the n-th).

    None where there is no work.
    """
    moved = workload[nearest(before, places) != nearest(after, places)].sum()
    return float(moved / workload.sum()) if workload.any() else 0.0


def roundness(cells: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Polsby-Popper of each cell (1991): 4π area / perimeter²; 1 for a circle."""
    stretched = [shapely.transform(cell, Plane(cell).to_metres) for cell in cells]
    return np.asarray(4 * np.pi * shapely.area(stretched) / shapely.length(stretched) ** 2)


def _checked(
    territory: BaseGeometry, places: Coordinates, workload: NDArray[np.float64], cells: int
) -> BaseGeometry:
    if territory.is_empty or workload.sum() <= 0:
        raise NothingInside
    if len(different(places, workload)[0]) < cells:
        raise TooFewCustomers
    return shapely.set_precision(territory, GRID_DEGREES)


def _smoothed(
    units: Units,
    parts: Parts,
    cells: int,
    places: Coordinates,
    workload: NDArray[np.float64],
    fixed: BaseGeometry | None = None,
    most_moved: float = math.inf,
) -> Division:
    """Borders drawn straighter while the balance stays: people read streets, not the edges of hexagons."""
    rough = list(joined(units, parts, cells))
    imbalance = Division(rough, loads_of(rough, places, workload)).imbalance
    shapes = smooth(rough, places, workload, max(SMOOTH_IMBALANCE, imbalance), fixed, most_moved)
    return Division(shapes, loads_of(shapes, places, workload))
