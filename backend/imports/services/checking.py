"""Checks a run: every row is read, judged against the ledger, and staged with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.comparing import comparable
from backend.core.db import Database
from backend.core.installation import installed
from backend.core.queries.scopes import units_below
from backend.imports.kinds.import_run import ImportRun
from backend.imports.queries import run_rows
from backend.imports.queries.gazetteer import gazetteer_of, ground_of
from backend.imports.queries.ledger import held_by
from backend.imports.queries.run_rows import Staged
from backend.imports.reading.parts import parts_of
from backend.imports.reading.shapes import (
    Clean,
    Context,
    Mapping,
    Reason,
    Refused,
    Result,
    Row,
    Study,
    Target,
)
from backend.imports.reading.studying import study_of
from backend.imports.reading.translating import Translator
from backend.imports.reading.words import is_empty
from backend.imports.reading.wrong import reason
from backend.imports.services.heads import columns_of, rows_of
from backend.imports.services.judging import Judge
from backend.imports.services.meters import named_meters
from backend.imports.services.refused_people import about_rows, about_values
from backend.imports.services.rows import Judged, RowIn, Rules
from backend.imports.services.runs import target_of
from geo.progress import Progress, silent

_CHUNK = 1000
_MOST_GONE = 5000


@dataclass(slots=True)
class _Seen:
    """What earlier rows of the file have named: kind and number -> row, and what makes it the same."""

    rows: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def first(self, kind: str, own: str, row: int, what: str) -> tuple[int, str] | None:
        """The row that named it first, None where that is this one."""
        found = self.rows.setdefault((kind, own), (row, what))
        return None if found[0] == row else found


@dataclass(frozen=True, slots=True)
class _Read:
    """A run as it is worked with, outside of any transaction."""

    run_id: str
    unit_id: str
    target: Target
    mapping: Mapping
    columns: tuple[Any, ...]
    rows: Any
    options: dict[str, Any]
    is_feed: bool = False


def check_run(
    database: Database,
    run_id: str,
    progress: Progress = silent,
    then: Callable[[Session, ImportRun], object] = lambda _session, _run: None,
) -> None:
    """Check a run whose columns are confirmed; long work runs outside any transaction.

    `then` is done with it in the transaction that says it is checked: both, or neither.
    """
    with database.snapshot() as session:
        read = _load(session, run_id)
        ground = ground_of(session)
        places = gazetteer_of(session)
        units = frozenset(units_below(session, read.unit_id))
    study = study_of(read.target, read.mapping, read.columns, read.rows, ground)
    mapping = read.mapping.answered(study.found)
    context = Context(ground, places, installed().time_zone.key)
    translator = Translator(read.target, mapping, read.columns, context)
    rules = Rules(
        read.target,
        read.unit_id,
        units,
        frozenset(mapping.columns),
        bool(read.options.get("clears_empty")),
        not read.is_feed,
        named_meters(read.target, mapping, read.columns, read.rows, context.zone),
    )
    seen, done, counts = _Seen(), 0, Counter[str]()
    made: dict[tuple[str, str], str] = {}
    taken: dict[str, str] = {}
    replacing: dict[str, int] = {}
    for chunk in _chunks(read, translator):
        with database.transaction() as session:
            if not _goes_on(session, run_id):
                return
            judge = Judge(session, rules, places, made, taken, replacing)
            staged = _stage(judge, read, mapping, chunk, seen)
            run_rows.stage(session, run_id, staged)
            done += len(staged)
            counts.update(one.verdict for one in staged)
            _keep_progress(session, run_id, done)
        progress(done, len(read.rows) or 1)
    counts.update({"replaced": len(replacing)} if replacing else {})
    with database.transaction() as session:
        run = session.get_one(ImportRun, UUID(run_id), with_for_update=True)
        if run.state == "checking":
            _conclude(session, run, read, mapping, study, seen, counts, units)
            session.flush()
            then(session, run)


def _goes_on(session: Session, run_id: str) -> bool:
    """Whether it is still to be checked; held until the chunk is staged, so that who discards it waits."""
    return session.get_one(ImportRun, UUID(run_id), with_for_update=True).state == "checking"


def _load(session: Session, run_id: str) -> _Read:
    run = session.get_one(ImportRun, UUID(run_id))
    return _Read(
        run_id,
        str(run.unit_id),
        target_of(run.target),
        Mapping.from_dict(run.mapping),
        columns_of(run.head),
        rows_of(run.head, run.packed or b"", run.rows),
        dict(run.options),
        run.is_feed,
    )


def _chunks(read: _Read, translator: Translator) -> Iterator[list[tuple[Row, Result]]]:
    rows = iter(read.rows)
    while some := list(islice(rows, _CHUNK)):
        yield list(zip(some, translator.all(some), strict=True))


def _stage(
    judge: Judge, read: _Read, mapping: Mapping, chunk: Sequence[tuple[Row, Result]], seen: _Seen
) -> list[Staged]:
    staged: list[Staged] = []
    to_judge: list[tuple[RowIn, Clean]] = []
    filled = _filled_in(read, mapping)
    about = about_rows(read.target, mapping, read.columns)
    for row, result in chunk:
        if isinstance(result, Refused):
            staged.append(_refused(row.number, result.reasons, about(row)))
            continue
        twice, skip = _twice(read.target, result, seen)
        if twice:
            staged.append(_refused(row.number, [twice], about(row)))
            continue
        defaulted = [name for name in filled(row) if name in result.values]
        to_judge.append((RowIn(row.number, result.values, defaulted, skip, result.located), result))
    judged = judge.judge([one for one, _ in to_judge])
    staged += [
        _kept(read.target, row, clean, one) for (row, clean), one in zip(to_judge, judged, strict=True)
    ]
    return staged


def _filled_in(read: _Read, mapping: Mapping) -> Any:
    """Gives the fields of a row that have a default and nothing in the file."""
    places = {column.name: column.index for column in read.columns}
    defaults = [one for one in read.target.fields if one.default is not None]
    columns = [(one, places.get(mapping.columns.get(one.name, ""))) for one in defaults]

    def filled(row: Row) -> list[str]:
        return [
            one.name
            for one, index in columns
            if index is None or index >= len(row.cells) or is_empty(one, row.cells[index])
        ]

    return filled


def _twice(target: Target, clean: Clean, seen: _Seen) -> tuple[Reason | None, list[str]]:
    """Why a row is another's double; else the kinds of its records that an earlier row has said."""
    skip: list[str] = []
    parts = parts_of(target, clean.values)
    for part in parts:
        own = part.own
        if own is None:
            continue
        what = comparable(str(clean.values.get("name" if part.kind == "customer" else "number") or ""))
        first = seen.first(part.kind, own, clean.number, what)
        if first is None:
            continue
        if part.kind == target.kind == "customer" and len(parts) > 1:
            if first[1] != what:
                return reason("name", "name_differs", str(clean.values["name"]), row=first[0]), []
            skip.append(part.kind)
            continue
        field = _field_of(target, part.kind)
        if part.kind == "service_point" and first[1] != what:
            return reason(field, "meter_twice", row=first[0]), []
        return reason(field, "row_twice", row=first[0]), []
    return None, skip


