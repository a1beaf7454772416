"""A large day searched in pieces: nothing is lost at a border, no rule is, and no plan gets worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import pyvrp

from geo.routing import search
from geo.routing.cutting import Cutter, Piece, SubModel, orders_of, plan_of, put_back
from geo.routing.day import plan_day, without_crew
from geo.routing.problem import URGENT, Pause, Plan, RoutingProblem, Shift, Task
from geo.routing.search import search_plan
from geo.routing.solvers import Model, cost_of, vroom_plan
from geo.routing.timing import score
from geo.routing.watch import Meter, ProcessorMeter, ProcessorWatch, StepMeter, StepWatch
from tests.instances import CLASSES, faults, generated

HOUR = 3600


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days of a few dozen tasks are cut as days of hundreds are."""
    monkeypatch.setattr(search, "_WHOLE", 20)
    monkeypatch.setattr(search, "_PIECE", 20)
    monkeypatch.setattr(search, "_ROUTES", 2)


def field(tasks: int = 60, crews: int = 12, seed: int = 1) -> RoutingProblem:
    """A day with all there is.

    Skills, lunch, appointments, limits, a job of one crew alone, crews from everywhere.
    """
    random = np.random.default_rng(seed)
    places = random.uniform(0, 40, (tasks + crews, 2))
    travel = (np.linalg.norm(places[:, None] - places[None, :], axis=2) * 60).astype(np.int64)
    lunch = Pause(HOUR // 2, (11 * HOUR, 13 * HOUR))
    shifts = [
        Shift(
            f"c{n}",
            tasks + n,
            (8 * HOUR, 17 * HOUR),
            frozenset({"valve"} if n % 2 else ()),
            pause=lunch,
            capacity=9,
        )
        for n in range(crews)
    ]
    found = [
        Task(
            f"t{n}", n, int(random.choice([20, 30, 45])) * 60, frozenset({"valve"} if n % 5 == 0 else ()),
            window_s=(10 * HOUR, 13 * HOUR) if n % 4 == 1 else (0, 10**8),
            due_s=16 * HOUR if n % 4 == 2 else None, pinned_to=f"c{n % crews}" if n % 12 == 7 else None,
        )
        for n in range(tasks)
    ]  # fmt: skip
    return RoutingProblem(found, shifts, travel)


def made(model: Model, seed: int = 1) -> pyvrp.Solution:
    return pyvrp.solve(model.data, pyvrp.stop.MaxIterations(30), seed=seed, collect_stats=False).best


@pytest.mark.parametrize(("crews", "left_out"), [(12, False), (5, True)])
def test_pieces_share_nothing_and_lose_nothing(crews: int, left_out: bool) -> None:
    model = Model(field(crews=crews))
    best = made(model)
    assert bool(best.unplanned()) == left_out
    cutter = Cutter(model, np.random.default_rng(1))
    seen: set[int] = set()
    for _ in range(12):
        pieces = cutter.cut(best, 2, 20)
        tasks = [task for piece in pieces for _, order in piece.routes for task in order]
        missing = [task for piece in pieces for task in piece.left_out]
        assert len(set(tasks + missing)) == len(tasks + missing)
        assert all(len(piece) - len(piece.left_out) <= 20 or len(piece.routes) == 1 for piece in pieces)
        used = np.bincount([kind for kind, _ in orders_of(best)], minlength=len(model.crews))
        assert (
            used + np.sum([piece.spare for piece in pieces], axis=0) <= [len(c) for c in model.crews]
        ).all()
        again = put_back(model, best, pieces, [piece.routes for piece in pieces])
        assert sorted(orders_of(again)) == sorted(orders_of(best))
        seen |= set(tasks)
    # Twelve cuts of two thirds reach everything.
    assert seen == {task for _, order in orders_of(best) for task in order}


def test_a_part_costs_what_its_routes_cost_in_the_whole() -> None:
    model = Model(field())
    best = made(model)
    for piece in Cutter(model, np.random.default_rng(2)).cut(best, 3, 20):
        part = SubModel(model, piece)
        alone = plan_of(model, piece.routes)
        assert part.start.distance() == alone.distance()
        assert part.start.is_feasible() == alone.is_feasible()
        assert sorted(map(part.whole, part.start.routes())) == sorted(piece.routes)
        assert sum(kind.num_available for kind in part.data.vehicle_types()) == len(piece.routes) + sum(
            piece.spare
        )


def test_what_a_part_finds_is_as_good_in_the_whole() -> None:
    model = Model(field(), serves_all=True)
    best = made(model)
    pieces = Cutter(model, np.random.default_rng(3)).cut(best, 2, 20)
    parts = [SubModel(model, piece) for piece in pieces]
    found = [made_of(part) for part in parts]
    whole = put_back(
        model,
        best,
        pieces,
        [[part.whole(r) for r in one.routes()] for part, one in zip(parts, found, strict=True)],
    )
    assert whole.is_feasible()
    saved = sum(cost_of(part.start) - cost_of(one) for part, one in zip(parts, found, strict=True))
    assert cost_of(whole) == cost_of(best) - saved


def made_of(part: SubModel) -> pyvrp.Solution:
    return pyvrp.solve(
        part.data, pyvrp.stop.MaxIterations(100), seed=1, collect_stats=False, initial_solution=part.start
    ).best


def test_a_single_route_and_no_route_can_be_cut() -> None:
    model = Model(field(tasks=12, crews=1))
    alone = plan_of(model, [(0, (0, 2))])
    [piece] = Cutter(model, np.random.default_rng(1)).cut(alone, 2, 6)
    assert piece.routes == ((0, (0, 2)),)
    assert piece.spare == (0,)
    assert len(piece.left_out) <= 6
    assert Cutter(model, np.random.default_rng(1)).cut(plan_of(model, []), 2, 6) == []
    assert len(Piece((), (1, 2), (0,))) == 2


@pytest.mark.usefixtures("small_pieces")
def test_no_rule_is_lost_at_a_border() -> None:
    problem = field()
    plan = plan_day(problem, 1.2, clock=StepWatch)
    found = score(problem, plan)
    assert found.is_feasible
    assert not found.unserved
    for n, task in enumerate(problem.tasks):
        [crew] = [crew for crew, route in zip(problem.shifts, plan.routes, strict=True) if n in route]
        assert task.skills <= crew.skills
        assert task.pinned_to in (None, crew.id)


@pytest.mark.usefixtures("small_pieces")
def test_a_day_that_was_served_whole_is_so_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    use = search._Run._use
    monkeypatch.setattr(
        search._Run, "_use", lambda run, model: asked.append(model.serves_all) or use(run, model)
    )
    # The beginning is too short for anything that breaks no rule: the whole is searched on until there is.
    monkeypatch.setattr(search, "_BEGINNING", 0.0)
    problem = field(crews=8)
    first = vroom_plan(problem)
    found = score(problem, search_plan(problem, 1.0, near=first, clock=StepWatch))
    assert asked == [True]
    assert found.is_feasible
    assert not found.unserved


@pytest.mark.usefixtures("small_pieces")
def test_a_sick_crew_and_an_urgent_job_survive_pieces() -> None:
    problem = field()
    today = plan_day(problem, 0.6, clock=StepWatch)
    free, left = without_crew(problem, today, "c3")
    tasks = [replace(t, priority=URGENT if n == 11 else t.priority) for n, t in enumerate(free.tasks)]
    free = replace(free, tasks=tasks)
    plan = plan_day(free, 0.8, today=left, clock=StepWatch)
    assert plan.routes[3] == ()
    found = score(free, plan)
    assert found.is_feasible
    assert any(route[:1] == (11,) for route in plan.routes)
    assert found.cost <= score(free, left).cost


@pytest.mark.usefixtures("small_pieces")
def test_a_day_too_full_serves_as_many_in_pieces() -> None:
    problem = field(tasks=90, crews=6)
    found = score(problem, search_plan(problem, 0.4, clock=StepWatch))
    assert found.unserved
    assert len(found.unserved) <= len(score(problem, search_plan(problem, 0.02, clock=StepWatch)).unserved)


@pytest.mark.usefixtures("small_pieces")
def test_the_same_seed_and_steps_give_the_same_plan() -> None:
    problem = generated("R1", 80, 3)
    first, again, other = (search_plan(problem, 0.4, seed=seed, clock=StepWatch) for seed in (5, 5, 6))
    assert first == again
    assert other != first


@pytest.mark.usefixtures("small_pieces")
def test_pieces_never_make_a_plan_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[tuple[int, int]] = []
    piecewise = search._Run._piecewise

    def watched(run: search._Run, best: pyvrp.Solution, size: int, span: float) -> pyvrp.Solution:
        found = piecewise(run, best, size, span)
        assert found.is_feasible()
        assert not found.unplanned()
        costs.append((cost_of(best), cost_of(found)))
        return found

    monkeypatch.setattr(search._Run, "_piecewise", watched)
    problem = generated("RC1", 80, 4)
    plan = search_plan(problem, 1.5, clock=StepWatch)
    assert len(costs) > 3
    assert all(after <= before for before, after in costs)
    assert costs[-1][1] < costs[0][0]
    assert list(faults(problem, plan)) == []
    today = plan_day(problem, 0.1, clock=StepWatch)
    assert (
        score(problem, plan_day(problem, 0.1, today=plan, seed=9, clock=StepWatch)).cost
        <= score(problem, plan).cost
    )
    assert list(faults(problem, today)) == []


@pytest.mark.parametrize("kind", CLASSES)
def test_large_instances_of_every_class_are_served_whole(kind: str) -> None:
    size = {"C1": 400, "R2": 1_000, "RC1": 300}.get(kind, 200)
    problem = generated(kind, size, 1, windowed=0.75 if kind == "RC2" else 1.0)
    plan = search_plan(problem, 0.1, clock=StepWatch)
    assert list(faults(problem, plan)) == []


def test_instances_are_the_same_for_the_same_seed() -> None:
    one, same, other = generated("C2", 60, 1), generated("C2", 60, 1), generated("C2", 60, 2)
    assert one.tasks == same.tasks
    assert (one.travel_s == same.travel_s).all()
    assert one.tasks != other.tasks
    plan = Plan(tuple((n,) if n < len(one.shifts) else () for n in range(len(one.shifts))))
    assert sum("missing" in fault for fault in faults(one, plan)) == len(one.tasks) - len(one.shifts)
    assert "1 twice" in set(faults(one, Plan(((0, 0), *plan.routes[1:]))))


def test_watches_count_threads_beside_each_other_once() -> None:
    steps = StepWatch(2.0)
    meter = StepMeter()
    for _ in range(500):
        meter.step()
    assert meter.used() == 0.5
    steps.after([0.5, 0.4])
    assert steps.left() == 1.5
    processor = ProcessorWatch(10.0)
    before = processor.left()
    processor.after([3.0, 2.0])
    assert before - 1 < processor.left() - 2.0 <= before
    assert ProcessorMeter().most(1.0) > Meter().most(1.0) == 1.0
    assert ProcessorMeter().used() < 1.0
