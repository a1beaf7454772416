"""Simulated annealing of parts: single units change sides on the borders (Kirkpatrick, Gelatt & Vecchi 1983).

What is weighed: balance of workload, length of borders, and, where cells exist already, the workload that would get
another representative. A part never falls apart.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from geo.graph import Graph, Parts
from geo.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Weights:
    """What annealing weighs, against one unit of squared imbalance: border (in shares of a usual cell's perimeter), and
    moved workload (in shares of a usual cell's); without heat only what betters is taken. `most_moved` is the share of
    all workload that may leave its home at most."""

    border: float = 1.0
    move: float = 0.0
    heat: float = 0.01
    most_moved: float = 1.0
    steps_a_unit: int = 60


class Annealing:
    """One run over the parts of a graph, in place."""

    def __init__(self, graph: Graph, parts: Parts, cells: int, weights: Weights, home: Parts | None = None) -> None:
        self._graph, self._weights = graph, weights
        self._parts: list[int] = parts.tolist()
        self._home: list[int] | None = home.tolist() if home is not None else None
        self._loads: list[float] = np.bincount(parts, weights=graph.weights, minlength=cells).tolist()
        self._sizes: list[int] = np.bincount(parts, minlength=cells).tolist()
        self._target = float(graph.weights.sum()) / cells
        self._may_move = weights.most_moved * float(graph.weights.sum())
        # What a round cell of the usual size has for a border; METIS's own borders would do as well.
        cut = sum(
            m for unit, near in enumerate(graph.borders) for other, m in near.items() if parts[unit] != parts[other]
        )
        self._perimeter = max(cut / cells, 1e-9)

    def run(self, seed: int, progress: Progress = silent) -> Parts:
        """Units tried in random order while it cools; then only what betters is taken."""
        random = np.random.default_rng(seed)
        units = len(self._parts)
        steps = self._weights.steps_a_unit * units
        chunk = max(steps // 50, 1)
        weights = self._graph.weights.tolist()
        for begin in range(0, steps, chunk):
            heat = self._weights.heat * max(1 - 1.25 * begin / steps, 0.0) ** 2
            picks = random.integers(0, units, chunk).tolist()
            draws = random.random((chunk, 2)).tolist()
            for unit, (choice, draw) in zip(picks, draws, strict=True):
                self._try(unit, weights[unit], choice, draw, heat)
            progress(begin + chunk, steps)
        return np.array(self._parts, dtype=np.int64)

    def _try(self, unit: int, weight: float, choice: float, draw: float, heat: float) -> None:
        near = self._graph.neighbours[unit]
        if not near:
            return
        parts, mine = self._parts, self._parts[unit]
        other = parts[near[int(choice * len(near))]]
        if other == mine or self._sizes[mine] == 1:
            return
        if self._home is not None and self._home[unit] == mine and weight > self._may_move:
            return
        gain = self._gain(unit, weight, mine, other)
        if (gain > 0 or (heat > 0 and draw < math.exp(gain / heat))) and self._stays_whole(unit, mine):
            parts[unit] = other
            if self._home is not None:
                self._may_move += weight * ((self._home[unit] == other) - (self._home[unit] == mine))
            self._loads[mine] -= weight
            self._loads[other] += weight
            self._sizes[mine] -= 1
            self._sizes[other] += 1

    def _gain(self, unit: int, weight: float, mine: int, other: int) -> float:
        w = weight / self._target
        # ((a-1)² + (b-1)²) before, less the same after the move of w from a to b.
        gain = 2 * w * ((self._loads[mine] - self._loads[other]) / self._target - w)
        border = 0.0
        parts = self._parts
        for near, metres in self._graph.borders[unit].items():
            part = parts[near]
            if part == other:
                border += metres
            elif part == mine:
                border -= metres
        gain += self._weights.border * border / self._perimeter
        if self._home is not None:
            home = self._home[unit]
            gain += self._weights.move * w * ((home == other) - (home == mine))
        return gain

    def _stays_whole(self, unit: int, part: int) -> bool:
        """Whether a part stays connected without a unit: its neighbours in it must reach each other without it."""
        parts, neighbours = self._parts, self._graph.neighbours
        mine = [n for n in neighbours[unit] if parts[n] == part]
        if len(mine) <= 1:
            return bool(mine)
        wanted, seen, queue = set(mine[1:]), {unit, mine[0]}, deque([mine[0]])
        while queue and wanted:
            for near in neighbours[queue.popleft()]:
                if near not in seen and parts[near] == part:
                    seen.add(near)
                    wanted.discard(near)
                    queue.append(near)
        return not wanted
