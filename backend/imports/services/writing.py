"""Writes a run's rows through the record writer: in batches, each a transaction of its own, resumable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import policy
from backend.core.queries.scopes import today, units_below
from backend.core.services import record_writer
from backend.core.services.auditing import note_write
from backend.customers.queries.cell_duties import representative_duties
from backend.customers.services.cell_duties import hand_over_cell
from backend.imports.kinds.import_run import ImportRun
from backend.imports.queries import run_rows
from backend.imports.queries.gazetteer import cells_named
from backend.imports.queries.run_rows import Staged
from backend.imports.reading.gazetteer import Gazetteer
from backend.imports.reading.shapes import Located, Mapping, Reason, Target
from backend.imports.reading.wrong import reason
from backend.imports.services.account_rows import ACCOUNT
from backend.imports.services.feeding import tell_of_end
from backend.imports.services.judging import Judge
from backend.imports.services.refused_people import about_values
from backend.imports.services.rows import Judged, RowIn, Rules, Write
from backend.imports.services.runs import author_of, recount, target_of
from backend.people.services.accounts import provide_account
from geo.progress import Progress, silent
from sync.kind import Values

BATCH = 500


def write_run(
    database: Database,
    run_id: str,
    progress: Progress = silent,
    go_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Write what is still to be written of a run; whether it is at its end.

    A batch and the marks that say it is written are one transaction: after a kill the next begins where that
    one ended. `go_on` says whether there is time for another batch.
    """
    with database.snapshot() as session:
        rules, places, author = _prepared(session, run_id)
    while go_on():
        with database.transaction() as session:
            run = session.get_one(ImportRun, UUID(run_id), with_for_update=True)
            if run.state != "applying":
                return True
            rows = run_rows.waiting(session, run_id, BATCH)
            if not rows:
                _end(session, run)
                return True
            run_rows.stage(session, run_id, _written(session, Judge(session, rules, places), author, rows))
            run.done += len(rows)
            done = run.done
            total = sum(run.counts.get(one, 0) for one in ("new", "changed", "settled"))
        progress(done, max(done, total))
    return False


def _prepared(session: Session, run_id: str) -> tuple[Rules, Gazetteer, Actor]:
    run = session.get_one(ImportRun, UUID(run_id))
    mapping = Mapping.from_dict(run.mapping)
    units = frozenset(units_below(session, str(run.unit_id)))
    rules = Rules(
        target_of(run.target), str(run.unit_id), units, frozenset(mapping.columns),
        bool(run.options.get("clears_empty")), not run.is_feed,
    )  # fmt: skip
    return rules, Gazetteer(cells_named(session)), author_of(run)


def _end(session: Session, run: ImportRun) -> None:
    run.state, run.packed, run.ended_at = "applied", None, datetime.now(UTC)
    recount(session, run)
    tell_of_end(session, run)


def _written(session: Session, judge: Judge, author: Actor, rows: Sequence[Staged]) -> list[Staged]:
    """A batch written; where one of its rows is refused, each row by itself."""
    given = [row_in(one) for one in rows]
    judged = judge.judge(given)
    try:
        with session.begin_nested():
            _write(session, author, [one for row in judged for one in row.writes])
    except Problem:
        judge.forget()
        judged = [_alone(session, judge, author, one) for one in given]
    return [_marked(judge.target, row, one) for row, one in zip(rows, judged, strict=True)]


def _alone(session: Session, judge: Judge, author: Actor, row: RowIn) -> Judged:
    (judged,) = judge.judge([row])
    try:
        with session.begin_nested():
            _write(session, author, judged.writes)
    except Problem as problem:
        judge.forget()
        return Judged(row.number, "refused", reasons=_reasons(problem))
    return judged


def _reasons(problem: Problem) -> list[Reason]:
    faults = problem.detail.get("faults") or ()
    found = [Reason(one["field"], one["code"], one["zh"], one["en"], one.get("about", "")) for one in faults]
    words = (problem.entry.zh, problem.entry.en)
    return found or [reason("", "not_written", why=words)]


def _write(session: Session, author: Actor, writes: Sequence[Write]) -> None:
    """New records first, by kind in the order in which rows name them; what follows from a change follows."""
    fresh: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
    changed: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
    for one in writes:
        if one.kind not in _IN_BULK:
            _write_one(session, author, one)
        else:
            (fresh if one.is_new else changed)[one.kind].append((one.id, one.now))
    for kind, rows in fresh.items():
        # All that follows from such a record is in its values already (`completing`), or is long past.
        record_writer.create_many(session, author, kind, rows, quiet=True, trusted=True)
    for kind, rows in changed.items():
        record_writer.change_many(session, author, kind, rows, trusted=True)


# Judged as a whole: what names others was looked up within the importer's units.
_IN_BULK = frozenset({"customer", "service_point", "work_order", "visit"})


def _write_one(session: Session, author: Actor, one: Write) -> None:
    """Settings of a unit, one by one: by all rules, and noted."""
    if one.kind == ACCOUNT:
        provide_account(session, author, one.id, roles=one.now.get("roles"), login=one.now.get("login"))
        return
    kind = SYNC_KINDS[one.kind]
    before = None if one.is_new else record_writer.read(session, one.kind, one.id, lock=True).values
    policy.need_house_rules(session, author, kind, one.id, before, (before or {}) | one.now)
    if one.is_new and one.kind == "cell_assignment" and _is_taken_over(session, one.now):
        hand_over_cell(session, author, one.now["cell_id"], one.now["staff_id"])
    elif one.is_new:
        record_writer.create(session, author, one.kind, one.now, record_id=one.id, trusted=True)
        note_write(session, author, kind, one.id, "record_created", None, one.now)
    else:
        record_writer.change(session, author, one.kind, one.id, one.now, trusted=True)
        note_write(session, author, kind, one.id, "record_changed", before, (before or {}) | one.now)


def _is_taken_over(session: Session, now: Values) -> bool:
    """Whether the cell has another representative, who is relieved from today."""
    return now["duty"] == "representative" and bool(representative_duties(session, now["cell_id"], today()))


def row_in(row: Staged) -> RowIn:
    """A staged row as it is judged."""
    clean = row.clean or {"values": {}}
    where = clean.get("located")
    located = None
    if where:
        why = where["reason"]
        told = Reason(why["field"], why["code"], why["zh"], why["en"], why.get("about", ""))
        place = tuple(where["place"]) if where["place"] else None
        located = Located(where["cell_id"], place, where["confidence"], told, where["is_sure"])
    return RowIn(
        row.number,
        clean["values"],
        clean.get("defaulted", ()),
        clean.get("skip", ()),
        located,
        row.settled,
        clean.get("replaces"),
    )


def _marked(target: Target, row: Staged, judged: Judged) -> Staged:
    """What became of a row: of what is written nothing is kept but which record it is."""
    verdict = row.verdict if judged.verdict in ("same", "changed", "new") else judged.verdict
    if judged.verdict in ("new", "changed") and row.verdict == "to_settle":
        verdict = judged.verdict
    if verdict == "to_settle":
        # Nothing that was said of it leads to a place any more: it stays to be settled.
        verdict, judged.reasons, judged.record_id = "refused", judged.notes, None
    if verdict != "refused":
        return Staged(row.number, verdict, None, row.reasons, record_id=judged.record_id, is_done=True)
    reasons, about = (
        [one.as_dict() for one in judged.reasons],
        about_values(target, (row.clean or {})["values"]),
    )
    return Staged(row.number, verdict, None, reasons, record_id=judged.record_id, is_done=True, about=about)
