"""The search for a better day: routes put together as well as brute force would, and days that do not fit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import pyvrp
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.routing import combining, day, improving, search
from geo.routing.combining import Pool
from geo.routing.improving import Effort
from geo.routing.problem import URGENT, Pause, Plan, RoutingProblem, Shift, Task
from geo.routing.search import search_plan
from geo.routing.solvers import Model, cost_of, visits, vroom_plan
from geo.routing.timing import missing_cost, score
from geo.routing.watch import Meter, StepWatch
from tests.instances import generated

HOUR = 3600
DAY = (8 * HOUR, 17 * HOUR)


def plain(tasks: int, crews: int, seed: int, *, hours: int = 9, end: bool = True) -> RoutingProblem:
    """Places scattered over half an hour's drive, one depot; every crew comes back to it."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 30, (tasks + 1, 2))
    travel = (np.linalg.norm(places[:, None] - places[None, :], axis=2) * 60).astype(np.int64)
    found = [Task(f"t{n}", n + 1, int(random.choice([30, 60])) * 60) for n in range(tasks)]
    window = (8 * HOUR, (8 + hours) * HOUR)
    return RoutingProblem(
        found, [Shift(f"c{n}", 0, window, end=0 if end else None) for n in range(crews)], travel
    )


def routes_of(model: Model, *orders: tuple[int, ...]) -> list[pyvrp.Route]:
    return [pyvrp.Route(model.data, list(order), 0) for order in orders]


def brute_force(
    problem: RoutingProblem, model: Model, orders: list[tuple[int, ...]], best: pyvrp.Solution
) -> int:
    """The least cost over all sets of routes that serve each task once, leaving out what `best` does."""
    may_miss, least = {one.idx for one in best.unplanned()}, cost_of(best)
    for many in range(len(problem.shifts) + 1):
        for chosen in itertools.combinations(orders, many):
            served = list(itertools.chain(*chosen))
            missing = set(range(len(problem.tasks))) - set(served)
            if len(set(served)) == len(served) and missing <= may_miss:
                found = pyvrp.Solution(model.data, [list(order) for order in chosen])
                if found.is_feasible():
                    least = min(least, cost_of(found))
    return least


@given(
    st.integers(0, 10**6),
    st.lists(st.sets(st.integers(0, 5), min_size=1, max_size=3), min_size=4, max_size=12),
    st.sets(st.integers(0, 5), max_size=1),
)
@settings(max_examples=60, deadline=None)
def test_routes_are_put_together_as_well_as_can_be(
    seed: int, sets: list[set[int]], left_out: set[int]
) -> None:
    problem = plain(6, 4, seed)
    model = Model(problem)
    served = [n for n in range(6) if n not in left_out]
    best = pyvrp.Solution(model.data, [served[:2], served[2:4], served[4:]])
    orders = sorted({tuple(sorted(one)) for one in sets} | {visits(route) for route in best.routes()})
    pool = Pool(model)
    pool.add(routes_of(model, *orders))
    together = pool.together(best, 10)
    assert together is not None
    assert together.is_feasible()
    assert cost_of(together) == brute_force(problem, model, orders, best)


def test_of_two_orders_the_shorter_one_is_kept() -> None:
    problem = plain(3, 2, 1)
    model = Model(problem)
    orders = list(itertools.permutations(range(3)))
    pool = Pool(model)
    pool.add(routes_of(model, *orders))
    assert len(pool) == 1
    lengths = [route.distance() for route in routes_of(model, *orders)]
    together = pool.together(pyvrp.Solution(model.data, [[0], [1, 2]]), 5)
    assert together is None or together.distance() == min(lengths)


def test_a_route_that_cannot_be_driven_is_no_part() -> None:
    problem = plain(3, 3, 2, hours=2)
    model = Model(problem)
    pool = Pool(model)
    pool.add(routes_of(model, (0, 1, 2)))
    assert len(pool) == 0
    assert pool.together(pyvrp.Solution(model.data, [[0], [1], [2]]), 5) is None


