"""Bad input to sync: nothing is lost, nothing leaks, and the answer says what to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core import config
from backend.core.api.context import AppContext
from backend.core.db import Database
from backend.core.services import record_writer
from backend.local.broker import Broker
from backend.phones.services.syncing import MOST_HAVE
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town, middle, mutation, uid

As = Callable[[str], Person]
WHOLE: dict[str, Any] = {"after": None, "upto": None, "count": 0, "xor": "0" * 32}


def push(person: Person, mutations: list[Any], **more: Any) -> Any:
    body = {
        "store": record_writer.new_id(),
        "sent_at": datetime.now(UTC).isoformat(),
        "mutations": mutations,
        **more,
    }
    return person("POST", "/sync/push", body)


def outcomes(response: Any) -> list[tuple[str, str | None]]:
    assert response.status_code == 200, response.text
    return [(one["status"], one["code"]) for one in response.get_json()["outcomes"]]


def kept(database: Database) -> list[bytes]:
    with database.engine.connect() as connection:
        return [bytes(row) for row in connection.execute(text("SELECT verbatim FROM sync_waiting")).scalars()]


# -- cursors -------------------------------------------------------------------------------------------------


@pytest.fixture
def cursor(as_: As) -> tuple[str, str]:
    store = record_writer.new_id()
    return store, as_("rep")("POST", "/sync/pull", {"store": store}).get_json()["cursor"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c[:-3],
        lambda c: c[3:],
        lambda c: c + "A",
        lambda c: "",
        lambda c: "x" * 10_000,
        lambda c: c[::-1],
        lambda c: c.replace("a", "b"),
        lambda c: "🚰",
        lambda c: ".".join(reversed(c.split("."))),
    ],
)
def test_a_spoiled_cursor_says_compare_or_begins_anew(
    as_: As, cursor: tuple[str, str], spoil: Callable[[str], str]
) -> None:
    answer = as_("rep")("POST", "/sync/pull", {"store": cursor[0], "cursor": spoil(cursor[1])})
    if spoil(cursor[1]):
        assert (answer.status_code, answer.get_json()["code"]) == (409, "start_compare")
        assert answer.get_json()["remedy"]
    else:
        assert answer.status_code == 200


def test_a_cursor_of_somebody_else_is_worth_nothing(as_: As, cursor: tuple[str, str], app: Flask) -> None:
    for person, store in (("other_rep", cursor[0]), ("rep", record_writer.new_id()), ("stranger", cursor[0])):
        answer = as_(person)("POST", "/sync/pull", {"store": store, "cursor": cursor[1]})
        assert (answer.status_code, answer.get_json()["why"]) == (409, "foreign")


def test_a_cursor_of_another_epoch_or_of_the_future(as_: As, cursor: tuple[str, str], app: Flask) -> None:
    seal = app.extensions["wangge"].seal
    found, holder = seal.open(cursor[1])
    for spoiled, why in (
        (replace(found, epoch=7), "other_epoch"),
        (replace(found, highest_xid=2**40), "ahead_of_server"),
        (replace(found, seen_on=1), "too_old"),
    ):
        answer = as_("rep")("POST", "/sync/pull", {"store": cursor[0], "cursor": seal.seal(spoiled, holder)})
        assert (answer.status_code, answer.get_json()["why"]) == (409, why)


# -- batches -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"mutations": [', b"nonsense", b'{"a": 1}}'])
def test_a_batch_nobody_can_read_is_kept_as_one_item(as_: As, database: Database, body: bytes) -> None:
    rep = as_("rep")
    for _ in range(2):
        answer = rep("POST", "/sync/push", data=body, content_type="application/json")
        assert outcomes(answer) == [("parked", "unreadable")]
    assert kept(database) == [body]


def test_what_a_phone_sent_is_kept_to_the_byte(as_: As, database: Database, town: Town) -> None:
    item = (
        '{ "id":"%s",  "kind" : "customer","record":"%s","op":"change","base_version":1,'
        '"now":{"category":"king","n":1.50},"happened_at":"2026-09-01T08:00:00Z"}'
    )
    raw = item % (record_writer.new_id(), town["customer 0"])
    body = f'{{"store": "{record_writer.new_id()}", "sent_at": "2026-09-01T08:00:00Z", "mutations": [{raw}]}}'
    answer = as_("rep")("POST", "/sync/push", data=body.encode(), content_type="application/json")
    assert outcomes(answer) == [("parked", "invalid")]
    assert kept(database) == [raw.encode()]


@pytest.mark.parametrize(
    "body",
    [
        {"mutations": []},
        {"store": "x", "mutations": []},
        {"store": "0" * 36, "mutations": {}},
        {"store": None},
        [],
    ],
)
def test_a_batch_of_the_wrong_shape_names_what_is_wrong(as_: As, body: Any) -> None:
    answer = as_("rep")("POST", "/sync/push", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert answer.get_json()["faults"]


def test_too_much_at_once_is_to_be_halved(as_: As, database: Database, town: Town) -> None:
    many = [{"id": record_writer.new_id()}] * 10_000
    answer = push(as_("rep"), many)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
    big = as_("rep")("POST", "/sync/push", data=b" " * 10_000_000, content_type="application/json")
    assert (big.status_code, big.get_json()["code"]) == (413, "too_large")
    assert kept(database) == []


def test_a_record_twice_and_an_id_twice_in_one_batch(as_: As, town: Town) -> None:
    first = mutation("customer", town["customer 0"], "change", {"note": "one"})
    second = mutation("customer", town["customer 0"], "change", {"note": "two"})
    stolen = mutation("customer", town["customer 1"], "change", {"note": "three"}, id=first["id"])
    found = push(as_("rep"), [first, second, first, stolen]).get_json()["outcomes"]
    assert [one["status"] for one in found] == ["applied", "applied", "applied", "parked"]
    assert (found[0]["id"], found[3]["code"]) == (found[2]["id"], "id_reused")
    assert as_("rep").get(f"/customers/{town['customer 0']}")["note"] == "two"


@pytest.mark.parametrize(
    "note", [b'"\\ud83d"', b'"\xed\xa0\xbd"', b"[" * 2000 + b"]" * 2000, b"NaN", b'"\\q"', b'"a\nb"', b"01"]
)
def test_what_cannot_be_read_parks_alone(as_: As, database: Database, town: Town, note: bytes) -> None:
    given = [mutation("customer", town[f"customer {n}"], "change", {"note": f"mark {n}"}) for n in (0, 1, 4)]
    raws = [json.dumps(one).encode() for one in given]
    raws[1] = raws[1].replace(b'"mark 1"', note)
    head = (
        b'{"store": "%s", "sent_at": "2026-09-01T08:00:00Z", "mutations": [' % record_writer.new_id().encode()
    )
    rep = as_("rep")
    for _ in range(2):
        answer = rep(
            "POST", "/sync/push", data=head + b", ".join(raws) + b"]}", content_type="application/json"
        )
        assert outcomes(answer) == [("applied", None), ("parked", "unreadable"), ("applied", None)]
        assert [one["id"] for one in answer.get_json()["outcomes"]] == [one["id"] for one in given]
    assert kept(database) == [raws[1]]
    assert as_("dispatcher")("GET", "/inbox/parked").status_code == 200


def test_what_cannot_be_read_under_an_id_that_is_taken_is_kept_all_the_same(
    as_: As, database: Database, town: Town
) -> None:
    good = json.dumps(mutation("customer", town["customer 0"], "change", {"note": "mark"})).encode()
    raws = [good, good.replace(b'"mark"', b'"\\ud83d"'), good.replace(b'"mark"', b'"\\udcb0"')]
    head = (
        b'{"store": "%s", "sent_at": "2026-09-01T08:00:00Z", "mutations": [' % record_writer.new_id().encode()
    )
    for _ in range(2):
        answer = as_("rep")(
            "POST", "/sync/push", data=head + b",".join(raws) + b"]}", content_type="application/json"
        )
        assert outcomes(answer) == [("applied", None), ("parked", "unreadable"), ("parked", "unreadable")]
    assert sorted(kept(database)) == sorted(raws[1:])


def test_whatever_is_kept_can_be_listed_shown_and_discarded(as_: As, database: Database, town: Town) -> None:
    odd = ["[" * depth + "]" * depth for depth in (40, 249, 250, 251, 252, 253, 254, 255, 400, 900)]
    odd += ["9" * 400, "-0", "1e308", "1E400", '"\\ud83d"', '"\\u0000"', "NaN", '{"a": [{"b": {}}]}']
    rep, dispatcher = as_("rep"), as_("dispatcher")
    for note in odd:
        one = json.dumps(
            mutation("customer", town["customer 0"], "change", {"note": 1}, id=record_writer.new_id())
        )
        raw = one.replace('"note": 1', f'"note": {note}')
        store = record_writer.new_id()
        body = f'{{"store": "{store}", "sent_at": "2026-09-01T08:00:00Z", "mutations": [{raw}]}}'
        (status, _code), *_ = outcomes(
            rep("POST", "/sync/push", data=body.encode(), content_type="application/json")
        )
        assert status == "parked", note[:40]
    groups = dispatcher.get("/inbox/parked")
    assert sum(len(one["mutations"]) for one in groups) == len(odd)
    for group in groups:
        assert all(one["verbatim"] for one in group["mutations"])
        path, word = (
            f"/inbox/parked/{group['group_id']}/decision",
            {"decision": "discard", "reason": "看不懂"},
        )
        assert dispatcher("POST", path, word).status_code == 200
    assert dispatcher.get("/inbox/parked") == []


def test_a_batch_in_the_wrong_order_ends_as_in_the_right_one(as_: As, town: Town) -> None:
    visit = record_writer.new_id()
    made = mutation(
        "visit",
        visit,
        "create",
        {"customer_id": town["customer 0"], "representative_id": town["rep"], "method": "phone"},
        base_version=0,
    )
    done = mutation(
        "visit", visit, "act", {"summary": "谈过"}, action="complete", base_version=0, after=made["id"]
    )
    assert outcomes(push(as_("rep"), [done, made])) == [("applied", None), ("applied", None)]
    assert as_("rep").get(f"/visits/{visit}")["state"] == "done"


def test_mutations_that_wait_for_each_other_are_for_a_person(as_: As, town: Town) -> None:
    one, two = (mutation("customer", town["customer 0"], "change", {"note": n}) for n in "ab")
    one["after"], two["after"] = two["id"], one["id"]
    assert outcomes(push(as_("rep"), [one, two])) == [("parked", "cycle"), ("parked", "cycle")]


@pytest.mark.parametrize(
    "year",
    [
        "1970-01-01T00:00:00Z",
        "2099-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:00",
        "9999-12-31T23:59:59+00:00",
    ],
)
def test_clocks_of_another_century_lose_nothing(as_: As, town: Town, year: str) -> None:
    change = mutation("customer", town["customer 0"], "change", {"note": "when?"}, happened_at=year)
    assert outcomes(push(as_("rep"), [change], sent_at=year)) == [("applied", None)]
    newest = as_("rep").get(f"/customers/{town['customer 0']}/history")[0]
    assert newest["grade"] in ("claimed", "moved")
    assert newest["happened_at"][:16] <= newest["recorded_at"][:16]


def test_an_app_of_another_age_may_always_push(as_: As, town: Town) -> None:
    for schema in (0, 1, 999):
        change = mutation(
            "customer", town["customer 0"], "change", {"note": f"schema {schema}", "aura": "blue"}
        )
        (found,) = push(as_("rep"), [change], schema=schema).get_json()["outcomes"]
        assert (found["status"], found["detail"]["unknown"]) == ("merged", ["aura"])


# -- references ----------------------------------------------------------------------------------------------


def test_what_is_not_there_and_what_is_not_yours_look_alike(as_: As, town: Town) -> None:
    def held(customer: str) -> Any:
        values = {"customer_id": customer, "representative_id": town["rep"], "method": "phone"}
        (found,) = push(
            as_("rep"), [mutation("visit", record_writer.new_id(), "create", values, base_version=0)]
        ).get_json()["outcomes"]
        return found["status"], found["code"], sorted(found["detail"])

    assert held(town["customer 3"]) == held(record_writer.new_id()) == ("held", "waits_for", ["id", "kind"])


def test_what_is_held_is_seen_by_the_office_of_its_unit(as_: As, town: Town) -> None:
    late = mutation("visit", record_writer.new_id(), "act", {"summary": "x"}, action="complete")
    assert outcomes(push(as_("rep"), [late])) == [("held", "waits_for")]
    (seen,) = as_("dispatcher").get("/inbox/held")
    assert (seen["id"], seen["waits_kind"], seen["waits_id"]) == (late["id"], "visit", late["record"])
    assert seen["author_id"] == town["rep"]
    assert seen["deadline"] > seen["received_at"]
    assert as_("stranger").get("/inbox/held") == []
    assert as_("rep")("GET", "/inbox/held").status_code == 403


def test_have_tells_nothing_of_others(as_: As, town: Town) -> None:
    rep, store = as_("rep"), record_writer.new_id()
    asked = {
        f"customer/{town['customer 3']}": 1,
        f"customer/{record_writer.new_id()}": 1,
        "nonsense": 4,
        "customer/x": 2,
    }
    page = rep("POST", "/sync/pull", {"store": store, "have": asked}).get_json()
    named = [line for line in page["lines"] if f"customer/{line['id']}" in asked]
    assert [(line["in"], line["body"], line["version"]) for line in named] == [([], None, 1)] * 2


def test_more_than_may_be_named_is_told_and_mended_by_comparing(as_: As, town: Town) -> None:
    """Cut silently, what had left the user's scopes would stay on the phone for ever."""
    rep, store = as_("rep"), record_writer.new_id()
    named = [uid(f"named {n}") for n in range(MOST_HAVE)]
    left = f"customer/{town['customer 3']}"
    asked = {f"customer/{one}": 1 for one in named[1:]} | {left: 1}
    page = rep("POST", "/sync/pull", {"store": store, "have": asked}).get_json()
    assert left in {f"customer/{line['id']}" for line in page["lines"] if not line["in"]}
    answer = rep("POST", "/sync/pull", {"store": store, "have": {f"customer/{named[0]}": 1} | asked})
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["why"], told["most"]) == (
        409,
        "start_compare",
        "have_too_long",
        MOST_HAVE,
    )
    compared = rep("POST", "/sync/compare", {"store": store, "ranges": [WHOLE]}).get_json()
    assert rep("POST", "/sync/pull", {"store": store, "cursor": compared["cursor"]}).status_code == 200


