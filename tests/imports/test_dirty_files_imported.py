"""Dirty files on the whole way into the ledger: refused for true reasons, cut, gone on, and on phones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.geometry import geojson_of
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.imports.kinds.import_run import ImportRun
from backend.imports.queries import run_rows
from backend.imports.reading.tables import read_table
from backend.imports.services import runs, settling, writing
from backend.imports.services.working import work_on_runs
from mobile_api_spec.phone import Phone
from tests.conftest import agrees
from tests.factories import Town, uid
from tests.imports.city import City, city
from tests.imports.dirty import Dirty, dirty
from tests.imports.filing import ADMIN, apply, run_of

# Beside the town's own ground.
WHERE = city(lng=121.0, lat=36.4)
DOUBLES = {"row_twice", "meter_twice", "name_differs"}


class Killed(BaseException):
    """What a process meets that is gone in the middle of its work."""


def settle_city(session: Session, where: City) -> None:
    """Its cells, each the representative's, and the addresses that are known there."""
    actor = system(uid("north"))
    since = {"valid_from": "2026-01-01"}
    cells = [
        (one.id, since | {"name": one.name, "code": f"D{one.code}", "outline": geojson_of(one.outline)})
        for one in where.cells
    ]
    for one in cells:
        shape = one[1]["outline"]
        if shape["type"] == "Polygon":
            one[1]["outline"] = {"type": "MultiPolygon", "coordinates": [shape["coordinates"]]}
    record_writer.create_many(session, actor, "cell", cells)
    duties = [
        {"cell_id": one.id, "staff_id": uid("rep"), "duty": "representative"} | since for one in where.cells
    ]
    rows = [(record_writer.new_id(), one) for one in duties]
    record_writer.create_many(session, actor, "cell_assignment", rows)
    customer = record_writer.create(
        session, actor, "customer", {"number": "KNOWN", "name": "已知", "category": "resident"}
    ).id
    points = [
        (
            record_writer.new_id(),
            {
                "customer_id": customer, "cell_id": site.cell_id, "address": site.address,
                "nature": "residential",
                "place": {"type": "Point", "coordinates": list(site.place or (0, 0))},
            },
        )
        for site in where.sites
    ]  # fmt: skip
    record_writer.create_many(session, actor, "service_point", points, quiet=True)


def checked(database: Database, file: Dirty) -> str:
    table = read_table(file.data, file.name)
    with database.transaction() as session:
        run = runs.begin_run(session, ADMIN, uid("north"), "customers", file.name, file.data, table)
        run_id, columns = str(run.id), run.mapping["columns"]
    with database.transaction() as session:
        runs.confirm_mapping(session, ADMIN, run_id, columns, file.answers, {})
    work_on_runs(database)
    run = run_of(database, run_id)
    assert run.state == "checked", run.problem
    return run_id


def rows_of(database: Database, run_id: str, verdict: str) -> dict[int, run_rows.Staged]:
    with database.transaction() as session:
        return {one.number: one for one in run_rows.listed(session, run_id, verdict, 0, 1_000_000)}


def cut_and_gone_on(database: Database, run_id: str, monkeypatch: pytest.MonkeyPatch) -> ImportRun:
    """The worker is killed in its second batch; the next one goes on."""
    with database.transaction() as session:
        settling.settle_rows(session, ADMIN, run_id, "alone", None)
        runs.apply_run(session, ADMIN, run_id)
    real, batches = writing._written, iter(range(100_000))

    def deadly(*given: object) -> object:
        found = real(*given)  # type: ignore[arg-type]
        if next(batches) == 1:
            raise Killed
        return found

    with monkeypatch.context() as patched:
        patched.setattr(writing, "_written", deadly)
        with pytest.raises(Killed):
            work_on_runs(database)
    assert run_of(database, run_id).done > 0
    work_on_runs(database, 3600)
    return run_of(database, run_id)


@pytest.mark.parametrize(
    ("seed", "rows"), [(1, 150), *(pytest.param(n, 3000, marks=pytest.mark.long) for n in (2, 3, 4))]
)
def test_a_dirty_file_comes_in(
    database: Database,
    town: Town,
    phone_of: Callable[..., Phone],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    rows: int,
) -> None:
    monkeypatch.setattr(writing, "BATCH", 40)
    with database.transaction() as session:
        settle_city(session, WHERE)
    phone = phone_of("rep")
    phone.sync()
    file = dirty(seed, rows, where=WHERE)
    run_id = checked(database, file)
    _refused_for_true_reasons(file, rows_of(database, run_id, "refused"))
    run = cut_and_gone_on(database, run_id, monkeypatch)
    assert run.state == "applied", run.problem
    written = run.counts["new"]
    with database.transaction() as session:
        asked = "SELECT count(*), count(DISTINCT number) FROM customer WHERE created_at::date >= :on"
        there = session.execute(text(f"{asked} AND number NOT LIKE 'K%'"), {"on": today()}).one()
    assert there[0] == there[1] <= written
    history = _history(database)
    again = run_of(database, checked(database, file))
    assert again.counts.get("new", 0) == again.counts.get("changed", 0) == 0, again.counts
    apply(database, str(again.id))
    assert _history(database) == history
    phone.sync()
    assert agrees(phone, database)
    filed = {one["number"] for one in phone.records("customer").values() if one["cell_id"]}
    assert len(filed) > rows // 3


def _history(database: Database) -> int:
    with database.transaction() as session:
        asked = "SELECT count(*) FROM sync_history WHERE kind IN ('customer', 'service_point')"
        return int(session.execute(text(asked)).scalar_one())


def _refused_for_true_reasons(file: Dirty, refused: dict[int, run_rows.Staged]) -> None:
    """Each row that must be refused is, for what is wrong with it; and no other is, but for a double."""
    for number, truth in file.truths.items():
        row = refused.pop(number, None)
        codes = {(one["field"], one["code"]) for one in row.reasons} if row else set()
        if truth.refused:
            assert truth.refused <= codes, (number, truth, codes)
        elif row is not None:
            assert {code for _, code in codes} <= DOUBLES, (number, truth, codes)
            assert truth.double_of is not None, (number, truth, codes)
    assert refused == {}
