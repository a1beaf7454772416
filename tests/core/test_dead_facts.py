"""Facts given up by the outbox are seen, and tried again by a person.

They are seen at the desk, in the metrics and in the shell, whatever they should have done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.cli import main
from backend.core.actor import system
from backend.core.db import Database
from backend.core.events import announce
from backend.core.services import record_writer
from backend.queue import fact_table, serving
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]
TRIES = 8


def give_up(database: Database) -> None:
    """Let the worker try as often as it does, without its pauses."""
    for _ in range(TRIES):
        serving.serve(database)
        with database.transaction() as session:
            session.execute(
                text("UPDATE outbox SET due_at = now() - interval '1 second' WHERE done_at IS NULL")
            )


def gauge(app: Flask) -> float:
    said = app.test_client().get("/metrics").get_data(as_text=True)
    return float(
        next(line for line in said.splitlines() if line.startswith("wangge_outbox_dead ")).split()[1]
    )


def failing(which: int) -> Callable[[Any, dict[str, Any]], None]:
    def subscriber(_session: Any, fact: dict[str, Any]) -> None:
        if fact["nth"] == which:
            raise ZeroDivisionError

    return subscriber


def test_each_subscription_that_fails_leaves_a_fact_that_is_seen_and_retried(
    app: Flask, database: Database, town: Town, as_: As
) -> None:
    serving.serve(database)
    each = [(fact, nth) for fact, ours in fact_table.SUBSCRIPTIONS.items() for nth in range(len(ours))]
    assert len(each) > 12
    with pytest.MonkeyPatch.context() as patch:
        for fact, ours in list(fact_table.SUBSCRIPTIONS.items()):
            patch.setitem(fact_table.SUBSCRIPTIONS, fact, tuple(failing(nth) for nth in range(len(ours))))
        with database.transaction() as session:
            for fact, nth in each:
                announce(session, fact, id=town["nobody"], op="change", nth=nth, sha256="0" * 64)
        give_up(database)
    dead = as_("admin").get("/inbox/facts")
    assert sorted(one["fact"] for one in dead) == sorted(fact for fact, _ in each)
    assert {(one["attempts"], one["error"]) for one in dead} == {(TRIES, "ZeroDivisionError")}
    assert gauge(app) == len(each)
    for one in dead:
        assert as_("admin")("POST", f"/inbox/facts/{one['id']}/retry").status_code == 200
    serving.serve(database)
    assert as_("admin").get("/inbox/facts") == []
    assert gauge(app) == 0
    acts = as_("admin").get("/administrative-acts?act=fact_retried&limit=100")["rows"]
    assert sorted(one["after"]["fact"] for one in acts) == sorted(fact for fact, _ in each)


@pytest.fixture
def dead(database: Database, town: Town) -> int:
    """A fact about a customer of the north that was given up."""
    serving.serve(database)
    with database.transaction() as session:
        announce(session, "customer.written", kind="customer", id=town["customer 1"], op="change", changed=[])
        session.execute(
            text("UPDATE outbox SET attempts = 8, last_error = 'check_failed' WHERE done_at IS NULL")
        )
        return int(session.execute(text("SELECT max(id) FROM outbox")).scalar_one())


def test_a_dead_fact_is_seen_and_retried_in_its_own_unit_alone(
    dead: int, as_: As, town: Town, database: Database
) -> None:
    assert [one["record_id"] for one in as_("dispatcher").get("/inbox/facts")] == [town["customer 1"]]
    assert as_("stranger").get("/inbox/facts") == []
    assert as_("stranger")("POST", f"/inbox/facts/{dead}/retry").status_code == 404
    assert as_("rep")("GET", "/inbox/facts").status_code == 403
    assert as_("dispatcher")("POST", f"/inbox/facts/{dead}/retry").status_code == 200
    assert as_("dispatcher")("POST", f"/inbox/facts/{dead}/retry").status_code == 404
    serving.serve(database)
    assert as_("dispatcher").get("/inbox/facts") == []


def test_the_shell_lists_what_was_given_up_and_retries_it(
    dead: int, database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def here(*_: object) -> Iterator[Any]:
        yield database

    # A command speaks to a person; the tests after this one read what a server logs.
    monkeypatch.setattr("backend.cli.logs.configure", lambda **_: None)
    monkeypatch.setattr("backend.commands.outbox.the_machine", here)
    monkeypatch.setattr("backend.commands.outbox.opened", here)
    listed = CliRunner().invoke(main, ["outbox"])
    assert f"{dead} " in listed.output, listed.output
    assert "check_failed" in listed.output
    assert town["customer 1"] in listed.output
    assert CliRunner().invoke(main, ["outbox", "--retry", str(dead)]).exit_code == 0
    serving.serve(database)
    again = CliRunner().invoke(main, ["outbox", "--retry", str(dead)])
    assert again.exit_code == 1
    assert "已放弃" in again.output
    assert "0 件" in CliRunner().invoke(main, ["outbox"]).output


def test_what_the_server_learns_late_of_a_phones_job_is_written_whatever_it_shows(
    database: Database, town: Town
) -> None:
    """A job begun on a phone before the server knew that its matter asks for a quote."""
    with database.transaction() as session:
        session.execute(text("UPDATE outbox SET done_at = now()"))
        record_writer.change(session, system(town["group"]), "matter", town["leak"], {"quote_required": True})
        values = {"matter_id": town["leak"], "place": middle(1), "state": "in_progress"}
        job = record_writer.create(session, system(town["north"]), "work_order", values)
    serving.serve(database)
    with database.transaction() as session:
        now = record_writer.read(session, "work_order", job.id).values
        assert (now["quote_required"], bool(now["case_id"])) == (True, True)
        assert session.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL")).scalar_one() == 0


def test_only_what_a_fact_is_of_may_be_gone(database: Database, town: Town, as_: As) -> None:
    """Something else that is not there leaves the work undone: it is no reason to be done with the fact."""
    serving.serve(database)
    made = as_("agent")("POST", "/work-orders", json={"matter_id": town["leak"], "place": middle(1)}).json[
        "id"
    ]
    serving.serve(database)

    def needs(session: Session, fact: dict[str, Any]) -> None:
        record_writer.read(session, "work_order", fact["id"])
        record_writer.read(session, "matter", town["no such matter"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fact_table.SUBSCRIPTIONS, "work_order.written", (needs,))
        with database.transaction() as session:
            for one in (made, town["a job taken away"]):
                announce(session, "work_order.written", id=one, op="change")
        give_up(database)
    dead = as_("dispatcher").get("/inbox/facts")
    assert [(one["record_id"], one["error"]) for one in dead] == [(made, "not_found")]
