"""What is not there and what is not yours look alike in everything a phone pushes, and end alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.phones.services.syncing import retry_held
from sync.postgres.push import deadline_passed
from tests.conftest import Person
from tests.factories import Town, middle, mutation

As = Callable[[str], Person]
Made = Callable[[Town, str], dict[str, Any]]


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


def created(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    return mutation(kind, record_writer.new_id(), "create", values, base_version=0)


def item(town: Town, **more: Any) -> dict[str, Any]:
    values = {"theme": "pressure", "source": "visit", "description": "水小", "cell_id": town["cell 0"]}
    return created("item", values | more)


def photo(town: Town, of: tuple[str, str]) -> dict[str, Any]:
    values = {
        "of_kind": of[0],
        "of_id": of[1],
        "purpose": "site",
        "sha256": "0" * 64,
        "size_bytes": 5,
        "media_type": "image/jpeg",
        "taken_at": "2026-09-01T08:00:00Z",
        "staff_id": town["rep"],
        "cell_id": town["cell 0"],
    }
    return created("photo", values)


def visit(town: Town, **more: Any) -> dict[str, Any]:
    values = {"customer_id": town["customer 0"], "representative_id": town["rep"], "method": "phone"}
    return created("visit", values | more)


# Each names a record of the kind before the colon, there but not theirs, or nowhere.
WAYS: dict[str, Made] = {
    "customer: changed": lambda _t, i: mutation("customer", i, "change", {"note": "x"}),
    "customer: changed with a wrong value": lambda _t, i: mutation(
        "customer", i, "change", {"category": "king"}
    ),
    "customer: a field that is the server's": lambda _t, i: mutation(
        "customer", i, "change", {"pinyin": "x"}
    ),
    "customer: deleted": lambda _t, i: mutation("customer", i, "delete", {}),
    "customer: a step it does not know": lambda _t, i: mutation("customer", i, "act", {}, action="fly"),
    "customer: named by a visit": lambda t, i: visit(t, customer_id=i),
    "customer: named by an item": lambda t, i: item(t, customer_id=i),
    "customer: a photo of it": lambda t, i: photo(t, ("customer", i)),
    "work_order: a step of it": lambda _t, i: mutation("work_order", i, "act", {}, action="accept"),
    "work_order: finished": lambda _t, i: mutation("work_order", i, "act", {"result": "r"}, action="finish"),
    "work_order: named by an item": lambda t, i: item(t, work_order_id=i),
    "cell: changed": lambda _t, i: mutation("cell", i, "change", {"name": "x"}),
    "cell: a visit in it": lambda t, i: visit(t, cell_id=i),
    "crew: changed": lambda _t, i: mutation("crew", i, "change", {"name": "x"}),
    "staff: changed": lambda _t, i: mutation("staff", i, "change", {"work_phone": "1"}),
    "unit: changed": lambda _t, i: mutation("unit", i, "change", {"name": "x"}),
    "notice: ticked off": lambda _t, i: mutation("notice", i, "act", {}, action="read"),
}


@pytest.fixture
def theirs(as_: As, town: Town, database: Database) -> dict[str, str]:
    """A record of each kind that the representative has never seen."""
    with database.transaction() as session:
        south = system(town["south"])
        job = record_writer.create(session, south, "work_order", {
            "matter_id": town["leak"], "number": "S1", "place": middle(3), "cell_id": town["cell 3"],
        })  # fmt: skip
        note = record_writer.create(session, south, "notice", {
            "staff_id": town["stranger"], "topic": "decision", "text_zh": "x", "text_en": "x",
        })  # fmt: skip
        crew = {
            "name": "南班",
            "leader_id": town["stranger"],
            "member_ids": [town["stranger"]],
            "is_active": True,
            "skills": ["meter"],
            "shift_start": "08:00",
            "shift_end": "20:00",
        }
        south_crew = record_writer.create(session, south, "crew", crew)
        below = {"name": "站", "level": "section", "parent_id": town["south"], "unit_id": town["south"]}
        unit = record_writer.create(session, south, "unit", below)
    return {
        "customer": town["customer 3"], "work_order": job.id, "cell": town["cell 3"], "crew": south_crew.id,
        "staff": town["south_rep"], "unit": unit.id, "notice": note.id,
    }  # fmt: skip


def seen_of(outcome: dict[str, Any], record: str) -> Any:
    """All that an answer tells, but for the ids the phone made itself."""
    detail = {name: "it" if value == record else value for name, value in outcome["detail"].items()}
    return outcome["status"], outcome["code"], outcome["version"], detail, outcome.get("record")


def test_others_records_and_none_are_told_apart_by_no_way_of_naming_them(
    as_: As, town: Town, theirs: dict[str, str], database: Database
) -> None:
    rep, boots = as_("rep"), {"boot": "b", "monotonic_ms": 10_000_000}
    assert push(rep, mutation("customer", town["customer 0"], "change", {"note": "x"}), **boots)
    given = []
    for way, made in WAYS.items():
        kind = way.partition(":")[0]
        for record in (theirs[kind], record_writer.new_id()):
            one = made(town, record)
            # Proven, so that the past is asked too.
            one |= {"boot": "b", "monotonic_ms": 10_000_000 - 60_000}
            given.append((way, record, one))
    outcomes = push(rep, *(one for _, _, one in given), **boots)
    told = [
        (way, seen_of(outcome, record)) for (way, record, _), outcome in zip(given, outcomes, strict=True)
    ]
    assert told[::2] == told[1::2]
    assert {(one[0], one[1]) for _, one in told} == {("held", "waits_for")}
    listed = {one["id"]: one for one in as_("dispatcher").get("/inbox/held")}
    assert {one["id"] for _, _, one in given} == set(listed)
    with database.transaction() as session:
        retry_held(session)
    again = push(rep, *(one for _, _, one in given))
    assert [one["status"] for one in again] == ["held"] * len(given)
    later = {one["id"]: one["deadline"] for one in as_("dispatcher").get("/inbox/held")}
    assert later == {id_: one["deadline"] for id_, one in listed.items()}
    with database.transaction() as session:
        assert deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=71)) == 0
        deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=72))
    ends = push(rep, *(one for _, _, one in given))
    assert {(one["status"], one["code"]) for one in ends} == {("parked", "deadline_passed")}


def test_held_work_is_applied_when_its_record_comes_into_the_scope(
    as_: As, town: Town, database: Database
) -> None:
    rep = as_("rep")
    change = mutation("customer", town["customer 2"], "change", {"note": "先写下"})
    called = visit(town, customer_id=town["customer 2"], cell_id=town["cell 2"])
    assert [one["status"] for one in push(rep, change, called)] == ["held"] * 2
    as_("supervisor")("PUT", f"/territory/cells/{town['cell 2']}/representative", {"staff_id": town["rep"]})
    with database.transaction() as session:
        retry_held(session)
    assert rep.get(f"/customers/{town['customer 2']}")["note"] == "先写下"
    assert [one["status"] for one in push(rep, change, called)] == ["applied"] * 2


def test_anothers_mutation_is_no_predecessor(as_: As, town: Town) -> None:
    rep = as_("rep")
    theirs = mutation("customer", town["customer 2"], "change", {"note": "theirs"})
    faulty = mutation("customer", town["customer 2"], "change", {"phone": "1" * 40})
    assert [one["status"] for one in push(as_("other_rep"), theirs, faulty)] == ["applied", "parked"]
    after = [
        mutation("customer", town["customer 0"], "change", {"note": "x"}, after=one)
        for one in (theirs["id"], faulty["id"], record_writer.new_id())
    ]
    told = [seen_of(outcome, one["after"]) for outcome, one in zip(push(rep, *after), after, strict=True)]
    assert told == [("held", "waits_for", None, {"kind": "mutation", "id": "it"}, None)] * 3


def test_a_held_predecessor_is_waited_for(as_: As, town: Town) -> None:
    rep, made = as_("rep"), visit(town)
    done = mutation("visit", made["record"], "act", {"summary": "谈过"}, action="complete", base_version=0)
    note = mutation("customer", town["customer 0"], "change", {"note": "谈过之后"}, after=done["id"])
    assert [one["status"] for one in push(rep, done, note)] == ["held"] * 2
    assert rep.get(f"/customers/{town['customer 0']}")["note"] is None
    assert [one["status"] for one in push(rep, made)] == ["applied"]
    assert [one["status"] for one in push(rep, done, note)] == ["applied"] * 2


def test_an_id_that_is_taken_by_others_tells_nothing_of_them(as_: As, town: Town) -> None:
    rep = as_("rep")
    customer = {"number": "K9001", "name": "新户", "category": "resident", "cell_id": town["cell 0"]}
    taken = mutation("customer", town["customer 3"], "create", customer, base_version=0)
    own = mutation("customer", town["customer 0"], "create", customer | {"number": "K9002"}, base_version=0)
    first, second = push(rep, taken, own)
    assert (first["code"], first["detail"]) == ("id_taken", {})
    assert (second["code"], second["detail"]) == ("id_taken", {"version": 1})


def test_a_decision_on_others_records_and_on_none_fails_alike(
    as_: As, town: Town, database: Database
) -> None:
    rep, answers = as_("rep"), []
    for record in (town["customer 3"], record_writer.new_id()):
        push(rep, mutation("customer", record, "change", {"note": "x"}))
        with database.transaction() as session:
            deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=73))
        group = as_("dispatcher").get("/inbox/parked")[-1]["group_id"]
        answer = as_("dispatcher")(
            "POST", f"/inbox/parked/{group}/decision", {"decision": "apply", "reason": "核对过"}
        )
        told = answer.get_json()
        answers.append(
            (answer.status_code, {name: one for name, one in told.items() if name not in ("id", "instance")})
        )
    assert answers[0] == answers[1]


def test_what_was_ones_own_is_told_at_once(as_: As, town: Town, database: Database) -> None:
    as_("supervisor")(
        "PUT", f"/territory/cells/{town['cell 1']}/representative", {"staff_id": town["other_rep"]}
    )
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 0"], {"cell_id": town["cell 2"]}
        )
    for name in ("customer 0", "customer 1"):
        (outcome,) = push(as_("rep"), mutation("customer", town[name], "change", {"note": "late"}))
        assert (outcome["status"], outcome["code"]) == ("parked", "outside_scope")
    with database.engine.connect() as connection:
        assert (
            connection.execute(text("SELECT count(*) FROM sync_waiting WHERE status = 'held'")).scalar() == 0
        )
