"""Duplicate jobs and bundles: one trouble reported by several people, several jobs at one address."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import DESK, Actor, system
from backend.core.errors import Problem
from backend.core.installation import in_own_language
from backend.core.queries import policy
from backend.core.sentences import fault, sentence
from backend.core.services import record_writer
from backend.customers.queries.nearby import at_same_door
from backend.jobs.kinds.work_order import OPEN
from sync.change import Stored


def make_duplicate(session: Session, actor: Actor, job_id: str, of_id: str) -> Stored:
    """A second report of a trouble: it is closed as such, and its reporter stands on the job that stays.

    Raises check_failed unless that job is open, action_does_not_fit if the second one has gone too far.
    """
    policy.need_role(actor, DESK)
    job, kept = (record_writer.read(session, "work_order", one, lock=True) for one in sorted((job_id, of_id)))
    if job.id != job_id:
        job, kept = kept, job
    policy.need_unit(session, actor, job.values["unit_id"], "work_order", job.id)
    if (
        job.id == kept.id
        or kept.values["state"] not in OPEN
        or job.values["unit_id"] != kept.values["unit_id"]
    ):
        raise Problem("check_failed", faults=[fault("of_id", "jobs.cannot_join")])
    reporters = [*(kept.values.get("other_reporters") or ()), *_reporters(job)]
    ours = system(kept.values["unit_id"])
    record_writer.change(session, ours, "work_order", kept.id, {"other_reporters": reporters})
    record_writer.change(session, ours, "work_order", job.id, {"duplicate_of_id": kept.id})
    reason = in_own_language(sentence("jobs.duplicate_of", number=kept.values.get("number") or kept.id))
    return record_writer.act(session, actor, "work_order", job.id, "cancel", {"cancel_reason": reason})


def _reporters(job: Stored) -> list[dict[str, Any]]:
    first = job.values.get("reporter")
    return [one for one in (first, *(job.values.get("other_reporters") or ())) if one]


def bundle_job(session: Session, job_id: str) -> str | None:
    """Give the open jobs at one door a common bundle, so that one visit does them all; returns it, None if
    alone."""
    together = at_same_door(session, job_id)
    if len(together) < 2:
        return None
    bundle = min((one for _, one in together if one), default=together[0][0])
    job = record_writer.read(session, "work_order", job_id)
    rows: list[tuple[str, dict[str, Any]]] = [
        (one, {"bundle_id": bundle}) for one, has in together if has != bundle
    ]
    record_writer.change_many(session, system(job.values["unit_id"]), "work_order", rows)
    return bundle
