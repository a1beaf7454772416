"""Records for another unit, photos of another record.

Refused by the office's way in, parked where a phone brings them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import record_writer
from tests.conftest import Person
from tests.factories import Town, hand_in, middle, mutation, uid
from tests.newcomers import join

As = Callable[[str], Person]
NOW = "2026-11-01T00:00:00Z"
PICTURE = {
    "purpose": "site",
    "sha256": "a" * 64,
    "size_bytes": 5,
    "media_type": "image/jpeg",
    "taken_at": NOW,
}
OF_CUSTOMER = {"of_kind": "customer", "of_id": uid("customer 0")}

# What a representative and a crew may make, with a scope of their own.
OWN: dict[str, dict[str, dict[str, Any]]] = {
    "rep": {
        "work-orders": {"matter_id": uid("leak"), "cell_id": uid("cell 0"), "place": middle(0)},
        "customers": {"number": "X", "name": "新户", "category": "resident", "cell_id": uid("cell 0")},
        "service-points": {
            "customer_id": uid("customer 0"),
            "cell_id": uid("cell 0"),
            "address": "新街1号",
            "place": middle(0),
            "nature": "public",
        },
        "visits": {"customer_id": uid("customer 0"), "cell_id": uid("cell 0"), "method": "phone"},
        "surveys": {"surveyor_id": uid("rep"), "cell_id": uid("cell 0")},
        "items": {"theme": "pressure", "source": "visit", "description": "水小", "cell_id": uid("cell 0")},
        "responses": {
            "questionnaire_id": uid("form"),
            "channel": "visit",
            "answered_at": NOW,
            "answers": {},
            "author_id": uid("rep"),
        },
        "photos": PICTURE | OF_CUSTOMER | {"staff_id": uid("rep")},
        "signatures": OF_CUSTOMER
        | {
            "signer_name": "李",
            "relation": "self",
            "strokes": [],
            "sheet_sha256": "0" * 64,
            "signed_at": NOW,
            "staff_id": uid("rep"),
        },
        "duties": {"staff_id": uid("rep"), "started_at": NOW},
    },
    "member": {
        "work-orders": {"matter_id": uid("leak"), "crew_id": uid("crew"), "place": middle(0)},
        "photos": PICTURE | {"of_kind": "work_order", "of_id": uid("own job"), "crew_id": uid("crew")},
        "items": {"theme": "pressure", "source": "visit", "description": "水小", "owner_id": uid("member")},
        "duties": {"staff_id": uid("member"), "started_at": NOW},
    },
}
KIND = {"duties": "duty"}


@pytest.fixture(autouse=True)
def jobs(database: Database, town: Town) -> None:
    """A job of the crew, one of another crew, and one of the south; each with a photo of its own."""
    with database.transaction() as session:
        for name, unit, crew in (
            ("own job", "north", "crew"),
            ("other job", "north", "far crew"),
            ("far job", "south", None),
        ):
            actor = system(town[unit])
            job = {"matter_id": town["leak"], "state": "received", "place": middle(0)}
            record_writer.create(session, actor, "work_order", job, record_id=uid(name))
            if crew:
                record_writer.act(
                    session, actor, "work_order", uid(name), "dispatch", {"crew_id": town[crew]}
                )
            photo = PICTURE | {"of_kind": "work_order", "of_id": uid(name), "crew_id": crew and town[crew]}
            record_writer.create(session, actor, "photo", photo, record_id=uid(f"photo of {name}"))


def count(database: Database, unit: str) -> int:
    with database.engine.connect() as connection:
        sql = "SELECT count(*) FROM sync_document WHERE unit_id = CAST(:unit AS uuid)"
        return int(connection.execute(text(sql), {"unit": uid(unit)}).scalar_one())


def pushed(database: Database, town: Town, who: str, *mutations: dict[str, Any]) -> list[str]:
    with database.transaction() as session:
        return [one["status"] for one in hand_in(session, town.actor(who), mutations)]


def test_a_record_for_another_unit_is_not_made_on_the_strength_of_ones_own_cell(
    as_: As, database: Database, town: Town
) -> None:
    before = count(database, "south"), count(database, "group")
    answers, outcomes, own = {}, {}, {}
    for who, kinds in OWN.items():
        person = as_(who)
        for segment, values in kinds.items():
            kind = KIND.get(segment, segment.rstrip("s").replace("-", "_"))
            for unit in ("south", "group"):
                answers[who, segment, unit] = person(
                    "POST", f"/{segment}", values | {"unit_id": uid(unit)}
                ).status_code
                new = mutation(
                    kind,
                    uid(f"{who} {segment} {unit}"),
                    "create",
                    values | {"unit_id": uid(unit)},
                    base_version=0,
                )
                (outcomes[who, segment, unit],) = pushed(database, town, who, new)
            own[who, segment] = person("POST", f"/{segment}", values | {"unit_id": uid("north")}).status_code
    assert {one: status for one, status in answers.items() if status not in (404, 422)} == {}
    assert {one: status for one, status in outcomes.items() if status != "parked"} == {}
    assert {one: status for one, status in own.items() if status != 201} == {}
    assert (count(database, "south"), count(database, "group")) == before


def test_an_office_makes_nothing_above_or_beside_itself(as_: As, database: Database) -> None:
    customer = {"number": "X", "name": "新户", "category": "resident"}
    for unit, status in (("south", 404), ("group", 404), ("north", 201)):
        assert (
            as_("dispatcher")("POST", "/customers", customer | {"unit_id": uid(unit)}).status_code == status
        )
    odd = customer | {"number": "Y", "unit_id": uid("north"), "cell_id": uid("cell 3")}
    assert as_("admin")("POST", "/customers", odd).get_json()["code"] == "reference_missing"
    assert as_("admin")("POST", "/customers", odd | {"unit_id": uid("south")}).status_code == 201
    moved = as_("admin")("PATCH", f"/customers/{uid('customer 0')}", {"cell_id": uid("cell 3")}, version=1)
    assert moved.get_json()["code"] == "reference_missing"


def test_a_job_names_nothing_of_another_branch_by_any_way_in(as_: As, database: Database, town: Town) -> None:
    """The group's administrator sees both branches, and ties neither's job to the other's customers."""
    with database.transaction() as session:
        south = system(town["south"])
        customer = {"number": "S1", "name": "南户", "category": "resident", "cell_id": uid("cell 3")}
        record_writer.create(session, south, "customer", customer, record_id=uid("south customer"))
        point = {
            "customer_id": uid("south customer"),
            "cell_id": uid("cell 3"),
            "address": "南街1号",
            "place": middle(3),
            "nature": "public",
        }
        record_writer.create(session, south, "service_point", point, record_id=uid("south point"))
    foreign = {"cell_id": "cell 3", "customer_id": "south customer", "service_point_id": "south point"}
    for name, of in foreign.items():
        now = {name: uid(of)}
        answer = as_("admin")("PATCH", f"/work-orders/{uid('own job')}", now, version=2)
        assert answer.get_json()["code"] == "reference_missing", name
        answer = as_("admin")(
            "POST", f"/work-orders/{uid('own job')}/actions/cancel", {"cancel_reason": "x"} | now, version=2
        )
        assert answer.get_json()["code"] == "reference_missing", name
        assert pushed(database, town, "admin", mutation("work_order", uid("own job"), "change", now)) == [
            "parked"
        ], name