def test_a_field_without_a_value_is_left_out_and_a_null_inside_one_stays(as_: As, town: Town) -> None:
    job = {
        "matter_id": town["leak"],
        "place": middle(0),
        "customer_id": town["customer 0"],
        "reporter": {"name": None},
    }
    made = as_("dispatcher")("POST", "/work-orders", job).get_json()
    page = as_("rep")("POST", "/sync/pull", {"store": record_writer.new_id()}).get_json()
    (body,) = (line["body"] for line in page["lines"] if line["id"] == made["id"])
    assert None not in body.values()
    assert "diagnosis" not in body
    assert (body["reporter"], None in body["site_card"].values()) == ({"name": None}, True)


# -- a device that pushes garbage ----------------------------------------------------------------------------


def test_a_phone_that_pushes_garbage_is_stopped_and_the_others_are_not(
    app: Flask, as_: As, database: Database, settings: config.Settings, town: Town
) -> None:
    house: AppContext = app.extensions["wangge"]
    app.extensions["wangge"] = replace(house, settings=replace(settings, quota_mutations=50))
    rep, other = as_("rep"), as_("other_rep")
    garbage = [{"id": record_writer.new_id(), "junk": "x" * 100} for _ in range(30)]
    assert {status for status, _ in outcomes(push(rep, garbage))} == {"parked"}
    stopped = push(rep, garbage)
    assert (stopped.status_code, stopped.get_json()["code"]) == (429, "quota_exceeded")
    assert 0 < int(stopped.headers["Retry-After"]) <= 86_401
    assert outcomes(push(other, [mutation("customer", town["customer 2"], "change", {"note": "fine"})])) == [
        ("applied", None)
    ]
    assert rep("POST", "/sync/pull", {"store": record_writer.new_id()}).status_code == 200
    assert len(kept(database)) == 30
    (seen,) = [one for one in as_("dispatcher").get("/devices") if one["id"] == town["rep's phone"]]
    assert seen["people"] == [as_("dispatcher").get(f"/staff/{town['rep']}")["name"]]
    assert seen["last_failure"] == "quota_exceeded"


