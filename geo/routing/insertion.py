"""Inserts one job into running routes: the best place in each crew's day, and what it would move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from geo.routing.problem import Plan, RoutingProblem, Shift
from geo.routing.timing import LATE_WEIGHT, Timed, response_s, timed

_NEXT_BEST = 2
# An urgent task that begins so little later was not put off.
_NOTHING_S = 60


@dataclass(frozen=True, slots=True)
class Insertion:
    """Where a task would go in a crew's route, the times then, and what it adds (travel, weighted delay).

    It is feasible where the crew may do it and no rule is broken that was kept before;
    something urgent breaks none.
    """

    shift: int
    position: int
    after: Timed
    added_travel_s: int
    cost: int
    is_feasible: bool

    @property
    def route(self) -> tuple[int, ...]:
        """The crew's tasks then, in order."""
        return tuple(stop.task for stop in self.after.stops)


def best_insertion(problem: RoutingProblem, plan: Plan, shift: int, task: int) -> Insertion:
    """The best position in one crew's route, feasible or not.

    As early as can be for an urgent task, else where it costs least.
    """
    if task in problem.urgent:
        return _before_all(problem, plan, shift, task)
    crew, route = problem.shifts[shift], plan.routes[shift]
    before = timed(problem, crew, route)
    waited = response_s(problem, before)

    def tried(position: int, is_quick: bool) -> tuple[int, Insertion]:
        after = timed(problem, crew, (*route[:position], task, *route[position:]), is_quick=is_quick)
        added = after.travel_s - before.travel_s
        cost = added + LATE_WEIGHT * (after.late_s - before.late_s)
        # Nothing is put before what is urgent, not even to be done within the shift.
        bad = len(worse(before, after)) + (response_s(problem, after) > waited + _NOTHING_S)
        return bad, Insertion(shift, position, after, added, cost, not bad and not crew.is_away)

    def badness(one: tuple[int, Insertion]) -> tuple[int, int, int]:
        # Of two as good the later one: it makes nobody wait.
        return one[0], one[1].cost, -one[1].position

    # Nobody turns round for what is not urgent.
    first = max((n + 1 for n, other in enumerate(route) if problem.tasks[other].is_under_way), default=0)
    options = sorted((tried(position, True) for position in range(first, len(route) + 1)), key=badness)
    # Other places for the break are tried only where nothing fits, and where least stands in the way.
    if options[0][0] and problem.may_do(crew, problem.tasks[task]):
        options = [tried(one.position, False) for _, one in options[:_NEXT_BEST]] + options
    return min(options, key=badness)[1]


def worse(before: Timed, after: Timed) -> set[tuple[str, int]]:
    """The rules a route breaks that it kept before, or breaks further.

    A day that was broken already bars nobody.
    """
    known, is_more = set(before.faults), len(after.stops) > len(before.stops)
    further = {"shift": is_more or after.end_s > before.end_s, "capacity": is_more,
               "pause": (after.pause_s or 0) > (before.pause_s or 0)}  # fmt: skip
    return {fault for fault in after.faults if fault not in known or further.get(fault[0], False)}


def _before_all(problem: RoutingProblem, plan: Plan, shift: int, task: int) -> Insertion:
    """An urgent task before all that is not.

    Before others as urgent only where those need not wait for it.
    """
    crew, route = problem.shifts[shift], plan.routes[shift]
    now = [n for n in route if n in problem.urgent and problem.tasks[n].window_s[0] <= crew.window_s[0]]
    others = [n for n in route if n not in now]
    order = (*now, *others)
    was = {stop.task: stop.begin_s for stop in timed(problem, crew, order, is_quick=True).stops}
    tried = next(one for one in _orders(problem, order, task) if not _puts_off(problem, crew, one, task, was))
    before, after = timed(problem, crew, route), timed(problem, crew, tried)
    added = after.travel_s - before.travel_s
    is_able = problem.may_do(crew, problem.tasks[task])
    position = tried.index(task)
    return Insertion(shift, position, after, added, after.stops[position].begin_s, is_able)


def _orders(problem: RoutingProblem, order: Sequence[int], task: int) -> Iterator[tuple[int, ...]]:
    """Orders with an urgent task in them, the earlier first.

    Behind it as it was, or what is not urgent last, so that it makes no others as urgent wait.
    """
    for position in range(len(order)):
        first, then = order[:position], order[position:]
        yield (*first, task, *then)
        yield (*first, task, *sorted(then, key=lambda n: n not in problem.urgent))
    yield (*order, task)


def _puts_off(
    problem: RoutingProblem, crew: Shift, order: Sequence[int], task: int, was: Mapping[int, int]
) -> bool:
    """Whether an urgent task makes others as urgent behind it begin later than they did."""
    behind = problem.urgent.intersection(order[order.index(task) + 1 :])
    stops = timed(problem, crew, order, is_quick=True).stops if behind else ()
    return any(s.begin_s > was[s.task] + _NOTHING_S for s in stops if s.task in behind)


def insertions(problem: RoutingProblem, plan: Plan, task: int) -> list[Insertion]:
    """The best insertion for every crew, best first.

    Who may do it before who may not, feasible before not.
    """
    found = [best_insertion(problem, plan, n, task) for n in range(len(problem.shifts))]

    def rank(one: Insertion) -> tuple[bool, bool, int, int]:
        is_able = problem.may_do(problem.shifts[one.shift], problem.tasks[task])
        return not is_able, not one.is_feasible, one.cost, one.shift

    return sorted(found, key=rank)


def insert_missing(problem: RoutingProblem, plan: Plan, tasks: Sequence[int]) -> Plan:
    """Put tasks where they fit, the most urgent first."""
    for task in sorted(tasks, key=lambda n: (-problem.tasks[n].priority, problem.tasks[n].due_s or 0, n)):
        found = [one for one in insertions(problem, plan, task) if one.is_feasible]
        if found:
            plan = plan.with_route(found[0].shift, found[0].route)
    return plan
