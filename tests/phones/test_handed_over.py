"""Sync of work on records that have changed hands since.

What was one's own when the work was done still counts, and opens no door to others.
"""

from __future__ import annotations

import time

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from tests.conftest import agrees
from tests.factories import Town, middle, mutation
from tests.phones.test_sync import As, PhoneOf, push


def test_a_cell_handed_over_leaves_one_phone_and_enters_the_other(
    phone_of: PhoneOf, as_: As, town: Town, database: Database
) -> None:
    rep, other = phone_of("rep"), phone_of("other_rep")
    rep.sync()
    other.sync()
    answer = as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    assert answer.status_code == 200, answer.text
    rep.sync()
    other.sync()
    assert set(rep.records("customer")) == {town["customer 0"], town["customer 4"]}
    assert set(other.records("customer")) == {town[f"customer {n}"] for n in (1, 2, 5, 6)}
    assert agrees(rep, database)
    assert agrees(other, database)


def a_moment_later() -> None:
    """Longer than a request is under way: by so much a phone's time can be judged too late."""
    time.sleep(1)


def test_work_done_before_a_cell_was_handed_over_still_counts(phone_of: PhoneOf, as_: As, town: Town) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 1"], {"note": "handed over after this"})
    a_moment_later()
    as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    rep.change("customer", town["customer 5"], {"note": "too late"})
    rep.sync()
    assert [outcome and (outcome["status"], outcome["code"]) for _, outcome in rep.store.journal()] == [
        ("applied", None),
        ("parked", "outside_scope"),
    ]
    assert town["customer 1"] not in rep.records("customer")


def test_work_on_what_was_ones_own_when_it_was_done_still_counts(
    phone_of: PhoneOf, as_: As, town: Town, database: Database
) -> None:
    job = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    as_("dispatcher")("PUT", f"/dispatch/{job['id']}/assignment", {"crew_id": town["crew"]})
    rep, leader = phone_of("rep"), phone_of("leader")
    rep.sync()
    leader.sync()
    rep.change("customer", town["customer 0"], {"note": "seen before they moved"})
    for step, body in (("accept", {}), ("arrive", {}), ("start", {})):
        leader.act("work_order", job["id"], step, body)
    a_moment_later()
    as_("dispatcher")("PUT", f"/dispatch/{job['id']}/assignment", {"crew_id": town["far crew"]})
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 0"], {"cell_id": town["cell 2"]}
        )
    rep.sync()
    leader.sync()
    assert [outcome and outcome["status"] for _, outcome in rep.store.journal()] == ["applied"]
    assert [outcome and outcome["status"] for _, outcome in leader.store.journal()] == ["merged"] * 3
    assert town["customer 0"] not in rep.records("customer")
    assert job["id"] not in leader.records("work_order")
    (question,) = as_("dispatcher").get("/inbox/questions")
    assert (question["field"], [head["action"] for head in question["heads"]]) == (
        "state",
        ["start", "dispatch"],
    )


def test_a_time_that_is_only_claimed_opens_no_door_that_has_closed(
    phone_of: PhoneOf, as_: As, town: Town
) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 1"], {"note": "before it was handed over, says the phone"})
    as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    rep.clock.reboot()
    rep.sync()
    ((_, outcome),) = rep.store.journal()
    assert outcome and (outcome["status"], outcome["code"]) == ("parked", "outside_scope")


def test_work_that_names_what_was_once_ones_own_still_counts(phone_of: PhoneOf, as_: As, town: Town) -> None:
    rep = phone_of("rep")
    rep.sync()
    item = {"theme": "pressure", "source": "visit", "description": "水小", "cell_id": town["cell 0"]}
    rep.create("item", item | {"customer_id": town["customer 1"]})
    a_moment_later()
    as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    rep.create("item", item | {"customer_id": town["customer 5"]})
    rep.sync()
    assert [outcome and (outcome["status"], outcome["code"]) for _, outcome in rep.store.journal()] == [
        ("applied", None),
        ("parked", "outside_scope"),
    ]


def test_to_name_a_colleague_opens_no_door_to_their_customers(as_: As, town: Town) -> None:
    item = {
        "theme": "pressure",
        "source": "visit",
        "description": "水小",
        "cell_id": town["cell 0"],
        "owner_id": town["other_rep"],
    }
    mine, theirs = (
        mutation(
            "item",
            record_writer.new_id(),
            "create",
            item | {"customer_id": town[f"customer {n}"]},
            base_version=0,
        )
        for n in (0, 2)
    )
    found = {one["id"]: one["status"] for one in push(as_("rep"), [mine, theirs])}
    assert found[mine["id"]] == "applied"
    assert found[theirs["id"]] in ("held", "parked")


def test_nothing_is_taken_back_by_filing_it_under_oneself(phone_of: PhoneOf, as_: As, town: Town) -> None:
    """What the record was filed under before counts as well as what it would be afterwards."""
    rep = phone_of("rep")
    rep.sync()
    as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    a_moment_later()
    rep.change("customer", town["customer 0"], {"note": "one's own"})
    rep.change("customer", town["customer 1"], {"cell_id": town["cell 0"]})
    rep.sync()
    assert [outcome and (outcome["status"], outcome["code"]) for _, outcome in rep.store.journal()] == [
        ("applied", None),
        ("parked", "outside_scope"),
    ]
    assert as_("supervisor").get(f"/customers/{town['customer 1']}")["cell_id"] == town["cell 1"]
