"""Two customers who are one: what points at the one points at the other, the old number still finds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, uid
from tests.people.test_accounts import acts

As = Callable[[str], Person]
KEPT, GOES = uid("customer 0"), uid("customer 1")
PAIR = {"kept_id": KEPT, "merged_id": GOES}


@pytest.fixture
def history(database: Database, town: Town) -> dict[str, str]:
    """What points at the customer who goes: one record of each kind that can."""
    mine = {"customer_id": GOES, "cell_id": town["cell 1"]}
    rows: dict[str, dict[str, Any]] = {
        "item": {"theme": "pressure", "source": "visit", "state": "open", "description": "水压低"},
        "visit": {"state": "planned", "method": "door", "representative_id": town["rep"]},
        "work_order": {
            "state": "closed",
            "matter_id": town["leak"],
            "description": "漏水",
            "urgency": "normal",
            "number": "W1",
        },
    }
    with database.transaction() as session:
        by = system(town["north"])
        found = {kind: record_writer.create(session, by, kind, mine | row).id for kind, row in rows.items()}
    serving.serve(database)
    return found


def merge(person: Person, **more: Any) -> Any:
    differs = [one["field"] for one in person.get("/customer-merges", query_string=PAIR)["differs"]]
    kept = person.get(f"/customers/{KEPT}")
    body = PAIR | {"reason": "同一户录了两次", "values": {name: kept[name] for name in differs}}
    return person("POST", "/customer-merges", body | more)


def test_everything_points_at_the_one_who_stays(
    as_: As, phone_of: Callable[..., Phone], database: Database, town: Town, history: dict[str, str]
) -> None:
    admin, phone = as_("admin"), phone_of("rep")
    phone.sync()
    number = admin.get(f"/customers/{GOES}")["number"]
    assert GOES in phone.records("customer")
    seen = admin.get("/customer-merges", query_string=PAIR)
    assert seen["moves"] == {"item": 1, "service_point": 1, "visit": 1, "work_order": 1}
    done = merge(admin)
    assert done.status_code == 200, done.text
    assert done.get_json()["former_numbers"] == [number]
    serving.serve(database)
    with database.transaction() as session:
        for kind, record_id in {**history, "service_point": town["point 1"]}.items():
            assert record_writer.read(session, kind, record_id).values["customer_id"] == KEPT, kind
    # No kind that can name a customer is left out.
    able = {
        one.name for one in SYNC_KINDS.values() for f in one.fields.values() if f.references == "customer"
    }
    assert able == {"item", "response", "service_point", "survey", "visit", "work_order"}
    phone.sync()
    assert GOES not in phone.records("customer")
    assert phone.records("customer")[KEPT]["former_numbers"] == [number]
    assert {one["customer_id"] for one in phone.records("service_point").values()} >= {KEPT}
    assert GOES not in {one["customer_id"] for one in phone.records("service_point").values()}


def test_the_old_number_still_finds_it_and_the_one_that_went_stays_readable(
    as_: As, database: Database, town: Town
) -> None:
    admin = as_("admin")
    before = admin.get(f"/customers/{GOES}")
    assert merge(admin).status_code == 200
    found = admin.get("/territory/customers", query_string={"words": before["number"]})
    assert [one["id"] for one in found] == [KEPT]
    assert admin("GET", f"/customers/{GOES}").status_code == 404
    gone = admin.get(f"/voids/customer/{GOES}")
    assert (gone["act"], gone["kept_id"], gone["reason"]) == ("records_merged", KEPT, "同一户录了两次")
    assert gone["values"]["name"] == before["name"]
    assert gone["history"][0]["op"] == "delete"
    (act,) = [one for one in acts(database, GOES) if one[0] == "records_merged"]
    assert (act[1], act[3]["number"], act[3]["moved"]) == (
        town["admin"], before["number"], {"service_point": 1},
    )  # fmt: skip


def test_what_differs_is_decided_by_a_person(as_: As, database: Database) -> None:
    admin = as_("admin")
    version = admin.get(f"/customers/{KEPT}")["version"]
    admin("PATCH", f"/customers/{KEPT}", {"phone": "13900000001", "note": None}, version=version)
    version = admin.get(f"/customers/{GOES}")["version"]
    said = {"phone": "13900000002", "note": "院门密码在物业"}
    assert admin("PATCH", f"/customers/{GOES}", said, version=version).status_code == 200
    differs = {one["field"]: one for one in admin.get("/customer-merges", query_string=PAIR)["differs"]}
    assert (differs["phone"]["kept"], differs["phone"]["merged"]) == ("13900000001", "13900000002")
    undecided = merge(admin, values={})
    assert (undecided.status_code, undecided.get_json()["code"]) == (422, "merge_undecided")
    assert "phone" in undecided.get_json()["fields"]
    values = {name: one["merged"] for name, one in differs.items()}
    assert merge(admin, values=values).status_code == 200
    stays = admin.get(f"/customers/{KEPT}")
    # What only the one said is kept without asking.
    assert (stays["phone"], stays["note"]) == ("13900000002", "院门密码在物业")


def test_who_merges_and_what_is_no_merge(as_: As) -> None:
    for who, status in (("dispatcher", 403), ("rep", 403), ("auditor", 403), ("stranger", 403)):
        assert as_(who)("GET", "/customer-merges", query_string=PAIR).status_code == status, who
    admin = as_("admin")
    same = admin("GET", "/customer-merges", query_string={"kept_id": KEPT, "merged_id": KEPT})
    assert same.get_json()["code"] == "same_customer"
    gone = admin("GET", "/customer-merges", query_string={"kept_id": KEPT, "merged_id": uid("nobody")})
    assert gone.status_code == 404
    assert merge(as_("supervisor")).status_code == 200
    assert admin("POST", "/customer-merges", PAIR | {"reason": "again"}).status_code == 404


def test_work_that_a_phone_did_at_the_one_who_went_waits_for_a_person(
    as_: As, phone_of: Callable[..., Phone], town: Town
) -> None:
    phone, admin = phone_of("rep"), as_("admin")
    phone.sync()
    phone.change("customer", GOES, {"note": "没有网络时记的"})
    assert merge(admin).status_code == 200
    phone.sync()
    assert phone.store.waiting(10) == []
    assert [outcome and outcome["status"] for _, outcome in phone.store.journal()] == ["merged"]
    assert admin.get(f"/voids/customer/{GOES}")["values"]["note"] == "没有网络时记的"
