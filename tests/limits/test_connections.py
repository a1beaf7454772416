"""211 connections that are not done, late, or done in another order than usual."""

from __future__ import annotations

from typing import Any

import pytest

from tests.limits.golden_cases import Case, golden, read_one

PLAN, TAP = "accept_and_plan", "open_tap"


def connection(*steps: tuple[str, str, str | None], **changed: Any) -> Case:
    """A connection with some steps: code, beginning and end, of July 2026; the rest as in a golden one."""
    base = {key: value for key, value in golden("connections_211")[0].items() if key != "expect"}
    return {
        **base,
        "steps": [
            {
                "code": code,
                "counts": code in (PLAN, TAP),
                "began_at": f"2026-07-{began}:00+08:00",
                "done_at": done and f"2026-07-{done}:00+08:00",
            }
            for code, began, done in steps
        ],
        **changed,
    }


def now(text: str) -> str:
    return f"2026-07-{text}:00+08:00"


def test_a_plan_that_is_not_done_runs_up_to_the_reading() -> None:
    case = connection((PLAN, "27T10:30", None))
    assert (read_one(case)["error"], read_one(case)["field"]) == ("no_now", "now")
    found = read_one({**case, "now": now("28T09:00")})
    assert (found["state"], found["due_at"]) == ("running", now("28T12:00"))
    assert found["stages"] == [{"code": PLAN, "half_days": 2, "working_days": 1.0}]
    assert (found["verdict"], found["is_late"]) == ("green", False)


def test_a_plan_that_runs_late_is_red() -> None:
    found = read_one(connection((PLAN, "27T10:30", None), now=now("28T13:00")))
    assert (found["verdict"], found["is_late"], found["late_by_seconds"]) == ("red", True, 3600)
    assert found["half_days"] == 2


def test_a_plan_that_was_late_stays_late_while_others_build() -> None:
    found = read_one(connection((PLAN, "27T10:30", "28T12:01"), ("construction", "28T12:01", None)))
    assert (found["state"], found["due_at"]) == ("outside", now("28T12:00"))
    assert (found["is_late"], found["late_by_seconds"], found["verdict"]) == (True, 60, "red")


def test_a_plan_in_time_has_nothing_due_while_others_build() -> None:
    for given in ({}, {"now": now("31T23:00")}):
        found = read_one(connection((PLAN, "27T10:30", "27T16:00"), **given))
        assert (found["state"], found["due_at"], found["verdict"]) == ("outside", None, "green")
        assert (found["half_days"], found["working_days"]) == (1, 0.5)


def test_a_tap_that_is_being_opened_runs_again() -> None:
    case = connection((PLAN, "27T10:30", "27T16:00"), (TAP, "30T09:00", None), now=now("30T10:00"))
    found = read_one(case)
    # One half is spent; the second is Thursday afternoon, for the morning was held when it began.
    assert (found["state"], found["half_days"], found["due_at"]) == ("running", 2, now("30T12:00"))
    assert [one["half_days"] for one in found["stages"]] == [1, 1]
    del case["now"]
    assert read_one(case)["error"] == "no_now"


def test_a_tap_opened_before_the_plan_was_done_leaves_no_phase_outside() -> None:
    found = read_one(connection((PLAN, "27T10:30", "28T10:00"), (TAP, "28T09:00", "28T11:00")))
    assert (found["state"], found["due_at"], found["half_days"]) == ("finished", now("28T12:00"), 2)
    assert found["verdict"] == "green"


def test_a_plan_handed_over_at_once_leaves_no_phase_outside() -> None:
    found = read_one(connection((PLAN, "27T10:30", "28T10:00"), (TAP, "28T10:00", "28T12:00")))
    assert (found["state"], found["due_at"], found["is_late"]) == ("finished", now("28T12:00"), False)


def test_steps_stand_in_no_order() -> None:
    for case in golden("connections_211"):
        turned = {**case, "steps": case["steps"][::-1]}
        found = read_one(turned)
        assert {**found, "stages": found["stages"][::-1]} == {"name": case["name"], **case["expect"]}


def test_trips_and_materials_are_told_apart() -> None:
    found = read_one(connection((PLAN, "27T10:30", "27T16:00"), trips=1, materials_asked=2))
    assert (found["zero_trip"], found["zero_material"]) == (False, False)
    found = read_one(connection((PLAN, "27T10:30", "27T16:00"), trips=0, materials_asked=1))
    assert (found["zero_trip"], found["zero_material"]) == (True, False)


@pytest.mark.parametrize(
    ("amount", "unit", "verdict"), [(1, "working_days", "green"), (1, "half_days", "red")]
)
def test_the_verdict_goes_by_the_limit_of_the_case(amount: int, unit: str, verdict: str) -> None:
    limit = {"amount": amount, "unit": unit, "warn_percent": [100]}
    found = read_one(connection((PLAN, "27T10:30", "28T09:30"), (TAP, "28T10:00", "28T11:00"), limit=limit))
    assert (found["half_days"], found["verdict"]) == (2, verdict)


def test_a_connection_without_its_first_step_is_refused() -> None:
    found = read_one(connection((TAP, "27T10:30", "28T09:30")))
    assert (found["error"], found["field"]) == ("no_such_step", "steps")
    assert "accept_and_plan" in found["zh"]
    empty = read_one(connection())
    assert empty["error"] == "no_such_step"


def test_a_calendar_of_the_case_moves_its_connection() -> None:
    steps = ((PLAN, "27T10:30", "27T11:00"), (TAP, "30T09:00", "30T10:00"))
    free = {"edits": {"2026-07-30": 0}}
    assert read_one(connection(*steps))["due_at"] == now("30T17:00")
    assert read_one(connection(*steps, calendar=free))["due_at"] == now("31T17:00")