def test_office_rights_end_where_its_units_end(as_: As, database: Database, town: Town) -> None:
    """A supervisor of the south who serves a cell of the north.

    There they are a representative, and nothing more.
    """
    with database.transaction() as session:
        both = join(session, "both", "south", Role.ADMIN, Role.REPRESENTATIVE)
        duty = {"cell_id": town["cell 0"], "staff_id": both, "duty": "deputy", "valid_from": "2026-01-01"}
        record_writer.create(
            session, system(town["north"]), "cell_assignment", duty, record_id=uid("odd duty")
        )
    person = as_("both")
    assert person("PATCH", f"/customers/{uid('customer 0')}", {"note": "x"}, version=1).status_code == 200
    assert person("DELETE", f"/customers/{uid('customer 4')}", version=1).status_code == 403
    assert (
        person(
            "PATCH", f"/cell-assignments/{uid('odd duty')}", {"valid_until": "2030-01-01"}, version=1
        ).status_code
        == 403
    )


STRAY = ("photo of other job", "photo of far job")


@pytest.mark.parametrize("photo", STRAY)
def test_a_job_takes_no_photo_of_another(as_: As, database: Database, town: Town, photo: str) -> None:
    path, now = f"/work-orders/{uid('own job')}", {"photo_ids": [uid(photo)]}
    for who in ("member", "dispatcher"):
        answer = as_(who)("PATCH", path, now, version=2)
        assert (answer.status_code, answer.get_json()["faults"][0]["field"]) == (422, "photo_ids")
    change = mutation("work_order", uid("own job"), "change", now, base_version=2)
    assert pushed(database, town, "member", change) == ["parked"]
    assert as_("dispatcher").get(path)["photo_ids"] is None
    fine = {"photo_ids": [uid("photo of own job")]}
    assert pushed(
        database, town, "leader", mutation("work_order", uid("own job"), "change", fine, base_version=2)
    ) == ["applied"]
    assert as_("member")("PATCH", path, fine | {"result": "x"}, version=3).status_code == 200


