"""Bad input gets a clear answer and leaves nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.db import Database
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]


def customer(**more: Any) -> dict[str, Any]:
    return {"number": "K9", "name": "赵大", "category": "resident", **more}


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_all_days_is_refused(as_: As, town: Town, day: str) -> None:
    """Of such a day there is no day before or after, and no moment in the city's clock."""
    office, unit = as_("supervisor"), {"unit_id": town["north"]}
    leave = {"stand_ins": [], "valid_from": "2026-01-01", "valid_until": day}
    span = {"since": "2026-01-01", "until": day}
    place = {"lng": 120.31, "lat": 36.06, "on": day}
    asked = [
        as_("auditor")(
            "POST", "/call-back-samples", {"from_day": "2026-01-01", "until_day": day, "count": 1}
        ),
        as_("dispatcher")("POST", "/dispatch/plans", unit | {"day": day}),
        office("POST", f"/territory/staff/{town['rep']}/leave", leave),
        office("GET", "/territory/repairs", query_string=span),
        office("GET", "/territory/responsible", query_string=place),
        office("PATCH", f"/cells/{town['cell 0']}", {"valid_until": day}, version=1),
        office("PATCH", f"/staff/{town['rep']}", {"exam_passed_until": day}, version=1),
        as_("dispatcher")(
            "POST",
            "/work-orders",
            {"matter_id": town["leak"], "place": middle(0), "appointment_from": f"{day}T00:00:00Z"},
        ),
    ]
    assert [answer.status_code for answer in asked] == [422] * len(asked)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (customer(name=None), "name"),
        (customer(name=""), "name"),
        (customer(name="x" * 101), "name"),
        (customer(name="NUL \0"), "name"),
        (customer(name="half \ud83d"), "name"),
        (customer(name=7), "name"),
        (customer(category="king"), "category"),
        (customer(is_vulnerable="yes"), "is_vulnerable"),
        (customer(cell_id="cell"), "cell_id"),
        (customer(id=1), "id"),
        (customer(surprise=1), "surprise"),
        (customer(pinyin="x"), "pinyin"),
        ({}, "number"),
    ],
)
def test_each_wrong_field_is_named(as_: As, database: Database, body: dict[str, Any], field: str) -> None:
    answer = as_("dispatcher")("POST", "/customers", body)
    assert answer.status_code == 422
    problem = answer.get_json()
    assert field in [fault["field"] for fault in problem["faults"]]
    assert answer.content_type == "application/problem+json"
    assert {"code", "title", "title_en", "remedy", "remedy_en"} <= set(problem)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM customer")).scalar() == 8


@pytest.mark.parametrize(
    "place",
    [
        {"type": "Point", "coordinates": [36.06, 120.3]},
        {"type": "Point", "coordinates": [1000, 36]},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "LineString", "coordinates": [[120, 36], [121, 36]]},
        {"type": "Point"},
        "POINT(120 36)",
        [120, 36],
    ],
)
def test_a_place_that_is_none_is_refused(as_: As, town: Town, place: Any) -> None:
    answer = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": place})
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["faults"][0]["field"].startswith("place")


def test_a_place_outside_the_territory_says_what_to_check(as_: As, town: Town) -> None:
    far = {"type": "Point", "coordinates": [100.0, 30.0]}
    problem = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": far}).get_json()
    assert problem["code"] == "outside_territory"
    assert "WGS-84" in problem["remedy"]


