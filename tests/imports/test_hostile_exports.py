"""Names that a sheet, a header or another program could take for something else, out and in again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import python_calamine as calamine
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.customers.services.phonetics import pinyin_of
from backend.imports.queries import run_rows
from backend.imports.reading.cleaning import text_in
from backend.imports.services import exporting, reports
from backend.imports.services.reports import FORMULA, as_xlsx, plain_text
from tests import factories
from tests.factories import Town, uid
from tests.imports.filing import checked, run_of

# What a name may look like that somebody typed on purpose or by mistake.
HOSTILE = (
    "=1+1", "=cmd|'/c calc'!A1", "@SUM(A1)", "+叔", "-（空）", "＝1+1", "＠家", "＋甲", "－乙",
    '"引号",逗号', "一行\n两行", "<script>alert(1)</script>", "'真撇号", "𠮷野家🏠", "ا‮123", "a;b\tc", "%0d%0aX: y",
)  # fmt: skip


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def lines(*texts: str) -> Iterator[reports.Line]:
    return iter([(2, "户名", one, "原因", "Reason", one) for one in texts])


def _customer(n: int, name: str) -> dict[str, str]:
    return {"number": f"H{n:03d}", "name": name, "category": "resident", "pinyin": pinyin_of(name)}


def name_customers(session: Session, names: tuple[str, ...]) -> None:
    actor = factories.system(uid("north"))
    rows = [(uid(f"hostile {n}"), _customer(n, name)) for n, name in enumerate(names)]
    record_writer.create_many(session, actor, "customer", rows)


@pytest.mark.parametrize("sign", FORMULA)
def test_no_sign_of_a_formula_begins_a_cell(sign: str) -> None:
    assert plain_text(f"{sign}1") == f"'{sign}1"
    assert plain_text(f"1{sign}1") == f"1{sign}1"
    assert plain_text("") == ""


@pytest.mark.parametrize("text", ["=1+1", "＠家", "-（空）", "+叔"])
def test_a_text_that_was_quoted_is_read_as_it_was(text: str) -> None:
    assert text_in(plain_text(text)) == text_in(text) == text
    assert text_in(f"''{text}") == text


@pytest.mark.parametrize("text", ["'真撇号", "O'Brien", "'", "''", "'a=1"])
def test_an_apostrophe_of_a_name_stays(text: str) -> None:
    assert text_in(text) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_report_gives_any_value_back_as_text(name: str) -> None:
    data = reports.as_csv(lines(name))
    told = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1]
    assert told[2].removeprefix("'") == name.removeprefix("'")
    assert not told[2].startswith(FORMULA)
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(lines(name))))
    cells = book.get_sheet_by_index(0).to_python()[1]
    assert (cells[0], cells[2], cells[5]) == (2.0, name, name)


def test_a_very_long_value_does_not_break_a_workbook() -> None:
    cells = calamine.CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(lines("长" * 40_000))))
    assert len(cells.get_sheet_by_index(0).to_python()[1][2]) == 32_000


def test_a_report_of_nothing_has_its_head() -> None:
    assert reports.as_csv(iter(())).decode("utf-8-sig").splitlines() == [",".join(reports.HEAD)]
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(iter(()))))
    assert book.get_sheet_by_index(0).to_python() == [list(reports.HEAD)]


def test_hostile_names_leave_as_texts_in_every_form(session: Session, town: Town) -> None:
    name_customers(session, HOSTILE)
    units = [town["north"]]
    stored = {one["number"]: one["name"] for one in exporting.records_of(session, "customer", units)}
    for data in (
        b"".join(exporting.kind_as_csv(session, "customer", units)),
        b"".join(exporting.table_as_csv(session, "customers", units)),
    ):
        found = {one.get("number") or one["户号"]: one.get("name") or one["户名"] for one in rows_of(data)}
        assert set(found) == set(stored)
        for number, name in found.items():
            assert not name.startswith(FORMULA), name
            assert name == plain_text(stored[number])
    history = b"".join(exporting.history_as_lines(session, "customer", units)).splitlines()
    told = [orjson.loads(one)["changed"].get("name") for one in history]
    assert {name for one in told if one for name in one if name} == set(stored.values())


def test_names_of_others_that_a_record_points_at_are_no_formulas(session: Session, town: Town) -> None:
    actor = factories.system(town["north"])
    record_writer.change(session, actor, "staff", town["leader"], {"staff_number": "=T7"})
    data = b"".join(exporting.table_as_csv(session, "crews", [town["north"]]))
    assert {one["班组长"] for one in rows_of(data)} >= {"'=T7"}


@pytest.mark.usefixtures("in_process")
def test_what_was_exported_changes_nothing_when_it_comes_back(database: Database) -> None:
    with database.transaction() as session:
        name_customers(session, tuple(one for one in HOSTILE if text_in(one) == one))
    with database.transaction() as session:
        data = b"".join(exporting.table_as_csv(session, "customers", [uid("north")]))
    run = run_of(database, checked(database, data))
    with database.transaction() as session:
        refused = run_rows.listed(session, str(run.id), "refused", 0, 50)
    assert [(one.number, one.reasons) for one in refused] == []
    assert set(run.counts) == {"same"}, run.counts


def test_a_unit_without_anything_exports_its_heads_alone(session: Session, town: Town) -> None:
    for kind in ("customer", "service_point"):
        assert len(b"".join(exporting.kind_as_csv(session, kind, [])).splitlines()) == 1
        assert b"".join(exporting.history_as_lines(session, kind, [])) == b""
    collection = orjson.loads(b"".join(exporting.kind_as_geojson(session, "service_point", [])))
    assert collection == {"type": "FeatureCollection", "features": []}
    for table in exporting.TABLES:
        assert len(b"".join(exporting.table_as_csv(session, table, [])).splitlines()) == 1


def test_what_lies_nowhere_is_no_map(session: Session) -> None:
    with pytest.raises(Problem, match="not_found"):
        list(exporting.kind_as_geojson(session, "staff", []))


def test_one_branch_takes_nothing_of_another(session: Session, town: Town) -> None:
    def numbers(*units: str) -> set[Any]:
        data = b"".join(exporting.table_as_csv(session, "customers", [town[one] for one in units]))
        return {one["户号"] for one in rows_of(data)}

    north, south = numbers("north"), numbers("south")
    assert len(north) == 6
    assert len(south) == 2
    assert not north & south
    assert numbers("north", "south") == north | south
