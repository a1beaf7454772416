"""Builds the routing problem of an emergency's moment for `geo`.

Which crews are there, where each is now, and what each has left. A crew is free unless it has begun work on
site; on its way, before the door or at lunch it can turn round at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import shapely
from sqlalchemy.orm import Session

from backend.core.config import Settings
from backend.core.kinds.vocabulary import SKILLS
from backend.core.queries.scopes import in_city
from backend.dispatch.queries.field_day import (
    BEGUN,
    STARTED,
    Arrival,
    CrewRow,
    JobRow,
    OnCallRow,
    crews_of,
    jobs_of_crews,
    last_arrivals,
    on_call_of,
    on_call_spell,
)
from backend.dispatch.services.shifts import pause_of, shift_of
from backend.dispatch.services.travelling import travel_between
from backend.territory.queries.cells import outlines
from geo.dispatch import Day, Proposal, propose
from geo.routing.problem import FOREVER, NORMAL, URGENT, Plan, RoutingProblem, Shift, Task

_Place = tuple[float, float]


class Scene(NamedTuple):
    """The crews' work with the emergency as the last task in no route.

    With it are the jobs and crews behind it, and the ranking.
    """

    day: Day
    jobs: list[JobRow]
    crews: list[CrewRow]
    ranked: list[Proposal]

    @property
    def task(self) -> int:
        """The emergency's index among the tasks."""
        return len(self.jobs) - 1

    def crew(self, crew_id: str) -> CrewRow:
        """One of the crews."""
        return next(one for one in self.crews if one.id == crew_id)

    def shift_of(self, crew_id: str) -> int:
        """A crew's shift and route."""
        return next(n for n, shift in enumerate(self.day.problem.shifts) if shift.id == crew_id)


class _Hours(NamedTuple):
    """A crew's running or next shift, and its spell on call if it has one now.

    In UTC, because clocks are moved.
    """

    begin: datetime
    finish: datetime
    call: tuple[datetime, datetime] | None

    def since(self, now: datetime) -> datetime | None:
        """Since when the crew is there: at work or on call; None where it is neither."""
        return self.begin if self.begin <= now else self.call and self.call[0]

    @property
    def spells(self) -> list[tuple[datetime, datetime]]:
        """When it is there; what lies outside is overtime."""
        return [(self.begin, self.finish), *([self.call] if self.call else [])]


def emergency_scene(
    session: Session, settings: Settings, units: Sequence[str], now: datetime, job: JobRow
) -> Scene:
    """The crews of these units at a moment, ranked for a job that cannot wait.

    Whoever is there, is able and can be there first goes first. What a crew has that was promised or planned
    for after its shift is not in the way.
    """
    now = in_city(now)
    crews = crews_of(session, units)
    ids = [crew.id for crew in crews]
    calls, arrivals = on_call_of(session, units, now), last_arrivals(session, ids, now)
    hours = {crew.id: _hours(crew, calls.get(crew.id, ()), now) for crew in crews}
    own = [one for one in jobs_of_crews(session, ids) if one.id != job.id]
    waiting = sorted(
        (
            one
            for one in own
            if one.state not in BEGUN and not _is_of_another_day(one, hours[str(one.crew_id)], now)
        ),
        # What cannot wait is done first, then what the crew is at or on its way to, then the rest as planned.
        key=lambda one: (one.urgency != "urgent", one.state not in STARTED),
    )
    jobs = [*waiting, job._replace(urgency="urgent")]
    builder, now = _Builder(now, jobs), now.astimezone(UTC)
    begun = {crew.id: [one for one in own if one.crew_id == crew.id and one.state in BEGUN] for crew in crews}
    shifts = [builder.shift(crew, hours[crew.id], begun[crew.id], arrivals.get(crew.id)) for crew in crews]
    tasks = [*(builder.task(one) for one in waiting), builder.emergency(job)]
    places = np.array(builder.places, dtype=np.float64).reshape(-1, 2)
    ground = None
    if settings.crossings_file:
        ground = shapely.union_all([cell["shape"] for cell in outlines(session, list(units))])
    problem = RoutingProblem(tasks, shifts, travel_between(settings, places, ground).seconds)
    routes = tuple(tuple(n for n, one in enumerate(waiting) if one.crew_id == crew.id) for crew in crews)
    there = {crew.id: hours[crew.id].since(now) for crew in crews}
    day = Day(
        problem,
        Plan(routes),
        [crew.name for crew in crews],
        [one.number or one.id for one in jobs],
        places,
        builder.begins,
        frozenset(one for one in ids if there[one] is not None and hours[one].begin > now),
        frozenset(one for one in ids if there[one] is None),
        SKILLS,
    )
    return Scene(day, jobs, crews, propose(day, len(jobs) - 1))


