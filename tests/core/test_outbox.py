"""Facts and what follows from them: served in order, retried, and never lost with a worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.events import announce
from backend.core.services import record_writer
from backend.queue import fact_table, serving
from tests.factories import Town, middle


def pending(database: Database) -> list[tuple[str, int, str | None]]:
    with database.engine.connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text("SELECT fact, attempts, last_error FROM outbox WHERE done_at IS NULL ORDER BY id")
            )
        ]


@pytest.fixture(autouse=True)
def served(database: Database) -> None:
    """What building the town announced is done with."""
    serving.serve(database)
    assert pending(database) == []


def test_a_fact_lives_and_dies_with_its_transaction(database: Database, town: Town) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        announce(session, "customer.written", id=town["customer 1"])
        raise RuntimeError
    assert pending(database) == []


def test_a_customers_new_phone_reaches_the_site_cards_of_open_jobs(database: Database, town: Town) -> None:
    north = system(town["north"])
    with database.transaction() as session:
        job = {
            "matter_id": town["leak"],
            "customer_id": town["customer 1"],
            "place": middle(1),
            "state": "received",
        }
        open_job = record_writer.create(session, north, "work_order", job)
        closed = record_writer.create(session, north, "work_order", job | {"state": "closed"})
    serving.serve(database)
    with database.transaction() as session:
        record_writer.change(session, north, "customer", town["customer 1"], {"phone": "13777777777"})
    serving.serve(database)
    with database.transaction() as session:
        assert (
            record_writer.read(session, "work_order", open_job.id).values["site_card"]["phone"]
            == "13777777777"
        )
        assert (
            record_writer.read(session, "work_order", closed.id).values["site_card"]["phone"] == "13000000001"
        )


def test_a_new_name_gets_its_pinyin(database: Database, town: Town) -> None:
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 1"], {"name": "欧阳锋"}
        )
    serving.serve(database)
    with database.transaction() as session:
        assert (
            record_writer.read(session, "customer", town["customer 1"]).values["pinyin"] == "ouyangfeng oyf"
        )


def test_a_partly_done_job_leaves_one_linked_remainder(database: Database, town: Town) -> None:
    north = system(town["north"])
    with database.transaction() as session:
        job = {
            "matter_id": town["leak"],
            "place": middle(1),
            "state": "in_progress",
            "case_id": town["case"],
            "first_contact_owner_id": town["agent"],
        }
        made = record_writer.create(session, north, "work_order", job)
        record_writer.act(
            session,
            town.actor("leader"),
            "work_order",
            made.id,
            "finish_partly",
            {"result": "已止水", "remainder": "恢复路面"},
        )
    for _ in range(3):
        serving.serve(database)
    with database.engine.connect() as connection:
        rows = connection.execute(
            text(
                """
                SELECT description, state, case_id::text, first_contact_owner_id::text
                FROM work_order
                WHERE remainder_of_id IS NOT NULL
                """
            )
        ).all()
    assert [tuple(row) for row in rows] == [("恢复路面", "received", town["case"], town["agent"])]


def test_one_bad_fact_does_not_stop_the_others(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Any, _fact: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(fact_table.SUBSCRIPTIONS, "bad", (fail,))
    with database.transaction() as session:
        announce(session, "bad")
        announce(session, "customer.written", id=town["customer 1"], op="change")
    serving.serve(database)
    assert pending(database) == [("bad", 1, "ZeroDivisionError")]


def test_a_failed_fact_is_tried_again_after_a_pause_and_then_left_to_a_person(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def fail(_session: Any, _fact: Any) -> None:
        calls.append(1)
        raise ZeroDivisionError

    monkeypatch.setitem(fact_table.SUBSCRIPTIONS, "bad", (fail,))
    with database.transaction() as session:
        announce(session, "bad")
    for _ in range(12):
        serving.serve(database)
        with database.engine.begin() as connection:
            connection.execute(
                text("UPDATE outbox SET due_at = :now"), {"now": datetime.now(UTC) - timedelta(seconds=1)}
            )
    assert len(calls) == serving.MOST_ATTEMPTS
    assert pending(database)[0][1] == serving.MOST_ATTEMPTS


def test_what_a_failed_subscriber_wrote_is_undone(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_then_fail(session: Any, _fact: Any) -> None:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 1"], {"note": "half done"}
        )
        raise ZeroDivisionError

    monkeypatch.setitem(fact_table.SUBSCRIPTIONS, "bad", (write_then_fail,))
    with database.transaction() as session:
        announce(session, "bad")
    serving.serve(database)
    with database.transaction() as session:
        assert record_writer.read(session, "customer", town["customer 1"]).values["note"] is None


def test_a_fact_about_a_record_that_is_gone_is_done(database: Database, town: Town) -> None:
    with database.transaction() as session:
        announce(session, "customer.written", id=town["nobody"], op="change")
    serving.serve(database)
    assert pending(database) == []


def test_a_fact_nobody_waits_for_is_done(database: Database) -> None:
    with database.transaction() as session:
        announce(session, "unheard.of")
    assert serving.serve(database) == 1
