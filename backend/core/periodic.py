"""Periodic tasks of core: deletes what retention no longer keeps."""

from backend.core.running import Clock, Periodic, Worker
from backend.core.services.tidying import tidy


def _tidy(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return tidy(session)


PERIODIC = (Periodic("wangge.tidy", Clock(20), _tidy),)
