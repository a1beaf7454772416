"""The search for a better day: several of PyVRP's at once, and the best of all routes they came across put together.

PyVRP's search works outside the interpreter's lock, so each has a core. Two differ more than one goes on: on the standard
instances the routes of both, put together anew, are better than either's best (decision 0003).
"""

from __future__ import annotations

import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pyvrp
from pyvrp import CostEvaluator, IteratedLocalSearchCallbacks, IteratedLocalSearchParams, Solution, SolveParams
from pyvrp.exceptions import PenaltyBoundWarning

from geo.routing.combining import Pool
from geo.routing.problem import Plan, Problem
from geo.routing.solvers import Model, cost_of

# A search of its own for each core of the smallest machine we serve.
SEARCHES = 2
# So much of what is left goes into searching before the routes are put together; and no longer than this at a time.
_SEARCHING, _LONGEST_S, _LEAST_S = 0.8, 40.0, 0.3
# A search told to serve all that finds no way for so long a share of its time is told that it need not.
_PATIENCE, _INFEASIBLE = 0.2, 2**62
# Routes are taken from plans nearly as good as the best; for so many tasks from each, else from every second, third ...
_NEARLY, _TASKS_A_STEP = 1.02, 80


def search_plan(problem: Problem, seconds: float, *, near: Plan | None = None, seed: int = 1) -> Plan:
    """The best plan found in about so many seconds; crews that are alike keep what they had in `near`.

    It begins from nothing: begun from VROOM's plan a search stays in that plan's valley. Where `near` serves all tasks,
    so must this, as long as the search can.
    """
    ends = time.monotonic() + seconds
    model = Model(problem, serves_all=near is not None and not near.unserved(problem))
    pool, best, turn = Pool(model), None, 0
    while best is None or ends - time.monotonic() > _LEAST_S:
        span = max(min((ends - time.monotonic()) * _SEARCHING, _LONGEST_S), _LEAST_S)
        for found, routes in _searches(model, span, best, seed + turn * SEARCHES):
            pool.add(routes)
            best = _better(best, found)
        turn += 1
        if best is not None and not best.is_feasible() and model.serves_all:
            model = Model(problem)
            pool, best = Pool(model), None
        elif best is not None and (together := pool.together(best, (ends - time.monotonic()) / 2)):
            best = _better(best, together)
    return model.plan(best, near)


class _Until:
    """When a search ends: at its time, or earlier if by then it has found nothing feasible."""

    def __init__(self, seconds: float, patience_s: float) -> None:
        self._ends = time.monotonic() + seconds
        self._hopeful_until = time.monotonic() + patience_s

    def __call__(self, best_cost: float) -> bool:
        """Asked by the search before each step."""
        now = time.monotonic()
        return now >= self._ends or (best_cost >= _INFEASIBLE and now >= self._hopeful_until)


def _searches(
    model: Model, seconds: float, best: Solution | None, seed: int
) -> list[tuple[Solution, list[pyvrp.Route]]]:
    """What each search found, and the routes it came across; all but the first begin anew."""
    patience_s = seconds * _PATIENCE if model.serves_all else seconds
    every = max(len(model.missing) // _TASKS_A_STEP, 1)

    def search(n: int) -> tuple[Solution, list[pyvrp.Route]]:
        collector = _Collector(every)
        # They differ in how they go on from a new best, too: which is better depends on the day.
        how = SolveParams(ils=IteratedLocalSearchParams(exhaustive_on_best=n == 0, callbacks=collector))
        found = pyvrp.solve(
            model.data, _Until(seconds, patience_s), seed=seed + n, collect_stats=False, params=how,
            initial_solution=best if n == 0 else None,
        ).best  # fmt: skip
        return found, [*collector.routes, *found.routes()]

    with warnings.catch_warnings(), ThreadPoolExecutor(SEARCHES) as threads:
        # More jobs than the crews can do is a usual day; what comes back is checked in any case.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        return list(threads.map(search, range(SEARCHES)))


class _Collector(IteratedLocalSearchCallbacks):
    """Keeps the routes of nearly good plans, each once: told apart by what is quickly read of them."""

    def __init__(self, every: int) -> None:
        self._seen: dict[tuple[object, ...], pyvrp.Route] = {}
        self._every, self._count = every, 0

    @property
    def routes(self) -> list[pyvrp.Route]:
        """All that were kept."""
        return list(self._seen.values())

    def on_iteration(
        self, current: Solution, candidate: Solution, best: Solution, cost_evaluator: CostEvaluator
    ) -> None:
        """Called by the search for every plan it tries."""
        self._count += 1
        cost = cost_evaluator.penalised_cost
        if self._count % self._every or cost(candidate) > _NEARLY * cost(best):
            return
        for route in candidate.routes():
            key = (route.vehicle_type(), route.num_clients(), route.distance(), route.start_time(), *route.delivery())
            self._seen.setdefault(key, route)


def _better(one: Solution | None, other: Solution) -> Solution:
    if one is None:
        return other
    return min(one, other, key=lambda found: (not found.is_feasible(), cost_of(found)))
