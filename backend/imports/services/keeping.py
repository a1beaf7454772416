"""Retention of imports: what files said is forgotten after a while, and of a person when they are erased."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from backend.core.services import record_writer
from backend.core.services.own_numbers import own_field
from backend.imports.kinds.import_run import ImportRow, ImportRun
from backend.imports.queries import run_rows
from backend.imports.reading.targets import TARGETS
from backend.imports.services.heads import without_examples
from backend.imports.services.refused_people import about_record
from backend.imports.services.runs import BUSY, OPEN, need_state

# Long enough to look up why a row was refused; the counts and the file's hash are kept for ever.
KEEP_ROWS = timedelta(days=90)
_AT_ONCE = 100
ENDED = frozenset({"applied", "failed", "discarded"})


def forget_old_runs(session: Session, now: datetime | None = None, *, days: int = KEEP_ROWS.days) -> int:
    """Forget rows, file and examples of runs that ended long ago or were left lying; returns how many runs.

    What was left lying is discarded: the ledger that it was checked against is long another.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    is_old = func.coalesce(ImportRun.ended_at, ImportRun.made_at) < before
    holds = or_(ImportRun.packed.is_not(None), exists().where(ImportRow.run_id == ImportRun.id))
    found = select(ImportRun).where(is_old, holds, ImportRun.state.not_in(BUSY)).limit(_AT_ONCE)
    old = session.execute(found.with_for_update(skip_locked=True)).scalars().all()
    for run in old:
        _forget(session, run)
    return len(old)


def forget_record(session: Session, kind: str, record_id: str) -> int:
    """Take out of all imports the rows that say something of a record; returns how many rows went.

    A run with such a row that is not written yet is discarded: it would bring the values back. Of rows that
    were refused only reasons are kept, with hashes of whom they are about: those that bear the record's
    number, name, telephone or address go too, a namesake's with them. Raises not_found, import_busy while
    such a run is being written.
    """
    name = own_field(kind)
    values = record_writer.read(session, kind, record_id).values
    number = str(values.get(name) or "") if name else ""
    about = about_record(kind, values)
    concerned = run_rows.rows_about(session, record_id, number, _says(kind, name), about)
    for run_id, numbers in concerned.items():
        run = session.get_one(ImportRun, UUID(run_id), with_for_update=True)
        need_state(run, OPEN | ENDED)
        if run.state in ENDED and run.packed is None:
            run_rows.forget(session, run_id, numbers)
            run.head = without_examples(run.head)
        else:
            _forget(session, run)
    return sum(map(len, concerned.values()))


def _says(kind: str, name: str) -> list[tuple[str, str]]:
    """Targets with their fields that call a record of a kind by its own number."""
    return [
        (target.name, one.name)
        for target in TARGETS.values()
        for one in target.fields
        if one.refers == kind or (one.wire == name and (one.kind or target.kind) == kind)
    ]


def _forget(session: Session, run: ImportRun) -> None:
    run_rows.forget(session, str(run.id))
    run.packed, run.head = None, without_examples(run.head)
    if run.state in OPEN:
        run.state, run.ended_at = "discarded", datetime.now(UTC)
