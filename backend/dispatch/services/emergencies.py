"""Emergencies: the nearest able crew is sent at once, at night the crew on call.

The rest of the day changes little, and all of it is shown before it is sent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.config import Settings
from backend.core.errors import Problem
from backend.core.events import announce
from backend.core.queries.scopes import units_below
from backend.core.sentences import fault, sentence
from backend.core.services import record_writer
from backend.dispatch.kinds.emergency import Emergency
from backend.dispatch.queries.field_day import JobRow, crews_of, job_of
from backend.dispatch.services.day_plans import hold_days, need_planner
from backend.dispatch.services.dispatching import assign_job, give, noticed
from backend.dispatch.services.emergency_day import Scene, emergency_scene
from backend.dispatch.services.field_day import is_at_work
from backend.dispatch.services.putting_back import stands_of
from backend.dispatch.services.taking_back import was_sent
from backend.jobs.services.escalating import tell_dispatchers
from backend.notices.services.notifying import Channel, tell
from geo.dispatch import Proposal, delayed_by, why_nobody
from geo.routing.insertion import worse
from geo.routing.problem import RoutingProblem
from geo.routing.timing import Stop, timed
from geo.routing.urgent import Sent, send
from sync.change import moment_text
from sync.kind import Values

TOLD_CREWS = 5
_MINUTE_S = 60
_SENDABLE = ("received", "dispatched", "accepted")

WAITS = "work_order.waits_for_crew"


@dataclass(frozen=True, slots=True)
class _Choice:
    """One crew chosen for the emergency, and the day once it is sent."""

    scene: Scene
    chosen: Proposal
    sent: Sent
    held: RoutingProblem

    def job(self, task: int) -> JobRow:
        """The record behind a task."""
        return self.scene.jobs[task]

    def at(self, second: int) -> datetime:
        """A second of the day as a moment."""
        return self.scene.day.at(second).astimezone(UTC)

    def retimed(self) -> list[tuple[JobRow, datetime]]:
        """Other jobs whose arrival becomes another than was planned; what is as urgent keeps its time."""
        problem, found = self.scene.day.problem, list[tuple[JobRow, datetime]]()
        moved = {task for task, _ in self.sent.moved}
        for shift in sorted({self.sent.shift, *(shift for _, shift in self.sent.moved)}):
            before = {
                s.task: s
                for s in timed(problem, problem.shifts[shift], self.scene.day.plan.routes[shift]).stops
            }
            is_touched = shift == self.sent.shift
            for stop in self._times(shift):
                is_touched = is_touched or stop.task in moved  # Before it the other crew's day is as it was.
                was, job = before.get(stop.task), self.job(stop.task)
                # Whoever is there before the time that was planned waits for it.
                planned = self.scene.day.second(job.planned_at) if job.planned_at else 0
                at = self.at(max(stop.arrive_s, min(stop.begin_s, planned)))
                is_new = was is None or stop.arrive_s > was.arrive_s + _MINUTE_S
                is_other = (
                    abs((at - job.planned_at).total_seconds()) > _MINUTE_S if job.planned_at else is_new
                )
                if stop.task not in problem.urgent and (stop.task in moved or (is_touched and is_other)):
                    found.append((job, at))
        return found

    def _times(self, shift: int) -> tuple[Stop, ...]:
        """A crew's times after the emergency.

        Nobody comes earlier than was planned, unless the crew's own day would not hold then.
        """
        route = self.sent.plan.routes[shift]
        plain, kept = (timed(one, one.shifts[shift], route) for one in (self.scene.day.problem, self.held))
        return plain.stops if shift == self.sent.shift and worse(plain, kept) else kept.stops


def _held(scene: Scene) -> RoutingProblem:
    """The day in which nothing routine is begun before it was planned."""
    tasks = list(scene.day.problem.tasks)
    for n, (job, task) in enumerate(zip(scene.jobs, tasks, strict=True)):
        if job.planned_at is not None and not task.is_urgent:
            early, late = task.window_s
            tasks[n] = replace(task, window_s=(max(early, scene.day.second(job.planned_at)), late))
    return replace(scene.day.problem, tasks=tasks)


def preview(
    session: Session,
    settings: Settings,
    actor: Actor,
    job_id: str,
    crew_id: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Who would go and when they would be there, and what of their work is put off, moved or left over.

    Writes nothing. Without `crew_id` the nearest able crew; raises no_crew where none is at work or on call.
    """
    return _told(_choice(session, _scene_for(session, settings, actor, job_id, now), crew_id))


