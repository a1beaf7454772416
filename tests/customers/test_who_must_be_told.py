"""Who is told what of a place: the public of who answers for it, the desk of whose water is shut off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from backend.core.actor import system
from backend.core.db import Database
from backend.core.geometry import lng_lat
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.services.phonetics import pinyin_of
from backend.queue import serving
from backend.territory.queries.cells import responsible_for
from tests.conftest import Person
from tests.factories import Town, middle, square

As = Callable[[str], Person]
Asked = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def asked(app: Flask) -> Asked:
    """What anybody is told: the status, and the answer."""
    client = app.test_client()

    def ask(**where: Any) -> tuple[int, dict[str, Any]]:
        answer = client.get("/api/v1/public/responsible", query_string=where)
        return answer.status_code, answer.get_json()

    return ask


def place(n: int) -> dict[str, float]:
    lng, lat = lng_lat(middle(n))
    return {"lng": lng, "lat": lat}


def change(database: Database, town: Town, kind: str, name: str, **now: Any) -> None:
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), kind, town[name], now)


def test_half_a_place_is_none_and_a_whole_one_goes_before_an_address(asked: Asked) -> None:
    for where in ({"lng": 120.31}, {"lat": 36.06}, {}):
        status, told = asked(**where)
        assert (status, told["code"]) == (422, "invalid")
        assert [(one["field"], one["zh"]) for one in told["faults"]] == [("address", "请给出位置或地址")]
    # With an address half a place is passed over; a whole one says it better than words.
    assert asked(lng=120.31, address="香港中路3号")[1]["name"] == "员工6"
    assert asked(**place(0), address="香港中路3号")[1]["name"] == "员工5"
    for where, field in (
        ({"address": "路3号"}, "address"),
        ({"address": "路" * 201}, "address"),
        ({"lng": 120.3, "lat": 90.1}, "lat"),
        ({"lng": "east", "lat": 36}, "lng"),
    ):
        status, told = asked(**where)
        assert (status, [one["field"] for one in told["faults"]]) == (422, [field]), where


def test_the_public_learns_name_photo_telephone_and_hours(
    asked: Asked, database: Database, town: Town
) -> None:
    """Also where some are not known; nothing of whose house it is, and nothing but the address is needed."""
    change(database, town, "staff", "rep", work_phone=None, working_hours=None)
    told = {"name": "员工5", "photo_id": None, "work_phone": None, "hours": None}
    assert asked(**place(1)) == (200, told)
    assert asked(address="香港中路2号") == (200, told)


def test_duties_count_by_the_citys_day_with_both_ends(asked: Asked, database: Database, town: Town) -> None:
    change(database, town, "cell_assignment", "duty 0", valid_until=f"{today()}")
    assert asked(**place(0))[1]["name"] == "员工5"
    change(database, town, "cell_assignment", "duty 0", valid_until=f"{today() - timedelta(days=1)}")
    status, told = asked(**place(0))
    assert (status, told["code"]) == (404, "no_representative")
    assert told["title"] != told["title_en"]
    tomorrow = f"{today() + timedelta(days=1)}"
    change(database, town, "cell_assignment", "duty 0", valid_until=None, valid_from=tomorrow)
    assert asked(**place(0))[1]["code"] == asked(address="香港中路1号")[1]["code"] == "no_representative"
    with database.transaction() as session:
        on = date.fromisoformat(tomorrow)
        found = responsible_for(session, town["cell 0"], on)
    assert found is not None
    assert found["name"] == "员工5"


def test_ground_that_is_no_cell_yet_or_no_more_is_nobodys(
    asked: Asked, database: Database, town: Town
) -> None:
    for now in (
        {"valid_from": f"{today() + timedelta(days=1)}"},
        {"valid_from": "2026-01-01", "valid_until": f"{today() - timedelta(days=1)}"},
    ):
        change(database, town, "cell", "cell 0", **now)
        assert asked(**place(0))[1]["code"] == "no_representative", now
    change(database, town, "cell", "cell 0", valid_until=f"{today()}")
    assert asked(**place(0))[1]["name"] == "员工5"


def listed(person: Person, area: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = person("POST", "/territory/affected", {"area": area} | more)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.get_json()
    return rows


def test_who_must_be_called_in_person_comes_first(as_: As, database: Database, town: Town) -> None:
    """Key and special customers, large users, and whoever needs care."""
    for n, now in ((1, {"category": "large"}), (5, {"is_vulnerable": True}), (2, {"category": "special"})):
        change(database, town, "customer", f"customer {n}", **now)
    pipe = {"type": "LineString", "coordinates": [[120.31, 36.06], [120.37, 36.06]]}
    rows = listed(as_("dispatcher"), pipe, around_m=50)
    assert [(one["number"], one["call_in_person"]) for one in rows] == [
        ("K0000", True),
        ("K0001", True),
        ("K0002", True),
        ("K0005", True),
        ("K0004", False),
        ("K0006", False),
    ]
    # Of the other branch nobody is on this list, though the pipe goes on there; the house sees all.
    assert len(listed(as_("admin"), pipe, around_m=50)) == 8
    assert {one["number"] for one in listed(as_("rep"), pipe, around_m=50)} == {
        "K0000", "K0001", "K0004", "K0005",
    }  # fmt: skip
    assert listed(as_("leader"), pipe, around_m=50) == []


def test_a_customer_is_told_once_and_who_is_gone_not_at_all(as_: As, database: Database, town: Town) -> None:
    with database.transaction() as session:
        north = system(town["north"])
        second = {"customer_id": town["customer 0"], "address": "二号门", "nature": "public"}
        record_writer.create(
            session, north, "service_point", second | {"place": middle(0), "cell_id": town["cell 0"]}
        )
        point = record_writer.read(session, "service_point", town["point 4"])
        record_writer.delete(session, north, "service_point", point.id, version=[point.version])
    assert [one["number"] for one in listed(as_("dispatcher"), square(0))] == ["K0000"]


def test_a_carelessly_drawn_area_is_taken_as_it_was_meant(as_: As) -> None:
    (w, s), (e, n) = (120.30, 36.05), (120.32, 36.07)
    desk = as_("dispatcher")
    # Lines that cross, a needle that leads out and back, one with a height; none of them is a clean ring.
    crossed = {"type": "Polygon", "coordinates": [[[w, s], [e, n], [e, s], [w, n], [w, s]]]}
    needle = {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [125, n], [e, n], [w, n], [w, s]]]}
    high = {"type": "Point", "coordinates": [120.31, 36.06, 40.0]}
    still = {"type": "LineString", "coordinates": [[120.31, 36.06], [120.31, 36.06]]}
    for area, metres in ((crossed, 10), (needle, 0), (high, 10), (still, 10)):
        numbers = [one["number"] for one in listed(desk, area, around_m=metres)]
        assert numbers == ["K0000", "K0004"], area


def test_what_is_no_area_is_told(as_: As) -> None:
    desk = as_("dispatcher")
    for area in (
        {"type": "Polygon", "coordinates": []},
        {"type": "Point", "coordinates": [181, 36]},
        {"type": "LineString", "coordinates": [[120.3, 36.0]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Polygon", "coordinates": [[[120, 36], [121, 36]]]},
    ):
        refused = desk("POST", "/territory/affected", {"area": area})
        assert refused.status_code == 422, area
        faults = refused.get_json()["faults"]
        assert [(one["field"], one["zh"]) for one in faults] == [("area", "不是以度为单位的面、线或点")], area
    for more, field in (({"around_m": 2001}, "around_m"), ({"around_m": -1}, "around_m"), ({"by": 1}, "by")):
        refused = desk("POST", "/territory/affected", {"area": square(0)} | more)
        assert [one["field"] for one in refused.get_json()["faults"]] == [field]


def test_a_name_is_found_by_its_sounds_however_it_is_read(as_: As, database: Database, town: Town) -> None:
    path = f"/customers/{town['customer 1']}"
    renamed = as_("rep")("PATCH", path, {"name": "曾国强"}, version=1)
    assert renamed.status_code == 200
    serving.serve(database)
    now = as_("rep").get(path)
    assert now["pinyin"] == pinyin_of("曾国强") == "cengguoqiang cgq zengguoqiang zgq"
    for words in ("zgq", "cengguo", "zengguoqiang", "曾"):
        found = as_("rep").get(
            "/territory/customers", query_string={"words": words if len(words) > 1 else "曾国"}
        )
        assert [one["id"] for one in found] == [town["customer 1"]], words
    assert as_("rep").get("/territory/customers", query_string={"words": "wangxiaoer"}) == []
    assert as_("rep")("GET", "/territory/customers?words=a").status_code == 422


def test_a_company_with_a_very_long_name_is_found_by_how_it_begins(
    as_: As, database: Database, town: Town
) -> None:
    """Its whole reading is longer than what is kept; and nothing goes round in circles over it."""
    name = "青岛市市北区供水工程建设投资发展集团有限责任公司" * 4
    path = f"/customers/{town['customer 1']}"
    assert as_("rep")("PATCH", path, {"name": name}, version=1).status_code == 200
    assert serving.serve(database) < 20
    now = as_("rep").get(path)
    assert now["version"] == 3
    whole, initials = now["pinyin"].split()
    assert whole.startswith("qingdaoshishibeiqugongshui")
    assert initials.startswith("qdssbqgs")
    assert len(now["pinyin"]) == 300
    assert serving.serve(database) == 0
    found = as_("rep").get("/territory/customers", query_string={"words": "qingdaoshi"})
    assert [one["id"] for one in found] == [town["customer 1"]]
