"""What an urgent task sets aside.

The crew's other work stays where it still fits, little of it changes crew, the rest is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geo.routing.insertion import Insertion, best_insertion, insertions
from geo.routing.problem import FOREVER, Plan, RoutingProblem, Shift
from geo.routing.timing import Timed, timed

# Of what no longer fits so many go to other crews: whoever is moved must be told, and
# looks forward to somebody else.
MOST_MOVED = 1
_A_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Sent:
    """A plan with an urgent task in it.

    Which crew has it, the crew's route then, (task, new crew) for what moved to another,
    and what fits nowhere (in no route).
    """

    plan: Plan
    shift: int
    after: Timed
    moved: tuple[tuple[int, int], ...]
    left_over: tuple[int, ...]


def send(
    problem: RoutingProblem,
    plan: Plan,
    shift: int,
    task: int,
    most_moved: int = MOST_MOVED,
    held: RoutingProblem | None = None,
) -> Sent:
    """Give a task in no route to one crew at once, and settle what that puts out with the fewest changes.

    `held` is the same day in which nothing is begun before it was planned: so other crews'
    days are left as they are.
    """
    crew, held = problem.shifts[shift], held or problem
    order, out = _room_made(problem, crew, best_insertion(problem, plan, shift, task))
    plan, moved = plan.with_route(shift, order), list[tuple[int, int]]()
    for one in sorted(out, key=lambda n: _promise(problem, n)):
        again = best_insertion(problem, plan, shift, one)
        if again.is_feasible:
            plan = plan.with_route(shift, again.route)
            out.remove(one)
    for one in sorted(out, key=lambda n: _promise(problem, n)):
        if len(moved) < most_moved and (found := _elsewhere(held, plan, shift, one)):
            plan = plan.with_route(found.shift, found.route)
            moved.append((one, found.shift))
            out.remove(one)
    return Sent(plan, shift, timed(problem, crew, plan.routes[shift]), tuple(moved), tuple(out))


def _elsewhere(problem: RoutingProblem, plan: Plan, shift: int, task: int) -> Insertion | None:
    """Another crew's day where a task fits; not one that begins only when this crew's is over."""
    ends = problem.shifts[shift].window_s[1]
    here = [s for s in problem.shifts if max(s.window_s[0], s.routine_from_s) < ends]
    found = (one for one in insertions(problem, plan, task) if one.is_feasible and one.shift != shift)
    return next((one for one in found if problem.shifts[one.shift] in here), None)


def put_out(shift: Shift, problem: RoutingProblem, route: Timed) -> list[int]:
    """The tasks of a route that miss their appointment or the end of the shift.

    Nothing urgent is among them.
    """
    return [
        s.task
        for s in route.stops
        if s.task not in problem.urgent
        and (s.begin_s > problem.tasks[s.task].window_s[1] or s.end_s > shift.window_s[1])
    ]


def _room_made(problem: RoutingProblem, crew: Shift, first: Insertion) -> tuple[tuple[int, ...], list[int]]:
    """The crew's order once what cannot stay is out: what is promised stays before what is not."""
    order, out = list(first.route), list[int]()
    while bad := put_out(crew, problem, timed(problem, crew, order)):
        missed = next((n for n in bad if problem.tasks[n].window_s[1] < FOREVER), None)
        if missed is not None and (earlier := _earlier(problem, crew, order, missed)):
            order = earlier
            continue
        # What comes after the first that does not fit is no help to it.
        routine = [n for n in order[: order.index(bad[0]) + 1] if n not in problem.urgent]
        late = missed if missed is not None and _is_missed(problem, crew, order, missed) else None
        gone = (
            late if late is not None else max(routine, key=lambda n: (_promise(problem, n), order.index(n)))
        )
        order.remove(gone)
        out.append(gone)
    return tuple(order), out


def _is_missed(problem: RoutingProblem, crew: Shift, order: Sequence[int], task: int) -> bool:
    """Whether a task's appointment is missed, not only the end of the shift."""
    stop = next(s for s in timed(problem, crew, order).stops if s.task == task)
    return stop.begin_s > problem.tasks[task].window_s[1]


def _earlier(problem: RoutingProblem, crew: Shift, order: Sequence[int], task: int) -> list[int] | None:
    """The order with a task so much earlier that one promise less is broken; None where there is none."""
    rest, at = [n for n in order if n != task], list(order).index(task)
    now = _promises_broken(problem, put_out(crew, problem, timed(problem, crew, order)))
    for place in range(at - 1, -1, -1):
        if rest[place] in problem.urgent:
            return None
        tried = [*rest[:place], task, *rest[place:]]
        if _promises_broken(problem, put_out(crew, problem, timed(problem, crew, tried))) < now:
            return tried
    return None


def _promises_broken(problem: RoutingProblem, tasks: Iterable[int]) -> int:
    return sum(1 for n in tasks if problem.tasks[n].window_s[1] < FOREVER)


def _promise(problem: RoutingProblem, task: int) -> tuple[bool, int, int, int]:
    """What is promised most comes first: an appointment, then priority, then the limit.

    What is overdue is late already and waits like what is due in a day.
    """
    one = problem.tasks[task]
    due = FOREVER if one.due_s is None else one.due_s
    due = problem.begins_s + _A_DAY_S if due < problem.begins_s else due
    return one.window_s[1] >= FOREVER, one.window_s[1], -one.priority, due