def send_at_once(
    session: Session,
    settings: Settings,
    actor: Actor,
    job_id: str,
    crew_id: str | None,
    now: datetime | None = None,
    seen: str | None = None,
) -> dict[str, Any]:
    """Give a job to the nearest able crew (or the one named).

    It goes before all the crew has not begun, as `preview` shows it. `seen` is a preview's own: where another
    crew would go by now, or other jobs would move, it raises jobs_changed.
    """
    unit_id = record_writer.read(session, "work_order", job_id).values["unit_id"]
    hold_days(session, unit_id)
    choice = _choice(session, _scene_for(session, settings, actor, job_id, now), crew_id)
    told = _told(choice)
    if seen is not None and seen != told["seen"]:
        raise Problem("jobs_changed")
    _send(session, actor, choice)
    return told


def _scene_for(
    session: Session, settings: Settings, actor: Actor, job_id: str, now: datetime | None
) -> Scene:
    """For somebody who may plan the job's unit, and a job that no crew has left for."""
    values = record_writer.read(session, "work_order", job_id).values
    need_planner(session, actor, values["unit_id"])
    job = job_of(session, job_id)
    if job is None:
        raise Problem("check_failed", faults=[fault("place", "dispatch.no_place")])
    if job.state not in _SENDABLE:
        raise Problem("action_does_not_fit", action="dispatch", state=job.state, fits_in=list(_SENDABLE))
    return emergency_scene(
        session, settings, units_below(session, values["unit_id"]), now or datetime.now(UTC), job
    )


def _choice(session: Session, scene: Scene, crew_id: str | None) -> _Choice:
    chosen = next((one for one in scene.ranked if crew_id in (None, one.crew_id)), None)
    if chosen is None or (crew_id is None and not chosen.is_feasible):
        crews = [{"zh": one.zh, "en": one.en} for one in why_nobody(scene.day, scene.task)]
        raise Problem("no_crew", best=[one["zh"] for one in crews], faults=crews)
    day, held = scene.day, _held(scene)
    sent = send(day.problem, day.plan, scene.shift_of(chosen.crew_id), scene.task, held=held)
    return _Choice(scene, chosen, sent, held)


def _told(choice: _Choice) -> dict[str, Any]:
    """A choice for people: who goes, when they are there, and what becomes of what they had."""
    scene, chosen, sent = choice.scene, choice.chosen, choice.sent
    delayed, moved = _delayed(choice), _moved(choice)
    left = [
        {"job_id": job.id, "number": job.number, "crew_id": chosen.crew_id, **_why_left(choice, task)}
        for task in sent.left_over
        for job in [choice.job(task)]
    ]  # fmt: skip
    key = repr(
        [
            chosen.crew_id,
            [(one["job_id"], one["to_crew_id"]) for one in moved],
            [one["job_id"] for one in left],
        ]
    )
    crew = scene.crew(chosen.crew_id)
    return {
        "crew_id": chosen.crew_id,
        "crew_name": chosen.crew_name,
        "leader_id": crew.leader_id,
        "arrives_at": chosen.arrives_at.astimezone(UTC),
        "overtime_minutes": chosen.overtime_minutes,
        "is_on_call": chosen.crew_id in scene.day.on_call,
        "delays_jobs": len(delayed),
        "delayed": delayed,
        "moved": moved,
        "left_over": left,
        "seen": hashlib.sha256(key.encode()).hexdigest()[:16],
        "against": [
            {"zh": r.zh, "en": r.en}
            for r in chosen.reasons
            if not r.is_good and r.code in ("skills", "off_duty", "overtime", "break")
        ],
    }


