"""Routes: exact times, scoring, solvers, changed days.

A scorer held against brute force, solvers whose word is checked, and days that change late.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.routing.day import plan_day, settle, without_crew
from geo.routing.insertion import best_insertion, insert_missing, insertions
from geo.routing.problem import NORMAL, URGENT, Pause, Plan, RoutingProblem, Shift, Task, changes
from geo.routing.search import search_plan
from geo.routing.solvers import vroom_plan
from geo.routing.timing import score, timed

HOUR = 3600
DAY = (8 * HOUR, 17 * HOUR)
LUNCH = Pause(HOUR, (11 * HOUR, 13 * HOUR))


def line(*minutes: int) -> np.ndarray:
    """Places on a road, so many minutes from its beginning."""
    places = np.array(minutes)
    return np.abs(places[:, None] - places[None, :]) * 60


def task(place: int, minutes: int = 60, **more: object) -> Task:
    return Task(f"t{place}", place, minutes * 60, **more)  # type: ignore[arg-type]


def city(tasks: int, crews: int, seed: int = 1, **more: object) -> RoutingProblem:
    """Places scattered over an hour's drive, crews that start in their midst.

    Every fifth task needs a skill.
    """
    random = np.random.default_rng(seed)
    places = random.uniform(0, 30, (tasks + crews, 2))
    travel = np.linalg.norm(places[:, None] - places[None, :], axis=2) * 60
    found = [
        Task(
            f"t{n}",
            n,
            int(random.choice([30, 60, 90])) * 60,
            frozenset({"valve"}) if n % 5 == 0 else frozenset(),
        )
        for n in range(tasks)
    ]
    shifts = [
        Shift(
            f"c{n}", tasks + n, DAY, frozenset({"valve"}) if n % 2 == 0 else frozenset(), pause=LUNCH, **more
        )  # type: ignore[arg-type]
        for n in range(crews)
    ]
    return RoutingProblem(found, shifts, travel.astype(np.int64))


def test_a_route_is_timed_to_the_second() -> None:
    problem = RoutingProblem([task(1), task(2, due_s=9 * HOUR)], [Shift("c", 0, DAY)], line(0, 10, 30))
    found = timed(problem, problem.shifts[0], [0, 1])
    assert [(s.arrive_s, s.begin_s, s.end_s, s.late_s) for s in found.stops] == [
        (8 * HOUR + 600, 8 * HOUR + 600, 9 * HOUR + 600, 0),
        (9 * HOUR + 1800, 9 * HOUR + 1800, 10 * HOUR + 1800, HOUR + 1800),
    ]
    assert (found.travel_s, found.end_s, found.faults) == (1800, 10 * HOUR + 1800, ())


def test_an_appointment_is_waited_for_and_can_be_missed() -> None:
    problem = RoutingProblem([task(1, window_s=(10 * HOUR, 11 * HOUR))], [Shift("c", 0, DAY)], line(0, 10))
    (stop,) = timed(problem, problem.shifts[0], [0]).stops
    assert (stop.arrive_s, stop.begin_s) == (8 * HOUR + 600, 10 * HOUR)
    late = replace(problem, tasks=[task(1, window_s=(0, 8 * HOUR))])
    assert timed(late, late.shifts[0], [0]).faults == (("window", 0),)


def test_home_counts_where_a_crew_must_come_back() -> None:
    away = RoutingProblem([task(1)], [Shift("c", 0, (0, 90 * 60))], line(0, 20))
    assert timed(away, away.shifts[0], [0]).faults == ()
    back = replace(away, shifts=[replace(away.shifts[0], end=0)])
    assert timed(back, back.shifts[0], [0]).faults == (("shift", -1),)


@pytest.mark.parametrize(
    ("tasks", "pause_at"),
    [
        ([task(1, 120)], None),
        ([task(1, 120), task(2, 120)], 10 * HOUR + 600 + 0),
        ([task(1, 200)], 11 * HOUR + 1800),
        ([task(1, 60), task(2, 60, window_s=(13 * HOUR, 14 * HOUR))], 11 * HOUR),
    ],
    ids=[
        "done before lunch",
        "before a job that would last past it",
        "after a job that lasts into it",
        "while waiting",
    ],
)
def test_the_break_has_its_place(tasks: list[Task], pause_at: int | None) -> None:
    problem = RoutingProblem(tasks, [Shift("c", 0, DAY, pause=LUNCH)], line(0, 10, 10))
    found = timed(problem, problem.shifts[0], list(range(len(tasks))))
    assert found.faults == ()
    if pause_at is None:
        assert found.pause_s is None
        return
    assert found.pause_s is not None
    assert LUNCH.window_s[0] <= found.pause_s <= LUNCH.window_s[1]
    # Nobody works while they rest.
    assert all(s.end_s <= found.pause_s or s.begin_s >= found.pause_s + LUNCH.duration_s for s in found.stops)


@given(
    st.lists(st.tuples(st.integers(15, 150), st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=4),
    st.lists(st.integers(0, 60), min_size=5, max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_times_hold_what_they_promise(rows: list[tuple[int, int, int]], where: list[int]) -> None:
    tasks = [
        Task(str(n), n + 1, minutes * 60, window_s=((8 + begin) * HOUR, (8 + begin + wide) * HOUR))
        for n, (minutes, begin, wide) in enumerate(rows)
    ]
    problem = RoutingProblem(tasks, [Shift("c", 0, DAY, pause=LUNCH)], line(*where))
    found = timed(problem, problem.shifts[0], range(len(tasks)))
    before, place = DAY[0], 0
    for stop in found.stops:
        assert stop.arrive_s >= before + problem.rows[place][problem.tasks[stop.task].place]
        assert stop.begin_s >= max(stop.arrive_s, problem.tasks[stop.task].window_s[0])
        assert stop.end_s == stop.begin_s + problem.tasks[stop.task].duration_s
        before, place = stop.end_s, problem.tasks[stop.task].place
    if not found.faults:
        assert found.end_s <= DAY[1]
        if found.pause_s is not None:
            rest = found.pause_s + LUNCH.duration_s
            assert all(s.end_s <= found.pause_s or s.begin_s >= rest for s in found.stops)
            assert LUNCH.window_s[0] <= found.pause_s <= LUNCH.window_s[1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"skills": frozenset({"valve"})}, "skills"),
        ({"pinned_to": "other"}, "pinned"),
        ({"window_s": (0, HOUR)}, "window"),
        ({"duration_s": 10 * HOUR}, "shift"),
        ({"load": 9}, "capacity"),
    ],
)
def test_the_scorer_sees_every_broken_rule(change: dict[str, object], code: str) -> None:
    changed = replace(task(1), **change)  # type: ignore[arg-type]
    problem = RoutingProblem([changed], [Shift("c", 0, DAY, capacity=3)], line(0, 10))
    assert code in [fault for fault, _, _ in score(problem, Plan(((0,),))).faults]
    assert score(problem, Plan(((),))).is_feasible


def test_the_scorer_sees_a_task_served_twice() -> None:
    problem = RoutingProblem([task(1)], [Shift("a", 0, DAY), Shift("b", 0, DAY)], line(0, 10))
    assert [code for code, _, _ in score(problem, Plan(((0,), (0,)))).faults] == ["twice"]


def brute_force(problem: RoutingProblem) -> int:
    """The least cost over every way to serve some tasks in every order."""
    best = None
    crews, tasks = len(problem.shifts), range(len(problem.tasks))
    for owners in itertools.product(range(crews + 1), repeat=len(problem.tasks)):
        groups = [[n for n in tasks if owners[n] == crew] for crew in range(crews)]
        for orders in itertools.product(*(itertools.permutations(group) for group in groups)):
            found = score(problem, Plan(tuple(orders)))
            if found.is_feasible and (best is None or found.cost < best):
                best = found.cost
    assert best is not None
    return best


@pytest.mark.parametrize("seed", range(6))
def test_small_days_are_planned_as_well_as_can_be(seed: int) -> None:
    problem = city(4, 2, seed)
    found = score(problem, plan_day(problem, 0.8))
    assert found.is_feasible
    assert found.cost <= brute_force(problem) * 1.0001


@pytest.mark.parametrize("solve", [vroom_plan, lambda p: search_plan(p, 1)], ids=["vroom", "search"])
def test_both_solvers_keep_skills_and_serve_all(solve) -> None:  # type: ignore[no-untyped-def]
    problem = city(30, 5)
    found = score(problem, solve(problem))
    assert not found.unserved
    assert [code for code, _, _ in found.faults if code == "skills"] == []


def test_a_day_of_breaks_ends_and_limits_is_feasible() -> None:
    problem = city(40, 6, end=None, capacity=9)
    tasks = [
        replace(t, window_s=(13 * HOUR, 15 * HOUR)) if n % 7 == 0 else replace(t, due_s=16 * HOUR)
        for n, t in enumerate(problem.tasks)
    ]
    problem = replace(problem, tasks=tasks)
    plan = plan_day(problem, 3)
    found = score(problem, plan)
    assert found.is_feasible
    assert max(len(route) for route in plan.routes) <= 9
    assert len(found.unserved) <= 2


def test_pinned_tasks_stay_with_their_crew() -> None:
    problem = city(20, 4)
    tasks = [replace(t, pinned_to="c2") if n in (1, 6, 11) else t for n, t in enumerate(problem.tasks)]
    plan = plan_day(replace(problem, tasks=tasks), 1.5)
    assert {1, 6, 11} <= set(plan.routes[2])


def test_one_urgent_task_goes_before_a_dozen_others() -> None:
    # The far end takes the whole day; the dozen are next door.
    tasks = [
        Task("far", 1, 2 * HOUR, priority=URGENT),
        *(Task(f"n{k}", 2, 40 * 60, priority=NORMAL) for k in range(12)),
    ]
    problem = RoutingProblem(tasks, [Shift("c", 0, (8 * HOUR, 16 * HOUR), end=0)], line(0, 170, 5))
    plan = plan_day(problem, 1.5)
    assert 0 in plan.routes[0]
    assert score(problem, plan).is_feasible


def test_a_limit_that_cannot_be_kept_is_served_late() -> None:
    problem = RoutingProblem([task(1, due_s=7 * HOUR)], [Shift("c", 0, DAY)], line(0, 10))
    plan = plan_day(problem, 0.8)
    assert plan.routes == ((0,),)
    assert score(problem, plan).late_s > 0


def test_an_insertion_is_where_it_costs_least() -> None:
    problem = RoutingProblem([task(1), task(2), task(3)], [Shift("c", 0, DAY)], line(0, 10, 50, 30))
    found = best_insertion(problem, Plan(((0, 1),)), 0, 2)
    assert found.position == 1
    assert found.added_travel_s == 0
    hurried = replace(problem, tasks=[*problem.tasks[:2], replace(problem.tasks[2], priority=URGENT)])
    assert best_insertion(hurried, Plan(((0, 1),)), 0, 2).route == (2, 0, 1)


def test_crews_are_ranked_feasible_first() -> None:
    problem = RoutingProblem(
        [task(1, skills=frozenset({"valve"}))],
        [Shift("near", 1, DAY), Shift("able", 0, DAY, frozenset({"valve"}))],
        line(0, 60),
    )
    assert [problem.shifts[one.shift].id for one in insertions(problem, Plan(((), ())), 0)] == [
        "able",
        "near",
    ]


def test_what_makes_room_is_the_least_important() -> None:
    tasks = [
        Task("a", 1, 4 * HOUR),
        Task("b", 1, 4 * HOUR, priority=20),
        Task("urgent", 1, 4 * HOUR, priority=URGENT),
    ]
    problem = RoutingProblem(tasks, [Shift("c", 0, (8 * HOUR, 17 * HOUR))], line(0, 5))
    full = Plan(((0, 1),))
    calm = replace(problem, tasks=[*tasks[:2], replace(tasks[2], priority=NORMAL)])
    assert insert_missing(calm, full, [2]) == full
    assert settle(problem, full).routes[0] == (2, 1)


def test_an_emergency_moves_at_most_one_other_job() -> None:
    problem = city(30, 5)
    today = plan_day(problem, 1.5)
    extra = Task("burst", 3, HOUR, priority=URGENT, due_s=11 * HOUR)
    bigger = replace(problem, tasks=[*problem.tasks, extra])
    after = settle(bigger, today)
    assert len(problem.tasks) in {n for route in after.routes for n in route}
    assert changes(today, after) <= 1
    assert score(bigger, after).is_feasible


def test_a_sick_crews_jobs_go_to_the_others() -> None:
    problem = city(16, 4)
    today = plan_day(problem, 1.5)
    free, left = without_crew(problem, today, "c1")
    after = settle(free, left)
    assert after.routes[1] == ()
    assert score(free, after).is_feasible
    moved = set(today.routes[1])
    assert changes(Plan(tuple(r if n != 1 else () for n, r in enumerate(today.routes))), after) <= 1
    assert moved <= {n for route in after.routes for n in route} | set(after.unserved(free))


def test_a_crew_with_nothing_to_do_breaks_no_rule() -> None:
    late = Shift("late", 0, (16 * HOUR, 16 * HOUR), end=1, pause=LUNCH)
    assert timed(RoutingProblem([], [late], line(0, 300)), late, []).faults == ()


def test_a_sick_crew_with_a_break_is_planned_round() -> None:
    problem = city(16, 4)
    free, _ = without_crew(problem, plan_day(problem, 0.8), "c1")
    noon = [
        replace(s, window_s=(max(s.window_s[0], 12 * HOUR), max(s.window_s[1], 12 * HOUR)))
        for s in free.shifts
    ]
    after = plan_day(replace(free, shifts=noon), 0.8)
    assert after.routes[1] == ()


def test_todays_plan_is_where_it_begins() -> None:
    problem = city(20, 4)
    today = plan_day(problem, 2)
    assert score(problem, plan_day(problem, 0.3, today=today)).cost <= score(problem, today).cost


def test_nothing_to_do_is_planned_too() -> None:
    problem = RoutingProblem([], [Shift("c", 0, DAY)], line(0))
    assert plan_day(problem, 1) == Plan(((),))
