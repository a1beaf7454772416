"""Detects reused or foreign photos of a job, and says so on the job in words."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.services import record_writer
from backend.jobs.kinds.work_order import PHOTO_REASONS

# When a picture was taken; where it does not say, it cannot have been later than its record.
_MINES, _OTHERS = (f"coalesce({one}.taken_at, {one}.created_at)" for one in ("mine", "other"))
# A job's pictures that were taken of something else, and those whose bytes an earlier picture of another job
# has.
_OF_OTHERS = text(
    f"""
    (SELECT 'foreign_photo' AS code, p.of_id::text, ''
      FROM photo p
      WHERE p.id = ANY(CAST(:photos AS uuid[])) AND (p.of_kind, p.of_id) <> ('work_order', CAST(:job AS uuid))
      ORDER BY p.id
      LIMIT 1)
    UNION ALL (SELECT 'same_photo', w.id::text, coalesce(w.number, w.id::text)
      FROM photo mine
      JOIN photo other ON other.sha256 = mine.sha256
          AND other.of_kind = 'work_order'
          AND other.of_id <> mine.of_id
          AND other.deleted_at IS NULL
          AND ({_OTHERS}, other.id) < ({_MINES}, mine.id)
      JOIN work_order w ON w.id = other.of_id AND w.deleted_at IS NULL
      WHERE mine.of_id = CAST(:job AS uuid) AND mine.id = ANY(CAST(:photos AS uuid[]))
      ORDER BY {_OTHERS}, other.id
      LIMIT 1)
"""
)


def judge_photos(session: Session, job_id: str) -> None:
    """Tell on a job that shows a picture of something else, or the very picture of a job before it; safe
    to repeat."""
    key = ("work_order", job_id)
    stored = record_writer.push_store(session).load([key], lock=False).get(key)
    if stored is None or stored.deleted:
        return
    job = stored.values
    asked = {"job": job_id, "photos": job.get("photo_ids") or []}
    told = [
        {"code": code, "zh": zh.format(number=number), "en": en.format(number=number), "of": of_id}
        for code, of_id, number in session.execute(_OF_OTHERS, asked)
        for zh, en in (PHOTO_REASONS[code],)
    ]
    if (job.get("photo_reasons") or []) != told:
        record_writer.change(
            session, system(job["unit_id"]), "work_order", job_id, {"photo_reasons": told or None}
        )
