"""Ranking crews for one job: who can be there first with the right skills, and why, in figures and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from geo.measure import distance_m

DETOUR = 1.35
SPEED_M_PER_MINUTE = 500.0


@dataclass(frozen=True, slots=True)
class Job:
    """A job to place: where (lng, lat), how long, which skills, until when, how urgent."""

    place: tuple[float, float]
    duration_minutes: int
    skills: frozenset[str]
    due_at: datetime | None
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class CrewState:
    """A crew as it stands now: where, what it can do, its shift today, and the work already on it.

    `interruptible_minutes` is the part of the work not begun, which an urgent job may go before.
    """

    id: str
    name: str
    place: tuple[float, float]
    skills: frozenset[str]
    shift_start: datetime
    shift_end: datetime
    open_jobs: int
    committed_minutes: int
    interruptible_minutes: int


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


def propose(job: Job, crews: Sequence[CrewState], now: datetime) -> list[Proposal]:
    """All crews, best first: feasible before not, then by arrival, with a price for load and for delaying others."""
    return sorted((_propose(job, crew, now) for crew in crews), key=lambda p: (not p.is_feasible, p.score, p.crew_id))


def _propose(job: Job, crew: CrewState, now: datetime) -> Proposal:
    metres = distance_m(job.place, crew.place) * DETOUR
    before = crew.committed_minutes - (crew.interruptible_minutes if job.is_urgent else 0)
    begins = max(now, crew.shift_start) + timedelta(minutes=before)
    arrives = begins + timedelta(minutes=metres / SPEED_M_PER_MINUTE)
    ends = arrives + timedelta(minutes=job.duration_minutes)
    delayed = crew.open_jobs if job.is_urgent and crew.interruptible_minutes else 0
    missing = job.skills - crew.skills
    reasons = (
        _distance(metres, arrives),
        _skills(missing),
        _load(crew),
        _shift(crew, ends),
        *_limit(job, ends),
        *_delays(delayed),
    )
    minutes = (arrives - now).total_seconds() / 60 + 3 * crew.open_jobs + 5 * delayed
    feasible = (
        not missing and ends <= crew.shift_end and crew.shift_start <= max(now, crew.shift_start) < crew.shift_end
    )
    return Proposal(crew.id, crew.name, round(metres), arrives, delayed, feasible, round(minutes, 2), reasons)


def _distance(metres: float, arrives: datetime) -> Reason:
    km = metres / 1000
    at = arrives.strftime("%H:%M")
    return Reason("distance", km < 15, f"约 {km:.1f} 公里，预计 {at} 到场", f"about {km:.1f} km, arrives at {at}")


def _skills(missing: frozenset[str]) -> Reason:
    if missing:
        names = ", ".join(sorted(missing))
        return Reason("skills", False, f"缺少技能：{names}", f"lacks skills: {names}")
    return Reason("skills", True, "技能符合", "has the skills")


def _load(crew: CrewState) -> Reason:
    return Reason(
        "load",
        crew.open_jobs <= 3,
        f"手上 {crew.open_jobs} 单，约 {crew.committed_minutes} 分钟",
        f"{crew.open_jobs} jobs at hand, about {crew.committed_minutes} min",
    )


def _shift(crew: CrewState, ends: datetime) -> Reason:
    end = crew.shift_end.strftime("%H:%M")
    if ends <= crew.shift_end:
        return Reason("shift", True, f"下班（{end}）前能完成", f"done before the shift ends ({end})")
    return Reason("shift", False, f"下班（{end}）前做不完", f"not done before the shift ends ({end})")


def _limit(job: Job, ends: datetime) -> list[Reason]:
    if job.due_at is None:
        return []
    late = round((ends - job.due_at).total_seconds() / 60)
    if late <= 0:
        return [Reason("limit", True, "在时限内完成", "done within its limit")]
    return [Reason("limit", False, f"将超时 {late} 分钟", f"{late} min past its limit")]


def _delays(delayed: int) -> list[Reason]:
    return [Reason("delays", False, f"会推迟 {delayed} 单", f"delays {delayed} other jobs")] if delayed else []