def _delayed(choice: _Choice) -> list[dict[str, Any]]:
    """Jobs that stay with the crew and are done later, with their new times and how late they are."""
    problem, sent = choice.scene.day.problem, choice.sent
    away = {choice.job(task).id for task, _ in sent.moved}
    before = timed(problem, problem.shifts[sent.shift], choice.scene.day.plan.routes[sent.shift])
    minutes = {choice.job(task).id: late for task, late in delayed_by(before, sent.after)}

    def late(job: JobRow, at: datetime) -> int:
        return round((at - job.planned_at).total_seconds() / 60) if job.planned_at else minutes.get(job.id, 0)

    return [
        {"job_id": job.id, "number": job.number, "planned_at": at, "minutes": late(job, at)}
        for job, at in choice.retimed()
        if job.id not in away
    ]


def _moved(choice: _Choice) -> list[dict[str, Any]]:
    """Jobs that go to another crew, with that crew and their new times."""
    day, times = choice.scene.day, {job.id: at for job, at in choice.retimed()}
    return [
        {
            "job_id": job.id,
            "number": job.number,
            "from_crew_id": choice.chosen.crew_id,
            "from_crew_name": choice.chosen.crew_name,
            "to_crew_id": day.problem.shifts[shift].id,
            "to_crew_name": day.crew_names[shift],
            "planned_at": times[job.id],
        }
        for task, shift in choice.sent.moved
        for job in [choice.job(task)]
    ]


def _why_left(choice: _Choice, task: int) -> dict[str, str]:
    """Why a job is left over: its appointment would be missed, or the shift ends before it."""
    day, job = choice.scene.day, choice.scene.day.problem.tasks[task]
    shift = day.problem.shifts[choice.sent.shift]
    free = next(stop.end_s for stop in choice.sent.after.stops if stop.task == choice.scene.task)
    until, end = day.clock(job.window_s[1]) if job.window_s[1] < free else None, day.clock(shift.window_s[1])
    if until:
        return sentence("dispatch.left_misses", until=until).as_dict()
    return sentence("dispatch.left_after_shift", end=end).as_dict()


def _send(session: Session, actor: Actor, choice: _Choice) -> None:
    """Write the job to the crew, and the others' times as they are then.

    What changed is kept, so that it can be taken back.
    """
    job, crew_id, others = choice.job(choice.scene.task), choice.chosen.crew_id, _others(choice)
    keys = [("work_order", one.id) for one in (job, *(other for other, _, _ in others))]
    stored = record_writer.push_store(session).load(keys)
    assign_job(session, actor, job.id, crew_id, version=None)
    urgent: Values = {} if job.urgency == "urgent" else {"urgency": "urgent"}
    now = urgent | {"planned_at": moment_text(choice.chosen.arrives_at)}
    done = record_writer.change(session, actor, "work_order", job.id, now, trusted=True)
    for other, to_crew_id, planned_at in others:
        if to_crew_id != other.crew_id:
            now = {"crew_id": to_crew_id, "planned_at": planned_at}
            give(session, actor, stored["work_order", other.id], now)
    rows: list[tuple[str, Values]] = [
        (other.id, {"planned_at": planned_at}) for other, _, planned_at in others
    ]
    record_writer.change_many(session, actor, "work_order", rows, trusted=True)
    after = record_writer.push_store(session).load(keys)
    changes = [
        {
            "job_id": one.id,
            "number": one.number,
            "before": stands_of(stored[key]),
            "after": stands_of(after[key]),
        }
        for (one, _, _), key in zip(others, keys[1:], strict=True)
    ]
    own = stands_of(stored[keys[0]]) | {"urgency": stored[keys[0]].values.get("urgency")}
    row = Emergency(
        id=UUID(record_writer.new_id()),
        unit_id=UUID(done.values["unit_id"]),
        work_order_id=UUID(job.id),
        crew_id=UUID(crew_id),
        own=own,
        changes=changes,
        sent_by_id=UUID(actor.id),
    )
    session.add(row)
    session.flush()


