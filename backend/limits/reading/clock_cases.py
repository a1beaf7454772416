"""Reads a case of a limit as an auditor writes it down; says what its clock says, under the same names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

from backend.core.sentences import fault
from backend.limits.clock.days import Calendar
from backend.limits.clock.hours import Hours, HoursDisordered, HoursRefused
from backend.limits.clock.limits import MOVED, Event, Limit, Unit, What
from backend.limits.clock.reading import MINUTE, NoMoment, Reading, read
from backend.limits.clock.working_time import WorkingTime
from backend.limits.reading.fields import FIRST_YEAR, LAST_YEAR, Fields, Refused

# Far above every limit that anybody sets, and little enough to walk through day by day.
MOST = {unit: 1_000_000 if unit.is_time else 10_000 for unit in Unit}
MOST_EVENTS, MOST_ROUND, MOST_YEARS = 1_000, 1_000, 200
# An event without one is no event for which that is asked.
DECIDED = frozenset({What.PAUSE, What.EXTEND})


class Grade(StrEnum):
    """How far an event's own time is trusted."""

    PROVEN = "proven"
    CLAIMED = "claimed"
    MOVED = MOVED


class Asked(NamedTuple):
    """What a case gives to be read, checked; no moment where the clock has ended."""

    limit: Limit
    working_time: WorkingTime
    events: Sequence[Event]
    now: datetime | None
    round_no: int = 1

    def reading(self) -> Reading:
        """What the clock says; `Refused` where it runs and no moment is given."""
        try:
            return read(self.limit, self.working_time, self.events, self.now, round_no=self.round_no)
        except NoMoment as error:
            raise Refused(fault("now", "limits.no_now")) from error


def asked_in(case: Fields, known: Calendar) -> Asked:
    """What a case asks; `known` are the days of the years that are published anyway. Raises `Refused`."""
    limit = limit_in(case.inner("limit"))
    hours = hours_in(case.inner("hours"))
    calendar = calendar_in(case, known)
    events = events_in(case, limit)
    round_no = case.whole("round", 1, MOST_ROUND) if case.has("round") else 1
    now = case.time("now") if case.has("now") else None
    working_time = WorkingTime(hours, calendar, _zone(events, round_no, now))
    return Asked(limit, working_time, events, now, round_no)


