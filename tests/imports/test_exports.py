"""Everything can be taken away: kinds, history, and tables that another server imports again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.core.db import Database
from backend.core.kinds.registry import KINDS
from backend.core.services import record_writer
from backend.imports.queries.exported import history_rows, points_of, records_of
from backend.imports.services import exporting
from tests import factories
from tests.conftest import Person
from tests.factories import Town, uid
from tests.imports.filing import checked, imported, run_of
from tests.newcomers import join

As = Callable[[str], Person]


def lines_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_as_csv_and_history(session: Session, town: Town, kind: str) -> None:
    units = [town["group"], town["north"], town["south"]]
    rows = list(records_of(session, kind, units))
    found = lines_of(b"".join(exporting.kind_as_csv(session, kind, units)))
    assert [one["id"] for one in found] == [one["id"] for one in rows]
    history = b"".join(exporting.history_as_lines(session, kind, units)).splitlines()
    assert len(history) == len(list(history_rows(session, kind, units))) >= len(rows)


def test_what_lies_somewhere_comes_as_geojson(session: Session, town: Town) -> None:
    data = b"".join(exporting.kind_as_geojson(session, "service_point", [town["north"]]))
    found = orjson.loads(data)
    assert found["type"] == "FeatureCollection"
    assert {one["id"] for one in found["features"]} == {
        one["id"] for one in records_of(session, "service_point", [town["north"]])
    }
    assert {one["geometry"]["type"] for one in found["features"]} == {"Point"}


def test_no_text_is_a_formula(session: Session, town: Town) -> None:
    factory = factories.system(town["north"])
    record_writer.change(
        session, factory, "customer", town["customer 1"], {"note": "=1+1", "phone": "+86 139"}
    )
    found = lines_of(b"".join(exporting.kind_as_csv(session, "customer", [town["north"]])))
    assert {(one["note"], one["phone"]) for one in found if one["id"] == town["customer 1"]} == {
        ("'=1+1", "+86 139")
    }


def test_tables_are_imported_again_by_another(
    database: Database, make_database: Callable[[str], Database], town_template: str
) -> None:
    """Customers with their points, out of one town and into another that has none."""
    with database.transaction() as session:
        data = b"".join(exporting.table_as_csv(session, "customers", [uid("north")]))
    assert run_of(database, checked(database, data)).counts["same"] == 6
    other = make_database(town_template)
    with other.transaction() as session:
        for n in range(8):
            for kind in ("point", "customer"):
                record_writer.delete(
                    session, factories.system(uid("north")), {"point": "service_point"}.get(kind, kind),
                    uid(f"{kind} {n}"), version=None,
                )  # fmt: skip
    run = imported(other, data)
    assert (run.state, run.counts) == ("applied", {"new": 6})
    assert ledger(other) == ledger(database)


def ledger(database: Database) -> list[Any]:
    """What customers and their points say, by their own numbers."""
    with database.transaction() as session:
        customers = list(records_of(session, "customer", [uid("north")]))
        points = points_of(session, [one["id"] for one in customers], [uid("north")])
    told = []
    for one in sorted(customers, key=lambda one: one["number"]):
        own = [plain(each) for each in points[one["id"]]]
        told.append((plain(one), own))
    return told


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in record.items()
        if name not in ("id", "version", "customer_id") and value is not None
    }


@pytest.mark.parametrize("table", exporting.TABLES)
def test_a_table_exported_and_imported_where_it_is_changes_nothing(database: Database, table: str) -> None:
    with database.transaction() as session:
        data = b"".join(exporting.table_as_csv(session, table, [uid("north")]))
    run = run_of(database, checked(database, data, table))
    assert set(run.counts) <= {"same", "gone"}, run.counts
    assert run.counts["same"] > 0


def test_administrators_take_their_units_data_away(as_: As, town: Town) -> None:
    admin = as_("admin")
    answer = admin("GET", "/exports/kinds/customer")
    assert len(lines_of(answer.data)) == 8
    assert admin("GET", "/exports/kinds/staff?format=geojson").status_code == 404
    assert admin("GET", "/exports/kinds/nothing").status_code == 404
    assert len(lines_of(admin("GET", "/exports/tables/customers").data)) == 8
    assert admin("GET", "/exports/tables/nothing").status_code == 404
    acts = admin.get("/administrative-acts?act=exported")["rows"]
    assert {one["subject_kind"] for one in acts} == {"customer", "customers"}
    for who in ("supervisor", "auditor", "rep"):
        assert as_(who)("GET", "/exports/kinds/customer").status_code == 403
        assert as_(who)("GET", "/exports/tables/customers").status_code == 403


def test_a_branchs_administrator_takes_nothing_of_others_away(
    as_: As, database: Database, town: Town
) -> None:
    """Not the group's records, a branch's beside, nor a point of an own customer that is the group's."""
    customer = {"number": "G-1", "name": "集团", "category": "resident", "cell_id": town["cell 0"]}
    point = {
        "customer_id": town["customer 0"],
        "address": "集团路1号",
        "nature": "residential",
        "cell_id": town["cell 0"],
        "place": factories.middle(0),
        "meter_number": "GROUP-7",
    }
    with database.transaction() as session:
        join(session, "branch", "north", Role.ADMIN)
        for kind, values in (("customer", customer), ("service_point", point)):
            record_writer.create(session, factories.system(town["group"]), kind, values)
    branch = as_("branch")
    for kind in sorted(KINDS):
        for format_ in ("csv", "history"):
            data = branch("GET", f"/exports/kinds/{kind}?format={format_}").data.decode()
            assert "集团路" not in data, (kind, format_)
            assert "G-1" not in data, (kind, format_)
        units = {one.get("unit_id") for one in lines_of(branch("GET", f"/exports/kinds/{kind}").data)}
        assert units <= {town["north"]}, kind
    for table in exporting.TABLES:
        assert "GROUP-7" not in branch("GET", f"/exports/tables/{table}").data.decode(), table
    assert "GROUP-7" in as_("admin")("GET", "/exports/tables/customers").data.decode()
    # What was taken away is on the own unit's trail, and the group's sees it too.
    assert {one["act"] for one in branch.get("/administrative-acts?act=exported")["rows"]} == {"exported"}
