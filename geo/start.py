"""Initial division by recursive bisection: the work is halved across its longest extent, and so on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from geo.graph import Graph, Parts
from geo.measure import Coordinates


def start(graph: Graph, cells: int, seed: int) -> Parts:
    """A part for every unit, contiguous and roughly alike in work; the seed turns the lines a little."""
    parts = _halves(graph.middles, graph.weights, cells, np.random.default_rng(seed))
    graph.mend(parts, cells)
    return parts


def _halves(at: Coordinates, load: NDArray[np.float64], cells: int, random: np.random.Generator) -> Parts:
    """Recursive bisection (Berger & Bokhari 1987)."""
    parts = np.zeros(len(at), dtype=np.int64)
    todo = [(np.arange(len(at)), 0, cells)]
    while todo:
        members, first, count = todo.pop()
        if count == 1 or len(members) < 2:
            parts[members] = first
            continue
        apart = at[members] - at[members].mean(axis=0)
        axes = np.linalg.eigh(apart.T @ (apart * load[members][:, None]))[1]
        turn = random.normal(0, 0.15)
        along = apart @ (axes[:, 1] * math.cos(turn) + axes[:, 0] * math.sin(turn))
        order = members[np.argsort(along, kind="stable")]
        sums = np.cumsum(load[order])
        cut = int(np.searchsorted(sums, sums[-1] * (count // 2) / count, side="left")) + 1
        cut = min(max(cut, 1), len(order) - 1)
        todo += [(order[:cut], first, count // 2), (order[cut:], first + count // 2, count - count // 2)]
    return parts