@pytest.mark.parametrize(
    "moment", ["2026-09-01T08:00:00", "tomorrow", 5, "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
def test_a_time_without_zone_or_sense_is_refused(as_: As, town: Town, moment: Any) -> None:
    answer = as_("agent")(
        "POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0), "appointment_from": moment}
    )
    assert answer.status_code == 422
    assert answer.get_json()["faults"][0]["field"] == "appointment_from"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"\xff\xfe", 400),
        (b'{"a": 1e999}', 422),
        (b"[" * 100_000, 400),
    ],
)
def test_broken_json_is_told_as_such(app: Flask, as_: As, body: bytes, status: int) -> None:
    answer = as_("dispatcher").client.post(
        "/api/v1/customers",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {as_('dispatcher').token}"},
    )
    assert answer.status_code == status, answer.text
    assert answer.get_json()["remedy"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=1e30",
        f"limit={10**30}",
        "limit=x",
        "after=x",
        f"page={10**30}&limit=-1",
    ],
)
def test_a_page_that_cannot_be_is_refused(as_: As, query: str) -> None:
    assert as_("dispatcher")("GET", f"/customers?{query}").status_code == 422


@pytest.mark.parametrize(
    "etag", ['"0"', '"999999999999"', '"x"', '"0", "999"', '"1.5"', "", '"' + "9" * 30 + '"']
)
def test_a_version_that_is_not_there_is_refused(as_: As, town: Town, etag: str) -> None:
    answer = as_("dispatcher")(
        "PATCH", f"/customers/{town['customer 1']}", {"note": "x"}, headers={"If-Match": etag}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (412, "changed_meanwhile")


@pytest.mark.parametrize(
    "path",
    [
        "/customers/not-a-uuid",
        "/rockets",
        "/customers/../units",
        "/work-orders/%00",
        "/",
        "/inbox/parked/x/decision",
    ],
)
def test_an_address_that_is_none_answers_404(as_: As, path: str) -> None:
    assert as_("dispatcher")("GET", path).status_code == 404


def test_a_wrong_method_names_the_right_ones(as_: As) -> None:
    answer = as_("dispatcher")("PUT", "/customers", {})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_fifty_megabytes_are_too_much(as_: As) -> None:
    answer = as_("dispatcher").client.post(
        "/api/v1/sync/push",
        data=b"x" * 50_000_000,
        content_type="application/json",
        headers={"Authorization": f"Bearer {as_('rep').token}"},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")


def test_501_mutations_are_too_many_for_one_batch(as_: As, town: Town) -> None:
    body = {"store": town["store"], "sent_at": "2026-09-01T00:00:00Z", "mutations": [{}] * 501}
    assert as_("rep")("POST", "/sync/push", body).get_json()["code"] == "too_large"


@pytest.mark.parametrize(
    "mutations",
    [[10**30], [float("1e400")], [{"id": {"a": []}}], [[[[[]]]]], [None], [{"now": {"x": "\ud800"}}]],
)
def test_whatever_a_phone_sends_is_kept(as_: As, town: Town, mutations: list[Any]) -> None:
    answer = as_("rep")(
        "POST", "/sync/push", {"store": town["store"], "sent_at": "long ago", "mutations": mutations}
    )
    assert answer.status_code == 200, answer.text
    assert [one["status"] for one in answer.get_json()["outcomes"]] == ["parked"]


def test_a_reference_to_nothing_is_named(as_: As, town: Town) -> None:
    answer = as_("dispatcher")("POST", "/customers", customer(cell_id=town["no such cell"]))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "reference_missing")
    assert answer.get_json()["faults"][0]["field"] == "cell_id"


def test_an_id_taken_twice_is_told(as_: As, town: Town) -> None:
    answer = as_("dispatcher")("POST", "/customers", customer(id=town["customer 1"]))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "id_taken")


def test_a_cell_in_use_is_not_deleted(as_: As, town: Town) -> None:
    answer = as_("admin")("DELETE", f"/cells/{town['cell 1']}", version=1)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "in_use")
    assert "customer" in answer.get_json()["by"]


def test_a_crossing_outline_says_where(as_: As) -> None:
    bow_tie = {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]]}
    body = {"name": "x", "code": "x", "outline": bow_tie, "valid_from": "2026-01-01"}
    answer = as_("admin")("POST", "/cells", body)
    assert answer.status_code == 422
    assert "Self-intersection" in answer.get_json()["faults"][0]["en"]
