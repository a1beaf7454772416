"""A partition of units into parts, with each part's weight, ground and borders.

Kept true while single units change sides.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from geo.graph import Graph, Parts

_Figures = NDArray[np.float64]
_FOUR_PI = 4 * math.pi


class Parting:
    """The parts of a graph. Loads are in shares of the mean; a border with the outside counts for nobody."""

    def __init__(self, graph: Graph, parts: Parts, cells: int) -> None:
        self.graph, self.cells = graph, cells
        self.mean = max(float(graph.weights.sum()) / cells, 1e-12)
        self.weights: list[float] = (graph.weights / self.mean).tolist()
        self._grounds: list[float] = graph.areas.tolist()
        self._outlines: list[float] = graph.outlines.tolist()
        self.parts: list[int] = parts.tolist()
        self.sizes: list[int] = np.bincount(parts, minlength=cells).tolist()
        self.loads: list[float] = np.bincount(
            parts, weights=graph.weights / self.mean, minlength=cells
        ).tolist()
        self.areas: list[float] = np.bincount(parts, weights=graph.areas, minlength=cells).tolist()
        ours = parts[graph.units]
        across = ours != parts[graph.others]
        self.borders: list[float] = np.bincount(
            ours[across], weights=graph.metres[across], minlength=cells
        ).tolist()

    def array(self) -> Parts:
        """The part of every unit."""
        return np.array(self.parts, dtype=np.int64)

    def unroundness(self, part: int) -> float:
        """Border² / (4π area): 1 for a circle, more the less round (Polsby & Popper's figure turned over)."""
        return self.borders[part] ** 2 / (_FOUR_PI * max(self.areas[part], 1e-9))

    def rounder(self, unit: int, other: int) -> float:
        """How much rounder the two parts were together if a unit went to the other."""
        mine = self.parts[unit]
        inner, toward = self._shared(unit, other)
        rest = self._outlines[unit] - 2 * toward
        ground = self._grounds[unit]
        giver = (self.borders[mine] + 2 * inner - self._outlines[unit]) ** 2 / max(
            self.areas[mine] - ground, 1e-9
        )
        taker = (self.borders[other] + rest) ** 2 / max(self.areas[other] + ground, 1e-9)
        return self.unroundness(mine) + self.unroundness(other) - (giver + taker) / _FOUR_PI

    def _shared(self, unit: int, other: int) -> tuple[float, float]:
        """A unit's border with the rest of its own part, and with the other, in metres."""
        parts, mine = self.parts, self.parts[unit]
        inner = toward = 0.0
        for near, metres in self.graph.borders[unit].items():
            part = parts[near]
            if part == mine:
                inner += metres
            elif part == other:
                toward += metres
        return inner, toward

    def move(self, unit: int, other: int) -> None:
        """A unit goes to another part."""
        mine, borders = self.parts[unit], self.borders
        inner, toward = self._shared(unit, other)
        self.parts[unit] = other
        borders[mine] += 2 * inner - self._outlines[unit]
        borders[other] += self._outlines[unit] - 2 * toward
        self.loads[mine] -= self.weights[unit]
        self.loads[other] += self.weights[unit]
        self.areas[mine] -= self._grounds[unit]
        self.areas[other] += self._grounds[unit]
        self.sizes[mine] -= 1
        self.sizes[other] += 1

    def stays_whole(self, unit: int) -> bool:
        """Whether a unit's part stays connected without it.

        Its neighbours there reach each other without it.
        """
        parts, neighbours, part = self.parts, self.graph.neighbours, self.parts[unit]
        mine = [n for n in neighbours[unit] if parts[n] == part]
        if len(mine) <= 1:
            return bool(mine)
        if len(mine) == 2 and mine[1] in self.graph.borders[mine[0]]:
            return True
        wanted, seen, queue = set(mine[1:]), {unit, mine[0]}, deque([mine[0]])
        while queue and wanted:
            for near in neighbours[queue.popleft()]:
                if near not in seen and parts[near] == part:
                    seen.add(near)
                    wanted.discard(near)
                    queue.append(near)
        return not wanted

    def touches(self, unit: int, part: int) -> bool:
        """Whether a unit has a neighbour in a part."""
        return any(self.parts[near] == part for near in self.graph.neighbours[unit])
