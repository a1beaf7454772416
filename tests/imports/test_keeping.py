"""What files said is forgotten ninety days after a run ended, and of a person when they are erased."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.errors import Problem
from backend.imports import periodic
from backend.imports.queries import run_rows
from backend.imports.services import runs, working
from backend.imports.services.keeping import KEEP_ROWS, forget_old_runs, forget_record
from tests.factories import Town
from tests.imports.filing import ADMIN, apply, as_csv, checked, imported, line, run_of

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("in_process")
NOWHERE = {"经度": "", "纬度": "", "用水地址": "无名野路3号"}


def forget(database: Database, in_days: int) -> int:
    with database.transaction() as session:
        return forget_old_runs(session, datetime.now(UTC) + in_days * DAY)


def kept(database: Database, run_id: str) -> tuple[int, bool, list[str]]:
    """How many rows a run has, whether its file, and which examples."""
    with database.transaction() as session:
        asked = """
            SELECT (SELECT count(*) FROM import_row WHERE run_id = r.id), packed IS NOT NULL, head
            FROM import_run r
            WHERE id = CAST(:id AS uuid)
        """
        rows, packed, head = session.execute(text(asked), {"id": run_id}).one()
    return rows, packed, [text for one in head["columns"] for text in one["examples"]]


def record_of(database: Database, number: str) -> str:
    with database.transaction() as session:
        asked = "SELECT id::text FROM customer WHERE number = :number"
        return str(session.execute(text(asked), {"number": number}).scalar_one())


def erase(database: Database, kind: str, record_id: str) -> int:
    with database.transaction() as session:
        return forget_record(session, kind, record_id)


def test_a_run_that_ended_is_kept_ninety_days(database: Database) -> None:
    run = imported(database, as_csv([line(1), line(2, 户名="")]))
    assert forget(database, KEEP_ROWS.days - 1) == 0
    rows, packed, examples = kept(database, str(run.id))
    assert (rows, packed) == (8, False)
    assert "A000001" in examples
    assert forget(database, KEEP_ROWS.days + 1) == 1
    assert kept(database, str(run.id)) == (0, False, [])
    told = run_of(database, str(run.id))
    assert (told.state, told.counts["new"], told.counts["refused"]) == ("applied", 1, 1)
    assert forget(database, KEEP_ROWS.days + 1) == 0


def test_what_was_left_lying_is_discarded_with_its_file(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]))
    assert kept(database, run_id)[1]
    assert forget(database, KEEP_ROWS.days + 1) == 1
    assert kept(database, run_id) == (0, False, [])
    assert run_of(database, run_id).state == "discarded"
    assert run_of(database, run_id).ended_at is not None


def test_what_waits_to_be_written_is_not_forgotten(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]))
    with database.transaction() as session:
        runs.apply_run(session, ADMIN, run_id)
    assert forget(database, 10 * KEEP_ROWS.days) == 0
    assert run_of(database, run_id).state == "applying"


def test_a_run_that_failed_keeps_its_file_no_longer_than_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.delattr(working, "check_run")
        run_id = checked(database, as_csv([line(1)]))
    run = run_of(database, run_id)
    assert run.state == "failed"
    assert run.ended_at is not None
    assert forget(database, KEEP_ROWS.days + 1) == 1
    assert kept(database, run_id) == (0, False, [])
    assert run_of(database, run_id).state == "failed"


def test_a_discarded_run_keeps_no_example(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]))
    with database.transaction() as session:
        runs.discard_run(session, ADMIN, run_id)
    assert kept(database, run_id) == (0, False, [])
    assert [one["name"] for one in run_of(database, run_id).head["columns"]][:2] == ["户号", "户名"]


def test_the_nightly_task_forgets(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]))
    with database.transaction() as session:
        session.execute(text("UPDATE import_run SET made_at = now() - interval '91 days'"))

    class Worker:
        pass

    worker: Any = Worker()
    worker.database = database
    tidy, _ = [one for one in periodic.PERIODIC if one.task == "wangge.tidy"]
    assert tidy.run(worker) == 1
    assert run_of(database, run_id).state == "discarded"


def test_an_erased_customers_rows_go_and_the_others_stay(database: Database) -> None:
    run = imported(database, as_csv([line(1), line(2)]))
    assert erase(database, "customer", record_of(database, "A000001")) == 1
    rows, _, examples = kept(database, str(run.id))
    assert (rows, examples) == (7, [])
    with database.transaction() as session:
        (left,) = run_rows.listed(session, str(run.id), "new", 0, 9)
    assert left.record_id == record_of(database, "A000002")


@pytest.mark.parametrize("number", ["A000001", "a000001"])
def test_a_run_that_would_bring_them_back_is_discarded(database: Database, number: str) -> None:
    imported(database, as_csv([line(1)]))
    changed = checked(database, as_csv([line(1, 户号=number, 联系电话="13900000009"), line(2)]))
    other = checked(database, as_csv([line(3)]))
    with database.transaction() as session:
        session.execute(text("DELETE FROM import_row WHERE verdict = 'gone'"))
    assert erase(database, "customer", record_of(database, "A000001")) == 2
    assert run_of(database, changed).state == "discarded"
    assert kept(database, changed) == (0, False, [])
    assert run_of(database, other).state == "checked"


def test_a_row_that_only_names_them_goes_as_well(database: Database, town: Town) -> None:
    """Of no place yet, so it became no record; a meter's row names whose it is."""
    waiting = checked(database, as_csv([line(1, 户号="K0001", **NOWHERE)]))
    head = ("户号", "用水地址", "表号", "经度", "纬度")
    point = [*line(7)[:1], "泊岸路7号", "M7", "", ""]
    point[0] = "K0001"
    meters = checked(database, as_csv([[*point[:3], *line(7)[-2:]]], head), "service_points")
    assert run_of(database, meters).counts == {"new": 1}
    assert erase(database, "customer", town["customer 1"]) >= 2
    assert {run_of(database, one).state for one in (waiting, meters)} == {"discarded"}


