"""Golden cases, and readings of cases as the tools make them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from backend.commands.limits import known_days
from backend.limits.clock.days import Calendar
from backend.limits.reading.case_files import answers

GOLDEN = Path(__file__).parent / "golden"
Case = dict[str, Any]


@cache
def china() -> Calendar:
    return known_days()


def golden(name: str) -> list[Case]:
    found: list[Case] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def clock(name: str) -> Case:
    """One golden clock, without what it expects."""
    found = next(one for one in golden("limits") if one["name"] == name)
    return {key: value for key, value in found.items() if key != "expect"}


def read_all(cases: Sequence[Any]) -> list[Case]:
    return list(answers(list(cases), china()))


def read_one(case: Any) -> Case:
    return read_all([case])[0]
