"""The day in the field as a problem for `geo`: what has begun stands, crews start where they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import shapely
from sqlalchemy.orm import Session

from backend.core.config import Settings
from backend.core.kinds.vocabulary import SKILLS
from backend.core.queries.scopes import day_begins, in_city
from backend.dispatch.queries.field_day import STARTED, CrewRow, JobRow, crews_of
from backend.dispatch.services.job_days import jobs_for
from backend.dispatch.services.shifts import clock_after, pause_of, shift_of
from backend.dispatch.services.travelling import Travel, travel_between
from backend.territory.queries.cells import outlines
from geo.dispatch import Day
from geo.routing.problem import FOREVER, NORMAL, URGENT, Plan, RoutingProblem, Shift, Task

# Of the priorities of `geo`: before what may wait for another day, after what is urgent.
OF_THE_DAY = (NORMAL + URGENT) // 2
_DAY_S = 24 * 3600


def day_of(
    session: Session,
    settings: Settings,
    units: Sequence[str],
    now: datetime,
    *,
    extra: JobRow | None = None,
    on: date | None = None,
) -> tuple[Day, list[JobRow], list[CrewRow], Travel]:
    """The day of these units from `now`, or the day `on` with its shifts and its jobs.

    With it are the jobs and crews behind it. Tasks are the day's jobs that have not begun (`job_days`);
    `extra` is one more, the last, in no route. What cannot wait for a shift is `emergency_day`'s.
    """
    now = in_city(now)
    begins, is_ahead = day_begins(on or now.date()), on is not None and on > now.date()
    crews = crews_of(session, units)
    jobs = [job for job in jobs_for(session, units, crews, now, on) if extra is None or job.id != extra.id]
    waiting = [job for job in jobs if job.state not in STARTED] + ([extra] if extra else [])
    # What is under way now says nothing of where a crew begins another day.
    started = {} if is_ahead else _last_started(jobs)
    now = max(now, begins)
    rows = _Rows()
    for job in waiting:
        rows.of(job.place)
    builder = _Builder(now, rows, waiting, on is not None, begins)
    shifts = [builder.shift(crew, started.get(crew.id, [])) for crew in crews]
    tasks = [builder.task(job, {crew.id for crew in crews}) for job in waiting]
    places = np.array(rows.places, dtype=np.float64).reshape(-1, 2)
    ground = None
    if settings.crossings_file:
        ground = shapely.union_all([cell["shape"] for cell in outlines(session, list(units))])
    travel = travel_between(settings, places, ground)
    problem = RoutingProblem(tasks, shifts, travel.seconds)
    plan = Plan(tuple(builder.route(crew, extra) for crew in crews))
    day = Day(
        problem,
        plan,
        [crew.name for crew in crews],
        [job.number or job.id for job in waiting],
        places,
        builder.begins,
        skill_words=SKILLS,
    )
    return day, waiting, crews, travel


def _last_started(jobs: Sequence[JobRow]) -> dict[str, list[JobRow]]:
    found: dict[str, list[JobRow]] = {}
    for job in jobs:
        if job.state in STARTED and job.crew_id:
            found.setdefault(job.crew_id, []).append(job)
    return found


class _Rows:
    """Places by their row in the matrix; the same place has one row."""

    def __init__(self) -> None:
        self.places: list[tuple[float, float]] = []
        self._known: dict[tuple[float, float], int] = {}

    def of(self, place: tuple[float, float]) -> int:
        """The row of a place."""
        if place not in self._known:
            self._known[place] = len(self.places)
            self.places.append(place)
        return self._known[place]


class _Builder:
    """Records to shifts and tasks, in seconds of the day."""

    def __init__(
        self,
        now: datetime,
        rows: _Rows,
        waiting: Sequence[JobRow],
        is_of_day: bool,
        begins: datetime | None = None,
    ) -> None:
        self.begins = begins or now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._now, self._rows, self._waiting, self._is_of_day = now, rows, waiting, is_of_day

    def second(self, moment: datetime) -> int:
        """A moment as a second of the day."""
        # By the world's clock: a day on which the city's clocks are moved has no other seconds.
        return int((moment.astimezone(UTC) - self.begins.astimezone(UTC)).total_seconds())

    def shift(self, crew: CrewRow, started: Sequence[JobRow]) -> Shift:
        """A crew's rest of the day: from now, or from the end of the last job it has begun."""
        begin, finish = self._hours(crew)
        free = max(begin, self._now)
        place = crew.start
        for job in sorted(started, key=lambda one: one.since or self._now):
            # A job that already took longer than it should is done any moment.
            free = max(free, (job.since or self._now) + timedelta(minutes=job.duration_minutes), self._now)
            place = job.place
        if place is None:
            place = self._waiting[0].place if self._waiting else (0.0, 0.0)
        most = None if crew.most_jobs is None else max(crew.most_jobs - len(started), 0)
        return Shift(
            crew.id,
            self._rows.of(place),
            (self.second(free), max(self.second(finish), self.second(free))),
            frozenset(crew.skills or ()),
            end=self._rows.of(crew.end) if crew.end else None,
            pause=pause_of(crew, (begin, finish), free, self.second),
            capacity=most,
        )

    def _hours(self, crew: CrewRow) -> tuple[datetime, datetime]:
        """A crew's shift."""
        # A day's plan has the shift that begins in it, not the end of the night before.
        moment = clock_after(self.begins, crew.shift_start) if self._is_of_day else self._now
        return shift_of(moment, crew.shift_start, crew.shift_end)

    def route(self, crew: CrewRow, extra: JobRow | None) -> tuple[int, ...]:
        """What a crew has, of what has not begun."""
        return tuple(n for n, job in enumerate(self._waiting) if job.crew_id == crew.id and job is not extra)

    def task(self, job: JobRow, crews: set[str]) -> Task:
        """A job that has not begun."""
        early = self.second(job.appointment_from) if job.appointment_from else 0
        late = self.second(job.appointment_until) if job.appointment_until else FOREVER
        due = self.second(job.due_at) if job.due_at else None
        if job.appointment_from and early > late:
            early, late = late, early  # Two ends that were swapped still name the hours.
        window = (max(early, 0), late)
        if late < self.second(self._now):
            # Nobody can keep an appointment that has passed: the job is overdue since then, at any hour.
            window, due = (0, FOREVER), min(late, FOREVER if due is None else due)
        return Task(
            job.id,
            self._rows.of(job.place),
            job.duration_minutes * 60,
            frozenset(job.skills or ()),
            self._priority(job, due),
            window,
            due,
            job.crew_id if job.is_pinned and job.crew_id in crews else None,
        )

    def _priority(self, job: JobRow, due: int | None) -> int:
        """How urgent a task is: urgent jobs before all others.

        In a day's plan, what was promised or planned for it, or is due, goes before what may wait.
        """
        if job.urgency == "urgent":
            return URGENT
        is_promised = bool(job.appointment_from or job.appointment_until)
        is_planned = (
            bool(job.crew_id and job.planned_at) and 0 <= self.second(job.planned_at or self._now) < _DAY_S
        )
        is_due = due is not None and due < _DAY_S
        return OF_THE_DAY if self._is_of_day and (is_promised or is_planned or is_due) else NORMAL


def is_at_work(crew: CrewRow, now: datetime) -> bool:
    """Whether a crew's shift is running."""
    now = in_city(now)
    return shift_of(now, crew.shift_start, crew.shift_end)[0] <= now
