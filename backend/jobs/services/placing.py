"""A record finds where it is from what it has, and finds it again when that is corrected; nothing is
guessed silently."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.errors import Problem
from backend.core.geometry import lng_lat
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import policy
from backend.core.sentences import Words, sentence
from backend.core.services import record_writer
from backend.customers.queries.places import PLACED, WHERE, Located, found_by, point_of
from backend.customers.queries.representatives import was
from backend.customers.services.key_customers import follow_cell
from backend.jobs.kinds.work_order import OPEN
from backend.jobs.queries.jobs import open_jobs_at
from backend.notices.services.notifying import staff_with, tell
from backend.territory.queries.cells import cell_at, unit_of_cell
from sync.change import Stored
from sync.kind import Kind, Values

JOB = "work_order"


def placed(session: Session, actor: Actor, kind: Kind, values: Values, *, is_kept: bool = False) -> Values:
    """A new record's values with what follows from them.

    Raises which_point, outside_territory, anothers_ground.

    One that is kept already is not refused any more: what cannot be told stays empty.
    """
    found = found_by(session, actor, kind, values)
    if kind.name == JOB and not is_kept:
        _need_one_point(found)
        _need_inside(session, values.get("place"))
    is_given = values.get("place") is not None and not is_kept
    return values | _of_own_ground(
        session, str(values.get("unit_id")), kind, found.values, actor, is_given=is_given
    )


def placed_again(session: Session, actor: Actor, kind: Kind, before: Values, now: Values) -> Values:
    """What a person changes, with what follows from it. Raises what `placed` raises."""
    changed = {name for name in WHERE if name in now and now[name] != before.get(name)}
    if kind.name not in PLACED or not changed or not _is_open(kind, before):
        return now
    found, cleared = _found_again(session, actor, kind, before | now, changed)
    if kind.name == JOB:
        _need_one_point(found)
        _need_inside(session, now.get("place") if "place" in changed else None)
    is_given = "place" in changed
    extra = _of_own_ground(session, before["unit_id"], kind, found.values, actor, is_given=is_given)
    return now | dict.fromkeys(cleared) | extra


def find_place(session: Session, kind_name: str, fact: dict[str, Any]) -> bool:
    """The same for what came by a phone, after it was written; safe to repeat.

    Returns whether anything was written.

    What cannot be told stays as it was, and a dispatcher is told of a job that lies in no cell.
    """
    changed = {name for name in WHERE if name in fact.get("changed", ())}
    if fact["op"] == "delete" or not changed:
        return False
    kind, stored = SYNC_KINDS[kind_name], record_writer.read(session, kind_name, fact["id"], lock=True)
    values, actor = stored.values, system(stored.values["unit_id"])
    # Nothing follows from what was taken away; least of all a door from the cell that was only kept.
    changed = {name for name in changed if values.get(name) is not None}
    if not changed or not _is_open(kind, values):
        return False
    found, cleared = _found_again(session, actor, kind, values, changed)
    extra = dict.fromkeys(cleared) | _of_own_ground(session, actor.unit_id, kind, found.values, actor)
    extra = _seen_by_somebody(extra)
    if kind_name == JOB:
        _tell_of_doubts(session, stored, found, values | extra, changed)
    now = {name: value for name, value in extra.items() if values.get(name) != value}
    if now:
        record_writer.change(session, actor, kind_name, stored.id, now)
    return bool(now)


def follow_ledger(session: Session, fact: dict[str, Any]) -> int:
    """A point's place or address was corrected on the ledger: open jobs that had it from there have it again.

    Whatever somebody gave the job itself stays. Returns how many jobs were changed.
    """
    corrected = [name for name in ("place", "address") if name in fact.get("changed", ())]
    if fact["op"] in ("create", "delete") or not corrected:
        return 0
    point = record_writer.read(session, "service_point", fact["id"]).values
    former = {name: was(session, fact["id"], name, "service_point") for name in corrected}
    moved = 0
    for job_id in open_jobs_at(session, fact["id"]):
        job = record_writer.read(session, JOB, job_id, lock=True).values
        now = {n: point[n] for n in corrected if job.get(n) != point[n] and _is_one_of(job.get(n), former[n])}
        if now:
            record_writer.change(session, system(job["unit_id"]), JOB, job_id, now)
            moved += 1
    return moved


def follow_customer(session: Session, fact: dict[str, Any]) -> None:
    """A customer lies in another cell now: their open jobs at no place of their own do too; safe to
    repeat."""
    if fact["op"] != "delete" and "cell_id" in fact.get("changed", ()):
        customer = record_writer.read(session, "customer", fact["id"])
        follow_cell(session, customer, JOB, f"r.place IS NULL AND r.state = ANY(ARRAY{sorted(OPEN)})")


def _is_one_of(value: Any, former: list[str]) -> bool:
    return value in [orjson.loads(one) if isinstance(value, dict) else one for one in former]


def _tell_of_doubts(
    session: Session, job: Stored, found: Located, after: Values, changed: Collection[str]
) -> None:
    number = job.values.get("number") or ""
    if found.choices:
        _tell_desk(session, job, sentence("jobs.which_point", number=number))
    if "place" in changed and not _is_inside(session, after.get("place")):
        _tell_desk(session, job, sentence("jobs.in_no_cell", number=number))


def _seen_by_somebody(extra: Values) -> Values:
    """Outside every cell a record stays where it is filed: somebody must keep seeing it."""
    return {name: value for name, value in extra.items() if name != "cell_id" or value is not None}


def _found_again(
    session: Session, actor: Actor, kind: Kind, after: Values, changed: Collection[str]
) -> tuple[Located, set[str]]:
    """What follows from the values as they are now, and the fields that no longer say anything."""
    cleared = {
        name for name in _outdated(session, after, changed) if name in kind.fields and name not in changed
    }
    kept = {name: value for name, value in after.items() if name not in cleared}
    return found_by(session, actor, kind, kept), cleared


def _outdated(session: Session, after: Values, changed: Collection[str]) -> set[str]:
    if "service_point_id" in changed:
        return {"customer_id", "place", "address", "cell_id"} if after.get("service_point_id") else set()
    point = point_of(session, after.get("service_point_id"))
    if "customer_id" in changed:
        if point is None or point.customer_id == after.get("customer_id"):
            return set() if after.get("place") else {"cell_id"}
        was = {"place": point.place, "address": point.address, "cell_id": point.cell_id}
        return {"service_point_id"} | {name for name, value in was.items() if value == after.get(name)}
    if "place" in changed:
        return {"cell_id"} if after.get("place") else set()
    return (
        {"cell_id"}
        if "address" in changed and not after.get("place") and not after.get("customer_id")
        else set()
    )


def _is_open(kind: Kind, values: Values) -> bool:
    return kind.name != JOB or values.get("state") in OPEN


def _need_one_point(found: Located) -> None:
    if found.choices:
        raise Problem("which_point", choices=[one.as_choice() for one in found.choices])


def _is_inside(session: Session, place: dict[str, Any] | None) -> bool:
    return place is None or cell_at(session, *lng_lat(place)) is not None


def _need_inside(session: Session, place: dict[str, Any] | None) -> None:
    if place is not None and not _is_inside(session, place):
        lng, lat = lng_lat(place)
        raise Problem("outside_territory", lng=lng, lat=lat)


def _of_own_ground(
    session: Session, unit_id: str, kind: Kind, found: Values, actor: Actor, *, is_given: bool = False
) -> Values:
    """Another branch's cell: a person who gave the place is told whose it is, the server files nothing
    there."""
    cell_id = found.get("cell_id")
    if cell_id is None:
        return found
    owner = unit_of_cell(session, cell_id)
    if owner is None or policy.in_one_line(session, unit_id, owner.id):
        return found
    if kind.name == JOB and is_given:
        raise Problem("anothers_ground", unit=owner.name)
    # What else lies there and is another's is said by the policy, as of everything that is another's.
    is_left_out = actor.is_system or kind.name != JOB
    return {name: value for name, value in found.items() if name != "cell_id"} if is_left_out else found


def _tell_desk(session: Session, job: Stored, said: Words) -> None:
    unit_id = job.values["unit_id"]
    for staff_id in staff_with(session, UUID(unit_id), Role.DISPATCHER):
        tell(
            session,
            None,
            staff_id,
            unit_id,
            topic="general",
            **said.as_dict(),
            subject=(JOB, job.id),
        )
