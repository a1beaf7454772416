"""Travel seconds between places: great circles times a detour factor, round water by its crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.measure import Coordinates, distances_m
from geo.units import Plane

DETOUR = 1.35
SPEED_M_PER_MINUTE = 500.0
# A way may leave the land by so much: outlines are drawn more coarsely than roads.
_SHORE_M = 400.0


@dataclass(frozen=True, slots=True)
class Going:
    """How fast it goes: a factor on the straight line, and metres a minute on the way."""

    detour: float = DETOUR
    speed_m_per_minute: float = SPEED_M_PER_MINUTE

    def seconds(self, metres: NDArray[np.float64]) -> NDArray[np.int64]:
        """Straight metres as seconds of travel."""
        return np.asarray(np.ceil(metres * self.detour / self.speed_m_per_minute * 60), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A bridge, tunnel or ferry: its two ends (lng, lat)."""

    ends: tuple[tuple[float, float], tuple[float, float]]


def straight_s(places: Coordinates, going: Going) -> NDArray[np.int64]:
    """Travel seconds (n, n) by the straight line."""
    return going.seconds(distances_m(places, places))


class Land:
    """Ground that water divides.

    A way never crosses the water in a straight line, but by shore and crossings.

    Made once from a coarse outline; `seconds` then serves any places on it. Ways round are shortest paths
    over the outline's corners (a visibility graph; Lozano-Pérez & Wesley 1979).
    """

    def __init__(self, outline: BaseGeometry, crossings: Sequence[Crossing], going: Going) -> None:
        self._going, self._plane = going, Plane(outline)
        stretched = shapely.transform(outline, self._plane.to_metres)
        self._land = shapely.buffer(shapely.simplify(stretched, _SHORE_M), _SHORE_M)
        shapely.prepare(self._land)
        corners = shapely.get_coordinates(shapely.simplify(stretched, 2 * _SHORE_M))
        ends = np.array([end for crossing in crossings for end in crossing.ends], dtype=np.float64).reshape(
            -1, 2
        )
        self._nodes = np.vstack([self._plane.to_metres(ends), np.unique(corners, axis=0)])
        ways = self._visible(self._nodes, self._nodes)
        for n in range(0, len(ends), 2):
            length = float(np.linalg.norm(self._nodes[n] - self._nodes[n + 1]))
            ways[n, n + 1] = ways[n + 1, n] = length
        # Only who has crossings needs it: every process would begin later by it.
        from scipy.sparse.csgraph import dijkstra

        self._between = dijkstra(np.where(np.isinf(ways), 0, ways), directed=False)

    def seconds(self, places: Coordinates) -> NDArray[np.int64]:
        """Travel seconds (n, n); a pair that no way on land joins goes straight."""
        metres = self._plane.to_metres(places)
        direct = self._visible(metres, metres)
        if np.isinf(direct).any():
            out = self._visible(metres, self._nodes)
            for n, first in enumerate(out):
                # The best first node towards every node, then the best last one; place by place, or it
                # fills the memory.
                to_nodes = (first[:, None] + self._between).min(axis=0)
                direct[n] = np.minimum(direct[n], (to_nodes + out).min(axis=1))
        straight = distances_m(places, places)
        return self._going.seconds(np.where(np.isinf(direct), straight, np.maximum(direct, straight)))

    def _visible(self, one: Coordinates, other: Coordinates) -> NDArray[np.float64]:
        """Metres (n, m) between places that see each other over land; infinite where water lies between."""
        lines = shapely.linestrings(
            np.stack(np.broadcast_arrays(one[:, None, :], other[None, :, :]), axis=2).reshape(-1, 2, 2)
        )
        seen = shapely.covers(self._land, lines).reshape(len(one), len(other))
        gaps = np.linalg.norm(one[:, None, :] - other[None, :, :], axis=2)
        return np.where(seen | (gaps < 1), gaps, np.inf)
