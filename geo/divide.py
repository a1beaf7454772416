"""Dividing a territory: regular grids, and contiguous cells of balanced workload.

Balanced cells: a fine lattice of hexagons clipped to the territory, customers' workload as node weight, METIS for
contiguous parts (Karypis & Kumar 1998), then repair of what METIS left disconnected and annealing of single units
on the borders (Kirkpatrick 1983) under balance and border length, never disconnecting a cell.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import pymetis
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import NothingInside, TooFewCustomers
from geo.measure import Coordinates, LocalMetres
from geo.shapes import fill_gaps, without_overlaps

UNITS_PER_CELL = 60
_HEX = np.array([(math.cos(a), math.sin(a)) for a in np.radians([30, 90, 150, 210, 270, 330])])


@dataclass(frozen=True, slots=True)
class Division:
    """Cells of a territory: shapes in WGS-84, each one's workload, and max/mean workload."""

    cells: list[BaseGeometry]
    workload: NDArray[np.float64]

    @property
    def imbalance(self) -> float:
        """The heaviest cell over the mean; 1 is perfect."""
        return float(self.workload.max() / self.workload.mean())


def grid(territory: BaseGeometry, side_m: float) -> list[BaseGeometry]:
    """Square cells of `side_m`, clipped to the territory; each cell one part."""
    metres = LocalMetres(territory)
    area = metres.to_metres(territory)
    west, south, east, north = area.bounds
    xs, ys = np.meshgrid(np.arange(west, east, side_m), np.arange(south, north, side_m))
    squares = shapely.box(xs.ravel(), ys.ravel(), xs.ravel() + side_m, ys.ravel() + side_m)
    return _exactly(territory, [metres.to_degrees(cell) for cell in _clip(squares, area)])


def balanced(
    territory: BaseGeometry, places: Coordinates, workload: NDArray[np.float64], cells: int, *, seed: int = 1
) -> Division:
    """Divide a territory into contiguous cells of equal workload.

    `places` is an (n, 2) array of (lng, lat), `workload` their n weights. Same input and seed give the same cells.
    Raises TooFewCustomers when there are fewer places than cells, NothingInside when none lies in the territory.
    """
    if len(places) < cells:
        raise TooFewCustomers
    metres = LocalMetres(territory)
    area = metres.to_metres(territory)
    units = _units(area, metres.points_to_metres(places), cells)
    weights = _weigh(units, metres.points_to_metres(places), workload)
    if weights.sum() == 0:
        raise NothingInside
    graph = _Graph(units, weights)
    parts = graph.divide(cells, seed)
    shapes = [metres.to_degrees(shapely.union_all(units[parts == part])) for part in range(cells)]
    loads = np.array([weights[parts == part].sum() for part in range(cells)])
    return Division(_exactly(territory, shapes), loads)


def _exactly(territory: BaseGeometry, cells: list[BaseGeometry]) -> list[BaseGeometry]:
    """A straight border in metres bends in degrees: clip to the territory and give what is left to the nearest cell."""
    return list(fill_gaps(territory, without_overlaps([shapely.intersection(cell, territory) for cell in cells])))


def _clip(lattice: NDArray[np.object_], area: BaseGeometry) -> NDArray[np.object_]:
    """Lattice cells inside an area; only those on the border are cut, and each piece stands alone."""
    shapely.prepare(area)
    lattice = lattice[shapely.intersects(area, lattice)]
    inside = shapely.contains_properly(area, lattice)
    cut = shapely.get_parts(shapely.intersection(lattice[~inside], area))
    cut = cut[(shapely.get_dimensions(cut) == 2) & (shapely.area(cut) > 1e-6)]
    return np.concatenate([lattice[inside], cut])


def _units(area: BaseGeometry, places_m: Coordinates, cells: int) -> NDArray[np.object_]:
    """Hexagons, finer where the customers are: a coarse lattice whose crowded members are split by nearest places."""
    radius = math.sqrt(area.area / (cells * UNITS_PER_CELL) / 2.598)
    coarse = _clip(_hexagons(area, radius), area)
    tree = shapely.STRtree(coarse)
    unit, _ = tree.query_nearest(shapely.points(places_m), all_matches=False)[::-1]
    crowd = np.bincount(unit, minlength=len(coarse))
    limit = max(len(places_m) / cells / 12, 1)
    fine = [coarse[crowd <= limit]]
    for index in np.flatnonzero(crowd > limit):
        split = math.sqrt(crowd[index] / limit)
        fine.append(_clip(_hexagons(coarse[index], radius / max(split, 1.5)), coarse[index]))
    return np.concatenate(fine)


def _hexagons(area: BaseGeometry, radius: float) -> NDArray[np.object_]:
    west, south, east, north = area.bounds
    dx, dy = math.sqrt(3) * radius, 1.5 * radius
    columns, rows = int((east - west) / dx) + 3, int((north - south) / dy) + 3
    column, row = np.meshgrid(np.arange(-1, columns), np.arange(-1, rows))
    x = west + (column + 0.5 * (row % 2)) * dx
    y = south + row * dy
    # Shared corners are rounded alike, so that neighbours' edges are the same edges.
    corners = np.round(np.stack([x.ravel(), y.ravel()], 1)[:, None, :] + radius * _HEX[None, :, :], 3)
    return np.asarray(shapely.polygons(corners), dtype=object)


def _weigh(units: NDArray[np.object_], places_m: Coordinates, workload: NDArray[np.float64]) -> NDArray[np.float64]:
    tree = shapely.STRtree(units)
    pair = tree.query_nearest(shapely.points(places_m), all_matches=False)
    return np.bincount(pair[1], weights=workload[pair[0]], minlength=len(units)).astype(np.float64)


