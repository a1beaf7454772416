"""Customers with their points: checked, written in batches, and the second time nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.imports.queries import run_rows
from backend.imports.queries.ledger import Ledger, MergedAway
from tests.conftest import Person
from tests.customers.test_merging import merge
from tests.factories import Town, uid
from tests.imports.filing import apply, as_csv, checked, imported, line, run_of


def rows_of(database: Database, asked: str, **given: Any) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(asked), given)]


def customers(database: Database) -> list[tuple[Any, ...]]:
    return rows_of(
        database,
        """
            SELECT c.number, c.name, c.cell_id::text, p.meter_number, p.cell_id::text, c.pinyin, c.version
            FROM customer c
            LEFT JOIN service_point p ON p.customer_id = c.id
            WHERE c.number LIKE 'A%'
            ORDER BY c.number, p.meter_number
        """,
    )


def test_a_file_is_checked_and_nothing_is_written(database: Database, town: Town) -> None:
    run = run_of(database, checked(database, as_csv([line(1), line(2, cell=1)])))
    assert (run.state, run.problem) == ("checked", None)
    assert {name: n for name, n in run.counts.items() if name != "gone"} == {"new": 2}
    assert customers(database) == []


def test_customers_and_points_are_written_and_filed(database: Database, town: Town) -> None:
    run = imported(database, as_csv([line(1), line(2, cell=1)]))
    assert run.state == "applied"
    assert rows_of(database, "SELECT packed FROM import_run") == [(None,)]
    found = customers(database)
    assert [row[:1] + row[2:5] for row in found] == [
        ("A000001", town["cell 0"], "B0000001", town["cell 0"]),
        ("A000002", town["cell 1"], "B0000002", town["cell 1"]),
    ]
    assert all(row[5] for row in found)


def test_the_second_run_writes_nothing(database: Database) -> None:
    data = as_csv([line(n, n % 3) for n in range(40)])
    imported(database, data)
    before = rows_of(database, "SELECT count(*), max(version) FROM sync_history")
    run = run_of(database, checked(database, data))
    assert {name: n for name, n in run.counts.items() if name != "gone"} == {"same": 40}
    assert apply(database, str(run.id)).state == "applied"
    acts = rows_of(database, "SELECT count(*) FROM sync_history WHERE kind = 'administrative_act'")
    after = rows_of(database, "SELECT count(*), max(version) FROM sync_history")
    assert after[0][0] == before[0][0] + 1, acts


def test_what_changed_is_changed_alone(database: Database) -> None:
    imported(database, as_csv([line(1), line(2)]))
    changed = [line(1), line(2, 联系电话="13500000000", 口径="DN25")]
    run = run_of(database, checked(database, as_csv(changed)))
    assert (run.counts["same"], run.counts["changed"]) == (1, 1)
    apply(database, str(run.id))
    assert rows_of(
        database,
        """
            SELECT c.phone, p.diameter_mm, c.version, p.version
            FROM customer c
            JOIN service_point p ON p.customer_id = c.id
            WHERE c.number = 'A000002'
        """,
    ) == [("13500000000", 25, 2, 2)]


def test_an_empty_cell_keeps_what_is_there_unless_asked(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    emptied = as_csv([line(1, 联系电话="")])
    assert run_of(database, checked(database, emptied)).counts["same"] == 1
    run = run_of(database, checked(database, emptied, clears_empty=True))
    assert run.counts["changed"] == 1
    apply(database, str(run.id))
    assert rows_of(database, "SELECT phone FROM customer WHERE number = 'A000001'") == [(None,)]


def test_a_column_that_is_not_there_empties_nothing(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    short = as_csv([["A000001", "张二乙"]], ("户号", "户名"))
    assert run_of(database, checked(database, short, clears_empty=True)).counts["same"] == 1


def test_a_default_does_not_undo_what_somebody_entered(database: Database) -> None:
    imported(database, as_csv([line(1, 用户类型="大用户", 用水性质="工业")]))
    short = as_csv([["A000001", "张二乙", "B0000001"]], ("户号", "户名", "表号"))
    assert run_of(database, checked(database, short)).counts["same"] == 1


def test_doubles_are_refused_by_the_row_they_repeat(database: Database) -> None:
    rows = [line(1), line(1), line(2, 表号="B0000001"), line(1, 户名="别人", 表号="B7")]
    run = run_of(database, checked(database, as_csv(rows)))
    assert (run.counts["new"], run.counts["refused"]) == (1, 3)
    with database.transaction() as session:
        found = run_rows.listed(session, str(run.id), "refused", 0, 10)
    assert [one.reasons[0]["code"] for one in found] == ["row_twice", "meter_twice", "name_differs"]
    assert "第 2 行" in found[0].reasons[0]["zh"]


def test_several_meters_of_one_customer_are_points_of_theirs(database: Database) -> None:
    rows = [line(1), line(1, 表号="B0000009", 用水地址="泊岸路1号乙", 联系电话="")]
    run = imported(database, as_csv(rows))
    assert run.counts["new"] == 2
    assert [row[3] for row in customers(database)] == ["B0000001", "B0000009"]
    assert run_of(database, checked(database, as_csv(rows))).counts["same"] == 2


def test_who_is_missing_is_named_and_stays(database: Database) -> None:
    run = imported(database, as_csv([line(1)]))
    assert run.counts["gone"] == 6
    with database.transaction() as session:
        found = run_rows.listed(session, str(run.id), "gone", -100, 10)
    assert {one.clean["values"]["number"] for one in found if one.clean} >= {"k0000", "k0001"}
    assert rows_of(database, "SELECT count(*) FROM customer WHERE deleted_at IS NOT NULL") == [(0,)]


def test_what_was_merged_away_is_not_made_anew(
    database: Database, town: Town, as_: Callable[[str], Person]
) -> None:
    """Nor does its number take the place of the kept one's; a meter that names it finds the kept one."""
    assert merge(as_("admin")).status_code == 200
    run = imported(database, as_csv([line(1, 户号="K0001")]))
    assert {name: n for name, n in run.counts.items() if name != "gone"} == {"refused": 1}
    with database.transaction() as session:
        (row,) = run_rows.listed(session, str(run.id), "refused", 0, 10)
        assert row.reasons[0]["code"] == "merged_away"
        ledger = Ledger(session, [town["north"]])
        ledger.look_ahead([("customer", "k0001"), ("customer", "K0000")])
        assert ledger.find("customer", "K0001") == ledger.own("customer", "K0000") == town["customer 0"]
        with pytest.raises(MergedAway):
            ledger.own("customer", "K0001")
        rows = run_rows.listed(session, str(run.id), "gone", -100, 10)
        gone = {one.clean["values"]["number"] for one in rows if one.clean}
    assert "k0000" in gone
    assert "k0001" not in gone


def test_another_branchs_number_is_refused(database: Database) -> None:
    run = run_of(database, checked(database, as_csv([line(1, 户号="K0003")])))
    with database.transaction() as session:
        (row,) = run_rows.listed(session, str(run.id), "refused", 0, 10)
    assert row.reasons[0]["code"] == "of_another_unit"


def test_the_group_imports_for_its_branches(database: Database, town: Town) -> None:
    head = ("户号", "户名", "营业所")
    imported(database, as_csv([["Z1", "甲", "south"], ["Z2", "乙", "north"]], head), unit="group")
    assert rows_of(
        database, "SELECT number, unit_id::text FROM customer WHERE number LIKE 'Z%' ORDER BY 1"
    ) == [
        ("Z1", uid("south")),
        ("Z2", uid("north")),
    ]
