"""Office endpoints of the kinds, over the WSGI client and a real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.core.db import Database
from backend.core.kinds.declaration import plural
from backend.core.kinds.registry import KINDS
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_listed_and_read(as_: As, kind: str) -> None:
    admin = as_("admin")
    page = admin.get(f"/{KINDS[kind].segment}?limit=3")
    for row in page["rows"]:
        response = admin("GET", f"/{KINDS[kind].segment}/{row['id']}")
        assert response.get_json() == row
        assert response.headers["ETag"] == f'"{row["version"]}"'
    assert len(page["rows"]) <= 3


@pytest.mark.parametrize(
    ("kind", "segment"),
    [
        ("work_order", "work-orders"),
        ("tanker_delivery", "tanker-deliveries"),
        ("survey", "surveys"),
        ("branch", "branches"),
        ("meter_box", "meter-boxes"),
    ],
)
def test_the_address_of_a_kind_is_its_plural(kind: str, segment: str) -> None:
    assert plural(kind) == segment


def test_pages_follow_each_other_without_gap_or_repeat(as_: As) -> None:
    admin = as_("admin")
    seen, after = [], ""
    while True:
        page = admin.get(f"/customers?limit=3{after}")
        seen += [row["id"] for row in page["rows"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 8


def test_filters_narrow_a_list(as_: As, town: Town) -> None:
    rows = as_("dispatcher").get(f"/customers?cell_id={town['cell 1']}")["rows"]
    assert {row["id"] for row in rows} == {town["customer 1"], town["customer 5"]}


def test_a_change_needs_the_version_that_was_read(as_: As, town: Town) -> None:
    dispatcher = as_("dispatcher")
    path = f"/customers/{town['customer 1']}"
    assert dispatcher("PATCH", path, {"phone": "13100000000"}).get_json()["code"] == "version_needed"
    changed = dispatcher("PATCH", path, {"phone": "13100000000"}, version=1)
    assert (changed.status_code, changed.get_json()["version"]) == (200, 2)
    late = dispatcher("PATCH", path, {"phone": "13200000000"}, version=1)
    assert (late.status_code, late.get_json()["code"]) == (412, "changed_meanwhile")
    assert dispatcher.get(path)["phone"] == "13100000000"


def test_history_names_who_changed_what(as_: As, town: Town) -> None:
    dispatcher = as_("dispatcher")
    dispatcher("PATCH", f"/customers/{town['customer 1']}", {"note": "住二楼"}, version=1)
    newest = dispatcher.get(f"/customers/{town['customer 1']}/history")[0]
    assert newest["changed"] == {"note": [None, "住二楼"]}
    assert newest["actor_id"] == town["dispatcher"]


def test_another_units_record_answers_as_if_it_were_not_there(as_: As, town: Town) -> None:
    foreign = as_("dispatcher")("GET", f"/customers/{town['customer 3']}")
    missing = as_("dispatcher")("GET", f"/customers/{town['nobody']}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.get_json()["code"] == missing.get_json()["code"] == "not_found"


def test_a_job_is_completed_from_its_matter_and_the_ledger(as_: As, town: Town) -> None:
    body = {"matter_id": town["burst"], "service_point_id": town["point 1"], "description": "路面喷水"}
    job = as_("agent")("POST", "/work-orders", body).get_json()
    assert job["state"] == "received"
    assert job["first_contact_owner_id"] == town["agent"]
    assert job["cell_id"] == town["cell 1"]
    assert job["site_card"]["phone"] == "13000000001"
    assert job["signature_required"] is True
    assert job["case_id"]
    assert job["due_at"] > job["contact_by"]


def test_a_strangers_customer_cannot_be_copied_onto_a_job(as_: As, town: Town) -> None:
    body = {"matter_id": town["leak"], "customer_id": town["customer 3"], "place": middle(0)}
    answer = as_("agent")("POST", "/work-orders", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "reference_missing")


def test_the_first_contact_owner_cannot_be_changed(as_: As, town: Town) -> None:
    agent = as_("agent")
    job = agent("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    answer = agent(
        "PATCH", f"/work-orders/{job['id']}", {"first_contact_owner_id": town["rep"]}, version=job["version"]
    )
    assert answer.status_code == 422
    assert agent.get(f"/work-orders/{job['id']}")["first_contact_owner_id"] == town["agent"]


def test_whoever_did_the_work_may_not_close_it(as_: As, town: Town) -> None:
    agent, dispatcher, leader = as_("agent"), as_("dispatcher"), as_("leader")
    job = agent("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    path = f"/work-orders/{job['id']}/actions"
    assert dispatcher("POST", f"{path}/dispatch", {"crew_id": town["crew"]}).status_code == 200
    for step, body in (("accept", {}), ("arrive", {}), ("start", {}), ("finish", {"result": "已修复"})):
        assert leader("POST", f"{path}/{step}", body).status_code == 200, step
    assert (
        leader("POST", f"{path}/close", {"return_visit": {"is_satisfied": True}}).get_json()["code"]
        == "not_allowed"
    )
    closed = agent("POST", f"{path}/close", {"return_visit": {"is_satisfied": True}})
    assert closed.get_json()["state"] == "closed"


def test_a_step_that_does_not_fit_says_where_it_would(as_: As, town: Town) -> None:
    job = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    answer = as_("agent")(
        "POST", f"/work-orders/{job['id']}/actions/close", {"return_visit": {"is_satisfied": True}}
    )
    assert answer.status_code == 409
    assert answer.get_json()["fits_in"] == ["done"]


def test_an_auditor_sees_no_phone_number(as_: As, town: Town) -> None:
    seen = as_("auditor").get(f"/customers/{town['customer 1']}")
    assert seen["phone"] == "130******01"
    assert seen["name"].startswith("王")
    assert "小" not in seen["name"]


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "identity"])
def test_a_tag_that_was_given_is_one_the_server_knows(as_: As, town: Town, coding: str) -> None:
    office, path = as_("admin"), f"/units/{town['group']}"
    office("PATCH", path, {"name": "集" * 200}, version=office.get(path)["version"])
    as_sent = {"Accept-Encoding": coding}
    given = office("GET", path, headers=as_sent)
    assert given.headers.get("Content-Encoding", "identity") == coding
    tag = given.headers["ETag"]
    for again in (tag, f"W/{tag}", tag.replace(":", "-")):
        assert office("GET", path, headers=as_sent | {"If-None-Match": again}).status_code == 304
        assert office("GET", path, headers=as_sent | {"If-Match": again}).status_code == 200
    refused = office("GET", path, headers=as_sent | {"If-Match": "bytes=0-"})
    assert (refused.status_code, refused.get_json()["code"]) == (412, "changed_meanwhile")
    assert office("PATCH", path, {"hotline": "96111"}, headers={"If-Match": tag}).status_code == 200
    assert office("GET", path, headers=as_sent | {"If-None-Match": tag}).status_code == 200


def a_job_done(as_: As, town: Town) -> str:
    """Of a leak, up to the return visit."""
    agent, leader = as_("agent"), as_("leader")
    job = str(agent("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()["id"])
    steps: list[tuple[Person, str, dict[str, Any]]] = [
        (as_("dispatcher"), "dispatch", {"crew_id": town["crew"]})
    ]
    steps += [
        (leader, "accept", {}),
        (leader, "arrive", {}),
        (leader, "start", {}),
        (leader, "finish", {"result": "好"}),
    ]
    for who, step, body in steps:
        assert who("POST", f"/work-orders/{job}/actions/{step}", body).status_code == 200, step
    return job


def test_not_satisfied_closes_nothing_but_begins_a_round_with_an_item(
    as_: As, town: Town, database: Database
) -> None:
    agent, job = as_("agent"), a_job_done(as_, town)
    said = {"return_visit": {"is_satisfied": False, "opinion": "还在漏"}}
    answer = agent("POST", f"/work-orders/{job}/actions/close", said).get_json()
    assert (answer["state"], answer["round"], answer["return_visit"]) == ("received", 2, None)
    assert "还在漏" in answer["reopen_reason"]
    serving.serve(database)
    (item,) = [one for one in agent.get("/items?source=return_visit")["rows"] if one["work_order_id"] == job]
    assert (item["state"], item["case_id"], item["owner_id"]) == ("open", answer["case_id"], town["agent"])
    assert "还在漏" in item["description"]
    assert item["due_on"]
    assert agent.get(f"/work-orders/{job}")["version"] == answer["version"]


def test_not_satisfied_said_on_a_phone_goes_on_too(
    as_: As, town: Town, database: Database, phone_of: Callable[..., Phone]
) -> None:
    job, rep = a_job_done(as_, town), phone_of("rep")
    rep.sync()
    rep.act("work_order", job, "close", {"return_visit": {"is_satisfied": False}})
    rep.sync()
    for _ in range(3):
        serving.serve(database)
    now = as_("agent").get(f"/work-orders/{job}")
    assert (now["state"], now["round"]) == ("received", 2)
    assert len(as_("agent").get("/items?source=return_visit")["rows"]) == 1
