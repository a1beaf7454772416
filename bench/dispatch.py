"""Benchmark of dispatch days: 30 crews and 300 jobs, an emergency, a sick crew; beside VROOM and PyVRP alone.

Then emergencies in the demo city at both sizes, from the database to the published change.

`LONG=600` compares with plans of so many seconds (120 if not given).
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import orjson
from sqlalchemy import func, select

from backend.core import config
from backend.core.actor import Actor, Role
from backend.customers.kinds.service_point import ServicePoint
from backend.demo.catalogue import ident, matter_id
from backend.demo.load import BRANCHES, load_city
from backend.demo.sizes import SIZES
from backend.demo.sources import districts, scatter
from backend.dispatch.queries.field_day import crews_of, open_jobs
from backend.dispatch.services.dispatching import propose_crews
from backend.dispatch.services.emergencies import send_at_once
from backend.jobs.services.intake import receive_job
from bench.cold import cold_plan
from bench.place import fresh_database
from geo.dispatch import Day, propose
from geo.routing.day import plan_day, settle, without_crew
from geo.routing.problem import NORMAL, URGENT, Pause, Plan, RoutingProblem, Shift, Task, changes
from geo.routing.solvers import vroom_plan
from geo.routing.timing import Score, score
from geo.travel import Going, straight_s

HOUR = 3600
BEGINS = datetime(2026, 9, 1, tzinfo=UTC)


def city(crews: int = 30, jobs: int = 300) -> tuple[RoutingProblem, np.ndarray]:
    """A day in the two inner districts.

    Half-hour jobs, a third with an appointment, a third with a limit, lunch for all.
    """
    random = np.random.default_rng(7)
    inner = districts()[:2]
    places = np.concatenate([scatter(d, (crews + jobs) // 2, random) for d in inner])
    tasks = [
        Task(
            f"j{n}",
            n,
            int(random.choice([20, 30, 45])) * 60,
            frozenset({"valve"}) if n % 6 == 0 else frozenset(),
            NORMAL,
            (int(random.integers(8, 15)) * HOUR, int(random.integers(15, 18)) * HOUR)
            if n % 3 == 0
            else (0, 10**8),
            int(random.integers(13, 18)) * HOUR if n % 3 == 1 else None,
        )
        for n in range(jobs)
    ]
    pause = Pause(HOUR // 2, (11 * HOUR, 13 * HOUR))
    shifts = [
        Shift(
            f"c{n}",
            jobs + n,
            (8 * HOUR, 18 * HOUR),
            frozenset({"valve"}) if n % 2 else frozenset(),
            pause=pause,
        )
        for n in range(crews)
    ]
    return RoutingProblem(tasks, shifts, straight_s(places, Going())), places


def say(name: str, took: float, found: Score) -> None:
    """One plan in a line."""
    print(
        (
            f"{name:22} {took:6.1f} s: travel {found.travel_s / 3600:6.2f} h, late "
            f"{found.late_s / 3600:5.2f} h, unserved {len(found.unserved)}, faults "
            f"{len(found.faults)}, cost {found.cost}"
        ),
        flush=True,
    )


def main() -> None:
    """Print plans of the same day by everybody, then what happens to it during the day."""
    problem, places = city()
    plans: dict[str, Plan] = {}
    long = float(os.environ.get("LONG", "120"))
    for name, solve in (
        ("VROOM alone", lambda: vroom_plan(problem)),
        ("PyVRP cold 3 s", lambda: cold_plan(problem, 3)),
        ("ours 3 s", lambda: plan_day(problem, 3)),
        ("PyVRP cold 30 s", lambda: cold_plan(problem, 30)),
        ("ours 30 s", lambda: plan_day(problem, 30)),
        (f"PyVRP cold {long:.0f} s", lambda: cold_plan(problem, long)),
        (f"ours {long:.0f} s", lambda: plan_day(problem, long)),
    ):
        began = time.perf_counter()
        plans[name] = solve()
        say(name, time.perf_counter() - began, score(problem, plans[name]))
    _during_the_day(problem, plans["ours 30 s"], places)
    for size in ("default", "large"):
        _in_the_city(size)


def _in_the_city(size: str) -> None:
    """Urgent jobs in the first branch: crews ranked, and one sent, each in a transaction of its own."""
    settings, branch = config.read(), ident("branch", BRANCHES[0][0])
    desk = Actor(ident("staff", "D101"), branch, frozenset({Role.DISPATCHER}))
    with fresh_database(f"bench_dispatch_{size}") as database:
        load_city(database, SIZES[size], lambda *_: None)
        ranked, sent = [], []
        with database.transaction() as session:
            spots = session.scalars(
                select(func.ST_AsGeoJSON(ServicePoint.place)).where(ServicePoint.unit_id == branch).limit(40)
            ).all()
            jobs, crews = len(open_jobs(session, [branch])), len(crews_of(session, [branch]))
        for spot in spots:
            with database.transaction() as session:
                values = {
                    "matter_id": matter_id("burst_main"),
                    "unit_id": branch,
                    "place": orjson.loads(spot),
                }
                job = receive_job(session, desk, values).id
            crew_id = None
            for took in (ranked, sent):
                began = time.perf_counter()
                with database.transaction() as session:
                    if took is ranked:
                        crew_id = propose_crews(session, settings, desk, job)[0]["crew_id"]
                    else:
                        send_at_once(session, settings, desk, job, crew_id)
                took.append(time.perf_counter() - began)
    print(
        f"city {size}, {crews} crews and {jobs} open jobs of a branch: crews ranked p50 "
        f"{1000 * np.median(ranked):.0f} ms, at most {1000 * max(ranked):.0f}; sent and "
        f"written p50 {1000 * np.median(sent):.0f} ms, at most {1000 * max(sent):.0f} (target "
        "2,000)"
    )


def _during_the_day(problem: RoutingProblem, today: Plan, places: np.ndarray) -> None:
    took, moved = [], []
    for n in range(100):
        burst = Task("burst", n, HOUR, frozenset({"valve"}), URGENT, due_s=12 * HOUR)
        bigger = replace(problem, tasks=[*problem.tasks, burst])
        names = [task.id for task in bigger.tasks]
        day = Day(bigger, today, [s.id for s in problem.shifts], names, places, BEGINS)
        began = time.perf_counter()
        propose(day, len(names) - 1)
        took.append((time.perf_counter() - began) * 1000)
        if n < 20:
            began = time.perf_counter()
            moved.append((changes(today, settle(bigger, today)), time.perf_counter() - began))
    p50, p99 = np.percentile(took, [50, 99])
    print(f"emergency ranked over 30 crews: p50 {p50:.1f} ms, p99 {p99:.1f} ms (target 50)")
    print(
        f"emergency settled: at most {max(m for m, _ in moved)} other jobs change crew (target "
        f"1), {max(t for _, t in moved):.2f} s at most"
    )
    cold = changes(today, vroom_plan(replace(problem, tasks=[*problem.tasks, burst])))
    print(f"a cold solve instead moves {cold} of {len(problem.tasks)} jobs to another crew")
    free, left = without_crew(problem, today, "c3")
    began = time.perf_counter()
    after = settle(free, left)
    print(
        f"sick crew: {len(today.routes[3])} jobs free, {len(score(free, after).unserved)} find "
        f"no place, {changes(left, after)} others move, {time.perf_counter() - began:.2f} s"
    )


if __name__ == "__main__":
    main()
