"""Parked mutations: only what needs a parked one waits with it.

Its author's correction settles it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.services import record_writer
from tests.conftest import Person
from tests.factories import Town, middle, mutation

As = Callable[[str], Person]
Told = tuple[str, str | None]
APPLIED: Told = ("applied", None)
BEHIND: Told = ("parked", "predecessor_parked")


def push(person: Person, *mutations: dict[str, Any], **clocks: Any) -> list[dict[str, Any]]:
    body = {
        "store": record_writer.new_id(),
        "sent_at": datetime.now(UTC).isoformat(),
        "mutations": list(mutations),
        **clocks,
    }
    answer = person("POST", "/sync/push", body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["outcomes"]
    return found


def told(person: Person, *mutations: dict[str, Any], **clocks: Any) -> list[Told]:
    return [(one["status"], one["code"]) for one in push(person, *mutations, **clocks)]


def visit_of(town: Town, **more: Any) -> dict[str, Any]:
    values = {
        "customer_id": town["customer 0"],
        "cell_id": town["cell 0"],
        "representative_id": town["rep"],
        "method": "door",
    }
    return mutation("visit", record_writer.new_id(), "create", values | more, base_version=0)


def item_of(town: Town) -> dict[str, Any]:
    values = {"theme": "pressure", "source": "visit", "description": "水小", "cell_id": town["cell 0"]}
    return mutation("item", record_writer.new_id(), "create", values, base_version=0)


def decide(person: Person, group: str, decision: str) -> Any:
    return person("POST", f"/inbox/parked/{group}/decision", {"decision": decision, "reason": "核对过"})


@pytest.mark.parametrize(
    ("kind", "name", "faulty", "code"),
    [
        ("customer", "customer 0", {"phone": "1" * 40}, "invalid"),
        ("staff", "rep", {"work_phone": "0532-1"}, "not_allowed"),
        ("cell", "cell 0", {"name": "自己改的"}, "not_allowed"),
    ],
)
def test_a_parked_change_stops_nothing_that_points_at_its_record(
    as_: As, town: Town, kind: str, name: str, faulty: dict[str, Any], code: str
) -> None:
    rep = as_("rep")
    parked = mutation(kind, town[name], "change", faulty)
    note = mutation("customer", town["customer 0"], "change", {"note": "旁的字段"})
    assert told(rep, parked, visit_of(town), item_of(town), note) == [("parked", code), *[APPLIED] * 3]
    assert told(rep, visit_of(town), item_of(town)) == [APPLIED] * 2, "nor in a later push"
    assert [len(group["mutations"]) for group in as_("dispatcher").get("/inbox/parked")] == [1]


def test_steps_go_on_although_a_value_of_the_job_is_parked(as_: As, town: Town) -> None:
    job = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()[
        "id"
    ]
    as_("dispatcher")("PUT", f"/dispatch/{job}/assignment", {"crew_id": town["crew"]})
    leader = as_("leader")
    base = leader.get(f"/work-orders/{job}")["version"]
    steps = [
        mutation("work_order", job, "act", {}, action=one, base_version=base)
        for one in ("accept", "leave", "arrive")
    ]
    faulty = mutation("work_order", job, "change", {"pressure_kpa": 6000}, base_version=base)
    assert told(leader, steps[0], faulty, *steps[1:]) == [APPLIED, ("parked", "invalid"), APPLIED, APPLIED]
    right = mutation("work_order", job, "change", {"pressure_kpa": 300}, base_version=base)
    (outcome,) = push(leader, right)
    assert (outcome["status"], outcome["detail"]) == ("applied", {"settles": [faulty["id"]]})
    assert as_("dispatcher").get("/inbox/parked") == []
    found = as_("dispatcher").get(f"/work-orders/{job}")
    assert (found["state"], found["pressure_kpa"]) == ("arrived", 300)


def test_a_visit_without_a_place_is_corrected_by_a_repeat(as_: As, town: Town) -> None:
    rep, visit = as_("rep"), visit_of(town)
    done = mutation("visit", visit["record"], "act", {"summary": "谈过"}, action="complete", base_version=0)
    assert told(rep, visit, done) == [APPLIED, ("parked", "check_failed")]
    again = done | {"id": record_writer.new_id(), "now": {"summary": "谈过", "check_in": middle(0)}}
    (outcome,) = push(rep, again)
    assert (outcome["status"], outcome["detail"]) == ("applied", {"settles": [done["id"]]})
    assert as_("rep").get(f"/visits/{visit['record']}")["state"] == "done"
    assert as_("dispatcher").get("/inbox/parked") == []
    newest = as_("dispatcher").get(f"/visits/{visit['record']}/history")[0]
    (corrected,) = newest["corrected"]
    assert (corrected["id"], corrected["code"], corrected["now"]) == (
        done["id"],
        "check_failed",
        {"summary": "谈过"},
    )
    assert told(rep, done) == [("parked", "check_failed")], "an outcome is told once"


def test_what_needs_a_parked_creation_waits_with_it_and_follows_its_correction(
    as_: As, town: Town, database: Database
) -> None:
    rep, faulty = as_("rep"), visit_of(town, method="telepathy")
    done = mutation(
        "visit",
        faulty["record"],
        "act",
        {"summary": "谈过", "check_in": middle(0)},
        action="complete",
        base_version=0,
    )
    item = item_of(town)
    item["now"]["visit_id"] = faulty["record"]
    later = mutation("item", item["record"], "change", {"description": "很小"}, base_version=0)
    free = mutation("customer", town["customer 0"], "change", {"note": "无关"})
    assert told(rep, faulty, done, item, later, free) == [
        ("parked", "invalid"),
        BEHIND,
        BEHIND,
        BEHIND,
        APPLIED,
    ]
    (group,) = as_("dispatcher").get("/inbox/parked")
    assert [one["id"] for one in group["mutations"]] == [one["id"] for one in (faulty, done, item, later)]
    again = faulty | {"id": record_writer.new_id(), "now": faulty["now"] | {"method": "door"}}
    assert told(rep, again) == [APPLIED]
    assert as_("dispatcher").get("/inbox/parked") == []
    assert rep.get(f"/visits/{faulty['record']}")["state"] == "done"
    assert rep.get(f"/items/{item['record']}")["description"] == "很小"
    sql = text("SELECT mutation_id::text, decision FROM sync_waiting ORDER BY place")
    with database.engine.connect() as connection:
        ends = {row[0]: row[1] for row in connection.execute(sql)}
    assert ends == {faulty["id"]: "corrected", done["id"]: "apply", item["id"]: "apply", later["id"]: "apply"}
    page = rep("POST", "/sync/pull", {"store": record_writer.new_id()}).get_json()
    assert [line["body"]["topic"] for line in page["lines"] if line["kind"] == "notice"] == ["decision"]


def test_what_says_that_it_builds_on_parked_work_waits_with_it(as_: As, town: Town) -> None:
    rep = as_("rep")
    faulty = mutation("customer", town["customer 0"], "change", {"phone": "1" * 40})
    built = mutation("customer", town["customer 1"], "change", {"note": "接着"}, after=faulty["id"])
    chained = mutation("customer", town["customer 4"], "change", {"note": "再接着"}, after=built["id"])
    assert told(rep, faulty, built, chained) == [("parked", "invalid"), BEHIND, BEHIND]
    assert told(rep, mutation("customer", town["customer 0"], "change", {"phone": "0532-82000000"})) == [
        APPLIED
    ]
    notes = [rep.get(f"/customers/{town[f'customer {n}']}")["note"] for n in (1, 4)]
    assert notes == ["接着", "再接着"]


def test_a_step_that_needs_a_parked_step_or_value_waits_with_it(as_: As, town: Town) -> None:
    rep, visit = as_("rep"), visit_of(town)
    away = mutation("visit", visit["record"], "change", {"away_reason": "远" * 600}, base_version=0)
    done = mutation("visit", visit["record"], "act", {"summary": "谈过"}, action="complete", base_version=0)
    assert told(rep, visit, away, done) == [APPLIED, ("parked", "invalid"), ("parked", "check_failed")]
    assert len(as_("dispatcher").get("/inbox/parked")) == 1, "what fails a check of the whole may lack it"
    assert told(rep, away | {"id": record_writer.new_id(), "now": {"away_reason": "封路"}}) == [APPLIED]
    found = rep.get(f"/visits/{visit['record']}")
    assert (found["state"], found["away_reason"]) == ("done", "封路")
    item = item_of(town)
    resolve = mutation(
        "item", item["record"], "act", {"resolution": "好" * 2001}, action="resolve", base_version=0
    )
    close = mutation(
        "item", item["record"], "act", {"return_visit_note": "满意"}, action="close", base_version=0
    )
    assert told(rep, item, resolve, close) == [APPLIED, ("parked", "invalid"), BEHIND]
    needs = mutation("visit", record_writer.new_id(), "act", {}, action="complete", base_version=0)
    named = mutation("visit", needs["record"], "change", {"summary": "长" * 2001}, base_version=0)
    made = visit_of(town, method="phone") | {"record": needs["record"]}
    assert told(rep, made, named, needs) == [APPLIED, ("parked", "invalid"), BEHIND]


def test_a_correction_that_is_itself_faulty_is_one_decision_with_what_it_corrects(
    as_: As, town: Town
) -> None:
    rep = as_("rep")
    first, second = (mutation("customer", town["customer 0"], "change", {"phone": n * 40}) for n in "12")
    assert told(rep, first, second) == [("parked", "invalid")] * 2
    (group,) = as_("dispatcher").get("/inbox/parked")
    assert [one["id"] for one in group["mutations"]] == [first["id"], second["id"]]
    (outcome,) = push(rep, mutation("customer", town["customer 0"], "change", {"phone": "0532-82000000"}))
    assert outcome["detail"] == {"settles": sorted([first["id"], second["id"]])}


def test_what_is_corrected_in_part_waits_for_the_rest_alone(as_: As, town: Town) -> None:
    rep, dispatcher = as_("rep"), as_("dispatcher")
    both = mutation("customer", town["customer 0"], "change", {"note": "旧", "contact_name": "长" * 300})
    assert told(rep, both) == [("parked", "invalid")]
    (outcome,) = push(rep, mutation("customer", town["customer 0"], "change", {"note": "新"}))
    assert (outcome["status"], outcome["detail"]) == ("applied", {})
    (group,) = dispatcher.get("/inbox/parked")
    assert list(group["mutations"][0]["corrected"]) == ["note"]
    newest = dispatcher.get(f"/customers/{town['customer 0']}/history")[0]
    assert [(one["is_closed"], one["now"]) for one in newest["corrected"]] == [(False, {"note": "旧"})]
    assert told(rep, mutation("customer", town["customer 0"], "change", {"contact_name": "老李"})) == [
        APPLIED
    ]
    assert dispatcher.get("/inbox/parked") == []
    assert rep.get(f"/customers/{town['customer 0']}")["note"] == "新"


def test_a_decision_on_the_rest_leaves_what_its_author_wrote_since(as_: As, town: Town) -> None:
    rep, dispatcher = as_("rep"), as_("dispatcher")
    as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    lost = mutation("customer", town["customer 1"], "change", {"note": "旧", "contact_name": "老李"})
    assert told(rep, lost) == [("parked", "outside_scope")]
    as_("supervisor")("PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["rep"]})
    assert told(rep, mutation("customer", town["customer 1"], "change", {"note": "新"})) == [APPLIED]
    (group,) = dispatcher.get("/inbox/parked")
    assert decide(dispatcher, group["group_id"], "apply").status_code == 200
    found = dispatcher.get(f"/customers/{town['customer 1']}")
    assert (found["note"], found["contact_name"]) == ("新", "老李")


def test_only_later_work_of_its_author_settles(as_: As, town: Town) -> None:
    rep = as_("rep")
    faulty = mutation("customer", town["customer 0"], "change", {"phone": "1" * 40})
    assert told(rep, faulty) == [("parked", "invalid")]
    as_("dispatcher")("PATCH", f"/customers/{town['customer 0']}", {"phone": "0532-82000001"}, version=1)
    assert len(as_("dispatcher").get("/inbox/parked")) == 1, "the office's word is another's"
    assert told(as_("admin"), mutation("customer", town["customer 0"], "change", {"phone": "0532-82000002"}))[
        0
    ][0] in (
        "applied",
        "merged",
    )
    assert len(as_("dispatcher").get("/inbox/parked")) == 1


def test_what_an_other_phone_of_the_author_wrote_before_settles_nothing(
    phone_of: Any, as_: As, town: Town
) -> None:
    first, second = phone_of("rep", "first"), phone_of("rep", "second")
    first.sync()
    second.sync()
    second.clock.moved_by = timedelta(hours=-1)
    second.change("customer", town["customer 0"], {"phone": "0532-82000001"})
    second.clock.moved_by = timedelta()
    second.clock.reboot()
    first.change("customer", town["customer 0"], {"phone": "1" * 40})
    first.sync()
    second.sync()
    assert [one["status"] for _, one in second.store.journal() if one] == ["applied"]
    (group,) = as_("dispatcher").get("/inbox/parked")
    second.change("customer", town["customer 0"], {"phone": "0532-82000002"})
    second.sync()
    assert second.store.journal()[-1][1]["detail"] == {"settles": [group["mutations"][0]["id"]]}
    assert as_("dispatcher").get("/inbox/parked") == []


def test_an_unreadable_creation_is_corrected_by_a_readable_one(
    as_: As, town: Town, database: Database
) -> None:
    rep, visit = as_("rep"), visit_of(town, summary="MARK")
    raw = json.dumps(visit).replace("MARK", "\\ud83d")
    body = f'{{"store": "{record_writer.new_id()}", "sent_at": "2026-09-01T08:00:00Z", "mutations": [{raw}]}}'
    answer = rep("POST", "/sync/push", data=body.encode(), content_type="application/json").get_json()
    assert answer["outcomes"][0]["code"] == "unreadable"
    item = item_of(town)
    item["now"]["visit_id"] = visit["record"]
    assert told(rep, item) == [BEHIND]
    assert told(rep, visit | {"id": record_writer.new_id()}) == [APPLIED]
    assert as_("dispatcher").get("/inbox/parked") == []
    assert rep.get(f"/items/{item['record']}")["visit_id"] == visit["record"]


def test_what_others_point_at_is_taken_away_by_no_way(as_: As, town: Town) -> None:
    admin, customer = as_("admin"), town["customer 0"]
    away = mutation(
        "customer", customer, "delete", {}, base_version=admin.get(f"/customers/{customer}")["version"]
    )
    assert told(admin, away) == [("parked", "in_use")]
    (group,) = admin.get("/inbox/parked")
    refused = decide(admin, group["group_id"], "apply")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "in_use")
    assert admin.get(f"/customers/{customer}")["id"] == customer