# -- nudges --------------------------------------------------------------------------------------------------


@pytest.fixture
def nudged(app: Flask, tmp_path: Path) -> Iterator[AppContext]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    house: AppContext = app.extensions["wangge"]
    app.extensions["wangge"] = replace(house, settings=replace(house.settings, broker_url=broker.url))
    yield app.extensions["wangge"]
    broker.stop()


def test_a_listener_is_told_to_pull_and_nothing_more(
    nudged: AppContext, as_: As, database: Database, town: Town
) -> None:
    from backend.phones.services.nudging import open_broker

    serving.serve(database)
    stream = as_("rep")("GET", "/sync/nudges", buffered=False)
    assert (stream.status_code, stream.mimetype) == (200, "text/event-stream")
    assert stream.headers["X-Accel-Buffering"] == "no", "nginx would hold it back"
    events = iter(stream.response)
    assert b"listening" in next(events)

    def write() -> None:
        push(as_("rep"), [mutation("customer", town["customer 0"], "change", {"note": "news"})])
        push(as_("stranger"), [mutation("customer", town["customer 3"], "change", {"note": "not theirs"})])
        serving.serve(database, broker=open_broker(nudged.settings))

    writing = threading.Thread(target=write)
    writing.start()
    heard = next(events)
    writing.join()
    assert heard == b"event: pull\ndata:\n\n"
    stream.close()


