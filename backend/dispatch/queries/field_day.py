"""Queries of a unit's day in the field as it stands.

Its crews with their shifts and who is on call, its open jobs with who has them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.installation import installed
from backend.core.queries.scopes import in_city

STARTED = ("en_route", "arrived", "in_progress", "paused")
_GIVEN = ("dispatched", "accepted", *STARTED)
# Work on site has begun: until it ends its crew is not free, whatever happens elsewhere.
BEGUN = ("in_progress", "paused")


class CrewRow(NamedTuple):
    """A crew as its record has it; places are (lng, lat) or None."""

    id: str
    name: str
    skills: list[str] | None
    shift_start: str
    shift_end: str
    start: tuple[float, float] | None
    end: tuple[float, float] | None
    break_from: str | None
    break_until: str | None
    break_minutes: int | None
    most_jobs: int | None
    leader_id: str


class JobRow(NamedTuple):
    """An open job with a place."""

    id: str
    number: str | None
    version: int
    state: str
    urgency: str | None
    place: tuple[float, float]
    skills: list[str] | None
    duration_minutes: int
    crew_id: str | None
    is_pinned: bool
    appointment_from: datetime | None
    appointment_until: datetime | None
    due_at: datetime | None
    planned_at: datetime | None
    since: datetime | None
    given_at: datetime | None = None


class OnCallRow(NamedTuple):
    """A crew's hours on call, as its record has them."""

    crew_id: str
    first: date
    last: date
    clock_from: str
    clock_until: str


