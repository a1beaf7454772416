"""Straightens borders between cells, one at a time, where the balance of workload allows it.

A border is what two cells share between the corners where three meet. Its straighter
form (Douglas & Peucker 1973) is taken if it crosses nothing and if what it moves from
one cell to the other leaves both within the bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.measure import Coordinates
from geo.shapes import as_multipolygon

# Shares of the border's own usual step by which it may leave its old course; the boldest first.
BOLDNESS = (2.2, 1.6, 1.0, 0.7)
_FEWEST_CORNERS = 7
_Shapes = NDArray[np.object_]


def smooth(
    cells: Sequence[BaseGeometry],
    places: Coordinates,
    workload: NDArray[np.float64],
    heaviest: float,
    fixed: BaseGeometry | None = None,
    most_moved: float = math.inf,
) -> list[BaseGeometry]:
    """The same cells with straighter borders.

    None becomes heavier than `heaviest` times the mean by it, and no more workload than
    `most_moved` changes sides.

    The outer border and what lies on the lines of `fixed` stay as they are. Cells must be a valid coverage.
    """
    arcs, sides = _arcs(cells)
    ledger = _Ledger(cells, places, workload, heaviest, most_moved)
    tree = shapely.STRtree(arcs)
    drawn = list(arcs)
    for n in np.argsort(-shapely.length(arcs)):
        left, right = sides[n]
        if right < 0 or (fixed is not None and shapely.covers(fixed, arcs[n])):
            continue
        near = [drawn[int(k)] for k in tree.query(arcs[n]) if int(k) != n]
        drawn[n] = _straighter(arcs[n], near, (left, right), cells, ledger)
    return _rebuilt(cells, drawn)


class _Ledger:
    """Each cell's workload while borders move, and the places still to be counted by where they lie."""

    def __init__(
        self,
        cells: Sequence[BaseGeometry],
        places: Coordinates,
        workload: NDArray[np.float64],
        heaviest: float,
        most_moved: float,
    ) -> None:
        points: Any = shapely.points(places)
        self.tree = shapely.STRtree(list(points))
        self.workload = workload
        self.loads = np.zeros(len(cells))
        cell, place = self.tree.query(np.array(cells, dtype=object), predicate="contains_properly")
        np.add.at(self.loads, cell, workload[place])
        self._bound = heaviest * workload.sum() / len(cells)
        self._may_move = most_moved

    def taken(self, giver: int, taker: int, net: float, gross: float) -> bool:
        """Whether the workload may change sides, and then it does.

        Within the bound, or towards the lighter one.
        """
        after = self.loads[taker] + net
        if gross > self._may_move or (after > self._bound and after > self.loads[giver]):
            return False
        self.loads[giver] -= net
        self.loads[taker] += net
        self._may_move -= gross
        return True


def _straighter(
    arc: BaseGeometry,
    near: list[BaseGeometry],
    sides: tuple[int, int],
    cells: Sequence[BaseGeometry],
    ledger: _Ledger,
) -> BaseGeometry:
    step = float(np.median(np.linalg.norm(np.diff(shapely.get_coordinates(arc), axis=0), axis=1)))
    for boldness in BOLDNESS:
        line = shapely.simplify(arc, boldness * step, preserve_topology=False)
        if not line.is_simple or line.equals_exact(arc) or _crosses(line, near):
            continue
        if ledger.taken(*_moves(arc, line, sides, cells, ledger)):
            return line
    return _by_halves(arc, near, sides, cells, ledger)


def _by_halves(
    arc: BaseGeometry,
    near: list[BaseGeometry],
    sides: tuple[int, int],
    cells: Sequence[BaseGeometry],
    ledger: _Ledger,
) -> BaseGeometry:
    """A border that cannot be straightened as a whole may be in parts, where they move less work."""
    corners = shapely.get_coordinates(arc)
    if len(corners) < _FEWEST_CORNERS or (corners[0] == corners[-1]).all():
        return arc
    middle = len(corners) // 2
    halves: list[Any] = [shapely.linestrings(part) for part in (corners[: middle + 1], corners[middle:])]
    first, second = halves
    first = _straighter(first, [*near, second], sides, cells, ledger)
    second = _straighter(second, [*near, first], sides, cells, ledger)
    whole: Any = np.vstack([shapely.get_coordinates(first), shapely.get_coordinates(second)[1:]])
    return shapely.LineString(whole)


def _crosses(line: BaseGeometry, near: list[BaseGeometry]) -> bool:
    """Whether it meets another border anywhere but at their shared ends."""
    ends = shapely.boundary(line)
    meetings = shapely.intersection(line, near)
    return bool((~shapely.is_empty(meetings) & ~shapely.covers(ends, meetings)).any())


def _moves(
    arc: BaseGeometry,
    line: BaseGeometry,
    sides: tuple[int, int],
    cells: Sequence[BaseGeometry],
    ledger: _Ledger,
) -> tuple[int, int, float, float]:
    """Giver, taker, workload on balance and in all, for the ground between the old course and the new."""
    slices = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union(arc, line))))
    left, right = sides
    is_lefts = shapely.covers(cells[left], shapely.point_on_surface(slices))
    piece, place = ledger.tree.query(slices, predicate="contains")
    from_left = float(ledger.workload[place[is_lefts[piece]]].sum())
    from_right = float(ledger.workload[place[~is_lefts[piece]]].sum())
    net, gross = from_left - from_right, from_left + from_right
    return (left, right, net, gross) if net >= 0 else (right, left, -net, gross)


def _arcs(cells: Sequence[BaseGeometry]) -> tuple[_Shapes, list[tuple[int, int]]]:
    """Borders as lines between the corners where they meet, and the cells beside each (-1: outside)."""
    array = np.array(cells, dtype=object)
    noded = shapely.line_merge(shapely.union_all(shapely.boundary(array)))
    lines = shapely.get_parts(noded)
    tree = shapely.STRtree(array)
    sides = []
    for line in lines:
        beside = sorted(int(k) for k in tree.query(line, predicate="intersects"))
        touching = [k for k in beside if shapely.covers(shapely.boundary(array[k]), line)]
        sides.append(
            (touching[0], touching[1]) if len(touching) == 2 else (touching[0] if touching else -1, -1)
        )
    return lines, sides


def _rebuilt(cells: Sequence[BaseGeometry], lines: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Cells from their borders: each face goes to the cell it shares most ground with."""
    faces = shapely.get_parts(shapely.polygonize(list(lines)))
    tree = shapely.STRtree(list(cells))
    face, cell = tree.query(faces, predicate="intersects")
    shared = shapely.area(shapely.intersection(faces[face], np.array(cells, dtype=object)[cell]))
    owner = np.full(len(faces), -1)
    order = np.argsort(shared)
    owner[face[order]] = np.where(shared[order] > 0, cell[order], -1)
    return [as_multipolygon(shapely.coverage_union_all(faces[owner == k])) for k in range(len(cells))]
