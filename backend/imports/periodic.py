"""Periodic tasks of imports: the watched folder, runs that wait, and forgetting what long ended."""

from pathlib import Path

from backend.core.running import Clock, Periodic, Worker
from backend.imports.services.keeping import forget_old_runs
from backend.imports.services.watching import look_at_folder
from backend.imports.services.working import work_on_runs


def _forget(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return forget_old_runs(session)


def _look(worker: Worker) -> int:
    folder = worker.settings.import_folder
    return look_at_folder(worker.database, Path(folder)) if folder else 0


PERIODIC = (
    Periodic("wangge.look_at_import_folder", 20.0, _look, expires_s=20.0),
    Periodic("wangge.run_imports", 3.0, lambda worker: work_on_runs(worker.database), expires_s=3.0),
    Periodic("wangge.tidy", Clock(20), _forget),
)
