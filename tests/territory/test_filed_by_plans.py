"""Customers and points that were loaded before there was any ground are filed by the first plan."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from mobile_api_spec.phone import Phone
from tests.factories import Town
from tests.territory.test_ground import As, accept, ask, cell_of, west_of_cell_1


def test_a_plan_files_customers_who_were_filed_nowhere(
    as_: As, town: Town, database: Database, phone_of: Callable[..., Phone]
) -> None:
    """Loaded before there was any ground: the first plan files points, customers and their open work."""
    west_of_cell_1(database, town)
    with database.transaction() as session:
        actor = system(town["north"])
        values = {"number": "L1", "name": "先来", "category": "resident"}
        record_writer.create(session, actor, "customer", values, record_id=town["early"])
        for kind, record in (("service_point", "west point"), ("customer", "early")):
            record_writer.change(session, actor, kind, town[record], {"cell_id": None})
        moved = {"customer_id": town["early"]}
        record_writer.change(session, actor, "service_point", town["west point"], moved)
        visit = {"customer_id": town["early"], "state": "planned", "method": "door"}
        record_writer.create(session, actor, "visit", visit, record_id=town["early visit"])
    supervisor = as_("supervisor")
    plan = ask(supervisor, "merge", cell_ids=[town["cell 1"], town["cell 2"]])
    assert accept(supervisor, plan).get_json()["state"] == "applied"
    for kind, record in (("service_point", "west point"), ("customer", "early"), ("visit", "early visit")):
        assert cell_of(database, kind, town[record]) == town["cell 1"], kind
    rep = phone_of("rep")
    rep.sync()
    assert town["early"] in rep.records("customer")