def _others(choice: _Choice) -> list[tuple[JobRow, str | None, str | None]]:
    """What becomes of other jobs: with whom, and planned for when; what is left over has no time."""
    problem = choice.scene.day.problem
    moved = {choice.job(task).id: problem.shifts[shift].id for task, shift in choice.sent.moved}
    left = [job for task in choice.sent.left_over if (job := choice.job(task)).planned_at is not None]
    times: list[tuple[JobRow, str | None]] = [(job, moment_text(at)) for job, at in choice.retimed()]
    return [(job, moved.get(job.id, job.crew_id), at) for job, at in [*times, *((job, None) for job in left)]]


def tell_of_waiting(session: Session, job_id: str) -> None:
    """Announce an urgent job that no crew has: who serves that holds the days first, and no job before them.

    Whoever served it here would hold the job and wait for its days, which an emergency sent by a person holds
    while it waits for the job.
    """
    if _waits_for_a_crew(record_writer.read(session, "work_order", job_id).values):
        announce(session, WAITS, id=job_id)


def send_on_call(
    session: Session, settings: Settings, channel: Channel, job_id: str, now: datetime | None = None
) -> str | None:
    """Give an urgent job to the crew on call while no able crew of its unit works (F31).

    It goes there at once. Where nobody on call can go, its dispatchers must call somebody. Once: what was
    ever given to a crew, or told, is left to people. Returns the crew.
    """
    now = now or datetime.now(UTC)
    job = record_writer.read(session, "work_order", job_id).values
    if not _waits_for_a_crew(job):
        return None
    hold_days(session, job["unit_id"])
    job = record_writer.read(session, "work_order", job_id, lock=True).values
    if not _waits_for_a_crew(job) or was_sent(session, job_id):
        return None
    units = units_below(session, job["unit_id"])
    wanted = set(job.get("skills") or ())
    if any(is_at_work(crew, now) and wanted <= set(crew.skills or ()) for crew in crews_of(session, units)):
        return None
    row = job_of(session, job_id)
    scene = emergency_scene(session, settings, units, now, row) if row else None
    if scene is None or not any(one.is_feasible for one in scene.ranked):
        noticed(session, job_id, "escalated_at", now)
        said = sentence("dispatch.nobody_can_go", number=job["number"] or job_id)
        tell_dispatchers(session, channel, job_id, job, *said)
        return None
    choice = _choice(session, scene, None)
    _send(session, system(job["unit_id"]), choice)
    _tell_on_call(session, channel, choice, job_id, job)
    return choice.chosen.crew_id


def _tell_on_call(session: Session, channel: Channel, choice: _Choice, job_id: str, job: Values) -> None:
    """Tell the leader on call to leave at once, and the dispatchers who goes and what is left over."""
    chosen, number = choice.chosen, job["number"] or job_id
    tell(
        session,
        channel,
        choice.scene.crew(chosen.crew_id).leader_id,
        job["unit_id"],
        topic="general",
        subject=("work_order", job_id),
        is_urgent=True,
        **sentence("dispatch.leave_at_once", number=number).as_dict(),
    )
    left = [choice.job(task).number or choice.job(task).id for task in choice.sent.left_over]
    said = (
        sentence("dispatch.given_on_call_leaving", number=number, crew=chosen.crew_name, left=left)
        if left
        else sentence("dispatch.given_on_call", number=number, crew=chosen.crew_name)
    )
    tell_dispatchers(session, None, job_id, job, *said)


def _waits_for_a_crew(job: Values) -> bool:
    is_new = job.get("state") == "received" and not job.get("dispatched_at") and not job.get("escalated_at")
    return is_new and job.get("urgency") == "urgent"


def broadcast(session: Session, settings: Settings, channel: Channel, actor: Actor, job_id: str) -> list[str]:
    """Tell the leaders of the crews that could be there first; returns the crews told.

    The dispatcher still decides.
    """
    scene = _scene_for(session, settings, actor, job_id, None)
    job, unit_id = scene.jobs[-1], record_writer.read(session, "work_order", job_id).values["unit_id"]
    told = [one for one in scene.ranked if one.is_feasible][:TOLD_CREWS]
    for one in told:
        said = sentence("dispatch.who_can_go", number=job.number or job_id, distance=one.distance_m)
        leader = scene.crew(one.crew_id).leader_id
        tell(session, channel, leader, unit_id, topic="general", is_urgent=True, **said.as_dict())
    return [one.crew_id for one in told]
