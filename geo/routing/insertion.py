"""One job into running routes: the best place in each crew's day, and what it would move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.routing.problem import URGENT, Plan, Problem
from geo.routing.timing import LATE_WEIGHT, Timed, timed

_NEXT_BEST = 2


@dataclass(frozen=True, slots=True)
class Insertion:
    """Where a task would go in a crew's route, the route's times then, and what it adds (travel plus weighted delay)."""

    shift: int
    position: int
    after: Timed
    added_travel_s: int
    cost: int

    @property
    def is_feasible(self) -> bool:
        """Whether the route keeps every rule."""
        return not self.after.faults


def best_insertion(problem: Problem, plan: Plan, shift: int, task: int, *, earliest: bool = False) -> Insertion:
    """The best position in one crew's route, feasible or not; `earliest` prefers arriving soon to travelling little."""
    crew, route = problem.shifts[shift], plan.routes[shift]
    before = timed(problem, crew, route)
    known = set(before.faults)

    def tried(position: int, is_quick: bool) -> Insertion:
        after = timed(problem, crew, (*route[:position], task, *route[position:]), is_quick=is_quick)
        added = after.travel_s - before.travel_s
        cost = added + LATE_WEIGHT * (after.late_s - before.late_s)
        cost += after.stops[position].begin_s if earliest else 0
        return Insertion(shift, position, after, added, cost)

    def badness(one: Insertion) -> tuple[int, int, int]:
        # Of two as good the later one: it makes nobody wait.
        return len(set(one.after.faults) - known), one.cost, -one.position

    options = sorted((tried(position, True) for position in range(len(route) + 1)), key=badness)
    # Other places for the break are tried only where nothing fits, and where least stands in the way.
    if badness(options[0])[0] and problem.may_do(crew, problem.tasks[task]):
        options = [tried(one.position, False) for one in options[:_NEXT_BEST]] + options
    return min(options, key=badness)


def insertions(problem: Problem, plan: Plan, task: int, *, earliest: bool = False) -> list[Insertion]:
    """The best insertion for every crew, best first, feasible before not."""
    found = [best_insertion(problem, plan, n, task, earliest=earliest) for n in range(len(problem.shifts))]
    return sorted(found, key=lambda one: (not one.is_feasible, one.cost, one.shift))


def insert_missing(problem: Problem, plan: Plan, tasks: Sequence[int], *, may_eject: bool = False) -> Plan:
    """Put tasks where they fit, the most urgent first; `may_eject` lets an urgent one push out tasks of lower
    priority."""
    for task in sorted(tasks, key=lambda n: (-problem.tasks[n].priority, problem.tasks[n].due_s or 0, n)):
        allowed = [n for n, shift in enumerate(problem.shifts) if problem.may_do(shift, problem.tasks[task])]
        found = [one for n in allowed if (one := best_insertion(problem, plan, n, task)).is_feasible]
        if found:
            plan = _placed(plan, min(found, key=lambda one: one.cost), task)
        elif may_eject and problem.tasks[task].priority >= URGENT:
            plan = _with_ejection(problem, plan, allowed, task) or plan
    return plan


def _placed(plan: Plan, insertion: Insertion, task: int) -> Plan:
    route = plan.routes[insertion.shift]
    return plan.with_route(insertion.shift, (*route[: insertion.position], task, *route[insertion.position :]))


def _with_ejection(problem: Problem, plan: Plan, allowed: Sequence[int], task: int) -> Plan | None:
    """The route where the fewest and least important tasks must go; None where even an empty one does not do."""
    best: tuple[int, int, Plan] | None = None
    for shift in allowed:
        lower = [n for n in plan.routes[shift] if problem.tasks[n].priority < problem.tasks[task].priority]
        reduced, lost = plan, 0
        while not (found := best_insertion(problem, reduced, shift, task)).is_feasible and lower:
            out = min(lower, key=lambda n: (problem.tasks[n].priority, -problem.tasks[n].duration_s))
            lower.remove(out)
            lost += problem.tasks[out].priority
            reduced = reduced.with_route(shift, [n for n in reduced.routes[shift] if n != out])
        if found.is_feasible and (best is None or (lost, found.cost) < best[:2]):
            best = (lost, found.cost, _placed(reduced, found, task))
    return best[2] if best else None
