"""A day of dispatch with its names and clock: ranked crews for one job, and every decision in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from geo.measure import Coordinates, distance_m
from geo.routing.insertion import Insertion, insertions
from geo.routing.problem import Plan, RoutingProblem, Shift, Task
from geo.routing.timing import Timed, timed
from geo.routing.urgent import put_out
from geo.sentences import Words, sentences_in
from geo.travel import DETOUR

REASONS = sentences_in(Path(__file__).with_name("reasons.toml"))
# What an hour of work already on a crew weighs against arriving earlier, in seconds.
LOAD_PRICE_S = 180
DELAY_PRICE_S = 300
# What each job put out weighs against an urgent one's arrival, and all of them at most: the nearest goes, and
# of two as near the one that leaves less behind.
OUT_PRICE_S, MOST_OUT_PRICE_S = 60, 180


@dataclass(frozen=True, slots=True)
class Day:
    """A problem with what people know it by.

    Crew and job names, places (lng, lat) of the matrix rows, second 0, which crews are on call outside their
    shift or neither at work nor on call, and skills in (Chinese, English).
    """

    problem: RoutingProblem
    plan: Plan
    crew_names: Sequence[str]
    job_names: Sequence[str]
    places: Coordinates
    begins: datetime
    on_call: frozenset[str] = frozenset()
    off_duty: frozenset[str] = frozenset()
    skill_words: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def at(self, second: int) -> datetime:
        """The moment of a second of the day; a day on which the clocks are moved has no other seconds."""
        return (self.begins.astimezone(UTC) + timedelta(seconds=second)).astimezone(self.begins.tzinfo)

    def second(self, moment: datetime) -> int:
        """A moment as a second of the day."""
        return int((moment.astimezone(UTC) - self.begins.astimezone(UTC)).total_seconds())

    def clock(self, second: int) -> str:
        """A second as people read it; another day is named."""
        moment = self.at(second)
        return (
            moment.strftime("%H:%M")
            if moment.date() == self.begins.date()
            else moment.strftime("%m-%d %H:%M")
        )

    def skills(self, codes: Iterable[str]) -> list[tuple[str, str]]:
        """Skills in Chinese and English."""
        return [self.skill_words.get(code, (code, code)) for code in sorted(codes)]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words, and whether it speaks for the crew."""

    code: str
    is_good: bool
    zh: str
    en: str


def reason(name: str, is_good: bool, /, **arguments: Any) -> Reason:
    """A reason that says one of REASONS."""
    return Reason(REASONS[name].code, is_good, *_words(name, **arguments))


