"""Reads days, moments and times of day: a sheet's own, its serial numbers, and text in many forms.

`5/1/2023` may be January or May: which is asked of the column (`date_order`), not guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.core.comparing.numerals import with_digits
from backend.imports.reading.cleaning import one_width, text_in
from backend.imports.reading.shapes import Cell, Field
from backend.imports.reading.wrong import Asking, Wrong
from sync.change import moment_text

# Day 0 of a sheet, because Excel counts a 29 February 1900; and the serials of the years 1927 to 2119.
_FIRST, _SERIALS = datetime.combine(date(1899, 12, 30), time()), (10_000, 80_500)
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_YEAR_FIRST = re.compile(r"(\d{4}|\d{2}(?=年))\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{1,2}")
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ONLY_MONTH = re.compile(r"\d{4}\s*[-./年]\s*\d{1,2}\s*月?|\d{4}年?")
# English, German, Spanish: in full and as they are cut.
_MONTHS = (
    "january jan januar jänner enero ene", "february feb februar febrero", "march mar märz mär mrz marzo",
    "april apr abril abr", "may mai mayo", "june jun juni junio", "july jul juli julio",
    "august aug agosto ago", "september sep sept septiembre setiembre set", "october oct oktober okt octubre",
    "november nov noviembre", "december dec dezember dez diciembre dic",
)  # fmt: skip
_MONTH_NAMES = {name: n for n, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAMED = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.|º|o)?(?: de |[ -])\s*([^\W\d_]+)\.?(?: del? |[ ,'-]+)(\d{4}|\d{2})"
    r"|([^\W\d_]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? '?(\d{4}|\d{2})"
)
_CLOCK = re.compile(
    r"(上午|下午|晚上|中午|凌晨|早上)?\s*(\d{1,2})\s*[:：点时]\s*(\d{1,2})?\s*"
    r"(?:[:：分]\s*(\d{1,2})?(?:\.\d+)?\s*秒?)?\s*(?:uhr|h)?\s*([ap]\.?\s?m\.?)?"
)
_COMPACT = re.compile(r"([01]\d|2[0-3])([0-5]\d)")
_AFTERNOON = frozenset({"下午", "晚上", "pm"})
_SPLIT = re.compile(
    r"(?<=[\d日号])(?:\s+|t)(?=[上下晚中凌早]|\d(?!\d{3}$))|(?<=[日号])(?=[上下晚中凌早\d])|(?<=\d{4}) (?=\d{1,2}:)"
)
_MINUTE = timedelta(seconds=30)


def day(field: Field, cell: Cell, asking: Asking) -> str:
    """A day as `2023-05-01`. Raises Wrong."""
    if isinstance(cell, datetime):
        return _sound(cell.date()).isoformat()
    if isinstance(cell, date):
        return _sound(cell).isoformat()
    if isinstance(cell, time | bool):
        raise Wrong("no_date")
    serial = _serial(cell)
    if serial is not None:
        return serial.date().isoformat()
    text = _form(cell)
    return _day_in(field, _SPLIT.split(text, maxsplit=1)[0], asking).isoformat()


def moment(field: Field, cell: Cell, asking: Asking) -> str:
    """A moment as UTC text; without a zone it is of the installation's. Raises Wrong."""
    if isinstance(cell, datetime):
        return _in_zone(cell, asking)
    if isinstance(cell, date):
        return _in_zone(datetime.combine(cell, time()), asking)
    if isinstance(cell, time | bool):
        raise Wrong("no_date")
    serial = _serial(cell)
    if serial is not None:
        return _in_zone(serial, asking)
    text = _form(cell)
    if re.search(r"(?:z|[+-]\d{2}:?\d{2})$", text) and "t" in text:
        try:
            return moment_text(datetime.fromisoformat(text.upper()))
        except ValueError as error:
            raise Wrong("no_date") from error
    parts = _SPLIT.split(text, maxsplit=1)
    at = _time_in(parts[1]) if len(parts) > 1 else time()
    return _in_zone(datetime.combine(_day_in(field, parts[0], asking), at), asking)


