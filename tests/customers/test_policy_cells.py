"""A cell is given to an active representative of its unit, by every way in.

Loads of units are the office's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.territory.queries.cells import responsible_for
from tests.conftest import Person
from tests.factories import Town, hand_in, middle, mutation, uid
from tests.newcomers import join, open_section

As = Callable[[str], Person]
NOT_THESE = {
    "leader": "not_representative",
    "agent": "not_representative",
    "auditor": "not_representative",
    "left": "not_representative",
    "closed": "not_representative",
    "rep of above": "missing",
    "south_rep": "missing",
    "nobody": "missing",
}
THESE = ("other_rep", "rep of a section", "just engaged")
CELL = uid("cell 0")


@pytest.fixture(autouse=True)
def people(database: Database) -> None:
    """Who left, whose account was closed, who works above and who below, and who has no account yet."""
    with database.transaction() as session:
        open_section(session, "section", "north")
        representative = "customer_representative"
        join(session, "left", "north", Role.REPRESENTATIVE, post=representative, is_active=False)
        join(session, "closed", "north", Role.REPRESENTATIVE, post=representative)
        session.get_one(_account(), uid("closed")).is_active = False
        join(session, "rep of above", "group", Role.REPRESENTATIVE, post=representative)
        join(session, "rep of a section", "section", Role.REPRESENTATIVE, post=representative)
        join(session, "just engaged", "north", post=representative)


def _account() -> Any:
    from backend.core.kinds.account import Account

    return Account


def duty(who: str, kind: str = "representative") -> dict[str, Any]:
    return {
        "cell_id": CELL,
        "staff_id": uid(who),
        "duty": kind,
        "valid_from": "2026-01-01",
        "valid_until": "2030-01-01",
    }


def ways(person: Person, who: str) -> dict[str, Any]:
    """Every way by which an office gives a cell."""
    days = {"valid_from": str(today()), "valid_until": str(today())}
    pairs = [{"cell_id": uid(f"cell {n}"), "staff_id": uid(who)} for n in range(2)]
    own = person.get(f"/cell-assignments/{uid('duty 0')}")["version"]
    asked = {
        kind: person("POST", "/cell-assignments", duty(who, kind))
        for kind in ("representative", "stand_in", "deputy")
    }
    return asked | {
        "patch": person("PATCH", f"/cell-assignments/{uid('duty 0')}", {"staff_id": uid(who)}, version=own),
        "leave": person("POST", f"/territory/staff/{uid('rep')}/leave", days | {"stand_ins": pairs}),
        "many": person("PUT", f"/territory/units/{uid('north')}/representatives", {"rows": pairs}),
        "one": person("PUT", f"/territory/cells/{CELL}/representative", {"staff_id": uid(who)}),
    }


@pytest.mark.parametrize(("who", "why"), NOT_THESE.items())
def test_nobody_else_is_given_a_cell(as_: As, database: Database, town: Town, who: str, why: str) -> None:
    answers = ways(as_("supervisor"), who)
    assert {
        way: (one.status_code, one.get_json()["faults"][0]["code"]) for way, one in answers.items()
    } == dict.fromkeys(answers, (422, why))
    with database.transaction() as session:
        new = mutation("cell_assignment", uid("new duty"), "create", duty(who), base_version=0)
        (outcome,) = hand_in(session, town.actor("supervisor"), [new])
        assert outcome["status"] in ("parked", "held")
        assert responsible_for(session, CELL) == {
            "name": "员工5", "photo_id": None, "work_phone": "0532-80000005", "hours": "08:30-17:00",
        }  # fmt: skip


@pytest.mark.parametrize("who", THESE)
def test_an_active_representative_of_the_unit_or_below_is(as_: As, who: str) -> None:
    assert {way: one.status_code for way, one in ways(as_("supervisor"), who).items()} == {
        "representative": 201,
        "stand_in": 201,
        "deputy": 201,
        "patch": 200,
        "leave": 201,
        "many": 200,
        "one": 200,
    }


def test_a_cell_of_a_unit_above_is_given_by_nobody_below(as_: As, database: Database) -> None:
    with database.transaction() as session:
        cell = {"name": "集团网格", "code": "G", "outline": _square(), "valid_from": "2026-01-01"}
        record_writer.create(session, system(uid("group")), "cell", cell, record_id=uid("group cell"))
    given = duty("rep") | {"cell_id": uid("group cell"), "unit_id": uid("north")}
    assert as_("supervisor")("POST", "/cell-assignments", given).status_code == 422


def _square() -> dict[str, Any]:
    from tests.factories import square

    return square(9)


def test_the_duty_of_somebody_who_left_can_be_ended_and_not_prolonged(as_: As, database: Database) -> None:
    with database.transaction() as session:
        values = duty("left") | {"valid_until": None}
        record_writer.create(
            session, system(uid("north")), "cell_assignment", values, record_id=uid("old duty")
        )
    path, supervisor = f"/cell-assignments/{uid('old duty')}", as_("supervisor")
    assert supervisor("PATCH", path, {"valid_until": "2027-12-31"}, version=1).status_code == 200
    assert supervisor("PATCH", path, {"valid_until": "2029-12-31"}, version=2).status_code == 422
    assert supervisor("PATCH", path, {"valid_until": "2027-01-31"}, version=2).status_code == 200


def test_a_phone_takes_the_duty_of_somebody_who_left_away(database: Database, town: Town) -> None:
    with database.transaction() as session:
        values = duty("left") | {"valid_until": None}
        record_writer.create(
            session, system(town["north"]), "cell_assignment", values, record_id=uid("old duty")
        )
        gone = mutation("cell_assignment", uid("old duty"), "delete", {})
        assert hand_in(session, town.actor("supervisor"), [gone])[0]["status"] == "applied"


def test_the_public_is_told_of_nobody_who_left(as_: As, database: Database, town: Town) -> None:
    lng, lat = middle(0)["coordinates"]
    supervisor, where = as_("supervisor"), f"/public/responsible?lng={lng}&lat={lat}"
    assert supervisor.get(where)["name"] == "员工5"
    supervisor("PATCH", f"/staff/{town['rep']}", {"is_active": False}, version=1)
    assert supervisor("GET", where).status_code == 404
    assert "员工5" not in supervisor("GET", f"/territory/cells/{CELL}/card").text


_SPAN = "?since=2026-01-01&until=2026-12-31"
OFFICES_OWN = (
    "/territory/coverage",
    "/territory/coverage/features",
    f"/territory/units/{uid('north')}/representatives",
    f"/territory/repairs{_SPAN}",
    "/territory/visits/overdue",
    "/territory/plans",
    "/dispatch/board",
    "/devices",
    "/call-back-samples",
    "/inbox/parked",
    "/inbox/held",
    "/inbox/questions",
    f"/dispatch/{uid('job')}/proposals",
    f"/dispatch/{uid('job')}/same-trouble",
)


def test_loads_and_lists_of_whole_units_are_not_read_on_phones(
    as_: As, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        values = {"matter_id": town["leak"], "state": "received", "cell_id": CELL, "place": middle(0)}
        record_writer.create(session, system(town["north"]), "work_order", values, record_id=uid("job"))
        record_writer.act(
            session, system(town["north"]), "work_order", uid("job"), "dispatch", {"crew_id": town["crew"]}
        )
        join(session, "rep of the group", "group", Role.REPRESENTATIVE)
    found = {
        (who, path): as_(who)("GET", path).status_code
        for who in ("rep", "leader", "member")
        for path in OFFICES_OWN
    }
    assert {one for one, status in found.items() if status != 403} == set()
    assert as_("rep of the group")("GET", "/territory/coverage").status_code == 403
    assert {path for path in OFFICES_OWN if as_("supervisor")("GET", path).status_code != 200} == set()
