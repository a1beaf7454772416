"""Photos of a job that show something else, or are the very photo of a job before it: told on the job, in
words."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.services import record_writer
from backend.jobs.kinds.work_order import PHOTO_REASONS
from backend.jobs.queries.photo_reuse import photos_of_others


def judge_photos(session: Session, job_id: str) -> None:
    """Tell on a job that shows a picture of something else, or the very picture of a job before it; safe
    to repeat."""
    key = ("work_order", job_id)
    stored = record_writer.push_store(session).load([key], lock=False).get(key)
    if stored is None or stored.deleted:
        return
    job = stored.values
    told = [
        {"code": code, "zh": zh.format(number=number), "en": en.format(number=number), "of": of_id}
        for code, of_id, number in photos_of_others(session, job_id, job.get("photo_ids") or [])
        for zh, en in (PHOTO_REASONS[code],)
    ]
    if (job.get("photo_reasons") or []) != told:
        record_writer.change(
            session, system(job["unit_id"]), "work_order", job_id, {"photo_reasons": told or None}
        )
