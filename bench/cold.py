"""PyVRP as it comes, the rival: one search from nothing with its own settings."""

from __future__ import annotations

import warnings

import pyvrp
import pyvrp.stop
from pyvrp.exceptions import PenaltyBoundWarning

from geo.routing.problem import Plan, Problem
from geo.routing.solvers import Model


def cold_plan(problem: Problem, seconds: float) -> Plan:
    """Its plan after so many seconds."""
    model = Model(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = pyvrp.solve(model.data, pyvrp.stop.MaxRuntime(seconds), seed=1, collect_stats=False)
    return model.plan(found.best, None)
