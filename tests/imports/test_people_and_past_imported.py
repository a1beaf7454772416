"""Staff, crews, who represents which cell, and jobs and visits of the past: by name and number, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from backend.core.db import Database
from backend.imports.kinds.import_run import ImportRun
from backend.imports.queries import run_rows
from tests.factories import Town
from tests.imports.filing import as_csv, checked, imported, run_of


def found(database: Database, asked: str) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(asked))]


def once(database: Database, head: Sequence[str], rows: Sequence[Sequence[str]], target: str) -> ImportRun:
    """A file imported; the second time it changes nothing."""
    data = as_csv(rows, head)
    run = imported(database, data, target)
    assert run.state == "applied", run.problem
    again = run_of(database, checked(database, data, target))
    written = sum(run.counts.get(one, 0) for one in ("new", "changed", "same"))
    assert again.counts.get("same") == written, (run.counts, again.counts)
    return run


def reasons(database: Database, run: ImportRun) -> list[str]:
    with database.transaction() as session:
        rows = run_rows.listed(session, str(run.id), "refused", 0, 100)
    return [one.reasons[0]["code"] for one in rows]


def test_staff_with_posts_and_skills(database: Database) -> None:
    head = ("工号", "姓名", "岗位", "工作电话", "角色")
    rows = [["X01", "钱一", "客户代表", "13800000001", "客户代表"], ["T005", "员工五", "客户代表", "", ""]]
    run = once(database, head, rows, "staff")
    assert (run.counts["new"], run.counts["changed"]) == (1, 1)
    assert found(database, "SELECT name, post, is_active FROM staff WHERE staff_number = 'X01'") == [
        ("钱一", "customer_representative", True)
    ]


def test_a_crew_names_its_people_by_their_numbers(database: Database, town: Town) -> None:
    head = ("班组名称", "班长", "成员", "技能")
    rows = [["三班", "T007", "T007、T008", "管道维修"], ["四班", "T999", "T007", "管道维修"]]
    run = once(database, head, rows, "crews")
    assert (run.counts["new"], run.counts["refused"]) == (1, 1)
    assert reasons(database, run) == ["no_such"]
    asked = "SELECT leader_id::text, cardinality(member_ids), shift_start FROM crew WHERE name = '三班'"
    assert found(database, asked) == [(town["leader"], 2, "08:00")]


def test_a_cell_is_handed_over(database: Database, town: Town) -> None:
    head = ("网格编号", "工号")
    run = once(database, head, [["C2", "T005"], ["C1", "T005"], ["C0", "T001"]], "cell_representatives")
    assert (run.counts["new"], run.counts["same"], run.counts["refused"]) == (1, 1, 1)
    serving = found(
        database,
        """
            SELECT staff_id::text
            FROM cell_assignment a
            JOIN cell c ON c.id = a.cell_id
            WHERE c.code = 'C2'
            AND a.deleted_at IS NULL
            AND (a.valid_until IS NULL OR a.valid_until >= current_date)
        """,
    )
    assert serving == [(town["rep"],)]


def test_jobs_of_the_past_are_kept_and_nothing_follows(database: Database, town: Town) -> None:
    head = ("工单号", "事项", "状态", "户号", "受理时间", "办结时间", "处理结果", "地址")
    rows = [
        ["W-1", "漏水维修", "已办结", "K0001", "2025-03-01 08:00", "2025-03-01 12:30", "换管", "香港中路2号"],
        ["W-2", "不知道", "已办结", "", "2025-03-02 08:00", "", "", "某处"],
    ]
    run = once(database, head, rows, "past_jobs")
    assert (run.counts["new"], reasons(database, run)) == (1, ["no_such"])
    asked = """
        SELECT state, matter_id::text, customer_id::text, cell_id::text, result, closed_at AT TIME ZONE 'UTC'
        FROM work_order
        WHERE number = 'W-1'
    """
    ((*job, closed),) = found(database, asked)
    assert job == ["closed", town["leak"], town["customer 1"], town["cell 1"], "换管"]
    assert str(closed) == "2025-03-01 04:30:00"
    assert found(
        database, "SELECT count(*) FROM outbox WHERE fact = 'work_order.written' AND done_at IS NULL"
    ) == [(0,)]


def test_visits_of_the_past(database: Database, town: Town) -> None:
    head = ("户号", "走访人工号", "走访时间", "走访方式", "走访记录")
    rows = [["K0001", "T005", "2025-05-06 09:30", "电话", "一切正常"]]
    run = once(database, head, rows, "past_visits")
    assert run.counts["new"] == 1
    asked = "SELECT state, representative_id::text, cell_id::text FROM visit WHERE summary = '一切正常'"
    assert found(database, asked) == [("done", town["rep"], town["cell 1"])]
