"""A questionnaire's logic on the phone, so that a person hears of a missing answer at the door and not a day later."""

from __future__ import annotations

from typing import Any

from mobile_api_spec.expressions import holds

Values = dict[str, Any]
SATISFACTION = ("very_satisfied", "satisfied", "neutral", "dissatisfied", "very_dissatisfied")


def is_asked(row: Values, answers: Values) -> bool:
    """Whether a question is shown, given the answers so far."""
    return not row.get("relevant") or holds(row["relevant"], answers)


def faults(rows: list[Values], answers: Values) -> list[tuple[str, str]]:
    """(question, what is wrong): `required`, `not_asked`, `constraint` or `not_a_choice`."""
    return [(row["name"], code) for row in rows if (code := _fault(row, answers))]


def _fault(row: Values, answers: Values) -> str | None:
    value = answers.get(row["name"])
    if value is None:
        return "required" if row.get("required") and row["type"] != "note" and is_asked(row, answers) else None
    if not is_asked(row, answers):
        return "not_asked"
    if row.get("constraint") and not holds(row["constraint"], answers, value):
        return "constraint"
    return "not_a_choice" if row["type"] == "satisfaction" and value not in SATISFACTION else None
