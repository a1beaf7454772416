"""Explains a reading line by line, in both languages: every stretch of time, every decision, the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from backend.core.sentences import Words, sentence
from backend.limits.clock.history import Told
from backend.limits.clock.limits import MOVED, State, Unit, What
from backend.limits.clock.reading import MINUTE, Reading
from backend.limits.clock.spans import Kind, Stretch, stretches
from backend.limits.clock.wording import UNSAID, amount_words, moment_words, nth_words, shown, when_words


class Line(NamedTuple):
    """A line of an explanation: what it is about, since and until when (None where it is no stretch of time),
    and its sentence."""

    about: str
    begins: datetime | None
    ends: datetime | None
    words: Words


def explain(reading: Reading) -> list[Line]:
    """The limit, then everything in the order of time, then what comes of it. Times are in the zone of the
    working time."""
    stretched = _stretch_lines(reading, stretches(reading))
    decided = _decisions(reading)
    in_order = sorted((*decided, *stretched), key=_begins)
    return [_limit_line(reading), *_start_lines(reading), *in_order, *_result_lines(reading)]


def _begins(line: Line) -> datetime:
    assert line.begins is not None
    # Times of one zone are compared by its clock, which shows an hour twice when it goes back.
    return line.begins.astimezone(UTC)


def _limit_line(reading: Reading) -> Line:
    limit = reading.basis.limit
    amount = amount_words(limit.unit, limit.amount)
    source = [one for one in (limit.code, limit.edition, limit.clause) if one]
    if source:
        return Line("limit", None, None, sentence("limits.limit_by", amount=amount, source=source))
    return Line("limit", None, None, sentence("limits.limit", amount=amount))


def _start_lines(reading: Reading) -> Iterator[Line]:
    course = reading.basis.course
    if course is None:
        has_ended = reading.basis.history.end is not None
        words = sentence("limits.ended_before") if has_ended else sentence("limits.not_begun")
        yield Line("start", None, None, words)
        return
    at = moment_words(course.start, course.working_time.zone)
    start = course.start.astimezone(course.working_time.zone)
    if course.unit.is_time:
        words = sentence("limits.started", at=at)
    elif course.unit is Unit.HALF_DAYS:
        words = sentence("limits.started_half", at=at)
    else:
        words = sentence("limits.started_day", at=at)
    yield Line("start", start, None, words)


def _stretch_lines(reading: Reading, all_of_it: Sequence[Stretch]) -> Iterator[Line]:
    """A line for each; one begins where the other ends, so every moment is looked at once."""
    zone = reading.basis.working_time.zone
    first = shown(all_of_it[0].begins, zone) if all_of_it else None
    for one in all_of_it:
        last = shown(one.ends, zone)
        assert first is not None
        when = when_words(first, last)
        words = _counted(reading, one, when) if one.kind is Kind.COUNTED else _not_counted(reading, one, when)
        yield Line(one.kind.value, first.local, last.local, words)
        first = last


def _counted(reading: Reading, one: Stretch, when: Words) -> Words:
    if not one.nth:
        if one.is_swapped:
            return sentence("limits.counted_swapped", when=when)
        return sentence("limits.counted", when=when)
    nth = nth_words(reading.basis.limit.unit, one.nth)
    if one.is_swapped:
        return sentence("limits.counted_swapped_nth", when=when, nth=nth)
    return sentence("limits.counted_nth", when=when, nth=nth)


def _not_counted(reading: Reading, one: Stretch, when: Words) -> Words:
    if one.hold is not None:
        why, by = one.hold.event.why or UNSAID, one.hold.event.by or UNSAID
        if one.kind is Kind.PAUSE:
            return sentence("limits.pause", when=when, why=why, by=by)
        return sentence("limits.outside", when=when, why=why)
    if one.nth:
        return sentence("limits.free_nth", when=when, nth=nth_words(reading.basis.limit.unit, one.nth))
    if one.kind is Kind.NOON:
        return sentence("limits.noon", when=when)
    if one.kind is Kind.NIGHT:
        return sentence("limits.night", when=when)
    if one.kind is Kind.WEEKEND:
        return sentence("limits.weekend", when=when)
    if one.names:
        return sentence("limits.holiday_named", when=when, names=one.names)
    return sentence("limits.holiday", when=when)


def _decisions(reading: Reading) -> Iterator[Line]:
    """Events that did not become a stretch of time, and what counts from another time than its own."""
    zone = reading.basis.working_time.zone
    counted = dict(reading.basis.extensions)
    empty = {one.event.id for one in reading.basis.history.holds if one.begins == one.ends}
    for told in reading.basis.history.told:
        at, moment = moment_words(told.at, zone), told.at.astimezone(zone)
        if told.event.grade == MOVED:
            yield Line("by_receipt", moment, None, sentence("limits.by_receipt", at=at))
        if told in counted:
            yield Line("extension", moment, None, _extension(reading, told, at, is_counted=counted[told]))
        elif told.event.what is What.PAUSE and told.event.approved is not True:
            yield Line("no_pause", moment, None, _no_pause(told, at))
        elif told.id in empty:
            yield Line("no_pause", moment, None, sentence("limits.pause_empty", at=at))


def _extension(reading: Reading, told: Told, at: Words, *, is_counted: bool) -> Words:
    by = told.event.by or UNSAID
    if is_counted:
        amount, why = amount_words(reading.basis.limit.unit, told.event.amount), told.event.why or UNSAID
        return sentence("limits.extended", at=at, amount=amount, why=why, by=by)
    if told.event.approved:
        return sentence("limits.extension_late", at=at)
    if told.event.approved is None:
        return sentence("limits.extension_undecided", at=at, by=by)
    return sentence("limits.extension_refused", at=at, by=by)


def _no_pause(told: Told, at: Words) -> Words:
    by = told.event.by or UNSAID
    if told.event.approved is None:
        return sentence("limits.pause_undecided", at=at, by=by)
    return sentence("limits.pause_refused", at=at, by=by)


def _result_lines(reading: Reading) -> Iterator[Line]:
    zone, course = reading.basis.working_time.zone, reading.basis.course
    if course is None:
        return
    if reading.due_at is None:
        yield Line("due", None, None, sentence("limits.nothing_due"))
    else:
        at = moment_words(reading.due_at, zone)
        yield Line("due", reading.due_at, None, sentence("limits.due", at=at))
    yield from _warning_lines(reading)
    yield _end_line(reading)
    yield Line("spent", None, None, _spent(reading))
    late = sentence("limits.late", minutes=reading.late_by_minutes) if reading.is_late else None
    yield Line("late", None, None, late or sentence("limits.in_time"))
    if reading.is_provisional:
        yield Line("provisional", None, None, sentence("limits.provisional"))


def _warning_lines(reading: Reading) -> Iterator[Line]:
    has_ended = reading.basis.history.end is not None
    for percent, moment in reading.warnings.items():
        if moment is None:
            continue
        at = moment_words(moment, reading.basis.working_time.zone)
        if percent in reading.fired:
            words = sentence("limits.warned", at=at, percent=percent)
        elif has_ended:
            words = sentence("limits.no_more_warning", at=at, percent=percent)
        else:
            words = sentence("limits.to_warn", at=at, percent=percent)
        yield Line("warning", moment, None, words)


def _end_line(reading: Reading) -> Line:
    zone = reading.basis.working_time.zone
    at, moment = moment_words(reading.basis.until, zone), reading.basis.until.astimezone(zone)
    if reading.state is State.FINISHED:
        return Line("finished", moment, None, sentence("limits.finished", at=at))
    if reading.state is State.CANCELLED:
        return Line("cancelled", moment, None, sentence("limits.cancelled", at=at))
    return Line("read_at", moment, None, sentence("limits.read_at", at=at))


def _spent(reading: Reading) -> Words:
    if reading.spent is not None:
        return sentence("limits.spent_minutes", count=reading.spent // MINUTE)
    halves = reading.spent_half_days or 0
    return sentence("limits.spent_halves", halves=halves, days=halves / 2)
