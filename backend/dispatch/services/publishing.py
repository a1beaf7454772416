"""Publishes a day's plan in one transaction, and takes it back whole.

What stays then is named, and crews are told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.scopes import today, units_below
from backend.core.sentences import Words, sentence
from backend.core.services import record_writer
from backend.dispatch.kinds.day_plan import DayPlan
from backend.dispatch.queries.field_day import crew_names, crews_named, crews_of, jobs_of_crews
from backend.dispatch.services.day_plans import hold_days, need_planner, read_day_plan
from backend.dispatch.services.dispatching import give
from backend.dispatch.services.job_days import is_day_over, stand_of
from backend.dispatch.services.putting_back import put_back, stands_of, why_kept
from backend.notices.services.notifying import tell
from sync.change import Stored, moment_text
from sync.kind import Values

Row = dict[str, Any]
_MOST_NAMED = 10


def publish(session: Session, actor: Actor, plan_id: str, now: datetime | None = None) -> DayPlan:
    """Give every job of the plan to its crew, all or none; nothing else changes.

    Raises jobs_changed if a job moved meanwhile, plan_stale if the crews, the release or the hour are others.
    """
    plan = _locked(session, actor, plan_id)
    if plan.state != "ready":
        raise Problem("plan_not_ready", state=plan.state)
    now = now or datetime.now(UTC)
    _need_fresh(session, plan, now)
    stored = record_writer.push_store(session).load([("work_order", job_id) for job_id in plan.base or {}])
    versions = {key[1]: one.version for key, one in stored.items() if not one.deleted}
    moved = sorted(job_id for job_id, version in (plan.base or {}).items() if versions.get(job_id) != version)
    if moved:
        raise Problem("jobs_changed", jobs=moved[:20])
    written = []
    for stop in plan.stops or ():
        before = stored["work_order", stop["job_id"]]
        after = _give(session, actor, stop, before)
        written += [_written(stop, before, after)] if after else []
    for one in plan.unserved or ():
        if one["is_withdrawn"]:
            before = stored["work_order", one["job_id"]]
            after = record_writer.act(
                session, actor, "work_order", before.id, "withdraw", {"planned_at": None}, trusted=True
            )
            written.append(_written(one, before, after))
    plan.state, plan.published_by_id, plan.published_at = "published", UUID(actor.id), now
    plan.written = written
    return plan


def _locked(session: Session, actor: Actor, plan_id: str) -> DayPlan:
    """The plan for somebody who may plan its unit, one at a time in a unit."""
    plan = read_day_plan(session, actor, plan_id, lock=True)
    need_planner(session, actor, str(plan.unit_id))
    hold_days(session, str(plan.unit_id))
    return plan


def _need_fresh(session: Session, plan: DayPlan, now: datetime) -> None:
    """Raise plan_stale for a plan that can no longer be published.

    A plan of an older release, of a day that is over, of other crews, or that gives what would be over
    already.
    """
    if plan.effects is None:
        raise Problem("plan_stale", why="an older release made it")
    if _is_over(session, plan, now):
        raise Problem("plan_stale", why="the day is over")
    given = [
        stop for stop in plan.stops or () if stop["change"] != "same" or stop["was_at"] != stop["arrive_at"]
    ]
    late = [stop["number"] for stop in given if stop["end_at"] < moment_text(now)]
    if late:
        raise Problem("plan_stale", why="hours have passed", jobs=late[:20])
    used = {stop["crew_id"] for stop in given}
    stored = record_writer.push_store(session).load([("crew", one) for one in used], lock=False)
    seen = plan.base_crews or {}
    for one in sorted(used):
        crew = stored.get(("crew", one))
        if crew is None or crew.deleted or one not in seen or crew.version != seen[one]["version"]:
            raise Problem("plan_stale", why="a crew has changed", crew_id=one)
    known = {crew.id: crew for crew in crews_named(session, used)}
    for job in jobs_of_crews(session, sorted(used)):
        stand = stand_of(job, known, now)
        is_new = job.id not in (plan.base or {}) and job.id not in seen[str(job.crew_id)]["jobs"]
        if is_new and stand is not None and stand.day == plan.day:
            raise Problem(
                "plan_stale", why="a crew was given other work", crew_id=job.crew_id, jobs=[job.number]
            )


def _is_over(session: Session, plan: DayPlan, now: datetime) -> bool:
    crews = crews_of(session, units_below(session, str(plan.unit_id)))
    return plan.day <= today(now) and is_day_over(crews, now, plan.day)


def _give(session: Session, actor: Actor, stop: Row, job: Stored) -> Stored | None:
    """The dispatcher's right was checked; the planned time is the server's own field."""
    planned: Values = {"planned_at": stop["arrive_at"]}
    if stop["change"] != "same":
        # A job that was locked to its crew is not locked to the one it is taken over by.
        now = planned | {"crew_id": stop["crew_id"], "is_pinned": False}
        return give(session, actor, job, now)
    if job.values.get("planned_at") == stop["arrive_at"]:
        return None
    return record_writer.change(session, actor, "work_order", job.id, planned, trusted=True)


def _written(row: Row, before: Stored, after: Stored) -> Row:
    return {
        "job_id": before.id,
        "number": row["number"],
        "before": stands_of(before),
        "after": stands_of(after),
    }


def take_back(session: Session, actor: Actor, plan_id: str, now: datetime | None = None) -> DayPlan:
    """Put every job back as it stood before the plan was published; `kept` names what stays, with why.

    What a crew has begun stays, and what somebody changed since. Raises plan_not_published, and day_over when
    there is nothing left of the day.
    """
    plan = _locked(session, actor, plan_id)
    if plan.state != "published" or plan.written is None:
        raise Problem("plan_not_published", state=plan.state)
    now = now or datetime.now(UTC)
    if _is_over(session, plan, now):
        raise Problem("day_over")
    stored = record_writer.push_store(session).load([("work_order", row["job_id"]) for row in plan.written])
    named = {
        row[side]["crew_id"] for row in plan.written for side in ("before", "after") if row[side]["crew_id"]
    }
    leaders = {crew.id: crew.leader_id for crew in crews_named(session, named)}
    names = crew_names(
        session, {str(one.values["crew_id"]) for one in stored.values() if one.values.get("crew_id")}
    )
    counted_on, kept, back = _in_later_plans(session, plan), list[Row](), list[Row]()
    for row in plan.written:
        job = stored.get(("work_order", row["job_id"]))
        why = why_kept(row["before"], row["after"], job, leaders)
        why = why or ("later_plan" if row["job_id"] in counted_on else None)
        if why or job is None:
            kept.append(_kept(row, job, why or "gone", names))
        else:
            put_back(session, actor, job, row["before"])
            back.append(row)
    plan.state, plan.kept = "taken_back", kept
    plan.taken_back_by_id, plan.taken_back_at = UUID(actor.id), now
    _tell_crews(session, plan, back, leaders)
    return plan


def _in_later_plans(session: Session, plan: DayPlan) -> set[str]:
    """The jobs that plans of the day published since, and still standing, leave where this one put them."""
    later = select(DayPlan.stops, DayPlan.unserved).where(
        DayPlan.day == plan.day, DayPlan.state == "published", DayPlan.published_at > plan.published_at
    )
    return {row["job_id"] for lists in session.execute(later) for rows in lists for row in rows or ()}


def _kept(row: Row, job: Stored | None, why: str, names: dict[str, str]) -> Row:
    crew_id = job.values.get("crew_id") if job else None
    return {"job_id": row["job_id"], "number": row["number"], "code": why, "crew_id": crew_id,
            "crew_name": names.get(crew_id or ""), **sentence(f"dispatch.kept_{why}").as_dict()}  # fmt: skip


def _tell_crews(session: Session, plan: DayPlan, back: list[Row], leaders: dict[str, str]) -> None:
    """Tell each crew's leader which jobs are theirs again, and which are not.

    They also hear which have their former time.
    """
    told: dict[str, dict[str, list[str]]] = {}
    for row in back:
        was, now = (
            row[side]["crew_id"] if row[side]["state"] != "received" else None for side in ("before", "after")
        )
        for crew_id, what in (
            (was, "again" if was != now else "time"),
            (now, "gone" if was != now else "time"),
        ):
            if crew_id in leaders:
                told.setdefault(crew_id, {}).setdefault(what, []).append(row["number"])
    for crew_id, groups in told.items():
        changes = [
            sentence(f"dispatch.told_{what}", numbers=_named(numbers))
            for what in _TOLD
            if (numbers := sorted(set(groups.get(what, ()))))
        ]
        said = sentence("dispatch.plan_taken_back", day=plan.day, changes=changes).cut(500).as_dict()
        tell(session, None, leaders[crew_id], str(plan.unit_id), topic="general", **said)


_TOLD = ("again", "gone", "time")


def _named(numbers: list[str]) -> Words:
    """The first of them, and how many there are in all where that is not everybody."""
    if len(numbers) <= _MOST_NAMED:
        return sentence("dispatch.numbers", numbers=numbers)
    return sentence("dispatch.numbers_and_more", numbers=numbers[:_MOST_NAMED], count=len(numbers))
