"""A run that is cut anywhere goes on where it was; two at once wait; one bad row stops none."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.errors import Problem
from backend.imports.queries import run_rows
from backend.imports.services import runs, working, writing
from backend.imports.services.working import ALONE, work_on_runs
from tests.imports.filing import ADMIN, apply, as_csv, checked, line, run_of

ROWS = 23


class Killed(BaseException):
    """What a process meets that is gone in the middle of its work."""


def number_of(database: Database, kind: str) -> int:
    with database.transaction() as session:
        asked = f"SELECT count(*) FROM {kind} WHERE created_at > now() - interval '1 hour' AND version = 1"
        return int(session.execute(text(asked)).scalar_one())


@pytest.fixture
def run_id(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(writing, "BATCH", 5)
    found = checked(database, as_csv([line(n, n % 3) for n in range(ROWS)]))
    with database.transaction() as session:
        runs.apply_run(session, ADMIN, found)
    return found


@pytest.mark.parametrize("step", range(1, 12, 2))
def test_a_run_killed_anywhere_goes_on(
    database: Database, run_id: str, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    before = number_of(database, "customer")
    steps = itertools.count(1)

    def deadly(real: Any) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            if next(steps) == step:
                raise Killed
            found = real(*given, **more)
            if next(steps) == step:
                raise Killed
            return found

        return call

    with monkeypatch.context() as patched:
        patched.setattr(writing.record_writer, "create_many", deadly(writing.record_writer.create_many))
        patched.setattr(run_rows, "stage", deadly(run_rows.stage))
        with pytest.raises(Killed):
            work_on_runs(database)
    assert run_of(database, run_id).state == "applying"
    work_on_runs(database)
    run = run_of(database, run_id)
    assert (run.state, run.done) == ("applied", ROWS)
    assert number_of(database, "customer") == before + ROWS
    with database.transaction() as session:
        asked = "SELECT count(*), count(DISTINCT number) FROM customer WHERE number LIKE 'A%'"
        assert tuple(session.execute(text(asked)).one()) == (ROWS, ROWS)


def test_a_worker_that_has_no_more_time_goes_on_at_its_next_turn(database: Database, run_id: str) -> None:
    assert working.work_on(database, run_id, until=0.0) is False
    assert run_of(database, run_id).state == "applying"
    assert work_on_runs(database) == 1


def test_who_is_second_waits(database: Database, run_id: str) -> None:
    with database.alone(ALONE) as is_mine:
        assert is_mine
        assert work_on_runs(database) == 0
    other = checked(database, as_csv([line(n, n % 3) for n in range(3)]))
    assert run_of(database, run_id).state == "applied"
    assert run_of(database, other).counts["same"] == 3


def test_what_somebody_wrote_meanwhile_is_seen(database: Database) -> None:
    """Checked as new, there when it is written: changed as the file says, and not doubled."""
    first = checked(database, as_csv([line(1, 联系电话="13700000001")]))
    second = checked(database, as_csv([line(1, 联系电话="13700000002")]))
    apply(database, first)
    assert apply(database, second).state == "applied"
    with database.transaction() as session:
        asked = "SELECT phone, version FROM customer WHERE number = 'A000001'"
        assert [tuple(row) for row in session.execute(text(asked))] == [("13700000002", 2)]


def test_one_bad_row_stops_no_other(database: Database, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = writing.record_writer.create_many

    def picky(session: Any, actor: Any, kind: str, rows: Any, **more: Any) -> Any:
        if any(values.get("number") == "A000003" for _, values in rows):
            raise Problem(
                "check_failed", faults=[{"field": "number", "code": "odd", "zh": "怪", "en": "odd"}]
            )
        return real(session, actor, kind, rows, **more)

    monkeypatch.setattr(writing.record_writer, "create_many", picky)
    work_on_runs(database)
    run = run_of(database, run_id)
    assert (run.state, run.counts["new"], run.counts["refused"]) == ("applied", ROWS - 1, 1)
    with database.transaction() as session:
        (row,) = run_rows.listed(session, run_id, "refused", 0, 5)
    assert row.reasons[0]["zh"] == "怪"


def test_a_run_that_breaks_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(working, "check_run", broken)
    run = run_of(database, checked(database, as_csv([line(1)])))
    assert (run.state, run.problem and run.problem["code"]) == ("failed", "server_error")
