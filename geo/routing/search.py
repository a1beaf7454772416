"""The search for a better day.

Several of PyVRP's at once, and the best of all routes they came across put together.

PyVRP's search works outside the interpreter's lock, so each has a core. In a day of moderate size both search
the whole, and differ; in a large one each searches a piece of it, then another (decisions 0003 and 0006).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pyvrp import Solution
from pyvrp.exceptions import PenaltyBoundWarning

from geo.routing.combining import Pool
from geo.routing.cutting import Cutter, Order, SubModel, orders_of, plan_of, put_back
from geo.routing.improving import Effort, Improved, Weights, improve
from geo.routing.problem import Plan, RoutingProblem
from geo.routing.solvers import Model, cost_of
from geo.routing.watch import Meter, Watch

# A search of its own for each core of the smallest machine we serve.
SEARCHES = 2
# So much of what is left goes into searching before the routes are put together; and no
# longer than this at a time. Half: putting together early tells the next search where to begin.
_SEARCHING, _LONGEST_S, _LEAST_S = 0.5, 40.0, 0.3
# A search told to serve all that finds no way for so long a share of its time is told that it need not.
_PATIENCE = 0.2
# Whether all can be served is tried for such shares of the time, where nobody knows:
# mostly it is seen at once.
_TRYING = (0.02, 0.08)
# A day of more tasks than this is searched in pieces of so many, after so long a share on the whole; each
# task is to be in a piece so many times, and no piece is searched shorter than this.
_WHOLE, _PIECE, _ROUTES, _BEGINNING, _PASSES, _LEAST_PIECE_S = 250, 200, 8, 0.02, 12, 0.25
_PIECES_TOGETHER = 0.15
# Where no piece gets better, pieces become so much larger and are searched longer. Where they are half of the
# day and were made so much longer, a day whose routes are put together is cut no more; of a larger one the
# whole is searched for such a share of the time.
_LARGER, _LARGEST, _SHAKING = 1.5, 2.0, 0.3
# The routes of more tasks than this are put together within each piece alone.
_TOGETHER = 600


def search_plan(
    problem: RoutingProblem,
    seconds: float,
    *,
    near: Plan | None = None,
    seed: int = 1,
    clock: type[Watch] = Watch,
) -> Plan:
    """The best plan found in about so many seconds; crews that are alike keep what they had in `near`.

    It begins from nothing: begun from VROOM's plan a search stays in that plan's valley. Where `near` serves
    all tasks, or a first try without it does, so must this, as long as the search can.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(SEARCHES) as threads:
        # More jobs than the crews can do is a usual day; what comes back is checked in any case.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        return _Run(problem, clock(seconds), threads, near, seed).plan()


