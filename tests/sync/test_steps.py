"""State as a log of steps, deletions as heads, and that all of it is a function of the set of mutations."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import apply
from sync.apply import Applied, CannotApply, Change
from sync.change import Author, Stored, Write
from sync.questions import DELETED, open_questions, questions_of
from sync.steps import doers, fold, log_of, taken
from tests.simulation.kinds import KINDS

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
JOB, NOTE = KINDS["job"], KINDS["note"]


def change(
    n: int, minute: int, action: str | None = None, *, base: int = 1, device: str = "", **now: Any
) -> Change:
    author = Author(f"person {n}", device or f"device {n}", frozenset({"rep"}), "u")
    return Change(
        f"m{n:03d}", author, NOON + timedelta(minutes=minute), now, base_version=base, action=action
    )


def new(kind: Any = JOB, **values: Any) -> Stored:
    made = change(0, 0, None, base=0, unit_id="u", cell="c0", **values)
    return apply.create(kind, "r", made, 1).write.after()


def do(stored: Stored, verb: Callable[..., Applied], *changes: Change) -> Stored:
    for one in changes:
        stored = verb(JOB if stored.kind == "job" else NOTE, stored, one, stored.version + 1).write.after()
    return stored


def asked(stored: Stored) -> dict[str, list[str]]:
    kind = JOB if stored.kind == "job" else NOTE
    return {
        group: [head["id"] for head in heads] for group, heads in open_questions(kind, stored.heads).items()
    }


def test_steps_in_a_row_lead_where_they_should() -> None:
    found = do(
        new(), apply.act, change(1, 1, "take"), change(2, 2, "work", base=2), change(3, 3, "finish", base=3)
    )
    assert (found.values["state"], found.values["done_at"], asked(found)) == (
        "done",
        "2026-09-01T12:03:00.000000Z",
        {},
    )
    assert found.values.keys() == JOB.fields.keys()


def test_who_took_which_step_from_the_first_on() -> None:
    working = do(new(), apply.act, change(1, 1, "take"), change(2, 2, "work", base=2))
    log = log_of(JOB, working)
    assert [head["id"] for head in taken(JOB, log)] == ["m001", "m002"]
    assert doers(JOB, log, {"take"}) == {"person 1"}
    assert doers(JOB, log, {"take", "work"}) == {"person 1", "person 2"}
    assert doers(JOB, log_of(JOB, new()), {"take"}) == set()


def test_a_step_that_did_not_fit_what_its_author_saw_is_refused() -> None:
    with pytest.raises(CannotApply) as caught:
        apply.act(JOB, new(), change(1, 1, "finish"), 2)
    assert (caught.value.code, caught.value.detail["fits_in"]) == ("action_does_not_fit", ["working"])


def test_finished_offline_after_it_was_cancelled_names_both() -> None:
    working = do(
        new(), apply.act, change(1, 1, "take", device="crew"), change(2, 2, "work", base=2, device="crew")
    )
    cancelled = do(working, apply.act, change(9, 3, "cancel", base=3))
    late = do(cancelled, apply.act, change(4, 5, "finish", base=3, device="crew"))
    assert (late.values["state"], late.values["done_at"]) == ("cancelled", None)
    assert asked(late) == {"state": ["m009", "m004"]}


def test_a_step_that_falls_out_of_the_log_gives_its_stamp_back() -> None:
    working = do(
        new(), apply.act, change(1, 1, "take", device="crew"), change(2, 2, "work", base=2, device="crew")
    )
    done = do(working, apply.act, change(4, 5, "finish", base=3, device="crew"))
    assert done.values["done_at"]
    earlier = do(done, apply.act, change(9, 3, "cancel", base=3))
    assert (earlier.values["state"], earlier.values["done_at"]) == ("cancelled", None)


def test_a_person_s_word_settles_what_it_has_seen_and_nothing_later() -> None:
    working = do(
        new(), apply.act, change(1, 1, "take", device="crew"), change(2, 2, "work", base=2, device="crew")
    )
    met = do(
        working, apply.act, change(9, 3, "cancel", base=3), change(4, 5, "finish", base=3, device="crew")
    )
    decided = apply.decide(JOB, met, change(8, 10, base=met.version), "done", met.version + 1).write
    assert (decided.values["state"], open_questions(JOB, decided.heads)) == ("done", {})
    assert [q.heads for q in questions_of(decided)] == [()]
    late = do(decided.after(), apply.act, change(5, 4, "cancel", base=3, device="other crew"))
    assert (late.values["state"], asked(late)) == ("done", {"state": ["m008", "m005"]})


def test_a_state_that_does_not_exist_is_nobody_s_word() -> None:
    with pytest.raises(CannotApply, match="invalid"):
        apply.decide(JOB, new(), change(1, 1), "evaporated", 2)


def test_a_forced_step_always_fits() -> None:
    forced = Change(
        "f", Author("boss", None, frozenset(), "u"), NOON, {}, 1, "finish", trusted=True, forced=True
    )
    assert do(new(), apply.act, forced).values["state"] == "done"


def test_the_log_begins_with_what_was_there_before_any_step() -> None:
    (beginning,) = log_of(JOB, new())
    assert (beginning["version"], beginning["values"]) == (0, {"state": "open", "done_at": None})
    assert fold(JOB, [beginning]).unfit == []


def test_an_unknown_step_is_refused_by_name() -> None:
    with pytest.raises(CannotApply) as caught:
        apply.act(JOB, new(), change(1, 1, "dance"), 2)
    assert caught.value.detail["action"] == "dance"


def test_fields_of_a_kind_with_steps_are_merged_as_fields() -> None:
    found = do(new(), apply.change, change(1, 1, result="pipe"), change(2, 2, result="valve"))
    assert (found.values["result"], found.values["state"], asked(found)) == ("valve", "open", {})


def test_a_question_is_asked_when_it_opens_or_widens_and_not_again() -> None:
    met = do(new(NOTE), apply.change, change(1, 1, phone="1"), change(2, 2, phone="2"))
    other = apply.change(NOTE, met, change(3, 3, base=3, text="x"), 4).write
    assert (questions_of(other), asked(other.after())) == ([], {"phone": ["m001", "m002"]})
    wider = apply.change(NOTE, met, change(4, 4, phone="3"), 4).write
    assert [(q.group, len(q.heads)) for q in questions_of(wider)] == [("phone", 3)]


def test_two_deletions_are_one() -> None:
    gone = do(new(NOTE), apply.delete, change(1, 1), change(2, 2))
    assert (gone.deleted, len(gone.heads[DELETED]), asked(gone)) == (True, 2, {})


def test_a_deletion_by_the_office_is_no_edit_of_its_own() -> None:
    office = Author("boss", None, frozenset({"office"}), "u")
    gone = do(new(NOTE), apply.delete, Change("o1", office, NOON, {}, 1))
    assert (gone.deleted, asked(gone)) == (True, {})


def test_who_has_seen_the_deletion_cannot_edit() -> None:
    gone = do(new(NOTE), apply.delete, change(1, 1))
    for verb in (apply.change, apply.delete):
        with pytest.raises(CannotApply, match="record_deleted"):
            verb(NOTE, gone, change(2, 2, base=2, text="x"), 3)


# -- P8: a function of the set -------------------------------------------------------------------------------

_EDITS = st.one_of(
    st.fixed_dictionaries({"text": st.sampled_from("abc")}),
    st.fixed_dictionaries({"phone": st.sampled_from("123")}),
    st.fixed_dictionaries({"tags": st.lists(st.sampled_from("xyz"), max_size=2, unique=True)}),
    st.fixed_dictionaries({"count": st.integers(0, 9)}),
    st.fixed_dictionaries({"lng": st.integers(0, 3)}),
)
_STEPS = st.sampled_from(
    [("take",), ("take", "work"), ("take", "work", "finish"), ("cancel",), ("take", "cancel")]
)


@st.composite
def days(draw: st.DrawFn) -> list[list[tuple[str, Change]]]:
    """What several devices did since they all saw version 1, each in its own order.

    Edits, steps, deletions.
    """
    found: list[list[tuple[str, Change]]] = []
    n = 0
    for device in range(draw(st.integers(2, 4))):
        mine: list[tuple[str, Change]] = []
        steps = list(draw(_STEPS)) if draw(st.booleans()) else []
        for action in steps:
            n += 1
            mine.append(("act", change(n, draw(st.integers(1, 60)), action, device=f"d{device}")))
        if draw(st.integers(0, 9)) == 0:
            n += 1
            mine.append(("delete", change(n, draw(st.integers(1, 60)), device=f"d{device}")))
        found.append(mine)
    return found


def essence(stored: Stored) -> Any:
    return stored.values, stored.deleted, {group: sorted(ids) for group, ids in asked(stored).items()}


def play(start: Stored, order: list[tuple[str, Change]], labels: dict[str, int]) -> tuple[Any, set[str]]:
    """Apply in this order; versions are labels given once, times are those of the first receipt."""
    stored, refused = start, set()
    for verb, one in order:
        kind = JOB if stored.kind == "job" else NOTE
        try:
            write: Write = getattr(apply, verb)(kind, stored, one, labels[one.id]).write
        except CannotApply:
            refused.add(one.id)
            continue
        stored = write.after()
    return essence(stored), refused


def shuffled(days: list[list[tuple[str, Change]]], seed: int) -> list[tuple[str, Change]]:
    dice, left, order = random.Random(seed), [list(day) for day in days if day], list[tuple[str, Change]]()
    while left:
        day = dice.choice(left)
        order.append(day.pop(0))
        left = [one for one in left if one]
    return order


def in_own_order(days: list[list[tuple[str, Change]]]) -> list[list[tuple[str, Change]]]:
    """A device's own times grow: the server fixes each after every write it had seen."""
    for day in days:
        times = sorted(one.at for _, one in day)
        for (_, one), at in zip(day, times, strict=True):
            object.__setattr__(one, "at", at)
    return days


