"""What waits with parked work of its author, and what of it a later mutation settles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.apply import CannotApply
from sync.change import Mutation, Op
from sync.kind import Field, Kind, Policy
from sync.parking import CORRECTED, creation_of, joined, needed, settled_by
from sync.store import Parked, Settled

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
KEY = ("note", "n")
FIELDS = {"text": Field("text"), "phone": Field("phone"), "tags": Field("tags", Policy.SET)}
KIND = Kind("note", "note", FIELDS, lambda _: frozenset(), lambda values, _: values)


def mutation(op: Op = Op.CHANGE, action: str | None = None, after: str | None = None, **now: Any) -> Mutation:
    return Mutation("m", "note", "n", op, 1, {}, now, action, AT, None, after, b"{}", b"")


def parked(*fields: str, op: Op | None = Op.CHANGE, **more: Any) -> Parked:
    one = Parked("p", KEY, "group", op, None, frozenset(fields), "device", AT - timedelta(hours=1))
    return one._replace(**more)


@pytest.mark.parametrize("op", [Op.CREATE, None])
def test_a_creation_is_one_or_may_be_one(op: Op | None) -> None:
    one = parked(op=op)
    assert creation_of(KEY, [parked(), one]) == one
    assert creation_of(("note", "other"), [one]) is None


def test_it_needs_what_it_names_before_what_is_absent() -> None:
    first, creation = parked(id="first"), parked(op=Op.CREATE)
    assert needed(mutation(after="first"), {KEY}, [creation, first]) == first
    assert needed(mutation(after="gone"), {KEY}, [first, creation]) == creation
    assert needed(mutation(), set(), [first, creation]) is None


def test_a_step_waits_for_the_step_that_should_have_come_before() -> None:
    unfit = CannotApply("action_does_not_fit")
    before = parked(op=Op.ACT, action="take")
    assert joined(mutation(Op.ACT, "finish"), unfit, [before]) == ("predecessor_parked", before)
    # The same step given again is no predecessor of itself.
    assert joined(mutation(Op.ACT, "take"), unfit, [before]) == ("action_does_not_fit", before)


def test_what_lacks_a_field_waits_for_who_was_to_set_it() -> None:
    lacks = CannotApply("invalid", faults=[{"field": "text.0"}, {"field": "phone"}])
    assert joined(mutation(phone="1"), lacks, [parked("text")]) == ("predecessor_parked", parked("text"))
    assert joined(mutation(text="x", phone="1"), lacks, [parked("tags")]) is None


def test_what_fails_a_check_of_the_whole_may_lack_what_is_parked() -> None:
    fails = CannotApply("check_failed", faults=[{"field": "phone"}])
    assert joined(mutation(text="x"), fails, [parked("tags")]) == ("check_failed", parked("tags"))
    assert joined(mutation(text="x"), fails, [parked()]) is None


def test_who_sets_the_same_again_waits_beside_it() -> None:
    refused = CannotApply("not_allowed")
    assert joined(mutation(text="x"), refused, [parked("text")]) == ("not_allowed", parked("text"))
    assert joined(mutation(text="x"), refused, [parked("text", key=("note", "other"))]) is None
    # What came behind it is no reason, whatever it sets.
    assert joined(mutation(text="x"), refused, [parked(id="m"), parked("text")]) is None


def settled(given: Mutation, one: Parked, device: str | None = "device") -> list[Settled]:
    return settled_by(given, KIND, [one], device, AT, is_fresh=True)


def test_a_later_word_on_all_its_fields_corrects_it_whole() -> None:
    whole = Settled("p", "m", CORRECTED, frozenset({"text"}), "group")
    assert settled(mutation(text="x", phone="1"), parked("text")) == [whole]


def test_a_later_word_on_some_fields_leaves_the_rest() -> None:
    part = Settled("p", "m", None, frozenset({"text"}), "group")
    assert settled(mutation(text="x"), parked("text", "phone")) == [part]
    assert settled(mutation(text="x"), parked("phone")) == []


@pytest.mark.parametrize(
    ("one", "device", "count"),
    [
        (parked("text", at=AT), "another device", 0),
        (parked("text", at=AT), None, 0),
        # A device's own work comes in its order, whatever its clock says.
        (parked("text", at=AT + timedelta(days=1)), "device", 1),
        (parked("text", at=None), "another device", 1),
        (parked("text", key=("note", "other")), "device", 0),
        (parked("text", id="m"), "device", 0),
    ],
)
def test_only_earlier_work_on_the_same_record_is_settled(one: Parked, device: str | None, count: int) -> None:
    assert len(settled(mutation(text="x"), one, device)) == count


def test_what_adds_up_is_taken_back_by_its_own_device_alone() -> None:
    given = mutation(tags=["a"])
    assert len(settled(given, parked("tags"))) == 1
    assert settled(given, parked("tags"), "another device") == []


def test_the_same_step_or_creation_given_again_settles_the_first() -> None:
    step = parked(op=Op.ACT, action="take")
    assert [one.word for one in settled(mutation(Op.ACT, "take"), step)] == [CORRECTED]
    assert settled(mutation(Op.ACT, "finish"), step) == []
    creation = replace(mutation(Op.CREATE), now={})
    assert [one.word for one in settled(creation, parked("text", op=Op.CREATE))] == [CORRECTED]
