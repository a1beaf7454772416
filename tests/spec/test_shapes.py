"""Mutations and outcomes keep to the shapes the document gives a client; the server reads more than these."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from backend.core.api.mutations import SHAPES
from backend.core.services.record_writer import new_id
from backend.specification import openapi
from mobile_api_spec.phone import Phone
from sync.change import Op, Status
from tests.conftest import Person
from tests.factories import Town, mutation

As = Callable[[str], Person]
SCHEMAS = Path(__file__).parents[2] / "mobile_api_spec/schemas"


@cache
def components() -> Any:
    return openapi()["components"]


def shape(name: str) -> Any:
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": components()})


def push(person: Person, mutations: list[Any]) -> list[Any]:
    body = {"store": new_id(), "schema": 1, "sent_at": "2026-09-01T01:00:00Z", "mutations": mutations}
    answer = person("POST", "/sync/push", body)
    assert answer.status_code == 200, answer.text
    shape("PushAnswer").validate(answer.get_json())
    found: list[Any] = answer.get_json()["outcomes"]
    return found


def test_every_sort_is_named_and_told_apart() -> None:
    assert set(SHAPES["Mutation"][1]) == set(map(str, Op))
    assert set(SHAPES["Outcome"][1]) == set(map(str, Status))
    for name, (teller, shapes) in SHAPES.items():
        document = components()["schemas"][name]
        assert document["discriminator"]["propertyName"] == teller
        assert set(document["discriminator"]["mapping"]) == set(shapes)
    items = components()["schemas"]["PushBody"]["properties"]["mutations"]["items"]
    assert items == {"$ref": "#/components/schemas/Mutation"}


def test_what_a_phone_sends_has_its_shape(phone_of: Callable[..., Phone], town: Town) -> None:
    phone, validator = phone_of("rep"), shape("Mutation")
    phone.sync()
    visit = phone.create("visit", {"customer_id": town["customer 0"], "method": "phone"})
    phone.change("visit", visit, {"materials": "便民卡"})
    phone.act("visit", visit, "complete", {"summary": "好"})
    phone.delete("visit", visit)
    sent = phone.store.waiting(-1)
    assert [one["op"] for one in sent] == ["create", "change", "act", "delete"]
    for one in sent:
        validator.validate(one)
    for wrong in ({"op": "step"}, {"op": "act", "action": None}, {"record": 5}, {"now": []}):
        assert not validator.is_valid(sent[1] | wrong), wrong


def test_every_outcome_has_its_shape_also_of_what_had_none(as_: As, town: Town) -> None:
    rep, visit = as_("rep"), new_id()
    made = mutation(
        "visit",
        visit,
        "create",
        {"customer_id": town["customer 0"], "method": "phone", "cell_id": town["cell 0"]},
    )
    more = [
        mutation("visit", visit, "change", {"materials": "x", "from_tomorrow": 1}, base_version=1),
        mutation("visit", new_id(), "create", {"customer_id": new_id(), "method": "phone"}),
        mutation("visit", new_id(), "create", {"method": "telepathy"}),
        mutation("visit", visit, "dance", {}),
        mutation("customer", town["customer 0"], "delete", {}),
        {"id": new_id(), "op": 5}, "text", None, 7, [], {},
    ]  # fmt: skip
    found = push(rep, [made, *more])
    assert {one["status"] for one in found} == {"applied", "merged", "parked", "held"}
    assert len(found) == len(more) + 1
    again = push(rep, [made])
    assert again == [{name: value for name, value in found[0].items() if name != "record"}]


def test_what_is_pulled_has_its_shape_and_each_record_its_kinds(as_: As) -> None:
    page = as_("rep")("POST", "/sync/pull", {"store": new_id()}).get_json()
    shape("PullPage").validate(page)
    bodies = [(line["kind"], line["version"], line["body"]) for line in page["lines"]]
    assert len({kind for kind, _, _ in bodies}) > 5
    for kind, version, body in bodies:
        schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
        jsonschema_rs.validator_for(schema).validate(body | {"version": version})


def test_who_is_found_is_told_whole(as_: As, town: Town) -> None:
    person = as_("supervisor")
    found = person.get("/territory/customers", query_string={"words": "王小"})
    shown = next(one for one in found if one["id"] == town["customer 0"])
    points = shown.pop("service_points")
    for one, path in [(shown, "customers"), *((point, "service-points") for point in points)]:
        whole = person.get(f"/{path}/{one['id']}")
        assert one == {name: value for name, value in whole.items() if name != "version"}
    assert points


@pytest.mark.parametrize("name", ["Mutation", "Outcome"])
def test_a_shape_bites(name: str) -> None:
    assert not shape(name).is_valid({})
    assert not shape(name).is_valid(json.loads('{"op": "create", "status": "applied"}'))
