"""Scores a division independently: nothing of the code that divides is used here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

_DEGREE_M = 111_195.0
# What rounding to the storing grid (1e-7 degrees) may leave between two neighbours: a
# strip this wide, in degrees.
_ROUNDING = 2e-7


@dataclass(frozen=True, slots=True)
class Score:
    """Cover (shares of the ground), cells torn apart, balance, and roundness of the inner cells."""

    uncovered: float
    doubled: float
    outside: float
    torn: list[int]
    loads: NDArray[np.float64]
    inner: NDArray[np.float64]

    @property
    def imbalance(self) -> float:
        """The heaviest cell over the mean."""
        return float(self.loads.max() / self.loads.mean())

    @property
    def is_exact(self) -> bool:
        """Every place in one cell, within rounding."""
        return max(self.uncovered, self.doubled, self.outside) < 1e-9


def score(
    territory: BaseGeometry,
    cells: Sequence[BaseGeometry],
    places: NDArray[np.float64],
    workload: NDArray[np.float64],
) -> Score:
    """A division's figures; a place in no cell counts for the nearest."""
    shapes = np.array(cells, dtype=object)
    whole = shapely.union_all(shapes)
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    pairs = left < right
    shared = shapely.intersection(shapes[left[pairs]], shapes[right[pairs]])
    loads = np.bincount(cell_of(shapes, places), weights=workload, minlength=len(shapes)).astype(np.float64)
    return Score(
        _broad(shapely.difference(territory, whole)) / territory.area,
        sum(_broad(one) for one in shared) / territory.area,
        _broad(shapely.difference(whole, territory)) / territory.area,
        torn(territory, shapes),
        loads,
        _inner_roundness(territory, shapes),
    )


def cell_of(
    cells: Sequence[BaseGeometry] | NDArray[np.object_], places: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The cell of each place; of one in no cell the nearest."""
    found = np.empty(len(places), dtype=np.int64)
    place, cell = shapely.STRtree(cells).query_nearest(shapely.points(places), all_matches=False)
    found[place] = cell
    return found


def moved(
    before: Sequence[BaseGeometry],
    after: Sequence[BaseGeometry],
    places: NDArray[np.float64],
    workload: NDArray[np.float64],
) -> float:
    """The share of the work that lies in another cell afterwards (the n-th stays the n-th)."""
    return float(workload[cell_of(before, places) != cell_of(after, places)].sum() / workload.sum())


def torn(territory: BaseGeometry, shapes: NDArray[np.object_]) -> list[int]:
    """Cells in more pieces than one on the same part of the ground.

    An island may belong to a cell across the water.
    """
    lands = shapely.get_parts(shapely.set_precision(territory, 1e-7))
    found = []
    for n, shape in enumerate(shapes):
        pieces = shapely.get_parts(shape)
        if len(pieces) > 1:
            inside = shapely.point_on_surface(pieces)
            owner = shapely.STRtree(lands).query_nearest(inside, all_matches=False)[1]
            if len(np.unique(owner)) < len(pieces):
                found.append(n)
    return found


def roundness(shape: BaseGeometry) -> float:
    """Polsby-Popper: 4 π area / perimeter², on a plane stretched round the shape itself."""
    across = math.cos(math.radians(shape.centroid.y)) * _DEGREE_M
    flat = shapely.transform(shape, lambda xy: xy * [across, _DEGREE_M])
    return float(4 * math.pi * flat.area / flat.length**2)


def _inner_roundness(territory: BaseGeometry, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    coast = shapely.boundary(territory)
    shapely.prepare(coast)
    inner = shapely.distance(shapes, coast) > 1e-6
    return np.array([roundness(shape) for shape in shapes[inner]])


def _broad(shape: BaseGeometry) -> float:
    """The area that is no strip of rounding."""
    parts = shapely.get_parts(shapely.make_valid(shape))
    parts = np.array([p for part in parts for p in shapely.get_parts(part) if p.area > 0], dtype=object)
    if not len(parts):
        return 0.0
    return float(shapely.area(parts)[2 * shapely.area(parts) > _ROUNDING * shapely.length(parts)].sum())
