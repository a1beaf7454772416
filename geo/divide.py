"""Dividing a territory into contiguous cells of balanced workload, and dividing it again with few changes.

Units (`geo.units`) weighted by the customers in them, cut by METIS, mended and annealed (`geo.anneal`), their borders
straightened (`geo.smooth`). Dividing again starts from today's cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.anneal import Annealing, Weights
from geo.errors import NothingInside, TooFewCustomers
from geo.graph import Graph, Parts
from geo.lattice import merge_slivers, squares
from geo.locate import nearest
from geo.measure import Coordinates
from geo.progress import Progress, silent
from geo.shapes import GRID_DEGREES, as_multipolygon, on_grid
from geo.smooth import smooth
from geo.units import Plane, Units, joined, units_of

# Borders count less than in a first division: workload has to travel through cells to where there is room.
REDIVIDE = Weights(border=0.03, move=0.01, steps_a_unit=90)
# The share of workload that may change sides; straightened borders move a little more than the units do, so the units
# get the first budget, and a smaller one only where that was too much.
MOST_MOVED, BUDGETS = 0.15, (0.13, 0.115, 0.1)
GOOD_IMBALANCE = 1.015
# What is left after cooling: balance bettered, borders kept as they are where that costs nothing.
FINISH = tuple(Weights(border=border, heat=0.0, steps_a_unit=30) for border in (0.05, 0.02, 0.005))


@dataclass(frozen=True, slots=True)
class Division:
    """Cells of a territory: shapes in WGS-84 on the storing grid, and each one's workload."""

    cells: list[BaseGeometry]
    workload: NDArray[np.float64]

    @property
    def imbalance(self) -> float:
        """The heaviest cell over the mean; 1 is perfect."""
        return float(self.workload.max() / self.workload.mean())


def loads_of(cells: Sequence[BaseGeometry], places: Coordinates, workload: NDArray[np.float64]) -> NDArray[np.float64]:
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

    `places` is an (n, 2) array of (lng, lat), `workload` their n weights. Same input and seed give the same cells. The
    territory is put on the storing grid first (1e-7 degrees). Raises TooFewCustomers when there are fewer places than
    cells, NothingInside when no workload lies in the territory.
    """
    territory = _checked(territory, places, workload, cells)
    if cells == 1:
        return Division([as_multipolygon(territory)], np.array([workload.sum()], dtype=np.float64))
    units = units_of(territory, places, workload, cells)
    graph = Graph(units)
    parts = Annealing(graph, graph.cut(cells, seed), cells, Weights()).run(seed, progress)
    for finish in FINISH:
        if _imbalance(graph, parts) > GOOD_IMBALANCE:
            parts = Annealing(graph, parts, cells, finish).run(seed)
    return _smoothed(units, parts, cells, places, workload)


def redivided(
    territory: BaseGeometry,
    today: Sequence[BaseGeometry],
    places: Coordinates,
    workload: NDArray[np.float64],
    *,
    seed: int = 1,
    progress: Progress = silent,
) -> Division:
    """Balance today's cells again, at most MOST_MOVED of the workload changing sides; the n-th stays the n-th.

    Arguments and errors as in `balanced`; `today` are the cells that cover the territory now.
    """
    cells = len(today)
    territory = _checked(territory, places, workload, cells)
    units = units_of(territory, places, workload, cells, keep=today)
    home = nearest(today, shapely.get_coordinates(shapely.point_on_surface(units.shapes)))
    graph = Graph(units)
    borders = shapely.union_all(shapely.boundary(list(today)))
    for budget in BUDGETS:
        weights = replace(REDIVIDE, most_moved=budget)
        told = progress if budget == BUDGETS[0] else silent
        parts = Annealing(graph, home.copy(), cells, weights, home).run(seed, told)
        found = _smoothed(units, parts, cells, places, workload, fixed=borders)
        if moved_share(today, found.cells, places, workload) <= MOST_MOVED:
            break
    return found


def moved_share(before: Sequence[BaseGeometry], after: Sequence[BaseGeometry], places: Coordinates,
                workload: NDArray[np.float64]) -> float:  # fmt: skip
    """The share of workload whose cell is another one (the n-th stays the n-th)."""
    return float(workload[nearest(before, places) != nearest(after, places)].sum() / workload.sum())


def roundness(cells: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Polsby-Popper of each cell (1991): 4π area / perimeter²; 1 for a circle."""
    stretched = [shapely.transform(cell, Plane(cell).to_metres) for cell in cells]
    return np.asarray(4 * np.pi * shapely.area(stretched) / shapely.length(stretched) ** 2)


def _checked(territory: BaseGeometry, places: Coordinates, workload: NDArray[np.float64], cells: int) -> BaseGeometry:
    if len(places) < cells:
        raise TooFewCustomers
    if territory.is_empty or workload.sum() <= 0:
        raise NothingInside
    return shapely.set_precision(territory, GRID_DEGREES)


def _imbalance(graph: Graph, parts: Parts) -> float:
    loads = np.bincount(parts, weights=graph.weights)
    return float(loads.max() / loads.mean())


def _smoothed(
    units: Units,
    parts: Parts,
    cells: int,
    places: Coordinates,
    workload: NDArray[np.float64],
    fixed: BaseGeometry | None = None,
) -> Division:
    """Borders drawn straighter while the balance stays: people read streets, not the edges of hexagons."""
    rough = list(joined(units, parts, cells))
    imbalance = Division(rough, loads_of(rough, places, workload)).imbalance
    shapes = smooth(rough, places, workload, max(GOOD_IMBALANCE, imbalance), fixed)
    return Division(shapes, loads_of(shapes, places, workload))
