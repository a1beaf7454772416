"""Benchmark of dividing, locating and assigning, beside METIS alone and balanced k-means in the same run.

Also the demo city at both sizes, divided and divided again branch by branch as the product does it.

`DISTRICTS=…/districts_wgs84.geojson` divides the finer outline too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from backend.demo.load import BRANCHES
from backend.demo.sizes import SIZES
from backend.demo.sources import districts, scatter
from geo import lattice
from geo.assign import assign
from geo.divide import balanced, loads_of, moved_share, redivided, roundness
from geo.graph import Graph
from geo.locate import locate, nearest
from geo.shapes import GRID_DEGREES, coverage_of
from geo.units import Units, joined, units_of
from tests.cities.rivals import metis_cuts

Timed = tuple[float, Any]


def timed(work: Callable[[], Any]) -> Timed:
    """The processor's seconds of one call, and what it gave."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def main() -> None:
    """Print seconds and quality over the ten districts as one territory."""
    territory = shapely.union_all([district.outline for district in districts()])
    random = np.random.default_rng(1)
    places = np.concatenate([scatter(d, int(20_000 * d.share), random) for d in districts()])
    _grids("ten districts", territory)
    if os.environ.get("DISTRICTS"):
        fine = shapely.from_geojson(Path(os.environ["DISTRICTS"]).read_text(encoding="utf-8"))
        _grids("finer outline", shapely.union_all(shapely.get_parts(fine)))
    snapped = shapely.set_precision(territory, GRID_DEGREES)
    for cells in (50, 200):
        _divisions(snapped, places, cells)
    _representatives(snapped, places)
    for size in ("default", "large"):
        _city(size)
    many = places[random.integers(0, len(places), 1_000_000)] + random.normal(0, 0.002, (1_000_000, 2))
    took, _ = timed(lambda: locate(list(lattice.squares(territory, 10_000)), many))
    print(f"locate 1,000,000 places in 10 km squares: {took:.2f} s (target 1)")


def _grids(name: str, territory: BaseGeometry) -> None:
    for side_m in (1_070, 340):
        took, cells = timed(lambda side_m=side_m: lattice.squares(territory, side_m))
        error = abs(shapely.area(cells).sum() / territory.area - 1)
        kinds = {cell.geom_type for cell in cells}
        print(
            f"{name}: {len(cells):,} squares {took:.2f} s, area error {error:.0e}, valid "
            f"{shapely.coverage_is_valid(cells)}, {kinds}"
        )


