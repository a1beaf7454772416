"""The problem as the two solvers have it.

VROOM for a feasible plan in seconds, PyVRP's model for the search after it.

Both minimise travel. Limits are given to them as hard windows where they can be kept. Neither's word is
taken: what they return is only ever the order of tasks, timed and scored by `geo.routing.timing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyvrp
import vroom
from numpy.typing import NDArray
from pyvrp.search import NeighbourhoodParams, compute_neighbours
from scipy.optimize import linear_sum_assignment

from geo.routing.problem import FOREVER, Plan, RoutingProblem, Shift, Task
from geo.routing.timing import missing_cost, timed

# Travel of a forbidden visit: worse than any plan, yet far from overflowing when summed.
_NEVER = 10**7
# So many tasks are near a task, as far as cutting a day into pieces goes.
_NEAR = 20


def vroom_plan(problem: RoutingProblem, *, level: int | None = None, start: Plan | None = None) -> Plan:
    """A feasible plan by VROOM (Coupey, Nicod, Varnier 2018); `start` is where it begins. It holds the GIL.

    `level` 0 to 5 is how far it explores; without one as far as takes about a second. A time limit instead
    would cut it off before its searches meet.
    """
    if level is None:
        level = next((deep for most, deep in ((60, 5), (130, 1)) if len(problem.tasks) <= most), 0)
    if not problem.tasks:
        return Plan(tuple(() for _ in problem.shifts))
    skills = {
        name: n + 1 for n, name in enumerate(sorted({s for task in problem.tasks for s in task.skills}))
    }
    pins = {shift.id: len(skills) + 1 + n for n, shift in enumerate(problem.shifts)}
    model = vroom.Input()
    model.set_durations_matrix("car", problem.travel_s.astype(np.uint32))
    first = _begins(problem)
    reached = _reached(problem, start) if start else {}
    for n, shift in enumerate(problem.shifts):
        steps = _steps(problem, start.routes[n]) if start else ()
        model.add_vehicle(
            _vehicle(n, shift, {skills[s] for s in shift.skills if s in skills} | {pins[shift.id]}, steps)
        )
    for n, task in enumerate(problem.tasks):
        wanted = {skills[s] for s in task.skills} | (
            {pins[task.pinned_to]} if task.pinned_to in pins else set()
        )
        model.add_job(_job(n, task, wanted, _window(task, max(first, reached.get(n, 0)))))
    solution = model.solve(exploration_level=level, nb_threads=2, timeout=timedelta(seconds=60))
    routes: list[list[int]] = [[] for _ in problem.shifts]
    for row in solution.routes[solution.routes["type"] == "job"].itertuples():
        routes[int(row.vehicle_id)].append(int(row.id))
    return Plan(tuple(map(tuple, routes)))


def _vehicle(n: int, shift: Shift, skills: set[int], steps: Sequence[vroom.VehicleStep]) -> vroom.Vehicle:
    pause = shift.pause
    breaks = [vroom.Break(0, [vroom.TimeWindow(*pause.window_s)], service=pause.duration_s)] if pause else []
    return vroom.Vehicle(
        n,
        start=shift.start,
        end=shift.end,
        capacity=[min(shift.capacity if shift.capacity is not None else FOREVER, FOREVER)],
        skills=skills,
        time_window=vroom.TimeWindow(*shift.window_s),
        breaks=breaks,
        steps=steps,
    )


def _reached(problem: RoutingProblem, start: Plan) -> dict[int, int]:
    """When the tasks of a plan begin in it."""
    routes = zip(problem.shifts, start.routes, strict=True)
    return {stop.task: stop.begin_s for shift, route in routes for stop in timed(problem, shift, route).stops}


def _job(n: int, task: Task, skills: set[int], window: tuple[int, int]) -> vroom.Job:
    return vroom.Job(
        n,
        location=task.place,
        default_service=task.duration_s,
        delivery=[0 if task.is_urgent else task.load],
        skills=skills,
        priority=min(task.priority, 100),
        time_windows=[vroom.TimeWindow(*window)],
    )


def _steps(problem: RoutingProblem, route: Sequence[int]) -> list[vroom.VehicleStep]:
    return [
        vroom.VehicleStep("start"),
        *(vroom.VehicleStep("single", n) for n in route),
        vroom.VehicleStep("end"),
    ]


def _window(task: Task, from_s: int) -> tuple[int, int]:
    """When work may begin: so that it ends within its limit, unless that is past already at `from_s`."""
    early, late = task.window_s
    if task.due_s is not None and task.due_s - task.duration_s >= max(early, from_s):
        late = min(late, task.due_s - task.duration_s)
    return early, late


def _begins(problem: RoutingProblem) -> int:
    return min((shift.window_s[0] for shift in problem.shifts), default=0)


class Model:
    """A problem as PyVRP has it (Wouda, Lan & Kool 2024).

    Its data, and which crews stand behind each vehicle type.

    It knows no breaks: a crew's day is shortened by its break, and whatever may come after one must begin so
    much earlier that the break can still be put before it. `serves_all` says that no task may be left out:
    told so, the search need not weigh it and is faster by half.
    """

    def __init__(self, problem: RoutingProblem, *, serves_all: bool = False) -> None:
        n_places = len(problem.travel_s)
        # A crew that need not come back ends nowhere: a place that costs nothing to reach.
        travel = np.zeros((n_places + 1, n_places + 1), dtype=np.int64)
        travel[:n_places, :n_places] = problem.travel_s
        profiles, profile_of = _profiles(problem, travel)
        depots = sorted({p for s in problem.shifts for p in (s.start, n_places if s.end is None else s.end)})
        types = _alike(problem, profile_of, depots, n_places)
        self.crews = [crews for _, crews in types]
        self.serves_all = serves_all
        self.missing = [missing_cost(task) for task in problem.tasks]
        self.data = pyvrp.ProblemData(
            locations=[pyvrp.Location(0, 0) for _ in range(n_places + 1)],
            clients=[
                _client(task, _begins(problem), *_breaks(problem), serves_all) for task in problem.tasks
            ],
            depots=[pyvrp.Depot(place) for place in depots],
            vehicle_types=[_vehicle_type(len(crews), *key) for key, crews in types],
            distance_matrices=profiles,
            duration_matrices=profiles,
        )

    @cached_property
    def near(self) -> NDArray[np.int64]:
        """The tasks that are nearest each task, by travel and windows (tasks, at most 20)."""
        found = compute_neighbours(self.data, NeighbourhoodParams(num_neighbours=_NEAR))
        rows = {task.idx: [other.idx for other in others] for task, others in found.items()}
        most = max(map(len, rows.values()), default=0)
        # Whoever has fewer is its own neighbour, which says nothing.
        return np.array([(rows[n] + [n] * most)[:most] for n in range(len(self.missing))], dtype=np.int64)

    def plan(self, solution: pyvrp.Solution, near: Plan | None) -> Plan:
        """A solution as routes of crews; crews that are alike keep what they had in `near`."""
        routes: list[list[tuple[int, ...]]] = [[] for _ in self.crews]
        for route in solution.routes():
            routes[route.vehicle_type()].append(visits(route))
        return _dealt(self.crews, routes, near, sum(map(len, self.crews)))


def cost_of(solution: pyvrp.Solution) -> int:
    """Travel, and what leaving tasks out weighs."""
    return int(solution.distance() + solution.uncollected_prizes())


def visits(route: pyvrp.Route) -> tuple[int, ...]:
    """The tasks of a route, in order."""
    return tuple(one.idx for one in route.schedule() if one.is_client())


def _alike(
    problem: RoutingProblem, profile_of: Sequence[int], depots: Sequence[int], nowhere: int
) -> list[tuple[tuple[Any, ...], list[int]]]:
    """Crews that are alike, as one type each: told apart, the search would try every empty one anew."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for n, shift in enumerate(problem.shifts):
        end = nowhere if shift.end is None else shift.end
        pause = shift.pause.duration_s if shift.pause else 0
        key = (
            depots.index(shift.start),
            depots.index(end),
            shift.window_s,
            pause,
            shift.capacity,
            profile_of[n],
        )
        found.setdefault(key, []).append(n)
    return list(found.items())


