"""Import runs: a file read, its columns confirmed, checked, settled, applied or discarded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.queries import policy
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.imports.kinds.import_run import ImportMapping, ImportRun
from backend.imports.queries import run_rows
from backend.imports.reading.coordinates import is_system
from backend.imports.reading.proposing import missing, propose
from backend.imports.reading.shapes import Column, Mapping, Table, Target
from backend.imports.reading.tables import PackedRows
from backend.imports.reading.targets import TARGETS
from backend.imports.services.heads import columns_of, form_of, head_of, without_examples

KEEPERS = frozenset({Role.ADMIN})
OPEN = frozenset({"read", "checked"})
BUSY = frozenset({"checking", "applying"})
_OPTIONS = frozenset({"clears_empty"})


def begin_run(
    session: Session, actor: Actor, unit_id: str, target: str, filename: str, data: bytes, table: Table
) -> ImportRun:
    """A run of a table that was read, with the columns that its fields are likely to come from.

    The mapping that was used last for a file of this form is proposed before any other.
    """
    need_keeper(session, actor, unit_id)
    found = target_of(target)
    if not isinstance(table.rows, PackedRows):
        raise TypeError("only what read_table gives can be kept")
    run = ImportRun(
        id=UUID(record_writer.new_id()),
        unit_id=UUID(unit_id),
        target=target,
        filename=filename,
        file_sha256=hashlib.sha256(data).hexdigest(),
        head=head_of(table),
        packed=table.rows.packed,
        rows=len(table.rows),
        mapping=proposed(session, unit_id, found, table.columns).as_dict(),
        options={},
        questions=[],
        counts={},
        state="read",
        done=0,
        made_by_id=UUID(actor.id),
    )
    session.add(run)
    session.flush()
    return run


def proposed(session: Session, unit_id: str, target: Target, columns: Sequence[Column]) -> Mapping:
    """The mapping used last for a file of this form, else columns by their names."""
    return saved_for(session, unit_id, target, columns) or Mapping(target.name, propose(target, columns))


def saved_for(session: Session, unit_id: str, target: Target, columns: Sequence[Column]) -> Mapping | None:
    """The mapping that a person used last for a file of this form in this unit."""
    saved = session.execute(
        select(ImportMapping.mapping).where(
            ImportMapping.unit_id == UUID(unit_id),
            ImportMapping.target == target.name,
            ImportMapping.form == form_of(columns),
        )
    ).scalar_one_or_none()
    return None if saved is None else _fitting(Mapping.from_dict(saved), target, columns)


def _fitting(saved: Mapping, target: Target, columns: Sequence[Column]) -> Mapping:
    """A mapping of before without what the file or the target has no more."""
    names, known = {one.name for one in columns}, {one.name for one in target.fields}
    kept = {field: name for field, name in saved.columns.items() if field in known and name in names}
    return Mapping(saved.target, kept, saved.answers)


def confirm_mapping(
    session: Session,
    actor: Actor,
    run_id: str,
    columns: ReadOnly[str, str],
    answers: ReadOnly[str, Any],
    options: ReadOnly[str, Any],
) -> ImportRun:
    """What its columns mean is confirmed: the run is checked next, and the mapping proposed the next time.

    Raises table_column_missing, import_columns_lacking, import_busy, invalid (no such datum).
    """
    run = read_run(session, actor, run_id, lock=True)
    need_state(run, OPEN)
    target, given = target_of(run.target), columns_of(run.head)
    _need_columns(target, given, columns)
    _need_datum(answers)
    run.mapping = Mapping(run.target, dict(columns), dict(answers)).as_dict()
    run.options = {name: value for name, value in options.items() if name in _OPTIONS}
    run.state, run.done, run.counts, run.problem, run.questions = "checking", 0, {}, None, []
    run_rows.forget(session, run_id)
    return run


def _need_columns(target: Target, given: Sequence[Column], columns: ReadOnly[str, str]) -> None:
    names = {one.name for one in given}
    unknown = sorted(set(columns.values()) - names)
    if unknown:
        raise Problem("table_column_missing", columns=unknown)
    known = {one.name for one in target.fields}
    strange = sorted(set(columns) - known)
    if strange:
        raise Problem("import_no_field", fields=strange)
    lacking = missing(target, columns)
    if lacking:
        raise Problem("import_columns_lacking", fields=[f"{one.zh} · {one.en}" for one in lacking])


def _need_datum(answers: ReadOnly[str, Any]) -> None:
    said = answers.get("datum")
    if said is not None and not (isinstance(said, str) and is_system(said)):
        raise Problem("invalid", faults=[fault("datum", "imports.datum_unknown", str(said)[:100])])


def save_mapping(session: Session, actor_id: str, run: ImportRun) -> None:
    """Keep a run's mapping for the next file of its form."""
    form = form_of(columns_of(run.head))
    saved = session.execute(
        select(ImportMapping).where(
            ImportMapping.unit_id == run.unit_id,
            ImportMapping.target == run.target,
            ImportMapping.form == form,
        )
    ).scalar_one_or_none()
    if saved is None:
        saved = ImportMapping(
            id=UUID(record_writer.new_id()), unit_id=run.unit_id, target=run.target, form=form
        )
        session.add(saved)
    saved.mapping, saved.saved_by_id, saved.saved_at = run.mapping, UUID(actor_id), datetime.now(UTC)
    saved.name = run.filename


