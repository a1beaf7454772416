"""A day of dispatch with its names and clock: ranked crews for one job, and every decision in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from geo.measure import Coordinates, distance_m
from geo.routing.insertion import Insertion, insertions
from geo.routing.problem import Plan, RoutingProblem, Shift, Task
from geo.routing.timing import Timed, timed
from geo.routing.urgent import put_out
from geo.travel import DETOUR

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

    def skills(self, codes: Iterable[str]) -> tuple[str, str]:
        """Skills in Chinese and English."""
        named = [self.skill_words.get(code, (code, code)) for code in sorted(codes)]
        return "、".join(zh for zh, _ in named), ", ".join(en for _, en in named)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words, and whether it speaks for the crew."""

    code: str
    is_good: bool
    zh: str
    en: str


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
    km = metres / 1000
    return Reason(
        "distance", km < 15, f"约 {km:.1f} 公里，预计 {at} 到场", f"about {km:.1f} km, arrives at {at}"
    )


def _skills(day: Day, missing: frozenset[str]) -> Reason:
    if missing:
        zh, en = day.skills(missing)
        return Reason("skills", False, f"缺少技能：{zh}", f"lacks skills: {en}")
    return Reason("skills", True, "技能符合", "has the skills")


def _load(jobs: int, work_s: int) -> Reason:
    minutes = work_s // 60
    zh, en = f"手上 {jobs} 单，约 {minutes} 分钟", f"{jobs} jobs at hand, about {minutes} min"
    return Reason("load", jobs <= 3, zh, en)


def _on_call(day: Day, shift: Shift) -> list[Reason]:
    if shift.id not in day.on_call:
        return []
    return [Reason("on_call", True, "正在值班，可立即出动", "is on call, can leave now")]


def _urgent(day: Day, shift: Shift, after: Timed, overtime: int) -> list[Reason]:
    """What an urgent job costs the crew itself: overtime, and a break that comes later."""
    if shift.id in day.off_duty:
        begins = day.clock(shift.window_s[0])
        return [
            Reason(
                "off_duty",
                False,
                f"不在岗也不值班，{begins} 上班",
                f"neither at work nor on call, begins at {begins}",
            )
        ]
    found = []
    if overtime:
        found.append(
            Reason("overtime", False, f"预计加班 {overtime} 分钟", f"about {overtime} min of overtime")
        )
    if shift.pause and after.pause_s is not None and after.pause_s > shift.pause.window_s[1]:
        at = day.clock(after.pause_s)
        found.append(Reason("break", False, f"休息推迟到 {at}", f"break only at {at}"))
    return found


def _out(day: Day, out: Sequence[int]) -> list[Reason]:
    if not out:
        return []
    names = [day.job_names[task] for task in out[:3]]
    zh, en = "、".join(names), ", ".join(names)
    return [
        Reason(
            "displaces",
            False,
            f"有 {len(out)} 单按原时间做不了：{zh}",
            f"{len(out)} jobs no longer fit: {en}",
        )
    ]


def _shift(day: Day, shift: Shift, after: Timed) -> Reason:
    end = day.clock(shift.window_s[1])
    codes = {code for code, _ in after.faults}
    if "capacity" in codes:
        return Reason(
            "most_jobs", False, f"已到每班最多 {shift.capacity} 单", f"has its {shift.capacity} jobs a shift"
        )
    if "pause" in codes:
        return Reason("break", False, "排不下休息时间", "leaves no time for the break")
    if "shift" in codes:
        return Reason("shift", False, f"下班（{end}）前做不完", f"not done before the shift ends ({end})")
    return Reason("shift", True, f"下班（{end}）前能完成", f"done before the shift ends ({end})")


def _window(day: Day, task: Task, begin_s: int) -> list[Reason]:
    if begin_s <= task.window_s[1] or task.is_urgent:
        return []
    until = day.clock(task.window_s[1])
    return [
        Reason("appointment", False, f"赶不上 {until} 前的预约", f"misses the appointment, until {until}")
    ]


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
    return [
        Reason("delays", False, f"会推迟 {len(delayed)} 单：{zh}", f"delays {len(delayed)} other jobs: {en}")
    ]


def _pinned(task: Task, shift: Shift) -> list[Reason]:
    if task.pinned_to in (None, shift.id):
        return []
    return [Reason("pinned", False, "已锁定给别的班组", "is pinned to another crew")]


def why_unserved(day: Day, task: int) -> list[Reason]:
    """Why a job is in no route.

    What every crew lacks, or what stands in the way of the one that comes nearest.
    """
    problem, job = day.problem, day.problem.tasks[task]
    if not any(not shift.is_away for shift in problem.shifts):
        return [Reason("crews", False, "这一天没有在岗班组", "no crew works that day")]
    able = [shift for shift in problem.shifts if job.skills <= shift.skills and not shift.is_away]
    if not able:
        zh, en = day.skills(job.skills)
        return [Reason("skills", False, f"没有班组具备技能：{zh}", f"no crew has the skills: {en}")]
    longest = max(shift.window_s[1] - shift.window_s[0] for shift in able)
    if job.duration_s > longest and not job.is_urgent:
        zh, en = "时长超过任何一个班次", "takes longer than any shift"
        return [Reason("duration", False, zh, en)]
    # Whoever lacks the skills is not near, however early they could be there.
    best = next(one for one in propose(day, task) if one.crew_id in {shift.id for shift in able})
    bad = [reason for reason in best.reasons if not reason.is_good]
    who = Reason("nearest", False, f"最接近的是 {best.crew_name}", f"{best.crew_name} comes nearest")
    return [who, *bad]


def why_nobody(day: Day, task: int) -> list[Reason]:
    """For each crew in a sentence why an urgent job cannot go to it.

    What it lacks, or when it is there again.
    """
    if not day.problem.shifts:
        return [Reason("crews", False, "没有班组", "there is no crew")]
    found = []
    for one in propose(day, task):
        bad = [r for r in one.reasons if r.code in ("skills", "off_duty") and not r.is_good]
        zh, en = "；".join(r.zh for r in bad), "; ".join(r.en for r in bad)
        found.append(Reason(one.crew_id, False, f"{one.crew_name}：{zh}", f"{one.crew_name}: {en}"))
    return found


def broken_rule(day: Day, fault: tuple[str, str, int]) -> Reason:
    """A rule that a plan breaks, (code, crew id, task or -1), in a sentence."""
    code, crew_id, task = fault
    crew = next(
        (name for shift, name in zip(day.problem.shifts, day.crew_names, strict=True) if shift.id == crew_id),
        "",
    )
    job = day.job_names[task] if task >= 0 else ""
    zh, en = _RULES[code]
    return Reason(code, False, zh.format(crew=crew, job=job), en.format(crew=crew, job=job))


_RULES = {
    "window": ("{crew}赶不上 {job} 的预约", "{crew} misses the appointment of {job}"),
    "skills": ("{crew}缺少 {job} 所需的技能", "{crew} lacks the skills for {job}"),
    "pinned": ("{job} 已锁定给别的班组，不能给{crew}", "{job} is pinned to another crew than {crew}"),
    "shift": ("{crew}下班前做不完手上的工单", "{crew} does not finish its jobs before its shift ends"),
    "pause": ("{crew}排不下休息时间", "the day of {crew} leaves no time for its break"),
    "capacity": ("{crew}超过了每班最多的工单数", "{crew} has more jobs than it may have in a shift"),
    "twice": ("{job} 排了两次，第二次在{crew}", "{job} is planned twice, the second time for {crew}"),
}