def test_while_a_run_is_written_nobody_of_it_is_erased(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    changed = checked(database, as_csv([line(1, 联系电话="13900000009")]))
    with database.transaction() as session:
        runs.apply_run(session, ADMIN, changed)
    with pytest.raises(Problem, match="import_busy"):
        erase(database, "customer", record_of(database, "A000001"))
    assert kept(database, changed)[0] > 0


def test_who_was_in_no_file_is_in_none(database: Database, town: Town) -> None:
    run_id = checked(database, as_csv([line(1)]))
    with database.transaction() as session:
        session.execute(text("DELETE FROM import_row WHERE verdict = 'gone'"))
    assert erase(database, "customer", town["customer 0"]) == 0
    assert erase(database, "cell", town["cell 0"]) == 0
    assert run_of(database, run_id).state == "checked"
    with pytest.raises(Problem, match="not_found"):
        erase(database, "customer", town["nobody"])


def test_an_erased_number_does_not_come_back_by_the_same_run(database: Database) -> None:
    run_id = checked(database, as_csv([line(1), line(2)]))
    apply(database, run_id)
    erase(database, "customer", record_of(database, "A000001"))
    with pytest.raises(Problem, match="import_busy"):
        apply(database, run_id)


def refused(database: Database, run_id: str) -> list[int]:
    with database.transaction() as session:
        return [one.number for one in run_rows.listed(session, run_id, "refused", 0, 99)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"口径": "很大"},  # A good number: found by it.
        {"户号": "1.38E+10", "户名": "张一"},  # None that can be read: by the name,
        {"户号": "", "户名": "别人", "联系电话": "139-0000 0007 / 0532-86661234"},  # by the telephone.
    ],
)
def test_the_reasons_of_an_erased_customers_refused_rows_go(
    database: Database, wrong: dict[str, str]
) -> None:
    imported(database, as_csv([line(1, 户名="张一", 联系电话="13900000007")]))
    run = imported(
        database, as_csv([line(5), line(1, **({"联系电话": "13911112222"} | wrong)), line(6, 口径="很大")])
    )
    assert refused(database, str(run.id)) == [3, 4]
    erase(database, "customer", record_of(database, "A000001"))
    assert refused(database, str(run.id)) == [4]


def test_so_do_those_refused_when_they_were_judged_or_written(database: Database) -> None:
    imported(database, as_csv([line(1), line(9)]))
    judged = imported(database, as_csv([line(1, 表号="B0000009"), line(3)]))
    run_id = checked(database, as_csv([line(1, 表号="N9", 用水地址="新路1号"), line(4)]))
    imported(database, as_csv([line(8, 表号="N9")]))
    written = apply(database, run_id)
    assert refused(database, str(judged.id)) == refused(database, str(written.id)) == [2]
    erase(database, "customer", record_of(database, "A000001"))
    assert refused(database, str(judged.id)) == refused(database, str(written.id)) == []


def test_what_marks_a_refused_row_is_no_name_and_no_number(database: Database) -> None:
    run = imported(database, as_csv([line(1, 口径="很大")]))
    with database.transaction() as session:
        asked = "SELECT about FROM import_row WHERE run_id = CAST(:run AS uuid) AND verdict = 'refused'"
        (marks,) = session.execute(text(asked), {"run": str(run.id)}).scalars()
    assert len(marks) >= 3
    assert all(len(one) == 16 and set(one) <= set("0123456789abcdef") for one in marks)


def test_a_staff_members_refused_rows_go_by_their_number(database: Database, town: Town) -> None:
    run = imported(
        database,
        as_csv([["T005", "员工五", "国王"], ["T006", "员工六", "国王"]], ("工号", "姓名", "岗位")),
        "staff",
    )
    assert refused(database, str(run.id)) == [2, 3]
    erase(database, "staff", town["rep"])
    assert refused(database, str(run.id)) == [3]
