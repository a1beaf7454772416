"""Due days belong to the server or a supervisor.

Nobody moves one in passing, and the old one stays with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.kinds.registry import KINDS
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, middle, uid

As = Callable[[str], Person]
PhoneOf = Callable[..., Phone]
SOON = "2026-12-01"
FAR = "2029-01-01"
MOMENT, FAR_MOMENT = "2026-12-01T01:00:00.000000Z", "2029-01-01T01:00:00.000000Z"
# Every due field of every kind, with whose it is: a kind that gets another is listed by who adds it.
LIMITS = {("item", "due_on"), ("visit", "due_on"), ("work_order", "contact_by"), ("work_order", "due_at")}
PROMISES = {
    ("survey", "appointment_at"),
    ("work_order", "appointment_from"),
    ("work_order", "appointment_until"),
}


@pytest.fixture
def records(database: Database, town: Town) -> dict[str, str]:
    """One record of each kind with due fields, the representative's own, each with all its due days."""
    base = {"cell_id": town["cell 0"]}
    more = {
        "item": {
            "theme": "pressure",
            "source": "hotline",
            "description": "水小",
            "owner_id": town["rep"],
            "state": "open",
        },
        "visit": {
            "customer_id": town["customer 0"],
            "method": "door",
            "representative_id": town["rep"],
            "state": "planned",
        },
        "survey": {"surveyor_id": town["rep"], "state": "appointed"},
        "work_order": {
            "matter_id": town["leak"],
            "place": middle(0),
            "state": "received",
            "case_id": uid("case"),
        },
    }
    with database.transaction() as session:
        for kind, values in more.items():
            due = {name: SOON if name == "due_on" else MOMENT for name in KINDS[kind].due}
            record_writer.create(
                session, system(town["north"]), kind, base | values | due, record_id=uid(f"{kind} due")
            )
    return {kind: uid(f"{kind} due") for kind in more}


def later(name: str) -> str:
    return FAR if name == "due_on" else FAR_MOMENT


def move(who: Person, kind: str, record: str, reason: str = "客户外出", **now: str) -> Any:
    return who("PUT", f"/due-days/{kind}/{record}", {"now": now, "reason": reason})


def test_every_due_day_has_whose_it_is_and_a_place_for_the_old_ones() -> None:
    found = {(kind, name, what) for kind, one in KINDS.items() for name, what in one.due.items()}
    assert {(kind, name) for kind, name, what in found if what == "limit"} == LIMITS
    assert {(kind, name) for kind, name, what in found if what == "promise"} == PROMISES
    for kind, one in KINDS.items():
        assert ("due_moves" in one.wired) == bool(one.due), kind
        dated = {n for n in one.wired if n.startswith(("due_", "appointment_", "contact_by"))} - {"due_moves"}
        assert dated == set(one.due), kind


def test_nobody_moves_a_due_day_in_passing(as_: As, records: dict[str, str]) -> None:
    for kind, name in sorted(LIMITS | PROMISES):
        path = f"/{KINDS[kind].segment}/{records[kind]}"
        for who in ("rep", "supervisor", "admin"):
            version = as_(who).get(path)["version"]
            answer = as_(who)("PATCH", path, {name: later(name)}, version=version)
            assert answer.status_code >= 400, (kind, name, who)
            if KINDS[kind].wired[name].policy != "server":
                assert (answer.status_code, answer.get_json()["code"]) == (409, "due_day_kept"), answer.text
                assert "主管" in answer.get_json()["remedy"]
        assert as_("admin").get(path)[name][:10] == SOON
    # Nor with a step.
    step = as_("rep")(
        "POST", f"/visits/{records['visit']}/actions/nobody_met", {"absent_reason": "x", "due_on": FAR}
    )
    assert step.get_json()["code"] == "due_day_kept"


