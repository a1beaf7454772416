"""Merging at its edges: chains of merges, what is empty, what is chosen, and two merges at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town, uid
from tests.newcomers import join

As = Callable[[str], Person]


def customer(database: Database, name: str, unit: str = "north", **values: Any) -> str:
    """A customer of the town's first cell."""
    kept = {"number": f"QXZ-{name}", "name": "张三", "category": "resident"} | values
    with database.transaction() as session:
        return record_writer.create(session, system(uid(unit)), "customer", kept).id


def merge(person: Person, kept: str, merged: str, **values: Any) -> Any:
    body = {"kept_id": kept, "merged_id": merged, "reason": "同一户", "values": values}
    return person("POST", "/customer-merges", body)


def test_of_a_chain_every_old_number_finds_the_last(as_: As, database: Database) -> None:
    supervisor = as_("supervisor")
    first, second, third = (customer(database, str(n)) for n in range(3))
    assert merge(supervisor, second, first).get_json()["former_numbers"] == ["QXZ-0"]
    assert merge(supervisor, third, second).get_json()["former_numbers"] == ["QXZ-0", "QXZ-1"]
    for number in ("QXZ-0", "QXZ-1", "QXZ-2"):
        found = supervisor.get("/territory/customers", query_string={"words": number})
        assert [one["id"] for one in found] == [third], number
    assert [one["kept_id"] for one in supervisor.get("/voids")] == [third, second]


def test_what_only_the_one_who_goes_said_is_taken_without_asking(as_: As, database: Database) -> None:
    kept = customer(database, "kept", note=None, contact_name="")
    goes = customer(database, "goes", note="门铃坏了", contact_name="李四", is_vulnerable=True)
    supervisor = as_("supervisor")
    seen = supervisor.get("/customer-merges", query_string={"kept_id": kept, "merged_id": goes})
    assert seen["differs"] == []
    assert seen["moves"] == {}
    assert (seen["kept"]["number"], seen["merged"]["number"]) == ("QXZ-kept", "QXZ-goes")
    assert merge(supervisor, kept, goes).status_code == 200
    stays = supervisor.get(f"/customers/{kept}")
    assert (stays["note"], stays["contact_name"], stays["is_vulnerable"]) == ("门铃坏了", "李四", True)


@pytest.mark.parametrize("side", ["kept", "merged", "another"])
def test_a_person_chooses_either_or_writes_another(as_: As, database: Database, side: str) -> None:
    says = {"kept": "13900000001", "merged": "13900000002", "another": "13900000003"}
    kept = customer(database, "kept", phone=says["kept"])
    goes = customer(database, "goes", phone=says["merged"])
    assert merge(as_("supervisor"), kept, goes, phone=says[side]).status_code == 200
    assert as_("dispatcher").get(f"/customers/{kept}")["phone"] == says[side]


def test_values_that_cannot_be_are_told_and_nothing_moves(as_: As, database: Database, town: Town) -> None:
    supervisor = as_("supervisor")
    kept, goes = customer(database, "kept", phone="1"), customer(database, "goes", phone="2")
    for odd in ({"phone": "x" * 31}, {"phone": "1", "category": "friend"}):
        answer = merge(supervisor, kept, goes, **odd)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid"), odd
    south = {"phone": "1", "key_representative_id": town["south_rep"]}
    assert merge(supervisor, kept, goes, **south).status_code == 422
    assert supervisor("GET", f"/customers/{goes}").status_code == 200
    assert supervisor.get("/voids") == []


def test_fields_that_are_nobodys_to_choose_are_passed_over(as_: As, database: Database) -> None:
    kept, goes = customer(database, "kept"), customer(database, "goes")
    answer = merge(as_("supervisor"), kept, goes, number="QXZ-9", pinyin="x", former_numbers=["Z"])
    assert answer.get_json()["former_numbers"] == ["QXZ-goes"]
    assert as_("dispatcher").get(f"/customers/{kept}")["number"] == "QXZ-kept"


def test_customers_of_two_branches_are_merged_by_who_stands_above_both(as_: As, database: Database) -> None:
    north, south = customer(database, "north"), customer(database, "south", "south")
    with database.transaction() as session:
        join(session, "south admin", "south", Role.ADMIN)
    for who in ("supervisor", "south admin"):
        assert merge(as_(who), north, south).status_code == 404, who
    assert merge(as_("admin"), north, south).status_code == 200


def test_of_two_who_merge_crosswise_at_once_one_does(as_: As, database: Database) -> None:
    one, other = customer(database, "one"), customer(database, "other")
    hands = [(as_("supervisor"), one, other), (as_("admin"), other, one)]
    with ThreadPoolExecutor(2) as pool:
        answers = [one.status_code for one in pool.map(lambda hand: merge(*hand), hands)]
    assert sorted(answers) == [200, 404]
    there = [as_("dispatcher")("GET", f"/customers/{who}").status_code for who in (one, other)]
    assert sorted(there) == [200, 404]


def test_open_work_follows_to_the_representative_of_the_one_who_stays(
    as_: As, database: Database, town: Town
) -> None:
    """The point of the one who goes lies in the same cell; it gets the key customer's own representative."""
    kept = customer(database, "kept", cell_id=town["cell 0"], category="key",
                    key_representative_id=town["other_rep"])  # fmt: skip
    goes = customer(database, "goes", cell_id=town["cell 0"])
    point = {
        "customer_id": goes,
        "address": "香港中路8号",
        "nature": "residential",
        "cell_id": town["cell 0"],
    }
    place = {"type": "Point", "coordinates": [120.31, 36.06]}
    with database.transaction() as session:
        made = record_writer.create(session, system(town["north"]), "service_point", point | {"place": place})
    serving.serve(database)
    assert merge(as_("supervisor"), kept, goes, category="key").status_code == 200
    serving.serve(database)
    moved = as_("dispatcher").get(f"/service-points/{made.id}")
    assert (moved["customer_id"], moved["key_representative_id"]) == (kept, town["other_rep"])