@given(days(), st.integers(0, 2**16), st.integers(0, 2**16))
def test_steps_and_deletions_are_a_function_of_the_set(
    found: list[list[tuple[str, Change]]], one: int, two: int
) -> None:
    found = in_own_order(found)
    labels = {change.id: n + 2 for n, (_, change) in enumerate(pair for day in found for pair in day)}
    assert play(new(), shuffled(found, one), labels) == play(new(), shuffled(found, two), labels)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60), _EDITS), min_size=1, max_size=7),
    st.booleans(),
    st.integers(0, 2**16),
)
def test_edits_and_a_deletion_are_a_function_of_the_set(rows: list[Any], is_deleted: bool, seed: int) -> None:
    by_device: dict[int, list[tuple[str, Change]]] = {}
    for n, (device, minute, now) in enumerate(rows, 1):
        by_device.setdefault(device, []).append(("change", change(n, minute, device=f"d{device}", **now)))
    if is_deleted:
        by_device[99] = [("delete", change(99, 30))]
    found = in_own_order(list(by_device.values()))
    labels = {change.id: n + 2 for n, (_, change) in enumerate(pair for day in found for pair in day)}
    start = new(NOTE, text="start", tags=[], lng=0, lat=0)
    assert play(start, shuffled(found, seed), labels) == play(start, shuffled(found, seed + 1), labels)