def clock(field: Field, cell: Cell, asking: Asking) -> str:
    """A time of day as `08:30`. Raises Wrong."""
    if isinstance(cell, time):
        return f"{cell:%H:%M}"
    if isinstance(cell, datetime):
        return f"{cell:%H:%M}"
    if isinstance(cell, float | int) and not isinstance(cell, bool) and 0 <= cell < 1:
        return f"{_FIRST + timedelta(days=cell) + _MINUTE:%H:%M}"
    text = _form(cell)
    if compact := _COMPACT.fullmatch(text.zfill(4) if text.isdigit() else text):
        return f"{compact[1]}:{compact[2]}"
    return f"{_time_in(text):%H:%M}"


def order_of(text: str) -> tuple[int, int] | None:
    """The two numbers of a day with its year at the end, as they stand; None for another form."""
    found = _YEAR_LAST.fullmatch(_SPLIT.split(_form(text), maxsplit=1)[0])
    return (int(found[1]), int(found[2])) if found else None


def _form(cell: Cell) -> str:
    text = with_digits(one_width(text_in(cell)).casefold())
    return re.sub(r"(?:星期|周)[一二三四五六日天\d]|\((?:mon|tue|wed|thu|fri|sat|sun)\)", "", text).strip()


def _serial(cell: Cell) -> datetime | None:
    """The moment of a sheet's serial number, also written as text."""
    if isinstance(cell, str):
        text = one_width(cell)
        if not re.fullmatch(r"\d{5}(?:\.\d+)?", text):
            return None
        cell = float(text)
    if not isinstance(cell, float | int) or not _SERIALS[0] <= cell <= _SERIALS[1]:
        return None
    found = _FIRST + timedelta(days=float(cell))
    return (found + timedelta(milliseconds=500)).replace(microsecond=0)


def _day_in(field: Field, text: str, asking: Asking) -> date:
    text = text.strip().strip(".。,")
    if found := _DIGITS.fullmatch(text) or _YEAR_FIRST.fullmatch(text):
        return _made(_full_year(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.fullmatch(text):
        return _by_order(field, int(found[1]), int(found[2]), int(found[3]), asking)
    if found := _NAMED.fullmatch(text):
        numbered, name, year = found[1] or found[5], found[2] or found[4], found[3] or found[6]
        if name in _MONTH_NAMES and len(year) < 4:
            raise Wrong("short_year")
        if name in _MONTH_NAMES:
            return _made(int(year), _MONTH_NAMES[name], int(numbered))
    if _ONLY_MONTH.fullmatch(text):
        raise Wrong("only_month")
    if _SHORT_YEAR.fullmatch(text):
        raise Wrong("short_year")
    raise Wrong("no_date")


def _by_order(field: Field, first: int, second: int, year: int, asking: Asking) -> date:
    if first > 12 or second > 12 or first == second:
        return _made(year, second, first) if first > 12 else _made(year, first, second)
    order = asking.answers.get(f"date_order:{field.name}")
    if order is None:
        mdy, dmy = (f"{year}-{month:02}-{of:02}" for month, of in ((first, second), (second, first)))
        raise Wrong("which_day", mdy=mdy, dmy=dmy)
    return _made(year, first, second) if order == "mdy" else _made(year, second, first)


def _full_year(text: str) -> int:
    """Two digits are of this century, or of the last where this one has not come there yet."""
    year = int(text)
    if len(text) > 2:
        return year
    return 2000 + year if 2000 + year <= datetime.now(UTC).year + 10 else 1900 + year


def _made(year: int, month: int, of: int) -> date:
    try:
        return _sound(date(year, month, of))
    except ValueError as error:
        raise Wrong("no_such_day") from error


def _sound(found: date) -> date:
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Wrong("no_such_day")
    return found


def _time_in(text: str) -> time:
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise Wrong("no_time")
    hour, minute, second = int(found[2]), int(found[3] or 0), int(found[4] or 0)
    half = re.sub(r"[. ]", "", found[5] or "")
    if {found[1], half} & _AFTERNOON and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    try:
        return time(hour, minute, second)
    except ValueError as error:
        raise Wrong("no_time") from error


def _in_zone(at: datetime, asking: Asking) -> str:
    _sound(at.date())
    return moment_text(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(asking.zone)))
