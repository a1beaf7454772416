"""Subscriptions of evidence: links records to files that are there already, judges signatures and
sheets again.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.services import record_writer
from backend.core.subscribing import Subscriptions, of_record, while_there
from backend.evidence.services.arrived_photos import mark_arrived
from backend.evidence.services.sheets import judge_job, judge_job_of_photo, judge_signature


def _arrived(session: Session, photo_id: str) -> None:
    mark_arrived(session, record_writer.read(session, "photo", photo_id).values["sha256"])


COMPLETES: Subscriptions = {"photo.written": (of_record(_arrived),)}
FOLLOWS: Subscriptions = {
    "work_order.written": (while_there(judge_job),),
    "photo.written": (of_record(judge_job_of_photo),),
    "signature.written": (of_record(judge_signature),),
}
