"""Ranked crews with reasons in words, why a job is left out, and travel by land and round water."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely

from geo.dispatch import Day, broken_rule, propose, why_nobody, why_unserved
from geo.measure import distances_m
from geo.routing.problem import NORMAL, URGENT, Pause, Plan, RoutingProblem, Shift, Task
from geo.travel import Crossing, Going, Land, straight_s

BEGINS = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = 3600
NINE = 9 * HOUR


def day(
    *crews: tuple[str, float, set[str], int], urgent: bool = False, until_h: int = 8, **job: object
) -> Day:
    """A job at 120.0 and crews (name, longitude, skills, jobs already on them); the clock stands at nine."""
    lngs = [120.0, *(lng for _, lng, _, _ in crews)]
    places = np.array([(lng, 36.0) for lng in lngs])
    tasks, routes = [], []
    for n, (_, _, _, jobs) in enumerate(crews):
        routes.append(tuple(range(len(tasks), len(tasks) + jobs)))
        tasks += [Task(f"old{n}.{k}", n + 1, HOUR) for k in range(jobs)]
    wanted = {"skills": frozenset({"pipe"}), "priority": URGENT if urgent else NORMAL} | job
    tasks.append(Task("new", 0, HOUR, **wanted))  # type: ignore[arg-type]
    shifts = [
        Shift(name, n + 1, (NINE, NINE + until_h * HOUR), frozenset(skills))
        for n, (name, _, skills, _) in enumerate(crews)
    ]
    problem = RoutingProblem(tasks, shifts, straight_s(places, Going()))
    names = [name for name, *_ in crews]
    return Day(problem, Plan(tuple(routes)), names, [f"W{n}" for n in range(len(tasks))], places, BEGINS)


def ranked(found: Day) -> list[str]:
    return [p.crew_id for p in propose(found, len(found.problem.tasks) - 1)]


def test_the_nearer_crew_comes_first() -> None:
    found = day(("far", 120.2, {"pipe"}, 0), ("near", 120.01, {"pipe"}, 0))
    assert ranked(found) == ["near", "far"]
    near, far = propose(found, 0)
    assert near.arrives_at < far.arrives_at
    assert near.distance_m == pytest.approx(1215, rel=0.02)


def test_a_crew_without_the_skill_comes_last_and_says_so() -> None:
    found = day(("unskilled", 120.0, {"meter"}, 0), ("far", 120.3, {"pipe"}, 0))
    assert ranked(found) == ["far", "unskilled"]
    last = propose(found, 0)[1]
    assert not last.is_feasible
    assert any(r.code == "skills" and not r.is_good and "pipe" in r.zh for r in last.reasons)


def test_a_free_crew_beats_a_busy_one() -> None:
    assert ranked(day(("busy", 120.0, {"pipe"}, 3), ("free", 120.05, {"pipe"}, 0))) == ["free", "busy"]


def test_an_urgent_job_goes_before_what_has_not_begun_and_names_whom_it_delays() -> None:
    (calm,) = propose(day(("busy", 120.1, {"pipe"}, 2)), 2)
    (urgent,) = propose(day(("busy", 120.1, {"pipe"}, 2), urgent=True), 2)
    assert urgent.arrives_at < calm.arrives_at
    assert urgent.delays_jobs == 2
    (delays,) = [r for r in urgent.reasons if r.code == "delays"]
    assert "W0 晚" in delays.zh
    assert "W1 by" in delays.en


def test_shift_limit_and_appointment_are_said() -> None:
    (late,) = propose(
        day(("short", 120.0, {"pipe"}, 0), until_h=0, due_s=NINE + 600, window_s=(0, NINE - 600)), 0
    )
    assert not late.is_feasible
    codes = {r.code: r.is_good for r in late.reasons}
    assert (codes["shift"], codes["limit"], codes["appointment"]) == (False, False, False)
    (timely,) = propose(day(("long", 120.0, {"pipe"}, 0), due_s=NINE + 5 * HOUR), 0)
    assert {r.code: r.is_good for r in timely.reasons}["limit"] is True


def test_a_full_crew_and_a_lost_break_are_said() -> None:
    full = day(("full", 120.0, {"pipe"}, 1))
    full = replace(full, problem=replace(full.problem, shifts=[replace(full.problem.shifts[0], capacity=1)]))
    assert "most_jobs" in {r.code for r in propose(full, 1)[0].reasons}
    pause = Pause(HOUR, (NINE, NINE + 1200))
    tight = replace(
        full,
        problem=replace(
            full.problem,
            shifts=[replace(full.problem.shifts[0], pause=pause)],
            tasks=[replace(t, window_s=(0, NINE + 1800)) for t in full.problem.tasks],
        ),
    )
    assert not propose(tight, 1)[0].is_feasible


def test_another_crews_pinned_job_is_said() -> None:
    found = propose(day(("a", 120.0, {"pipe"}, 0), pinned_to="b"), 0)[0]
    assert "pinned" in {r.code for r in found.reasons}


def test_every_reason_speaks_both_languages() -> None:
    for found in propose(day(("a", 120.2, {"x"}, 1), urgent=True, due_s=0), 1):
        for reason in found.reasons:
            assert any("\u4e00" <= c <= "\u9fff" for c in reason.zh)
            assert reason.en.isascii()


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        (day(("a", 120.0, {"x"}, 0)), "skills", "没有班组具备技能"),
        (day(("a", 120.0, {"pipe"}, 0), until_h=1, window_s=(0, NINE - 1)), "nearest", "最接近的是 a"),
    ],
    ids=["no skill", "appointment"],
)
def test_an_unserved_job_says_why(found: Day, code: str, words: str) -> None:
    first = why_unserved(found, 0)[0]
    assert first.code == code
    assert words in first.zh


def test_a_job_longer_than_any_shift_says_so() -> None:
    found = day(("a", 120.0, {"pipe"}, 0))
    long = replace(found.problem.tasks[0], duration_s=99 * HOUR)
    (reason,) = why_unserved(replace(found, problem=replace(found.problem, tasks=[long])), 0)
    assert "超过任何一个班次" in reason.zh


def test_another_day_is_named_on_the_clock() -> None:
    found = day(("a", 120.0, {"pipe"}, 0))
    assert found.clock(NINE) == "09:00"
    assert found.clock(33 * HOUR) == "09-02 09:00"


def test_a_moment_is_a_second_of_the_day_also_where_the_clocks_are_moved() -> None:
    begins = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
    found = replace(day(("a", 120.0, {"pipe"}, 0)), begins=begins)
    assert found.second(datetime(2026, 10, 25, 9, tzinfo=begins.tzinfo)) == 10 * HOUR
    assert found.second(found.at(NINE)) == NINE
    assert found.clock(10 * HOUR) == "09:00"


BAY = shapely.difference(shapely.box(120.0, 36.0, 120.4, 36.4), shapely.box(120.15, 35.9, 120.25, 36.3))
WEST, EAST = (120.1, 36.05), (120.3, 36.05)


def test_a_way_goes_round_the_water() -> None:
    going = Going(1.0, 60.0)
    around = Land(BAY, [], going).seconds(np.array([WEST, EAST, (120.05, 36.05)]))
    straight = distances_m(np.array([WEST]), np.array([EAST]))[0, 0]
    assert around[0, 1] > 2.5 * straight
    assert around[0, 1] == around[1, 0]
    assert around[0, 2] == straight_s(np.array([WEST, (120.05, 36.05)]), going)[0, 1]


def test_a_bridge_shortens_it() -> None:
    going = Going(1.0, 60.0)
    bridge = Crossing(((120.149, 36.06), (120.251, 36.06)))
    with_bridge = Land(BAY, [bridge], going).seconds(np.array([WEST, EAST]))[0, 1]
    straight = distances_m(np.array([WEST]), np.array([EAST]))[0, 0]
    assert straight <= with_bridge < 1.3 * straight


def test_what_no_way_joins_goes_straight() -> None:
    islands = shapely.union(shapely.box(120, 36, 120.1, 36.1), shapely.box(120.5, 36, 120.6, 36.1))
    places = np.array([(120.05, 36.05), (120.55, 36.05)])
    assert Land(islands, [], Going()).seconds(places)[0, 1] == straight_s(places, Going())[0, 1]


def test_the_nearest_to_an_unserved_job_is_one_that_could_do_it() -> None:
    early = day(
        ("unskilled", 120.0, {"meter"}, 0), ("skilled", 120.3, {"pipe"}, 0), until_h=1, window_s=(0, NINE - 1)
    )
    words = [reason.zh for reason in why_unserved(early, 0)]
    assert "最接近的是 skilled" in words
    assert not any("缺少技能" in one for one in words)


def later(found: Day, crew: int, hours: float) -> Day:
    """The same day, one crew free only so many hours later."""
    shifts = list(found.problem.shifts)
    begin, finish = shifts[crew].window_s
    shifts[crew] = replace(shifts[crew], window_s=(begin + int(hours * HOUR), finish))
    return replace(found, problem=replace(found.problem, shifts=shifts))


@pytest.mark.parametrize("urgent", [True, False])
def test_a_crew_next_door_that_is_free_only_later_comes_after_one_that_can_go_now(urgent: bool) -> None:
    found = later(day(("busy", 120.0, {"pipe"}, 0), ("free", 120.15, {"pipe"}, 0), urgent=urgent), 0, 3)
    free, busy = propose(found, 0)
    assert (free.crew_id, busy.crew_id) == ("free", "busy")
    assert free.arrives_at < busy.arrives_at
    assert free.score < busy.score


def test_a_crew_on_call_says_so() -> None:
    found = replace(
        day(("a", 120.0, {"pipe"}, 0), ("b", 120.1, {"pipe"}, 0), urgent=True), on_call=frozenset({"b"})
    )
    codes = {one.crew_id: {reason.code for reason in one.reasons} for one in propose(found, 0)}
    assert "on_call" in codes["b"]
    assert "on_call" not in codes["a"]


@pytest.mark.parametrize("urgent", [True, False])
def test_who_lacks_the_skill_is_never_ahead_of_who_has_it(urgent: bool) -> None:
    """Not even where nobody can be done before the shift ends, and the able one comes hours later."""
    found = later(
        day(("near", 120.0, {"meter"}, 0), ("able", 120.3, {"pipe"}, 3), urgent=urgent, until_h=1), 1, 5
    )
    assert ranked(found) == ["able", "near"]


def test_an_urgent_job_goes_to_who_is_there_first_and_of_two_as_near_to_the_free_one() -> None:
    found = day(("off", 120.0, {"pipe"}, 0), ("there", 120.1, {"pipe"}, 0), urgent=True)
    assert ranked(replace(found, off_duty=frozenset({"off"}))) == ["there", "off"]
    assert [p.is_feasible for p in propose(replace(found, off_duty=frozenset({"off"})), 0)] == [True, False]
    full = day(("full", 120.0, {"pipe"}, 8), ("free", 120.003, {"pipe"}, 0), urgent=True)
    assert ranked(full) == ["free", "full"]
    far = day(("full", 120.0, {"pipe"}, 8), ("free", 120.05, {"pipe"}, 0), urgent=True)
    assert ranked(far) == ["full", "free"], "a full day is worth three minutes, not nine"


def test_words_say_skills_by_their_names_and_broken_rules_in_sentences() -> None:
    words = {"pipe": ("管道维修", "Pipe repair")}
    found = replace(
        day(("a", 120.0, {"meter"}, 1), ("b", 120.0, {"pipe"}, 0), urgent=True),
        skill_words=words,
        off_duty=frozenset({"b"}),
    )
    lacking = {one.code: one for one in why_nobody(found, 1)}
    assert lacking["a"].zh == "a：缺少技能：管道维修"
    assert lacking["b"].en == "b: neither at work nor on call, begins at 09:00"
    for code in ("window", "skills", "pinned", "shift", "pause", "capacity", "twice"):
        said = broken_rule(found, (code, "a", 0 if code in ("window", "skills", "pinned", "twice") else -1))
        assert "a" in said.zh
        assert "_" not in said.zh + said.en
        assert said.en.isascii()


def codes_of(found: Day, task: int) -> set[tuple[str, bool]]:
    """What is said of the only crew for a job."""
    (one,) = propose(found, task)
    return {(reason.code, reason.is_good) for reason in one.reasons}


def test_a_day_without_crews_says_so() -> None:
    (nobody,) = why_nobody(day(urgent=True), 0)
    assert (nobody.zh, nobody.en, nobody.is_good) == ("没有班组", "there is no crew", False)
    found = day(("a", 120.0, {"pipe"}, 0))
    away = [replace(shift, is_away=True) for shift in found.problem.shifts]
    (reason,) = why_unserved(replace(found, problem=replace(found.problem, shifts=away)), 0)
    assert reason.en == "no crew works that day"


def test_a_break_that_comes_later_or_not_at_all_is_said() -> None:
    found = day(("a", 120.0, {"pipe"}, 0), urgent=True)
    long = replace(found.problem.tasks[0], duration_s=4 * HOUR)
    crew = replace(found.problem.shifts[0], pause=Pause(HOUR, (11 * HOUR, 12 * HOUR)))
    burst = replace(found, problem=replace(found.problem, tasks=[long], shifts=[crew]))
    (one,) = propose(burst, 0)
    assert [reason.en for reason in one.reasons if reason.code == "break"] == ["break only at 13:00"]
    assert one.is_feasible, "no break stands before what is urgent"
    missed = replace(crew, pause=Pause(HOUR, (NINE - 2 * HOUR, NINE - HOUR)))
    calm = day(("a", 120.0, {"pipe"}, 0))
    calm = replace(calm, problem=replace(calm.problem, shifts=[missed]))
    assert ("break", False) in codes_of(calm, 0)
    assert not propose(calm, 0)[0].is_feasible


def test_on_one_piece_of_land_every_way_is_straight() -> None:
    places, going = np.array([(120.1, 36.1), (120.2, 36.3), (120.35, 36.2)]), Going()
    land = Land(shapely.box(120, 36, 120.4, 36.4), [], going)
    assert np.abs(land.seconds(places) - straight_s(places, going)).max() <= 2
