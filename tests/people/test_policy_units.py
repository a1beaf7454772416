"""Who may write what of whose units.

The group's catalogue, the tree of units, accounts, and the trail of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.core.actor import Actor, Role, system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.phones.services.deciding import decide_group
from tests.conftest import Person
from tests.factories import Town, hand_in, mutation, uid
from tests.newcomers import join, open_section

As = Callable[[str], Person]
STRONG = "lanterns-over-the-quiet-harbour-9"


@pytest.fixture(autouse=True)
def branch_admin(database: Database) -> Actor:
    """An administrator of the north alone, and a section of the north."""
    with database.transaction() as session:
        open_section(session, "section", "north")
        join(session, "branch admin", "north", Role.ADMIN)
        calendar = {"year": 2031, "days": [], "is_published": False}
        record_writer.create(session, system(uid("group")), "calendar", calendar, record_id=uid("calendar"))
    return Actor(uid("branch admin"), uid("north"), frozenset({Role.ADMIN}), uid("branch admin's phone"))


def values_of(database: Database, kind: str, record_id: str) -> dict[str, Any]:
    with database.transaction() as session:
        return record_writer.read(session, kind, record_id).values


@pytest.mark.parametrize(
    ("path", "name", "now"),
    [
        ("/units/", "group", {"parent_id": uid("north")}),
        ("/units/", "group", {"hotline": "1"}),
        ("/matters/", "leak", {"is_active": False}),
        ("/questionnaires/", "form", {"is_active": False}),
        ("/calendars/", "calendar", {"is_published": True}),
    ],
)
def test_what_a_unit_above_keeps_is_read_and_not_written(
    as_: As, path: str, name: str, now: dict[str, Any]
) -> None:
    branch = as_("branch admin")
    before = branch.get(path + uid(name))
    answer = branch("PATCH", path + uid(name), now, version=before["version"])
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not_allowed")
    assert branch.get(path + uid(name)) == before
    if "parent_id" not in now:
        assert as_("admin")("PATCH", path + uid(name), now, version=before["version"]).status_code == 200


@pytest.mark.parametrize(
    ("parent", "code"),
    [
        ("north", "not_allowed"),
        ("section", "not_allowed"),
        ("south", "reference_missing"),
        (None, "check_failed"),
    ],
)
def test_a_branch_does_not_leave_the_reach_of_those_above_it(as_: As, parent: str | None, code: str) -> None:
    branch = as_("branch admin")
    before = branch.get(f"/units/{uid('north')}")
    now = {"parent_id": parent and uid(parent)}
    answer = branch("PATCH", f"/units/{uid('north')}", now, version=before["version"])
    assert answer.get_json()["code"] == code
    assert as_("admin").get(f"/units/{uid('north')}") == before


@pytest.mark.parametrize(
    ("who", "parent", "status"),
    [
        ("branch admin", "north", 201),
        ("branch admin", "section", 201),
        ("branch admin", "group", 403),
        ("branch admin", "south", 422),
        ("branch admin", None, 422),
        ("admin", None, 422),
        ("admin", "south", 201),
    ],
)
def test_a_unit_is_made_below_ones_own(as_: As, who: str, parent: str | None, status: int) -> None:
    new = {"name": "新科室", "level": "section"} | ({"parent_id": uid(parent)} if parent else {})
    assert as_(who)("POST", "/units", new).status_code == status


def test_who_stands_above_both_ends_moves_a_unit_and_it_is_noted(as_: As) -> None:
    admin = as_("admin")
    version = admin.get(f"/units/{uid('section')}")["version"]
    moved = admin("PATCH", f"/units/{uid('section')}", {"parent_id": uid("south")}, version=version)
    assert moved.get_json()["parent_id"] == uid("south")
    (act,) = admin.get(f"/administrative-acts?subject_id={uid('section')}")["rows"]
    assert (act["act"], act["before"], act["after"]) == (
        "record_changed", {"parent_id": uid("north")}, {"parent_id": uid("south")},
    )  # fmt: skip


@pytest.mark.parametrize("parent", ["section", "north"])
def test_units_never_hang_below_themselves(as_: As, database: Database, parent: str) -> None:
    answer = as_("admin")("PATCH", f"/units/{uid('north')}", {"parent_id": uid(parent)}, version=1)
    assert (answer.status_code, answer.get_json()["faults"][0]["code"]) == (422, "cycle")
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.execute(
            text("UPDATE unit SET parent_id = CAST(:parent AS uuid) WHERE id = CAST(:id AS uuid)"),
            {"parent": uid(parent), "id": uid("north")},
        )


def test_a_phone_moves_no_unit_and_whoever_decides_needs_the_right(
    database: Database, town: Town, branch_admin: Actor
) -> None:
    change = mutation("unit", town["group"], "change", {"parent_id": town["north"]})
    own = mutation("unit", town["north"], "change", {"parent_id": town["section"]})
    with database.transaction() as session:
        outcomes = hand_in(session, branch_admin, [change, own])
    assert [(one["status"], one["code"]) for one in outcomes] == [("parked", "outside_scope")] * 2
    for one in (change, own):
        with pytest.raises(Problem), database.transaction() as session:
            decide_group(session, branch_admin, one["id"], "apply", "let it be")
    assert values_of(database, "unit", town["group"])["parent_id"] is None
    assert values_of(database, "unit", town["north"])["parent_id"] == town["group"]


def test_parked_work_for_another_unit_is_not_let_stand_by_this_one(database: Database, town: Town) -> None:
    record = uid("smuggled")
    new = {
        "number": "X1",
        "name": "越界",
        "category": "resident",
        "cell_id": town["cell 0"],
        "unit_id": town["south"],
    }
    one = mutation("customer", record, "create", new, base_version=0)
    with database.transaction() as session:
        assert hand_in(session, town.actor("rep"), [one])[0]["code"] == "outside_scope"
    with pytest.raises(Problem) as refused, database.transaction() as session:
        decide_group(session, town.actor("dispatcher"), one["id"], "apply", "why not")
    assert refused.value.code == "not_found"


def test_rights_above_are_not_reset_from_below(as_: As, database: Database) -> None:
    with database.transaction() as session:
        join(session, "wanderer", "north", Role.ADMIN)
        session.execute(
            text("UPDATE account SET unit_id = CAST(:group AS uuid) WHERE staff_id = CAST(:id AS uuid)"),
            {"group": uid("group"), "id": uid("wanderer")},
        )
    roles = {"password": STRONG, "roles": ["admin"]}
    for who in ("admin", "stranger", "wanderer"):
        answer = as_("branch admin")("PUT", f"/accounts/{uid(who)}", roles)
        assert (who, answer.status_code) == (who, 404)
    assert as_("supervisor")("PUT", f"/accounts/{uid('rep')}", roles).status_code == 403


def test_settings_are_noted_with_what_changed_and_no_numbers_of_people(as_: As) -> None:
    admin = as_("admin")
    staff = {
        "staff_number": "N7",
        "name": "新同事",
        "post": "hall_agent",
        "employment": "own",
        "is_active": True,
        "work_phone": "0532-80001234",
        "unit_id": uid("north"),
    }
    made = admin("POST", "/staff", staff).get_json()
    admin("PATCH", f"/staff/{made['id']}", {"is_active": False, "work_phone": "0532-80005678"}, version=1)
    admin("PATCH", f"/matters/{uid('leak')}", {"finish_within_minutes": 60}, version=1)
    rows = admin.get("/administrative-acts")["rows"]
    assert [(one["act"], one["subject_kind"]) for one in rows] == [
        ("record_created", "staff"), ("record_changed", "staff"), ("record_changed", "matter"),
    ]  # fmt: skip
    assert rows[1]["before"] == {"is_active": True, "work_phone": "***"}
    assert (rows[2]["before"], rows[2]["after"]) == (
        {"finish_within_minutes": 1440},
        {"finish_within_minutes": 60},
    )
    assert "80001234" not in str(rows)
    assert "新同事" not in str(rows)


def test_a_crew_of_a_section_does_the_branchs_job(database: Database, town: Town) -> None:
    """To act on what one was given needs no unit of one's own.

    The job is the branch's, the crew the section's.
    """
    with database.transaction() as session:
        leader = join(session, "section leader", "section", Role.CREW_LEADER, post="works_manager")
        crew = {
            "name": "科室班",
            "leader_id": leader,
            "member_ids": [leader],
            "skills": [],
            "shift_start": "00:00",
            "shift_end": "23:59",
            "is_active": True,
        }
        record_writer.create(session, system(uid("section")), "crew", crew, record_id=uid("section crew"))
        north = system(town["north"])
        job = record_writer.create(
            session, north, "work_order", {"matter_id": town["leak"], "state": "received"}
        ).id
        given = record_writer.act(
            session, north, "work_order", job, "dispatch", {"crew_id": uid("section crew")}
        )
        actor = Actor(leader, uid("section"), frozenset({Role.CREW_LEADER}), uid("section leader's phone"))
        step = mutation("work_order", job, "act", {}, action="accept", base_version=given.version)
        assert hand_in(session, actor, [step])[0]["status"] == "applied"


@pytest.mark.parametrize(
    ("who", "status"), [("auditor", 403), ("rep", 403), ("stranger", 404), ("dispatcher", 200)]
)
def test_a_dispute_about_a_deletion_is_settled_by_the_desk_of_its_unit(
    as_: As, database: Database, town: Town, who: str, status: int
) -> None:
    customer = record_writer.new_id()
    with database.transaction() as session:
        values = {"number": "D1", "name": "户", "category": "resident", "cell_id": town["cell 0"]}
        record_writer.create(session, system(town["north"]), "customer", values, record_id=customer)
        record_writer.change(session, system(town["north"]), "customer", customer, {"note": "unseen"})
        gone = mutation("customer", customer, "delete", {}, base_version=1)
        assert (
            hand_in(session, replace(town.actor("admin"), unit_id=town["north"]), [gone])[0]["status"]
            == "merged"
        )
    path = f"/inbox/questions/customer/{customer}/deleted/answer"
    assert as_(who)("POST", path, {"values": {"deleted": False}}).status_code == status
    assert as_("dispatcher")("GET", f"/customers/{customer}").status_code == (200 if status == 200 else 404)


def test_a_desk_lets_no_deletion_stand_that_it_could_not_make(
    as_: As, database: Database, town: Town
) -> None:
    north = system(town["north"])
    values = {"number": "N1", "name": "王空", "category": "resident", "cell_id": town["cell 0"]}
    with database.transaction() as session:
        empty = record_writer.create(session, north, "customer", values).id
        gone = mutation("customer", empty, "delete", {}, base_version=1)
        assert hand_in(session, town.actor("rep"), [gone])[0]["code"] == "not_allowed"
    decision = {"decision": "apply", "reason": "let it"}
    assert as_("agent")("POST", f"/inbox/parked/{gone['id']}/decision", decision).status_code == 403
    assert as_("branch admin")("POST", f"/inbox/parked/{gone['id']}/decision", decision).status_code == 200
    assert as_("dispatcher")("GET", f"/customers/{empty}").status_code == 404
