"""A crew's hours: its shift, which may pass midnight, and the break inside it."""

from __future__ import annotations

from typing import NamedTuple

DAY = 24 * 60
FIELDS = ("shift_start", "shift_end", "break_from", "break_until", "break_minutes")


class Odd(NamedTuple):
    """What is wrong with a break: at which field, a code, the sentences, and whether no such break can be
    kept at all."""

    field: str
    code: str
    zh: str
    en: str
    is_lost: bool = True


_HALF = (
    "休息要写全：最早开始、最晚开始和时长；没有休息就都留空",
    "a break needs its earliest and latest beginning and how long; leave all three empty for none",
)
_UNTIL_ALONE = (
    "休息只写了最晚开始：补上最早开始和时长，或都留空",
    "a break with a latest beginning alone needs its earliest and how long; leave all three empty for none",
)
_OUTSIDE = (
    "休息不在班次内：改成上班以后、下班以前的时间",
    "the break begins outside the shift: give a time between its start and its end",
)
_REVERSED = (
    "最晚开始早于最早开始：改正其中一个",
    "the latest beginning is before the earliest: correct one of them",
)
_TOO_LONG = (
    "休息到下班还结束不了：改短时长，或提早开始",
    "the break does not end before the shift does: shorten it, or let it begin earlier",
)
_LATE = (
    "从最晚开始算，休息到下班还结束不了：提早最晚开始",
    "a break that begins so late does not end before the shift does: let the latest be earlier",
)


def odd_break(
    shift_start: str, shift_end: str, first: str | None, last: str | None, minutes: int | None
) -> list[Odd]:
    """What is wrong with a crew's break, at each field; nothing where it has none."""
    given = {"break_from": first, "break_until": last, "break_minutes": minutes}
    if minutes == 0 or all(one is None for one in given.values()):
        return []
    if first is None or last is None or minutes is None:
        # Each with its own sentence: a schema can say one such case, not either of two.
        said = {"break_minutes": _HALF if first else _UNTIL_ALONE}
        return [Odd(name, "required", *said.get(name, _HALF)) for name, one in given.items() if one is None]
    length = (minute_of(shift_end) - minute_of(shift_start)) % DAY or DAY
    begins, latest = ((minute_of(one) - minute_of(shift_start)) % DAY for one in (first, last))
    found = []
    if begins >= length:
        found.append(Odd("break_from", "outside_shift", *_OUTSIDE))
    if latest >= length:
        found.append(Odd("break_until", "outside_shift", *_OUTSIDE, is_lost=begins > latest))
    elif latest < begins < length:
        found.append(Odd("break_until", "before_start", *_REVERSED))
    if begins < length < begins + minutes:
        found.append(Odd("break_minutes", "too_long", *_TOO_LONG))
    if not found and latest + minutes > length:
        found.append(Odd("break_until", "too_late", *_LATE, is_lost=False))
    return found


def minute_of(text: str) -> int:
    """A time of day, `08:30`, in minutes."""
    return int(text[:2]) * 60 + int(text[3:])