def _divisions(territory: BaseGeometry, places: NDArray[np.float64], cells: int) -> None:
    workload = np.ones(len(places))
    took, found = timed(lambda: balanced(territory, places, workload, cells))
    _print(f"ours k={cells}", took, found.cells, found.workload, territory)
    units = units_of(territory, places, workload, cells)
    graph = Graph(units)
    took, parts = timed(
        lambda: min(
            metis_cuts(graph.weights, graph.pairs, graph.pair_borders, cells),
            key=lambda p: _heaviest(units, p),
        )
    )
    _print(f"METIS alone k={cells}", took, list(joined(units, parts, cells)), None, territory, places)
    took, parts = timed(lambda: kmeans(units, cells))
    loose = len(graph.disconnected(parts))
    _print(
        f"balanced k-means k={cells} ({loose} disconnected)",
        took,
        list(joined(units, parts, cells)),
        None,
        territory,
        places,
    )
    grown = np.where(np.isin(locate(found.cells, places), np.arange(cells // 5)), 1.5, 1.0)
    before = loads_of(found.cells, places, grown)
    took, again = timed(lambda: redivided(territory, found.cells, places, grown))
    moved = moved_share(found.cells, again.cells, places, grown)
    print(
        f"  a fifth of the cells grows by half: max/mean {before.max() / before.mean():.3f} to "
        f"{again.imbalance:.3f}, {moved:.1%} of the work moved (target 15 %), {took:.1f} s"
    )


def _city(size: str) -> None:
    """Cells within each district as the demo makes them.

    Then each branch whose first cells' work grows by half.
    """
    want, random = SIZES[size], np.random.default_rng(1)
    crowds = {d.code: scatter(d, round(want.customers * d.share), random) for d in districts()}
    outlines = {d.code: shapely.set_precision(d.outline, GRID_DEGREES) for d in districts()}
    took, cells, worst, round_ = 0.0, {}, 0.0, []
    for code, places in crowds.items():
        count = max(round(want.cells * len(places) / want.customers), 1)
        seconds, found = timed(lambda c=code, p=places, k=count: balanced(outlines[c], p, np.ones(len(p)), k))
        took, worst, cells[code] = took + seconds, max(worst, found.imbalance), found.cells
        round_.append(roundness(found.cells))
        assert coverage_of(outlines[code], found.cells).is_exact
    pp, count = float(np.concatenate(round_).mean()), sum(map(len, cells.values()))
    print(
        f"city {size}: {count} cells in ten districts, {want.customers:,} customers: "
        f"{took:.1f} s, worst district's max/mean {worst:.3f}, roundness {pp:.2f}, exact"
    )
    for branch, codes in BRANCHES:
        _again(
            f"  {branch}",
            [c for code in codes for c in cells[code]],
            np.concatenate([crowds[c] for c in codes]),
        )


def _again(name: str, today: list[BaseGeometry], places: NDArray[np.float64]) -> None:
    """A branch's cells balanced again after a fifth of them, neighbours, grew by half."""
    territory = shapely.union_all(today, grid_size=GRID_DEGREES)
    grown = np.where(np.isin(nearest(today, places), np.arange(max(len(today) // 5, 1))), 1.5, 1.0)
    before = loads_of(today, places, grown)
    took, again = timed(lambda: redivided(territory, today, places, grown))
    moved = moved_share(today, again.cells, places, grown)
    print(
        f"{name}: {len(today)} cells, max/mean {before.max() / before.mean():.3f} to "
        f"{again.imbalance:.3f}, {moved:.1%} moved (target 15 %), {took:.1f} s"
    )


def _print(
    name: str, took: float, cells: list[BaseGeometry], loads: Any, territory: BaseGeometry, places: Any = None
) -> None:
    loads = loads_of(cells, places, np.ones(len(places))) if loads is None else loads
    cells = [cell for cell in cells if not cell.is_empty]
    pp = roundness(cells)
    exact = coverage_of(territory, cells).is_exact
    print(
        f"{name}: {took:.1f} s, max/mean {loads.max() / loads.mean():.3f}, roundness "
        f"{pp.mean():.2f} (least {pp.min():.2f}), exact {exact}"
    )


def _heaviest(units: Units, parts: NDArray[np.int64]) -> float:
    return float(np.bincount(parts, weights=units.weights).max())


def kmeans(units: Units, cells: int, rounds: int = 60) -> NDArray[np.int64]:
    """Lloyd's k-means with a price on crowded centres, the usual way to balance it.

    Contiguity is left to chance.
    """
    random = np.random.default_rng(1)
    centres = units.middles[
        random.choice(len(units.middles), cells, replace=False, p=units.weights / units.weights.sum())
    ]
    price = np.ones(cells)
    parts = np.zeros(len(units.middles), dtype=np.int64)
    for _ in range(rounds):
        near_m, near = cKDTree(centres).query(units.middles, k=min(8, cells))
        parts = near[np.arange(len(near)), (near_m * price[near]).argmin(axis=1)]
        loads = np.bincount(parts, weights=units.weights, minlength=cells)
        price *= np.clip(loads / loads.mean(), 0.5, 2) ** 0.15
        for axis in (0, 1):
            moved = np.bincount(parts, weights=units.middles[:, axis] * units.weights, minlength=cells)
            centres[:, axis] = np.where(loads > 0, moved / np.maximum(loads, 1e-9), centres[:, axis])
    return parts.astype(np.int64)


def _representatives(territory: BaseGeometry, places: NDArray[np.float64]) -> None:
    found = balanced(territory, places, np.ones(len(places)), 200)
    centres = shapely.get_coordinates(shapely.point_on_surface(found.cells))
    random = np.random.default_rng(2)
    homes = centres[random.choice(200, 60, replace=False)]
    took, who = timed(lambda: assign(centres, found.workload, homes))
    print(
        f"200 cells to 60 representatives: {took:.2f} s (target 3, gap at most 0.5 % by the "
        "solver's own bound)"
    )
    left = [p for p in range(60) if p not in (7, 23)]
    current = {cell: left.index(int(p)) for cell, p in enumerate(who) if int(p) in left}
    took, after = timed(lambda: assign(centres, found.workload, homes[left], current))
    voluntary = sum(int(after[cell]) != person for cell, person in current.items())
    print(f"two leave: {voluntary} of 200 cells move though they need not (target 6), {took:.2f} s")


if __name__ == "__main__":
    main()
