"""A questionnaire's logic on the phone.

A person hears of a missing answer at the door and not a day later.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from math import isfinite
from typing import Any

from mobile_api_spec.expressions import holds

Values = dict[str, Any]
SATISFACTION = ("very_satisfied", "satisfied", "neutral", "dissatisfied", "very_dissatisfied")

# As `blanks` in vectors/forms.json lists them; Python's own `strip` takes others.
_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)
_NUMERAL = re.compile(r"[+-]?([0-9]{1,60}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,3})?")


def answer_of(row: Values, typed: str) -> str | int | float | None:
    """The answer that somebody typed.

    A number where the question asks for one and the number is exactly what stands there, else the text as it
    was typed; None for nothing.
    """
    if row["type"] not in ("integer", "decimal"):
        return typed or None
    text = unicodedata.normalize("NFKC", typed).strip(_BLANKS)
    if not _NUMERAL.fullmatch(text):
        return typed if text else None
    number = float(text)
    if not isfinite(number) or Decimal(repr(number)) != Decimal(text):
        return typed
    return int(number) if number.is_integer() and abs(number) <= 2**53 else number


def is_asked(row: Values, answers: Values) -> bool:
    """Whether a question is shown, given the answers so far."""
    return not row.get("relevant") or holds(row["relevant"], answers)


def faults(rows: list[Values], answers: Values) -> list[tuple[str, str]]:
    """(question, what is wrong): `required`, `not_asked`, `constraint` or `not_a_choice`."""
    return [(row["name"], code) for row in rows if (code := _fault(row, answers))]


def _fault(row: Values, answers: Values) -> str | None:
    value = answers.get(row["name"])
    if value is None:
        return (
            "required" if row.get("required") and row["type"] != "note" and is_asked(row, answers) else None
        )
    if not is_asked(row, answers):
        return "not_asked"
    if row.get("constraint") and not holds(row["constraint"], answers, value):
        return "constraint"
    return "not_a_choice" if row["type"] == "satisfaction" and value not in SATISFACTION else None
