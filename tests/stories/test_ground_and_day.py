"""A supervisor's month and a dispatcher's day over real HTTP with a real worker.

Cells, leave, plans, an emergency.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from backend.core.queries.scopes import today
from backend.demo.story_actors import Office, Troupe, until
from backend.local.cluster import Cluster
from mobile_api_spec.phone import Phone
from tests.conftest import own_port
from tests.staging import staged


@pytest.fixture(scope="module")
def troupe(
    tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, city_template: str
) -> Iterator[Troupe]:
    """A small city served by web and worker; everybody in it is at hand."""
    home = tmp_path_factory.mktemp("ground")
    with staged(cluster, city_template, home, own_port(19150)) as (url, _):
        found = Troupe(url, tmp_path_factory.mktemp("phones"))
        yield found
        found.go_home()


@pytest.fixture(scope="module")
def supervisor(troupe: Troupe) -> Office:
    return troupe.office("S101")


@pytest.fixture(scope="module")
def dispatcher(troupe: Troupe) -> Office:
    return troupe.office("D101")


def unit_of(office: Office) -> str:
    return str(office("GET", f"/staff/{office.staff_id}")["unit_id"])


def done(office: Office, path: str) -> dict[str, Any]:
    """A plan once the worker has made it."""
    assert until(lambda: office("GET", path)["state"] != "waiting", 90)
    plan: dict[str, Any] = office("GET", path)
    assert plan["state"] == "ready", plan["problem"]
    return plan


def test_a_supervisor_divides_next_months_ground(troupe: Troupe, supervisor: Office) -> None:
    unit = unit_of(supervisor)
    rep = troupe.phone("R101")
    before = rep.store.versions()
    asked = supervisor("POST", "/territory/plans", json={"unit_id": unit, "way": "rebalanced"})
    plan = done(supervisor, f"/territory/plans/{asked['id']}")
    assert plan["figures"]["moved_share"] <= 0.15
    assert plan["figures"]["after"]["imbalance"] <= plan["figures"]["before"]["imbalance"]
    later = (today() + timedelta(days=30)).isoformat()
    accepted = supervisor("PUT", f"/territory/plans/{plan['id']}/acceptance", json={"valid_from": later})
    assert accepted["state"] == "accepted"
    rep.sync()
    assert rep.store.versions() == before


def cells_of(phone: Phone) -> set[str]:
    return {one["scope"] for one in phone.store.meta("scopes") if one["scope"].startswith("cell:")}


def test_a_split_reaches_the_phone_of_whoever_serves_it(troupe: Troupe, supervisor: Office) -> None:
    rep = troupe.phone("R102")
    mine = cells_of(rep)
    points = [spot for spot in rep.records("service_point").values() if f"cell:{spot['cell_id']}" in mine]
    cell_id = points[0]["cell_id"]
    spots = [spot["place"]["coordinates"] for spot in points if spot["cell_id"] == cell_id]
    middle = sorted(spot[0] for spot in spots)[len(spots) // 2]
    line = {"type": "LineString", "coordinates": [[middle, 34.0], [middle, 39.0]]}
    asked = {
        "unit_id": unit_of(supervisor),
        "way": "split",
        "cell_id": cell_id,
        "line": line,
        "name": "新分网格",
        "code": "NEW",
    }
    plan = supervisor("POST", "/territory/plans", json=asked)
    assert plan["state"] == "ready", plan["problem"]
    supervisor("PUT", f"/territory/plans/{plan['id']}/acceptance", json={})
    rep.sync()
    assert len(cells_of(rep)) == len(mine) + 1
    (new,) = [id_ for id_, one in rep.records("cell").items() if one["name"] == "新分网格"]
    assert any(spot["cell_id"] == new for spot in rep.records("service_point").values())
    served = supervisor("GET", "/territory/coverage")
    assert served["unserved"] == []
    assert served["overlaps"] == []


def test_leave_is_planned_with_stand_ins(troupe: Troupe, supervisor: Office) -> None:
    unit, away = unit_of(supervisor), troupe.phone("R101")
    plan = supervisor("GET", f"/territory/units/{unit}/representatives", params={"absent": away.staff_id})
    stand_ins = [
        {"cell_id": r["cell_id"], "staff_id": r["staff_id"]}
        for r in plan["rows"]
        if r["was_staff_id"] == away.staff_id
    ]
    assert stand_ins
    days = {"valid_from": today().isoformat(), "valid_until": (today() + timedelta(days=2)).isoformat()}
    supervisor("POST", f"/territory/staff/{away.staff_id}/leave", json=days | {"stand_ins": stand_ins})
    lng, lat = supervisor("GET", f"/cells/{stand_ins[0]['cell_id']}")["outline"]["coordinates"][0][0][0]
    assert lng > 100
    assert lat > 30
    duties = supervisor(
        "GET", "/cell-assignments", params={"cell_id": stand_ins[0]["cell_id"], "duty": "stand_in"}
    )["rows"]
    assert [duty["staff_id"] for duty in duties] == [stand_ins[0]["staff_id"]]


def test_a_dispatcher_plans_publishes_and_meets_an_emergency(troupe: Troupe, dispatcher: Office) -> None:
    unit, tomorrow = unit_of(dispatcher), today() + timedelta(days=1)
    asked = dispatcher(
        "POST", "/dispatch/plans", json={"unit_id": unit, "day": tomorrow.isoformat(), "seconds": 2}
    )
    plan = done(dispatcher, f"/dispatch/plans/{asked['id']}")
    assert plan["stops"]
    assert plan["figures"]["travel_minutes"] > 0
    published = dispatcher("PUT", f"/dispatch/plans/{plan['id']}/publication")
    assert published["state"] == "published"
    first = plan["stops"][0]
    assert dispatcher("GET", f"/work-orders/{first['job_id']}")["planned_at"] == first["arrive_at"]
    assert date.fromisoformat(plan["day"]) == tomorrow
    leader = dispatcher("GET", f"/crews/{first['crew_id']}")["leader_id"]
    phone = troupe.phone(dispatcher("GET", f"/staff/{leader}")["staff_number"])
    assert first["job_id"] in phone.records("work_order")
    place = dispatcher("GET", f"/work-orders/{first['job_id']}")["place"]
    burst = dispatcher(
        "POST",
        "/work-orders",
        json={"matter_id": _matter(dispatcher, "urgent"), "place": place, "description": "爆管"},
    )
    sent = dispatcher("POST", f"/dispatch/{burst['id']}/emergency", json={"crew_id": first["crew_id"]})
    assert sent["crew_id"] == first["crew_id"]
    phone.sync()
    assert phone.records("work_order")[burst["id"]]["state"] == "dispatched"


def _matter(office: Office, urgency: str) -> str:
    rows = office("GET", "/matters")["rows"]
    return str(next(row["id"] for row in rows if row["urgency"] == urgency))