def _field_of(target: Target, kind: str) -> str:
    own = target.own if kind == target.kind else target.also[kind]
    return own[0][0]


def _refused(number: int, reasons: Sequence[Reason], about: list[str]) -> Staged:
    return Staged(number, "refused", None, [one.as_dict() for one in reasons], is_done=True, about=about)


def _kept(target: Target, row: RowIn, clean: Clean, judged: Judged) -> Staged:
    reasons = [one.as_dict() for one in (judged.reasons or [*clean.notes, *judged.notes])]
    if judged.verdict == "same":
        return Staged(row.number, "same", record_id=judged.record_id, is_done=True)
    if judged.verdict == "refused":
        about = about_values(target, row.values)
        return Staged(
            row.number, "refused", None, reasons, record_id=judged.record_id, is_done=True, about=about
        )
    return Staged(row.number, judged.verdict, clean_as_dict(row), reasons, record_id=judged.record_id)


def clean_as_dict(row: RowIn) -> dict[str, Any]:
    """A row as it is staged."""
    found: dict[str, Any] = {"values": dict(row.values)}
    if row.defaulted:
        found["defaulted"] = list(row.defaulted)
    if row.skip:
        found["skip"] = list(row.skip)
    if row.replaces:
        found["replaces"] = row.replaces
    if row.located is not None:
        one = row.located
        found["located"] = {
            "cell_id": one.cell_id, "place": one.place, "confidence": round(one.confidence, 3),
            "is_sure": one.is_sure, "reason": one.reason.as_dict(),
        }  # fmt: skip
    return found


def _keep_progress(session: Session, run_id: str, done: int) -> None:
    run = session.get_one(ImportRun, UUID(run_id))
    run.done = done


def _conclude(
    session: Session, run: ImportRun, read: _Read, mapping: Mapping, study: Study, seen: _Seen,
    counts: Counter[str], units: frozenset[str],
) -> None:  # fmt: skip
    gone = _gone(session, read, seen, units)
    run_rows.stage(session, read.run_id, gone[:_MOST_GONE])
    run.mapping = mapping.as_dict()
    run.questions = [one.as_dict() for one in study.questions]
    run.counts = dict(counts) | ({"gone": len(gone)} if gone else {})
    run.state, run.done = "checked", run.rows


def _gone(session: Session, read: _Read, seen: _Seen, units: frozenset[str]) -> list[Staged]:
    """Records of the unit that the file does not name: only named, never taken away."""
    kind = read.target.kind
    if read.target.name not in ("customers", "staff"):
        return []
    named = {own for found, own in seen.rows if found == kind}
    missing = [(id_, form) for id_, form in held_by(session, kind, units) if form not in named]
    return [
        Staged(-n - 1, "gone", {"values": {"number": form}}, record_id=id_, is_done=True)
        for n, (id_, form) in enumerate(missing)
    ]
