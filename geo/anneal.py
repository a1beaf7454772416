"""Simulated annealing of parts: single units change sides on the borders (Kirkpatrick, Gelatt & Vecchi 1983).

What is weighed: balance of workload, roundness of each part (whatever its size), and, where cells exist
already, the workload that would get another representative. A part never falls apart. What every unit on a
border would win is reckoned for all at once; only what may be taken is looked at one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.graph import Parts
from geo.partition import Parting
from geo.progress import Progress, silent

_Figures = NDArray[np.float64]
_FOUR_PI = 4 * math.pi


@dataclass(frozen=True, slots=True)
class Weights:
    """What annealing weighs, against one unit of squared imbalance.

    Unroundness of a part, and workload away from home (in shares of a usual cell's); without heat only what
    betters is taken. `heaviest` is the load (in shares of the mean) that no part may pass, `most_moved` the
    workload that may leave its home at most (in usual cells').
    """

    unround: float = 0.05
    move: float = 0.0
    heat: float = 0.004
    rounds: int = 60
    heaviest: float = math.inf
    most_moved: float = math.inf


class Annealing:
    """One run over a parting, in place."""

    def __init__(self, parting: Parting, weights: Weights, home: Parts | None = None) -> None:
        self._p, self._weights = parting, weights
        self._home = home
        self._loads = np.array(parting.weights)
        moved = 0.0 if home is None else float(self._loads[home != parting.array()].sum())
        self._may_move = weights.most_moved - moved

    def run(self, seed: int, progress: Progress = silent) -> None:
        """Rounds over all borders while it cools; the last third takes only what betters."""
        random = np.random.default_rng(seed)
        rounds = self._weights.rounds
        for n in range(rounds):
            heat = self._weights.heat * max(1 - 1.5 * n / rounds, 0.0) ** 2
            units, others, gains = self._candidates()
            least = heat * np.log(random.random(len(units)))
            chosen = np.flatnonzero(gains > least + 1e-12)
            chosen = random.permutation(chosen)
            taken = 0
            for unit, other, floor in zip(
                units[chosen].tolist(), others[chosen].tolist(), least[chosen].tolist(), strict=True
            ):
                taken += self._try(unit, other, floor)
            progress(n + 1, rounds)
            if not taken and heat == 0:
                progress(rounds, rounds)
                break

    def _candidates(self) -> tuple[Parts, Parts, _Figures]:
        """Every unit on a border with every part beside it, and what would be won."""
        p, graph = self._p, self._p.graph
        parts = p.array()
        ours, theirs = parts[graph.units], parts[graph.others]
        across = ours != theirs
        keys, which = np.unique(graph.units[across] * p.cells + theirs[across], return_inverse=True)
        toward = np.bincount(which, weights=graph.metres[across], minlength=len(keys))
        inner = np.bincount(graph.units[~across], weights=graph.metres[~across], minlength=len(parts))
        units, others = np.divmod(keys, p.cells)
        mine = parts[units]
        borders, areas, loads = np.array(p.borders), np.maximum(np.array(p.areas), 1e-9), np.array(p.loads)
        ground, outline = graph.areas[units], graph.outlines[units]
        before = borders**2 / areas
        giver = (borders[mine] + 2 * inner[units] - outline) ** 2 / np.maximum(areas[mine] - ground, 1e-9)
        taker = (borders[others] + outline - 2 * toward) ** 2 / (areas[others] + ground)
        w = self._loads[units]
        gains = self._weights.unround * (before[mine] + before[others] - giver - taker) / _FOUR_PI
        gains += 2 * w * (loads[mine] - loads[others] - w)
        gains[loads[others] + w > np.maximum(self._weights.heaviest, loads[mine]) + 1e-9] = -np.inf
        if self._home is not None:
            home = self._home[units]
            gains += self._weights.move * w * ((home == others).astype(float) - (home == mine))
        return units, others, gains

    def _try(self, unit: int, other: int, floor: float) -> bool:
        p = self._p
        mine, w = p.parts[unit], p.weights[unit]
        if other == mine or p.sizes[mine] == 1 or not p.touches(unit, other):
            return False
        if p.loads[other] + w > max(self._weights.heaviest, p.loads[mine]) + 1e-9 and w > 0:
            return False
        gain = self._weights.unround * p.rounder(unit, other) + 2 * w * (p.loads[mine] - p.loads[other] - w)
        away = 0.0
        if self._home is not None:
            home = int(self._home[unit])
            away = w * ((home == mine) - (home == other))
            gain -= self._weights.move * away
        if gain <= floor or away > self._may_move or not p.stays_whole(unit):
            return False
        self._may_move -= away
        p.move(unit, other)
        return True