class _Graph:
    """Units and their shared borders."""

    def __init__(self, units: NDArray[np.object_], weights: NDArray[np.float64]) -> None:
        self.weights = weights
        self.centers = shapely.get_coordinates(shapely.centroid(units))
        tree = shapely.STRtree(units)
        left, right = tree.query(shapely.buffer(units, 0.01), predicate="intersects")
        left, right = left[left != right], right[left != right]
        self.neighbours: list[list[int]] = [[] for _ in units]
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            self.neighbours[a].append(b)
            self.neighbours[b].append(a)
        self.neighbours = [sorted(set(near)) for near in self.neighbours]
        self._bridge_islands()

    def _bridge_islands(self) -> None:
        """METIS needs one connected graph: each island is tied to its nearest unit of the mainland."""
        while len(islands := self._components(range(len(self.weights)))) > 1:
            small = min(islands, key=len)
            rest = np.array(sorted(set(range(len(self.weights))) - set(small)))
            gaps = np.linalg.norm(self.centers[small][:, None] - self.centers[rest][None], axis=2)
            i, j = np.unravel_index(int(gaps.argmin()), gaps.shape)
            a, b = small[int(i)], int(rest[int(j)])
            self.neighbours[a].append(b)
            self.neighbours[b].append(a)

    def _components(self, members: range | list[int]) -> list[list[int]]:
        left, found = set(members), []
        for start in members:
            if start not in left:
                continue
            left.discard(start)
            group, queue = [start], deque([start])
            while queue:
                for near in self.neighbours[queue.popleft()]:
                    if near in left:
                        left.discard(near)
                        group.append(near)
                        queue.append(near)
            found.append(group)
        return found

    def divide(self, cells: int, seed: int) -> NDArray[np.int64]:
        """A part for every unit: contiguous, balanced, with short borders."""
        if cells == 1:
            return np.zeros(len(self.weights), dtype=np.int64)
        # A little weight for every unit keeps land without customers from joining one cell.
        scaled = np.round(self.weights / self.weights.sum() * 1_000_000).astype(int) + 1
        options = pymetis.Options(contig=1, seed=seed, ufactor=10)
        _, membership = pymetis.part_graph(
            cells, adjacency=self.neighbours, vweights=scaled.tolist(), options=options, recursive=False
        )
        parts = np.array(membership, dtype=np.int64)
        self._fill_empty(parts, cells)
        self._repair(parts)
        self._anneal(parts, cells, np.random.default_rng(seed))
        return parts

    def _fill_empty(self, parts: NDArray[np.int64], cells: int) -> None:
        """METIS may leave a part without units: it takes one from the part with most."""
        for part in range(cells):
            if not (parts == part).any():
                donor = int(np.bincount(parts, minlength=cells).argmax())
                members = np.flatnonzero(parts == donor)
                parts[members[self.weights[members].argmax()]] = part

    def _repair(self, parts: NDArray[np.int64]) -> None:
        """Every part keeps its heaviest component; the others go to the lightest part next to them."""
        for part in np.unique(parts):
            components = self._components(np.flatnonzero(parts == part).tolist())
            components.sort(key=lambda group: -self.weights[group].sum())
            for group in components[1:]:
                around = sorted({int(parts[near]) for unit in group for near in self.neighbours[unit]} - {int(part)})
                if around:
                    loads = [self.weights[parts == p].sum() for p in around]
                    parts[group] = around[int(np.argmin(loads))]

    def _anneal(self, parts: NDArray[np.int64], cells: int, random: np.random.Generator) -> None:
        """Flip single border units while that lessens imbalance and border length together."""
        loads = np.bincount(parts, weights=self.weights, minlength=cells).astype(np.float64)
        sizes = np.bincount(parts, minlength=cells)
        target = loads.mean()
        units = len(parts)
        steps = 60 * units
        picks = random.integers(0, units, steps)
        draws = random.random(steps)
        for step, (unit, draw) in enumerate(zip(picks.tolist(), draws.tolist(), strict=True)):
            near = self.neighbours[unit]
            other = int(parts[near[step % len(near)]]) if near else int(parts[unit])
            mine = int(parts[unit])
            if other == mine or sizes[mine] == 1:
                continue
            gain = self._gain(parts, loads, target, unit, mine, other)
            heat = 0.02 * (1 - step / steps)
            if (gain > 0 or draw < math.exp(gain / heat) * 0.1) and self._stays_whole(parts, unit, mine):
                parts[unit] = other
                weight = self.weights[unit]
                loads[mine] -= weight
                loads[other] += weight
                sizes[mine] -= 1
                sizes[other] += 1

    def _gain(
        self, parts: NDArray[np.int64], loads: NDArray[np.float64], target: float, unit: int, mine: int, other: int
    ) -> float:
        weight = self.weights[unit]
        a, b = loads[mine] / target - 1, loads[other] / target - 1
        w = weight / target
        balance = (a * a + b * b) - ((a - w) ** 2 + (b + w) ** 2)
        around = [int(parts[n]) for n in self.neighbours[unit]]
        border = (around.count(other) - around.count(mine)) / 6
        return float(balance + 0.004 * border)

    def _stays_whole(self, parts: NDArray[np.int64], unit: int, part: int) -> bool:
        """Whether a part stays connected without a unit: its neighbours in it must reach each other without it."""
        mine = [n for n in self.neighbours[unit] if parts[n] == part]
        if len(mine) <= 1:
            return bool(mine)
        wanted, seen, queue = set(mine[1:]), {unit, mine[0]}, deque([mine[0]])
        while queue and wanted:
            for near in self.neighbours[queue.popleft()]:
                if near not in seen and parts[near] == part:
                    seen.add(near)
                    wanted.discard(near)
                    queue.append(near)
        return not wanted
