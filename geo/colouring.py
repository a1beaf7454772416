"""Colours for cells so that no two neighbours have the same: as few as can be found, the same for the same ground.

Neighbours lie side by side along more than a corner; drawings that miss one another by a little still do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

# From light to dark, warm and cold in turn: apart in a grey print and for every kind of colour-blindness, letters on
# them can be read. Further colours are these again with lines over them.
FILLS = ("#fff6cf", "#b9def2", "#f2b780", "#93a3d6", "#b5823c", "#62719f")

Pairs = NDArray[np.int64]
# Four are enough for any map of whole pieces, and five are found without looking long; pieces that lie apart, or on
# one another, can need more.
_FEWEST = 4
_MOST_STEPS = 5_000


def neighbours(shapes: Sequence[BaseGeometry], reach: float) -> Pairs:
    """Pairs (i, j) with i < j of shapes that run side by side within `reach`, in the shapes' own unit, or overlap.

    What meets in a corner alone is no neighbour: there each lies within reach of the other for a few `reach` only.
    """
    found = np.asarray(shapes, dtype=object)
    if len(found) < 2:
        return np.empty((0, 2), dtype=np.int64)
    left, right = shapely.STRtree(found).query(found, predicate="dwithin", distance=reach)
    left, right = left[left < right], right[left < right]
    # The one's border near the other: boundaries are enough, and a shape inside another lies along it whole.
    edges = shapely.boundary(found)
    near = shapely.buffer(found, reach, quad_segs=2)
    along = shapely.length(shapely.intersection(edges[left], near[right]))
    is_long = along > 4 * reach
    # A cell smaller than the reach is along its neighbour as far as it can be.
    is_long |= along >= 0.4 * np.minimum(shapely.length(edges[left]), shapely.length(edges[right]))
    pairs: Pairs = np.column_stack([left, right])[is_long].astype(np.int64)
    return pairs


def colours(count: int, pairs: Pairs) -> list[int]:
    """A colour (0, 1, 2, …) for each of so many cells; no pair has the same. Fewest that a bounded search finds."""
    near = _near(count, pairs)
    # With one more than the most neighbours no cell is ever left without.
    found = _search(near, max(map(len, near), default=0) + 1, count)
    most = max(found or (), default=-1) + 1
    for wanted in range(_FEWEST, most):
        better = _search(near, wanted, count + _MOST_STEPS // (most - _FEWEST))
        if better is not None:
            return better
    return found or []


def coloured(shapes: Sequence[BaseGeometry], reach: float) -> list[int]:
    """A colour for each shape; neighbours within `reach` of one another differ."""
    return colours(len(shapes), neighbours(shapes, reach))


def _near(count: int, pairs: Pairs) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs.tolist():
        near[a].add(b)
        near[b].add(a)
    return near


def _search(near: list[set[int]], wanted: int, steps: int) -> list[int] | None:
    """DSATUR (Brélaz 1979) with steps back; None when all steps are used up.

    Next is always the cell whose neighbours leave it the fewest colours. It takes one in use already where it can, and
    of those the one that is used least.
    """
    colour = [-1] * len(near)
    used = [0] * wanted
    trail: list[tuple[int, list[int]]] = []
    left = set(range(len(near)))
    while left:
        cell = min(left, key=lambda one: (-len(_taken(near, colour, one)), -len(near[one]), one))
        trail.append((cell, _choice(_taken(near, colour, cell), used)))
        left.discard(cell)
        while trail and not trail[-1][1]:
            _undo(trail, colour, used, left)
        if not trail:
            return None
        cell, choice = trail[-1]
        if colour[cell] >= 0:
            used[colour[cell]] -= 1
        colour[cell] = choice.pop()
        used[colour[cell]] += 1
        steps -= 1
        if steps < 0:
            return None
    return colour


def _choice(taken: set[int], used: list[int]) -> list[int]:
    """The colours left to a cell, the best one last."""
    known = max(_FEWEST, sum(map(bool, used)))
    left = [one for one in range(len(used)) if one not in taken]
    return sorted(left, key=lambda one: (one >= known, used[one], one), reverse=True)


def _undo(trail: list[tuple[int, list[int]]], colour: list[int], used: list[int], left: set[int]) -> None:
    """Back before the last cell, which found no colour."""
    cell, _ = trail.pop()
    if colour[cell] >= 0:
        used[colour[cell]] -= 1
    colour[cell] = -1
    left.add(cell)


def _taken(near: list[set[int]], colour: list[int], cell: int) -> set[int]:
    return {colour[one] for one in near[cell]} - {-1}
