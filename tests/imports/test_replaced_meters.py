"""A meter that was replaced: the point keeps its id and history, and is found by the old number too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.customers.queries.search import find_customers
from backend.imports.queries import run_rows
from backend.imports.services import exporting
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town
from tests.imports.filing import HEAD, apply, as_csv, checked, imported, line, run_of

As = Callable[[str], Person]
pytestmark = pytest.mark.usefixtures("in_process")
OLD = ("旧表号", "旧表止码", "换表日期")


def points(database: Database, number: str = "A000001") -> list[tuple[Any, ...]]:
    """Id, meter and former meters of a customer's points, by their making."""
    asked = """
        SELECT p.id::text, p.meter_number, p.former_meters
        FROM service_point p
        JOIN customer c ON c.id = p.customer_id
        WHERE c.number = :number
        ORDER BY p.id
    """
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(asked), {"number": number})]


def reasons(database: Database, run_id: str) -> list[tuple[int, str]]:
    with database.transaction() as session:
        rows = run_rows.listed(session, run_id, "refused", 0, 100)
    return [(one.number, one.reasons[0]["code"]) for one in rows]


def found(database: Database, town: Town, typed: str) -> list[str]:
    with database.transaction() as session:
        return [one["number"] for one in find_customers(session, town.actor("supervisor"), typed)]


def with_old(row: Sequence[str], *old: str) -> list[str]:
    return [*row, *old]


def former(number: str, reading: int | None = None, removed_on: str | None = None) -> dict[str, Any]:
    learnt = today().isoformat()
    return {"number": number, "last_reading": reading, "removed_on": removed_on, "noticed_on": learnt}


def test_the_point_stays_and_keeps_its_old_meter(database: Database, town: Town) -> None:
    imported(database, as_csv([line(1), line(2)]))
    ((before, _, _),) = points(database)
    data = as_csv([line(1, 表号="N001"), line(2)])
    run = imported(database, data)
    assert (run.counts["changed"], run.counts["same"], run.counts["replaced"]) == (1, 1, 1)
    assert points(database) == [(before, "N001", [former("B0000001")])]
    assert found(database, town, "B0000001") == found(database, town, "N001") == ["A000001"]
    again = imported(database, data)
    assert (again.counts["same"], "replaced" in again.counts) == (2, False)


