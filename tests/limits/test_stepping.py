"""The engine and a reading that steps through the minutes say the same of made-up clocks."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import date

import pytest

from tests.limits.golden_cases import Case, china, golden, read_one
from tests.limits.made_up_cases import Maker
from tests.limits.stepping import Stepper

DAYS = 75
IN_MINUTES = [case for case in golden("limits") if ":01+" not in str(case)]


def stepped(case: Case) -> Case:
    """What the second reading says, with a calendar of its own."""
    calendar = case.get("calendar") or {}
    edits = {date.fromisoformat(day): bool(works) for day, works in calendar.get("edits", {}).items()}
    years = {one["year"]: one for one in calendar.get("published", ())}

    def works(day: date) -> bool:
        text = day.isoformat()
        if day in edits:
            return edits[day]
        if day.year in years:
            return text in years[day.year]["work"] or (
                day.weekday() < 5 and text not in years[day.year]["off"]
            )
        return china().is_working(day) if day.year <= 2026 else day.weekday() < 5

    published = frozenset({*range(2004, 2027), *years})
    return {"name": case["name"], **Stepper(copy.deepcopy(case), works, DAYS).answer(published)}


def compared(seed: int, count: int) -> Counter[str]:
    """How many made-up clocks there were of each state; none may read otherwise than it steps."""
    maker, states = Maker(seed), Counter[str]()
    for _ in range(count):
        case = maker.case()
        found = read_one(case)
        assert found == stepped(case), case
        states[f"{found['state']} {'late' if found['is_late'] else 'in time'}"] += 1
        states["nothing due"] += found["due_at"] is None
    return states


@pytest.mark.parametrize("case", IN_MINUTES, ids=lambda case: str(case["name"]))
def test_the_second_reading_reads_the_golden_clocks(case: Case) -> None:
    assert stepped(case) == {"name": case["name"], **case["expect"]}


def test_made_up_clocks_read_as_they_step() -> None:
    states = compared(seed=1, count=300)
    assert states["nothing due"] > 30
    assert {one.split()[0] for one in states if one != "nothing due"} == {
        "waiting", "running", "paused", "outside", "finished", "cancelled",
    }  # fmt: skip
    assert all(states[f"{one} late"] for one in ("running", "paused", "finished", "cancelled"))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_twenty_thousand_made_up_clocks_read_as_they_step() -> None:
    assert sum(compared(seed=2, count=20_000).values()) > 20_000