def test_a_phones_move_waits_for_a_supervisor_who_gives_the_reason(
    as_: As, records: dict[str, str], phone_of: PhoneOf
) -> None:
    rep = phone_of("rep")
    rep.sync()
    for kind, now in (
        ("item", {"due_on": FAR}),
        ("visit", {"due_on": FAR}),
        ("survey", {"appointment_at": FAR_MOMENT}),
    ):
        rep.change(kind, records[kind], now)
    rep.change("visit", records["visit"], {"materials": "便民卡"})
    rep.sync()
    outcomes = [outcome and (outcome["status"], outcome["code"]) for _, outcome in rep.store.journal()]
    assert outcomes[:3] == [("parked", "due_day_kept")] * 3
    groups = {one["mutations"][0]["kind"]: one["group_id"] for one in as_("supervisor").get("/inbox/parked")}
    path = f"/inbox/parked/{groups['item']}/decision"
    word = {"decision": "apply", "reason": "等配件"}
    assert as_("dispatcher")("POST", path, word).get_json()["code"] == "not_allowed"
    assert as_("supervisor")("POST", path, word).status_code == 200
    item = as_("rep").get(f"/items/{records['item']}")
    (moved,) = item["due_moves"]
    assert (item["due_on"], moved["was"], moved["why"], moved["by_id"]) == (
        FAR,
        SOON,
        "等配件",
        uid("supervisor"),
    )
    # An appointment is the office's to move.
    path = f"/inbox/parked/{groups['survey']}/decision"
    assert as_("dispatcher")("POST", path, word).status_code == 200
    assert as_("rep").get(f"/surveys/{records['survey']}")["due_moves"][0]["by_id"] == uid("dispatcher")


def test_a_supervisor_moves_it_with_a_reason_and_the_old_one_stays(as_: As, records: dict[str, str]) -> None:
    boss = as_("supervisor")
    for kind, name in sorted(LIMITS | PROMISES):
        if name == "appointment_from":
            continue
        now = {name: later(name)} | ({"appointment_from": FAR_MOMENT} if name == "appointment_until" else {})
        assert move(boss, kind, records[kind], reason=" ", **now).get_json()["code"] == "reason_needed"
        assert move(as_("rep"), kind, records[kind], **now).get_json()["code"] == "not_allowed"
        assert move(as_("stranger"), kind, records[kind], **now).status_code == 404
        by_desk = move(as_("dispatcher"), kind, records[kind], **now)
        assert (by_desk.status_code == 200) == ((kind, name) in PROMISES), by_desk.text
        answer = move(boss, kind, records[kind], **now)
        assert answer.status_code == 200, answer.text
        path = f"/{KINDS[kind].segment}/{records[kind]}"
        seen = as_("rep").get(path)
        moved = next(one for one in seen["due_moves"] if one["field"] == name)
        by = "dispatcher" if (kind, name) in PROMISES else "supervisor"
        assert (seen[name], moved["was"][:10], moved["now"], moved["why"]) == (
            later(name),
            SOON,
            later(name),
            "客户外出",
        )
        assert (moved["by_id"], bool(moved["at"])) == (uid(by), True)
        told = next(
            one
            for one in as_("rep").get(f"{path}/history")
            if name in one["changed"] and one["op"] != "create"
        )
        assert (told["changed"][name][1], told["actor_id"]) == (later(name), uid(by))
    assert (
        move(boss, "work_order", records["work_order"], appointment_from="2030-01-01T00:00:00Z").status_code
        == 422
    )
    assert move(boss, "customer", uid("customer 0"), phone="1").status_code == 404
    assert move(boss, "item", records["item"], description="x").status_code == 422


def test_the_owner_moves_nothing_whatever_their_role(as_: As, database: Database, town: Town) -> None:
    own = {
        "theme": "pressure",
        "source": "hotline",
        "description": "水小",
        "owner_id": town["supervisor"],
        "due_on": SOON,
    }
    with database.transaction() as session:
        item = record_writer.create(session, system(town["north"]), "item", own | {"state": "open"}).id
    assert move(as_("supervisor"), "item", item, due_on=FAR).get_json()["code"] == "due_day_kept"
    assert move(as_("admin"), "item", item, due_on=FAR).status_code == 200