def test_the_file_says_what_the_old_one_showed_and_when(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    ((point, _, _),) = points(database)
    rows = [with_old(line(1, 表号="N001", 用水地址="改名路8号"), "B0000001", "1284", "2026-03-05")]
    data = as_csv(rows, (*HEAD, *OLD))
    imported(database, data)
    assert points(database) == [(point, "N001", [former("B0000001", 1284, "2026-03-05")])]
    assert imported(database, data).counts["same"] == 1


def test_what_was_learnt_later_is_added(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    imported(database, as_csv([line(1, 表号="N001")]))
    rows = [with_old(line(1, 表号="N001"), "B0000001", "77", "")]
    assert imported(database, as_csv(rows, (*HEAD, *OLD))).counts["changed"] == 1
    ((_, _, kept),) = points(database)
    assert kept == [former("B0000001", 77)]


def test_a_second_replacement_keeps_both(database: Database, town: Town) -> None:
    for meter in ("B0000001", "N001", "N002"):
        imported(database, as_csv([line(1, 表号=meter)]))
    ((_, meter, kept),) = points(database)
    assert (meter, [one["number"] for one in kept]) == ("N002", ["B0000001", "N001"])
    assert found(database, town, "N001") == ["A000001"]


def test_a_further_meter_is_no_replacement(database: Database) -> None:
    """The file names the old one still."""
    imported(database, as_csv([line(1)]))
    run = imported(database, as_csv([line(1, 表号="N001"), line(1)]))
    assert "replaced" not in run.counts
    assert [one[1] for one in points(database)] == ["B0000001", "N001"]


def test_another_address_is_another_point(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    imported(database, as_csv([line(1, 表号="N001", 用水地址="别处路9号")]))
    assert [one[1:] for one in points(database)] == [("B0000001", None), ("N001", None)]


def test_an_address_written_otherwise_is_the_same(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    imported(database, as_csv([line(1, 表号="N001", 用水地址="泊岸路 １号")]))
    assert [one[1] for one in points(database)] == ["N001"]


def test_a_point_without_meter_gets_its_first(database: Database) -> None:
    imported(database, as_csv([line(1, 表号="")]))
    ((point, _, _),) = points(database)
    imported(database, as_csv([line(1)]))
    assert points(database) == [(point, "B0000001", None)]


def test_which_of_several_is_asked(database: Database) -> None:
    imported(database, as_csv([line(1), line(1, 表号="B2")]))
    run_id = checked(database, as_csv([line(1, 表号="N001")]))
    assert reasons(database, run_id) == [(2, "which_meter")]
    rows = [with_old(line(1, 表号="N001"), "B2", "", "")]
    imported(database, as_csv(rows, (*HEAD, *OLD)))
    assert [one[1] for one in points(database)] == ["B0000001", "N001"]


def test_two_new_meters_for_one_old_one_are_two_points(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    run = imported(database, as_csv([line(1, 表号="N001"), line(1, 表号="N002")]))
    assert run.counts["replaced"] == 1
    assert [one[1] for one in points(database)] == ["N001", "N002"]


def test_a_meter_that_cannot_be_read_may_be_the_old_one(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    run = imported(database, as_csv([line(1, 表号="N001"), line(1, 表号="1.38E+10")]))
    assert (reasons(database, str(run.id)), "replaced" in run.counts) == ([(3, "rounded")], False)


def test_a_meter_with_another_customer_is_a_conflict(database: Database) -> None:
    """Moved to another customer, or swapped between two: said, and nobody's meter is taken."""
    imported(database, as_csv([line(1), line(2)]))
    before = points(database), points(database, "A000002")
    run = imported(database, as_csv([line(1, 表号="B0000002"), line(2, 表号="B0000001")]))
    assert reasons(database, str(run.id)) == [(2, "meter_moved"), (3, "meter_moved")]
    assert (points(database), points(database, "A000002")) == before


def test_an_old_meter_may_stand_somewhere_else_later(database: Database) -> None:
    """Mended and built in again: it is no number that only one record may ever have."""
    imported(database, as_csv([line(1), line(2)]))
    imported(database, as_csv([line(1, 表号="N001"), line(2)]))
    run = imported(database, as_csv([line(1, 表号="N001"), line(2), line(2, 表号="B0000001")]))
    assert run.counts.get("refused", 0) == 0
    assert [one[1] for one in points(database, "A000002")] == ["B0000002", "B0000001"]


def test_a_file_of_points_does_the_same(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    ((point, _, _),) = points(database)
    row = line(1, 表号="N001")
    head = ("户号", "用水地址", "表号", "经度", "纬度")
    run = imported(database, as_csv([[row[0], row[4], row[5], *row[-2:]]], head), "service_points")
    assert run.counts["replaced"] == 1
    assert points(database) == [(point, "N001", [former("B0000001")])]


def test_number_and_meter_alone_are_enough_of_a_single_point(database: Database) -> None:
    imported(database, as_csv([line(1)]))
    run = imported(database, as_csv([["A000001", "N001"]], ("户号", "表号")), "service_points")
    assert (run.counts.get("refused", 0), [one[1] for one in points(database)]) == (0, ["N001"])


def test_somebody_replaced_it_meanwhile(database: Database, as_: As, town: Town) -> None:
    imported(database, as_csv([line(1)]))
    run_id = checked(database, as_csv([line(1, 表号="N001")]))
    ((point, _, _),) = points(database)
    desk = as_("admin")
    version = desk.get(f"/service-points/{point}")["version"]
    assert (
        desk("PATCH", f"/service-points/{point}", {"meter_number": "n001"}, version=version).status_code
        == 200
    )
    run = apply(database, run_id)
    assert [one[:2] for one in points(database)] == [(point, "n001")]
    assert run_of(database, str(run.id)).state == "applied"


def test_former_meters_go_out_and_in_again(database: Database, town: Town) -> None:
    imported(database, as_csv([line(1)]))
    rows = [with_old(line(1, 表号="N001"), "B0000001", "1284", "2026-03-05")]
    imported(database, as_csv(rows, (*HEAD, *OLD)))
    with database.transaction() as session:
        data = b"".join(exporting.table_as_csv(session, "customers", [town["north"]]))
    mine = next(one for one in data.decode("utf-8-sig").splitlines() if "A000001" in one)
    assert "B0000001,1284,2026-03-05" in mine
    again = imported(database, data)
    assert (again.counts.get("changed", 0), again.counts.get("new", 0)) == (0, 0)


def test_a_phone_cannot_write_them(as_: As, database: Database) -> None:
    imported(database, as_csv([line(1)]))
    ((point, _, _),) = points(database)
    desk = as_("admin")
    version = desk.get(f"/service-points/{point}")["version"]
    desk("PATCH", f"/service-points/{point}", {"former_meters": [{"number": "X"}]}, version=version)
    assert points(database)[0][2] is None


def test_the_desk_and_phones_keep_the_old_one_as_well(as_: As, database: Database) -> None:

    imported(database, as_csv([line(1)]))
    ((point, _, _),) = points(database)
    desk = as_("admin")
    for meter in ("N001", "N002"):
        version = desk.get(f"/service-points/{point}")["version"]
        assert (
            desk("PATCH", f"/service-points/{point}", {"meter_number": meter}, version=version).status_code
            == 200
        )
    serving.serve(database)
    day = today().isoformat()
    assert points(database) == [(point, "N002", [former("B0000001", None, day), former("N001", None, day)])]
    serving.serve(database)
    assert len(points(database)[0][2]) == 2
