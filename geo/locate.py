"""Which cell a place lies in: an STRtree over the cells' outlines."""

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
    tree = shapely.STRtree(list(cells))
    place, cell = tree.query(shapely.points(places), predicate="intersects")
    found = np.full(len(places), len(cells), dtype=np.int64)
    np.minimum.at(found, place, cell)
    found[found == len(cells)] = NOWHERE
    return found


def nearest(cells: Sequence[BaseGeometry], places: Coordinates) -> NDArray[np.int64]:
    """For each place the index of its cell, or of the nearest one where it lies in none."""
    found = locate(cells, places)
    outside = np.flatnonzero(found == NOWHERE)
    if len(outside):
        pairs = shapely.STRtree(list(cells)).query_nearest(shapely.points(places[outside]), all_matches=False)
        found[outside[pairs[0]]] = pairs[1]
    return found
