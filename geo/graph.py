"""The graph of units and their shared borders.

Mended where parts fell apart, gathered to fewer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, QhullError

from geo.measure import Coordinates
from geo.units import Units

Parts = NDArray[np.int64]
_Figures = NDArray[np.float64]


class Graph:
    """Adjacency of units with border lengths.

    Islands are tied together and to the mainland by bridges of no length.

    Bridges form a tree: what hangs together by them still hangs together on each island.
    """

    def __init__(self, units: Units) -> None:
        weights, middles = units.weights, units.middles
        pairs, borders = units.pairs, units.borders_m
        self.weights, self.middles, self.areas = weights, middles, units.areas_m2
        bridges = _bridges(len(weights), middles, pairs)
        pairs = np.concatenate([pairs.reshape(-1, 2), bridges])
        borders = np.concatenate([borders, np.zeros(len(bridges))])
        self.pairs, self.pair_borders = pairs, borders
        # Each border from both its sides.
        self.units, self.others = np.concatenate([pairs, pairs[:, ::-1]]).T
        self.metres = np.concatenate([borders, borders])
        self.outlines = np.bincount(self.units, weights=self.metres, minlength=len(weights))
        self.borders: list[dict[int, float]] = [{} for _ in weights]
        for (a, b), metres in zip(pairs.tolist(), borders.tolist(), strict=True):
            self.borders[a][b] = self.borders[b][a] = metres
        self.neighbours = [sorted(near) for near in self.borders]

    def gathered(self, home: Parts | None = None) -> tuple[Graph, Parts]:
        """A graph of the units with work alone, each with the empty ground nearest to it.

        With it, whose each unit is.

        Empty ground never joins work of another `home`; where it finds none, it stays alone.
        """
        a, b = self.pairs.T
        apart = np.linalg.norm(self.middles[a] - self.middles[b], axis=1) + 1e-6
        within = np.ones(len(a), dtype=bool) if home is None else home[a] == home[b]
        count = len(self.weights)
        ways = csr_array((apart[within], (a[within], b[within])), shape=(count, count))
        busy = np.flatnonzero(self.weights > 0)
        far, _, source = dijkstra(ways, directed=False, indices=busy, min_only=True, return_predecessors=True)
        _, label = np.unique(np.where(np.isfinite(far), source, np.arange(count)), return_inverse=True)
        label = label.ravel().astype(np.int64)
        return self._joined(label), label

    def _joined(self, label: Parts) -> Graph:
        count = int(label.max()) + 1
        weights = np.bincount(label, weights=self.weights, minlength=count).astype(np.float64)
        areas = np.bincount(label, weights=self.areas, minlength=count).astype(np.float64)
        # Work lies where its unit is; empty ground has no say in that, unless there is no work at all.
        say = np.where((weights == 0)[label], self.areas, self.weights)
        total = np.bincount(label, weights=say, minlength=count)
        middles = np.column_stack(
            [np.bincount(label, weights=say * m, minlength=count) / total for m in self.middles.T]
        )
        ends = np.sort(label[self.pairs], axis=1)
        across = ends[:, 0] != ends[:, 1]
        pairs, which = np.unique(ends[across], axis=0, return_inverse=True)
        borders = np.bincount(which.ravel(), weights=self.pair_borders[across], minlength=len(pairs)).astype(
            float
        )
        return Graph(
            Units(np.empty(0, dtype=object), weights, middles, areas, pairs.astype(np.int64), borders)
        )

    def mend(self, parts: Parts, cells: int) -> None:
        """Every part gets a unit and keeps its heaviest component.

        The others go to the lightest part next to them.
        """
        loads = np.bincount(parts, weights=self.weights, minlength=cells)
        for part in np.flatnonzero(np.bincount(parts, minlength=cells) == 0):
            members = np.flatnonzero(parts == int(loads.argmax()))
            unit = members[self.weights[members].argmax()]
            loads[parts[unit]] -= self.weights[unit]
            parts[unit], loads[part] = part, self.weights[unit]
        for _ in range(len(parts)):
            if not self._mended_once(parts, cells):
                return

    def _mended_once(self, parts: Parts, cells: int) -> bool:
        """Whether there was anything to mend."""
        component = self._components(parts)
        weights = np.bincount(component, weights=self.weights)
        sizes = np.bincount(component)
        whose = np.zeros(len(weights), dtype=np.int64)
        whose[component] = parts
        order = np.lexsort([sizes, weights, whose])
        last = np.append(np.diff(whose[order]) != 0, True)
        loose = np.sort(order[~last])
        loads = np.bincount(parts, weights=self.weights, minlength=cells)
        for group in loose.tolist():
            members = np.flatnonzero(component == group)
            around = sorted(
                {int(parts[near]) for unit in members.tolist() for near in self.borders[unit]}
                - {int(parts[members[0]])}
            )
            if not around:
                # What was loose beside it has joined it meanwhile; the next look tells.
                continue
            into = min(around, key=lambda part: (loads[part], part))
            loads[parts[members[0]]] -= weights[group]
            loads[into] += weights[group]
            parts[members] = into
        return bool(len(loose))

    def _components(self, parts: Parts) -> Parts:
        """Which units hang together within their part."""
        a, b = self.pairs[parts[self.pairs[:, 0]] == parts[self.pairs[:, 1]]].T
        ways = csr_array((np.ones(len(a)), (a, b)), shape=(len(parts), len(parts)))
        return np.asarray(connected_components(ways, directed=False)[1], dtype=np.int64)

    def disconnected(self, parts: Parts) -> list[int]:
        """Parts that do not hang together (a bridge to an island counts as hanging together)."""
        whole = np.unique(np.column_stack([parts, self._components(parts)]), axis=0)
        return [int(part) for part in np.flatnonzero(np.bincount(whole[:, 0]) > 1)]


def _bridges(count: int, middles: Coordinates, pairs: Parts) -> Parts:
    """The shortest ties that make one graph of islands.

    Their least spanning tree, found among Delaunay's edges.
    """
    ways = csr_array((np.ones(len(pairs)), tuple(pairs.reshape(-1, 2).T)), shape=(count, count))
    islands, island = connected_components(ways, directed=False)
    if islands == 1:
        return np.empty((0, 2), dtype=np.int64)
    # One unit of each island after the other, so that there is a way to each whatever the
    # triangles leave out.
    some = np.unique(island, return_index=True)[1]
    near = np.concatenate([_near_pairs(middles), np.column_stack([some[:-1], some[1:]])])
    near = near[island[near[:, 0]] != island[near[:, 1]]]
    apart = np.linalg.norm(middles[near[:, 0]] - middles[near[:, 1]], axis=1) + 1e-6
    ends = np.sort(island[near], axis=1)
    order = np.lexsort([near[:, 1], near[:, 0], apart, ends[:, 1], ends[:, 0]])
    _, first = np.unique(ends[order], axis=0, return_index=True)
    best = order[first]
    tree = minimum_spanning_tree(
        csr_array((apart[best], tuple(ends[best].T)), shape=(islands, islands))
    ).tocoo()
    chosen = {(min(a, b), max(a, b)) for a, b in zip(tree.row.tolist(), tree.col.tolist(), strict=True)}
    return np.array([near[n] for n in best if tuple(ends[n].tolist()) in chosen], dtype=np.int64)


def _near_pairs(middles: Coordinates) -> Parts:
    """Pairs of units among which the nearest of any two groups are found."""
    try:
        corners = Delaunay(middles).simplices
    except QhullError:
        # Too few, or all on one line.
        return np.array([(a, b) for a in range(len(middles)) for b in range(a)], dtype=np.int64)
    sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    return np.unique(np.sort(sides, axis=1), axis=0).astype(np.int64)


def components(borders: list[dict[int, float]], members: Iterable[int]) -> list[list[int]]:
    """The groups of these members that hang together."""
    members = list(members)
    left, found = set(members), []
    for start in members:
        if start not in left:
            continue
        left.discard(start)
        group, queue = [start], deque([start])
        while queue:
            for near in borders[queue.popleft()]:
                if near in left:
                    left.discard(near)
                    group.append(near)
                    queue.append(near)
        found.append(group)
    return found
