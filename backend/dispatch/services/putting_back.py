"""Puts jobs back as they stood before a plan or an emergency moved them.

What somebody began or meant since stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.services import record_writer
from backend.dispatch.services.dispatching import give
from backend.jobs.kinds.work_order import WORKING
from sync import apply
from sync.change import Stored
from sync.kind import Values

Stands = dict[str, Any]
# What a plan or an emergency writes on a job, and what it was decided by: where one of these changed since, a
# person meant it.
WRITTEN = ("crew_id", "planned_at", "is_pinned")
MEANT = (*WRITTEN, "appointment_from", "appointment_until")
# When the crew was given it, opened it and accepted it: what they order and who is reminded goes by these.
_STAMPS = ("dispatched_at", "opened_at", "accepted_at")
_NOT_BEGUN = frozenset({"received", "dispatched", "accepted"})


def stands_of(job: Stored) -> Stands:
    """How a job stands: its state, with whom, for when, and what its customer was promised."""
    return {name: job.values.get(name) for name in ("state", *MEANT, *_STAMPS)}


def why_kept(
    before: Stands, after: Mapping[str, Any], job: Stored | None, crews: Collection[str]
) -> str | None:
    """Why a job cannot go back to how it stood (what follows `kept_` in the messages), or None.

    `crews` are those that work still.
    """
    if job is None or job.deleted:
        return "gone"
    if job.values["state"] != after["state"] and job.values["state"] in WORKING - {"accepted"}:
        return "begun"
    if job.values["state"] not in _NOT_BEGUN | {after["state"]}:
        return "ended"
    is_given = [one["state"] != "received" for one in (after, job.values)]
    if is_given[0] != is_given[1] or any(job.values.get(name) != after.get(name) for name in MEANT):
        return "changed"
    return "crew_gone" if before["state"] != "received" and before["crew_id"] not in crews else None


def put_back(session: Session, actor: Actor, job: Stored, before: Stands) -> None:
    """One job as it stood: its crew, its time, and how far it was acknowledged and since when."""
    now: Values = {name: before[name] for name in WRITTEN}
    state = job.values["state"]
    if before["state"] == "received" and state != "received":
        record_writer.act(session, actor, "work_order", job.id, "withdraw", now, trusted=True)
    elif before["state"] == "received" or (
        state != "received" and job.values.get("crew_id") == before["crew_id"]
    ):
        record_writer.change(session, actor, "work_order", job.id, now, trusted=True)
    else:
        given = give(session, actor, job, now)
        if before["state"] == "accepted":
            _say_accepted(session, actor, given)
        stamps = {name: before.get(name) for name in _STAMPS}
        record_writer.change(session, actor, "work_order", job.id, stamps, trusted=True)


def _say_accepted(session: Session, actor: Actor, job: Stored) -> None:
    """The crew had accepted before: by the dispatcher's word, for the crew itself has not said so again."""
    store, now = record_writer.push_store(session), datetime.now(UTC)
    word = apply.Change(record_writer.new_id(), actor.as_author(), now, {}, base_version=job.version)
    version = store.next_version(job.version)
    record_writer.write_applied(
        session, apply.decide(SYNC_KINDS["work_order"], job, word, "accepted", version)
    )
