"""Files on odd ways: all refused, empty, of another form than before, by another clock, wild answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import pytest
from sqlalchemy import text

from backend.commands import imports as command
from backend.core.db import Database
from backend.core.errors import Problem
from backend.imports.kinds.import_run import ImportMapping
from backend.imports.reading.coordinates import is_system
from backend.imports.reading.shapes import Mapping
from backend.imports.reading.tables import read_table
from backend.imports.services import runs
from backend.imports.services.heads import columns_of, form_of
from tests.conftest import Person
from tests.factories import Town, uid
from tests.imports.filing import ADMIN, HEAD, apply, as_csv, checked, imported, line, run_of
from tests.installing import install_city

pytestmark = pytest.mark.usefixtures("in_process")
As = Callable[[str], Person]


def begun(database: Database, data: bytes, target: str = "customers") -> tuple[str, dict[str, str]]:
    """A run that was read: its id, the columns that were proposed."""
    with database.transaction() as session:
        given = uid("north"), target, "a.csv", data, read_table(data, "a.csv")
        run = runs.begin_run(session, ADMIN, *given)
        return str(run.id), run.mapping["columns"]


def one(database: Database, asked: str) -> Any:
    with database.transaction() as session:
        return session.execute(text(asked)).scalar_one()


def test_a_file_whose_rows_are_all_refused_writes_nothing(database: Database) -> None:
    before = one(database, "SELECT count(*) FROM sync_history")
    run_id = checked(database, as_csv([line(n, 户名="") for n in range(5)]))
    run = run_of(database, run_id)
    assert (run.state, run.counts) == ("checked", {"refused": 5, "gone": 6})
    assert apply(database, run_id).state == "applied"
    assert run_of(database, run_id).counts == {"refused": 5, "gone": 6}
    assert one(database, "SELECT count(*) FROM customer WHERE number LIKE 'A%'") == 0
    acts = one(database, "SELECT count(*) FROM sync_history WHERE kind = 'administrative_act'")
    assert one(database, "SELECT count(*) FROM sync_history") - before <= max(acts, 1)


@pytest.mark.parametrize(
    ("data", "code"),
    [(one, "table_empty") for one in (b"", b"\xef\xbb\xbf", b"\r\n\r\n", b",,,\n")],
)  # fmt: skip
def test_an_empty_file_is_refused_in_words(as_: As, town: Town, data: bytes, code: str) -> None:
    query = {"unit_id": town["north"], "target": "customers", "filename": "空.csv"}
    answer = as_("admin")("POST", "/imports", query_string=query, data=data)
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)
    assert as_("admin").get("/imports") == []


def test_a_file_of_a_head_alone_names_who_is_missing_and_touches_nobody(database: Database) -> None:
    run_id = checked(database, as_csv([]))
    run = run_of(database, run_id)
    assert (run.state, run.rows, run.counts) == ("checked", 0, {"gone": 6})
    assert apply(database, run_id).counts == {"gone": 6}
    assert one(database, "SELECT count(*) FROM customer WHERE deleted_at IS NOT NULL") == 0


def test_the_same_columns_in_another_order_are_the_same_form(database: Database) -> None:
    columns = imported(database, as_csv([line(1)])).mapping["columns"]
    turned = [list(reversed(line(2)))]
    assert begun(database, as_csv(turned, tuple(reversed(HEAD))))[1] == columns
    assert run_of(database, checked(database, as_csv(turned, tuple(reversed(HEAD))))).counts["new"] == 1


def test_a_file_with_one_column_more_is_proposed_by_names(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]), columns={"note": "户名"})
    apply(database, run_id)
    assert begun(database, as_csv([line(2)]))[1]["note"] == "户名"
    more = as_csv([[*line(2), "狗"]], (*HEAD, "备注"))
    assert begun(database, more)[1]["note"] == "备注"


def test_a_mapping_of_before_loses_what_is_no_more(database: Database) -> None:
    """A field that an older version knew, a column that is not in this file: the rest is proposed."""
    table = read_table(as_csv([line(1)]), "a.csv")
    with database.transaction() as session:
        saved = Mapping("customers", {"number": "户号", "name": "户名", "faded": "口径", "phone": "手机"})
        session.add(
            ImportMapping(
                id=uid("m"), unit_id=uid("north"), target="customers", form=form_of(table.columns),
                mapping=saved.as_dict(), saved_by_id=uid("admin"),
            )
        )  # fmt: skip
    run_id, columns = begun(database, as_csv([line(1)]))
    assert columns == {"number": "户号", "name": "户名"}
    with database.transaction() as session:
        assert runs.confirm_mapping(session, ADMIN, run_id, columns, {}, {}).state == "checking"


def test_each_unit_and_target_has_mappings_of_its_own(database: Database) -> None:
    apply(database, checked(database, as_csv([line(1)]), columns={"note": "户名"}))
    assert "note" not in begun(database, as_csv([line(1)]), "service_points")[1]
    with database.transaction() as session:
        data = as_csv([line(1)])
        given = uid("south"), "customers", "a.csv", data, read_table(data, "a.csv")
        assert "note" not in runs.begin_run(session, ADMIN, *given).mapping["columns"]


def test_the_last_mapping_of_a_form_is_kept(database: Database) -> None:
    for column in ("户名", "口径"):
        apply(database, checked(database, as_csv([line(1)]), columns={"note": column}))
    assert begun(database, as_csv([line(1)]))[1]["note"] == "口径"
    assert one(database, "SELECT count(*) FROM import_mapping") == 1


@pytest.mark.parametrize("numbers", [[2**40], [0], [-3], ["a"], [1.5], list(range(1, 1002))])
def test_row_numbers_that_cannot_be_are_refused(as_: As, database: Database, numbers: list[Any]) -> None:
    run_id = checked(database, as_csv([line(1)]))
    answer = as_("admin")("PUT", f"/imports/{run_id}/settled", {"way": "alone", "numbers": numbers})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("after", ["-99999999999", "99999999999", "0", "x"])
def test_any_row_to_begin_behind_is_answered(as_: As, database: Database, after: str) -> None:
    run_id = checked(database, as_csv([line(1)]))
    answer = as_("admin")("GET", f"/imports/{run_id}/rows?verdict=new&after={after}")
    assert answer.status_code == (422 if after == "x" else 200)
    if answer.status_code == 200:
        assert len(answer.get_json()) == (0 if after.startswith("9") else 1)


@pytest.mark.parametrize("datum", [["x"], 5, {}, "moon", "EPSG:0", "+turned", ""])
def test_a_datum_that_nobody_knows_is_refused_before_anything_is_read(
    as_: As, database: Database, datum: Any
) -> None:
    run_id, columns = begun(database, as_csv([line(1)]))
    put = {"columns": columns, "answers": {"datum": datum}}
    answer = as_("admin")("PUT", f"/imports/{run_id}/mapping", put)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    (told,) = answer.get_json()["faults"]
    assert (told["field"], told["code"]) == ("datum", "datum_unknown")
    assert run_of(database, run_id).state == "read"


@pytest.mark.parametrize("said", ["wgs84", "gcj02+turned", "bd09", "EPSG:4549", "EPSG:4549+turned", "-"])
def test_a_system_that_is_known_is_taken(said: str) -> None:
    assert is_system(said)


def test_answers_to_what_was_not_asked_change_nothing(database: Database) -> None:
    answers = {"zeros:number": {}, "date_order": 7, "?": None}
    run = run_of(database, checked(database, as_csv([line(1), line(2, 户号="7")]), answers=answers))
    assert (run.state, run.counts["new"]) == ("checked", 2)


def test_an_encoding_that_nobody_knows_is_refused(as_: As, town: Town) -> None:
    query = {"unit_id": town["north"], "target": "customers", "filename": "a.csv", "encoding": "klingon-8"}
    data = "户号,户名\n1,王".encode("gb18030")
    answer = as_("admin")("POST", "/imports", query_string=query, data=data)
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["code"].startswith("table_")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("2025-07-01 08:00", "15:00"), ("2025-01-15 08:00", "16:00"), ("2025-11-02 01:30", "08:30"),
     ("2025-03-09 03:30", "10:30")],
)  # fmt: skip
def test_times_are_the_citys_in_summer_and_winter(database: Database, typed: str, stored: str) -> None:
    """What was typed in Los Angeles is kept as UTC; of an hour that comes twice, the first."""
    install_city(database)
    head = ("工单号", "事项", "状态", "户号", "受理时间", "办结时间", "处理结果", "地址")
    row = ["W-1", "漏水维修", "已办结", "K0001", typed, typed, "done", "somewhere"]
    run = imported(database, as_csv([row], head), "past_jobs")
    assert run.counts == {"new": 1}
    asked = "SELECT to_char(closed_at AT TIME ZONE 'UTC', 'HH24:MI') FROM work_order WHERE number = 'W-1'"
    assert one(database, asked) == stored
    again = run_of(database, checked(database, as_csv([row], head), "past_jobs"))
    assert again.counts == {"same": 1}


def test_an_hour_that_the_clock_leaves_out_is_read_as_it_would_have_gone_on(database: Database) -> None:
    """Half past two of that morning did not come: it was half past three by then, the same moment."""
    install_city(database)
    head = ("工单号", "事项", "状态", "户号", "受理时间", "办结时间", "处理结果", "地址")
    row = ["W-1", "漏水维修", "已办结", "K0001", "2025-03-09 01:30", "2025-03-09 02:30", "done", "somewhere"]
    assert imported(database, as_csv([row], head), "past_jobs").counts == {"new": 1}
    asked = "SELECT to_char(closed_at AT TIME ZONE 'UTC', 'HH24:MI') FROM work_order WHERE number = 'W-1'"
    assert one(database, asked) == "10:30"


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"columns": 5}', b'{"columns": {"a": 1}}', b"\xff\xfe"])
def test_a_map_file_that_is_none_is_refused(tmp_path: Any, data: bytes) -> None:
    file = tmp_path / "map.json"
    file.write_bytes(data)
    with pytest.raises(click.BadParameter, match=r"map\.json"):
        command._mapping_in(file)


def test_a_map_file_may_say_more_than_is_needed(tmp_path: Any) -> None:
    file = tmp_path / "map.json"
    file.write_text('{"target": "customers", "answers": {"datum": "wgs84"}, "note": 1}')
    assert command._mapping_in(file) == {"answers": {"datum": "wgs84"}}
    assert command._mapping_in(None) == {}


def test_a_run_that_fails_at_a_shell_is_told_in_both_languages(database: Database) -> None:
    run_id = checked(database, as_csv([line(1)]))
    with database.transaction() as session:
        run = runs.read_run(session, ADMIN, run_id, lock=True)
        run.state, run.problem = "failed", {"code": "table_column_missing", "columns": ["没有"]}
    with pytest.raises(click.ClickException) as told:
        command._finished(database, ADMIN, run_id)
    assert "没有" in told.value.message
    entry = Problem("table_column_missing", columns=["没有"]).entry
    assert entry.zh in told.value.message
    assert entry.en in told.value.message


def test_the_columns_of_a_head_are_those_of_its_table() -> None:
    table = read_table(as_csv([line(1)]), "a.csv")
    kept = {"columns": [{"index": c.index, "letter": c.letter, "name": c.name} for c in table.columns]}
    assert columns_of(kept) == tuple(table.columns)
    assert form_of(table.columns) == form_of(tuple(reversed(table.columns)))
    assert form_of(table.columns) != form_of(table.columns[1:])