def test_no_more_routes_than_crews() -> None:
    problem = plain(3, 1, 3)
    model = Model(problem)
    best = pyvrp.Solution(model.data, [[0]])
    pool = Pool(model)
    pool.add([*routes_of(model, (0,), (1,), (2,)), *best.routes()])
    together = pool.together(best, 5)
    assert together is not None
    assert together.num_routes() == 1


def test_a_route_of_one_type_of_crew_is_not_given_to_another() -> None:
    problem = plain(4, 2, 4)
    tasks = [
        replace(task, skills=frozenset({"valve"}) if n < 2 else frozenset())
        for n, task in enumerate(problem.tasks)
    ]
    shifts = [replace(problem.shifts[0], skills=frozenset({"valve"})), problem.shifts[1]]
    model = Model(replace(problem, tasks=tasks, shifts=shifts))
    assert len(model.crews) == 2
    able = next(n for n, crews in enumerate(model.crews) if crews == [0])
    best = pyvrp.Solution(
        model.data, [pyvrp.Route(model.data, [0, 1], able), pyvrp.Route(model.data, [2, 3], 1 - able)]
    )
    pool = Pool(model)
    pool.add([*best.routes(), pyvrp.Route(model.data, [2, 3], able)])
    together = pool.together(best, 5)
    assert together is not None
    assert sorted((route.vehicle_type(), visits(route)) for route in together.routes()) == sorted(
        (route.vehicle_type(), visits(route)) for route in best.routes()
    )


def test_what_is_too_dear_is_forgotten_and_the_best_plans_routes_never() -> None:
    problem = plain(6, 6, 5)
    model = Model(problem)
    best = search_best(model)
    pool = Pool(model)
    mine = [visits(route) for route in best.routes()]
    pool.add([*best.routes(), *routes_of(model, *itertools.permutations(range(6), 3))])
    before = len(pool)
    together = pool.together(best, 10)
    assert together is not None
    assert cost_of(together) <= cost_of(best)
    assert len(pool) < before
    again = pool.together(best, 10)
    assert again is not None
    assert {frozenset(order) for order in mine} <= {key[1] for key in pool._found}


def search_best(model: Model) -> pyvrp.Solution:
    return pyvrp.solve(model.data, pyvrp.stop.MaxIterations(300), seed=1, collect_stats=False).best


def test_more_routes_are_looked_at_while_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = plain(6, 6, 6)
    model = Model(problem)
    pairs = list(itertools.permutations(range(6), 2))
    best = pyvrp.Solution(model.data, [[0, 1], [2, 3], [4, 5]])
    sizes: list[int] = []
    solve = combining._Partition.best

    def counted(self: combining._Partition, seconds: float) -> list[int] | None:
        sizes.append(len(self.routes))
        return solve(self, seconds)

    monkeypatch.setattr(combining._Partition, "best", counted)
    monkeypatch.setattr(combining, "_FIRST_ROUTES", 2)
    pool = Pool(model)
    pool.add([*best.routes(), *routes_of(model, *pairs)])
    together = pool.together(best, 30)
    assert sizes == sorted(sizes)
    assert len(sizes) > 1
    assert sizes[-1] == len(pool)
    assert together is not None
    assert cost_of(together) == brute_force(problem, model, pairs, best)


def test_without_time_nothing_is_put_together() -> None:
    model = Model(plain(3, 2, 7))
    pool = Pool(model)
    best = search_best(model)
    pool.add(best.routes())
    assert pool.together(best, 0) is None
    assert Pool(model).together(best, 5) is None


def test_a_day_that_serves_all_leaves_nobody_out() -> None:
    problem = plain(20, 4, 8)
    first = vroom_plan(problem)
    assert not first.unserved(problem)
    found = score(problem, search_plan(problem, 1.0, near=first))
    assert found.is_feasible
    assert not found.unserved
    assert found.travel_s <= score(problem, first).travel_s