def _words(name: str, /, **arguments: Any) -> Words:
    return REASONS[name].words(arguments)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A crew for the job.

    When it would arrive, how far it is, what it would delay or not do any more, and the reasons.

    An urgent job is feasible for every crew that is there and able: nothing else stands in its way.
    """

    crew_id: str
    crew_name: str
    distance_m: int
    arrives_at: datetime
    delays_jobs: int
    displaces_jobs: int
    overtime_minutes: int
    is_feasible: bool
    score: float
    reasons: tuple[Reason, ...]


def propose(day: Day, task: int) -> list[Proposal]:
    """All crews for a job in no route, best first.

    Able before not, for an urgent job those on duty or on call before who is neither,
    feasible before not, then by score.

    An urgent job goes before what has not begun, so its score is when the crew would be there; another one
    goes where it costs least, and its score weighs arrival, load and delay of others.
    """
    problem = day.problem
    able = {s.id for s in problem.shifts if problem.tasks[task].skills <= s.skills and not s.is_away}
    found = [_proposal(day, one, task) for one in insertions(problem, day.plan, task)]
    off = day.off_duty if task in problem.urgent else frozenset[str]()
    return sorted(
        found, key=lambda p: (p.crew_id not in able, p.crew_id in off, not p.is_feasible, p.score, p.crew_id)
    )


def _proposal(day: Day, one: Insertion, task: int) -> Proposal:
    problem, shift, job = day.problem, day.problem.shifts[one.shift], day.problem.tasks[task]
    stop = one.after.stops[one.position]
    previous = problem.tasks[one.after.stops[one.position - 1].task].place if one.position else shift.start
    here, there = (tuple(day.places[n].tolist()) for n in (previous, job.place))
    metres = distance_m(here, there) * DETOUR
    before = timed(problem, shift, day.plan.routes[one.shift])
    delayed, out = delayed_by(before, one.after), put_out(shift, problem, one.after)
    work_s = sum(problem.tasks[s.task].duration_s for s in before.stops)
    overtime = -(-shift.overtime_s(stop.end_s) // 60) if job.is_urgent and shift.id not in day.off_duty else 0
    reasons = (
        _distance(metres, day.clock(stop.arrive_s)),
        _skills(day, job.skills - shift.skills),
        _load(len(before.stops), work_s),
        *_on_call(day, shift),
        *(_urgent(day, shift, one.after, overtime) if job.is_urgent else [_shift(day, shift, one.after)]),
        *_window(day, job, stop.begin_s),
        *_limit(job, stop.late_s),
        *_delays(day, delayed),
        *(_out(day, out) if job.is_urgent else []),
        *_pinned(job, shift),
    )
    # From one moment for all: a crew that is free only later comes later.
    score = float(stop.begin_s - problem.begins_s)
    if job.is_urgent:
        score += min(OUT_PRICE_S * len(out), MOST_OUT_PRICE_S)
    else:
        score += LOAD_PRICE_S * work_s / 3600 + DELAY_PRICE_S * len(delayed) + one.cost / 10
    is_feasible = one.is_feasible and not (job.is_urgent and shift.id in day.off_duty)
    return Proposal(
        shift.id,
        day.crew_names[one.shift],
        round(metres),
        day.at(stop.arrive_s),
        len(delayed),
        len(out),
        overtime,
        is_feasible,
        round(score / 60, 2),
        reasons,
    )


def delayed_by(before: Timed, after: Timed) -> list[tuple[int, int]]:
    """Tasks that would begin later, with the minutes (a minute or less is nothing)."""
    was = {stop.task: stop.begin_s for stop in before.stops}
    late = [(stop.task, (stop.begin_s - was[stop.task]) // 60) for stop in after.stops if stop.task in was]
    return [(task, minutes) for task, minutes in late if minutes > 1]


def _distance(metres: float, at: str) -> Reason:
    return reason("distance", metres < 15_000, way=metres, at=at)


def _skills(day: Day, missing: frozenset[str]) -> Reason:
    if missing:
        return reason("lacks_skills", False, skills=day.skills(missing))
    return reason("skills", True)


def _load(jobs: int, work_s: int) -> Reason:
    return reason("load", jobs <= 3, jobs=jobs, minutes=work_s // 60)


def _on_call(day: Day, shift: Shift) -> list[Reason]:
    if shift.id not in day.on_call:
        return []
    return [reason("on_call", True)]


def _urgent(day: Day, shift: Shift, after: Timed, overtime: int) -> list[Reason]:
    """What an urgent job costs the crew itself: overtime, and a break that comes later."""
    if shift.id in day.off_duty:
        return [reason("off_duty", False, begins=day.clock(shift.window_s[0]))]
    found = []
    if overtime:
        found.append(reason("overtime", False, minutes=overtime))
    if shift.pause and after.pause_s is not None and after.pause_s > shift.pause.window_s[1]:
        found.append(reason("break", False, at=day.clock(after.pause_s)))
    return found


def _out(day: Day, out: Sequence[int]) -> list[Reason]:
    if not out:
        return []
    return [reason("displaces", False, count=len(out), jobs=[day.job_names[task] for task in out[:3]])]


def _shift(day: Day, shift: Shift, after: Timed) -> Reason:
    end = day.clock(shift.window_s[1])
    codes = {code for code, _ in after.faults}
    if "capacity" in codes:
        return reason("most_jobs", False, most=shift.capacity)
    if "pause" in codes:
        return reason("no_break", False)
    if "shift" in codes:
        return reason("not_in_shift", False, end=end)
    return reason("in_shift", True, end=end)


def _window(day: Day, task: Task, begin_s: int) -> list[Reason]:
    if begin_s <= task.window_s[1] or task.is_urgent:
        return []
    return [reason("appointment", False, until=day.clock(task.window_s[1]))]


def _limit(task: Task, late_s: int) -> list[Reason]:
    if task.due_s is None:
        return []
    late = -(-late_s // 60)
    if late <= 0:
        return [reason("limit", True)]
    return [reason("past_limit", False, minutes=late)]


def _delays(day: Day, delayed: Sequence[tuple[int, int]]) -> list[Reason]:
    if not delayed:
        return []
    jobs = [_words("delayed", job=day.job_names[task], minutes=minutes) for task, minutes in delayed[:3]]
    return [reason("delays", False, count=len(delayed), jobs=jobs)]


def _pinned(task: Task, shift: Shift) -> list[Reason]:
    if task.pinned_to in (None, shift.id):
        return []
    return [reason("pinned", False)]


def why_unserved(day: Day, task: int) -> list[Reason]:
    """Why a job is in no route.

    What every crew lacks, or what stands in the way of the one that comes nearest.
    """
    problem, job = day.problem, day.problem.tasks[task]
    if not any(not shift.is_away for shift in problem.shifts):
        return [reason("crews", False)]
    able = [shift for shift in problem.shifts if job.skills <= shift.skills and not shift.is_away]
    if not able:
        return [reason("no_crew_skilled", False, skills=day.skills(job.skills))]
    longest = max(shift.window_s[1] - shift.window_s[0] for shift in able)
    if job.duration_s > longest and not job.is_urgent:
        return [reason("duration", False)]
    # Whoever lacks the skills is not near, however early they could be there.
    best = next(one for one in propose(day, task) if one.crew_id in {shift.id for shift in able})
    bad = [one for one in best.reasons if not one.is_good]
    return [reason("nearest", False, crew=best.crew_name), *bad]


def why_nobody(day: Day, task: int) -> list[Reason]:
    """For each crew in a sentence why an urgent job cannot go to it.

    What it lacks, or when it is there again.
    """
    if not day.problem.shifts:
        return [reason("no_crews", False)]
    found = []
    for one in propose(day, task):
        bad = [r for r in one.reasons if r.code in ("skills", "off_duty") and not r.is_good]
        why = [Words(r.zh, r.en) for r in bad]
        found.append(Reason(one.crew_id, False, *_words("cannot", crew=one.crew_name, why=why)))
    return found


def broken_rule(day: Day, fault: tuple[str, str, int]) -> Reason:
    """A rule that a plan breaks, (code, crew id, task or -1), in a sentence."""
    code, crew_id, task = fault
    crew = next(
        (name for shift, name in zip(day.problem.shifts, day.crew_names, strict=True) if shift.id == crew_id),
        "",
    )
    job = day.job_names[task] if task >= 0 else ""
    names = {"crew": crew, "job": job}
    entry = REASONS[f"rule_{code}"]
    return Reason(code, False, *entry.words({name: names[name] for name in entry.takes}))
