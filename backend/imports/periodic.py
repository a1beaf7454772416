"""Periodic tasks of imports: checks and writes the runs that wait."""

from backend.core.running import Periodic
from backend.imports.services.working import work_on_runs

PERIODIC = (Periodic("wangge.run_imports", 3.0, lambda worker: work_on_runs(worker.database), expires_s=3.0),)