def test_a_day_that_cannot_serve_all_serves_the_most_important() -> None:
    problem = plain(12, 1, 9, hours=4)
    tasks = [replace(task, priority=50 if n in (3, 7) else 10) for n, task in enumerate(problem.tasks)]
    problem = replace(problem, tasks=tasks)
    plan = search_plan(problem, 1.0)
    found = score(problem, plan)
    assert found.is_feasible
    assert found.unserved
    assert {3, 7} <= set(plan.routes[0])
    assert found.cost >= sum(missing_cost(problem.tasks[n]) for n in found.unserved)


def test_a_search_that_must_serve_all_and_cannot_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # Lunch may be taken at the end of the day, which the search does not know: its day is an hour short.
    lunch = Pause(HOUR, (16 * HOUR, 17 * HOUR))
    tasks = [Task(f"t{n}", 0, 2 * HOUR) for n in range(4)]
    problem = RoutingProblem(
        tasks, [Shift("c", 0, (8 * HOUR, 16 * HOUR), pause=lunch)], np.zeros((1, 1), dtype=np.int64)
    )
    whole = Plan(((0, 1, 2, 3),))
    assert score(problem, whole).is_feasible
    asked: list[bool] = []
    use = search._Run._use

    def watched(self: search._Run, model: Model) -> None:
        asked.append(model.serves_all)
        use(self, model)

    monkeypatch.setattr(search._Run, "_use", watched)
    plan = search_plan(problem, 1.0, near=whole)
    assert asked == [True, False]
    assert len(plan.routes[0]) == 3
    assert score(problem, plan).is_feasible


@pytest.mark.parametrize(("crews", "is_enough"), [(4, True), (1, False)])
def test_whether_all_can_be_served_is_tried_where_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, crews: int, is_enough: bool
) -> None:
    asked: list[bool] = []
    use = search._Run._use
    monkeypatch.setattr(
        search._Run, "_use", lambda run, model: asked.append(model.serves_all) or use(run, model)
    )
    problem = plain(20, crews, 8)
    found = score(problem, search_plan(problem, 0.5, clock=StepWatch))
    assert asked == ([False, True] if is_enough else [False])
    assert found.is_feasible
    assert bool(found.unserved) != is_enough


def test_a_hopeless_search_ends_early_and_a_hopeful_one_does_not() -> None:
    whole = pyvrp.Solution(Model(plain(3, 2, 7)).data, [[0, 1, 2]])
    watcher = improving._Watcher(whole, 1)
    until = improving._until(Effort(60, 0, 1), Meter(), watcher)
    assert until(float(improving.INFEASIBLE))
    assert not until(1_000)
    assert improving._until(Effort(0, 0, 1), Meter(), watcher)(1_000)
    assert improving._until(Effort(60, 0, 1, until_served=True), Meter(), watcher)(1_000)


def test_a_search_goes_on_in_rounds_and_never_gets_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = plain(25, 5, 10)
    monkeypatch.setattr(search, "_LONGEST_S", 0.3)
    costs: list[int] = []
    in_whole = search._Run._in_whole

    def watched(
        self: search._Run, span: float, starts: list[pyvrp.Solution | None], best: pyvrp.Solution | None
    ) -> pyvrp.Solution:
        if best is not None:
            assert starts == [best, None]
            costs.append(cost_of(best))
        return in_whole(self, span, starts, best)

    monkeypatch.setattr(search._Run, "_in_whole", watched)
    search_plan(problem, 2.0, clock=StepWatch)
    assert len(costs) > 1
    assert costs == sorted(costs, reverse=True)


def test_crews_that_are_alike_keep_what_they_had() -> None:
    problem = plain(12, 3, 11)
    today = search_plan(problem, 0.6)
    turned = Plan(today.routes[::-1])
    again = search_plan(problem, 0.6, near=turned)
    kept = sum(len(set(a) & set(b)) for a, b in zip(turned.routes, again.routes, strict=True))
    moved = sum(len(set(a) & set(b)) for a, b in zip(today.routes, again.routes, strict=True))
    assert kept > moved