def _hours(crew: CrewRow, calls: Sequence[OnCallRow], now: datetime) -> _Hours:
    begin, finish = (one.astimezone(UTC) for one in shift_of(now, crew.shift_start, crew.shift_end))
    call = on_call_spell(calls, now)
    return _Hours(begin, finish, call and (call[0].astimezone(UTC), call[1].astimezone(UTC)))


def _is_of_another_day(job: JobRow, hours: _Hours, now: datetime) -> bool:
    """Whether a job is promised, or else planned, for nearer to the crew's next shift than to this one.

    An appointment that has passed says nothing any more.
    """
    first, last = job.appointment_from, job.appointment_until
    if last and last < now:
        first = last = None
    when = first or (None if last else job.planned_at)
    if when is None or job.state in STARTED or job.urgency == "urgent":
        return False
    return when >= hours.finish + (hours.begin + timedelta(days=1) - hours.finish) / 2


class _Builder:
    """Records to shifts and tasks, in seconds of the day of `now`; the same place has one row."""

    def __init__(self, now: datetime, jobs: Sequence[JobRow]) -> None:
        self.now, self.begins = now.astimezone(UTC), now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.places: list[_Place] = []
        self._rows: dict[_Place, int] = {}
        self._jobs = jobs

    def row(self, place: _Place) -> int:
        """The matrix row of a place."""
        if place not in self._rows:
            self._rows[place] = len(self.places)
            self.places.append(place)
        return self._rows[place]

    def second(self, moment: datetime) -> int:
        """A moment as a second of the day."""
        return int((moment.astimezone(UTC) - self.begins.astimezone(UTC)).total_seconds())

    def shift(self, crew: CrewRow, hours: _Hours, begun: Sequence[JobRow], arrival: Arrival | None) -> Shift:
        """A crew from the moment it can turn to the emergency; its own work waits for its shift."""
        since = hours.since(self.now)
        free = self.now if since else hours.begin
        for job in begun:
            # Work that already took longer than it should is done any moment.
            free = max(free, (job.since or self.now) + timedelta(minutes=job.duration_minutes))
        return Shift(
            crew.id,
            self.row(self._place(crew, since, begun, arrival)),
            (self.second(free), max(self.second(hours.finish), self.second(free))),
            frozenset(crew.skills or ()),
            end=self.row(crew.end) if crew.end else None,
            pause=pause_of(crew, (hours.begin, hours.finish), free, self.second),
            capacity=None if crew.most_jobs is None else max(crew.most_jobs - len(begun), 0),
            routine_from_s=self.second(hours.begin) if hours.begin > self.now else 0,
            hours_s=tuple((self.second(first), self.second(last)) for first, last in hours.spells),
        )

    def _place(
        self, crew: CrewRow, since: datetime | None, begun: Sequence[JobRow], arrival: Arrival | None
    ) -> _Place:
        """Where a crew is.

        At the work it has begun, else where it last arrived since it is there, else where it starts.
        """
        if begun:
            return max(begun, key=lambda job: job.since or self.now).place
        if arrival is not None and since is not None and arrival.at >= since:
            return arrival.place
        own = [job.place for job in self._jobs if job.crew_id == crew.id]
        return crew.start or (own or [self._jobs[-1].place])[0]

    def task(self, job: JobRow) -> Task:
        """Work of a crew that has not begun; what it is on its way to stays with it."""
        early = self.second(job.appointment_from) if job.appointment_from else 0
        late = self.second(job.appointment_until) if job.appointment_until else FOREVER
        return Task(
            job.id,
            self.row(job.place),
            job.duration_minutes * 60,
            frozenset(job.skills or ()),
            URGENT if job.urgency == "urgent" else NORMAL,
            # An appointment that has passed cannot be missed any more.
            (max(early, 0), late) if late >= self.second(self.now) else (0, FOREVER),
            self.second(job.due_at) if job.due_at else None,
            job.crew_id if job.is_pinned or job.state in STARTED else None,
            is_under_way=job.state in STARTED,
        )

    def emergency(self, job: JobRow) -> Task:
        """The job that cannot wait: no appointment of its own and no pin holds it."""
        due = self.second(job.due_at) if job.due_at else None
        skills = frozenset(job.skills or ())
        return Task(job.id, self.row(job.place), job.duration_minutes * 60, skills, URGENT, due_s=due)
