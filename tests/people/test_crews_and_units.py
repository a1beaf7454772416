"""Crews, rosters and the tree of units: whom they name, who keeps them, and what follows on phones and on the
trail.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import record_writer
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, uid
from tests.newcomers import join, open_section

As = Callable[[str], Person]
NIGHTS = {"valid_from": "2030-09-01", "valid_until": "2030-09-07"}
NIGHTS |= {"clock_from": "17:30", "clock_until": "08:00"}


def crew(**more: Any) -> dict[str, Any]:
    named = {"name": "三班", "leader_id": uid("leader"), "member_ids": [uid("leader")], "skills": ["meter"]}
    return named | {"shift_start": "20:00", "shift_end": "06:00", "is_active": True} | more


def refused(answer: Any) -> tuple[int, str, set[str]]:
    said = answer.get_json()
    return answer.status_code, said["code"], {one["field"] for one in said.get("faults", ())}


def change(who: Person, path: str, **now: Any) -> Any:
    return who("PATCH", path, now, version=who.get(path)["version"])


def trail(who: Person, subject: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = who.get(f"/administrative-acts?subject_id={subject}&limit=50")["rows"]
    return rows


@pytest.fixture(autouse=True)
def sections(database: Database) -> None:
    """Two sections of the north with somebody in the first; an administrator of the south alone."""
    with database.transaction() as session:
        for name in ("first", "second"):
            open_section(session, name, "north")
        join(session, "fitter", "first", Role.CREW_MEMBER, post="works_manager")
        join(session, "south admin", "south", Role.ADMIN)


def test_a_crew_has_a_leader_and_people_of_its_own_line(as_: As, town: Town) -> None:
    supervisor = as_("supervisor")
    bare = {name: value for name, value in crew().items() if name != "leader_id"}
    assert refused(supervisor("POST", "/crews", bare)) == (422, "invalid", {"leader_id"})
    assert refused(supervisor("POST", "/crews", crew(leader_id=None))) == (422, "invalid", {"leader_id"})
    for names, field in (
        ({"leader_id": town["south_rep"]}, "leader_id"),
        ({"member_ids": [town["leader"], town["south_rep"]]}, "member_ids"),
        ({"leader_id": town["nobody"]}, "leader_id"),
    ):
        assert refused(supervisor("POST", "/crews", crew(**names))) == (422, "reference_missing", {field})
    # Somebody of the unit above or of a section below may be lent to it.
    lent = crew(leader_id=town["fitter"], member_ids=[town["fitter"], town["leader"]])
    made = supervisor("POST", "/crews", lent)
    assert made.status_code == 201, made.text
    path = f"/crews/{made.get_json()['id']}"
    assert refused(change(supervisor, path, leader_id=town["south_rep"]))[1] == "reference_missing"
    assert refused(change(supervisor, path, leader_id=None))[0] == 422
    assert supervisor.get(path)["leader_id"] == town["fitter"]


def test_who_keeps_crews_and_what_the_trail_tells_of_it(as_: As, town: Town) -> None:
    for who in ("dispatcher", "agent", "auditor", "leader", "rep"):
        assert refused(as_(who)("POST", "/crews", crew()))[:2] == (403, "not_allowed"), who
    made = as_("supervisor")("POST", "/crews", crew()).get_json()
    path = f"/crews/{made['id']}"
    assert change(as_("dispatcher"), path, vehicle="鲁B·12345", phone="13812345678").status_code == 200
    for who in ("stranger", "south admin"):
        assert as_(who)("PATCH", path, {"vehicle": "鲁B·1"}, version=2).status_code == 404, who
    assert as_("agent")("PATCH", path, {"vehicle": "鲁B·1"}, version=2).status_code == 403
    # Who read it before the colleague's change is told so, and loses nothing of it.
    late = as_("supervisor")("PATCH", path, {"vehicle": "鲁B·2"}, version=made["version"])
    assert late.status_code in (409, 412), late.text
    first, second = trail(as_("admin"), made["id"])
    assert (first["act"], first["by_staff_id"], first["before"]) == (
        "record_created",
        town["supervisor"],
        None,
    )
    assert (second["act"], second["by_staff_id"]) == ("record_changed", town["dispatcher"])
    assert second["after"] == {"vehicle": "鲁B·12345", "phone": "***"}
    assert trail(as_("south admin"), made["id"]) == []


def test_who_joins_or_leaves_a_crew_has_it_or_loses_it_on_the_phone(
    as_: As, phone_of: Callable[..., Phone], town: Town
) -> None:
    phone, supervisor, path = phone_of("other_rep"), as_("supervisor"), f"/crews/{town['crew']}"
    phone.sync()
    assert phone.store.record("crew", town["crew"]) is None
    people = [town["leader"], town["member"]]
    assert change(supervisor, path, member_ids=[*people, town["other_rep"]]).status_code == 200
    phone.sync()
    _, kept = phone.store.record("crew", town["crew"]) or (0, {})
    assert kept["name"] == "一班"
    assert change(supervisor, path, member_ids=people).status_code == 200
    phone.sync()
    assert phone.store.record("crew", town["crew"]) is None


def test_somebody_who_left_stays_named_until_the_crew_is_changed(as_: As, town: Town) -> None:
    admin, path = as_("admin"), f"/crews/{town['crew']}"
    assert change(admin, f"/staff/{town['member']}", is_active=False).status_code == 200
    assert town["member"] in admin.get(path)["member_ids"]
    assert change(admin, path, vehicle="鲁B·9").status_code == 200
    assert change(admin, path, member_ids=[town["leader"]]).status_code == 200
    acts = trail(admin, town["member"])
    assert [(one["before"], one["after"]) for one in acts] == [({"is_active": True}, {"is_active": False})]
    # The number is free for whoever comes next; the one who left does not come back under it.
    new = {"staff_number": "T008", "name": "接任者", "post": "works_manager", "employment": "own"}
    made = admin("POST", "/staff", new | {"is_active": True, "unit_id": town["north"]})
    assert made.status_code == 201, made.text
    back = change(admin, f"/staff/{town['member']}", is_active=True)
    assert refused(back)[2] == {"staff_number"}


def test_a_roster_is_kept_by_its_own_units_desk_and_taken_away_with_a_note(as_: As, town: Town) -> None:
    dispatcher, body = as_("dispatcher"), NIGHTS | {"crew_id": town["crew"]}
    for who, code in (("agent", "not_allowed"), ("leader", "not_allowed"), ("stranger", "reference_missing")):
        assert refused(as_(who)("POST", "/on-call", body))[1] == code, who
    made = dispatcher("POST", "/on-call", body).get_json()
    path = f"/on-call/{made['id']}"
    assert as_("stranger")("DELETE", path, version=made["version"]).status_code == 404
    assert as_("agent")("DELETE", path, version=made["version"]).status_code == 403
    # A crew that works no more is not put on call; the hours it has may be taken away.
    assert change(as_("supervisor"), f"/crews/{town['crew']}", is_active=False).status_code == 200
    other = body | {"valid_from": "2030-10-01", "valid_until": "2030-10-02"}
    assert refused(dispatcher("POST", "/on-call", other)) == (422, "check_failed", {"crew_id"})
    assert change(dispatcher, path, clock_until="07:00").status_code == 200
    version = dispatcher.get(path)["version"]
    assert dispatcher("DELETE", path, version=version).status_code in (200, 204)
    assert dispatcher("GET", path).status_code == 404
    acts = trail(as_("admin"), made["id"])
    assert [one["act"] for one in acts] == ["record_created", "record_changed", "record_deleted"]
    assert (acts[1]["before"], acts[1]["after"]) == ({"clock_until": "08:00"}, {"clock_until": "07:00"})
    assert (acts[2]["before"]["crew_id"], acts[2]["after"]) == (town["crew"], None)


def test_two_administrators_at_once_close_no_circle(as_: As, town: Town) -> None:
    moves = [(as_("admin"), "first", "second"), (as_("admin"), "second", "first")]

    def move(one: tuple[Person, str, str]) -> Any:
        who, unit, parent = one
        return who("PATCH", f"/units/{uid(unit)}", {"parent_id": uid(parent)}, version=1)

    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(move, moves))
    assert sorted(one.status_code for one in sent) == [200, 422]
    (late,) = [one.get_json() for one in sent if one.status_code == 422]
    assert [one["code"] for one in late["faults"]] == ["cycle"]
    assert all(one["zh"] and one["en"] for one in late["faults"])
    admin = as_("admin")
    assert len(trail(admin, town["first"]) + trail(admin, town["second"])) == 1


def test_a_unit_that_moves_takes_its_people_and_phones_along(as_: As, database: Database, town: Town) -> None:
    admin, north, south, fitter = as_("admin"), as_("dispatcher"), as_("stranger"), town["fitter"]
    with database.transaction() as session:
        values = {"name": "科室班", "leader_id": fitter, "member_ids": [fitter], "skills": ["meter"]}
        hours = {"shift_start": "08:00", "shift_end": "17:00", "is_active": True}
        made = record_writer.create(session, system(town["first"]), "crew", values | hours).id
    assert (north("GET", f"/crews/{made}").status_code, south("GET", f"/crews/{made}").status_code) == (
        200,
        404,
    )
    assert change(admin, f"/units/{town['first']}", parent_id=town["south"]).status_code == 200
    assert (north("GET", f"/crews/{made}").status_code, south("GET", f"/crews/{made}").status_code) == (
        404,
        200,
    )
    for who, is_seen in ((north, False), (south, True)):
        names = {one["name"] for one in who.get("/devices")}
        assert ("fitter's phone" in names) is is_seen
    # The south's administrator has its accounts from now on; none of the north reads its trail.
    body = {"password": "quartz lantern ferry 88", "roles": ["crew_member"]}
    assert as_("south admin")("PUT", f"/accounts/{fitter}", body).status_code == 204
    assert as_("auditor").get(f"/administrative-acts?subject_id={fitter}")["rows"] == []
