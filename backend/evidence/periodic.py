"""Periodic tasks of evidence: seals history, examines photos, stores uploads that had to wait."""

from backend.core.blobs.upload_files import Parts
from backend.core.retention import Kept
from backend.core.running import Clock, Periodic, Worker
from backend.core.sentences import sentence
from backend.evidence.services.picturing import look_at_waiting
from backend.evidence.services.sealing import seal_history
from backend.evidence.services.uploading import LIVES, Receiving, clear_away, settle_waiting


def _receiving(worker: Worker) -> Receiving:
    settings = worker.settings
    return Receiving(
        worker.database, Parts(settings.home / "uploads"), worker.blobs, settings.upload_day_bytes
    )


def _seal(worker: Worker) -> int:
    return seal_history(worker.database, worker.settings.keys, worker.settings.home)


PERIODIC = (
    Periodic(
        "wangge.look_at_pictures",
        3.0,
        lambda worker: look_at_waiting(worker.database, worker.blobs),
        expires_s=3.0,
    ),
    Periodic(
        "wangge.settle_uploads", 15.0, lambda worker: settle_waiting(_receiving(worker)), expires_s=15.0
    ),
    Periodic("wangge.seal_history", 60.0, _seal, expires_s=60.0),
    Periodic("wangge.tidy", Clock(20), lambda worker: clear_away(_receiving(worker))),
)
_UPLOADS = sentence("evidence.kept_uploads"), sentence("evidence.kept_uploads_why")
KEEPS = (Kept("uploads", *_UPLOADS, lambda _: LIVES.days),)
