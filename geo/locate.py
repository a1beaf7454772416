"""Finds the cell that a place lies in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.measure import Coordinates

NOWHERE = -1


def locate(cells: Sequence[BaseGeometry], places: Coordinates) -> NDArray[np.int64]:
    """For each (lng, lat) of an (n, 2) array the index of its cell, or NOWHERE.

    A place on a shared border belongs to the cell with the lower index, so that it has exactly one.
    """
    shapes = np.array(cells, dtype=object)
    shapely.prepare(shapes)
    found = np.full(len(places), NOWHERE, dtype=np.int64)
    # Sorted by longitude once, each cell looks at the strip it lies in: for many places far
    # less than a tree's walk.
    order = np.argsort(places[:, 0], kind="stable")
    sorted_lng = places[order, 0]
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    for cell in range(len(shapes) - 1, -1, -1):
        west, south, east, north = bounds[cell]
        near = order[np.searchsorted(sorted_lng, west, "left") : np.searchsorted(sorted_lng, east, "right")]
        near = near[(places[near, 1] >= south) & (places[near, 1] <= north)]
        found[near[shapely.intersects_xy(shapes[cell], places[near, 0], places[near, 1])]] = cell
    return found


def nearest(cells: Sequence[BaseGeometry], places: Coordinates) -> NDArray[np.int64]:
    """For each place the index of its cell, or of the nearest one where it lies in none."""
    found = locate(cells, places)
    outside = np.flatnonzero(found == NOWHERE)
    if len(outside):
        pairs = shapely.STRtree(list(cells)).query_nearest(shapely.points(places[outside]), all_matches=False)
        found[outside[pairs[0]]] = pairs[1]
    return found
