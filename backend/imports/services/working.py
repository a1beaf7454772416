"""Works on runs that wait, one after the other: checks what is confirmed, writes what is to be applied."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import select

from backend.core.db import Database
from backend.core.errors import Problem
from backend.imports.kinds.import_run import ImportRun
from backend.imports.services.checking import check_run
from backend.imports.services.feeding import go_on_by_itself, tell_of_end
from backend.imports.services.runs import BUSY
from backend.imports.services.writing import write_run
from geo.progress import Progress, silent

log = structlog.get_logger(__name__)
# A worker has other tasks too: it goes on at its next turn.
TURN_S = 60.0
ALONE = "imports"


def work_on_runs(database: Database, turn_s: float = TURN_S) -> int:
    """Check and write the runs that wait, the oldest first; returns how many came to their end.

    Another worker at it is enough: so two runs never write at once, the second waits for the first.
    """
    ended, until = 0, time.monotonic() + turn_s
    with database.alone(ALONE) as is_mine:
        while is_mine and time.monotonic() < until and (run_id := _next(database)):
            if not work_on(database, run_id, until=until):
                break
            ended += 1
    return ended


def work_on(database: Database, run_id: str, progress: Progress = silent, until: float | None = None) -> bool:
    """Take a run as far as it can go by itself; whether it is there. One that breaks keeps why."""
    try:
        with database.snapshot() as session:
            state = session.get_one(ImportRun, UUID(run_id)).state
        if state == "checking":
            check_run(database, run_id, progress, go_on_by_itself)
            return True
        return write_run(database, run_id, progress, lambda: until is None or time.monotonic() < until)
    except Problem as problem:
        _fail(database, run_id, problem)
    except Exception as error:
        log.error("import.failed", run=run_id, error=type(error).__name__, exc_info=True)
        _fail(database, run_id, Problem("server_error", cause=type(error).__name__))
    return True


def finish(database: Database, run_id: str, progress: Progress = silent) -> None:
    """Take a run to where it goes on by a person alone; where another worker is at it, wait for that one."""
    while True:
        with database.snapshot() as session:
            run = session.get_one(ImportRun, UUID(run_id))
            if run.state not in BUSY:
                return
            progress(run.done, run.rows)
        with database.alone(ALONE) as is_mine:
            if is_mine:
                work_on(database, run_id, progress)
        if not is_mine:
            time.sleep(0.5)


def _next(database: Database) -> str | None:
    with database.snapshot() as session:
        waiting = select(ImportRun.id).where(ImportRun.state.in_(BUSY)).order_by(ImportRun.made_at)
        found = session.execute(waiting.limit(1)).scalar()
        return str(found) if found else None


def _fail(database: Database, run_id: str, problem: Problem) -> None:
    with database.transaction() as session:
        run = session.get_one(ImportRun, UUID(run_id), with_for_update=True)
        if run.state in BUSY:
            run.state, run.problem = "failed", {"code": problem.code, **problem.detail}
            run.ended_at = datetime.now(UTC)
            tell_of_end(session, run)
