"""Plans a day with both solvers, the most urgent first, and checks every result before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from geo.routing.insertion import insert_missing, insertions
from geo.routing.problem import Plan, RoutingProblem, Shift
from geo.routing.search import search_plan
from geo.routing.solvers import vroom_plan
from geo.routing.timing import score, timed
from geo.routing.urgent import send
from geo.routing.watch import Watch

# VROOM takes about so many seconds for a pair of tasks (0.3 s for 100 tasks, 3 s for
# 300); it may take this share of all.
_PAIR_S, _VROOMS_SHARE = 3.3e-5, 0.05


def plan_day(
    problem: RoutingProblem,
    seconds: float,
    *,
    today: Plan | None = None,
    seed: int = 1,
    clock: type[Watch] = Watch,
) -> Plan:
    """The best feasible plan found in about so many seconds, never worse than `today`'s if there is one.

    Limits are kept where they can be; a task whose limit cannot be kept is served late
    rather than not at all. An urgent task goes before all others, however late those are,
    where no appointment of its own or pin says otherwise.
    """
    watch = clock(seconds)
    best = None if today is None else _urgent_first(problem, today)
    if _PAIR_S * len(problem.tasks) ** 2 <= _VROOMS_SHARE * seconds:
        is_start = best is not None and score(problem, best).is_feasible
        best = _kept(problem, _assured(problem, vroom_plan(problem, start=best if is_start else None)), best)
    left = watch.left()
    if best is not None and (left <= 0.5 or not problem.tasks):
        return best
    return _kept(
        problem, _assured(problem, search_plan(problem, left, near=best, seed=seed, clock=clock)), best
    )


def _assured(problem: RoutingProblem, found: Plan) -> Plan:
    """A solver's plan mended, the urgent ones first.

    It would leave one out, or put it last, for a dozen others.
    """
    plan = _urgent_first(problem, _mended(problem, found))
    return insert_missing(problem, plan, plan.unserved(problem))


def _urgent_first(problem: RoutingProblem, plan: Plan) -> Plan:
    """Each urgent task with the crew that can begin it first, before what is not urgent.

    What that puts out is out.
    """
    for task in sorted(problem.urgent, key=lambda n: (problem.tasks[n].window_s[0], n)):
        without = Plan(tuple(tuple(n for n in route if n != task) for route in plan.routes))
        first = next((one for one in insertions(problem, without, task) if one.is_feasible), None)
        if first is not None:
            plan = send(problem, without, first.shift, task, most_moved=len(problem.tasks)).plan
    return plan


def _mended(problem: RoutingProblem, plan: Plan) -> Plan:
    """What breaks a rule is taken out of its route, and everything that is missing put in where it fits."""
    for n, shift in enumerate(problem.shifts):
        plan = plan.with_route(n, _feasible(problem, shift, plan.routes[n]))
    return insert_missing(problem, plan, plan.unserved(problem))


def _feasible(problem: RoutingProblem, shift: Shift, before: Sequence[int]) -> list[int]:
    route = list(before)
    while faults := timed(problem, shift, route).faults:
        named = [task for _, task in faults if task >= 0]
        routine = [n for n in route if n not in problem.urgent] or route
        least = min(routine, key=lambda k: (problem.tasks[k].priority, -problem.tasks[k].duration_s))
        route.remove(named[0] if named else least)
    return route


def _kept(problem: RoutingProblem, found: Plan, other: Plan | None) -> Plan:
    """The better of two by our own score; one that breaks a rule is never taken."""
    if other is None:
        return found
    ours, theirs = score(problem, found), score(problem, other)
    return other if theirs.is_feasible and (not ours.is_feasible or theirs.cost < ours.cost) else found


def settle(problem: RoutingProblem, today: Plan) -> Plan:
    """The unserved tasks put into today's plan, and nothing else moved where it can be helped.

    What broke a rule already (a crew that is late, an appointment that was missed) is taken
    out of its route and put in where it fits. Only for an urgent one must others make room;
    one of those may change crew, the rest are left over.
    """
    plan = today
    for n, shift in enumerate(problem.shifts):
        plan = plan.with_route(n, _feasible(problem, shift, today.routes[n]))
    missing = plan.unserved(problem)
    for task in (n for n in missing if n in problem.urgent):
        first = next((one for one in insertions(problem, plan, task) if one.is_feasible), None)
        if first is not None:
            plan = send(problem, plan, first.shift, task).plan
    return insert_missing(problem, plan, [n for n in missing if n not in problem.urgent])


def without_crew(problem: RoutingProblem, today: Plan, crew: str) -> tuple[RoutingProblem, Plan]:
    """The day when a crew has fallen ill: its tasks are free again, its shift is over.

    The others' days stand.
    """
    ill = next(n for n, shift in enumerate(problem.shifts) if shift.id == crew)
    gone = problem.shifts[ill]
    shifts = [
        replace(
            s, window_s=(gone.window_s[0], gone.window_s[0]), skills=frozenset(), pause=None, is_away=True
        )
        if n == ill
        else s
        for n, s in enumerate(problem.shifts)
    ]
    tasks = [
        replace(task, pinned_to=None if task.pinned_to == crew else task.pinned_to) for task in problem.tasks
    ]
    return replace(problem, tasks=tasks, shifts=shifts), today.with_route(ill, ())
