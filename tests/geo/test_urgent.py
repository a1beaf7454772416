"""Urgent tasks are inserted first.

Before breaks, appointments and overdue work, on days that were broken before, with few changes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.routing.day import plan_day, settle
from geo.routing.insertion import best_insertion, insertions
from geo.routing.problem import URGENT, Pause, Plan, RoutingProblem, Shift, Task, changes
from geo.routing.timing import score, timed
from geo.routing.urgent import put_out, send

HOUR = 3600
NINE = 9 * HOUR
VALVE = frozenset({"valve"})


@st.composite
def days(draw: st.DrawFn) -> tuple[RoutingProblem, Plan]:
    """A day as it may stand: full, late, with breaks and missed appointments.

    The last task is a burst in no route.
    """
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    crews, jobs = draw(st.integers(1, 4)), draw(st.integers(0, 14))
    places = random.uniform(0, 40, (jobs + crews + 1, 2))
    travel = (np.linalg.norm(places[:, None] - places[None, :], axis=2) * 60).astype(np.int64)

    def window() -> tuple[int, int]:
        begin = int(random.integers(6, 16)) * HOUR
        return (begin, begin + HOUR) if random.random() < 0.4 else (0, 10**8)

    tasks = [
        Task(f"j{n}", n, int(random.integers(2, 9)) * 900, VALVE if random.random() < 0.3 else frozenset(),
             window_s=window(), due_s=int(random.integers(-90, 20)) * HOUR if random.random() < 0.6 else None)
        for n in range(jobs)
    ]  # fmt: skip
    tasks.append(Task("burst", jobs + crews, draw(st.integers(1, 12)) * 1800, VALVE, URGENT))
    shifts = [
        Shift(
            f"c{n}",
            jobs + n,
            (NINE, NINE + int(random.integers(0, 9)) * HOUR),
            VALVE if random.random() < 0.7 else frozenset(),
            pause=Pause(HOUR // 2, (11 * HOUR, 13 * HOUR)) if random.random() < 0.5 else None,
            capacity=int(random.integers(1, 9)) if random.random() < 0.5 else None,
        )
        for n in range(crews)
    ]
    owners = random.integers(0, crews, jobs)
    plan = Plan(tuple(tuple(n for n in range(jobs) if owners[n] == crew) for crew in range(crews)))
    return RoutingProblem(tasks, shifts, travel), plan


@given(days())
@settings(max_examples=150, deadline=None)
def test_a_burst_gets_the_nearest_able_crew_whatever_its_day_is_like(
    found: tuple[RoutingProblem, Plan],
) -> None:
    problem, plan = found
    burst = len(problem.tasks) - 1
    able = [n for n, shift in enumerate(problem.shifts) if problem.may_do(shift, problem.tasks[burst])]
    ranked = insertions(problem, plan, burst)
    assert {one.shift for one in ranked[: len(able)]} == set(able), "who lacks the skill comes last"
    for one in ranked:
        shift = problem.shifts[one.shift]
        stop = one.after.stops[one.position]
        assert stop.begin_s == shift.window_s[0] + problem.rows[shift.start][problem.tasks[burst].place]
        assert one.is_feasible == (one.shift in able)
    assert [one.cost for one in ranked[: len(able)]] == sorted(one.cost for one in ranked[: len(able)])


@given(days())
@settings(max_examples=150, deadline=None)
def test_what_a_burst_puts_out_is_kept_moved_or_named(found: tuple[RoutingProblem, Plan]) -> None:
    problem, plan = found
    burst = len(problem.tasks) - 1
    ranked = [one for one in insertions(problem, plan, burst) if one.is_feasible]
    for one in ranked[:1]:
        sent = send(problem, plan, one.shift, burst)
        assert sent.plan.routes[one.shift][0] == burst
        assert sorted([*(n for route in sent.plan.routes for n in route), *sent.left_over]) == list(
            range(burst + 1)
        )
        assert changes(plan, sent.plan) == len(sent.moved) <= 1
        crew = problem.shifts[one.shift]
        assert put_out(crew, problem, sent.after) == [], "what stays is as promised"
        for n, shift in enumerate(problem.shifts):
            if n != one.shift:
                old, new = (timed(problem, shift, each.routes[n]) for each in (plan, sent.plan))
                assert set(put_out(shift, problem, new)) <= set(put_out(shift, problem, old)), (
                    "whoever takes one over keeps all"
                )


def line(*minutes: int) -> np.ndarray:
    places = np.array(minutes)
    return np.abs(places[:, None] - places[None, :]) * 60


def burst(place: int, minutes: int = 60, **more: object) -> Task:
    return Task("burst", place, minutes * 60, priority=URGENT, **more)  # type: ignore[arg-type]


def test_overdue_work_does_not_outweigh_a_burst() -> None:
    overdue = [Task(f"o{n}", 1, 90 * 60, due_s=-144 * HOUR) for n in range(4)]
    problem = RoutingProblem([*overdue, burst(2)], [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10, 20))
    assert best_insertion(problem, Plan(((0, 1, 2, 3),)), 0, 4).route[0] == 4
    assert settle(problem, Plan(((0, 1, 2, 3),))).routes[0][0] == 4
    assert plan_day(problem, 0.3, today=Plan(((0, 1, 4, 2, 3),))).routes[0][0] == 4


def test_a_crew_that_is_late_already_is_no_bar() -> None:
    """Its appointment has passed and its day is too long: both were so before."""
    tasks = [Task("missed", 1, HOUR, window_s=(0, NINE - HOUR)), Task("long", 1, 9 * HOUR), burst(2, 180)]
    problem = RoutingProblem(tasks, [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10, 20))
    (found,) = insertions(problem, Plan(((0, 1),)), 2)
    assert found.is_feasible
    after = settle(problem, Plan(((0, 1),)))
    assert after.routes[0][0] == 2
    assert score(problem, after).is_feasible, "a day that was broken is mended, not refused"


def test_a_routine_job_goes_to_a_crew_whose_day_was_broken_before() -> None:
    tasks = [Task("missed", 1, HOUR, window_s=(0, NINE - HOUR)), Task("new", 1, HOUR)]
    problem = RoutingProblem(tasks, [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10))
    assert best_insertion(problem, Plan(((0,),)), 0, 1).is_feasible
    late = replace(problem, tasks=[Task("long", 1, 9 * HOUR), tasks[1]])
    assert not best_insertion(late, Plan(((0,),)), 0, 1).is_feasible, "a late crew does not get later"


def test_breaks_ends_and_most_jobs_stop_no_burst() -> None:
    crew = Shift("c", 0, (12 * HOUR, 13 * HOUR), pause=Pause(HOUR, (12 * HOUR, 12 * HOUR + 600)), capacity=0)
    problem = RoutingProblem([burst(1, 180)], [crew], line(0, 10))
    found = timed(problem, crew, [0])
    assert (found.stops[0].begin_s, found.faults) == (12 * HOUR + 600, ())
    assert crew.overtime_s(found.stops[0].end_s) == 2 * HOUR + 600
    on_call = replace(crew, hours_s=((12 * HOUR, 14 * HOUR), (13 * HOUR, 15 * HOUR)))
    assert on_call.overtime_s(found.stops[0].end_s) == 600


def test_the_break_comes_after_the_burst_and_before_what_follows() -> None:
    crew = Shift("c", 0, (NINE, 17 * HOUR), pause=Pause(HOUR, (11 * HOUR, 12 * HOUR)))
    problem = RoutingProblem([burst(1, 240), Task("next", 1, HOUR)], [crew], line(0, 10))
    found = timed(problem, crew, [0, 1])
    assert found.faults == ()
    assert found.pause_s == found.stops[0].end_s
    assert found.stops[1].begin_s == found.stops[0].end_s + HOUR


def test_on_call_at_night_routine_work_waits_for_the_shift() -> None:
    crew = Shift("c", 0, (2 * HOUR, 17 * HOUR), routine_from_s=8 * HOUR)
    problem = RoutingProblem([Task("day", 1, HOUR), burst(2, 180)], [crew], line(0, 10, 20))
    after = send(problem, Plan(((0,),)), 0, 1).after
    assert [(s.task, s.begin_s) for s in after.stops] == [(1, 2 * HOUR + 1200), (0, 8 * HOUR)]


def test_one_burst_does_not_put_off_another() -> None:
    problem = RoutingProblem(
        [burst(1), Task("calm", 2, HOUR), burst(2)], [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10, 20)
    )
    assert best_insertion(problem, Plan(((1, 0),)), 0, 2).route == (0, 2, 1), (
        "first come, first served, before the rest"
    )
    later = replace(problem, tasks=[burst(1, window_s=(14 * HOUR, 15 * HOUR)), *problem.tasks[1:]])
    assert best_insertion(later, Plan(((1, 0),)), 0, 2).route == (2, 1, 0), (
        "one for the afternoon is not in the way"
    )


def test_an_appointment_stays_and_what_has_none_makes_room() -> None:
    tasks = [
        Task("calm", 1, 2 * HOUR),
        Task("promised", 1, HOUR, window_s=(13 * HOUR, 14 * HOUR)),
        burst(1, 180),
    ]
    problem = RoutingProblem(tasks, [Shift("c", 0, (NINE, 15 * HOUR))], line(0, 10))
    sent = send(problem, Plan(((0, 1),)), 0, 2)
    assert (sent.plan.routes[0], sent.left_over) == ((2, 1), (0,))


@pytest.mark.parametrize(("most", "moved"), [(1, 1), (9, 3)])
def test_no_more_jobs_change_crew_than_may(most: int, moved: int) -> None:
    tasks = [*(Task(f"j{n}", 1, 2 * HOUR) for n in range(4)), burst(1, 360)]
    shifts = [Shift("full", 0, (NINE, 18 * HOUR)), Shift("empty", 1, (NINE, 18 * HOUR))]
    problem = RoutingProblem(tasks, shifts, line(0, 10))
    sent = send(problem, Plan(((0, 1, 2, 3), ())), 0, 4, most)
    assert (len(sent.moved), len(sent.left_over)) == (moved, 3 - moved)


def test_the_plan_of_a_day_begins_with_what_is_urgent() -> None:
    random = np.random.default_rng(3)
    places = random.uniform(0, 30, (26, 2))
    travel = (np.linalg.norm(places[:, None] - places[None, :], axis=2) * 60).astype(np.int64)
    tasks = [Task(f"j{n}", n, 40 * 60, due_s=-100 * HOUR) for n in range(20)]
    tasks += [
        Task("burst", 20, HOUR, priority=URGENT),
        Task("later", 21, HOUR, priority=URGENT, window_s=(15 * HOUR, 16 * HOUR)),
    ]
    shifts = [Shift(f"c{n}", 22 + n, (NINE, 17 * HOUR)) for n in range(4)]
    problem = RoutingProblem(tasks, shifts, travel)
    plan = plan_day(problem, 1)
    nearest = min(problem.rows[shift.start][20] for shift in shifts)
    (first,) = [
        s
        for n, shift in enumerate(shifts)
        for s in timed(problem, shift, plan.routes[n]).stops
        if s.task == 20
    ]
    assert first.begin_s == NINE + nearest
    assert (
        next(
            s.begin_s
            for n, shift in enumerate(shifts)
            for s in timed(problem, shift, plan.routes[n]).stops
            if s.task == 21
        )
        == 15 * HOUR
    )
    assert score(problem, plan).is_feasible


def test_routine_work_before_a_burst_for_later_makes_no_other_wait() -> None:
    later = burst(1, window_s=(12 * HOUR + 1800, 14 * HOUR))
    problem = RoutingProblem(
        [Task("calm", 1, 3 * HOUR), later, burst(1)], [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10)
    )
    found = best_insertion(problem, Plan(((0, 1),)), 0, 2)
    assert [(s.task, s.begin_s) for s in found.after.stops[:2]] == [(2, NINE + 600), (1, 12 * HOUR + 1800)]
    assert found.route == (2, 1, 0)
    sooner = replace(problem, tasks=[problem.tasks[0], later, burst(1, 240)])
    assert best_insertion(sooner, Plan(((1, 0),)), 0, 2).route == (1, 2, 0), "it would put off the other"


@pytest.mark.parametrize("minutes", [60, 180], ids=["before the other burst", "behind it"])
def test_an_appointment_that_is_missed_already_gives_way_to_bursts(minutes: int) -> None:
    later = burst(1, window_s=(11 * HOUR, 12 * HOUR))
    tasks = [Task("missed", 1, HOUR, window_s=(0, NINE - HOUR)), later, burst(2, minutes)]
    problem = RoutingProblem(tasks, [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10, 20))
    sent = send(problem, Plan(((0, 1),)), 0, 2)
    order = (2, 1) if minutes == 60 else (1, 2)
    assert (sent.plan.routes[0], sent.left_over, sent.moved) == (order, (0,), ())


def test_a_burst_that_nobody_may_do_stays_out_and_moves_nothing() -> None:
    tasks = [Task("calm", 1, HOUR), burst(2, skills=VALVE)]
    problem = RoutingProblem(tasks, [Shift("c", 0, (NINE, 17 * HOUR))], line(0, 10, 20))
    today = Plan(((0,),))
    assert settle(problem, today) == today
    assert plan_day(problem, 0.3, today=today) == today
