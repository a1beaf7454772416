"""Chooses the sites of a division's small units, denser where the work is.

One for each place of work or few of them, fewer where none is.

Squares halved again and again where the work is dense (a quadtree; Finkel & Bentley
1974), neighbours never more than one halving apart; what is still too heavy is parted
until each piece is light enough or a single place.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.measure import Coordinates

_Whole = NDArray[np.int64]
_Loads = NDArray[np.float64]
# Halvings of a square beyond the usual one, and partings of what is still too heavy after them.
_MOST_HALVINGS, _MOST_PARTINGS = 14, 60
# Squares are halved while they hold more than so many units' work: what is finer than
# that lies close together.
_COARSER = 3.3
_ROW = 2**31
_AROUND = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]


def sites_of(ground: BaseGeometry, at: Coordinates, load: _Loads, side_m: float, limit: float) -> Coordinates:
    """Middles for the units of a ground, all in metres.

    Squares of `side_m` at most, of at most `limit` of work each.

    `at` are different places inside the ground, `load` their work. A unit that is too heavy
    still is one place alone.
    """
    squares = _Squares(ground, at, side_m)
    found = _light_enough(at, load, _middles(squares, at, load, limit), limit)
    return np.unique(found.round(3), axis=0)


class _Squares:
    """Squares by halving level.

    A square is (level, column, row) with its south-west corner counted from one origin.
    """

    def __init__(self, ground: BaseGeometry, at: Coordinates, side_m: float) -> None:
        west, south, east, north = ground.bounds
        across = max(east - west, north - south, side_m)
        # Levels above the usual square only serve to leave out what is outside without looking at all of it.
        self.usual = max(math.ceil(math.log2(across / side_m)), 0)
        self.root_m = side_m * 2.0**self.usual
        self.origin = np.array([west, south]) - 1e-6 * side_m
        self.ground, self.at = ground, at
        shapely.prepare(ground)

    def side_m(self, level: int) -> float:
        """How long the squares of a level are."""
        return self.root_m / 2.0**level

    def of_places(self, level: int) -> _Whole:
        """The square of each place, as one number."""
        return _key(np.floor((self.at - self.origin) / self.side_m(level)).astype(np.int64))

    def middles(self, level: int, squares: _Whole) -> Coordinates:
        """Middles in metres; every other row is moved half a side, so that units are six-sided."""
        spots = _unkey(squares)
        middles = spots + 0.5
        middles[:, 0] += np.where(spots[:, 1] % 2 == 0, 0.25, -0.25)
        return np.asarray(self.origin + middles * self.side_m(level))

    def meeting(self, level: int, squares: _Whole) -> _Whole:
        """Those that meet the ground or hold a place."""
        low = self.origin + _unkey(squares) * self.side_m(level)
        high = low + self.side_m(level)
        boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        return squares[shapely.intersects(self.ground, boxes) | np.isin(squares, self.of_places(level))]


def _key(spots: _Whole) -> _Whole:
    return np.asarray(spots[:, 0] * _ROW + spots[:, 1])


def _unkey(keys: _Whole) -> _Whole:
    return np.column_stack(np.divmod(keys, _ROW))


def _children(squares: _Whole) -> _Whole:
    spots = 2 * _unkey(squares)
    return np.concatenate([_key(spots + corner) for corner in ((0, 0), (0, 1), (1, 0), (1, 1))])


def _halved(squares: _Squares, load: _Loads, limit: float) -> dict[int, _Whole]:
    """Which squares of each level are halved: those too heavy, and the neighbours of what is halved twice."""
    found: dict[int, _Whole] = {}
    for level in range(squares.usual, squares.usual + _MOST_HALVINGS):
        keys, place, count = np.unique(squares.of_places(level), return_inverse=True, return_counts=True)
        heavy = keys[(np.bincount(place, weights=load, minlength=len(keys)) > limit) & (count > 1)]
        if not len(heavy):
            break
        found[level] = heavy
    for level in sorted(found, reverse=True)[:-1]:
        spots = _unkey(found[level])
        around = [_key((spots + np.array(aside)) // 2) for aside in _AROUND]
        found[level - 1] = np.unique(np.concatenate([found[level - 1], *around]))
    return found


def _middles(squares: _Squares, at: Coordinates, load: _Loads, limit: float) -> Coordinates:
    """One for every square that is not halved: the middle of its places, or its own where there is none."""
    halved = _halved(squares, load, _COARSER * limit)
    found, here, level = [], np.zeros(1, dtype=np.int64), 0
    while len(here):
        here = squares.meeting(level, here)
        split = np.full(len(here), True)
        if level >= squares.usual:
            split = np.isin(here, halved.get(level, np.empty(0, dtype=np.int64)))
            found.append(_of_leaves(squares, level, np.sort(here[~split]), at, load))
        here, level = _children(here[split]), level + 1
    return np.concatenate(found)


def _of_leaves(squares: _Squares, level: int, leaves: _Whole, at: Coordinates, load: _Loads) -> Coordinates:
    middles = squares.middles(level, leaves)
    if not len(leaves):
        return middles
    place = squares.of_places(level)
    where = np.minimum(np.searchsorted(leaves, place), len(leaves) - 1)
    here = leaves[where] == place
    total = np.bincount(where[here], weights=load[here], minlength=len(leaves))
    taken = total > 0
    for axis in (0, 1):
        sums = np.bincount(where[here], weights=load[here] * at[here, axis], minlength=len(leaves))
        middles[taken, axis] = sums[taken] / total[taken]
    return middles


def _light_enough(at: Coordinates, load: _Loads, sites: Coordinates, limit: float) -> Coordinates:
    """The same middles, those of too much work replaced by two.

    Until each is light enough or one place alone.
    """
    from scipy.spatial import cKDTree

    for _ in range(_MOST_PARTINGS):
        owner = cKDTree(sites).query(at)[1]
        count = np.bincount(owner, minlength=len(sites))
        heavy = np.flatnonzero((np.bincount(owner, weights=load, minlength=len(sites)) > limit) & (count > 1))
        if not len(heavy):
            break
        order = np.argsort(owner, kind="stable")
        starts = np.searchsorted(owner[order], [heavy, heavy + 1]).T
        groups = [order[first:last] for first, last in starts]
        more = [half for group in groups for half in _two(at[group], load[group])]
        sites = np.concatenate([np.delete(sites, heavy, axis=0), np.array(more)])
    return sites


def _two(at: Coordinates, load: _Loads) -> list[Coordinates]:
    """The middles of two halves of some places, parted across their longest extent."""
    apart = at - at.mean(axis=0)
    along = apart @ np.linalg.svd(apart, full_matrices=False)[2][0]
    order = np.argsort(along, kind="stable")
    half = np.searchsorted(np.cumsum(load[order]), load.sum() / 2) + 1
    half = min(max(int(half), 1), len(at) - 1)
    parts = order[:half], order[half:]
    return [load[part] @ at[part] / load[part].sum() for part in parts]


def borders_between(sites: Coordinates, ground: BaseGeometry) -> Coordinates:
    """The straight borders between the grounds nearest to each site, where they meet the ground.

    (n, 2, 2), metres.
    """
    from scipy.spatial import Voronoi

    west, south, east, north = ground.bounds
    across = max(east - west, north - south, 1.0)
    # Far sites all round, so that no border that matters is without end.
    far = np.array([(west, south), (west, north), (east, south), (east, north)]) + 3 * across * np.array(
        [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    )
    middle = np.array([west + east, south + north]) / 2
    diagram = Voronoi(np.concatenate([sites, far]) - middle)
    ridges = np.array(diagram.ridge_vertices)
    ends: Coordinates = diagram.vertices[ridges[(ridges >= 0).all(axis=1)]] + middle
    shapely.prepare(ground)
    return np.asarray(ends[shapely.intersects(ground, shapely.linestrings(ends))])
