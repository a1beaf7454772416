"""Rows of an import: staged in bulk, counted, listed, and marked when they are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.comparing import comparable


@dataclass(slots=True)
class Staged:
    """A row as it is kept: its number, verdict, clean values, reasons, and what a person said of it."""

    number: int
    verdict: str
    clean: dict[str, Any] | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)
    settled: dict[str, Any] | None = None
    record_id: str | None = None
    is_done: bool = False
    about: list[str] | None = None


def stage(session: Session, run_id: str, rows: Sequence[Staged]) -> None:
    """Keep rows, in the place of those of the same numbers."""
    if not rows:
        return
    given = {
        "run": run_id,
        "numbers": [one.number for one in rows],
        "verdicts": [one.verdict for one in rows],
        "cleans": [orjson.dumps(one.clean).decode() if one.clean is not None else None for one in rows],
        "reasons": [orjson.dumps(one.reasons).decode() for one in rows],
        "records": [one.record_id for one in rows],
        "done": [one.is_done for one in rows],
        # An array of arrays would have to be of one length.
        "abouts": [" ".join(one.about) if one.about else None for one in rows],
    }
    session.execute(text(_STAGE), given)


def forget(session: Session, run_id: str, numbers: Collection[int] | None = None) -> None:
    """Take rows of a run away: these, or all."""
    given = None if numbers is None else list(numbers)
    session.execute(text(_FORGET), {"run": run_id, "numbers": given})


def rows_about(
    session: Session, record_id: str, number: str, says: Sequence[tuple[str, str]], about: Sequence[str]
) -> dict[str, list[int]]:
    """Run -> its rows that became a record, or name it by its number in one of these fields of a target; of
    refused rows those that are marked with one of these hashes."""
    given = {
        "about": list(about),
        "record": record_id,
        "number": comparable(number),
        "targets": [one[0] for one in says],
        "fields": [one[1] for one in says],
    }
    found: dict[str, list[int]] = {}
    for run_id, row in session.execute(text(_ABOUT), given):
        found.setdefault(run_id, []).append(row)
    return found


def records(session: Session, run_id: str) -> list[str]:
    """The records that rows of a run are, or became."""
    return list(session.execute(text(_RECORDS), {"run": run_id}).scalars())


def waiting(session: Session, run_id: str, most: int) -> list[Staged]:
    """The next rows that are to be written."""
    return _rows(session, _WAITING, run=run_id, most=most)


def listed(session: Session, run_id: str, verdict: str, after: int, most: int) -> list[Staged]:
    """Rows of a verdict behind a number."""
    return _rows(session, _LISTED, run=run_id, verdict=verdict, after=after, most=most)


def unsettled(session: Session, run_id: str, numbers: Collection[int] | None) -> list[Staged]:
    """Rows that wait for a person: these, or all that nobody has settled."""
    given = None if numbers is None else list(numbers)
    return _rows(session, _UNSETTLED, run=run_id, numbers=given)


def settle(session: Session, run_id: str, answers: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """What a person said of rows."""
    rows = list(answers)
    given = {
        "run": run_id,
        "numbers": [row[0] for row in rows],
        "settled": [orjson.dumps(row[1]).decode() for row in rows],
    }
    session.execute(text(_SETTLE), given)


def counts(session: Session, run_id: str) -> dict[str, int]:
    """Rows by verdict; `settled` are those to settle that somebody has settled."""
    return {row[0]: row[1] for row in session.execute(text(_COUNTS), {"run": run_id})}


def _rows(session: Session, asked: str, **given: Any) -> list[Staged]:
    return [Staged(*row) for row in session.execute(text(asked), given)]


_STAGE = """
    INSERT INTO import_row (run_id, number, verdict, clean, reasons, record_id, is_done, about)
    SELECT CAST(:run AS uuid), r.number, r.verdict, r.clean::jsonb, r.reasons::jsonb, r.record::uuid, r.done,
        string_to_array(r.about, ' ')
    FROM unnest(
        CAST(:numbers AS integer[]), CAST(:verdicts AS text[]), CAST(:cleans AS text[]),
        CAST(:reasons AS text[]), CAST(:records AS text[]), CAST(:done AS boolean[]),
        CAST(:abouts AS text[])
    ) AS r(number, verdict, clean, reasons, record, done, about)
    ON CONFLICT (run_id, number) DO UPDATE
    SET verdict = excluded.verdict, clean = excluded.clean, reasons = excluded.reasons,
        record_id = excluded.record_id, is_done = excluded.is_done, about = excluded.about
"""
_FORGET = """
    DELETE FROM import_row
    WHERE run_id = CAST(:run AS uuid)
    AND (CAST(:numbers AS integer[]) IS NULL OR number = ANY(CAST(:numbers AS integer[])))
"""
_ABOUT = """
    SELECT w.run_id::text, w.number
    FROM import_row w
    JOIN import_run r ON r.id = w.run_id
    WHERE w.record_id = CAST(:record AS uuid)
    OR (:number <> '' AND EXISTS (
        SELECT 1
        FROM unnest(CAST(:targets AS text[]), CAST(:fields AS text[])) AS said(target, field)
        WHERE said.target = r.target
        AND lower(w.clean->'values'->>said.field) = :number
    ))
    OR w.about && CAST(:about AS text[])
    ORDER BY 1, 2
"""
_RECORDS = """
    SELECT DISTINCT record_id::text
    FROM import_row
    WHERE run_id = CAST(:run AS uuid)
    AND record_id IS NOT NULL
    AND verdict IN ('new', 'changed', 'same')
"""
_WAITING = """
    SELECT number, verdict, clean, reasons, settled, record_id::text, is_done
    FROM import_row
    WHERE run_id = CAST(:run AS uuid)
    AND is_done IS false
    AND (verdict IN ('new', 'changed') OR (verdict = 'to_settle' AND settled IS NOT NULL))
    ORDER BY number
    LIMIT :most
"""
_LISTED = """
    SELECT number, verdict, clean, reasons, settled, record_id::text, is_done
    FROM import_row
    WHERE run_id = CAST(:run AS uuid)
    AND verdict = :verdict
    AND number > :after
    ORDER BY number
    LIMIT :most
"""
_UNSETTLED = """
    SELECT number, verdict, clean, reasons, settled, record_id::text, is_done
    FROM import_row
    WHERE run_id = CAST(:run AS uuid)
    AND verdict = 'to_settle'
    AND is_done IS false
    AND CASE
        WHEN CAST(:numbers AS integer[]) IS NULL THEN settled IS NULL
        ELSE number = ANY(CAST(:numbers AS integer[]))
    END
    ORDER BY number
"""
_SETTLE = """
    UPDATE import_row w
    SET settled = r.settled::jsonb
    FROM unnest(CAST(:numbers AS integer[]), CAST(:settled AS text[])) AS r(number, settled)
    WHERE w.run_id = CAST(:run AS uuid)
    AND w.number = r.number
    AND w.verdict = 'to_settle'
    AND NOT w.is_done
"""
_COUNTS = """
    SELECT CASE WHEN verdict = 'to_settle' AND settled IS NOT NULL THEN 'settled' ELSE verdict END, count(*)
    FROM import_row
    WHERE run_id = CAST(:run AS uuid)
    GROUP BY 1
"""
