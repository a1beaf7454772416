"""Decides which day a job belongs to.

What its customer was promised, whose day it stands in, and what is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.core.queries.scopes import day_begins, in_city
from backend.dispatch.queries.field_day import STARTED, CrewRow, JobRow, crews_named, open_jobs
from backend.dispatch.services.shifts import shift_of, shift_on


class Promise(StrEnum):
    """What a job's appointment says of a day."""

    NONE = "none"
    THIS = "this"
    PASSED = "passed"  # It was missed: the customer still waits.
    OTHER = "other"


class Stand(NamedTuple):
    """In whose day a job stands.

    The day, from when, whether it is over, and whether a plan (or a person) gave a time.
    """

    day: date
    at: datetime
    is_over: bool
    is_timed: bool


class Place(NamedTuple):
    """What a plan of a day may do with a job.

    Take it, take it from its crew without a new one, or only name it. `is_odd`: it stands in this day's plan,
    but its customer was promised another day.
    """

    is_in: bool
    may_withdraw: bool = False
    promise: Promise = Promise.NONE
    is_odd: bool = False


def jobs_for(
    session: Session, units: Sequence[str], crews: Sequence[CrewRow], now: datetime, on: date | None
) -> list[JobRow]:
    """The units' jobs under way, and what a plan of the day `on` may take.

    Without a day, what is to be done now.
    """
    places = sorted_out(session, units, crews, now, on)
    return [job for job, place in places if place.is_in]


def sorted_out(
    session: Session, units: Sequence[str], crews: Sequence[CrewRow], now: datetime, on: date | None
) -> list[tuple[JobRow, Place]]:
    """Every open job of the units, in the order it would be done.

    With each is what a plan of the day may do with it.
    """
    now, jobs = in_city(now), open_jobs(session, units)
    known = {crew.id: crew for crew in crews}
    # Another unit's crew keeps what it was given, as ours do.
    elsewhere = {job.crew_id for job in jobs if job.crew_id} - known.keys()
    known |= {crew.id: crew for crew in crews_named(session, elsewhere)} if elsewhere else {}
    if on is None:
        last = last_days(known, now)
        return [(job, Place(is_for_now(job, known, last, crews, now))) for job in jobs]
    return [(job, place_of(job, known, crews, now, on)) for job in jobs]


def place_of(
    job: JobRow, known: Mapping[str, CrewRow], crews: Iterable[CrewRow], now: datetime, on: date
) -> Place:
    """What a plan of a day may do with one job.

    `known` are all crews that have jobs, `crews` those of the plan.
    """
    if job.state in STARTED:
        return Place(True)
    promise, stand = promise_of(job, crews, now, on), stand_of(job, known, now)
    is_here = stand is not None and stand.day == on
    if promise is Promise.OTHER:
        return Place(False, promise=promise, is_odd=is_here and stand is not None and stand.is_timed)
    if stand is not None and not is_here and not stand.is_over:
        # In another day's plan, unless that breaks what the customer was promised for this one.
        is_broken = promise is Promise.THIS and stand.is_timed and not _is_kept(job, stand.at)
        return Place(is_broken, promise=promise)
    # Today's plan is the whole truth of who has what today, overdue work with it; another day's takes what it
    # places.
    return Place(True, is_here or (job.crew_id is not None and on == now.date()), promise)


def last_days(known: Mapping[str, CrewRow], now: datetime) -> dict[str, date]:
    """The day whose work each crew is at now: of its running or next shift.

    After midnight a night's is yesterday.
    """
    return {crew.id: shift_of(now, crew.shift_start, crew.shift_end)[0].date() for crew in known.values()}


def is_for_now(
    job: JobRow,
    known: Mapping[str, CrewRow],
    last: Mapping[str, date],
    crews: Iterable[CrewRow],
    now: datetime,
) -> bool:
    """Whether a job counts among what is to be done now: of a crew's running or next shift, or left over."""
    if job.state in STARTED:
        return True
    stand = stand_of(job, known, now)
    if stand is None:
        return promise_of(job, crews, now, now.date()) is not Promise.OTHER
    return stand.day <= last.get(job.crew_id or "", now.date())


def stand_of(job: JobRow, known: Mapping[str, CrewRow], now: datetime) -> Stand | None:
    """In whose day a job stands; None where nobody has it, or nobody can say since when.

    A planned time counts from when the crew was given the job. One given without a time is for the shift that
    runs or comes next then, or for its appointment.
    """
    # A clock that is ahead of now says nothing of when a job was given.
    given = in_city(job.given_at) if job.given_at and job.given_at <= now else None
    planned = in_city(job.planned_at) if job.planned_at else None
    if job.crew_id is None or not (given or planned):
        return None
    if planned and (given is None or planned >= given):
        at, is_timed = planned, True
    else:
        first = in_city(job.appointment_from) if job.appointment_from else None
        at, is_timed = max(one for one in (given, first) if one), False
    crew = known.get(job.crew_id)
    if crew is None:
        return Stand(at.date(), at, now >= day_begins(at.date() + timedelta(days=1)), is_timed)
    begin, finish = shift_of(at, crew.shift_start, crew.shift_end)
    if begin <= at or not is_timed:
        return Stand(begin.date(), at, now >= finish, is_timed)
    # Planned outside its shifts, as for a crew on call: until its next one begins.
    return Stand(at.date(), at, now >= begin, is_timed)


def promise_of(job: JobRow, crews: Iterable[CrewRow], now: datetime, on: date) -> Promise:
    """What the appointment says of a day.

    One that began is kept on its own days, and left over when it has passed.
    """
    first = in_city(job.appointment_from) if job.appointment_from else None
    last = in_city(job.appointment_until) if job.appointment_until else None
    if first is None and last is None:
        return Promise.NONE
    first_day = first.date() if first else date.min
    ends = last or day_begins(first_day + timedelta(days=1))
    if ends < now:
        return Promise.PASSED
    last_day = max(first_day, (ends - timedelta(microseconds=1)).date())
    if first and last and _is_of_the_night_before(first, last, crews):
        first_day = last_day = first_day - timedelta(days=1)
    return Promise.THIS if first_day <= on <= last_day else Promise.OTHER


def _is_of_the_night_before(first: datetime, last: datetime, crews: Iterable[CrewRow]) -> bool:
    """Whether only a shift that began the day before can keep an appointment in the small hours."""
    day, clocks = first.date(), [(one.shift_start, one.shift_end) for one in crews]
    before = [shift_on(day - timedelta(days=1), *each) for each in clocks]
    own = [shift_on(day, *each) for each in clocks]
    is_covered = any(begin <= first and last <= finish for begin, finish in before)
    return is_covered and not any(begin <= last and first < finish for begin, finish in own)


def _is_kept(job: JobRow, at: datetime) -> bool:
    """Whether a time is within a job's appointment."""
    is_early = job.appointment_from is not None and at < job.appointment_from
    return not is_early and not (job.appointment_until is not None and at > job.appointment_until)


def is_day_over(crews: Sequence[CrewRow], now: datetime, on: date) -> bool:
    """Whether every shift that begins on a day has ended; without crews, whether the day has."""
    ends = [shift_on(on, one.shift_start, one.shift_end)[1] for one in crews]
    return in_city(now) >= max(ends, default=day_begins(on + timedelta(days=1)))
