"""Rows that wait for a person: settled in each way, twice, by two, in part, at a cell that goes away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.imports.queries import run_rows
from backend.imports.queries.run_rows import Staged
from backend.imports.services import runs, settling, writing
from backend.imports.services.working import work_on
from tests.factories import Town, middle, system, uid
from tests.imports.filing import ADMIN, apply, as_csv, checked, line, run_of

pytestmark = pytest.mark.usefixtures("in_process")
NOWHERE = {"经度": "", "纬度": "", "用水地址": "无名野路3号"}


@pytest.fixture
def run_id(database: Database) -> str:
    """Rows 2 to 5 of no place that anybody knows, and row 6 with one."""
    rows = [line(n, **NOWHERE | {"用水地址": f"无名野路{n}号"}) for n in range(1, 5)]
    return checked(database, as_csv([*rows, line(9)]))


def settle(database: Database, run_id: str, way: str, numbers: Any = None, **more: Any) -> int:
    with database.transaction() as session:
        return settling.settle_rows(session, ADMIN, run_id, way, numbers, **more)


def said(database: Database, run_id: str) -> dict[int, Any]:
    """What was said of each row that waits."""
    with database.transaction() as session:
        return {one.number: one.settled for one in run_rows.listed(session, run_id, "to_settle", 0, 50)}


def counts(database: Database, run_id: str) -> dict[str, int]:
    return {name: n for name, n in run_of(database, run_id).counts.items() if name != "gone"}


def propose(database: Database, run_id: str, sure: dict[int, tuple[str, float]]) -> None:
    """As if the addresses of these rows had said where they may be."""
    with database.transaction() as session:
        for row in run_rows.unsettled(session, run_id, list(sure)):
            cell, confidence = sure[row.number]
            assert row.clean is not None
            row.clean["located"] |= {"cell_id": cell, "confidence": confidence}
            run_rows.stage(session, run_id, [row])


def points(database: Database) -> list[tuple[Any, ...]]:
    asked = """
        SELECT c.number, c.cell_id::text, p.cell_id::text
        FROM customer c
        LEFT JOIN service_point p ON p.customer_id = c.id
        WHERE c.number LIKE 'A%'
        ORDER BY 1
    """
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(asked))]


def test_what_is_settled_is_counted_at_once(database: Database, run_id: str) -> None:
    assert counts(database, run_id) == {"new": 1, "to_settle": 4}
    assert settle(database, run_id, "alone", [2, 3]) == 2
    assert counts(database, run_id) == {"new": 1, "to_settle": 2, "settled": 2}
    assert run_of(database, run_id).counts["gone"] == 6
    settle(database, run_id, "alone")
    assert counts(database, run_id) == {"new": 1, "settled": 4}


def test_the_rest_leaves_what_somebody_said_by_hand(database: Database, town: Town, run_id: str) -> None:
    """One administrator places a row, another lets all that wait be imported without a point."""
    assert settle(database, run_id, "cell", [3], cell_id=town["cell 2"]) == 1
    assert settle(database, run_id, "alone") == 3
    assert said(database, run_id)[3] == {"cell_id": town["cell 2"]}
    assert settle(database, run_id, "alone") == 0
    apply(database, run_id)
    cell = town["cell 2"]
    assert points(database) == [
        ("A000001", None, None), ("A000002", cell, cell), ("A000003", None, None), ("A000004", None, None),
        ("A000009", town["cell 0"], town["cell 0"]),
    ]  # fmt: skip


def test_a_row_that_is_named_is_said_anew(database: Database, town: Town, run_id: str) -> None:
    settle(database, run_id, "alone", [2])
    assert settle(database, run_id, "place", [2], place=middle(1)) == 1
    assert said(database, run_id)[2] == {"place": middle(1)}
    apply(database, run_id)
    assert points(database)[0] == ("A000001", town["cell 1"], town["cell 1"])


@pytest.mark.parametrize("numbers", [[], [6], [7], [-1]])
def test_rows_that_do_not_wait_are_not_settled(database: Database, run_id: str, numbers: list[int]) -> None:
    assert settle(database, run_id, "alone", numbers) == 0
    assert set(said(database, run_id).values()) == {None}


def test_only_what_is_sure_enough_is_taken_as_proposed(database: Database, town: Town, run_id: str) -> None:
    propose(database, run_id, {2: (town["cell 0"], 0.9), 3: (town["cell 1"], 0.5), 4: (uid("nowhere"), 0.99)})
    assert settle(database, run_id, "proposed", least_confidence=0.91) == 0
    assert settle(database, run_id, "proposed", least_confidence=0.9) == 1
    assert settle(database, run_id, "proposed") == 1
    assert said(database, run_id) == {
        2: {"cell_id": town["cell 0"]}, 3: {"cell_id": town["cell 1"]}, 4: None, 5: None
    }  # fmt: skip


def test_another_units_cell_is_not_taken_even_where_it_was_proposed(
    database: Database, town: Town, run_id: str
) -> None:
    propose(database, run_id, {2: (town["cell 3"], 0.99)})
    assert settle(database, run_id, "proposed") == 0
    with pytest.raises(Problem, match="not_found"):
        settle(database, run_id, "cell", [2], cell_id=town["cell 3"])


@pytest.mark.parametrize(("way", "kind"), [("cell", "cell"), ("place", "place")])
def test_a_way_needs_what_it_is_about(database: Database, run_id: str, way: str, kind: str) -> None:
    with pytest.raises(Problem) as refused:
        settle(database, run_id, way)
    assert (refused.value.code, refused.value.detail["kind"]) == ("not_found", kind)
    assert set(said(database, run_id).values()) == {None}


def test_what_is_being_written_is_settled_no_more(database: Database, run_id: str) -> None:
    with database.transaction() as session:
        runs.apply_run(session, ADMIN, run_id)
    with pytest.raises(Problem) as refused:
        settle(database, run_id, "alone")
    assert (refused.value.code, refused.value.detail) == ("import_busy", {"state": "applying"})


def test_a_cell_that_ended_leaves_its_rows_to_be_settled(database: Database, town: Town, run_id: str) -> None:
    settle(database, run_id, "cell", [2], cell_id=town["cell 2"])
    settle(database, run_id, "alone", [3])
    with database.transaction() as session:
        ended = {"valid_until": (today() - timedelta(days=1)).isoformat()}
        record_writer.change(session, system(town["north"]), "cell", town["cell 2"], ended)
    run = apply(database, run_id)
    assert run.state == "applied"
    assert [row[0] for row in points(database)] == ["A000002", "A000009"]
    with database.transaction() as session:
        (row,) = run_rows.listed(session, run_id, "refused", 0, 5)
    assert row.number == 2
    assert row.reasons[0]["zh"]
    assert row.reasons[0]["en"]


def test_progress_counts_what_will_be_written(
    database: Database, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four rows that wait one is settled: two of two are written, and not two of five."""
    monkeypatch.setattr(writing, "BATCH", 1)
    settle(database, run_id, "alone", [4])
    with database.transaction() as session:
        runs.apply_run(session, ADMIN, run_id)
    told: list[tuple[int, int]] = []
    work_on(database, run_id, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert counts(database, run_id) == {"new": 2, "to_settle": 3}


def test_checking_again_forgets_what_was_said(database: Database, run_id: str) -> None:
    settle(database, run_id, "alone")
    run = run_of(database, run_id)
    with database.transaction() as session:
        columns, answers = run.mapping["columns"], run.mapping["answers"]
        runs.confirm_mapping(session, ADMIN, run_id, columns, answers, {})
    work_on(database, run_id)
    assert counts(database, run_id) == {"new": 1, "to_settle": 4}
    assert set(said(database, run_id).values()) == {None}


def test_an_address_that_is_known_by_now_is_found_the_next_time(
    database: Database, town: Town, run_id: str
) -> None:
    """The run goes on by what was said; a later file finds the street by itself."""
    with database.transaction() as session:
        values = {
            "customer_id": town["customer 0"], "address": "无名野路4号", "place": middle(1),
            "cell_id": town["cell 1"], "nature": "residential",
        }  # fmt: skip
        record_writer.create(session, system(town["north"]), "service_point", values)
    assert apply(database, run_id).counts["to_settle"] == 4
    later = checked(database, as_csv([line(4, **NOWHERE | {"用水地址": "无名野路4号"})]))
    assert counts(database, later) == {"new": 1}
    apply(database, later)
    assert points(database)[0] == ("A000004", town["cell 1"], town["cell 1"])


def test_rows_are_staged_over_their_numbers(database: Database, run_id: str) -> None:
    with database.transaction() as session:
        run_rows.stage(session, run_id, [])
        run_rows.stage(session, run_id, [Staged(2, "refused", None, [{"zh": "甲", "en": "a"}], is_done=True)])
        assert run_rows.counts(session, run_id) == {"gone": 6, "new": 1, "refused": 1, "to_settle": 3}
