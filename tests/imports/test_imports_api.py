"""Imports over HTTP: file, columns, dry run, rows to settle, applied; refused rows as a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import python_calamine as calamine

from backend.core.db import Database
from backend.imports.services.reports import as_csv as report_csv
from backend.imports.services.working import work_on_runs
from tests.conftest import Person
from tests.factories import Town, middle
from tests.imports.filing import HEAD, as_csv, line

As = Callable[[str], Person]
# No place of its own, and a street that nobody knows.
NOWHERE = {"经度": "", "纬度": "", "用水地址": "无名野路3号"}


def sent(admin: Person, town: Town, data: bytes, **query: str) -> Any:
    given = {"unit_id": town["north"], "target": "customers", "filename": "用户.csv"} | query
    return admin("POST", "/imports", query_string=given, data=data, content_type="application/octet-stream")


def confirmed(admin: Person, database: Database, run: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"columns": run["chosen"], "answers": {"datum": "wgs84"} | run["answers"]} | more
    answer = admin("PUT", f"/imports/{run['id']}/mapping", body)
    assert answer.status_code == 200, answer.text
    work_on_runs(database)
    found = admin.get(f"/imports/{run['id']}")
    assert found["state"] == "checked", found["problem"]
    return found


@pytest.fixture
def admin(as_: As) -> Person:
    return as_("admin")


@pytest.fixture
def run(admin: Person, database: Database, town: Town) -> dict[str, Any]:
    """A checked run: one good row, one of no place, one without a name."""
    rows = [line(1), line(2, **NOWHERE), line(3, 户名="")]
    return confirmed(admin, database, sent(admin, town, as_csv(rows)).get_json())


def test_a_file_shows_its_columns_with_examples(admin: Person, town: Town) -> None:
    answer = sent(admin, town, as_csv([line(1), line(2)]))
    assert answer.status_code == 201, answer.text
    run = answer.get_json()
    assert (run["state"], run["rows"], run["encoding"]) == ("read", 2, "utf-8")
    assert [one["name"] for one in run["columns"]] == list(HEAD)
    assert run["columns"][0]["examples"] == ["A000001", "A000002"]
    assert (run["chosen"]["number"], run["chosen"]["meter_number"]) == ("户号", "表号")
    targets = {one["name"]: one["fields"] for one in admin.get("/imports/targets")}
    assert "number" in {one["name"] for one in targets["customers"] if one["is_required"]}


def test_a_dry_run_counts_and_says_why(admin: Person, run: dict[str, Any]) -> None:
    assert {name: run["counts"][name] for name in ("new", "to_settle", "refused")} == {
        "new": 1,
        "to_settle": 1,
        "refused": 1,
    }
    (refused,) = admin.get(f"/imports/{run['id']}/rows?verdict=refused")
    assert (refused["number"], refused["reasons"][0]["field"]) == (4, "name")
    # As the console asks: a page of a hundred, from before the first.
    (waiting,) = admin.get(f"/imports/{run['id']}/rows?verdict=to_settle&most=100&after=-1000000000")
    assert admin("GET", f"/imports/{run['id']}/rows?verdict=to_settle&most=0").status_code == 422
    assert waiting["values"]["address"] == "无名野路3号"


def test_what_is_not_settled_is_not_written_and_said(
    admin: Person, database: Database, run: dict[str, Any]
) -> None:
    assert admin("PUT", f"/imports/{run['id']}/acceptance").status_code == 200
    work_on_runs(database)
    ended = admin.get(f"/imports/{run['id']}")
    assert (ended["state"], ended["counts"]["new"], ended["counts"]["to_settle"]) == ("applied", 1, 1)
    assert admin.get("/customers?number=A000002")["rows"] == []


@pytest.mark.parametrize("way", ["cell", "place", "alone"])
def test_rows_are_settled(
    admin: Person, database: Database, town: Town, run: dict[str, Any], way: str
) -> None:
    said = {"cell": {"cell_id": town["cell 2"]}, "place": {"place": middle(2)}, "alone": {}}[way]
    answer = admin("PUT", f"/imports/{run['id']}/settled", {"way": way, "numbers": [3]} | said)
    assert answer.get_json() == {"settled": 1}
    admin("PUT", f"/imports/{run['id']}/acceptance")
    work_on_runs(database)
    (customer,) = admin.get("/customers?number=A000002")["rows"]
    points = admin.get(f"/service-points?customer_id={customer['id']}")["rows"]
    expected = [] if way == "alone" else [town["cell 2"]]
    assert [one["cell_id"] for one in points] == expected
    assert customer["cell_id"] == (None if way == "alone" else town["cell 2"])


def test_another_branchs_cell_settles_nothing(admin: Person, town: Town, run: dict[str, Any]) -> None:
    answer = admin("PUT", f"/imports/{run['id']}/settled", {"way": "cell", "cell_id": town["cell 3"]})
    assert answer.status_code == 404


def test_the_mapping_is_proposed_the_next_time(
    admin: Person, database: Database, town: Town, run: dict[str, Any]
) -> None:
    columns = {name: column for name, column in run["chosen"].items() if name != "phone"}
    again = confirmed(admin, database, sent(admin, town, as_csv([line(5)])).get_json(), columns=columns)
    admin("PUT", f"/imports/{again['id']}/acceptance")
    later = sent(admin, town, as_csv([line(6)])).get_json()
    assert later["chosen"] == columns
    assert later["answers"]["datum"] == "wgs84"


def test_refused_rows_come_as_a_file(admin: Person, run: dict[str, Any]) -> None:
    book = admin("GET", f"/imports/{run['id']}/report")
    rows = calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == [4.0]
    text = admin("GET", f"/imports/{run['id']}/report?format=csv").data
    assert text.startswith(b"\xef\xbb\xbf")
    assert len(text.decode().splitlines()) == 2


def test_no_value_of_a_report_is_a_formula() -> None:
    lines = iter([(2, "户名", "=cmd|'/c calc'!A1", "@坏", "-1", "+1")])
    assert report_csv(lines).decode().splitlines()[1] == "2,户名,'=cmd|'/c calc'!A1,'@坏,'-1,'+1"


def test_wrong_columns_are_refused_in_words(admin: Person, town: Town) -> None:
    run = sent(admin, town, as_csv([line(1)])).get_json()
    put = f"/imports/{run['id']}/mapping"
    assert admin("PUT", put, {"columns": {"number": "没有"}}).get_json()["code"] == "table_column_missing"
    assert admin("PUT", put, {"columns": {"colour": "户号"}}).get_json()["code"] == "import_no_field"
    lacking = admin("PUT", put, {"columns": {"number": "户号"}}).get_json()
    assert (lacking["code"], lacking["fields"]) == ("import_columns_lacking", ["户名 · Name"])


def test_a_run_under_way_is_left_alone(admin: Person, database: Database, run: dict[str, Any]) -> None:
    assert admin("PUT", f"/imports/{run['id']}/acceptance").status_code == 200
    for method, path in (("PUT", "/acceptance"), ("DELETE", "")):
        assert admin(method, f"/imports/{run['id']}{path}").get_json()["code"] == "import_busy"
    work_on_runs(database)
    assert [one["state"] for one in admin.get("/imports")] == ["applied"]


def test_a_discarded_run_keeps_no_rows(admin: Person, run: dict[str, Any]) -> None:
    assert admin("DELETE", f"/imports/{run['id']}").status_code == 204
    assert admin.get(f"/imports/{run['id']}")["state"] == "discarded"
    assert admin.get(f"/imports/{run['id']}/rows?verdict=refused") == []


@pytest.mark.parametrize("who", ["supervisor", "dispatcher", "rep"])
def test_only_administrators_import(as_: As, town: Town, run: dict[str, Any], who: str) -> None:
    person = as_(who)
    assert sent(person, town, as_csv([line(1)])).status_code == 403
    assert person("GET", f"/imports/{run['id']}").status_code == 403
    assert person("GET", "/imports").status_code == 403
