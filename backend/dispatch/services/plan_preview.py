"""What a day's plan would change, said before anybody publishes it: by crew, with before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from backend.core.queries.scopes import in_city
from backend.core.sentences import Words, sentence
from backend.dispatch.queries.field_day import CrewRow, JobRow
from backend.dispatch.services.job_days import Place, Promise
from backend.dispatch.services.shifts import lost_break, shift_on
from geo.dispatch import Day, Reason, why_unserved
from geo.routing.timing import timed
from sync.change import moment_text

Row = dict[str, Any]
# The counts of a crew's line, in the order they are said.
_COUNTS = ("gained", "lost", "withdrawn", "retimed")


class Scene(NamedTuple):
    """A day to be planned.

    Its problem, its jobs with what may be done to them, its crews, and what crews are called.
    """

    day: Day
    jobs: Sequence[JobRow]
    places: Sequence[Place]
    crews: Sequence[CrewRow]
    names: Mapping[str, str]
    absent: frozenset[str]


def clock(moment: datetime) -> str:
    """A moment as people read it, with its day."""
    return in_city(moment).strftime("%m-%d %H:%M")


def appointment(job: JobRow) -> str:
    """A job's appointment as people read it."""
    first, last = job.appointment_from, job.appointment_until
    if first and last and in_city(first).date() == in_city(last).date():
        return f"{clock(first)}–{in_city(last):%H:%M}"
    return f"{clock(first) if first else ''}–{clock(last) if last else ''}"