def test_a_photo_made_in_the_same_push_belongs_to_its_own_record(database: Database, town: Town) -> None:
    values = PICTURE | {"of_kind": "customer", "of_id": uid("customer 0"), "staff_id": uid("rep")}
    visit = {
        "customer_id": uid("customer 0"),
        "cell_id": uid("cell 0"),
        "method": "phone",
        "photo_ids": [uid("shot")],
    }
    shot = mutation("photo", uid("shot"), "create", values, base_version=0)
    new = mutation("visit", uid("visit"), "create", visit, base_version=0)
    assert pushed(database, town, "rep", shot, new) == ["applied", "parked"]


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("customer", "customer 3"),
        ("work_order", "far job"),
        ("work_order", "nowhere"),
        ("unit", "south"),
        ("rocket", "x"),
    ],
)
def test_a_photo_stands_on_what_its_author_sees(
    as_: As, database: Database, town: Town, kind: str, record: str
) -> None:
    for segment, more in (
        ("photo", {}),
        (
            "signature",
            {
                "signer_name": "李",
                "relation": "self",
                "strokes": [],
                "sheet_sha256": "0" * 64,
                "signed_at": NOW,
            },
        ),
    ):
        values = (more or PICTURE) | {"of_kind": kind, "of_id": uid(record), "staff_id": uid("rep")}
        answer = as_("rep")("POST", f"/{segment}s", values)
        assert (answer.status_code, answer.get_json()["faults"][0]["field"]) == (422, "of_id")
        new = mutation(segment, uid(f"stray {segment}"), "create", values, base_version=0)
        assert pushed(database, town, "rep", new) == ["held"], (
            "what is not theirs and what is not there look alike"
        )


def test_an_id_that_is_none_stops_nothing_else_in_a_push(database: Database, town: Town) -> None:
    broken = [
        mutation("visit", uid("a"), "create", {"customer_id": "no id", "method": "phone"}, base_version=0),
        mutation(
            "visit",
            uid("b"),
            "create",
            {"customer_id": uid("customer 0"), "photo_ids": ["x", 5], "method": "phone"},
            base_version=0,
        ),
        mutation(
            "photo", uid("c"), "create", PICTURE | {"of_kind": {"a": 1}, "of_id": ["b"]}, base_version=0
        ),
    ]
    fine = mutation("duty", uid("d"), "create", {"staff_id": uid("rep"), "started_at": NOW}, base_version=0)
    assert pushed(database, town, "rep", *broken, fine) == ["parked", "parked", "parked", "applied"]
