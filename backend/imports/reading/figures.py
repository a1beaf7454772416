"""Reads figures as text has them: `1,234.50` and `1.234,50`, by the column where one value does not tell.

`12,50` can only be a decimal comma and `1,234,567` only groups; `1.234` may be either, which the column's
other values say, or people (`decimal:FIELD` is `comma` or `point`).
"""

from __future__ import annotations

import re
from decimal import Decimal

from backend.imports.reading.cleaning import one_width
from backend.imports.reading.wrong import Wrong

COMMA, POINT = "comma", "point"
_FIGURE = re.compile(r"-?\d[\d.,]*")
# Between groups some write a blank or an apostrophe: 1 234,50 and 1'234.50.
_LOOSE = re.compile(r"(?<=\d)[ '’](?=\d{3}(?!\d))")
_SIGNS = re.compile(r"[.,]")
# Thousands, and India's lakhs.
_GROUPS = re.compile(r"-?\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}")
# What stands before a group has at most so many digits.
_MOST_LEADING = 3


def figure(text: str, decimal: str | None) -> Decimal | None:
    """The figure that a text is, None where it is none. Raises Wrong where it may be two."""
    text = _LOOSE.sub("", one_width(text))
    if not _FIGURE.fullmatch(text) or text[-1] in ".,":
        return None
    sign = _decimal_sign(text, decimal)
    whole, _, rest = text.partition(sign) if sign else (text, "", "")
    if _SIGNS.search(rest) or (_SIGNS.search(whole) and not _GROUPS.fullmatch(whole)):
        return None
    return Decimal(_SIGNS.sub("", whole) + (f".{rest}" if rest else ""))


def tells(text: str) -> str:
    """Which sign divides decimals by this text alone: `comma`, `point`, `either`, or nothing."""
    text = _LOOSE.sub("", one_width(text))
    signs = _SIGNS.findall(text)
    if not signs or not _FIGURE.fullmatch(text) or text[-1] in ".,":
        return ""
    last = COMMA if signs[-1] == "," else POINT
    other = POINT if last == COMMA else COMMA
    if len(set(signs)) > 1:
        return last
    if len(signs) > 1:
        return other
    return "either" if _is_either(text, signs[0]) else last


def _decimal_sign(text: str, decimal: str | None) -> str:
    """The sign before the decimals, none where all are groups."""
    told = tells(text)
    if told == "either":
        # A comma before three digits was always read as one between groups.
        if decimal is None and "." in text:
            raise Wrong("which_figure", comma=text.replace(".", ""), point=text)
        told = decimal or POINT
    sign = "," if told == COMMA else "."
    return sign if told and sign in text else ""


def _is_either(text: str, sign: str) -> bool:
    leading, _, behind = text.lstrip("-").partition(sign)
    return len(behind) == 3 and len(leading) <= _MOST_LEADING and not leading.startswith("0")