def on_call_of(session: Session, units: Sequence[str], now: datetime) -> dict[str, list[OnCallRow]]:
    """What the crews of these units have been on call for since yesterday, by crew.

    It does not matter which unit keeps the roster.
    """
    on = in_city(now).date()
    rows = session.execute(
        text(
            """
            SELECT o.crew_id::text, o.valid_from, o.valid_until, o.clock_from, o.clock_until
            FROM on_call o
            JOIN crew c ON c.id = o.crew_id
            WHERE o.deleted_at IS NULL
              AND c.unit_id = ANY(CAST(:units AS uuid[]))
              AND o.valid_from <= :last
              AND o.valid_until >= :first
            ORDER BY o.valid_from, o.id
            """
        ),
        {"units": list(units), "first": on - timedelta(days=1), "last": on + timedelta(days=1)},
    )
    found: dict[str, list[OnCallRow]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(OnCallRow._make(row))
    return found


def on_call_until(rows: Sequence[OnCallRow], moment: datetime) -> datetime | None:
    """Until when a crew is on call that is so at a moment; None where it is not."""
    spell = on_call_spell(rows, moment)
    return spell and spell[1]


def on_call_spell(rows: Sequence[OnCallRow], moment: datetime) -> tuple[datetime, datetime] | None:
    """Since when and until when a crew is on call at a moment.

    Of several spells it is the latest of each.
    """
    moment = in_city(moment)
    found = [
        (begin, finish)
        for row in rows
        for on in (moment.date() - timedelta(days=1), moment.date())
        if row.first <= on <= row.last
        for begin, finish in [_hours(on, row.clock_from, row.clock_until)]
        # By the world's clock: the city's may be put back in between.
        if begin.astimezone(UTC) <= moment.astimezone(UTC) < finish.astimezone(UTC)
    ]
    return (max(begin for begin, _ in found), max(finish for _, finish in found)) if found else None


def _hours(on: date, clock_from: str, clock_until: str) -> tuple[datetime, datetime]:
    """The hours that begin on a day; what ends no later than it begins passes midnight."""
    zone = installed().time_zone
    begin, finish = (
        datetime(on.year, on.month, on.day, int(clock[:2]), int(clock[3:]), tzinfo=zone)
        for clock in (clock_from, clock_until)
    )
    return begin, finish if finish > begin else finish + timedelta(days=1)


def crews_of(session: Session, units: Sequence[str]) -> list[CrewRow]:
    """The active crews of these units, by name."""
    rows = session.execute(
        text(f"{_CREWS} AND unit_id = ANY(CAST(:units AS uuid[])) ORDER BY name, id"), {"units": list(units)}
    )
    return [_crew(row) for row in rows]


def crews_named(session: Session, ids: Collection[str]) -> list[CrewRow]:
    """The active ones of these crews, whatever their units."""
    rows = session.execute(
        text(f"{_CREWS} AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id"), {"ids": sorted(ids)}
    )
    return [_crew(row) for row in rows]


def crew_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """What these crews are called, those that work no more as well."""
    rows = session.execute(
        text("SELECT id::text, name FROM crew WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": sorted(ids)}
    )
    return {row[0]: row[1] for row in rows}


def _crew(row: Any) -> CrewRow:
    return CrewRow._make([*row[:5], _pair(row[5], row[6]), _pair(row[7], row[8]), *row[9:]])


def _pair(lng: float | None, lat: float | None) -> tuple[float, float] | None:
    return None if lng is None or lat is None else (lng, lat)


_CREWS = """
    SELECT
        id::text, name, skills, shift_start, shift_end, ST_X(start_place), ST_Y(start_place),
        ST_X(end_place), ST_Y(end_place), break_from, break_until, break_minutes, most_jobs,
        leader_id::text
    FROM crew
    WHERE deleted_at IS NULL
      AND is_active
"""
_JOBS = """
    SELECT
        id::text, number, version, state, urgency, ST_X(place), ST_Y(place), skills,
        coalesce(duration_minutes, 60), CASE WHEN state <> 'received' THEN crew_id::text END,
        coalesce(is_pinned, false), appointment_from, appointment_until, due_at, planned_at,
        coalesce(started_at, arrived_at, dispatched_at), dispatched_at
    FROM work_order
    WHERE deleted_at IS NULL
      AND place IS NOT NULL
"""


def open_jobs(session: Session, units: Sequence[str]) -> list[JobRow]:
    """Jobs waiting for a crew, given to one, or under way, in the order they would be done."""
    states = ("received", *_GIVEN)
    return _in_order(session, "unit_id = ANY(CAST(:ids AS uuid[]))", units, states)


def jobs_of_crews(session: Session, crew_ids: Sequence[str]) -> list[JobRow]:
    """What these crews were given and have not ended, whatever its unit, in the order they would do it."""
    return _in_order(session, "crew_id = ANY(CAST(:ids AS uuid[]))", crew_ids, _GIVEN)


def _in_order(session: Session, whose: str, ids: Sequence[str], states: Sequence[str]) -> list[JobRow]:
    rows = session.execute(
        text(
            f"""
            {_JOBS}
              AND {whose}
              AND state = ANY(:states)
            ORDER BY planned_at NULLS LAST, dispatched_at NULLS LAST, id
            """
        ),
        {"ids": list(ids), "states": list(states)},
    )
    return [_job(row) for row in rows]


class Arrival(NamedTuple):
    """Where a crew was last known to be: at a job, when."""

    place: tuple[float, float]
    at: datetime


def last_arrivals(session: Session, crew_ids: Sequence[str], now: datetime) -> dict[str, Arrival]:
    """The last job each crew arrived at within a day before `now`, ended or not."""
    rows = session.execute(
        text(
            """
            SELECT DISTINCT ON (crew_id) crew_id::text, ST_X(place), ST_Y(place), arrived_at
            FROM work_order
            WHERE deleted_at IS NULL
              AND place IS NOT NULL
              AND crew_id = ANY(CAST(:crews AS uuid[]))
              AND arrived_at <= :now
              AND arrived_at > :since
            ORDER BY crew_id, arrived_at DESC, id
            """
        ),
        {"crews": list(crew_ids), "now": now, "since": now - timedelta(days=1)},
    )
    return {row[0]: Arrival((row[1], row[2]), row[3]) for row in rows}


def job_of(session: Session, job_id: str) -> JobRow | None:
    """One job, whatever its state, if it has a place."""
    row = session.execute(text(f"{_JOBS} AND id = CAST(:id AS uuid)"), {"id": job_id}).one_or_none()
    return _job(row) if row else None


def _job(row: Any) -> JobRow:
    return JobRow._make([*row[:5], (row[5], row[6]), *row[7:]])
