"""The routing problem of a day as numbers: jobs, crews, and travel seconds between their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.int64]
FOREVER = 10**8
URGENT, NORMAL = 100, 10


@dataclass(frozen=True, slots=True)
class Task:
    """A job to be done: its place's row in the matrix, how long, by whom, and when work must begin.

    `window_s` is hard (an appointment), `due_s` a limit that is better kept; both count seconds from the
    day's start. `pinned_to` is the only crew that may do it. `load` is what it takes of a crew's capacity. A
    crew `is_under_way` to its task turns round for what is urgent alone.
    """

    id: str
    place: int
    duration_s: int
    skills: frozenset[str] = frozenset()
    priority: int = NORMAL
    window_s: tuple[int, int] = (0, FOREVER)
    due_s: int | None = None
    pinned_to: str | None = None
    load: int = 1
    is_under_way: bool = False

    @property
    def is_urgent(self) -> bool:
        """Whether it goes first.

        No break, appointment of others, most jobs or end of a shift stands before it.
        """
        return self.priority >= URGENT


@dataclass(frozen=True, slots=True)
class Pause:
    """A break of a crew: how long, and between which seconds it begins."""

    duration_s: int
    window_s: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """A crew's working day.

    Where it starts (and ends, if it must come back), from when to when, and what it can do.

    `capacity` bounds the loads of its tasks. A crew under way starts at its last started job, when that will
    be done. Before `routine_from_s` it is there for what is urgent only (on call); `hours_s` are its spells
    on duty or on call (none: its window), beyond them is overtime. One that `is_away` after all does nothing.
    """

    id: str
    start: int
    window_s: tuple[int, int]
    skills: frozenset[str] = frozenset()
    end: int | None = None
    pause: Pause | None = None
    capacity: int | None = None
    routine_from_s: int = 0
    hours_s: tuple[tuple[int, int], ...] = ()
    is_away: bool = False

    def overtime_s(self, until_s: int) -> int:
        """How much of the time from its beginning to `until_s` lies outside its hours."""
        begins = self.window_s[0]
        spells = self.hours_s or (self.window_s,)
        inside = sum(max(min(last, until_s) - max(first, begins), 0) for first, last in _apart(spells))
        return max(until_s - begins - inside, 0)


def _apart(spells: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spells that may overlap as spells that do not."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spells):
        first = max(first, found[-1][1]) if found else first
        if last > first:
            found.append((first, last))
    return found


@dataclass(frozen=True, slots=True)
class RoutingProblem:
    """Tasks, shifts and travel seconds between places (n, n)."""

    tasks: Sequence[Task]
    shifts: Sequence[Shift]
    travel_s: Seconds
    # Rows as plain lists: single look-ups are what timing does most.
    rows: list[list[int]] = field(init=False, repr=False, compare=False, default_factory=list)
    urgent: frozenset[int] = field(init=False, repr=False, compare=False, default=frozenset())
    begins_s: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", self.travel_s.tolist())
        object.__setattr__(
            self, "urgent", frozenset(n for n, task in enumerate(self.tasks) if task.is_urgent)
        )
        object.__setattr__(self, "begins_s", min((shift.window_s[0] for shift in self.shifts), default=0))

    def may_do(self, shift: Shift, task: Task) -> bool:
        """Whether a crew is there, has the skills for a task, and it is not another's."""
        return not shift.is_away and task.skills <= shift.skills and task.pinned_to in (None, shift.id)


@dataclass(frozen=True, slots=True)
class Plan:
    """For each shift the indexes of its tasks in order; what is in none is not served."""

    routes: tuple[tuple[int, ...], ...]

    def unserved(self, problem: RoutingProblem) -> list[int]:
        """Indexes of the tasks in no route."""
        served = {task for route in self.routes for task in route}
        return [n for n in range(len(problem.tasks)) if n not in served]

    def with_route(self, shift: int, route: Sequence[int]) -> Plan:
        """The same plan with one crew's route replaced."""
        return Plan(tuple(tuple(route) if n == shift else one for n, one in enumerate(self.routes)))


def changes(before: Plan, after: Plan) -> int:
    """How many tasks served by one crew before are served by another after."""
    was = {task: n for n, route in enumerate(before.routes) for task in route}
    now = {task: n for n, route in enumerate(after.routes) for task in route}
    return sum(1 for task, crew in was.items() if task in now and now[task] != crew)
