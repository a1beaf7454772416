"""PyVRP as it comes, the rival.

Searches from nothing with its own settings, each in a process and on a core of its own.
"""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import pyvrp
import pyvrp.stop
from pyvrp.exceptions import PenaltyBoundWarning

from geo.routing.problem import Plan, RoutingProblem
from geo.routing.solvers import Model


class ProcessorTime:
    """Ends a search after so many seconds of its own processor time.

    Counted from its first step, as PyVRP's own criterion does.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._began = seconds, -1.0

    def __call__(self, best_cost: float) -> bool:
        """Asked before each step."""
        if self._began < 0:
            self._began = time.process_time()
        return time.process_time() - self._began >= self._seconds


def cold_plan(
    problem: RoutingProblem,
    seconds: float,
    *,
    seed: int = 1,
    serves_all: bool = False,
    is_processor: bool = False,
) -> Plan:
    """Its plan after so many seconds; told that all must be served it is faster."""
    model = Model(problem, serves_all=serves_all)
    stop = ProcessorTime(seconds) if is_processor else pyvrp.stop.MaxRuntime(seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = pyvrp.solve(model.data, stop, seed=seed, collect_stats=False)
    return model.plan(found.best, None)


def cold_plans(
    problem: RoutingProblem, seconds: float, seeds: Sequence[int], *, is_processor: bool
) -> list[Plan]:
    """One for each seed, all at once; all customers must be served."""
    with ProcessPoolExecutor(len(seeds), multiprocessing.get_context("spawn")) as processes:
        found = [
            processes.submit(
                cold_plan, problem, seconds, seed=seed, serves_all=True, is_processor=is_processor
            )
            for seed in seeds
        ]
        return [one.result() for one in found]
