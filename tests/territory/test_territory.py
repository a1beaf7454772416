"""The ground over HTTP: cells, coverage, handing over, dividing, finding customers, the public look-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from backend.app import create_app
from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from sync.change import moment_text
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]


def lng_lat(n: int) -> dict[str, float]:
    lng, lat = middle(n)["coordinates"]
    return {"lng": lng, "lat": lat}


def test_a_place_has_its_cell(as_: As, town: Town) -> None:
    found = as_("dispatcher").get("/territory/cell", query_string=lng_lat(1))
    assert found == {"id": town["cell 1"], "name": "1号网格", "unit_id": town["north"]}


@pytest.mark.parametrize("where", [lng_lat(3), {"lng": 0, "lat": 0}])
def test_anothers_cell_or_none_answers_alike(as_: As, where: dict[str, float]) -> None:
    assert as_("dispatcher")("GET", "/territory/cell", query_string=where).status_code == 404


def test_the_coverage_report_names_holes_and_unserved_cells(as_: As, town: Town) -> None:
    supervisor = as_("supervisor")
    report = supervisor.get("/territory/coverage")
    assert (report["cells"], report["overlaps"], report["holes"], report["unserved"]) == (3, [], None, [])
    assert {one["name"]: one["cells"] for one in report["representatives"]} == {"员工5": 2, "员工6": 1}
    duty = supervisor("DELETE", f"/cell-assignments/{town['duty 1']}", version=1)
    assert duty.status_code == 204
    assert [cell["name"] for cell in supervisor.get("/territory/coverage")["unserved"]] == ["1号网格"]


def test_handing_a_cell_over_is_for_supervisors(as_: As, town: Town) -> None:
    path = f"/territory/cells/{town['cell 1']}/representative"
    assert as_("dispatcher")("PUT", path, {"staff_id": town["other_rep"]}).get_json()["code"] == "not_allowed"
    assert (
        as_("supervisor")("PUT", path, {"staff_id": town["nobody"]}).get_json()["code"] == "reference_missing"
    )
    assert (
        as_("supervisor")(
            "PUT", f"/territory/cells/{town['cell 3']}/representative", {"staff_id": town["rep"]}
        ).status_code
        == 404
    )
    assert as_("supervisor")("PUT", path, {"staff_id": town["other_rep"]}).status_code == 200
    assert as_("supervisor")("PUT", path, {"staff_id": town["rep"]}).status_code == 200
    rows = as_("supervisor").get(f"/cell-assignments?cell_id={town['cell 1']}")["rows"]
    assert [row["staff_id"] for row in rows if row["valid_until"] is None] == [town["rep"]]


@pytest.mark.parametrize(
    "words",
    ["王小二", "小二", "wangxiaoer", "wxe", "13000000001", "0000001", "M000001", "m000001", "香港中路2号"],
)
def test_a_customer_is_found_by_any_part_of_anything(
    as_: As, town: Town, words: str, database: Database
) -> None:
    from backend.customers.services.phonetics import keep_pinyin

    with database.transaction() as session:
        keep_pinyin(session, town["customer 1"])
    found = as_("dispatcher").get("/territory/customers", query_string={"words": words})
    assert town["customer 1"] in [one["id"] for one in found]
    assert found[0]["service_points"]


@pytest.mark.parametrize("words", ["%%", "__", "\\\\", "';--"])
def test_search_takes_signs_as_signs(as_: As, words: str) -> None:
    assert as_("dispatcher").get("/territory/customers", query_string={"words": words}) == []


def test_search_stays_in_scope(as_: As, town: Town) -> None:
    assert {c["id"] for c in as_("rep").get("/territory/customers", query_string={"words": "王小"})} == {
        town[f"customer {n}"] for n in (0, 1, 4, 5)
    }
    assert as_("dispatcher").get("/territory/customers", query_string={"words": "王小四"}) == []


def test_the_public_finds_the_representative_and_nothing_else(app: Flask) -> None:
    client = app.test_client()
    for where in (lng_lat(2), {"address": "香港中路3号"}):
        found = client.get("/api/v1/public/responsible", query_string=where).get_json()
        assert found == {
            "name": "员工6",
            "photo_id": None,
            "work_phone": "0532-80000006",
            "hours": "08:30-17:00",
        }


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"lng": 0, "lat": 0}, "no_representative"),
        ({"address": "火星大道"}, "address_not_found"),
        ({"address": "香港中路"}, "address_unclear"),
        ({}, "invalid"),
        ({"lng": 500, "lat": 1}, "invalid"),
        ({"lng": "nan", "lat": 1}, "invalid"),
    ],
)
def test_the_public_is_told_what_is_missing(app: Flask, where: dict[str, Any], code: str) -> None:
    assert app.test_client().get("/api/v1/public/responsible", query_string=where).get_json()["code"] == code


def test_a_stand_in_is_shown_while_it_lasts(app: Flask, as_: As, town: Town) -> None:
    duty = {
        "cell_id": town["cell 2"],
        "staff_id": town["rep"],
        "duty": "stand_in",
        "valid_from": today().isoformat(),
    }
    assert (
        as_("supervisor")("POST", "/cell-assignments", duty).get_json()["faults"][0]["field"] == "valid_until"
    )
    duty["valid_until"] = (today() + timedelta(days=3)).isoformat()
    assert as_("supervisor")("POST", "/cell-assignments", duty).status_code == 201
    assert (
        app.test_client().get("/api/v1/public/responsible", query_string=lng_lat(2)).get_json()["name"]
        == "员工5"
    )
    page = as_("rep")("POST", "/sync/pull", {"store": town["s"]}).get_json()
    assert {"scope": f"cell:{town['cell 2']}", "until": duty["valid_until"]} in page["scopes"]


def test_the_public_is_limited(settings: Settings, database: Database) -> None:
    limited = create_app(
        replace(settings, limits_enabled=True, public_per_address="3 per minute"),
        database,
    )
    client = limited.test_client()
    answers = [client.get("/api/v1/public/responsible", query_string=lng_lat(1)) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert int(answers[3].headers["Retry-After"]) > 0
    assert answers[3].get_json()["code"] == "too_many"


def test_a_plan_of_representatives_keeps_todays_pairs_where_it_can(as_: As, town: Town) -> None:
    path = f"/territory/units/{town['north']}/representatives"
    plan = {one["cell_id"]: one for one in as_("supervisor").get(path)["rows"]}
    assert set(plan) == {town[f"cell {n}"] for n in range(3)}
    assert not any(one["is_change"] for one in plan.values())
    as_("supervisor")("DELETE", f"/cell-assignments/{town['duty 0']}", version=1)
    changed = [one["cell_id"] for one in as_("supervisor").get(path)["rows"] if one["is_change"]]
    assert changed == [town["cell 0"]]
    assert as_("supervisor")("GET", f"/territory/units/{town['south']}/representatives").status_code == 404


def test_a_unit_without_people_or_cells_says_so(as_: As, town: Town) -> None:
    body = {"name": "空科室", "level": "section", "parent_id": town["north"]}
    unit = as_("admin")("POST", "/units", body).get_json()["id"]
    problem = as_("admin")("GET", f"/territory/units/{unit}/representatives").get_json()
    assert (problem["code"], problem["cells"], problem["representatives"]) == ("check_failed", 0, 0)


def test_leave_is_covered_by_stand_ins_or_refused(as_: As, town: Town, app: Flask) -> None:
    supervisor, path = as_("supervisor"), f"/territory/staff/{town['rep']}/leave"
    days = {"valid_from": today().isoformat(), "valid_until": (today() + timedelta(days=6)).isoformat()}
    half = [{"cell_id": town["cell 0"], "staff_id": town["other_rep"]}]
    refused = supervisor("POST", path, days | {"stand_ins": half}).get_json()
    assert (refused["code"], len(refused["faults"])) == ("check_failed", 1)
    both = [*half, {"cell_id": town["cell 1"], "staff_id": town["other_rep"]}]
    assert as_("dispatcher")("POST", path, days | {"stand_ins": both}).get_json()["code"] == "not_allowed"
    assert supervisor("POST", path, days | {"stand_ins": both}).get_json() == {"cells": 2}
    assert (
        app.test_client().get("/api/v1/public/responsible", query_string=lng_lat(0)).get_json()["name"]
        == "员工6"
    )
    path = f"/territory/staff/{town['south_rep']}/leave"
    assert supervisor("POST", path, days | {"stand_ins": []}).status_code == 404


def test_what_if_somebody_leaves(as_: As, town: Town) -> None:
    path = f"/territory/units/{town['north']}/representatives"
    plan = as_("supervisor").get(path, query_string={"absent": town["rep"]})
    assert {row["staff_id"] for row in plan["rows"]} == {town["other_rep"]}
    assert plan["figures"] == {"changes": 2, "voluntary_changes": 0, "load_max_to_mean": 1.0}
    assert plan["workloads"] == [{"staff_id": town["other_rep"], "workload": 3.0}]
    rows = [
        {"cell_id": row["cell_id"], "staff_id": row["staff_id"]} for row in plan["rows"] if row["is_change"]
    ]
    assert as_("supervisor")("PUT", path, {"rows": rows}).get_json() == {"cells": 2}
    assert as_("supervisor").get(path)["figures"]["load_max_to_mean"] >= 1.0
    south = [{"cell_id": town["cell 3"], "staff_id": town["rep"]}]
    assert as_("supervisor")("PUT", path, {"rows": south}).status_code == 404
    wrong = [*rows, {"cell_id": town["cell 2"], "staff_id": town["nobody"]}]
    assert as_("supervisor")("PUT", path, {"rows": wrong}).get_json()["code"] == "reference_missing"


def test_open_work_goes_with_the_cell(as_: As, town: Town) -> None:
    supervisor, rep = as_("supervisor"), as_("rep")
    item = {
        "theme": "pressure",
        "source": "hotline",
        "description": "水小",
        "cell_id": town["cell 1"],
        "owner_id": town["rep"],
    }
    mine = supervisor("POST", "/items", item).get_json()["id"]
    visit = {
        "customer_id": town["customer 1"],
        "method": "door",
        "cell_id": town["cell 1"],
        "representative_id": town["rep"],
    }
    planned = supervisor("POST", "/visits", visit).get_json()["id"]
    elsewhere = supervisor("POST", "/items", item | {"cell_id": town["cell 0"]}).get_json()["id"]
    supervisor("PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]})
    assert supervisor.get(f"/items/{mine}")["owner_id"] == town["other_rep"]
    assert supervisor.get(f"/visits/{planned}")["representative_id"] == town["other_rep"]
    assert supervisor.get(f"/items/{elsewhere}")["owner_id"] == town["rep"]
    assert rep("GET", f"/items/{mine}").status_code == 404


def test_one_goes_first_and_a_deputy_only_helps(app: Flask, as_: As, town: Town) -> None:
    duty = {
        "cell_id": town["cell 2"],
        "staff_id": town["rep"],
        "duty": "deputy",
        "valid_from": today().isoformat(),
    }
    assert as_("supervisor")("POST", "/cell-assignments", duty).status_code == 201
    assert (
        app.test_client().get("/api/v1/public/responsible", query_string=lng_lat(2)).get_json()["name"]
        == "员工6"
    )
    page = as_("rep")("POST", "/sync/pull", {"store": town["s"]}).get_json()
    assert f"cell:{town['cell 2']}" in {one["scope"] for one in page["scopes"]}


def test_a_cells_card_is_printed_with_its_qr(as_: As, town: Town) -> None:
    card = as_("supervisor")("GET", f"/territory/cells/{town['cell 0']}/card")
    assert card.mimetype == "text/html"
    assert "员工5" in card.text
    assert "0532-80000005" in card.text
    assert "<svg" in card.text
    assert as_("supervisor")("GET", f"/territory/cells/{town['cell 3']}/card").status_code == 404
    as_("supervisor")("DELETE", f"/cell-assignments/{town['duty 2']}", version=1)
    nobody = as_("supervisor")("GET", f"/territory/cells/{town['cell 2']}/card")
    assert nobody.get_json()["code"] == "no_representative"


def test_repairs_are_counted_by_diameter(as_: As, town: Town, database: Database) -> None:
    noon = datetime.now(UTC).replace(microsecond=0)
    shut, opened = (moment_text(noon - timedelta(minutes=m)) for m in (90, 30))
    pipes = [(80, noon), (150, noon + timedelta(hours=1)), (150, noon - timedelta(hours=1)), (1200, None)]
    with database.transaction() as session:
        for diameter, due in pipes:
            job = {
                "matter_id": town["leak"],
                "place": middle(0),
                "state": "done",
                "done_at": moment_text(noon),
                "due_at": due and moment_text(due),
                "pipe": {
                    "diameter_mm": diameter,
                    "material": "球墨铸铁",
                    "valves_shut": ["F1"],
                    "shut_at": shut,
                    "opened_at": opened,
                },
            }
            record_writer.create(session, system(town["north"]), "work_order", job)
    day = today().isoformat()
    rows = as_("supervisor").get("/territory/repairs", query_string={"since": day, "until": day})
    assert [(row["diameter"], row["repairs"], row["in_time"]) for row in rows] == [
        ("<DN100", 1, 1),
        ("DN100–199", 2, 1),
        ("≥DN1000", 1, 1),
    ]
    assert {row["minutes_without_water"] for row in rows} == {60}
    assert as_("stranger").get("/territory/repairs", query_string={"since": day, "until": day}) == []


def test_a_job_carries_its_matters_checklist(as_: As, town: Town) -> None:
    checklist = [{"code": "clamp", "zh": "抢修节", "en": "Repair clamp"}]
    assert (
        as_("admin")("PATCH", f"/matters/{town['leak']}", {"checklist": checklist}, version=1).status_code
        == 200
    )
    job = as_("dispatcher")(
        "POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}
    ).get_json()
    assert job["checklist"] == checklist
    change = as_("dispatcher")(
        "PATCH", f"/work-orders/{job['id']}", {"prepared_codes": ["clamp"]}, version=job["version"]
    )
    assert change.get_json()["prepared_codes"] == ["clamp"]
