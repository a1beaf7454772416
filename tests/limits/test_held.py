"""Held time is united as if every minute were marked by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.limits.clock.due import moment_reached, running_time
from backend.limits.clock.held import Held
from backend.limits.clock.history import Hold
from backend.limits.clock.limits import Event, What
from backend.limits.clock.working_time import FAR, Span

ZERO = datetime(2026, 7, 27, tzinfo=UTC)
SIZE = 40
BEGINS = st.integers(0, SIZE - 1)
HOLDS = st.lists(st.tuples(BEGINS, st.none() | st.integers(0, 12)), max_size=6)
few = settings(max_examples=50, deadline=None)


def at(minute: int) -> datetime:
    return ZERO + timedelta(minutes=minute)


def held(marks: list[tuple[int, int | None]]) -> Held:
    """Holds by beginning and length; None is open."""
    return Held(
        Hold(
            What.PAUSE, at(begins), None if long is None else at(begins + long), Event("1", What.PAUSE, ZERO)
        )
        for begins, long in marks
    )


def marked(marks: list[tuple[int, int | None]]) -> set[int]:
    """The minutes that are held."""
    return {
        minute
        for begins, long in marks
        for minute in range(begins, SIZE * 2 if long is None else begins + long)
    }


@few
@given(HOLDS, BEGINS, st.integers(0, SIZE))
def test_what_runs_is_what_is_not_marked(marks: list[tuple[int, int | None]], begins: int, long: int) -> None:
    stretch = range(begins, begins + long)
    spans = list(held(marks).running(at(begins), at(begins + long)))
    ran = {minute for minute in stretch for one in spans if one.begins <= at(minute) < one.ends}
    assert ran == set(stretch) - marked(marks)
    assert held(marks).has_running(at(begins), at(begins + long)) == bool(ran)
    assert all(one.begins < one.ends for one in spans)


@few
@given(HOLDS, st.integers(1, SIZE))
def test_a_moment_is_held_up_to_where_the_minute_before_it_is_marked(
    marks: list[tuple[int, int | None]], minute: int
) -> None:
    assert held(marks).is_held_up_to(at(minute)) == (minute - 1 in marked(marks))


@few
@given(HOLDS)
def test_the_stretches_do_not_touch_and_only_the_last_is_open(marks: list[tuple[int, int | None]]) -> None:
    spans = held(marks).spans
    assert all(one.ends < other.begins for one, other in pairwise(spans))
    opened = [begins for begins, long in marks if long is None]
    since = min(opened, default=None)
    if since is None:
        assert held(marks).open_from == FAR
        return
    first = since
    while first - 1 in marked(marks):
        first -= 1
    assert held(marks).open_from == at(first)


@few
@given(HOLDS, st.integers(1, SIZE))
def test_an_amount_is_reached_with_its_last_minute(marks: list[tuple[int, int | None]], amount: int) -> None:
    spans = list(held(marks).running(at(0), at(SIZE)))
    free = [minute for minute in range(SIZE) if minute not in marked(marks)]
    reached = moment_reached(spans, timedelta(minutes=amount))
    assert reached == (at(free[amount - 1] + 1) if len(free) >= amount else None)
    if reached is not None:
        assert running_time(spans, reached) == timedelta(minutes=amount)
        assert running_time(spans, reached - timedelta(seconds=1)) < timedelta(minutes=amount)


def test_nothing_of_an_empty_stretch_runs() -> None:
    assert list(held([]).running(at(3), at(3))) == []
    assert not held([]).has_running(at(3), at(3))
    assert running_time([], at(3)) == timedelta()
    assert moment_reached([Span(at(0), at(1))], timedelta(minutes=2)) is None
