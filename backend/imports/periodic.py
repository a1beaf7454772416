"""Periodic tasks of imports: checks and writes the runs that wait, and forgets what long ended."""

from backend.core.running import Clock, Periodic, Worker
from backend.imports.services.keeping import forget_old_runs
from backend.imports.services.working import work_on_runs


def _forget(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return forget_old_runs(session)


PERIODIC = (
    Periodic("wangge.run_imports", 3.0, lambda worker: work_on_runs(worker.database), expires_s=3.0),
    Periodic("wangge.tidy", Clock(20), _forget),
)
