"""What holds of every clock, whatever happened to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backend.limits.clock.explaining import explain
from backend.limits.clock.limits import State, Unit
from backend.limits.clock.reading import Reading
from backend.limits.clock.spans import Kind, stretches
from backend.limits.reading.clock_cases import asked_in
from backend.limits.reading.fields import Fields
from tests.limits.golden_cases import Case, china
from tests.limits.made_up_cases import Maker

ENDLESS = datetime(9000, 1, 1, tzinfo=UTC)
SEEDS = st.integers(0, 2**40)
few = settings(max_examples=40, deadline=None)


def made(seed: int) -> Case:
    return Maker(seed).case()


def reading(case: Case) -> Reading:
    return asked_in(Fields(case), china()).reading()


def with_pause(case: Case, begins: datetime, minutes: int) -> Case:
    """The case with one approved pause more, under ids that come before all others."""
    more = {"round": case["round"]}
    pause = {"id": "a1", "what": "pause", "at": begins.isoformat(), "approved": True, **more}
    ends = begins + timedelta(minutes=minutes)
    resume = {"id": "a2", "what": "resume", "at": ends.isoformat(), "of": "a1", **more}
    return {**case, "events": [*case["events"], pause, resume]}


def later(due: datetime | None) -> datetime:
    return due or ENDLESS


@few
@given(SEEDS, st.randoms())
def test_events_say_the_same_in_any_order(seed: int, chance: Random) -> None:
    case = made(seed)
    shuffled = {**case, "events": chance.sample(case["events"], len(case["events"]))}
    one, other = reading(case), reading(shuffled)
    assert one == other
    assert explain(one) == explain(other)


@few
@given(SEEDS, st.integers(-2_000, 20_000), st.integers(1, 6_000))
def test_a_pause_never_shortens(seed: int, after: int, minutes: int) -> None:
    case = made(seed)
    before = reading(case)
    assume(before.basis.course is not None)
    assert before.basis.course is not None
    paused = reading(with_pause(case, before.basis.course.start + timedelta(minutes=after), minutes))
    if paused.state is before.state:
        assert later(paused.due_at) >= later(before.due_at)
        assert paused.late_by <= before.late_by


@few
@given(SEEDS)
def test_a_due_time_never_lies_inside_a_hold_or_outside_what_runs(seed: int) -> None:
    found = reading(made(seed))
    if found.due_at is None:
        return
    for hold in found.basis.history.holds:
        assert not hold.begins < found.due_at <= (hold.ends or ENDLESS)
    last = [one for one in stretches(found) if one.begins < found.due_at <= one.ends]
    assert [one.kind for one in last] == [Kind.COUNTED]


@few
@given(SEEDS)
def test_stretches_follow_one_another_from_the_start_and_count_what_is_spent(seed: int) -> None:
    found = reading(made(seed))
    all_of_it = stretches(found)
    if found.basis.course is None:
        assert all_of_it == []
        return
    until = max(found.due_at or found.basis.until, found.basis.until)
    if all_of_it:
        assert all_of_it[0].begins == found.basis.course.start
        assert all_of_it[-1].ends == until
    assert all(one.ends == other.begins for one, other in pairwise(all_of_it))
    counted = [one for one in all_of_it if one.kind is Kind.COUNTED and one.begins < found.basis.until]
    run = sum((min(one.ends, found.basis.until) - one.begins for one in counted), timedelta())
    assert found.spent in (None, run)
    if found.basis.limit.unit is Unit.HALF_DAYS:
        assert found.spent_half_days == max(1, len({one.nth for one in counted} - {0}))


@few
@given(SEEDS)
def test_the_nth_half_or_day_is_due_and_none_before_it(seed: int) -> None:
    found = reading(made(seed))
    if found.due_at is None or found.basis.limit.unit.is_time:
        return
    due = found.due_at
    amount = found.basis.limit.amount
    amount += sum(told.event.amount for told, counts in found.basis.extensions if counts)
    numbers = {one.nth for one in stretches(found) if one.nth and one.begins < due}
    assert set(range(1, amount + 1)) <= numbers


@few
@given(SEEDS)
def test_warnings_come_in_their_order_and_the_last_one_with_due(seed: int) -> None:
    found = reading(made(seed))
    times = [at for at in found.warnings.values() if at is not None]
    assert times == sorted(times)
    assert found.warnings.get(100) in (None, found.due_at)
    assert (found.share is None) == (found.due_at is None)
    assert set(found.fired) <= set(found.warnings)
    assert found.to_warn(found.fired) == ()
    assert found.to_warn(()) == found.fired


@few
@given(SEEDS)
def test_late_is_after_due_and_nothing_else(seed: int) -> None:
    found = reading(made(seed))
    assert found.is_late == (found.due_at is not None and found.basis.until > found.due_at)
    assert found.late_by_minutes * 60 >= found.late_by.total_seconds()


@few
@given(SEEDS, st.integers(1, 5))
def test_more_time_is_never_due_earlier(seed: int, more: int) -> None:
    case = made(seed)
    case["events"] = [one for one in case["events"] if one["what"] != "extend"]
    longer = {**case, "limit": {**case["limit"], "amount": case["limit"]["amount"] + more}}
    assert later(reading(longer).due_at) >= later(reading(case).due_at)


@few
@given(SEEDS)
def test_what_comes_after_the_reading_is_not_known_to_it(seed: int) -> None:
    case = made(seed)
    assume("now" in case)
    now = datetime.fromisoformat(case["now"])
    known = [
        one for one in case["events"]
        if datetime.fromisoformat(one["received_at" if one.get("grade") == "moved" else "at"]) <= now
    ]  # fmt: skip
    # A resume stands with its pause: without one, it ends nothing.
    ids = {one["id"] for one in known}
    known = [one for one in known if one["what"] != "resume" or one["of"] in ids]
    found, without = reading(case), reading({**case, "events": known})
    assert found.state is without.state
    assert found.due_at == without.due_at
    assert found.fired == without.fired


@few
@given(SEEDS, st.integers(0, 10_000))
def test_a_later_reading_of_the_same_events_is_due_at_the_same_time(seed: int, minutes: int) -> None:
    case = made(seed)
    assume("now" in case)
    first = reading(case)
    assume(first.state in (State.RUNNING, State.PAUSED, State.OUTSIDE))
    now = datetime.fromisoformat(case["now"])
    happened = {told.id for told in first.basis.history.told}
    known = [one for one in case["events"] if one["id"] in happened]
    second = reading({**case, "events": known, "now": (now + timedelta(minutes=minutes)).isoformat()})
    assert second.due_at == first.due_at
    assert second.warnings == first.warnings
    assert set(first.fired) <= set(second.fired)
    assert (second.spent_half_days or 0) >= (first.spent_half_days or 0)
    assert second.late_by >= first.late_by