class _Run:
    """One search for a plan: what it has so far, and how it goes on."""

    def __init__(
        self, problem: RoutingProblem, watch: Watch, threads: ThreadPoolExecutor, near: Plan | None, seed: int
    ) -> None:
        self._problem, self._near, self._watch, self._threads = problem, near, watch, threads
        self._random = np.random.default_rng(seed)
        self._seed = seed
        self._nothing: list[Solution | None] = [None] * SEARCHES
        self._is_large, self._is_stuck, self._larger = len(problem.tasks) > _WHOLE, False, 1.0
        self._searching = _SEARCHING if len(problem.tasks) <= _TOGETHER else 1.0
        self._use(Model(problem, serves_all=near is not None and not near.unserved(problem)))

    def _use(self, model: Model) -> None:
        self._model, self._pool = model, Pool(model)
        self._cutter = Cutter(model, self._random)
        self._weights: Weights | None = None

    def plan(self) -> Plan:
        """Until the time is over."""
        starts = self._nothing if self._model.serves_all else self._tried()
        best: Solution | None = None
        while best is None or self._watch.left() > _LEAST_S:
            span = max(min(self._watch.left() * self._searching, _LONGEST_S), _LEAST_S)
            if self._is_large and best is not None and _is_cut(best) and not self._is_stuck:
                best = self._in_pieces(span, best)
            else:
                best = self._in_whole(span, starts, best)
            if not best.is_feasible() and self._model.serves_all:
                self._use(Model(self._problem))
                best, starts = None, self._nothing
                continue
            if self._searching < 1 and (
                found := self._pool.together(best, self._watch.left() / 2, self._watch.meter())
            ):
                best = _better(best, found)
            starts = [best] * SEARCHES if self._is_large else [best, *[None] * (SEARCHES - 1)]
        return self._model.plan(best, self._near)

    def _tried(self) -> Sequence[Solution | None]:
        """Places to begin, where it is not known whether all can be served; if so, from now on they must."""
        starts = self._nothing
        for share in _TRYING:
            found = self._whole(self._watch.left() * share, starts, until_served=True)
            served = [one.best for one in found if one.best.is_feasible() and not one.best.unplanned()]
            if served:
                self._use(Model(self._problem, serves_all=True))
                begun = [plan_of(self._model, orders_of(one)) for one in served]
                return [begun[n % len(begun)] for n in range(SEARCHES)]
            starts = [*(one.best for one in found)]
        return starts

    def _in_whole(self, span: float, starts: Sequence[Solution | None], best: Solution | None) -> Solution:
        """The whole searched for so many seconds.

        Of a large day only until it can be cut, or cannot go on in pieces.
        """
        self._is_stuck = False
        if best is None and self._is_large:
            found = self._whole(span * _BEGINNING, starts)
            if not any(one.best.is_feasible() for one in found):
                found = self._whole(span * _PATIENCE, [one.best for one in found], until_served=True)
        elif best is not None and self._is_large:
            # Few long routes cannot be cut: what two searches of the whole find is as good as it gets.
            found = (
                self._whole(span * _SHAKING, starts)
                if _is_cut(best)
                else self._whole(span, [starts[0], None])
            )
        else:
            found = self._whole(span, starts, patience_s=span * _PATIENCE if self._model.serves_all else None)
        for one in found:
            if self._searching < 1:
                self._pool.add(one.routes)
            best = _better(best, one.best)
        assert best is not None
        return best

    def _in_pieces(self, span: float, best: Solution) -> Solution:
        """Pieces searched until the time is over, or nothing gets better even in the largest."""
        tasks, stale, until = len(self._problem.tasks), 0, self._watch.left() - span
        while (left := self._watch.left() - until) > _LEAST_PIECE_S / 2:
            size = self._size(best)
            share = SEARCHES * size * self._larger / (_PASSES * tasks)
            found = self._piecewise(best, size, min(max(span * share, _LEAST_PIECE_S), left))
            stale = 0 if cost_of(found) < cost_of(best) else stale + SEARCHES * size
            best = found
            if stale >= tasks:
                self._larger, stale = self._larger * _LARGER, 0
                if self._larger > _LARGEST and size >= tasks // SEARCHES:
                    self._is_stuck, self._larger = True, 1.0
                    self._is_large = self._searching == 1
                    break
        return best

    def _whole(
        self,
        span: float,
        starts: Sequence[Solution | None],
        *,
        patience_s: float | None = None,
        until_served: bool = False,
    ) -> list[Improved]:
        """A search from each start, all at once. They differ in how they go on from a new best, too."""
        seeds = self._seeds()

        def search(n: int) -> Improved:
            effort = Effort(span, patience_s or span, seeds[n], is_thorough=n == 0, until_served=until_served)
            return improve(self._model.data, effort, self._watch.meter(), starts[n])

        found = list(self._threads.map(search, range(SEARCHES)))
        self._watch.after([one.used_s for one in found])
        return found

    def _seeds(self) -> list[int]:
        self._seed += SEARCHES
        return [self._seed - SEARCHES + n for n in range(SEARCHES)]

    def _size(self, best: Solution) -> int:
        """How many tasks a piece has: so many, or several routes; half of the day at most."""
        several = _ROUTES * best.num_clients() // best.num_routes()
        return min(int(max(_PIECE, several) * self._larger), len(self._problem.tasks) // SEARCHES)

    def _piecewise(self, best: Solution, size: int, span: float) -> Solution:
        """Some pieces of about so many tasks searched at once, and put back."""
        pieces = self._cutter.cut(best, SEARCHES, size)
        seeds = self._seeds()

        def search(n: int) -> tuple[SubModel, Improved]:
            meter = self._watch.meter()
            part = SubModel(self._model, pieces[n])
            effort = Effort(span * (1 - _PIECES_TOGETHER), span, seeds[n])
            return part, _together(
                part, improve(part.data, effort, meter, part.start, self._weights), meter, span
            )

        found = list(self._threads.map(search, range(len(pieces))))
        self._watch.after([one.used_s for _, one in found])
        self._weights = found[0][1].weights
        if self._searching < 1:
            for part, one in found:
                self._pool.add(one.routes, part)
        routes = [_routes(part, one.best) for part, one in found]
        return _better(best, put_back(self._model, best, pieces, routes))


def _is_cut(best: Solution) -> bool:
    """Whether a plan can be cut: what breaks a rule is mended in the whole."""
    return best.is_feasible() and best.num_routes() >= SEARCHES * _ROUTES


def _together(part: SubModel, found: Improved, meter: Meter, span: float) -> Improved:
    """What a part's search found, and its routes put together anew."""
    pool = Pool(part)
    pool.add(found.routes)
    together = pool.together(found.best, span - meter.used(), meter)
    best = found.best if together is None else _better(found.best, together)
    return found._replace(best=best, used_s=meter.used())


def _routes(part: SubModel, found: Solution) -> list[Order]:
    better = found if found.is_feasible() and cost_of(found) < cost_of(part.start) else part.start
    return [part.whole(route) for route in better.routes()]


def _better(one: Solution | None, other: Solution) -> Solution:
    if one is None:
        return other
    return min(one, other, key=lambda found: (not found.is_feasible(), cost_of(found)))
