"""Reads the utility's own numbers, telephone numbers, counts, diameters and amounts of money.

A number that a sheet has spoilt is told apart from one that was written so: rounded (`1.38E+10`), without
its zeros, with more digits than a sheet keeps, turned into a date.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal

from backend.core.comparing.phones import phone_digits
from backend.core.installation import installed
from backend.imports.reading.cleaning import one_width, text_in
from backend.imports.reading.figures import figure
from backend.imports.reading.shapes import Cell, Field
from backend.imports.reading.wrong import Asking, Wrong, note

_EXPONENT = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,3})")
_ROUNDED = re.compile(r"\d\.\d+[eE]\+?\d{1,3}|\d[eE]\+\d{1,3}")
_POINT_ZERO = re.compile(r"(\d+)\.0+")
_GROUPED = re.compile(r"[\d ]+")
# Beyond these digits a sheet keeps zeros in their place.
_EXACT = 10**15
# A rounded number with all of its digits is none: fewer would be a coincidence.
_LEAST_WHOLE = 8

MOBILE = re.compile(r"1[3-9]\d{9}")
LANDLINE = re.compile(r"0(?:10|2\d)[2-8]\d{7}|0[3-9]\d{2}[2-8]\d{6,7}")
_WITHOUT_ZERO = re.compile(r"(?:10|2\d)[2-8]\d{7}|[3-9]\d{2}[2-8]\d{6,7}")
_LIKE_MOBILE = re.compile(r"1[3-9]\d{7,10}")
_BETWEEN_PHONES = re.compile(
    r"[/,;、，；|&\n]+|(?<=\d{5})\s+(?=1[3-9]\d{9}\b|0\d{2,3}-?\d{7,8}\b)|或|和|及"
    r"|\s(?:or|and|oder|und|y|o)\s",
    re.I,
)
# With the code of another country than China's, digits are not those of a number here.
_FROM_ABROAD = re.compile(r"(?:\+|00)(?!\s*\(?86)")
_LEAST_DIGITS, _MOST_DIGITS, _LEAST_WITH_AREA = 3, 20, 7

_DIAMETER = re.compile(r"(?:dn|de|φ|ф|ø|d|口径)?\s*(\d+(?:\.\d+)?)\s*(?:mm|毫米|㎜)?(?:\(.*\))?", re.I)
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
# Nominal bores of the trade's old units: 分 is an eighth of an inch, 寸 an inch.
_EIGHTHS = {
    2: 8,
    3: 10,
    4: 15,
    6: 20,
    8: 25,
    10: 32,
    12: 40,
    16: 50,
    20: 65,
    24: 80,
    32: 100,
    40: 125,
    48: 150,
    64: 200,
    80: 250,
    96: 300,
}
_TRADE = re.compile(r"(\d+)\s*分")
_INCHES = re.compile(r"(?:(\d+)[ -])?(\d+)(?:/(\d))?\s*(?:寸|吋|\"|''|in|inch|inches)")
_WHOLE = re.compile(r"(-?(?:\d{1,3}(?:,\d{3})+|\d+))(?:\.0+)?\s*[^\d.]{0,4}")
_MONEY = re.compile(
    r"(?:[￥¥$€£]|rmb|cny|usd|eur)?\s*(-?\d[\d.,' ’]*?)\s*(万)?\s*(?:元|块|圆|rmb|cny|usd|eur|euro|[$€£])?",
    re.I,
)


def number(field: Field, cell: Cell, asking: Asking) -> str:
    """A number that is a name: its digits and letters as text. Raises Wrong."""
    found = _own(field, cell, asking)
    digits = asking.answers.get(f"digits:{field.name}")
    if digits and found.isdigit() and len(found) < int(digits):
        return _with_zeros(field, found, int(digits), asking)
    if len(found) > field.most:
        raise Wrong("too_long", length=len(found), most=field.most)
    return found


def _own(field: Field, cell: Cell, asking: Asking) -> str:
    if isinstance(cell, date | datetime | time):
        raise Wrong("became_date")
    if isinstance(cell, float):
        if abs(cell) >= _EXACT:
            raise Wrong("digits_lost")
        if not cell.is_integer():
            raise Wrong("fraction")
    text = one_width(text_in(cell))
    if _ROUNDED.fullmatch(text):
        return _unrounded(field, text, asking)
    if whole := _POINT_ZERO.fullmatch(text):
        note(asking, field, "point_zero", number=whole[1])
        return whole[1]
    return text.replace(" ", "") if _GROUPED.fullmatch(text) else text


def _unrounded(field: Field, text: str, asking: Asking) -> str:
    """The number of `1.3812345678E+10`, which has all its digits. Raises Wrong for one that has not."""
    found = _EXPONENT.fullmatch(text)
    first, rest, exponent = (found[1], found[2] or "", int(found[3])) if found else ("", "", 0)
    if len(rest) != exponent or exponent + 1 < _LEAST_WHOLE:
        raise Wrong("rounded")
    note(asking, field, "unrounded", number=first + rest)
    return first + rest


def _with_zeros(field: Field, found: str, digits: int, asking: Asking) -> str:
    answer = asking.answers.get(f"zeros:{field.name}")
    if answer == "fill":
        note(asking, field, "zeros_put_back", number=found.zfill(digits))
        return found.zfill(digits)
    if answer == "keep":
        return found
    raise Wrong("zeros_lost", found.zfill(digits), digits=digits, found=len(found))


def phone(field: Field, cell: Cell, asking: Asking) -> str:
    """One or more telephone numbers as text, between slashes. Raises Wrong.

    What does not fit is left for the record's remark (`Asking.spare`).
    """
    if isinstance(cell, date | datetime | time):
        raise Wrong("became_date")
    pieces = _pieces(one_width(text_in(cell)), is_chinese=asking.answers.get("phones") == "cn")
    numbers = list(dict.fromkeys(_one_phone(field, piece.strip(), asking) for piece in pieces))
    if not numbers:
        raise Wrong("no_phone")
    kept = numbers[:1]
    for one in numbers[1:]:
        is_room = len("/".join([*kept, one])) <= field.most
        (kept if is_room else asking.spare).append(one)
    if len(kept[0]) > field.most:
        raise Wrong("too_long", length=len(kept[0]), most=field.most)
    return "/".join(kept)


def _pieces(text: str, *, is_chinese: bool) -> list[str]:
    """The numbers of a cell. Elsewhere a slash may stand behind an area: 030/1234567, 91/1234567."""
    found: list[str] = []
    for piece in filter(str.strip, _BETWEEN_PHONES.split(text)):
        before = re.sub(r"\D", "", found[-1]) if found else ""
        least = _LEAST_WITH_AREA if found and "/" in found[-1] else _LEAST_DIGITS
        if not is_chinese and 0 < len(before) < least:
            found[-1] = f"{found[-1].strip()}/{piece.strip()}"
        else:
            found.append(piece)
    return found


def _one_phone(field: Field, text: str, asking: Asking) -> str:
    if _ROUNDED.fullmatch(text):
        return _unrounded(field, text, asking)
    if whole := _POINT_ZERO.fullmatch(text):
        text = whole[1]
    digits = phone_digits(text)
    least = _LEAST_WITH_AREA if "/" in text else _LEAST_DIGITS
    if not least <= len(digits or re.sub(r"\D", "", text)) <= _MOST_DIGITS:
        raise Wrong("no_phone")
    if _FROM_ABROAD.match(text.lstrip("(")):
        return text
    if MOBILE.fullmatch(digits):
        return digits
    bare = text.replace("-", "").replace(" ", "")
    if asking.answers.get("phones") != "cn" or not bare.isdigit():
        return text
    if _WITHOUT_ZERO.fullmatch(bare):
        note(asking, field, "area_zero", number="0" + bare)
        return "0" + bare
    if _LIKE_MOBILE.fullmatch(bare) and len(bare) >= 9:
        raise Wrong("mobile_digits", digits=len(bare))
    return text


def whole(field: Field, cell: Cell, asking: Asking) -> int:
    """A count. Raises Wrong."""
    if isinstance(cell, date | datetime | time):
        raise Wrong("became_date")
    found = _WHOLE.fullmatch(one_width(text_in(cell)))
    if not found:
        raise Wrong("no_whole")
    return int(_within(field, int(found[1].replace(",", ""))))


def diameter(field: Field, cell: Cell, asking: Asking) -> int:
    """A meter's bore in millimetres: `DN15`, `15mm`, `4分`, `1/2"`. Raises Wrong.

    A figure alone is in millimetres, or in inches where the installation measures in those.
    """
    text = one_width(text_in(cell)).casefold()
    if installed().length_unit == "in" and _FIGURE.fullmatch(text):
        return _nominal(Decimal(text) * 8)
    if found := _DIAMETER.fullmatch(text):
        millimetres = Decimal(found[1])
        if millimetres != int(millimetres):
            raise Wrong("no_whole")
        return int(_within(field, int(millimetres)))
    if trade := _TRADE.fullmatch(text):
        eighths = int(trade[1])
    elif (inches := _INCHES.fullmatch(text)) and int(inches[3] or 1):
        eighths = 8 * int(inches[1] or 0) + 8 * int(inches[2]) // int(inches[3] or 1)
    else:
        raise Wrong("no_diameter")
    return _nominal(Decimal(eighths))


def _nominal(eighths: Decimal) -> int:
    if eighths not in _EIGHTHS:
        raise Wrong("no_diameter")
    return _EIGHTHS[int(eighths)]


def amount_fen(field: Field, cell: Cell, asking: Asking) -> int:
    """Money in the smallest unit of the installation's currency: `￥1,234.50`, `1.234,50 €`, `1.2万`.

    Raises Wrong.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value: Decimal | None = Decimal(repr(cell))
    else:
        found = _MONEY.fullmatch(one_width(text_in(cell)))
        value = figure(found[1], asking.answers.get(f"decimal:{field.name}")) if found else None
        if found and found[2] and value is not None:
            value *= 10_000
    if value is None or not value.is_finite():
        raise Wrong("no_amount")
    return int(_within(field, int((value * 10 ** installed().minor_digits).to_integral_value())))


def money_figure(text: str) -> str:
    """The figure of an amount as text, without its currency; empty where it is none."""
    found = _MONEY.fullmatch(one_width(text))
    return found[1] if found else ""


def _within(field: Field, value: int) -> int:
    least, most = field.least_value, field.most_value
    if (least is not None and value < least) or (most is not None and value > most):
        raise Wrong("out_of_range", least=_bound(least, "−∞"), most=_bound(most, "∞"))
    return value


def _bound(value: float | None, without: str) -> str:
    return without if value is None else f"{value:g}"
