"""Vehicle routing with windows, made after Gehring and Homberger's six classes.

Any size, the same for the same seed.

C: customers in clusters, windows round the times of a tour through each; R: anywhere; RC: half and half. 1:
short days and small crews, 2: long days and large ones. Lengths are in tenths, as in the DIMACS convention.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from geo.routing.problem import Plan, RoutingProblem, Shift, Task

CLASSES = ("C1", "C2", "R1", "R2", "RC1", "RC2")
_SCALE = 10
# Per class: capacity, days as long as so many half diagonals and so much besides,
# service, and half widths of windows.
_SHAPES = {
    "C1": (200, 2.4, 1_000, 90, (23, 48)),
    "C2": (700, 2.9, 2_900, 90, (80, 80)),
    "R1": (200, 5.3, 60, 10, (5, 30)),
    "R2": (1_000, 21.5, 100, 10, (20, 100)),
    "RC1": (200, 5.0, 60, 10, (15, 15)),
    "RC2": (1_000, 20.0, 100, 10, (60, 60)),
}


def generated(kind: str, customers: int, seed: int, *, windowed: float = 1.0) -> RoutingProblem:
    """An instance of a class; `windowed` is the share of customers who must be served at a certain time."""
    random = np.random.default_rng([CLASSES.index(kind), customers, seed])
    capacity, diagonals, besides, service, widths = _SHAPES[kind]
    side = float(np.interp(customers, [0, 200, 400, 600, 800, 1000], [60, 140, 200, 300, 400, 500]))
    members = 10 if kind.endswith("1") else 30
    places, tour = _places(kind, customers, side, members, random)
    travel = np.floor(_SCALE * np.linalg.norm(places[:, None] - places[None, :], axis=2)).astype(np.int64)
    ends = int(_SCALE * (diagonals * side / 2**0.5 + besides))
    served = service * _SCALE
    loads = random.choice([10, 20, 30, 40], customers, p=[0.45, 0.33, 0.16, 0.06]) if kind[:-1] == "C" \
        else np.clip(random.normal(18, 9, customers), 1, 48).astype(int)  # fmt: skip
    half = random.uniform(*widths, customers) * _SCALE
    lasts = ends - served - travel[1:, 0]
    middle = _along(travel, tour, served) if tour else random.uniform(travel[0, 1:], lasts)
    early = np.clip(middle - half, travel[0, 1:], lasts).astype(int)
    late = np.clip(middle + half, early, lasts).astype(int)
    free = random.uniform(0, 1, customers) >= windowed
    tasks = [
        Task(
            str(n + 1), n + 1, served, load=int(loads[n]),
            window_s=(0, int(lasts[n])) if free[n] else (int(early[n]), int(late[n])),
        )
        for n in range(customers)
    ]  # fmt: skip
    crews = [Shift(str(n), 0, (0, ends), end=0, capacity=capacity) for n in range(max(customers // 4, 1))]
    return RoutingProblem(tasks, crews, travel)


def _places(
    kind: str, customers: int, side: float, members: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], list[list[int]]]:
    """The depot in the middle and the customers.

    Which of them lie in each cluster, where windows follow clusters.
    """
    anywhere = random.uniform(0, side, (customers, 2))
    clusters = max(customers // members, 1)
    middles = random.uniform(0.05 * side, 0.95 * side, (clusters, 2))
    of = np.arange(customers) % clusters
    near = np.clip(middles[of] + random.normal(0, 0.012 * side, (customers, 2)), 0, side)
    is_near = {"C": np.ones(customers, dtype=bool), "R": np.zeros(customers, dtype=bool)}
    is_near["RC"] = random.uniform(0, 1, customers) < 0.5
    places = np.where(is_near[kind[:-1]][:, None], near, anywhere)
    tour = [np.flatnonzero(of == n).tolist() for n in range(clusters)] if kind[:-1] == "C" else []
    return np.round(np.vstack([[side / 2, side / 2], places])), tour


def _along(travel: NDArray[np.int64], tours: list[list[int]], served: int) -> NDArray[np.float64]:
    """When each customer is reached on a tour through its cluster, always to the nearest next."""
    middle = np.zeros(len(travel) - 1)
    for members in tours:
        at, now, left = 0, 0, set(members)
        while left:
            following = min(left, key=lambda n: (travel[at, n + 1], n))
            now += int(travel[at, following + 1])
            middle[following] = now
            at, now = following + 1, now + served
            left.remove(following)
    return middle


def faults(problem: RoutingProblem, plan: Plan) -> Iterator[str]:
    """What a plan breaks, told by nothing but the problem.

    Windows, loads, the end of the day, each task once.
    """
    seen: set[int] = set()
    for crew, route in zip(problem.shifts, plan.routes, strict=True):
        at, now, load = crew.start, crew.window_s[0], 0
        for n in route:
            task = problem.tasks[n]
            now = max(now + int(problem.travel_s[at, task.place]), task.window_s[0])
            load += task.load
            if now > task.window_s[1]:
                yield f"{task.id} late"
            if n in seen:
                yield f"{task.id} twice"
            seen.add(n)
            at, now = task.place, now + task.duration_s
        if route and crew.end is not None and now + int(problem.travel_s[at, crew.end]) > crew.window_s[1]:
            yield f"{crew.id} home late"
        if crew.capacity is not None and load > crew.capacity:
            yield f"{crew.id} overloaded"
    yield from (f"{problem.tasks[n].id} missing" for n in range(len(problem.tasks)) if n not in seen)
