"""A day of dispatch with its names and clock: ranked crews for one job, and every decision in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from geo.measure import Coordinates, distance_m
from geo.routing.insertion import Insertion, insertions
from geo.routing.problem import URGENT, Plan, Problem, Shift, Task
from geo.routing.timing import Timed, timed
from geo.travel import DETOUR

# What an hour of work already on a crew weighs against arriving earlier, in seconds.
LOAD_PRICE_S = 180
DELAY_PRICE_S = 300


@dataclass(frozen=True, slots=True)
class Day:
    """A problem with what people know it by: crew and job names, places (lng, lat) of the matrix rows, second 0, and
    which crews are on call outside their shift."""

    problem: Problem
    plan: Plan
    crew_names: Sequence[str]
    job_names: Sequence[str]
    places: Coordinates
    begins: datetime
    on_call: frozenset[str] = frozenset()

    def at(self, second: int) -> datetime:
        """The moment of a second of the day."""
        # By the world's clock: on some days a city moves its own.
        return (self.begins.astimezone(UTC) + timedelta(seconds=second)).astimezone(self.begins.tzinfo)

    def clock(self, second: int) -> str:
        """A second as people read it; another day is named."""
        moment = self.at(second)
        return moment.strftime("%H:%M") if moment.date() == self.begins.date() else moment.strftime("%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words, and whether it speaks for the crew."""

    code: str
    is_good: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A crew for the job: when it would arrive, how far it is, what it would delay, and the reasons."""

    crew_id: str
    crew_name: str
    distance_m: int
    arrives_at: datetime
    delays_jobs: int
    is_feasible: bool
    score: float
    reasons: tuple[Reason, ...]


def propose(day: Day, task: int) -> list[Proposal]:
    """All crews for a job in no route, best first: feasible before not, then by arrival, load and delay of others.

    An urgent job goes before what has not begun; another one where it costs least.
    """
    is_urgent = day.problem.tasks[task].priority >= URGENT
    found = [_proposal(day, one, task) for one in insertions(day.problem, day.plan, task, earliest=is_urgent)]
    return sorted(found, key=lambda p: (not p.is_feasible, p.score, p.crew_id))


def _proposal(day: Day, one: Insertion, task: int) -> Proposal:
    problem, shift = day.problem, day.problem.shifts[one.shift]
    stop = one.after.stops[one.position]
    previous = day.problem.tasks[one.after.stops[one.position - 1].task].place if one.position else shift.start
    here, there = (tuple(day.places[n].tolist()) for n in (previous, problem.tasks[task].place))
    metres = distance_m(here, there) * DETOUR
    before = timed(problem, shift, day.plan.routes[one.shift])
    delayed = _delayed(before, one.after)
    work_s = sum(problem.tasks[s.task].duration_s for s in before.stops)
    reasons = (
        _distance(metres, day.clock(stop.arrive_s)),
        _skills(problem.tasks[task].skills - shift.skills),
        _load(len(before.stops), work_s),
        *_on_call(day, shift),
        _shift(day, shift, one.after),
        *_window(day, problem.tasks[task], stop.begin_s),
        *_limit(problem.tasks[task], stop.late_s),
        *_delays(day, delayed),
        *_pinned(problem.tasks[task], shift),
    )
    # From one moment for all: a crew that is free only later comes later.
    first = min(each.window_s[0] for each in problem.shifts)
    score = stop.begin_s - first + LOAD_PRICE_S * work_s / 3600 + DELAY_PRICE_S * len(delayed) + one.cost / 10
    return Proposal(
        shift.id, day.crew_names[one.shift], round(metres), day.at(stop.arrive_s), len(delayed), one.is_feasible,
        round(score / 60, 2), reasons,
    )  # fmt: skip


def _delayed(before: Timed, after: Timed) -> list[tuple[int, int]]:
    """Tasks that would begin later, with the minutes (a minute or less is nothing)."""
    was = {stop.task: stop.begin_s for stop in before.stops}
    late = [(stop.task, (stop.begin_s - was[stop.task]) // 60) for stop in after.stops if stop.task in was]
    return [(task, minutes) for task, minutes in late if minutes > 1]


def _distance(metres: float, at: str) -> Reason:
    km = metres / 1000
    return Reason("distance", km < 15, f"约 {km:.1f} 公里，预计 {at} 到场", f"about {km:.1f} km, arrives at {at}")


def _skills(missing: frozenset[str]) -> Reason:
    if missing:
        names = ", ".join(sorted(missing))
        return Reason("skills", False, f"缺少技能：{names}", f"lacks skills: {names}")
    return Reason("skills", True, "技能符合", "has the skills")


def _load(jobs: int, work_s: int) -> Reason:
    minutes = work_s // 60
    zh, en = f"手上 {jobs} 单，约 {minutes} 分钟", f"{jobs} jobs at hand, about {minutes} min"
    return Reason("load", jobs <= 3, zh, en)


def _on_call(day: Day, shift: Shift) -> list[Reason]:
    if shift.id not in day.on_call:
        return []
    return [Reason("on_call", True, "正在值班，可立即出动", "is on call, can leave now")]


def _shift(day: Day, shift: Shift, after: Timed) -> Reason:
    end = day.clock(shift.window_s[1])
    codes = {code for code, _ in after.faults}
    if "capacity" in codes:
        return Reason("most_jobs", False, f"已到每班最多 {shift.capacity} 单", f"has its {shift.capacity} jobs a shift")
    if "pause" in codes:
        return Reason("break", False, "排不下休息时间", "leaves no time for the break")
    if "shift" in codes:
        return Reason("shift", False, f"下班（{end}）前做不完", f"not done before the shift ends ({end})")
    return Reason("shift", True, f"下班（{end}）前能完成", f"done before the shift ends ({end})")


def _window(day: Day, task: Task, begin_s: int) -> list[Reason]:
    if begin_s <= task.window_s[1]:
        return []
    until = day.clock(task.window_s[1])
    return [Reason("appointment", False, f"赶不上 {until} 前的预约", f"misses the appointment, until {until}")]


def _limit(task: Task, late_s: int) -> list[Reason]:
    if task.due_s is None:
        return []
    late = -(-late_s // 60)
    if late <= 0:
        return [Reason("limit", True, "在时限内完成", "done within its limit")]
    return [Reason("limit", False, f"将超时 {late} 分钟", f"{late} min past its limit")]


def _delays(day: Day, delayed: Sequence[tuple[int, int]]) -> list[Reason]:
    if not delayed:
        return []
    named = [(day.job_names[task], minutes) for task, minutes in delayed[:3]]
    zh = "、".join(f"{name} 晚 {minutes} 分钟" for name, minutes in named)
    en = ", ".join(f"{name} by {minutes} min" for name, minutes in named)
    return [Reason("delays", False, f"会推迟 {len(delayed)} 单：{zh}", f"delays {len(delayed)} other jobs: {en}")]


def _pinned(task: Task, shift: Shift) -> list[Reason]:
    if task.pinned_to in (None, shift.id):
        return []
    return [Reason("pinned", False, "已锁定给别的班组", "is pinned to another crew")]


def why_unserved(day: Day, task: int) -> list[Reason]:
    """Why a job is in no route: what every crew lacks, or what stands in the way of the one that comes nearest."""
    problem, job = day.problem, day.problem.tasks[task]
    if not problem.shifts:
        return [Reason("crews", False, "这一天没有在岗班组", "no crew works that day")]
    able = [shift for shift in problem.shifts if job.skills <= shift.skills]
    if not able:
        names = ", ".join(sorted(job.skills))
        return [Reason("skills", False, f"没有班组具备技能：{names}", f"no crew has the skills: {names}")]
    longest = max(shift.window_s[1] - shift.window_s[0] for shift in able)
    if job.duration_s > longest:
        zh, en = "时长超过任何一个班次", "takes longer than any shift"
        return [Reason("duration", False, zh, en)]
    # Whoever lacks the skills is not near, however early they could be there.
    best = next(one for one in propose(day, task) if one.crew_id in {shift.id for shift in able})
    bad = [reason for reason in best.reasons if not reason.is_good]
    who = Reason("nearest", False, f"最接近的是 {best.crew_name}", f"{best.crew_name} comes nearest")
    return [who, *bad]