@pytest.mark.parametrize(
    ("who", "seconds"), [("rep", "30"), ("leader", "5"), ("member", "5"), ("dispatcher", "5")]
)
def test_without_a_broker_one_polls_as_often_as_ones_work_asks(as_: As, who: str, seconds: str) -> None:
    answer = as_(who)("GET", "/sync/nudges")
    assert (answer.status_code, answer.headers["Retry-After"], answer.data) == (204, seconds, b"")


def test_representatives_leave_streams_to_crews_and_desks(nudged: AppContext, as_: As) -> None:
    streams = [as_("rep")("GET", "/sync/nudges", buffered=False) for _ in range(9)]
    assert [one.status_code for one in streams] == [200] * 8 + [204]
    crew = as_("leader")("GET", "/sync/nudges", buffered=False)
    assert crew.status_code == 200
    streams[0].close()
    again = as_("rep")("GET", "/sync/nudges", buffered=False)
    assert again.status_code == 200, "a stream that ended is free"
    for one in (*streams[1:8], crew, again):
        one.close()


def test_the_answer_of_a_push_is_json_by_the_book(as_: As, town: Town) -> None:
    answer = push(as_("rep"), [mutation("customer", town["customer 0"], "change", {"note": "“引号”\\"})])
    (record,) = [one["record"] for one in json.loads(answer.data)["outcomes"]]
    assert (record["body"]["note"], record["in"]) == ("“引号”\\", [f"cell:{town['cell 0']}"])


