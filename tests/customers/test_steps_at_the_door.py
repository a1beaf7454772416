"""Steps of visits, surveys and items: who may take which, what each asks for, what it refuses in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town, middle
from tests.newcomers import join

As = Callable[[str], Person]
FINDINGS = {
    "is_feasible": True,
    "pipe_material": "球墨铸铁",
    "diameter_mm": 300,
    "pressure_kpa": 280,
    "distance_to_main_m": 12.5,
    "plan": "自南侧主管接入",
}


def post(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    made = person("POST", path, body)
    assert made.status_code == 201, made.text
    return dict(made.get_json())


def refusal(answer: Any) -> tuple[int, str, list[str]]:
    """Status, code, and the faults' fields."""
    body = answer.get_json()
    return answer.status_code, body["code"], [one["field"] for one in body.get("faults", ())]


@pytest.fixture
def visit(as_: As, town: Town) -> str:
    """A planned visit of the representative's."""
    body = {"customer_id": town["customer 0"], "method": "door", "representative_id": town["rep"]}
    return str(post(as_("supervisor"), "/visits", body)["id"])


def test_a_visit_at_the_door_says_where_or_why_not(as_: As, visit: str) -> None:
    rep, path = as_("rep"), f"/visits/{visit}/actions"
    assert refusal(rep("POST", f"{path}/complete", {})) == (422, "check_failed", ["summary"])
    bare = rep("POST", f"{path}/complete", {"summary": "正常"})
    assert refusal(bare) == (422, "check_failed", ["check_in"])
    assert bare.get_json()["faults"][0]["zh"] == "上门走访需要签到位置，或写明原因"
    assert rep.get(f"/visits/{visit}")["state"] == "planned"
    made = rep("POST", f"{path}/complete", {"summary": "正常", "check_in": middle(0)}).get_json()
    assert (made["state"], made["check_in"], made["ended_at"] is not None) == ("done", middle(0), True)
    # What was made is neither made again nor given up.
    for who, step, body in (
        ("rep", "complete", {"summary": "又去"}),
        ("rep", "nobody_met", {"absent_reason": "无人"}),
        ("dispatcher", "cancel", {"absent_reason": "改期"}),
    ):
        again = as_(who)("POST", f"{path}/{step}", body)
        assert refusal(again)[:2] == (409, "action_does_not_fit"), step


def test_by_telephone_no_place_is_asked_for(as_: As, town: Town) -> None:
    body = {"customer_id": town["customer 1"], "method": "phone", "representative_id": town["rep"]}
    visit = post(as_("rep"), "/visits", body)
    assert (visit["cell_id"], visit["state"]) == (town["cell 1"], "planned")
    path = f"/visits/{visit['id']}/actions/complete"
    assert as_("rep")("POST", path, {"summary": "电话问过"}).get_json()["state"] == "done"


def test_nobody_met_has_a_reason_and_the_desk_alone_gives_up(as_: As, visit: str) -> None:
    path = f"/visits/{visit}/actions"
    assert refusal(as_("rep")("POST", f"{path}/nobody_met", {})) == (422, "check_failed", ["absent_reason"])
    given_up = {"absent_reason": "客户搬走"}
    assert refusal(as_("rep")("POST", f"{path}/cancel", given_up))[:2] == (403, "not_allowed")
    # Another's round is not theirs to read: as if it were not there.
    for who in ("other_rep", "south_rep", "stranger"):
        assert refusal(as_(who)("POST", f"{path}/nobody_met", given_up))[:2] == (404, "not_found"), who
    for who in ("dispatcher", "supervisor", "auditor"):
        assert refusal(as_(who)("POST", f"{path}/nobody_met", given_up))[:2] == (403, "not_allowed"), who
    assert as_("rep")("POST", f"{path}/nobody_met", given_up).get_json()["state"] == "not_met"
    ended = as_("dispatcher")("POST", f"{path}/cancel", given_up).get_json()
    assert (ended["state"], ended["absent_reason"]) == ("cancelled", "客户搬走")
    assert refusal(as_("rep")("POST", f"{path}/complete", {"summary": "又去"}))[1] == "action_does_not_fit"


