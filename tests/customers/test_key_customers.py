"""Key customers: their own representative holds their points and open work.

So does whoever answers after them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.customers.services.key_customers import keep_points
from backend.customers.services.visiting import plan_visits
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person, agrees
from tests.factories import Town

As = Callable[[str], Person]


@pytest.fixture
def work(database: Database, town: Town) -> dict[str, str]:
    """Customer 0 of cell 0 (rep's) has two items and a visit.

    One item and the planned visit are rep's, the other item the hotline keeps.
    """
    with database.transaction() as session:
        north = system(town["north"])
        mine = {"customer_id": town["customer 0"], "cell_id": town["cell 0"]}
        item = {"theme": "pressure", "source": "visit", "state": "open", "description": "水压低"} | mine
        found = {
            "item": record_writer.create(session, north, "item", item | {"owner_id": town["rep"]}).id,
            "kept": record_writer.create(session, north, "item", item | {"owner_id": town["agent"]}).id,
            "visit": record_writer.create(
                session,
                north,
                "visit",
                mine | {"state": "planned", "method": "door", "representative_id": town["rep"]},
            ).id,
        }
    serving.serve(database)
    return found


def set_customer(database: Database, town: Town, **now: Any) -> None:
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 0"], now)
    serving.serve(database)


def owners(database: Database, work: dict[str, str]) -> tuple[Any, ...]:
    with database.transaction() as session:
        item, kept = (record_writer.read(session, "item", work[name]).values for name in ("item", "kept"))
        return (
            item["owner_id"],
            kept["owner_id"],
            record_writer.read(session, "visit", work["visit"]).values["representative_id"],
        )


def test_the_points_and_the_open_work_go_with_the_representative(
    phone_of: Callable[..., Phone], database: Database, town: Town, work: dict[str, str]
) -> None:
    phone = phone_of("other_rep")
    phone.sync()
    assert town["point 0"] not in phone.records("service_point")
    set_customer(database, town, key_representative_id=town["other_rep"])
    phone.sync()
    assert town["customer 0"] in phone.records("customer")
    assert town["point 0"] in phone.records("service_point")
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])
    # A point that is added later comes too; and what the holder sees of the customer can be worked with.
    with database.transaction() as session:
        spot = record_writer.read(session, "service_point", town["point 0"]).values | {
            "address": "二号门",
            "key_representative_id": None,
            "meter_number": "M-later",
        }
        later = record_writer.create(session, system(town["north"]), "service_point", spot).id
    serving.serve(database)
    phone.sync()
    assert later in phone.records("service_point")
    phone.act("visit", work["visit"], "complete", {"summary": "已走访", "away_reason": "客户在外"})
    phone.sync()
    assert [outcome["status"] for _, outcome in phone.store.journal()] == ["applied"]
    # Another takes over: all of it leaves this phone at the next sync.
    set_customer(database, town, key_representative_id=town["rep"])
    phone.sync()
    assert agrees(phone, database)
    assert not {town["point 0"], later} & set(phone.records("service_point"))
    assert work["item"] not in phone.records("item")
    history = phone_of("rep", "rep2")
    history.sync()
    assert {town["point 0"], later} <= set(history.records("service_point"))


def test_who_answers_when_the_own_representative_goes(
    database: Database, town: Town, work: dict[str, str], as_: As
) -> None:
    set_customer(database, town, key_representative_id=town["other_rep"])
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "staff", town["other_rep"], {"is_active": False})
    serving.serve(database)
    assert owners(database, work) == (town["rep"], town["agent"], town["rep"])
    told = as_("supervisor").get("/notices?limit=100")["rows"]
    assert [one["subject_id"] for one in told if "专属客户代表已离岗" in one["text_zh"]] == [
        town["customer 0"]
    ]
    with database.transaction() as session:
        record_writer.act(
            session, system(town["north"]), "visit", work["visit"], "cancel", {"absent_reason": "改期"}
        )
        assert plan_visits(session) == 1
        planned = session.execute(
            text("SELECT representative_id::text FROM visit WHERE state = 'planned'")
        ).scalar_one()
        assert planned == town["rep"]
        record_writer.change(session, system(town["north"]), "staff", town["other_rep"], {"is_active": True})
    serving.serve(database)
    assert owners(database, work)[0] == town["other_rep"]


def test_key_status_taken_away_and_a_cell_that_changes(
    database: Database, town: Town, work: dict[str, str]
) -> None:
    set_customer(database, town, key_representative_id=town["other_rep"])
    # The cell changes hands or the customer changes cell: a key customer's work stays with their own.
    set_customer(database, town, cell_id=town["cell 1"])
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])
    with database.transaction() as session:
        assert {
            record_writer.read(session, kind, work[name]).values["cell_id"]
            for kind, name in (("item", "item"), ("visit", "visit"))
        } == {town["cell 1"]}
    set_customer(database, town, category="resident")
    with database.transaction() as session:
        assert (
            record_writer.read(session, "customer", town["customer 0"]).values["key_representative_id"]
            is None
        )
        assert (
            record_writer.read(session, "service_point", town["point 0"]).values["key_representative_id"]
            is None
        )
    assert owners(database, work) == (town["rep"], town["agent"], town["rep"])
    set_customer(database, town, cell_id=town["cell 2"])
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])


def test_a_cell_handed_over_leaves_key_customers_work_alone(
    database: Database, town: Town, work: dict[str, str], as_: As
) -> None:
    set_customer(database, town, key_representative_id=town["rep"])
    given = as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 0']}/representative", json={"staff_id": town["other_rep"]}
    )
    assert given.status_code == 200
    serving.serve(database)
    assert owners(database, work) == (town["rep"], town["agent"], town["rep"])


def test_points_from_before_get_their_representative(database: Database, town: Town) -> None:
    with database.transaction() as session:
        record_writer.change(
            session,
            system(town["north"]),
            "customer",
            town["customer 0"],
            {"key_representative_id": town["other_rep"]},
        )
        session.execute(text("UPDATE outbox SET done_at = now()"))
        assert (keep_points(session), keep_points(session)) == (1, 0)
        assert (
            record_writer.read(session, "service_point", town["point 0"]).values["key_representative_id"]
            == town["other_rep"]
        )