def _dealt(
    groups: Sequence[Sequence[int]],
    routes: Sequence[Sequence[tuple[int, ...]]],
    near: Plan | None,
    crews: int,
) -> Plan:
    """Routes of crews that are alike go to whoever had most of their tasks before."""
    dealt: list[tuple[int, ...]] = [() for _ in range(crews)]
    for members, mine in zip(groups, routes, strict=True):
        had = [set(near.routes[crew]) if near else set[int]() for crew in members]
        shared = np.array([[len(before & set(route)) for before in had] for route in mine]).reshape(
            -1, len(members)
        )
        for route, member in zip(*linear_sum_assignment(-shared), strict=True):
            dealt[members[member]] = mine[route]
    return Plan(tuple(dealt))


def _breaks(problem: RoutingProblem) -> tuple[int, int]:
    """From when on a break may push what follows, and by how much at most."""
    pauses = [shift.pause for shift in problem.shifts if shift.pause]
    return min((p.window_s[0] for p in pauses), default=FOREVER), max(
        (p.duration_s for p in pauses), default=0
    )


def _client(task: Task, begins_s: int, breaks_from_s: int, break_s: int, is_required: bool) -> pyvrp.Client:
    early, late = _window(task, begins_s)
    if breaks_from_s <= late < FOREVER:
        late = max(early, late - break_s)
    return pyvrp.Client(
        task.place,
        delivery=[0 if task.is_urgent else task.load],
        service_duration=task.duration_s,
        tw_early=early,
        tw_late=late,
        prize=0 if is_required else missing_cost(task),
        required=is_required,
    )


def _vehicle_type(
    count: int,
    start: int,
    end: int,
    window_s: tuple[int, int],
    pause_s: int,
    capacity: int | None,
    profile: int,
) -> pyvrp.VehicleType:
    return pyvrp.VehicleType(
        count, capacity=[FOREVER if capacity is None else capacity], start_depot=start, end_depot=end,
        tw_early=window_s[0], tw_late=max(window_s[1] - pause_s, window_s[0]), profile=profile,
    )  # fmt: skip


def _profiles(problem: RoutingProblem, travel: NDArray[np.int64]) -> tuple[list[Any], list[int]]:
    """One matrix for each set of places a crew may not serve (skills, pins), and which crew has which."""
    found: dict[frozenset[int], int] = {}
    matrices: list[NDArray[np.int64]] = []
    profile_of = []
    for shift in problem.shifts:
        forbidden = frozenset(task.place for task in problem.tasks if not problem.may_do(shift, task))
        # Two jobs at one place may need different skills: the one this crew may do is told by the scorer.
        forbidden -= {task.place for task in problem.tasks if problem.may_do(shift, task)}
        if forbidden not in found:
            found[forbidden] = len(matrices)
            matrix = travel.copy()
            matrix[:, sorted(forbidden)] = _NEVER
            np.fill_diagonal(matrix, 0)
            matrices.append(matrix)
        profile_of.append(found[forbidden])
    return matrices, profile_of
