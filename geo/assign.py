"""Assigns representatives to cells.

A sparse assignment solved by HiGHS (scipy), short ways first, today's pairs kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from geo.measure import Coordinates, distances_m

NEAREST_PEOPLE = 15
MOVE_PENALTY_M = 3_000.0
OVERLOAD_PENALTY_M = 60_000.0


def assign(
    cell_places: Coordinates,
    workload: NDArray[np.float64],
    homes: Coordinates,
    current: Mapping[int, int] | None = None,
) -> NDArray[np.int64]:
    """For each cell the index of its representative.

    `cell_places` (n, 2) and `homes` (m, 2) are (lng, lat); `workload` n weights; `current`
    maps cells to people. Minimises metres plus a penalty for every changed pair and for
    load above 115 % of the mean (soft).
    """
    # Half a second to load, and seldom needed: not by every server and command.
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_matrix

    current = current or {}
    distance = distances_m(cell_places, homes)
    cells, people = _pairs(distance, current)
    share = workload / max(workload.sum(), 1e-9) * len(homes)
    stay = np.array([current.get(int(c), int(p)) == int(p) for c, p in zip(cells, people, strict=True)])
    cost = distance[cells, people] + np.where(stay, 0.0, MOVE_PENALTY_M)
    pairs, crowd = len(cells), len(homes)
    columns = pairs + crowd
    each_cell = csr_matrix((np.ones(pairs), (cells, np.arange(pairs))), shape=(len(workload), columns))
    load = csr_matrix(
        (
            np.concatenate([share[cells], -np.ones(crowd)]),
            (np.concatenate([people, np.arange(crowd)]), np.arange(columns)),
        ),
        shape=(crowd, columns),
    )
    result = milp(
        np.concatenate([cost, np.full(crowd, OVERLOAD_PENALTY_M)]),
        constraints=[LinearConstraint(each_cell, 1, 1), LinearConstraint(load, -np.inf, 1.15)],
        integrality=np.concatenate([np.ones(pairs), np.zeros(crowd)]),
        bounds=Bounds(0, np.concatenate([np.ones(pairs), np.full(crowd, np.inf)])),
        options={"time_limit": 20, "mip_rel_gap": 0.005},
    )
    chosen = np.asarray(result.x)[:pairs] > 0.5
    found = np.zeros(len(workload), dtype=np.int64)
    found[cells[chosen]] = people[chosen]
    return found


def _pairs(
    distance: NDArray[np.float64], current: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs worth looking at: each cell's nearest people, and everybody's present cells."""
    near = np.argsort(distance, axis=1)[:, :NEAREST_PEOPLE]
    wanted = {(cell, int(person)) for cell in range(len(distance)) for person in near[cell]}
    # Everybody may take their nearest cells too, else a person far from all would be left without.
    wanted |= {
        (int(cell), person)
        for person in range(distance.shape[1])
        for cell in np.argsort(distance[:, person])[:12]
    }
    wanted |= set(current.items())
    rows = np.array(sorted(wanted), dtype=np.int64)
    return rows[:, 0], rows[:, 1]
