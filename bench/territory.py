"""Dividing, locating and assigning, with the figures of the result beside the time."""

from __future__ import annotations

import numpy as np
import shapely

from backend.demo.sources import districts, scatter
from bench.place import seconds
from geo.assign import assign
from geo.divide import balanced, grid
from geo.locate import locate
from geo.shapes import coverage_of


def main() -> None:
    """Print seconds and quality over the ten districts as one territory."""
    territory = shapely.union_all([district.outline for district in districts()])
    random = np.random.default_rng(1)
    places = np.concatenate([scatter(d, int(20_000 * d.share), random) for d in districts()])
    workload = np.ones(len(places))
    for cells in (50, 200):
        found = []
        took = seconds(lambda found=found, cells=cells: found.append(balanced(territory, places, workload, cells)))
        cover = coverage_of(territory, found[0].cells)
        print(f"balanced k={cells}: {took:.1f} s, max/mean {found[0].imbalance:.3f}, exact cover {cover.is_exact}")
    centers = shapely.get_coordinates(shapely.point_on_surface(found[0].cells))
    homes = centers[random.choice(len(centers), 60)]
    print(f"200 cells to 60 representatives: {seconds(lambda: assign(centers, found[0].workload, homes)):.2f} s")
    many = np.repeat(places, 1_000_000 // len(places) + 1, axis=0)[:1_000_000]
    print(f"locate 1,000,000 places in 200 cells: {seconds(lambda: locate(found[0].cells, many)):.2f} s")
    print(f"grid of 1 km: {seconds(lambda: found.append(grid(territory, 1_000))):.2f} s, {len(found[-1])} cells")
