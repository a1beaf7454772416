"""When a crew is where: the exact times of a route, and the score of a plan.

Every solver's word is checked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from geo.routing.problem import FOREVER, NORMAL, URGENT, Pause, Plan, RoutingProblem, Shift, Task

# What one second past a limit weighs against a second of travel.
LATE_WEIGHT = 3
# What one second until an urgent job is begun weighs: more than the lateness of a whole route of others.
RESPONSE_WEIGHT = 100
UNSERVED_S = 1_000_000
# One urgent job goes before any number of others: no day has a thousand.
_BEFORE_ALL = 1_000


class Stop(NamedTuple):
    """A task on a route: when the crew arrives, begins and ends, and how late it ends (0: in time).

    A tuple, because ranking crews makes tens of thousands.
    """

    task: int
    arrive_s: int
    begin_s: int
    end_s: int
    late_s: int


@dataclass(frozen=True, slots=True)
class Timed:
    """A route with its times; `faults` names what it breaks, as (code, task index or -1)."""

    stops: tuple[Stop, ...]
    pause_s: int | None
    travel_s: int
    end_s: int
    faults: tuple[tuple[str, int], ...]

    @property
    def late_s(self) -> int:
        """Seconds past limits, all stops together."""
        return sum(stop.late_s for stop in self.stops)


# What another place for the break may mend.
_OF_TIME = frozenset({"window", "shift", "pause"})


def timed(problem: RoutingProblem, shift: Shift, route: Sequence[int], *, is_quick: bool = False) -> Timed:
    """The times of a route: as early as it goes, the break as late as it may be or while waiting anyway.

    Where that breaks a window or the shift, the break is tried before every stop, and the first that fits is
    taken; `is_quick` leaves that out.
    """
    first = _walk(problem, shift, route, None)
    if (
        is_quick
        or shift.pause is None
        or not first.faults
        or not {code for code, _ in first.faults} <= _OF_TIME
    ):
        return first
    if not any(problem.tasks[n].window_s != (0, FOREVER) for n in route):
        return first  # Without appointments the day is as long wherever the break lies.
    others = (_walk(problem, shift, route, before) for before in range(len(route) + 1))
    return next((one for one in others if not one.faults), first)


def _walk(problem: RoutingProblem, shift: Shift, route: Sequence[int], pause_before: int | None) -> Timed:
    if not route:
        # Whoever has nothing to do rests and goes home as they like.
        return Timed((), None, 0, shift.window_s[0], ())
    now, place, travel, load = shift.window_s[0], shift.start, 0, 0
    pause, paused_at, is_urgent, routine_end = shift.pause, None, False, now
    stops, faults = [], []
    for n, index in enumerate(route):
        task, is_urgent = problem.tasks[index], index in problem.urgent
        leg = problem.rows[place][task.place]
        arrive = now + leg if is_urgent else max(now + leg, shift.routine_from_s)
        begin = max(arrive, task.window_s[0])
        if pause is not None and paused_at is None:
            forced = None if is_urgent else pause_before
            ends = 0 if is_urgent else begin + task.duration_s  # What is urgent is not put off by a break.
            paused_at = _pause_at(pause, now, arrive, begin, ends, forced, n)
            if paused_at is not None:
                # Taken before leaving or on arrival; either way the stop cannot begin earlier than this.
                arrive = max(arrive, paused_at + pause.duration_s + (leg if paused_at < now + leg else 0))
                begin = max(arrive, task.window_s[0])
        end = begin + task.duration_s
        faults += _of_stop(shift, task, index, begin)
        stops.append(
            Stop(index, arrive, begin, end, max(end - task.due_s, 0) if task.due_s is not None else 0)
        )
        now, place, travel = end, task.place, travel + leg
        if not is_urgent:
            load, routine_end = load + task.load, end
        elif pause is not None and paused_at is None and end > pause.window_s[1]:
            pause = Pause(pause.duration_s, (pause.window_s[0], end))  # The break comes after it.
    home = problem.rows[place][shift.end] if shift.end is not None else 0
    if pause is not None and paused_at is None and now + home > pause.window_s[0]:
        paused_at = max(now, pause.window_s[0])
        now = paused_at + pause.duration_s
    # The end of the shift stops nothing urgent, nor whoever comes home from it.
    faults += _ends(shift, pause, paused_at, routine_end if is_urgent else now + home, load)
    return Timed(tuple(stops), paused_at, travel + home, now + home, tuple(faults))


def _of_stop(shift: Shift, task: Task, index: int, begin_s: int) -> list[tuple[str, int]]:
    faults = []
    if begin_s > task.window_s[1] and not task.is_urgent:
        faults.append(("window", index))
    if not task.skills <= shift.skills:
        faults.append(("skills", index))
    if task.pinned_to not in (None, shift.id):
        faults.append(("pinned", index))
    return faults


def _pause_at(
    pause: Pause, now: int, arrive: int, begin: int, end: int, forced_before: int | None, position: int
) -> int | None:
    """When the break is taken if it is taken before this stop, else None."""
    earliest, latest = pause.window_s
    if forced_before is not None:
        return max(now, earliest) if position == forced_before else None
    if begin - arrive >= pause.duration_s and earliest <= begin - pause.duration_s and arrive <= latest:
        return max(arrive, earliest)
    return max(now, earliest) if end > latest else None


def _ends(
    shift: Shift, pause: Pause | None, paused_at: int | None, end: int, load: int
) -> list[tuple[str, int]]:
    faults = []
    if end > shift.window_s[1]:
        faults.append(("shift", -1))
    if pause is not None and paused_at is not None and paused_at > pause.window_s[1]:
        faults.append(("pause", -1))
    if shift.capacity is not None and load > shift.capacity:
        faults.append(("capacity", -1))
    return faults


def missing_cost(task: Task) -> int:
    """What leaving a task out weighs, in seconds of travel."""
    return UNSERVED_S * (_BEFORE_ALL if task.priority >= URGENT else max(task.priority // NORMAL, 1))


@dataclass(frozen=True, slots=True)
class Score:
    """A plan checked and weighed: less is better, feasible before not.

    `response_s` is how long urgent ones wait.
    """

    faults: tuple[tuple[str, str, int], ...]
    unserved: tuple[int, ...]
    travel_s: int
    late_s: int
    response_s: int
    cost: int

    @property
    def is_feasible(self) -> bool:
        """Whether nothing is broken; leaving tasks out breaks nothing."""
        return not self.faults


def score(problem: RoutingProblem, plan: Plan) -> Score:
    """Every rule checked anew from the problem alone; `faults` are (code, crew id, task index)."""
    timings = [timed(problem, shift, route) for shift, route in zip(problem.shifts, plan.routes, strict=True)]
    faults = [
        (code, shift.id, task)
        for shift, one in zip(problem.shifts, timings, strict=True)
        for code, task in one.faults
    ]
    seen: set[int] = set()
    for shift, route in zip(problem.shifts, plan.routes, strict=True):
        faults += [("twice", shift.id, task) for task in route if task in seen]
        seen |= set(route)
    unserved = tuple(plan.unserved(problem))
    travel, late = sum(one.travel_s for one in timings), sum(one.late_s for one in timings)
    missing = sum(missing_cost(problem.tasks[n]) for n in unserved)
    response = sum(response_s(problem, one) for one in timings)
    cost = travel + LATE_WEIGHT * late + RESPONSE_WEIGHT * response + missing
    return Score(tuple(faults), unserved, travel, late, response, cost)


def response_s(problem: RoutingProblem, found: Timed) -> int:
    """Seconds from the beginning of the first shift until each urgent task of a route begins, together."""
    if not problem.urgent:
        return 0
    return sum(stop.begin_s - problem.begins_s for stop in found.stops if stop.task in problem.urgent)