def test_what_has_ended_was_in_time_or_late_for_good(
    as_: As, records: dict[str, str], database: Database
) -> None:
    ends = {"item": "resolved", "visit": "done", "survey": "reported", "work_order": "done"}
    photos = {"photo_ids": [uid(f"photo {n}") for n in range(3)], "method": "phone"}
    for kind, state in ends.items():
        with database.transaction() as session:
            more = {name: value for name, value in photos.items() if name in KINDS[kind].wired}
            record_writer.change(session, system(uid("north")), kind, records[kind], more | {"state": state})
        name = sorted(KINDS[kind].due)[-1]
        assert (
            move(as_("admin"), kind, records[kind], **{name: later(name)}).get_json()["code"]
            == "due_day_kept"
        )
        assert KINDS[kind].ended < set(KINDS[kind].wired["state"].field.labels)  # type: ignore[attr-defined]


def test_the_first_appointment_is_made_by_whoever_agrees_it(
    as_: As, records: dict[str, str], town: Town
) -> None:
    job = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    span = {"appointment_from": MOMENT, "appointment_until": "2026-12-01T03:00:00Z"}
    made = as_("rep")("PATCH", f"/work-orders/{job['id']}", span, version=job["version"])
    assert made.status_code == 200, made.text
    again = as_("rep")(
        "PATCH",
        f"/work-orders/{job['id']}",
        {"appointment_until": FAR_MOMENT},
        version=made.get_json()["version"],
    )
    assert again.get_json()["code"] == "due_day_kept"


def test_two_appointments_made_at_once_are_a_question_that_can_be_settled(
    as_: As, town: Town, phone_of: PhoneOf
) -> None:
    job = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    rep = phone_of("rep")
    rep.sync()
    rep.change("work_order", job["id"], {"appointment_from": MOMENT, "appointment_until": MOMENT})
    span = {"appointment_from": FAR_MOMENT, "appointment_until": FAR_MOMENT}
    assert (
        as_("dispatcher")("PATCH", f"/work-orders/{job['id']}", span, version=job["version"]).status_code
        == 200
    )
    rep.sync()
    assert [outcome and outcome["status"] for _, outcome in rep.store.journal()] == ["merged"]
    shown = as_("dispatcher").get(f"/work-orders/{job['id']}")["appointment_from"]
    other = FAR_MOMENT if shown == MOMENT else MOMENT
    path = f"/inbox/questions/work_order/{job['id']}/appointment/answer"
    values = {"appointment_from": other, "appointment_until": other}
    answer = as_("dispatcher")("POST", path, {"values": values})
    assert answer.status_code == 200, answer.text


def test_what_the_field_makes_itself_gets_no_later_day_than_the_houses(
    as_: As, town: Town, phone_of: PhoneOf, database: Database
) -> None:
    rep = phone_of("rep")
    rep.sync()
    item = {
        "theme": "pressure",
        "source": "visit",
        "description": "水小",
        "cell_id": town["cell 0"],
        "owner_id": town["rep"],
    }
    visit = {
        "customer_id": town["customer 0"],
        "method": "door",
        "cell_id": town["cell 0"],
        "representative_id": town["rep"],
    }
    soon = (today() + timedelta(days=2)).isoformat()
    rep.create("item", item | {"due_on": FAR})
    rep.create("visit", visit | {"due_on": FAR})
    early, bare, planned = (
        rep.create("item", item | {"due_on": soon}),
        rep.create("item", item),
        rep.create("visit", visit),
    )
    rep.sync()
    assert [outcome and (outcome["status"], outcome["code"]) for _, outcome in rep.store.journal()] == [
        *[("parked", "due_day_kept")] * 2, *[("applied", None)] * 3,
    ]  # fmt: skip
    assert as_("dispatcher")("POST", "/items", item | {"due_on": FAR}).get_json()["code"] == "due_day_kept"
    assert as_("supervisor")("POST", "/items", item | {"due_on": FAR}).status_code == 201
    serving.serve(database)
    days = {"items": {early: 2, bare: 5}, "visits": {planned: 7}}
    for path, found in days.items():
        for record, count in found.items():
            due = (
                datetime.fromisoformat(as_("rep").get(f"/{path}/{record}")["due_on"])
                .replace(tzinfo=UTC)
                .date()
            )
            assert (due - today()).days == count, path