def apply_run(session: Session, actor: Actor, run_id: str) -> ImportRun:
    """Let it come true: what was checked is written by a worker, in batches.

    A run that waits behind another is written after it. Raises import_busy.
    """
    run = read_run(session, actor, run_id, lock=True)
    need_state(run, frozenset({"checked"}))
    run.state, run.done, run.applied_by_id = "applying", 0, UUID(actor.id)
    if not run.is_feed:
        save_mapping(session, actor.id, run)
    after = {"target": run.target, "file": run.filename, "sha256": run.file_sha256, "counts": run.counts}
    by_itself = {"feed": True} if run.is_feed else {}
    note_act(session, actor, "imported", ("import_run", run_id), after=after | by_itself)
    return run


def discard_run(session: Session, actor: Actor, run_id: str) -> None:
    """It comes to nothing; raises import_busy for one that is being written."""
    run = read_run(session, actor, run_id, lock=True)
    need_state(run, OPEN | {"checking", "failed"})
    run.state, run.packed, run.ended_at = "discarded", None, datetime.now(UTC)
    run.head = without_examples(run.head)
    run_rows.forget(session, run_id)


def read_run(session: Session, actor: Actor, run_id: str, *, lock: bool = False) -> ImportRun:
    """A run of the asker's units, for administrators; raises not_allowed, not_found."""
    policy.need_role(actor, KEEPERS)
    run = session.get(ImportRun, UUID(run_id), with_for_update=lock)
    if run is None:
        raise Problem("not_found", kind="import_run", id=run_id)
    policy.need_unit(session, actor, run.unit_id, "import_run", run_id)
    return run


def list_runs(session: Session, actor: Actor) -> list[ImportRun]:
    """The newest hundred runs of the asker's units, for administrators."""
    policy.need_role(actor, KEEPERS)
    units = [UUID(unit) for unit in policy.own_units(session, actor)]
    found = select(ImportRun).where(ImportRun.unit_id.in_(units)).order_by(ImportRun.made_at.desc())
    return list(session.execute(found.limit(100)).scalars())


def need_keeper(session: Session, actor: Actor, unit_id: str) -> None:
    """An administrator of this unit or one above; raises not_allowed, not_found."""
    policy.need_role(actor, KEEPERS)
    policy.need_unit(session, actor, unit_id)


def need_state(run: ImportRun, states: frozenset[str]) -> None:
    """Raises import_busy where a run is in none of these states."""
    if run.state not in states:
        raise Problem("import_busy", state=run.state)


def recount(session: Session, run: ImportRun) -> None:
    """Count a run's rows anew, by verdict; of those the file does not name, not all are kept."""
    gone = {name: run.counts[name] for name in ("gone", "replaced") if name in run.counts}
    run.counts = run_rows.counts(session, str(run.id)) | gone


def target_of(name: str) -> Target:
    """A target by its name; raises not_found."""
    if name not in TARGETS:
        raise Problem("not_found", kind="import_target", id=name)
    return TARGETS[name]


def author_of(run: ImportRun) -> Actor:
    """In whose name a run's rows are written: an administrator's, of the run's unit."""
    return Actor(str(run.applied_by_id or run.made_by_id), str(run.unit_id), frozenset({Role.ADMIN}))
