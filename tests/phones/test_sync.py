"""Pull and push over the WSGI client, with the reference phone and by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Offline, Phone, Refused
from tests.conftest import Person, agrees
from tests.factories import Town, forged, middle, mutation, server_view

As = Callable[[str], Person]


PhoneOf = Callable[..., Phone]


def push(person: Person, mutations: list[Any], **more: Any) -> list[dict[str, Any]]:
    """Push by hand; returns the outcomes."""
    body = {
        "store": record_writer.new_id(),
        "sent_at": datetime.now(UTC).isoformat(),
        "mutations": mutations,
        **more,
    }
    response = person("POST", "/sync/push", body)
    assert response.status_code == 200, response.text
    outcomes: list[dict[str, Any]] = response.get_json()["outcomes"]
    return outcomes


def test_a_phone_gets_its_cells_and_nothing_of_others(
    phone_of: PhoneOf, town: Town, database: Database
) -> None:
    rep = phone_of("rep")
    rep.sync()
    assert set(rep.records("customer")) == {town[f"customer {n}"] for n in (0, 1, 4, 5)}
    assert set(rep.records("staff")) == {town["rep"]}
    assert set(rep.records("cell")) == {town[f"cell {n}"] for n in range(3)}
    assert agrees(rep, database)


def test_an_empty_pull_returns_the_cursor_it_was_given(phone_of: PhoneOf) -> None:
    rep = phone_of("rep")
    rep.sync()
    cursor = rep.store.meta("cursor")
    rep.pull()
    assert rep.store.meta("cursor") == cursor


def test_small_pages_bring_the_same_as_one(as_: As, database: Database, town: Town) -> None:
    rep = as_("rep")
    store, cursor, seen, pages = record_writer.new_id(), None, {}, 0
    while True:
        page = rep("POST", "/sync/pull", {"store": store, "cursor": cursor, "limit": 3}).get_json()
        seen |= {(line["kind"], line["id"]): line["version"] for line in page["lines"]}
        if pages == 1:
            # Something behind the position changes while the fill is under way.
            as_("dispatcher")("PATCH", f"/customers/{town['customer 0']}", {"note": "新备注"}, version=1)
        cursor, pages = page["cursor"], pages + 1
        assert len(page["lines"]) <= 3
        if not page["more"]:
            break
    assert seen == server_view(database, [one["scope"] for one in page["scopes"]])
    assert pages > 5


def test_offline_work_arrives_once(phone_of: PhoneOf, database: Database, town: Town) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.link.is_up = False
    visit = rep.create(
        "visit",
        {
            "customer_id": town["customer 0"],
            "cell_id": town["cell 0"],
            "representative_id": town["rep"],
            "method": "door",
        },
    )
    rep.act("visit", visit, "complete", {"summary": "一切正常", "check_in": middle(0)})
    with pytest.raises(Offline):
        rep.sync()
    assert rep.records("visit")[visit]["summary"] == "一切正常"
    rep.link.is_up = True
    rep.link.plan.extend(["lose_reply", "repeat"])
    assert not rep.try_sync()
    rep.sync()
    assert [outcome and outcome["status"] for _, outcome in rep.store.journal()] == ["applied", "applied"]
    assert rep.store.visible("visit")[visit]["state"] == "done"
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM visit")).scalar() == 1
        assert (
            connection.execute(text("SELECT count(*) FROM sync_history WHERE kind = 'visit'")).scalar() == 2
        )


def test_a_retry_writes_nothing(as_: As, database: Database, town: Town) -> None:
    rep = as_("rep")
    batch = [
        mutation("customer", town["customer 0"], "change", {"note": "a"}),
        mutation("customer", town["customer 1"], "change", {"note": "b"}),
    ]
    first = push(rep, batch)
    counts = _counts(database)
    again = push(rep, batch)
    assert [one["status"] for one in again] == [one["status"] for one in first] == ["applied", "applied"]
    assert _counts(database) == counts


def _counts(database: Database) -> list[Any]:
    tables = ("sync_history", "sync_mutation", "sync_waiting", "outbox")
    with database.engine.connect() as connection:
        sums = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in tables]
        return [*sums, connection.execute(text("SELECT max(xid::text::bigint) FROM sync_entry")).scalar()]


def test_one_bad_mutation_never_stops_the_rest(as_: As, town: Town) -> None:
    poisoned = [
        {"id": "not an id"},
        "not even an object",
        mutation("customer", town["customer 0"], "change", {"category": "king"}),
        mutation("rocket", record_writer.new_id(), "create", {}),
        mutation("customer", town["customer 0"], "change", {"name": "NUL \0 inside"}),
        mutation("customer", town["customer 3"], "change", {"note": "another unit's"}),
        mutation(
            "work_order", record_writer.new_id(), "act", {}, action="finish", after=record_writer.new_id()
        ),
    ]
    good = [
        mutation("customer", town["customer 1"], "change", {"note": "good"}),
        mutation("customer", town["customer 5"], "change", {"note": "good"}),
    ]
    outcomes = push(as_("rep"), [good[0], *poisoned, good[1]])
    assert [one["status"] for one in outcomes] == ["applied", *["parked"] * 5, "held", "held", "applied"]
    assert [one["code"] for one in outcomes[1:8]] == [
        "unreadable",
        "unreadable",
        "invalid",
        "unknown_kind",
        "unreadable",
        "waits_for",
        "waits_for",
    ]


def test_what_was_parked_is_kept_byte_for_byte_and_seen(as_: As, town: Town) -> None:
    odd = {"id": "♥", "kind": "customer", "text": "原样保存"}
    push(as_("rep"), [odd])
    groups = as_("dispatcher").get("/inbox/parked")
    assert groups[0]["mutations"][0]["content"] == odd
    assert as_("stranger").get("/inbox/parked") == []


def test_the_same_id_with_other_content_keeps_both(as_: As, town: Town) -> None:
    first = mutation("customer", town["customer 0"], "change", {"note": "one"})
    push(as_("rep"), [first])
    again = push(as_("rep"), [first | {"now": {"note": "two"}}])
    assert (again[0]["status"], again[0]["code"]) == ("parked", "id_reused")
    assert as_("dispatcher").get("/inbox/parked")[0]["mutations"][0]["content"]["now"] == {"note": "two"}
    assert as_("rep").get(f"/customers/{town['customer 0']}")["note"] == "one"


def test_edits_of_different_fields_both_stand(phone_of: PhoneOf, as_: As, town: Town) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 1"], {"note": "狗凶"})
    as_("dispatcher")("PATCH", f"/customers/{town['customer 1']}", {"contact_name": "老李"}, version=1)
    rep.sync()
    shown = rep.records("customer")[town["customer 1"]]
    assert (shown["note"], shown["contact_name"]) == ("狗凶", "老李")
    assert rep.store.journal()[-1][1]["status"] == "applied"  # type: ignore[index]


def test_edits_of_one_reviewed_field_become_a_question(phone_of: PhoneOf, as_: As, town: Town) -> None:
    rep = phone_of("rep")
    rep.sync()
    as_("dispatcher")("PATCH", f"/customers/{town['customer 1']}", {"phone": "13111111111"}, version=1)
    rep.change("customer", town["customer 1"], {"phone": "13222222222"})
    rep.sync()
    (question,) = as_("dispatcher").get("/inbox/questions")
    assert {head["values"]["phone"] for head in question["heads"]} == {"13111111111", "13222222222"}
    assert rep.records("customer")[town["customer 1"]]["phone"] == "13222222222"
    path = f"/inbox/questions/customer/{town['customer 1']}/phone/answer"
    assert as_("dispatcher")("POST", path, {"values": {"phone": "13111111111"}}).status_code == 200
    rep.sync()
    assert rep.records("customer")[town["customer 1"]]["phone"] == "13111111111"
    assert [one["topic"] for one in rep.records("notice").values()] == ["question"]
    assert as_("dispatcher").get("/inbox/questions") == []


def test_a_job_cancelled_while_it_was_finished_is_a_question_that_names_both(
    phone_of: PhoneOf, as_: As, town: Town
) -> None:
    agent = as_("agent")
    job = agent("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    as_("dispatcher")("PUT", f"/dispatch/{job['id']}/assignment", {"crew_id": town["crew"]})
    leader = phone_of("leader")
    leader.sync()
    for step, body in (("accept", {}), ("arrive", {}), ("start", {}), ("finish", {"result": "已修复"})):
        leader.act("work_order", job["id"], step, body)
    as_("dispatcher")("POST", f"/work-orders/{job['id']}/actions/cancel", {"cancel_reason": "重复报修"})
    leader.sync()
    assert [outcome and outcome["status"] for _, outcome in leader.store.journal()] == ["merged"] * 4
    (question,) = as_("dispatcher").get("/inbox/questions")
    assert (question["field"], [head["action"] for head in question["heads"]]) == (
        "state",
        ["finish", "cancel"],
    )
    path = f"/inbox/questions/work_order/{job['id']}/state/answer"
    assert as_("dispatcher")("POST", path, {"values": {"state": "gone"}}).status_code == 422
    answered = as_("dispatcher")("POST", path, {"values": {"state": "cancelled"}})
    assert answered.status_code == 200, answered.text
    leader.sync()
    assert leader.records("work_order")[job["id"]]["state"] == "cancelled"
    assert leader.records("work_order")[job["id"]]["result"] == "已修复"
    assert [one["topic"] for one in leader.records("notice").values()] == ["question"]
    assert as_("dispatcher").get("/inbox/questions") == []


def test_a_moved_clock_earns_no_credit(phone_of: PhoneOf, as_: As, town: Town, database: Database) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.clock.moved_by = timedelta(hours=-2)
    rep.change("customer", town["customer 1"], {"note": "back-dated"})
    rep.clock.moved_by = timedelta()
    rep.change("customer", town["customer 0"], {"note": "honest"})
    rep.sync()
    grades = {
        one["changed"]["note"][1]: one["grade"]
        for n in (0, 1)
        for one in as_("rep").get(f"/customers/{town[f'customer {n}']}/history")
        if "note" in one["changed"]
    }
    assert grades == {"back-dated": "moved", "honest": "proven"}


def test_a_forged_torn_or_foreign_cursor_starts_anew(as_: As) -> None:
    rep, store = as_("rep"), record_writer.new_id()
    cursor = rep("POST", "/sync/pull", {"store": store}).get_json()["cursor"]
    for bad in (forged(cursor), cursor[:20], "♥"):
        answer = rep("POST", "/sync/pull", {"store": store, "cursor": bad})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "start_compare")
    assert rep("POST", "/sync/pull", {"store": record_writer.new_id(), "cursor": cursor}).status_code == 409
    assert as_("other_rep")("POST", "/sync/pull", {"store": store, "cursor": cursor}).status_code == 409


def test_starting_anew_keeps_unsent_work(phone_of: PhoneOf, town: Town, database: Database) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 0"], {"note": "unsent"})
    rep.store.set_meta(cursor="forged")
    rep.pull()
    assert rep.records("customer")[town["customer 0"]]["note"] == "unsent"
    rep.sync()
    assert agrees(rep, database)


def test_held_work_goes_on_when_what_it_needs_arrives(phone_of: PhoneOf, town: Town) -> None:
    rep = phone_of("rep")
    rep.sync()
    visit = {
        "customer_id": town["customer 0"],
        "cell_id": town["cell 0"],
        "representative_id": town["rep"],
        "method": "phone",
    }
    visit_id = rep.create("visit", visit)
    (creation,) = rep.store.waiting(10)
    late = mutation(
        "visit", visit_id, "act", {"summary": "谈过"}, action="complete", after=creation["id"], base_version=0
    )
    outcomes = rep._send(
        "POST",
        "/sync/push",
        json={"store": record_writer.new_id(), "sent_at": datetime.now(UTC).isoformat(), "mutations": [late]},
    ).json()["outcomes"]
    assert outcomes[0]["status"] == "held"
    rep.sync()
    assert rep.records("visit")[visit_id]["state"] == "done"


def test_held_work_is_judged_as_its_own_phones(phone_of: PhoneOf, town: Town, database: Database) -> None:
    first, second = phone_of("rep", "first"), phone_of("rep", "second")
    customer, early = record_writer.new_id(), datetime.now(UTC) - timedelta(hours=1)

    def pushed(phone: Phone, one: dict[str, Any], **clocks: Any) -> Any:
        body = {
            "store": record_writer.new_id(),
            "sent_at": datetime.now(UTC).isoformat(),
            "mutations": [one],
        } | clocks
        return phone._send("POST", "/sync/push", json=body).json()["outcomes"][0]

    edit = mutation(
        "customer", customer, "change", {"phone": "13811111111"},
        base_version=0, happened_at=early, monotonic_ms=10_000_000 - 3_600_000,
    )  # fmt: skip
    assert pushed(first, edit, boot="b1", monotonic_ms=10_000_000)["status"] == "held"
    values = {
        "number": "K9001",
        "name": "新户",
        "category": "resident",
        "cell_id": town["cell 0"],
        "phone": "13800000000",
    }
    creation = mutation(
        "customer", customer, "create", values, base_version=0, happened_at=early - timedelta(hours=1)
    )
    # The other phone has a boot of the same name: its clock must say nothing of the first's work.
    created = pushed(second, creation, boot="b1", monotonic_ms=5)
    assert created["status"] == "applied", created
    found = pushed(second, mutation("customer", customer, "change", {"phone": "13822222222"}), boot="b1")
    assert (found["status"], found["detail"].get("questions")) == ("merged", ["phone"])
    sql = """
        SELECT device_id::text, grade, happened_at
        FROM sync_history
        WHERE id = :id
          AND mutation_id = :mutation
    """
    with database.engine.connect() as connection:
        row = connection.execute(text(sql), {"id": customer, "mutation": edit["id"]}).one()
    assert (row[0], row[1]) == (first.store.meta("device"), "proven")
    assert abs(row[2] - early) < timedelta(minutes=1)


def test_a_lost_phone_hands_in_and_is_wiped(
    phone_of: PhoneOf, as_: As, town: Town, database: Database
) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 0"], {"note": "on the lost phone"})
    photo = rep.take_photo("customer", town["customer 0"], "site", b"a photo", {"cell_id": town["cell 0"]})
    revoked = as_("supervisor")("PUT", f"/devices/{rep.store.meta('device')}/revocation")
    assert revoked.status_code == 200, revoked.text
    with pytest.raises(Refused) as refused:
        rep.sync()
    assert refused.value.code == "device_revoked"
    assert rep.store.versions() == {}
    groups = as_("dispatcher").get("/inbox/parked")
    assert {"note": "on the lost phone"} in [
        one["content"]["now"] for group in groups for one in group["mutations"]
    ]
    # Its photos' bytes came too, and count once a person has taken the record over.
    for group in groups:
        path = f"/inbox/parked/{group['group_id']}/decision"
        assert as_("dispatcher")("POST", path, {"decision": "apply", "reason": "已核对"}).status_code == 200
    serving.serve(database)
    assert as_("dispatcher").get(f"/photos/{photo}")["arrived_at"]
    assert as_("dispatcher")("GET", f"/photo-content/{photo}").data == b"a photo"


def test_a_dissatisfied_answer_becomes_an_item(phone_of: PhoneOf, town: Town, database: Database) -> None:
    rep = phone_of("rep")
    rep.sync()
    answers = {"pressure": "dissatisfied", "pressure_why": "早上没水", "people": 3}
    rep.create(
        "response",
        {
            "questionnaire_id": town["form"],
            "customer_id": town["customer 0"],
            "cell_id": town["cell 0"],
            "author_id": town["rep"],
            "channel": "visit",
            "answered_at": rep.clock.now().isoformat(),
            "answers": answers,
        },
    )
    rep.sync()
    assert serving.serve(database) > 0
    assert serving.serve(database) >= 0
    rep.sync()
    (item,) = rep.records("item").values()
    assert (item["theme"], item["owner_id"], item["state"]) == ("pressure", town["rep"], "open")
    assert next(iter(rep.records("response").values()))["score"] == 0


def test_photos_arrive_once_and_equal(phone_of: PhoneOf, as_: As, town: Town, database: Database) -> None:
    rep = phone_of("rep")
    rep.sync()
    data = bytes(range(256)) * 20_000
    photo = rep.take_photo("customer", town["customer 0"], "site", data, {"cell_id": town["cell 0"]})
    rep.link.plan.extend(["ok", "ok", "ok", "ok", "ok", "lose_reply"])
    assert not rep.try_sync()
    assert rep.store.photos_waiting()
    rep.sync()
    serving.serve(database)
    rep.sync()
    assert rep.records("photo")[photo]["arrived_at"]
    assert as_("dispatcher")("GET", f"/photo-content/{photo}").data == data
    assert rep.store.photos_waiting() == []


def test_after_a_reboot_the_time_is_claimed_and_the_work_still_counts(
    phone_of: PhoneOf, as_: As, town: Town
) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 0"], {"note": "before the battery went"})
    rep.clock.reboot()
    rep.sync()
    newest = as_("rep").get(f"/customers/{town['customer 0']}/history")[0]
    assert (newest["changed"]["note"][1], newest["grade"]) == ("before the battery went", "claimed")