def stops_of(scene: Scene) -> list[Row]:
    """The plan's stops, each with who had the job and when before; `change` is same, moved or new."""
    day, jobs, found = scene.day, scene.jobs, []
    for n, shift in enumerate(day.problem.shifts):
        for order, stop in enumerate(timed(day.problem, shift, day.plan.routes[n]).stops, start=1):
            job = jobs[stop.task]
            change = "same" if job.crew_id == shift.id else "moved" if job.crew_id else "new"
            begin, end = day.at(stop.begin_s), day.at(stop.end_s)
            found.append(_before(job, scene.names) | {
                "crew_id": shift.id, "crew_name": day.crew_names[n], "order": order, "change": change,
                "late_minutes": -(-stop.late_s // 60), "arrive_at": moment_text(day.at(stop.arrive_s)),
                "begin_at": moment_text(begin), "end_at": moment_text(end),
                "breaks": _broken(job, scene.places[stop.task], begin, end),
            })  # fmt: skip
    return found


def unserved_of(scene: Scene, unserved: Sequence[int]) -> list[Row]:
    """What finds no place, why, and whether its crew loses it.

    What does not stand in this day stays where it is.
    """
    found = []
    for n in unserved:
        job, place = scene.jobs[n], scene.places[n]
        is_withdrawn = job.crew_id is not None and place.may_withdraw
        reasons = [_truly(scene, n, reason) for reason in why_unserved(scene.day, n)]
        if job.crew_id and not is_withdrawn:
            stays = sentence("dispatch.stays", crew=scene.names.get(job.crew_id, ""))
            reasons.append(Reason("stays", True, *stays))
        told = {"is_withdrawn": is_withdrawn, "reasons": [asdict(one) for one in reasons]}
        found.append(_before(job, scene.names) | told)
    return found


def _before(job: JobRow, names: Mapping[str, str]) -> Row:
    was_at = moment_text(job.planned_at) if job.planned_at and job.crew_id else None
    return {"job_id": job.id, "number": job.number or job.id, "was_crew_id": job.crew_id,
            "was_crew_name": names.get(job.crew_id or ""), "was_at": was_at}  # fmt: skip


def _broken(job: JobRow, place: Place, begin: datetime, end: datetime) -> Row | None:
    """What somebody was told and a time does not keep.

    The appointment, the limit, or at least the planned day.
    """
    if place.promise is Promise.PASSED:
        return sentence("dispatch.after_appointment").as_dict()
    first, last = job.appointment_from, job.appointment_until
    if first or last:
        is_kept = (first is None or begin >= first) and (last is None or begin <= last)
        return None if is_kept else sentence("dispatch.outside_appointment").as_dict()
    if job.due_at:
        return None if end <= job.due_at else sentence("dispatch.after_limit").as_dict()
    is_same_day = job.planned_at is None or in_city(job.planned_at).date() == in_city(begin).date()
    return None if is_same_day or not job.crew_id else sentence("dispatch.another_day").as_dict()


def _truly(scene: Scene, task: int, reason: Reason) -> Reason:
    """A reason as it is on this very day.

    Who is away has skills, and a shift that has begun is shorter than it was.
    """
    job = scene.day.problem.tasks[task]
    away = [
        one.name
        for one in scene.crews
        if one.id in scene.absent and job.skills <= frozenset(one.skills or ())
    ]
    if reason.code == "skills" and away:
        return Reason("absent", False, *sentence("dispatch.absent", crews=away))
    hours = [shift_on(scene.day.begins.date(), one.shift_start, one.shift_end) for one in scene.crews]
    longest = max((finish - begin for begin, finish in hours), default=timedelta(0))
    if reason.code == "duration" and job.duration_s <= longest.total_seconds():
        return Reason("time_left", False, *sentence("dispatch.time_left"))
    return reason


def effects_of(stops: Sequence[Row], unserved: Sequence[Row], crews: Mapping[str, str]) -> list[Row]:
    """What publishing would do, by crew: what each gains, loses, has withdrawn, and does at another time.

    A job that goes from one crew to another stands with both. What is in no line stays exactly as it is.
    """
    found: dict[str, list[Row]] = {}
    for stop in stops:
        if stop["change"] != "same":
            found.setdefault(stop["crew_id"], []).append(_gained(stop))
        elif stop["was_at"] != stop["arrive_at"]:
            found.setdefault(stop["crew_id"], []).append(_retimed(stop))
        if stop["change"] == "moved":
            found.setdefault(stop["was_crew_id"], []).append(_lost(stop))
    for one in unserved:
        if one["is_withdrawn"]:
            found.setdefault(one["was_crew_id"], []).append(_withdrawn(one))
    rows = [_crew_line(crew_id, crews.get(crew_id, ""), lines) for crew_id, lines in found.items()]
    return sorted(rows, key=lambda row: (row["crew_name"], row["crew_id"]))


def _crew_line(crew_id: str, name: str, lines: list[Row]) -> Row:
    counts = {change: sum(line["change"] == change for line in lines) for change in _COUNTS}
    said = [
        sentence(f"dispatch.count_{change}", count=counts[change]) for change in _COUNTS if counts[change]
    ]
    whole = sentence("dispatch.enumerated", parts=said).as_dict()
    return {"crew_id": crew_id, "crew_name": name, **whole, "jobs": lines}


def _line(row: Row, change: str, said: Words) -> Row:
    kept = {name: row.get(name) for name in ("job_id", "number", "was_crew_id", "was_crew_name", "was_at")}
    now = {"crew_id": row.get("crew_id"), "crew_name": row.get("crew_name"), "at": row.get("arrive_at")}
    breaks = row.get("breaks")
    if breaks and change in ("gained", "retimed"):
        said = sentence("dispatch.enumerated", parts=[said, Words(breaks["zh"], breaks["en"])])
    return kept | now | {"change": change, "breaks": breaks, **said.as_dict()}


def _at(text: str | None) -> str:
    return clock(datetime.fromisoformat(text)) if text else ""


def _gained(stop: Row) -> Row:
    at, was = _at(stop["arrive_at"]), _at(stop["was_at"])
    if stop["change"] == "new":
        return _line(stop, "gained", sentence("dispatch.new", at=at))
    crew = stop["was_crew_name"] or ""
    said = (
        sentence("dispatch.gained_timed", crew=crew, was=was, at=at)
        if was
        else sentence("dispatch.gained", crew=crew, at=at)
    )
    return _line(stop, "gained", said)


def _lost(stop: Row) -> Row:
    at, was = _at(stop["arrive_at"]), _at(stop["was_at"])
    said = (
        sentence("dispatch.lost_timed", was=was, crew=stop["crew_name"], at=at)
        if was
        else sentence("dispatch.lost", crew=stop["crew_name"], at=at)
    )
    return _line(stop, "lost", said)


def _retimed(stop: Row) -> Row:
    at, was = _at(stop["arrive_at"]), _at(stop["was_at"])
    if not was:
        return _line(stop, "retimed", sentence("dispatch.given_a_time", at=at))
    return _line(stop, "retimed", sentence("dispatch.retimed", was=was, at=at))


def _withdrawn(one: Row) -> Row:
    was = _at(one["was_at"])
    why = [Words(reason["zh"], reason["en"]) for reason in one["reasons"]]
    said = (
        sentence("dispatch.withdrawn_timed", was=was, why=why)
        if was
        else sentence("dispatch.withdrawn", why=why)
    )
    return _line(one, "withdrawn", said)


def notes_of(rows: Iterable[tuple[JobRow, Place]], names: Mapping[str, str]) -> list[Row]:
    """Jobs that somebody must look at.

    An appointment that was missed, or one for another day than the job's plan.
    """
    found = []
    for job, place in rows:
        if place.is_in and place.promise is Promise.PASSED:
            code = "appointment_passed"
            said = sentence("dispatch.appointment_passed", appointment=appointment(job))
        elif place.is_odd:
            code, name = "other_day", names.get(job.crew_id or "", "")
            was = clock(job.planned_at) if job.planned_at else ""
            said = sentence("dispatch.other_day", crew=name, was=was, appointment=appointment(job))
        else:
            continue
        found.append({"job_id": job.id, "number": job.number or job.id, "code": code, **said.as_dict()})
    return found


def crew_notes(crews: Iterable[CrewRow], absent: Collection[str]) -> list[Row]:
    """Crews whose break contradicts their shift: the plan gives them none, and says so."""
    found = []
    for crew in crews:
        odd = lost_break(crew)
        if odd is None or crew.id in absent:
            continue
        pause = f"{crew.break_from or '?'}–{crew.break_until or '?'}"
        shift = f"{crew.shift_start}–{crew.shift_end}"
        said = sentence("dispatch.break", pause=pause, shift=shift, why=Words(odd.zh, odd.en))
        found.append({"crew_id": crew.id, "crew_name": crew.name, "code": "break", **said.as_dict()})
    return found