def test_units_above_work_below_and_nobody_files_work_under_a_unit_of_others(as_: As, town: Town) -> None:
    note = mutation("customer", town["customer 0"], "change", {"note": "by the group"})
    assert outcomes(push(as_("admin"), [note])) == [("applied", None)]
    visit = {"customer_id": town["customer 0"], "representative_id": town["rep"], "method": "phone"}
    own = mutation(
        "visit", record_writer.new_id(), "create", visit | {"unit_id": town["north"]}, base_version=0
    )
    foreign = mutation(
        "visit", record_writer.new_id(), "create", visit | {"unit_id": town["south"]}, base_version=0
    )
    assert outcomes(push(as_("rep"), [own, foreign])) == [("applied", None), ("parked", "outside_scope")]


def test_a_deletion_is_within_the_scopes_in_which_the_record_was(as_: As, town: Town) -> None:
    job = {"matter_id": town["leak"], "cell_id": town["cell 0"], "number": "W1"}
    made = mutation("work_order", record_writer.new_id(), "create", job, base_version=0)
    assert outcomes(push(as_("rep"), [made])) == [("applied", None)]
    gone = mutation("work_order", made["record"], "delete", {})
    assert outcomes(push(as_("admin"), [gone])) == [("applied", None)]


def test_work_waits_for_a_predecessor_nobody_has_sent_yet(as_: As, town: Town) -> None:
    first = mutation("customer", town["customer 0"], "change", {"note": "first"})
    second = mutation("customer", town["customer 0"], "change", {"contact_name": "second"}, after=first["id"])
    rep = as_("rep")
    assert outcomes(push(rep, [second])) == [("held", "waits_for")]
    assert as_("dispatcher").get(f"/customers/{town['customer 0']}")["contact_name"] is None
    assert outcomes(push(rep, [first])) == [("applied", None)]
    assert as_("dispatcher").get(f"/customers/{town['customer 0']}")["contact_name"] == "second"
    assert outcomes(push(rep, [second])) == [("applied", None)]
