"""A job finds its place and cell from what it has, and again when that is corrected.

So does whatever else is filed under a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.geometry import point
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, hand_in, middle, mutation

As = Callable[[str], Person]
OUTSIDE = point(119.0, 35.0)


@pytest.fixture
def second_point(database: Database, town: Town) -> str:
    """Another door of customer 1, in cell 2."""
    with database.transaction() as session:
        spot = {
            "customer_id": town["customer 1"],
            "cell_id": town["cell 2"],
            "address": "东海路9号",
            "place": middle(2),
            "nature": "commercial",
        }
        return record_writer.create(session, system(town["north"]), "service_point", spot).id


def post(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = person("POST", path, json=body)
    assert answer.status_code == 201, answer.json
    return dict(answer.json)


def where(values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        values.get(name) for name in ("customer_id", "service_point_id", "place", "address", "cell_id")
    )


def home(town: Town, n: int) -> tuple[Any, ...]:
    return (
        town[f"customer {n}"],
        town[f"point {n}"],
        middle(n % 4),
        f"香港中路{n + 1}号",
        town[f"cell {n % 4}"],
    )


def test_a_job_finds_its_place_from_whatever_it_has(as_: As, town: Town) -> None:
    agent = as_("agent")

    def made(**given: Any) -> dict[str, Any]:
        return post(agent, "/work-orders", {"matter_id": town["leak"], **given})

    for given in (
        {"customer_id": town["customer 1"]},
        {"service_point_id": town["point 1"]},
        {"address": "香港中路2号"},
    ):
        job = made(**given)
        assert where(job) == home(town, 1), given
        assert job["site_card"]["customer_name"] == "王小二"
    assert made(place=middle(2))["cell_id"] == town["cell 2"]
    assert made(cell_id=town["cell 0"])["cell_id"] == town["cell 0"]
    # At the customer's, but not at their door: where the trouble is counts, and no door is guessed.
    elsewhere = made(customer_id=town["customer 1"], place=middle(0))
    assert where(elsewhere) == (town["customer 1"], None, middle(0), None, town["cell 0"])


def test_a_job_that_is_nowhere_is_refused_in_words(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        values = {"number": "K9", "name": "无点户", "category": "resident"}
        nowhere = record_writer.create(session, system(town["north"]), "customer", values).id
    for given in ({}, {"address": "没有这个地方"}, {"customer_id": nowhere}):
        answer = as_("agent")("POST", "/work-orders", json={"matter_id": town["leak"]} | given)
        assert (answer.status_code, answer.json["code"]) == (422, "no_place"), given
    outside = as_("agent")("POST", "/work-orders", json={"matter_id": town["leak"], "place": OUTSIDE})
    assert outside.json["code"] == "outside_territory"
    other = as_("agent")("POST", "/work-orders", json={"matter_id": town["leak"], "place": middle(3)})
    assert (other.json["code"], other.json["unit"]) == ("anothers_ground", "south")
    # What it has is not taken away from it either.
    job = post(as_("agent"), "/work-orders", {"matter_id": town["leak"], "place": middle(1)})
    bare = dict.fromkeys(("place", "cell_id"))
    emptied = as_("agent")("PATCH", f"/work-orders/{job['id']}", json=bare, version=job["version"])
    assert emptied.json["code"] == "no_place"


def test_which_of_several_points_is_asked_and_never_guessed(as_: As, town: Town, second_point: str) -> None:
    body = {"matter_id": town["leak"], "customer_id": town["customer 1"]}
    asked = as_("agent")("POST", "/work-orders", json=body)
    assert (asked.status_code, asked.json["code"]) == (422, "which_point")
    assert {one["service_point_id"] for one in asked.json["choices"]} == {town["point 1"], second_point}
    for more in (
        {"service_point_id": second_point},
        {"address": "东海路9号"},
        {"place": middle(2)},
        {"cell_id": town["cell 2"]},
    ):
        job = post(as_("agent"), "/work-orders", body | more)
        assert where(job)[1:] == (second_point, middle(2), "东海路9号", town["cell 2"]), more
    # A house of several households: where it is is known, whose trouble it is is not.
    first = as_("dispatcher").get(f"/service-points/{town['point 4']}")
    as_("dispatcher")(
        "PATCH",
        f"/service-points/{town['point 4']}",
        json={"address": "香港中路1号"},
        version=first["version"],
    )
    job = post(as_("agent"), "/work-orders", {"matter_id": town["leak"], "address": "香港中路1号"})
    assert where(job) == (None, None, middle(0), "香港中路1号", town["cell 0"])


def test_a_corrected_job_finds_its_place_again(
    as_: As, town: Town, database: Database, second_point: str
) -> None:
    agent = as_("agent")
    job = post(agent, "/work-orders", {"matter_id": town["leak"], "customer_id": town["customer 0"]})

    def corrected(**now: Any) -> Any:
        version = agent.get(f"/work-orders/{job['id']}")["version"]
        return agent("PATCH", f"/work-orders/{job['id']}", json=now, version=version)

    assert where(corrected(customer_id=town["customer 5"]).json) == home(town, 5)
    serving.serve(database)
    # The crew reads the right customer's number at the door, and nobody else's.
    assert agent.get(f"/work-orders/{job['id']}")["site_card"]["phone"] == "13000000005"
    assert corrected(customer_id=town["customer 1"]).json["code"] == "which_point"
    assert where(corrected(service_point_id=second_point).json)[0] == town["customer 1"]
    assert corrected(place=middle(0)).json["cell_id"] == town["cell 0"]
    assert corrected(place=OUTSIDE).json["code"] == "outside_territory"
    assert where(corrected(service_point_id=town["point 2"]).json) == home(town, 2)


def test_a_point_corrected_on_the_ledger_moves_its_open_jobs(as_: As, town: Town, database: Database) -> None:
    agent = as_("agent")
    body = {"matter_id": town["leak"], "service_point_id": town["point 1"]}
    of_ledger, of_caller = (
        post(agent, "/work-orders", body | more) for more in ({}, {"place": middle(0), "address": "路口"})
    )
    serving.serve(database)
    spot = agent.get(f"/service-points/{town['point 1']}")
    now = {"place": middle(2), "address": "新门牌7号"}
    corrected = agent("PATCH", f"/service-points/{town['point 1']}", json=now, version=spot["version"])
    assert corrected.json["cell_id"] == town["cell 2"]
    serving.serve(database)
    moved = agent.get(f"/work-orders/{of_ledger['id']}")
    assert where(moved)[2:] == (middle(2), "新门牌7号", town["cell 2"])
    # What the caller said stays as they said it.
    assert where(agent.get(f"/work-orders/{of_caller['id']}"))[2:] == (middle(0), "路口", town["cell 0"])


def pushed(session: Session, town: Town, who: str, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    record = record_writer.new_id()
    (outcome,) = hand_in(
        session, town.actor(who), [mutation("work_order", record, "create", values, base_version=0)]
    )
    return outcome, record


def test_a_phones_job_finds_its_place_or_is_parked(database: Database, town: Town) -> None:
    with database.transaction() as session:
        outcome, job = pushed(
            session, town, "rep", {"matter_id": town["leak"], "customer_id": town["customer 1"]}
        )
        assert outcome["status"] == "applied", outcome
        assert where(record_writer.read(session, "work_order", job).values) == home(town, 1)
        for given in ({}, {"address": "没有这个地方"}, {"place": "there"}, {"customer_id": 5}):
            outcome, _ = pushed(session, town, "supervisor", {"matter_id": town["leak"]} | given)
            assert outcome["status"] == "parked", given
        outcome, _ = pushed(session, town, "supervisor", {"matter_id": town["leak"]})
        assert outcome["code"] == "no_place"


def test_a_phones_correction_moves_the_job_and_doubts_are_told(
    phone_of: Callable[..., Phone], database: Database, town: Town, as_: As, second_point: str
) -> None:
    phone = phone_of("rep")
    phone.sync()
    job = phone.create(
        "work_order",
        {"matter_id": town["leak"], "customer_id": town["customer 0"], "cell_id": town["cell 0"]},
    )
    phone.sync()
    serving.serve(database)
    phone.sync()
    phone.change("work_order", job, {"customer_id": town["customer 5"]})
    phone.sync()
    serving.serve(database)
    now = as_("agent").get(f"/work-orders/{job}")
    assert where(now) == home(town, 5)
    assert now["site_card"]["phone"] == "13000000005"
    phone.sync()
    phone.change("work_order", job, {"customer_id": town["customer 1"]})
    phone.sync()
    serving.serve(database)
    now = as_("agent").get(f"/work-orders/{job}")
    assert (now["customer_id"], now["service_point_id"], now["cell_id"]) == (
        town["customer 1"],
        None,
        town["cell 1"],
    )
    told = [one["text_zh"] for one in as_("dispatcher").get("/notices?limit=100")["rows"]]
    assert sum("几个用水点" in one for one in told) == 1
    phone.sync()
    phone.change("work_order", job, {"place": OUTSIDE})
    phone.sync()
    serving.serve(database)
    # Kept, and seen by whoever saw it; a dispatcher is told in words.
    assert as_("agent").get(f"/work-orders/{job}")["cell_id"] == town["cell 1"]
    told = [one["text_zh"] for one in as_("dispatcher").get("/notices?limit=100")["rows"]]
    assert sum("不在任何网格内" in one for one in told) == 1


def test_what_is_filed_under_a_cell_finds_it(as_: As, town: Town, database: Database) -> None:
    office = as_("supervisor")
    item = post(
        office,
        "/items",
        {
            "theme": "pressure",
            "source": "hotline",
            "description": "水压低",
            "customer_id": town["customer 1"],
        },
    )
    visit = post(office, "/visits", {"customer_id": town["customer 2"], "method": "phone"})
    survey = post(office, "/surveys", {"surveyor_id": town["rep"], "place": middle(0)})
    spot = post(
        office,
        "/service-points",
        {"customer_id": town["customer 0"], "address": "新址", "place": middle(2), "nature": "public"},
    )
    found = [one["cell_id"] for one in (item, visit, survey, spot)]
    assert found == [town["cell 1"], town["cell 2"], town["cell 0"], town["cell 2"]]
    moved = office(
        "PATCH", f"/service-points/{spot['id']}", json={"place": middle(1)}, version=spot["version"]
    )
    assert moved.json["cell_id"] == town["cell 1"]
    again = office(
        "PATCH", f"/items/{item['id']}", json={"customer_id": town["customer 2"]}, version=item["version"]
    )
    assert again.json["cell_id"] == town["cell 2"]
    with database.transaction() as session:
        quiet = record_writer.create(
            session, system(town["north"]), "visit", {"customer_id": town["customer 1"], "method": "door"}
        )
    serving.serve(database)
    assert office.get(f"/visits/{quiet.id}")["cell_id"] == town["cell 1"]


def test_a_phone_learns_nobodys_number_by_an_address(database: Database, town: Town, as_: As) -> None:
    """The server finds where an address is, not whose.

    A card would carry the name and number of a stranger.
    """
    rep, known = town.actor("rep"), {"matter_id": town["leak"], "cell_id": town["cell 0"]}
    with database.transaction() as session:
        _, job = pushed(session, town, "rep", known | {"address": "香港中路3号"})
        _, later = pushed(session, town, "rep", known | {"place": middle(0)})
        given = mutation("work_order", later, "change", {"address": "香港中路3号"}, base_version=1)
        assert hand_in(session, rep, [given])[0]["status"] == "applied"
        _, mine = pushed(session, town, "rep", known | {"address": "香港中路1号"})
    serving.serve(database)
    for one in (job, later):
        found = as_("rep").get(f"/work-orders/{one}")
        assert (found["customer_id"], found["service_point_id"], found["site_card"]) == (None, None, None)
    assert as_("rep").get(f"/work-orders/{job}")["place"] == middle(2)
    # What they may read themselves they need not look for.
    assert as_("rep").get(f"/work-orders/{mine}")["site_card"]["phone"] == "13000000000"
