"""By the clock, for core: what nobody needs any more is forgotten."""

from backend.core.running import Clock, Periodic, Worker
from backend.core.services.tidying import tidy


def _tidy(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return tidy(session)


PERIODIC = (Periodic("wangge.tidy", Clock(20), _tidy),)
