"""Reads a 211 connection (two halves of a day, one form, one visit less): its counting steps on one clock,
which stands still while others build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from backend.core.sentences import fault
from backend.limits.clock.days import Calendar
from backend.limits.clock.limits import Event, Limit, Unit, What
from backend.limits.clock.reading import Reading
from backend.limits.clock.working_time import WorkingTime
from backend.limits.reading.clock_cases import (
    Asked,
    calendar_in,
    hours_in,
    limit_in,
    place_of,
    seconds,
    written,
)
from backend.limits.reading.fields import Fields, Refused

FIRST, LAST = "accept_and_plan", "open_tap"
MOST_STEPS, MOST_COUNT = 1_000, 1_000_000


class Step(NamedTuple):
    """A step of a connection; None while it is not done."""

    code: str
    is_counting: bool
    began_at: datetime
    done_at: datetime | None


def connection_of(case: Fields, known: Calendar) -> dict[str, Any]:
    """What the clock of a connection says, each counting step as a clock of its own, and the verdict: red if
    it took more halves than its limit has, or is late. Raises `Refused`."""
    limit, hours = limit_in(case.inner("limit")), hours_in(case.inner("hours"))
    calendar = calendar_in(case, known)
    trips, asked = (case.whole(name, 0, MOST_COUNT) for name in ("trips", "materials_asked"))
    now = case.time("now") if case.has("now") else None
    steps = _steps(case)
    begun = next((one for one in steps if one.code == FIRST), None)
    if begun is None:
        raise Refused(fault("steps", "limits.no_such_step", step=FIRST))
    said = [begun.began_at, *([now] if now else []), *_times(steps)]
    working_time = WorkingTime(hours, calendar, place_of(said))
    halves = Limit(limit.amount, limit.unit if not limit.unit.is_time else Unit.HALF_DAYS, ())
    reading = Asked(limit, working_time, *_one_clock(steps, begun, now)).reading()
    return {
        "stages": list(_stages(steps, halves, working_time, now)),
        **_verdict(reading, limit),
        "zero_trip": trips == 0,
        "zero_material": asked == 0,
    }


def _steps(case: Fields) -> Sequence[Step]:
    found: dict[str, Step] = {}
    for fields in case.inners("steps", MOST_STEPS):
        began = fields.time("began_at")
        done = fields.time("done_at") if fields.has("done_at") else None
        if done is not None and done < began:
            raise Refused(fault(fields.at("done_at"), "limits.step_backwards"))
        step = Step(fields.text("code"), fields.flag("counts"), began, done)
        if step.code in found:
            raise Refused(fault(fields.at("code"), "limits.twice"))
        found[step.code] = step
    return list(found.values())


def _times(steps: Sequence[Step]) -> Iterator[datetime]:
    return (at for one in steps for at in (one.began_at, one.done_at) if at)


def _one_clock(
    steps: Sequence[Step], first: Step, now: datetime | None
) -> tuple[Sequence[Event], datetime | None]:
    """It starts with the acceptance, is outside from its end until the tap begins to be opened, and ends when
    that is open. With the moment of the reading: where none is given, the last thing that happened, if it is
    outside since then."""
    last = next((one for one in steps if one.code == LAST), None)
    events = [Event("1", What.START, first.began_at)]
    done = first.done_at
    if done is not None and (last is None or done < last.began_at):
        events.append(Event("2", What.LEAVE_COUNTING, done))
        if last is not None:
            events.append(Event("3", What.ENTER_COUNTING, last.began_at))
    if last is not None and last.done_at is not None:
        events.append(Event("4", What.FINISH, last.done_at))
    if now is None and last is None and done is not None:
        now = max(one.done_at or one.began_at for one in steps)
    return events, now


def _stages(
    steps: Sequence[Step], limit: Limit, working_time: WorkingTime, now: datetime | None
) -> Iterator[Mapping[str, Any]]:
    """What each counting step took by itself, up to the reading where it is not done."""
    for step in steps:
        if not step.is_counting:
            continue
        events = [Event("1", What.START, step.began_at)]
        if step.done_at is not None:
            events.append(Event("2", What.FINISH, step.done_at))
        spent = Asked(limit, working_time, events, now).reading().spent_half_days or 0
        yield {"code": step.code, "half_days": spent, "working_days": spent / 2}


def _verdict(reading: Reading, limit: Limit) -> Mapping[str, Any]:
    halves = reading.spent_half_days or 0
    most = limit.amount if limit.unit is Unit.HALF_DAYS else 2 * limit.amount
    return {
        "half_days": halves,
        "working_days": halves / 2,
        "state": reading.state.value,
        "due_at": written(reading.due_at),
        "is_late": reading.is_late,
        "late_by_seconds": seconds(reading.late_by),
        "verdict": "red" if halves > most or reading.is_late else "green",
    }
