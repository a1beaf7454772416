"""Plans for cells over HTTP: asked for, drawn, previewed, accepted.

Customers, jobs, duties and phones follow at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import shapely
from flask import Flask
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.geometry import geojson_of, shape_of
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.territory.services.coverage import tell_of_gaps
from backend.territory.services.ground_around import claims_on
from backend.territory.services.ground_plans import apply_due, draw_waiting
from mobile_api_spec.phone import Phone
from tests.conftest import Person, agrees
from tests.factories import SIDE, SOUTH, WEST, Town, middle

As = Callable[[str], Person]


def at(x: float, y: float) -> tuple[float, float]:
    """A corner in squares from the south-west."""
    return (WEST + x * SIDE, SOUTH + y * SIDE)


def line(*corners: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(at(*corner)) for corner in corners]}


def area(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    return geojson_of(shapely.MultiPolygon([shapely.box(*at(west, south), *at(east, north))]))


def ask(person: Person, way: str, **more: Any) -> dict[str, Any]:
    body = {"unit_id": more.pop("unit_id", Town()["north"]), "way": way} | more
    answer = person("POST", "/territory/plans", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def accept(person: Person, plan: dict[str, Any], **more: Any) -> Any:
    return person("PUT", f"/territory/plans/{plan['id']}/acceptance", more)


def cell_of(database: Database, kind: str, record: str) -> str:
    with database.engine.connect() as connection:
        found = connection.execute(
            text(f"SELECT cell_id::text FROM {kind} WHERE id = CAST(:id AS uuid)"), {"id": record}
        )
        return str(found.scalar_one())


def names(plan: dict[str, Any], person: Person) -> dict[str, str]:
    features = person.get(f"/territory/plans/{plan['id']}/features")["features"]
    return {one["properties"]["name"]: one["properties"]["change"] for one in features}


@pytest.mark.parametrize(
    "request_",
    [
        {"way": "balanced", "cells": 2},
        {"way": "squares", "side_m": 1000},
        {"way": "hexagons", "side_m": 800},
        {"way": "h3", "resolution": 8},
        {"way": "rebalanced"},
    ],
    ids=lambda request: request["way"],
)
def test_a_division_is_drawn_by_a_worker_and_changes_nothing(
    as_: As, database: Database, request_: dict[str, Any]
) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, **request_)
    assert plan["state"] == "waiting"
    assert accept(supervisor, plan).get_json()["code"] == "plan_not_ready"
    assert draw_waiting(database) == 1
    plan = supervisor.get(f"/territory/plans/{plan['id']}")
    assert (plan["state"], plan["done_share"]) == ("ready", 1.0)
    assert plan["figures"]["before"]["cells"] == 3
    assert plan["figures"]["after"]["overlap_m2"] == plan["figures"]["after"]["gap_m2"] == 0
    features = supervisor.get(f"/territory/plans/{plan['id']}/features")["features"]
    standing = [shape_of(one["geometry"]) for one in features if one["geometry"]]
    assert len(standing) == plan["figures"]["after"]["cells"]
    assert sum(shape.area for shape in standing) == pytest.approx(3 * SIDE**2)
    assert sum(one["properties"]["workload"] for one in features) == pytest.approx(5 + 12)
    assert len(supervisor.get("/cells")["rows"]) == 3
    assert [one["id"] for one in supervisor.get("/territory/plans")] == [plan["id"]]


def test_workload_is_the_askers_to_weigh(as_: As, database: Database) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, "balanced", cells=2, visits_a_year={"key": 1, "resident": 2})
    draw_waiting(database)
    features = supervisor.get(f"/territory/plans/{plan['id']}/features")["features"]
    assert sum(one["properties"]["workload"] for one in features) == pytest.approx(5 * 2 + 1)


def jobs_without_points(database: Database, town: Town, count: int) -> list[tuple[float, float]]:
    """Leaks over the three cells of the north, none of them at a service point."""
    places = [at(0.05 + 2.9 * n / count, 0.1 + 0.8 * (n * 0.618 % 1)) for n in range(count)]
    with database.transaction() as session:
        for place in places:
            leak = {
                "matter_id": town["leak"],
                "state": "received",
                "place": {"type": "Point", "coordinates": list(place)},
            }
            record_writer.create(session, system(town["north"]), "work_order", leak)
    return places


def test_dated_work_weighs_where_it_lies_service_point_or_none(
    as_: As, town: Town, database: Database
) -> None:
    places = jobs_without_points(database, town, 60)
    supervisor = as_("supervisor")
    nobody = dict.fromkeys(("resident", "large", "key", "special", "community", "developer"), 0)
    plan = ask(supervisor, "balanced", cells=12, visits_a_year=nobody, job_weight=2)
    draw_waiting(database)
    plan = supervisor.get(f"/territory/plans/{plan['id']}")
    assert plan["state"] == "ready", plan["problem"]
    features = supervisor.get(f"/territory/plans/{plan['id']}/features")["features"]
    standing = [one for one in features if one["geometry"]]
    assert len(standing) == 12
    assert sum(one["properties"]["workload"] for one in standing) == pytest.approx(60)
    # Five leaks a cell, as whoever counts them on the map will find.
    for one in standing:
        shape = shape_of(one["geometry"])
        assert sum(shape.covers(shapely.Point(place)) for place in places) == 5
    assert plan["figures"]["after"]["imbalance"] == 1.0
    assert plan["findings"] == []


def test_a_place_too_heavy_for_balance_is_named(as_: As, town: Town, database: Database) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, "balanced", cells=2)
    draw_waiting(database)
    (told,) = supervisor.get(f"/territory/plans/{plan['id']}")["findings"]
    assert told["code"] == "indivisible_place"
    west, south = middle(0)["coordinates"]
    for words in (told["zh"], told["en"]):
        assert f"{west:.6f}, {south:.6f}" in words
        assert "153%" in words


def west_of_cell_1(database: Database, town: Town) -> None:
    """A service point, an open job and a closed one at one place in the west of cell 1."""
    with database.transaction() as session:
        spot = {
            "customer_id": town["customer 1"],
            "cell_id": town["cell 1"],
            "address": "西侧1号",
            "nature": "residential",
            "place": {"type": "Point", "coordinates": list(at(1.1, 0.5))},
        }
        record_writer.create(
            session, system(town["north"]), "service_point", spot, record_id=town["west point"]
        )
        job = {
            "matter_id": town["leak"],
            "state": "received",
            "cell_id": town["cell 1"],
            "place": spot["place"],
        }
        record_writer.create(session, system(town["north"]), "work_order", job, record_id=town["west job"])
        done = job | {"state": "closed"}
        record_writer.create(session, system(town["north"]), "work_order", done, record_id=town["old job"])


def test_a_split_moves_customers_jobs_duties_and_phones(
    as_: As, town: Town, database: Database, phone_of: Callable[..., Phone]
) -> None:
    west_of_cell_1(database, town)
    rep = phone_of("rep")
    rep.sync()
    supervisor = as_("supervisor")
    plan = ask(
        supervisor, "split", cell_id=town["cell 1"], line=line((1.3, -1), (1.3, 2)), name="西侧", code="C1W"
    )
    assert plan["state"] == "ready"
    assert names(plan, supervisor) == {
        "0号网格": "changed",
        "1号网格": "changed",
        "西侧": "new",
        "2号网格": "same",
    } or names(plan, supervisor) == {
        "0号网格": "same",
        "1号网格": "changed",
        "西侧": "new",
        "2号网格": "same",
    }
    assert accept(supervisor, plan).get_json()["state"] == "applied"
    west = next(cell["id"] for cell in supervisor.get("/cells")["rows"] if cell["code"] == "C1W")
    assert cell_of(database, "service_point", town["west point"]) == west
    assert cell_of(database, "work_order", town["west job"]) == west
    assert cell_of(database, "work_order", town["old job"]) == town["cell 1"]
    assert cell_of(database, "service_point", town["point 1"]) == town["cell 1"]
    duties = supervisor.get(f"/cell-assignments?cell_id={west}")["rows"]
    assert [(duty["staff_id"], duty["duty"]) for duty in duties] == [(town["rep"], "representative")]
    assert supervisor.get("/territory/coverage")["unserved"] == []
    rep.sync()
    assert agrees(rep, database)
    assert f"cell:{west}" in {one["scope"] for one in rep.store.meta("scopes")}


def test_phones_receive_only_what_changed_for_them(
    as_: As, town: Town, phone_of: Callable[..., Phone], database: Database
) -> None:
    other = phone_of("south_rep")
    other.sync()
    before = other.store.versions()
    supervisor = as_("supervisor")
    assert (
        accept(supervisor, ask(supervisor, "merge", cell_ids=[town["cell 0"], town["cell 1"]])).status_code
        == 200
    )
    other.sync()
    assert other.store.versions() == before
    rep = phone_of("rep")
    rep.sync()
    assert agrees(rep, database)
    assert f"cell:{town['cell 1']}" not in {one["scope"] for one in rep.store.meta("scopes")}
    assert cell_of(database, "customer", town["customer 1"]) == town["cell 0"]


def test_a_border_is_moved_and_the_past_is_remembered_with_whoever_has_left_since(
    as_: As, town: Town, app: Flask, database: Database
) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, "draw", cell_id=town["cell 2"], outline=area(1.3, 0, 3, 1))
    assert accept(supervisor, plan).status_code == 200
    lng, lat = middle(1)["coordinates"]
    assert supervisor.get("/territory/cell", query_string={"lng": lng, "lat": lat})["name"] == "2号网格"
    yesterday = (today() - timedelta(days=1)).isoformat()
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "staff", town["rep"], {"is_active": False})
    for on, cell, who in ((yesterday, "1号网格", "员工5"), (today().isoformat(), "2号网格", "员工6")):
        found = supervisor.get("/territory/responsible", query_string={"lng": lng, "lat": lat, "on": on})
        assert (found["cell"]["name"], found["responsible"]["name"]) == (cell, who)
    assert (
        as_("stranger")(
            "GET", "/territory/responsible", query_string={"lng": lng, "lat": lat, "on": yesterday}
        ).status_code
        == 404
    )
    public = (
        app.test_client().get("/api/v1/public/responsible", query_string={"lng": lng, "lat": lat}).get_json()
    )
    assert public["name"] == "员工6"


def test_next_months_grid_waits_for_its_day(as_: As, town: Town, database: Database) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    later = today() + timedelta(days=30)
    assert accept(supervisor, plan, valid_from=later.isoformat()).get_json()["state"] == "accepted"
    assert len(supervisor.get("/cells")["rows"]) == 3
    assert apply_due(database) == 0
    assert apply_due(database, later) == 1
    assert supervisor.get(f"/territory/plans/{plan['id']}")["state"] == "applied"
    report = supervisor.get("/territory/coverage")
    assert (report["cells"], report["holes"], report["overlaps"]) == (2, None, [])


def test_a_day_that_has_passed_is_refused(as_: As, town: Town) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    past = (today() - timedelta(days=1)).isoformat()
    assert accept(supervisor, plan, valid_from=past).get_json()["faults"][0]["field"] == "valid_from"


def test_a_plan_over_ground_that_changed_since_is_not_put_over_it(
    as_: As, town: Town, database: Database
) -> None:
    supervisor = as_("supervisor")
    first = ask(supervisor, "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    second = ask(supervisor, "draw", cell_id=town["cell 2"], outline=area(1.5, 0, 3, 1))
    later = ask(supervisor, "merge", cell_ids=[town["cell 1"], town["cell 2"]])
    assert accept(supervisor, later, valid_from=(today() + timedelta(days=1)).isoformat()).status_code == 200
    assert accept(supervisor, first).status_code == 200
    assert accept(supervisor, second).get_json()["code"] == "ground_changed"
    assert apply_due(database, today() + timedelta(days=2)) == 1
    assert supervisor.get(f"/territory/plans/{later['id']}")["problem"]["code"] == "ground_changed"
    assert supervisor.get("/notices")["rows"][0]["text_zh"].startswith("划格方案到期未能生效")


def test_a_plan_is_discarded_and_stays_so(as_: As, town: Town) -> None:
    supervisor = as_("supervisor")
    plan = ask(supervisor, "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    assert supervisor("DELETE", f"/territory/plans/{plan['id']}").status_code == 204
    assert accept(supervisor, plan).get_json()["code"] == "plan_not_ready"
    applied = ask(supervisor, "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    accept(supervisor, applied)
    assert supervisor("DELETE", f"/territory/plans/{applied['id']}").get_json()["code"] == "already_decided"


@pytest.mark.parametrize(
    ("who", "unit", "code"),
    [
        ("dispatcher", "north", "not_allowed"),
        ("rep", "north", "not_allowed"),
        ("supervisor", "south", "not_found"),
    ],
)
def test_plans_are_for_whoever_keeps_the_ground(as_: As, town: Town, who: str, unit: str, code: str) -> None:
    body = {"unit_id": town[unit], "way": "rebalanced"}
    assert as_(who)("POST", "/territory/plans", body).get_json()["code"] == code


@pytest.mark.parametrize("who", ["rep", "leader"])
def test_plans_are_not_for_phones(as_: As, town: Town, who: str) -> None:
    plan = ask(as_("supervisor"), "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    for path in (
        "/territory/plans",
        f"/territory/plans/{plan['id']}",
        f"/territory/plans/{plan['id']}/features",
    ):
        assert as_(who)("GET", path).get_json()["code"] == "not_allowed"


def test_anothers_plan_is_not_there(as_: As, town: Town) -> None:
    plan = ask(as_("supervisor"), "merge", cell_ids=[town["cell 0"], town["cell 1"]])
    stranger = as_("stranger")
    assert stranger("GET", f"/territory/plans/{plan['id']}").status_code == 404
    assert stranger("GET", f"/territory/plans/{plan['id']}/features").status_code == 404
    assert stranger.get("/territory/plans") == []


@pytest.mark.parametrize(
    ("request_", "cause"),
    [
        ({"way": "balanced", "cells": 50}, "TooFewCustomers"),
        ({"way": "squares", "side_m": 50, "territory": area(0, 0, 40, 40)}, "TooManyCells"),
        ({"way": "split", "cell_id": "cell 1", "line": line((1.2, 0.2), (1.4, 0.4))}, "LineDoesNotCross"),
        ({"way": "split", "cell_id": "cell 3", "line": line((3.5, -1), (3.5, 2))}, "NothingInside"),
        ({"way": "merge", "cell_ids": ["cell 0", "cell 2"]}, "NotNeighbours"),
        ({"way": "draw", "outline": area(20, 20, 21, 21)}, "NothingLeft"),
        ({"way": "draw", "cell_id": "cell 0", "outline": area(0.5, -1, 2.5, 2)}, "NothingLeft"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["way"],
)
def test_what_cannot_be_drawn_says_why(
    as_: As, town: Town, database: Database, request_: dict[str, Any], cause: str
) -> None:
    named = {"cell_id": lambda value: town[value], "cell_ids": lambda value: [town[one] for one in value]}
    body = {name: named[name](value) if name in named else value for name, value in request_.items()}
    plan = ask(as_("supervisor"), **body)
    draw_waiting(database)
    plan = as_("supervisor").get(f"/territory/plans/{plan['id']}")
    assert (plan["state"], plan["problem"]["code"], plan["problem"]["cause"]) == (
        "failed",
        "cannot_draw",
        cause,
    )
    (fault,) = plan["problem"]["faults"]
    assert any("\u4e00" <= c <= "\u9fff" for c in fault["zh"])
    assert fault["en"].isascii()


@pytest.mark.parametrize(
    "body",
    [
        {"way": "balanced"},
        {"way": "nonsense"},
        {"way": "squares", "side_m": 1},
        {"way": "merge", "cell_ids": []},
        {"way": "split", "line": {"type": "LineString", "coordinates": [[1, 1]]}},
        {"way": "draw", "outline": {"type": "Point", "coordinates": [1, 2]}},
        {"way": "balanced", "cells": 2, "visits_a_year": {"king": 1}},
        {"way": "balanced", "cells": 2, "more": 1},
    ],
    ids=str,
)
def test_an_incomplete_request_names_its_fields(as_: As, town: Town, body: dict[str, Any]) -> None:
    answer = as_("supervisor")("POST", "/territory/plans", {"unit_id": town["north"]} | body)
    assert answer.status_code == 422
    assert answer.get_json()["faults"]


def test_supervisors_hear_of_ground_nobody_serves(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        assert tell_of_gaps(session) == 0
    supervisor = as_("supervisor")
    supervisor("DELETE", f"/cell-assignments/{town['duty 1']}", version=1)
    with database.transaction() as session:
        assert tell_of_gaps(session) == 1
    (notice,) = supervisor.get("/notices")["rows"]
    assert "1号网格" in notice["text_zh"]
    features = supervisor.get("/territory/coverage/features")["features"]
    assert [one["properties"]["name"] for one in features if not one["properties"]["is_served"]] == [
        "1号网格"
    ]


def test_cells_with_far_too_much_work_are_named(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        for n, load in enumerate((400, 20, 30)):
            record_writer.change(
                session, system(town["north"]), "cell", town[f"cell {n}"], {"workload": load}
            )
    report = as_("supervisor").get("/territory/coverage")
    assert [(cell["name"], cell["into"]) for cell in report["to_split"]] == [("0号网格", 3)]
    assert {crew["name"] for crew in report["crews"]} == {"一班", "二班"}


def test_a_customer_outside_every_cell_stays_with_whoever_sees_them(
    as_: As, town: Town, database: Database
) -> None:
    with database.transaction() as session:
        spot = {
            "customer_id": town["customer 1"],
            "cell_id": town["cell 1"],
            "address": "海上",
            "nature": "public",
            "place": {"type": "Point", "coordinates": list(at(1.5, 9))},
        }
        record_writer.create(session, system(town["north"]), "service_point", spot, record_id=town["far out"])
    supervisor = as_("supervisor")
    plan = ask(supervisor, "split", cell_id=town["cell 1"], line=line((1.3, -1), (1.3, 2)))
    assert accept(supervisor, plan).status_code == 200
    assert cell_of(database, "service_point", town["far out"]) == town["cell 1"]


def test_a_plan_that_breaks_the_drawing_does_not_stop_the_others(
    as_: As, town: Town, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = as_("supervisor")
    bad, good = ask(supervisor, "balanced", cells=2), ask(supervisor, "squares", side_m=1000)

    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("geo.divide.balanced", explode)
    assert draw_waiting(database) == 2
    assert supervisor.get(f"/territory/plans/{bad['id']}")["problem"] == {
        "code": "server_error",
        "cause": "RuntimeError",
    }
    assert supervisor.get(f"/territory/plans/{good['id']}")["state"] == "ready"


def test_a_plan_that_cannot_be_kept_does_not_stop_the_others(
    as_: As, town: Town, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where claims cannot be told, nor where no work weighs anything."""
    supervisor = as_("supervisor")
    nobody = dict.fromkeys(("resident", "large", "key", "special", "community", "developer"), 0)
    broken, light = (
        ask(supervisor, "squares", side_m=1000),
        ask(supervisor, "squares", side_m=1000, visits_a_year=nobody),
    )
    told = iter([RuntimeError("out of luck")])

    def once(*given: Any) -> Any:
        for error in told:
            raise error
        return claims_on(*given)

    monkeypatch.setattr("backend.territory.services.ground_plans.claims_on", once)
    assert draw_waiting(database) == 2
    assert supervisor.get(f"/territory/plans/{broken['id']}")["problem"]["code"] == "server_error"
    light = supervisor.get(f"/territory/plans/{light['id']}")
    assert (light["state"], light["problem"]) == ("ready", None)
    assert (light["figures"]["moved_share"], light["figures"]["after"]["imbalance"]) == (0.0, None)


def test_one_worker_at_the_plans_is_enough(as_: As, town: Town, database: Database) -> None:
    ask(as_("supervisor"), "squares", side_m=1000)
    with database.alone("draw ground plans") as is_mine:
        assert is_mine
        assert draw_waiting(database) == 0
    assert draw_waiting(database) == 1
