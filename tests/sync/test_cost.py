"""The cost of pulls and pushes, in statements and their plans (P7).

What a pull reads follows what changed, not how much lies in its scopes, and a push of many creations asks as
often as one of few.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.geometry import point
from backend.core.services import record_writer
from sync.postgres import pull as postgres_pull
from tests.factories import Town, hand_in, middle, mutation
from tests.sync.test_races import Reader

MANY = 3_000
FEW = 100


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each statement of a pull has looked at."""
    counted: list[int] = []
    original = postgres_pull.rows_of

    def counting(connection: Connection, statement: str, parameters: Any) -> list[Any]:
        plan = original(connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)[0][0][0][
            "Plan"
        ]
        counted.append(_looked_at(plan))
        return original(connection, statement, parameters)

    monkeypatch.setattr(postgres_pull, "rows_of", counting)
    yield counted


def _looked_at(node: dict[str, Any]) -> int:
    own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    below = sum(_looked_at(one) for one in node.get("Plans", ()))
    return below + (own if node.get("Relation Name", "").startswith("sync_") else 0)


def fill(database: Database, scope: str, unit: str, kind: str) -> None:
    """Thousands of records in a scope, and statistics that know of them."""
    with database.transaction() as session:
        values = {"scope": scope, "unit": unit, "kind": kind, "many": MANY}
        session.execute(
            text(
                """
                INSERT INTO sync_document (
                    kind, id, unit_id, version, body, body_sha256, heads, deleted, scopes
                )
                SELECT
                    :kind, md5(:kind || n)::uuid, CAST(:unit AS uuid), 1, '{}', '', '{}', false,
                    ARRAY[CAST(:scope AS text)]
                FROM generate_series(1, :many) n
                """
            ),
            values,
        )
        session.execute(
            text(
                """
                INSERT INTO sync_entry (scope, kind, id, unit_id, xid, version, removed)
                SELECT
                    :scope, :kind, md5(:kind || n)::uuid, CAST(:unit AS uuid), pg_current_xact_id(), 1,
                    false
                FROM generate_series(1, :many) n
                """
            ),
            values,
        )
    with database.glance() as connection:
        connection.execute(text("ANALYZE sync_entry, sync_document"))


def filled_reader(database: Database, town: Town) -> Reader:
    """Somebody who has all of a cell with thousands of customers."""
    scope = f"cell:{town['cell 0']}"
    fill(database, scope, town["north"], "customer")
    reader = Reader(database, scope)
    while reader.pull(1000):
        pass
    assert len(reader.versions) > MANY
    return reader


def test_one_change_costs_one_change_however_long_somebody_writes(
    database: Database, town: Town, read: list[int]
) -> None:
    reader = filled_reader(database, town)
    with database.transaction() as idle:
        idle.execute(text("SELECT pg_current_xact_id()"))
        with database.transaction() as session:
            record_writer.change(
                session, system(town["north"]), "customer", town["customer 0"], {"note": "changed"}
            )
        read.clear()
        reader.pull(1000)
        assert reader.versions["customer", town["customer 0"]] == 2
        assert 0 < sum(read) < FEW
        read.clear()
        reader.pull(1000)
        assert sum(read) < FEW


@pytest.mark.parametrize("is_broken", [False, True], ids=["kept", "broken on purpose"])
def test_news_in_one_class_of_a_scope_is_walked_past_once(
    database: Database, town: Town, read: list[int], monkeypatch: pytest.MonkeyPatch, is_broken: bool
) -> None:
    """A part without news moves up with the others.

    Where it does not, each later look walks past theirs again.
    """
    if is_broken:
        monkeypatch.setattr("sync.pull._moved_up", lambda part, *_: part)
    reader = filled_reader(database, town)
    fill(database, f"cell:{town['cell 0']}", town["north"], "work_order")
    while reader.pull(1000):
        pass
    read.clear()
    reader.pull(1000)
    assert (sum(read) > MANY) is is_broken, read


def test_many_new_jobs_ask_the_database_as_often_as_few(database: Database, town: Town) -> None:
    """Where each lies, whose point it is and in which cell is asked for all at once."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    def told(n: int) -> dict[str, Any]:
        where = ({"customer_id": town[f"customer {n % 2}"]}, {"address": f"无此路{n}号"}, {})[n % 3]
        lng, lat = middle(n % 2)["coordinates"]
        job = {"matter_id": town["leak"], "place": point(lng + n * 1e-6, lat), **where}
        return mutation("work_order", record_writer.new_id(), "create", job, base_version=0)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        counts = []
        for many in (6, 60):
            asked.clear()
            with database.transaction() as session:
                outcomes = hand_in(session, town.actor("rep"), [told(n) for n in range(many)])
            assert {one["status"] for one in outcomes} == {"applied"}, outcomes[0]
            counts.append(len(asked))
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]
