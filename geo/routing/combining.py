"""Routes that searches came across, put together anew: the best set that serves every task once.

Heuristic concentration (Rosing & ReVelle 1997): a set-partitioning problem over the
routes found, solved by HiGHS (scipy). Its linear relaxation says which routes can
matter; the whole-numbered problem is solved over those alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvrp
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from geo.routing.cutting import SubModel
from geo.routing.solvers import Model, cost_of, visits
from geo.routing.watch import Meter

# The whole-numbered problem is solved over so many of the cheapest routes, then over
# twice as many, as long as there is time for something that takes so many times as long:
# HiGHS looks at the clock too seldom to be stopped.
_FIRST_ROUTES, _MOST_ROUTES, _SLOWER = 500, 8_000, 6
_Costs = NDArray[np.float64]
# The type of crew and the tasks served: of two such routes only the shorter one matters.
_Key = tuple[int, frozenset[int]]


class Pool:
    """Feasible routes by crew type and the tasks they serve, each in its shortest order."""

    def __init__(self, model: Model | SubModel) -> None:
        self._model = model
        self._found: dict[_Key, tuple[int, tuple[int, ...]]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, routes: Iterable[pyvrp.Route], part: SubModel | None = None) -> None:
        """Keep what is feasible and new, or shorter than what serves the same tasks.

        Routes of a part as the whole's.
        """
        for route in routes:
            if route.is_feasible():
                kind, order = part.whole(route) if part else (route.vehicle_type(), visits(route))
                length, key = route.distance(), (kind, frozenset(order))
                if key not in self._found or length < self._found[key][0]:
                    self._found[key] = (length, order)

    def together(
        self, best: pyvrp.Solution, seconds: float, meter: Meter | None = None
    ) -> pyvrp.Solution | None:
        """The best set of the routes kept, as far as so many seconds of a meter tell.

        None where they tell nothing.

        Routes too dear to be part of anything better than `best` are forgotten.
        """
        if not self._found or seconds <= 0:
            return None
        meter = meter or Meter()
        ends = meter.used() + seconds
        keys = list(self._found)
        bound = self._partition(keys, best).bound(meter.most(seconds))
        if bound is None:
            return None
        least, price = bound
        mine = {(route.vehicle_type(), frozenset(visits(route))) for route in best.routes()}
        useful = price <= max(cost_of(best) - least, 0) + 1
        by_price = [
            keys[n] for n in np.argsort(price, kind="stable").tolist() if useful[n] or keys[n] in mine
        ]
        self._found = {key: self._found[key] for key in by_price}
        found, most, took = None, _FIRST_ROUTES, 0.0
        while most <= _MOST_ROUTES and (left := ends - meter.used()) > _SLOWER * took:
            chosen = [key for n, key in enumerate(by_price) if n < most or key in mine]
            picked = self._partition(chosen, best).best(meter.most(left))
            found = found if picked is None else [chosen[n] for n in picked]
            took, most = left - (ends - meter.used()), most * 2
            if len(chosen) == len(by_price):
                break
        return None if found is None else self._solution(found)

    def _solution(self, keys: Iterable[_Key]) -> pyvrp.Solution:
        data = self._model.data
        return pyvrp.Solution(data, [pyvrp.Route(data, list(self._found[key][1]), key[0]) for key in keys])

    def _partition(self, keys: list[_Key], best: pyvrp.Solution) -> _Partition:
        """What `best` serves must be served; only what it leaves out may be left out again."""
        orders = [self._found[key][1] for key in keys]
        ends = np.concatenate([[0], np.cumsum([len(order) for order in orders])])
        tasks, left_out = len(self._model.missing), [one.idx for one in best.unplanned()]
        kinds = (np.ones(len(keys)), ([key[0] for key in keys], np.arange(len(keys))))
        leaving = (np.ones(len(left_out)), (left_out, np.arange(len(left_out))))
        return _Partition(
            np.array([self._found[key][0] for key in keys], dtype=np.float64),
            np.array([self._model.missing[n] for n in left_out], dtype=np.float64),
            sparse.csc_array((np.ones(ends[-1]), np.concatenate(orders), ends), shape=(tasks, len(keys))),
            sparse.csc_array(leaving, shape=(tasks, len(left_out))),
            sparse.csc_array(kinds, shape=(len(self._model.crews), len(keys))),
            np.array([len(crews) for crews in self._model.crews], dtype=np.float64),
        )


@dataclass(frozen=True, slots=True)
class _Partition:
    """Each task in one route, and no more routes of a type than there are crews.

    A few tasks may be left out at a price.

    `routes` and `missing` are costs; `serves` is (tasks, routes), `leaves` (tasks, left out), `takes` (types,
    routes), `crews` how many a type has.
    """

    routes: _Costs
    missing: _Costs
    serves: Any
    leaves: Any
    takes: Any
    crews: _Costs

    @property
    def costs(self) -> _Costs:
        """Of routes taken, then of tasks left out."""
        return np.concatenate([self.routes, self.missing])

    @property
    def once(self) -> Any:
        """Which tasks each column settles (tasks, routes + left out)."""
        return sparse.hstack([self.serves, self.leaves]).tocsr()

    @property
    def used(self) -> Any:
        """Which type of crew each column takes (types, routes + left out)."""
        return sparse.hstack([self.takes, sparse.csr_array((len(self.crews), len(self.missing)))]).tocsr()

    def bound(self, seconds: float) -> tuple[float, _Costs] | None:
        """What any set costs at least, and how much dearer it is with each route (its reduced cost)."""
        found = linprog(
            self.costs, A_eq=self.once, b_eq=np.ones(self.serves.shape[0]), A_ub=self.used, b_ub=self.crews,
            method="highs", options={"time_limit": seconds},
        )  # fmt: skip
        if found.status != 0:
            return None
        price = self.routes - self.serves.T @ found.eqlin.marginals - self.takes.T @ found.ineqlin.marginals
        return float(found.fun), np.asarray(price)

    def best(self, seconds: float) -> list[int] | None:
        """The routes of the best set found in so many seconds."""
        found = milp(
            self.costs,
            constraints=[LinearConstraint(self.once, 1, 1), LinearConstraint(self.used, 0, self.crews)],
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(0, 1),
            options={"time_limit": seconds, "mip_rel_gap": 1e-5},
        )
        return None if found.x is None else np.flatnonzero(found.x[: len(self.routes)] > 0.5).tolist()