def answer(reading: Reading) -> dict[str, Any]:
    """A reading under the names of the form; times as text, in the zone of the case."""
    found: dict[str, Any] = {
        "due_at": written(reading.due_at),
        "state": reading.state.value,
        "warnings": {str(percent): written(at) for percent, at in reading.warnings.items()},
        "warnings_fired": list(reading.fired),
    }
    if reading.spent is None:
        found |= {"spent_half_days": reading.spent_half_days}
    else:
        found |= {"spent_minutes": reading.spent // MINUTE, "spent_seconds": seconds(reading.spent)}
    return found | {
        "is_late": reading.is_late,
        "late_by_minutes": reading.late_by_minutes,
        "late_by_seconds": seconds(reading.late_by),
        "provisional": reading.is_provisional,
    }


def written(moment: datetime | None) -> str | None:
    """A time as text, with its offset."""
    return None if moment is None else moment.isoformat()


def seconds(time_spent: Any) -> int | float:
    """Exactly: whole where they are."""
    found: float = time_spent.total_seconds()
    return int(found) if found.is_integer() else found


def limit_in(fields: Fields) -> Limit:
    """The limit: amount, unit, warn_percent (where it says none, those of every limit)."""
    unit = fields.word("unit", Unit)
    limit = Limit(fields.whole("amount", 1, MOST[unit]), unit)
    if not fields.has("warn_percent"):
        return limit
    return replace(limit, warn_percent=fields.wholes("warn_percent", 1, 100))


def hours_in(fields: Fields) -> Hours:
    """Office hours: am and pm, each an opening and a closing."""
    try:
        return Hours(_pair(fields, "am"), _pair(fields, "pm"))
    except HoursRefused as error:
        raise Refused(fault(fields.path, "limits.hours_refused")) from error
    except HoursDisordered as error:
        raise Refused(fault(fields.path, "limits.hours_disordered")) from error


def _pair(fields: Fields, name: str) -> tuple[time, time]:
    found = fields.value(name)
    try:
        opens, closes = map(time.fromisoformat, found)
    except (TypeError, ValueError) as error:
        raise Refused(fault(fields.at(name), "limits.not_hours")) from error
    if opens.tzinfo or closes.tzinfo:
        raise Refused(fault(fields.at(name), "limits.not_hours"))
    return opens, closes


def calendar_in(case: Fields, known: Calendar) -> Calendar:
    """The known days with what the case adds: years that it takes as published, days that it edits."""
    if not case.has("calendar"):
        return known
    fields, calendar, years = case.inner("calendar"), known, set[int]()
    for one in fields.inners("published", MOST_YEARS) if fields.has("published") else ():
        year = one.whole("year", FIRST_YEAR, LAST_YEAR)
        if year in years:
            raise Refused(fault(one.at("year"), "limits.twice"))
        years.add(year)
        calendar = calendar.publishing(year, _special(one, year), {})
    return calendar.edited(_edits(fields.inner("edits")) if fields.has("edits") else {})


def _special(fields: Fields, year: int) -> Mapping[date, bool]:
    """The days of a year that are not what their weekday says; no day is both free and worked."""
    found: dict[date, bool] = {}
    for name, is_working in (("off", False), ("work", True)):
        for n, text in enumerate(fields.listed(name) if fields.has(name) else ()):
            day = fields.day(f"{name}.{n}", text)
            if day.year != year:
                raise Refused(fault(fields.at(f"{name}.{n}"), "limits.other_year"))
            if day in found:
                raise Refused(fault(fields.at(f"{name}.{n}"), "limits.twice"))
            found[day] = is_working
    return found


def _edits(fields: Fields) -> Mapping[date, bool]:
    found = {}
    for text, works in fields.values.items():
        if works not in (0, 1):
            raise Refused(fault(fields.at(text), "limits.not_working"))
        found[fields.day(text, text)] = bool(works)
    return found


def events_in(case: Fields, limit: Limit) -> Sequence[Event]:
    """The events of a case, checked one by one and against one another: each round is a clock of its own."""
    found: dict[tuple[int, str], Event] = {}
    for fields in case.inners("events", MOST_EVENTS):
        event = _event(fields, limit)
        if (event.round_no, event.id) in found:
            raise Refused(fault(fields.at("id"), "limits.twice"))
        found[event.round_no, event.id] = event
    amount = limit.amount + sum(one.amount for one in found.values())
    if amount > MOST[limit.unit]:
        raise Refused(fault("events", "limits.too_long", amount=amount, most=MOST[limit.unit]))
    for place, event in enumerate(found.values()):
        if event.what is What.RESUME:
            _check_resume(f"events.{place}", event, found.get((event.round_no, event.of)))
    return list(found.values())


def _event(fields: Fields, limit: Limit) -> Event:
    what = fields.word("what", What)
    grade = fields.word("grade", Grade) if fields.has("grade") else Grade.PROVEN
    received_at = fields.time("received_at") if fields.has("received_at") else None
    if grade is Grade.MOVED and received_at is None:
        raise Refused(fault(fields.at("received_at"), "limits.no_receipt"))
    return Event(
        id=fields.text("id"),
        what=what,
        at=fields.time("at"),
        received_at=received_at,
        grade=grade.value,
        round_no=fields.whole("round", 1, MOST_ROUND) if fields.has("round") else 1,
        of=fields.text("of") if what is What.RESUME else "",
        amount=fields.whole("amount", 1, MOST[limit.unit]) if what is What.EXTEND else 0,
        approved=fields.decision("approved") if what in DECIDED else None,
        why=fields.note("why"),
        by=fields.note("by"),
    )


def _check_resume(path: str, resume: Event, pause: Event | None) -> None:
    """It ends a pause that is there, not before that begins: only a moved clock may make it look so."""
    if pause is None or pause.what is not What.PAUSE:
        raise Refused(fault(f"{path}.of", "limits.no_such_pause"))
    if resume.at < pause.at and MOVED not in (resume.grade, pause.grade):
        raise Refused(fault(f"{path}.at", "limits.pause_backwards"))


def _zone(events: Sequence[Event], round_no: int, now: datetime | None) -> tzinfo:
    """The offset of a case: that of its start's time, else of the reading's, else of its first event's."""
    ordered = list(_in_order(events))
    started = [one.at for one in ordered if one.round_no == round_no and one.what is What.START]
    said = [*started[:1], *([now] if now else []), *(one.at for one in ordered)]
    if not said:
        raise Refused(fault("now", "limits.no_now"))
    return place_of(said)


def place_of(said: Sequence[datetime]) -> tzinfo:
    """The offset by whose clock offices are open: the first that is said. UTC (`Z`) is how a machine writes
    any place's time, and is taken only where no other is said."""
    found = next((one for one in said if one.utcoffset()), said[0]).tzinfo
    assert found is not None  # as `Fields.time` takes them
    return found


def _in_order(events: Sequence[Event]) -> Iterator[Event]:
    return iter(sorted(events, key=lambda one: (one.counted_at(), one.id)))