def test_a_survey_is_reported_from_the_site_with_all_it_found(
    as_: As, town: Town, database: Database
) -> None:
    asked = {"surveyor_id": town["rep"], "customer_id": town["customer 0"]}
    survey = post(as_("dispatcher"), "/surveys", asked)
    assert (survey["state"], survey["cell_id"]) == ("appointed", town["cell 0"])
    rep, path = as_("rep"), f"/surveys/{survey['id']}/actions"
    early = rep("POST", f"{path}/report", {"findings": FINDINGS})
    assert refusal(early)[:2] == (409, "action_does_not_fit")
    assert refusal(as_("dispatcher")("POST", f"{path}/arrive", {}))[:2] == (403, "not_allowed")
    assert refusal(as_("other_rep")("POST", f"{path}/arrive", {}))[:2] == (404, "not_found")
    assert rep("POST", f"{path}/arrive", {}).get_json()["arrived_at"] is not None
    assert refusal(rep("POST", f"{path}/report", {})) == (422, "check_failed", ["findings"])
    for wrong, field in (
        ({"diameter_mm": 5}, "findings.diameter_mm"),
        ({"pressure_kpa": 5001}, "findings.pressure_kpa"),
        ({"distance_to_main_m": -1}, "findings.distance_to_main_m"),
        ({"plan": ""}, "findings.plan"),
        ({"is_feasible": None}, "findings.is_feasible"),
    ):
        told = rep("POST", f"{path}/report", {"findings": FINDINGS | wrong})
        assert refusal(told) == (422, "invalid", [field])
    bare = rep("POST", f"{path}/report", {"findings": FINDINGS})
    assert refusal(bare) == (422, "check_failed", ["photo_ids"])
    assert bare.get_json()["faults"][0]["zh"] == "至少需要 3 张照片"
    photos = photos_of(database, town, survey["id"], 3)
    two = rep("POST", f"{path}/report", {"findings": FINDINGS, "photo_ids": photos[:2]})
    assert refusal(two) == (422, "check_failed", ["photo_ids"])
    done = rep("POST", f"{path}/report", {"findings": FINDINGS, "photo_ids": photos}).get_json()
    assert (done["state"], done["findings"], len(done["photo_ids"])) == ("reported", FINDINGS, 3)
    assert refusal(rep("POST", f"{path}/arrive", {}))[1] == "action_does_not_fit"


def photos_of(database: Database, town: Town, survey: str, many: int) -> list[str]:
    """Photos of a survey as a phone announces them."""
    photo = {
        "of_kind": "survey",
        "of_id": survey,
        "purpose": "site",
        "size_bytes": 100,
        "media_type": "image/jpeg",
        "taken_at": "2026-09-01T02:10:00Z",
        "staff_id": town["rep"],
    }
    with database.transaction() as session:
        return [
            record_writer.create(session, town.actor("rep"), "photo", photo | {"sha256": f"{n:064x}"}).id
            for n in range(many)
        ]


ITEM = {"theme": "pressure", "source": "hotline", "description": "水压低"}


def test_an_item_is_closed_only_after_it_was_resolved_and_asked_about(as_: As, town: Town) -> None:
    item = post(as_("agent"), "/items", ITEM | {"customer_id": town["customer 1"], "owner_id": town["rep"]})
    assert (item["state"], item["cell_id"]) == ("open", town["cell 1"])
    rep, desk, path = as_("rep"), as_("dispatcher"), f"/items/{item['id']}/actions"
    note = {"return_visit_note": "已恢复"}
    assert refusal(desk("POST", f"{path}/close", note))[:2] == (409, "action_does_not_fit")
    assert refusal(desk("POST", f"{path}/reopen", note))[:2] == (409, "action_does_not_fit")
    assert refusal(rep("POST", f"{path}/resolve", {})) == (422, "check_failed", ["resolution"])
    assert refusal(rep("POST", f"{path}/resolve", {"resolution": " "}))[0] == 422
    assert refusal(as_("other_rep")("POST", f"{path}/take", {}))[:2] == (404, "not_found")
    assert refusal(as_("stranger")("POST", f"{path}/take", {}))[:2] == (404, "not_found")
    assert refusal(as_("auditor")("POST", f"{path}/take", {}))[:2] == (403, "not_allowed")
    solved = rep("POST", f"{path}/resolve", {"resolution": "调高泵站"}).get_json()
    assert (solved["state"], solved["resolved_by_id"]) == ("resolved", town["rep"])
    assert refusal(rep("POST", f"{path}/take", {}))[1] == "action_does_not_fit"
    assert refusal(desk("POST", f"{path}/close", {})) == (422, "check_failed", ["return_visit_note"])
    closed = desk("POST", f"{path}/close", note).get_json()
    assert (closed["state"], closed["closed_by_id"]) == ("closed", town["dispatcher"])
    # Who says it is back opens a new round, with who takes it as before.
    again = as_("agent")("POST", f"{path}/reopen", {"return_visit_note": "又低了"}).get_json()
    assert (again["state"], again["owner_id"]) == ("open", town["rep"])
    assert rep("POST", f"{path}/take", {}).get_json()["state"] == "in_hand"


def test_whoever_takes_an_item_on_gives_it_no_later_day_than_the_house(as_: As, town: Town) -> None:
    limit = today() + timedelta(days=5)
    own = {"customer_id": town["customer 1"], "owner_id": town["rep"]}
    kept = as_("rep")("POST", "/items", ITEM | own | {"due_on": f"{limit + timedelta(days=1)}"})
    assert (kept.status_code, kept.get_json()["code"]) == (409, "due_day_kept")
    assert kept.get_json()["latest"] == f"{limit}"
    assert post(as_("rep"), "/items", ITEM | own | {"due_on": f"{limit}"})["due_on"] == f"{limit}"
    later = {"due_on": f"{limit + timedelta(days=30)}"}
    assert post(as_("supervisor"), "/items", ITEM | own | later)["due_on"] == later["due_on"]


