"""Units and their shared borders as a graph: parts cut by METIS, mended where they fell apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
import pymetis
import shapely
from numpy.typing import NDArray

from geo.units import Units

Parts = NDArray[np.int64]


class Graph:
    """Adjacency of units with border lengths; islands are tied to the mainland by a bridge of no length."""

    def __init__(self, units: Units) -> None:
        self.weights, self.middles = units.weights, units.middles
        self.borders: list[dict[int, float]] = [{} for _ in units.weights]
        for (a, b), metres in zip(units.pairs.tolist(), units.borders_m.tolist(), strict=True):
            self.borders[a][b] = self.borders[b][a] = metres
        self._bridge_islands()
        self.neighbours = [sorted(near) for near in self.borders]

    def _bridge_islands(self) -> None:
        """METIS needs one connected graph: each island is tied to the nearest unit of another."""
        islands = sorted(components(self.borders, range(len(self.weights))), key=len)
        for n, small in enumerate(islands[:-1]):
            rest = np.array([unit for other in islands[n + 1 :] for unit in other])
            tree = shapely.STRtree(shapely.points(self.middles[rest]))
            pairs, gaps = tree.query_nearest(
                shapely.points(self.middles[small]), return_distance=True, all_matches=False
            )
            best = int(gaps.argmin())
            a, b = small[int(pairs[0][best])], int(rest[pairs[1][best]])
            self.borders[a].setdefault(b, 0.0)
            self.borders[b].setdefault(a, 0.0)

    def cut(self, cells: int, seed: int) -> Parts:
        """A part for every unit, contiguous and about alike (METIS k-way; Karypis & Kumar 1998)."""
        # A little weight for every unit keeps land without customers from joining one cell.
        scaled = np.round(self.weights / self.weights.sum() * 1_000_000).astype(int) + 1
        options = pymetis.Options(contig=1, seed=seed, ufactor=10)
        longest = max((metres for near in self.borders for metres in near.values()), default=1.0)
        starts = np.cumsum([0, *map(len, self.neighbours)]).tolist()
        flat = [near for list_ in self.neighbours for near in list_]
        edges = [
            int(self.borders[unit][near] / longest * 1000) + 1
            for unit, list_ in enumerate(self.neighbours)
            for near in list_
        ]
        _, membership = pymetis.part_graph(
            cells,
            pymetis.CSRAdjacency(starts, flat),
            vweights=scaled.tolist(),
            eweights=edges,
            options=options,
            recursive=False,
        )
        parts = np.array(membership, dtype=np.int64)
        self._fill_empty(parts, cells)
        self.mend(parts)
        return parts

    def _fill_empty(self, parts: Parts, cells: int) -> None:
        """METIS may leave a part without units: it takes one from the part with most."""
        for part in range(cells):
            if not (parts == part).any():
                donor = int(np.bincount(parts, minlength=cells).argmax())
                members = np.flatnonzero(parts == donor)
                parts[members[self.weights[members].argmax()]] = part

    def mend(self, parts: Parts) -> None:
        """Every part keeps its heaviest component; the others go to the lightest part next to them."""
        for part in np.unique(parts):
            groups = components(self.borders, np.flatnonzero(parts == part).tolist())
            groups.sort(key=lambda group: -self.weights[group].sum())
            for group in groups[1:]:
                around = sorted({int(parts[near]) for unit in group for near in self.borders[unit]} - {int(part)})
                if around:
                    loads = [self.weights[parts == p].sum() for p in around]
                    parts[group] = around[int(np.argmin(loads))]

    def disconnected(self, parts: Parts) -> list[int]:
        """Parts that do not hang together (a bridge to an island counts as hanging together)."""
        return [
            int(part)
            for part in np.unique(parts)
            if len(components(self.borders, np.flatnonzero(parts == part).tolist())) > 1
        ]


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
