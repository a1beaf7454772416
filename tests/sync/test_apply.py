"""The rules an office click and a phone's push share: create, change, act, delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.core.actor import Role
from backend.core.kinds.registry import SYNC_KINDS
from sync import apply
from sync.apply import CannotApply, Change
from sync.change import Author, Op, Stored, Write
from sync.questions import open_questions
from tests.factories import uid

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
JOB = SYNC_KINDS["work_order"]
CUSTOMER = SYNC_KINDS["customer"]
ME = Author(uid("someone"))


def by(role: Role | None, now: dict[str, Any], **more: Any) -> Change:
    roles = frozenset({str(role)}) if role else frozenset()
    return Change(
        id=uid("change"),
        author=Author(uid("someone"), uid("device"), roles, uid("unit")),
        at=AT,
        now=now,
        **more,
    )


def job(state: str, **values: Any) -> Stored:
    whole = JOB.load({"unit_id": uid("unit"), "matter_id": uid("matter")}, False)
    return Stored("work_order", uid("job"), 3, whole | {"state": state} | values, {})


def test_a_new_record_begins_in_its_first_state() -> None:
    found = apply.create(
        JOB, uid("job"), by(Role.HOTLINE_AGENT, {"unit_id": uid("unit"), "matter_id": uid("matter")}), 1
    )
    assert found.write.values is not None
    assert found.write.values["state"] == "received"
    assert found.write.before is None


@pytest.mark.parametrize("field", ["state", "case_id", "first_contact_owner_id", "site_card", "due_at"])
def test_what_the_server_writes_nobody_else_does(field: str) -> None:
    with pytest.raises(CannotApply) as caught:
        apply.change(JOB, job("received"), by(Role.ADMIN, {field: None}), 4)
    assert (caught.value.code, caught.value.detail["fields"]) == ("field_not_writable", [field])


def test_an_unknown_field_of_a_newer_app_is_listed_and_the_rest_stands() -> None:
    found = apply.change(JOB, job("received"), by(Role.DISPATCHER, {"description": "x", "hologram": 1}), 4)
    assert found.unknown == ("hologram",)
    assert found.write.values is not None
    assert found.write.values["description"] == "x"


@pytest.mark.parametrize("verb", ["create", "change", "delete"])
def test_a_role_without_the_right_is_told_who_has_it(verb: str) -> None:
    values = {"unit_id": uid("unit"), "number": "1", "name": "n", "category": "resident"}
    stored = Stored("customer", uid("c"), 1, CUSTOMER.load(values, False), {})
    calls = {
        "create": lambda: apply.create(CUSTOMER, uid("c"), by(Role.AUDITOR, values), 1),
        "change": lambda: apply.change(CUSTOMER, stored, by(Role.AUDITOR, {"note": "x"}), 2),
        "delete": lambda: apply.delete(CUSTOMER, stored, by(Role.AUDITOR, {}, base_version=1), 2),
    }
    with pytest.raises(CannotApply) as caught:
        calls[verb]()
    assert caught.value.code == "not_allowed"
    assert str(Role.ADMIN) in caught.value.detail["needs"]


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (a, s)
        for a in JOB.actions
        for s in ("received", "dispatched", "in_progress", "done", "closed", "cancelled")
    ],
)
def test_the_table_decides_what_fits(action: str, state: str) -> None:
    needs = {"crew_id": uid("crew"), "remainder": "r", "return_visit": {"is_satisfied": True}}
    now = {name: needs.get(name, "text") for name in JOB.actions[action].needs}
    step = by(Role(min(JOB.actions[action].roles)), now, action=action)
    if state in JOB.actions[action].sources:
        found = apply.act(JOB, job(state), step, 4)
        assert found.write.values is not None
        assert found.write.values["state"] == JOB.actions[action].target
    else:
        with pytest.raises(CannotApply) as caught:
            apply.act(JOB, job(state), step, 4)
        assert caught.value.code == "action_does_not_fit"


def test_a_step_needs_what_it_must_carry() -> None:
    with pytest.raises(CannotApply) as caught:
        apply.act(JOB, job("in_progress"), by(Role.CREW_LEADER, {}, action="finish"), 4)
    assert [fault["field"] for fault in caught.value.detail["faults"]] == ["result"]


@pytest.mark.parametrize(
    ("required", "given", "missing"),
    [
        ({"signature_required": True}, {}, "signature_id"),
        (
            {"signature_required": True},
            {"unsigned_kind": "absent", "unsigned_reason": "无人在家"},
            "photo_ids",
        ),
        (
            {"signature_required": True, "photo_ids": [uid("p")]},
            {"unsigned_reason": "无人在家"},
            "unsigned_kind",
        ),
        (
            {"signature_required": True, "photo_ids": [uid("p")]},
            {"unsigned_kind": "absent", "unsigned_reason": "无人在家"},
            None,
        ),
        ({"required_photos": 2}, {"photo_ids": [uid("p")]}, "photo_ids"),
        ({"required_photos": 1}, {"photo_ids": [uid("p")]}, None),
        ({"quote_required": True, "told_minutes": 30}, {}, "told_cost_fen"),
        ({"quote_required": True}, {"told_cost_fen": 0}, "told_minutes"),
        ({"quote_required": True}, {"told_minutes": 30, "told_cost_fen": 0}, None),
    ],
)
def test_a_job_is_done_only_with_the_evidence_its_matter_asks_for(
    required: dict[str, Any], given: dict[str, Any], missing: str | None
) -> None:
    step = by(Role.CREW_LEADER, {"result": "r", **given}, action="finish")
    if missing is None:
        assert apply.act(JOB, job("in_progress", **required), step, 4)
        return
    with pytest.raises(CannotApply) as caught:
        apply.act(JOB, job("in_progress", **required), step, 4)
    assert [fault["field"] for fault in caught.value.detail["faults"]] == [missing]


def test_an_action_stamps_who_and_when() -> None:
    found = apply.act(JOB, job("in_progress"), by(Role.CREW_LEADER, {"result": "r"}, action="finish"), 4)
    assert found.write.values is not None
    assert found.write.values["done_by_id"] == uid("someone")
    assert found.write.values["done_at"] == "2026-09-01T08:00:00.000000Z"


def test_the_one_who_did_it_cannot_close_it() -> None:
    step = by(Role.DISPATCHER, {"return_visit": {"is_satisfied": True}}, action="close")
    with pytest.raises(CannotApply) as caught:
        apply.act(JOB, job("done", done_by_id=uid("someone")), step, 4)
    assert caught.value.detail["faults"][0]["code"] == "same_person"


def test_a_persons_decision_lets_a_step_stand_in_any_state() -> None:
    found = apply.act(
        JOB, job("cancelled"), by(None, {"result": "r"}, action="finish", forced=True, trusted=True), 4
    )
    assert found.write.values is not None
    assert found.write.values["state"] == "done"


def edited(n: int, base: int = 3) -> Change:
    """An edit of the description from another device."""
    author = Author(uid("other"), uid("other phone"), frozenset({str(Role.ADMIN)}), uid("unit"))
    return Change(uid(f"edit {n}"), author, AT, {"description": f"edit {n}"}, base_version=base)


def test_a_delete_that_met_an_edit_stands_with_a_question_whichever_came_first() -> None:
    removal = by(Role.ADMIN, {}, base_version=3)
    first = apply.change(JOB, job("received"), edited(1), 4).write.after()
    one = apply.delete(JOB, first, removal, 5).write
    gone = apply.delete(JOB, job("received"), removal, 4).write.after()
    two = apply.change(JOB, gone, edited(1), 5).write
    for write in (one, two):
        assert write.deleted
        assert write.scopes == frozenset()
        assert write.values["description"] == "edit 1"
        assert {h["id"] for h in open_questions(JOB, write.heads)["deleted"]} == {
            uid("change"),
            uid("edit 1"),
        }


def test_a_delete_that_had_seen_everything_is_no_question() -> None:
    first = apply.change(JOB, job("received"), edited(1), 4).write.after()
    write = apply.delete(JOB, first, by(Role.ADMIN, {}, base_version=4), 5).write
    assert (write.deleted, open_questions(JOB, write.heads)) == (True, {})
    with pytest.raises(CannotApply, match="record_deleted"):
        apply.change(JOB, write.after(), edited(2, base=5), 6)


@pytest.mark.parametrize("stays", [True, False])
def test_a_person_decides_whether_a_deletion_stands(stays: bool) -> None:
    met = apply.change(
        JOB,
        apply.delete(JOB, job("received"), by(Role.ADMIN, {}, base_version=3), 4).write.after(),
        edited(1),
        5,
    )
    word = by(Role.ADMIN, {}, base_version=5)
    write = apply.settle_deletion(JOB, met.write.after(), word, stays, 6).write
    assert (write.deleted, open_questions(JOB, write.heads)) == (stays, {})
    assert bool(write.scopes) is not stays


@pytest.mark.parametrize("verb", [apply.change, apply.act])
def test_what_was_deleted_is_not_changed(verb: Any) -> None:
    gone = Stored("work_order", uid("job"), 3, job("received").values, {}, deleted=True)
    with pytest.raises(CannotApply) as caught:
        verb(JOB, gone, by(Role.ADMIN, {}, action="cancel"), 4)
    assert caught.value.code == "record_deleted"


@pytest.mark.parametrize(
    ("kind", "field"),
    [("work_order", "crew_id"), ("photo", "sha256"), ("notice", "text_zh"), ("customer", "unit_id")],
)
def test_what_is_fixed_is_set_once(kind: str, field: str) -> None:
    found = SYNC_KINDS[kind]
    stored = Stored(kind, uid("r"), 1, dict.fromkeys(found.fields) | {"unit_id": uid("unit")}, {})
    with pytest.raises(CannotApply) as caught:
        apply.change(found, stored, by(Role.DISPATCHER, {field: uid("other")}), 2)
    assert (caught.value.code, caught.value.detail["fields"]) == ("field_not_writable", [field])


def test_a_step_that_needs_a_fixed_field_sets_it() -> None:
    found = apply.act(
        JOB, job("received"), by(Role.DISPATCHER, {"crew_id": uid("crew")}, action="dispatch"), 4
    )
    assert found.write.values is not None
    assert found.write.values["crew_id"] == uid("crew")
    with pytest.raises(CannotApply) as caught:
        apply.act(JOB, job("dispatched"), by(Role.CREW_LEADER, {"crew_id": uid("crew")}, action="accept"), 4)
    assert caught.value.code == "field_not_writable"


def test_a_confirmation_is_not_by_who_did_the_work_of_this_round() -> None:
    """Each step's author counts until the record stands again where it began; of a dispute, everybody's."""
    item = SYNC_KINDS["item"]
    values = item.load(
        {"unit_id": uid("unit"), "theme": "pressure", "source": "hotline", "description": "x"}, False
    )
    found = Stored("item", uid("item"), 1, values | {"state": "open"}, {})

    def step(who: str, action: str, **more: Any) -> Change:
        author = Author(uid(who), None, frozenset({str(Role.DISPATCHER)}), uid("unit"))
        now = dict.fromkeys(item.actions[action].needs, "x")
        at = AT + timedelta(minutes=found.version)
        return Change(uid(f"{who} {at}"), author, at, now, base_version=99, action=action, **more)

    for who, action in (("one", "resolve"), ("two", "reopen"), ("two", "resolve")):
        found = apply.act(item, found, step(who, action), found.version + 1).write.after()
    for forced in (False, True):
        with pytest.raises(CannotApply, match="same_person"):
            apply.act(item, found, step("two", "close", forced=forced), found.version + 1)
    closed = apply.act(item, found, step("one", "close"), found.version + 1).write.after()
    assert (closed.values["resolved_by_id"], closed.values["closed_by_id"]) == (uid("two"), uid("one"))
    for who in ("one", "two"):
        word = Change(uid("word"), Author(uid(who), None, frozenset(), uid("unit")), AT, {}, base_version=99)
        with pytest.raises(CannotApply, match="same_person"):
            apply.decide(item, found, word, "closed", found.version + 1)


def test_a_step_that_does_not_fit_washes_nobody_clean() -> None:
    """Who did the work sends, from a second phone that saw less, a step that would begin the round anew."""
    roles = frozenset({str(Role.CREW_LEADER), str(Role.DISPATCHER)})
    found, seen = job("dispatched", crew_id=uid("crew")), 3

    def step(action: str, base: int, device: str | None, **now: Any) -> Change:
        author = Author(uid("one"), device, roles, uid("unit"))
        at = AT + timedelta(minutes=found.version)
        return Change(uid(f"{action} {at}"), author, at, now, base_version=base, action=action)

    for action, now in (("accept", {}), ("arrive", {}), ("start", {}), ("finish", {"result": "x"})):
        found = apply.act(
            JOB, found, step(action, found.version, None, **now), found.version + 1
        ).write.after()
    found = apply.act(
        JOB, found, step("withdraw", seen, uid("second phone")), found.version + 1
    ).write.after()
    assert found.values["state"] == "done"
    with pytest.raises(CannotApply, match="same_person"):
        close = step("close", found.version, None, return_visit={"is_satisfied": True})
        apply.act(JOB, found, close, found.version + 1)


def test_the_servers_own_work_needs_no_role_and_may_set_its_own_fields() -> None:
    values = {"unit_id": uid("unit"), "matter_id": uid("matter"), "state": "dispatched"}
    made = apply.create(JOB, uid("job"), by(None, values, trusted=True), 1).write
    assert made.values["state"] == "dispatched"
    gone = apply.delete(JOB, made.after(), by(None, {}, trusted=True, base_version=1), 2).write
    assert gone.deleted
    with pytest.raises(CannotApply, match="not_allowed"):
        apply.delete(JOB, made.after(), by(None, {}, base_version=1), 2)


def test_the_server_changes_what_nobody_has_a_role_for() -> None:
    found = apply.change(JOB, job("received"), by(None, {"due_at": "2026-09-02T08:00:00Z"}, trusted=True), 4)
    assert list(found.write.changed) == ["due_at"]
    assert found.write.changed["due_at"][0] is None
    with pytest.raises(CannotApply, match="not_allowed"):
        apply.change(JOB, job("received"), by(None, {"description": "x"}), 4)


def test_a_write_lists_what_it_changed() -> None:
    stored = Stored("customer", uid("c"), 3, {"name": "old", "phone": "1", "note": None}, {})
    made = Write(CUSTOMER, uid("c"), 1, None, stored.values, {}, False, ME, AT, Op.CREATE)
    assert made.changed == {"name": [None, "old"], "phone": [None, "1"]}
    moved = replace(made, before=stored, values=stored.values | {"name": "new"})
    assert moved.changed == {"name": ["old", "new"]}
    assert replace(made, before=replace(stored, deleted=True)).scopes_before == frozenset()