def test_a_key_customers_item_comes_first_and_the_team_of_today_sees_it(
    as_: As, town: Town, database: Database
) -> None:
    item = post(as_("rep"), "/items", ITEM | {"customer_id": town["customer 0"], "owner_id": town["rep"]})
    serving.serve(database)
    assert as_("supervisor").get(f"/items/{item['id']}")["is_priority"] is True
    assert as_("other_rep")("GET", f"/items/{item['id']}").status_code == 404
    supervisor, path = as_("supervisor"), f"/customers/{town['customer 0']}"

    def team(*names: str) -> list[str]:
        now = {"team_ids": [town[name] for name in names]}
        set_to = supervisor("PATCH", path, now, version=supervisor.get(path)["version"])
        assert set_to.status_code == 200, set_to.text
        serving.serve(database)
        return supervisor.get(f"/items/{item['id']}")["watcher_ids"] or []

    assert set(team("other_rep", "leader")) == {town["other_rep"], town["leader"]}
    assert as_("other_rep").get(f"/items/{item['id']}")["description"] == "水压低"
    assert team("leader") == [town["leader"]]
    assert as_("other_rep")("GET", f"/items/{item['id']}").status_code == 404
    assert team() == []
    # Who is a resident now has had an item of a key customer: it keeps its place.
    now = {"category": "resident"}
    assert supervisor("PATCH", path, now, version=supervisor.get(path)["version"]).status_code == 200
    serving.serve(database)
    assert as_("supervisor").get(f"/items/{item['id']}")["is_priority"] is True


def test_whose_a_customer_is_must_work_in_their_line_of_units(
    as_: As, town: Town, database: Database
) -> None:
    with database.transaction() as session:
        join(session, "above", "group", Role.REPRESENTATIVE, post="customer_representative")
    supervisor, path = as_("supervisor"), f"/customers/{town['customer 0']}"
    for now, field in (
        ({"key_representative_id": town["south_rep"]}, "key_representative_id"),
        ({"team_ids": [town["rep"], town["south_rep"]]}, "team_ids"),
        ({"key_representative_id": town["nobody"]}, "key_representative_id"),
    ):
        refused = supervisor("PATCH", path, now, version=1)
        assert refusal(refused) == (422, "reference_missing", [field]), now
    assert supervisor.get(path)["version"] == 1
    # Somebody of the unit above is named by who knows them there.
    now = {"key_representative_id": town["above"]}
    assert refusal(supervisor("PATCH", path, now, version=1))[0] == 422
    assert as_("admin")("PATCH", path, now, version=1).status_code == 200


def test_a_ledger_entry_is_made_in_ones_own_cells_and_taken_away_by_the_administrator(
    as_: As, town: Town, database: Database
) -> None:
    new = {"number": "N1", "name": "新户", "category": "resident"}
    mine = post(as_("rep"), "/customers", new | {"cell_id": town["cell 1"]})
    foreign = as_("rep")("POST", "/customers", new | {"cell_id": town["cell 2"]})
    assert refusal(foreign)[0] in (404, 422)
    assert refusal(as_("rep")("POST", "/customers", new | {"category": "vip"})) == (
        422,
        "invalid",
        ["category"],
    )
    assert refusal(as_("leader")("POST", "/customers", new))[:2] == (403, "not_allowed")
    spot = {"customer_id": mine["id"], "address": "新路1号", "place": middle(1), "nature": "commercial"}
    thin = as_("rep")("POST", "/service-points", spot | {"diameter_mm": 5})
    assert refusal(thin) == (422, "invalid", ["diameter_mm"])
    point = post(as_("rep"), "/service-points", spot | {"diameter_mm": 20})
    serving.serve(database)
    mine = as_("rep").get(f"/customers/{mine['id']}")
    assert refusal(as_("supervisor")("DELETE", f"/customers/{mine['id']}", version=mine["version"]))[0] == 403
    admin = as_("admin")
    used = admin("DELETE", f"/customers/{mine['id']}", version=mine["version"])
    assert (used.status_code, used.get_json()["by"]) == (409, ["service_point"])
    point = admin.get(f"/service-points/{point['id']}")
    assert admin("DELETE", f"/service-points/{point['id']}", version=point["version"]).status_code == 204
    assert admin("DELETE", f"/customers/{mine['id']}", version=mine["version"]).status_code == 204
    assert as_("rep")("GET", f"/customers/{mine['id']}").status_code == 404


def test_a_point_that_goes_to_another_customer_goes_to_that_ones_representative(
    as_: As, town: Town, database: Database
) -> None:
    with database.transaction() as session:
        north = system(town["north"])
        own = {"key_representative_id": town["other_rep"]}
        record_writer.change(session, north, "customer", town["customer 1"], own)
        record_writer.change(
            session, north, "service_point", town["point 0"], {"customer_id": town["customer 1"]}
        )
    serving.serve(database)
    points = {n: as_("supervisor").get(f"/service-points/{town[f'point {n}']}") for n in (0, 1, 4)}
    found = {n: one["key_representative_id"] for n, one in points.items()}
    assert found == {0: town["other_rep"], 1: town["other_rep"], 4: None}
    assert as_("other_rep").get(f"/service-points/{town['point 0']}")["cell_id"] == town["cell 0"]
