"""Graph colouring of cells: no two neighbours have the same colour.

As few as can be found, the same for the same ground.

Neighbours lie side by side along more than a corner; drawings that miss one another by a little still do.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.mapping import around, plane_around

# From light to dark, warm and cold in turn: apart in a grey print and for every kind of colour-blindness,
# letters on them can be read. Further colours are these again with lines over them.
FILLS = ("#fff6cf", "#b9def2", "#f2b780", "#93a3d6", "#b5823c", "#62719f")

Pairs = NDArray[np.int64]
# Four are enough for any map of whole pieces, and five are found without looking long; pieces that lie apart,
# or on one another, can need more.
_FEWEST = 4
_MOST_STEPS = 5_000
# What lies nearer than this part of the whole looks like touching on a screen.
_SCREEN = 1500


def neighbours(shapes: Sequence[BaseGeometry], reach: float) -> Pairs:
    """Pairs (i, j) with i < j of shapes that overlap or run side by side within `reach` (in their own unit).

    What meets in a corner alone is no neighbour: there each lies within reach of the other
    for a few `reach` only.
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
    """A colour (0, 1, 2, …) for each of so many cells; no pair has the same.

    Fewest that a bounded search finds.
    """
    near = _near(count, pairs)
    # With one more than the most neighbours no cell is ever left without.
    found = _search(near, max(map(len, near), default=0) + 1, count)
    most = max(found or (), default=-1) + 1
    for wanted in range(_FEWEST, min(most, len(FILLS) + 1)):
        better = _search(near, wanted, count + _MOST_STEPS)
        if better is not None:
            return better
    return found or []


def coloured(shapes: Sequence[BaseGeometry], reach: float) -> list[int]:
    """A colour for each shape; neighbours within `reach` of one another differ."""
    return colours(len(shapes), neighbours(shapes, reach))


def fills(shapes: Sequence[BaseGeometry]) -> list[str]:
    """A fill for each shape in degrees, to be looked at as a whole.

    What seems to touch on a screen differs.
    """
    if not len(shapes):
        return []
    plane = plane_around(shapes)
    west, south, east, north = around(shapely.bounds(plane))
    found = coloured(list(plane), max(east - west, north - south) / _SCREEN)
    return [FILLS[one % len(FILLS)] for one in found]


def _near(count: int, pairs: Pairs) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs.tolist():
        near[a].add(b)
        near[b].add(a)
    return near


def _search(near: list[set[int]], wanted: int, steps: int) -> list[int] | None:
    """DSATUR (Brélaz 1979) with steps back; None when all steps are used up, or there is no way.

    Next is always the cell whose neighbours leave it the fewest colours. It takes one in use already where it
    can, and of those the one that is used least.
    """
    state = _State(near, wanted)
    trail: list[tuple[int, list[int]]] = []
    for _ in range(steps):
        cell = state.next()
        if cell is None:
            return state.colour
        trail.append((cell, state.choice(cell)))
        while trail and not trail[-1][1]:
            state.take_back(trail.pop()[0], is_left=True)
        if not trail:
            return None
        cell, choice = trail[-1]
        state.take_back(cell)
        state.give(cell, choice.pop())
    return state.colour if state.next() is None else None


class _State:
    """Which cell has which colour, and what that leaves to its neighbours."""

    def __init__(self, near: list[set[int]], wanted: int) -> None:
        self.colour = [-1] * len(near)
        self._near, self._used = near, [0] * wanted
        self._taken: list[dict[int, int]] = [{} for _ in near]
        # Entries grow old as neighbours are coloured; `next` passes over those.
        self._queue = [self._entry(cell) for cell in range(len(near))]
        heapify(self._queue)

    def _entry(self, cell: int) -> tuple[int, int, int]:
        return -len(self._taken[cell]), -len(self._near[cell]), cell

    def next(self) -> int | None:
        """The cell without a colour that has the fewest left; None when all have one."""
        while self._queue:
            entry = heappop(self._queue)
            if self.colour[entry[2]] < 0 and entry == self._entry(entry[2]):
                return entry[2]
        return None

    def choice(self, cell: int) -> list[int]:
        """The colours left to a cell, the best one last."""
        known = max(_FEWEST, sum(map(bool, self._used)))
        left = [one for one in range(len(self._used)) if one not in self._taken[cell]]
        return sorted(left, key=lambda one: (one >= known, self._used[one], one), reverse=True)

    def give(self, cell: int, colour: int) -> None:
        """A cell has this colour now."""
        self.colour[cell] = colour
        self._used[colour] += 1
        for one in self._near[cell]:
            self._taken[one][colour] = self._taken[one].get(colour, 0) + 1
            self._ask_again(one)

    def take_back(self, cell: int, *, is_left: bool = False) -> None:
        """A cell has no colour any more; it `is_left` for later, or gets another at once."""
        colour, self.colour[cell] = self.colour[cell], -1
        if colour >= 0:
            self._used[colour] -= 1
            for one in self._near[cell]:
                self._taken[one][colour] -= 1
                if not self._taken[one][colour]:
                    del self._taken[one][colour]
                self._ask_again(one)
        if is_left:
            self._ask_again(cell)

    def _ask_again(self, cell: int) -> None:
        if self.colour[cell] < 0:
            heappush(self._queue, self._entry(cell))