@pytest.mark.parametrize(
    ("seconds", "pair_s", "asked"), [(1.0, 1e-3, False), (1.0, 1e-5, True), (60.0, 1e-3, True)]
)
def test_a_large_day_in_a_hurry_goes_without_vroom(
    monkeypatch: pytest.MonkeyPatch, seconds: float, pair_s: float, asked: bool
) -> None:
    problem = plain(20, 4, 12)
    calls: list[str] = []
    monkeypatch.setattr(day, "_PAIR_S", pair_s)
    monkeypatch.setattr(
        day, "vroom_plan", lambda p, start: calls.append("vroom") or vroom_plan(p, start=start)
    )
    monkeypatch.setattr(
        day, "search_plan", lambda p, left, **more: calls.append("search") or search_plan(p, 0.5, **more)
    )
    found = score(problem, day.plan_day(problem, seconds))
    assert calls == (["vroom", "search"] if asked else ["search"])
    assert found.is_feasible
    assert not found.unserved


def test_in_a_hurry_the_urgent_one_is_served_and_today_is_not_made_worse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(day, "_PAIR_S", 1.0)
    problem = plain(12, 1, 13, hours=4)
    problem = replace(
        problem,
        tasks=[replace(t, priority=URGENT if n == 9 else t.priority) for n, t in enumerate(problem.tasks)],
    )
    today = day.plan_day(problem, 1.0)
    assert 9 in today.routes[0]
    again = day.plan_day(problem, 0.6, today=today)
    assert score(problem, again).cost <= score(problem, today).cost


def test_a_crew_that_is_late_since_this_morning_is_a_place_to_begin() -> None:
    """The limit of a job given to a crew passed before now.

    The plan is made all the same, and it is served.
    """
    travel = np.array([[0, 600], [600, 0]], dtype=np.int64)
    tasks = [Task("late", 1, 2700, due_s=34_200), Task("tight", 1, 600, due_s=37_000)]
    problem = RoutingProblem(tasks, [Shift("a", 0, (36_000, 61_200))], travel)
    found = vroom_plan(problem, start=Plan(((0, 1),)))
    assert set(found.routes[0]) == {0, 1}


def test_a_day_that_no_piece_makes_better_is_searched_whole_from_its_best_and_from_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[list[bool]] = []
    whole = search._Run._whole

    def stale(run: search._Run, best: pyvrp.Solution, size: int, span: float) -> pyvrp.Solution:
        run._watch.after([0.01])
        return best

    def noted(run: search._Run, span: float, starts: list[pyvrp.Solution | None], **how: object) -> object:
        begun.append([start is None for start in starts])
        return whole(run, span, starts, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(search._Run, "_piecewise", stale)
    monkeypatch.setattr(search._Run, "_whole", noted)
    problem = generated("C1", 260, 1)
    plan = search_plan(problem, 1.5, clock=StepWatch)
    assert plan.unserved(problem) == []
    assert begun[-1] == [False, True]


def test_a_large_day_of_few_routes_is_searched_whole_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[bool]] = []
    whole = search._Run._whole

    def noted(run: search._Run, span: float, starts: list[pyvrp.Solution | None], **how: object) -> object:
        begun.append([start is None for start in starts])
        return whole(run, span, starts, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "_WHOLE", 5)
    monkeypatch.setattr(search._Run, "_whole", noted)
    problem = plain(12, 2, 3)
    found = search_plan(problem, 0.5, clock=StepWatch)
    assert score(problem, found).is_feasible
    assert not found.unserved(problem)
    assert begun[-1] == [False, True], "from the best and from nothing"


def test_a_day_without_jobs_leaves_every_crew_at_home() -> None:
    assert vroom_plan(plain(0, 3, 1), level=0) == Plan(((), (), ()))
