"""The least imbalance that handing work on between neighbouring cells can reach: a bound for dividing again.

A linear programme (HiGHS): as much as may move flows over the borders that cells have today.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack
from shapely.geometry.base import BaseGeometry


def least_imbalance(today: Sequence[BaseGeometry], loads: NDArray[np.float64], share: float) -> float:
    """Heaviest against mean load, where at most this share of all work changes its cell."""
    giver, taker = shapely.STRtree(today).query(today, predicate="intersects")
    flows, cells = int((giver != taker).sum()), len(today)
    giver, taker = giver[giver != taker], taker[giver != taker]
    way, ones = np.arange(flows), np.ones(flows)
    each = coo_array(
        (
            np.concatenate([-ones, ones, -np.ones(cells)]),
            (
                np.concatenate([giver, taker, np.arange(cells)]),
                np.concatenate([way, way, np.full(cells, flows)]),
            ),
        ),
        shape=(cells, flows + 1),
    )
    moved = coo_array((ones, (np.zeros(flows, dtype=int), way)), shape=(1, flows + 1))
    found = linprog(
        np.append(np.zeros(flows), 1.0),
        A_ub=vstack([each, moved]).tocsr(),
        b_ub=np.append(-loads, share * loads.sum()),
        method="highs",
    )
    return float(found.fun / loads.mean())
