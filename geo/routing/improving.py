"""One search by PyVRP's iterated local search (Wouda, Lan & Kool 2024).

Begun where it is told; it also keeps the routes it came across.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pyvrp
from pyvrp import (
    CostEvaluator,
    IteratedLocalSearch,
    IteratedLocalSearchCallbacks,
    IteratedLocalSearchParams,
    PenaltyManager,
    PenaltyParams,
    ProblemData,
    RandomNumberGenerator,
    Solution,
)
from pyvrp.search import OPERATORS, LocalSearch, PerturbationManager, compute_neighbours
from pyvrp.stop import StoppingCriterion

from geo.routing.watch import Meter

# What the weight of a broken rule is to begin with; a search that begins where another
# ended takes over its weights.
Weights = tuple[list[float], float, float]
# PyVRP's cost of a plan that breaks a rule.
INFEASIBLE = 2**62
# Routes are taken from plans nearly as good as the best; for so many tasks from each,
# else from every second, third ...
_NEARLY, _TASKS_A_STEP = 1.02, 80


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a search goes on, and how: its seed, and whether each new best is searched exhaustively.

    One that has found nothing feasible after `patience_s` gives up; `until_served` ends it
    once nothing is left out.
    """

    seconds: float
    patience_s: float
    seed: int
    is_thorough: bool = True
    until_served: bool = False


class Improved(NamedTuple):
    """What a search ended with.

    Its best plan, the routes of nearly good ones, its weights and the seconds it used.
    """

    best: Solution
    routes: list[pyvrp.Route]
    weights: Weights
    used_s: float


def improve(
    data: ProblemData,
    effort: Effort,
    meter: Meter,
    start: Solution | None = None,
    weights: Weights | None = None,
) -> Improved:
    """Search from `start`, or from a plan made by chance."""
    random = RandomNumberGenerator(seed=effort.seed)
    # One of its own: the default is shared by all searches of the process.
    local = LocalSearch(data, random, compute_neighbours(data), PerturbationManager())
    for operator in OPERATORS:
        if operator.supports(data):
            local.add_operator(operator(data))
    params = PenaltyParams()
    penalties = PenaltyManager(weights or params.midpoint_penalties(data), params)
    if start is None:
        start = local(Solution.make_random(data, random), penalties.max_cost_evaluator(), exhaustive=True)
    watcher = _Watcher(start, max(data.num_clients // _TASKS_A_STEP, 1))
    how = IteratedLocalSearchParams(exhaustive_on_best=effort.is_thorough, callbacks=watcher)
    found = IteratedLocalSearch(data, penalties, local, start, how).run(
        _until(effort, meter, watcher), collect_stats=False
    )
    routes = [*watcher.routes.values(), *found.best.routes()]
    return Improved(found.best, routes, penalties.penalties(), meter.used())


def _until(effort: Effort, meter: Meter, watcher: _Watcher) -> StoppingCriterion:
    """When a search ends: at its time, or earlier if by then it has found nothing feasible."""

    def is_over(best_cost: int) -> bool:
        meter.step()
        used = meter.used()
        if used >= effort.seconds or (effort.until_served and watcher.is_served and best_cost < INFEASIBLE):
            return True
        return best_cost >= INFEASIBLE and used >= effort.patience_s

    return is_over


class _Watcher(IteratedLocalSearchCallbacks):
    """Keeps the routes of nearly good plans, each once: told apart by what is quickly read of them."""

    def __init__(self, start: Solution, every: int) -> None:
        self.routes: dict[tuple[object, ...], pyvrp.Route] = {}
        self.is_served = not start.unplanned()
        self._every, self._count = every, 0

    def on_best(self, best: Solution) -> None:
        """Called by the search for every new best."""
        self.is_served = not best.unplanned()

    def on_iteration(
        self, current: Solution, candidate: Solution, best: Solution, cost_evaluator: CostEvaluator
    ) -> None:
        """Called by the search for every plan it tries."""
        self._count += 1
        cost = cost_evaluator.penalised_cost
        if self._count % self._every or cost(candidate) > _NEARLY * cost(best):
            return
        for route in candidate.routes():
            key = (
                route.vehicle_type(),
                route.num_clients(),
                route.distance(),
                route.start_time(),
                *route.delivery(),
            )
            self.routes.setdefault(key, route)
