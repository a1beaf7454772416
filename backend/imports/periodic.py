"""Periodic tasks of imports: the watched folder, runs and exports that wait, forgetting what long ended."""

from pathlib import Path

from backend.core.retention import Kept, days_of, settable
from backend.core.running import Clock, Periodic, Worker
from backend.core.sentences import sentence
from backend.imports.services.export_runs import LASTS, forget_expired
from backend.imports.services.export_writing import clear_leftovers, work_on_exports
from backend.imports.services.keeping import KEEP_ROWS, forget_old_runs
from backend.imports.services.watching import look_at_folder
from backend.imports.services.working import work_on_runs


def _forget(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return forget_old_runs(session, days=days_of("import_days", KEEP_ROWS.days))


def _write_exports(worker: Worker) -> int:
    return work_on_exports(worker.database, worker.blobs, worker.settings.home / "exports")


def _forget_exports(worker: Worker) -> int:
    clear_leftovers(worker.database, worker.settings.home / "exports")
    with worker.database.transaction() as session:
        return forget_expired(session, worker.blobs)


def _look(worker: Worker) -> int:
    folder = worker.settings.import_folder
    return look_at_folder(worker.database, Path(folder)) if folder else 0


PERIODIC = (
    Periodic("wangge.look_at_import_folder", 20.0, _look, expires_s=20.0),
    Periodic("wangge.run_imports", 3.0, lambda worker: work_on_runs(worker.database), expires_s=3.0),
    Periodic("wangge.write_exports", 3.0, _write_exports, expires_s=3.0),
    Periodic("wangge.tidy", Clock(20), _forget),
    Periodic("wangge.tidy", Clock(20), _forget_exports),
)
_ROWS = sentence("imports.kept_rows"), sentence("imports.kept_rows_why")
_EXPORTS = sentence("imports.kept_exports"), sentence("imports.kept_exports_why")
KEEPS = (
    settable("import_days", _ROWS, lambda _: KEEP_ROWS.days),
    Kept("exports", *_EXPORTS, lambda _: LASTS.days),
)
