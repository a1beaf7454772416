"""Reads a clock: its state, when it is due, what was spent, who was to be warned, whether it is late."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from backend.limits.clock.due import (
    Course,
    due_after,
    moment_reached,
    running_spans,
    running_time,
    spent_halves,
)
from backend.limits.clock.held import Held
from backend.limits.clock.history import History, Told, history_of
from backend.limits.clock.limits import ENDS, Event, Limit, State, Unit, What
from backend.limits.clock.working_time import Span, WorkingTime

MINUTE, NOTHING = timedelta(minutes=1), timedelta()


@dataclass(frozen=True, slots=True)
class Basis:
    """What a reading was made of, for its explanation; times in UTC."""

    limit: Limit
    working_time: WorkingTime
    history: History
    course: Course | None
    until: datetime
    extensions: tuple[tuple[Told, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock says. Times are in the zone of the working time.

    `spent_half_days` for limits in halves and days, `spent` for those in minutes; `share` is what has run of
    all that runs from start to due, None where nothing is due.
    """

    state: State
    due_at: datetime | None
    warnings: Mapping[int, datetime | None]
    fired: tuple[int, ...]
    spent_half_days: int | None
    spent: timedelta | None
    share: float | None
    late_by: timedelta
    is_provisional: bool
    basis: Basis = field(compare=False, repr=False)

    @property
    def is_late(self) -> bool:
        """Whether it ended after it was due, or still runs after it."""
        return self.late_by > NOTHING

    @property
    def late_by_minutes(self) -> int:
        """How late, nights and pauses included, rounded up."""
        return -(-self.late_by // MINUTE)

    def to_warn(self, sent: Collection[int]) -> tuple[int, ...]:
        """The percentages whose time has come and of which nobody was warned yet: each once in a round, also
        where a pause moves it away again afterwards."""
        return tuple(percent for percent in self.fired if percent not in sent)


class NoMoment(ValueError):
    """A clock that has not ended was to be read without a moment."""


def read(
    limit: Limit,
    working_time: WorkingTime,
    events: Iterable[Event],
    now: datetime | None = None,
    *,
    round_no: int = 1,
) -> Reading:
    """Read one round of a clock as it stands at `now`; what comes later has not happened yet.

    `now` may be left out where the clock has ended, else `NoMoment` is raised. The events may come in any
    order.
    """
    moment = None if now is None else now.astimezone(UTC)
    history = history_of(events, round_no, moment)
    until = history.end.at if history.end else moment
    if until is None:
        raise NoMoment
    if history.start is None:
        return _not_begun(limit, working_time, history, until)
    return _begun(limit, working_time, history, history.start, until)


def _not_begun(limit: Limit, working_time: WorkingTime, history: History, until: datetime) -> Reading:
    """Nothing is due and nothing is spent; it waits, unless it was ended before it began."""
    return Reading(
        state=ENDS[history.end.event.what] if history.end else State.WAITING,
        due_at=None,
        warnings=dict.fromkeys(limit.warn_percent),
        fired=(),
        spent_half_days=None if limit.unit.is_time else 0,
        spent=NOTHING if limit.unit.is_time else None,
        share=None,
        late_by=NOTHING,
        is_provisional=False,
        basis=Basis(limit, working_time, history, None, until),
    )


def _begun(
    limit: Limit, working_time: WorkingTime, history: History, start: datetime, until: datetime
) -> Reading:
    course = Course(limit.unit, working_time, start, Held(history.holds))
    due, extensions = _due(limit, course, history)
    reach = max(due or until, until)
    ran = tuple(takewhile(lambda one: one.begins < reach, running_spans(course)))
    warnings, share = _warnings(limit, ran, due, until)
    last = working_time.day_of(due or until)
    return Reading(
        state=_state(history),
        due_at=due and due.astimezone(working_time.zone),
        warnings={percent: at and at.astimezone(working_time.zone) for percent, at in warnings.items()},
        fired=_fired(warnings, until, has_ended=history.end is not None),
        spent_half_days=None if limit.unit.is_time else spent_halves(course, until),
        spent=running_time(ran, until) if limit.unit.is_time else None,
        share=share,
        late_by=max(until - due, NOTHING) if due else NOTHING,
        is_provisional=limit.unit is not Unit.MINUTES
        and not working_time.calendar.knows(working_time.day_of(start), last),
        basis=Basis(limit, working_time, history, course, until, extensions),
    )


def _state(history: History) -> State:
    if history.end:
        return ENDS[history.end.event.what]
    opened = {one.what for one in history.holds if one.ends is None}
    if What.PAUSE in opened:
        return State.PAUSED
    return State.OUTSIDE if opened else State.RUNNING


def _due(
    limit: Limit, course: Course, history: History
) -> tuple[datetime | None, tuple[tuple[Told, bool], ...]]:
    """When it is due, and each extension with whether it counts: approved, and asked strictly before it was
    due as that then stood. (A hold that began by then moves it: during one, nothing was due yet.)"""
    amount, extensions = limit.amount, []
    due = due_after(course, amount)
    for told in history.told:
        if told.event.what is not What.EXTEND:
            continue
        is_counted = told.event.approved is True and (due is None or told.at < due)
        extensions.append((told, is_counted))
        if is_counted:
            amount += told.event.amount
            due = due_after(course, amount)
    return due, tuple(extensions)


def _warnings(
    limit: Limit, ran: Sequence[Span], due: datetime | None, until: datetime
) -> tuple[dict[int, datetime | None], float | None]:
    """When each share of the running time from start to due is reached, and the share reached by now."""
    if due is None:
        return dict.fromkeys(limit.warn_percent), None
    total = running_time(ran, due)
    # Rounded up to the microsecond: by then it is reached.
    parts = {percent: -(-total * percent // 100) for percent in limit.warn_percent}
    return (
        {percent: moment_reached(ran, part) for percent, part in parts.items()},
        running_time(ran, until) / total,
    )


def _fired(warnings: Mapping[int, datetime | None], until: datetime, *, has_ended: bool) -> tuple[int, ...]:
    """Those whose time has come: by now, or strictly before the end."""
    return tuple(
        percent
        for percent, at in warnings.items()
        if at is not None and (at < until if has_ended else at <= until)
    )
