"""Clocks whose readings were worked out on paper from the rules alone, one at each boundary."""

from __future__ import annotations

from typing import Any

import pytest

from tests.limits.golden_cases import Case, read_one

HOURS = {"am": ["08:30", "12:00"], "pm": ["13:00", "17:00"]}
# What two words say of an event: the amount of an extension, the pause that ends.
APPROVED = {"p": True, "x": True, "p?": None, "p-": False, "x?": None, "x-": False}
WHAT = {"s": "start", "p": "pause", "r": "resume", "l": "leave_counting", "e": "enter_counting",
        "x": "extend", "f": "finish", "c": "cancel"}  # fmt: skip


def at(text: str) -> str:
    """`07-29 10:30` of 2026, with seconds or a year where they are given."""
    day, clock = text.split()
    year = "" if len(day) > 5 else "2026-"
    return f"{year}{day}T{clock if len(clock) > 5 else clock + ':00'}+08:00"


def event(n: int, line: str) -> Case:
    """`s 07-29 10:30`, `r2 …` (ends event 2), `x 07-29 10:30 +1`, `s 07-29 08:00 @07-29 13:30` (moved)."""
    told, _, received = line.partition(" @")
    told, _, amount = told.partition(" +")
    what, _, moment = told.partition(" ")
    one: Case = {"id": f"e{n}", "what": WHAT[what[0]], "at": at(moment)}
    if what in APPROVED:
        one["approved"] = APPROVED[what]
    if what[0] == "r":
        one["of"] = f"e{what[1:]}"
    if amount:
        one["amount"] = int(amount)
    if received:
        one |= {"grade": "moved", "received_at": at(received)}
    return one


def read(limit: str, events: str, now: str = "", **more: Any) -> Case:
    amount, unit = limit.split()
    lines = [line.strip() for line in events.split(",")]
    case = {
        "name": "by hand",
        "hours": HOURS,
        "limit": {"amount": int(amount), "unit": unit, "warn_percent": [50, 80, 100]},
        "events": [event(n, line) for n, line in enumerate(lines, 1)],
        **({"now": at(now)} if now else {}),
        **more,
    }
    return read_one(case)


# limit, events, now; due, state, 50 % and 80 %, fired, spent, late by seconds
BY_HAND = [
    ("1 half_days", "s 07-29 13:00",
     "07-29 13:00", "07-30 12:00", "running", "07-29 16:45", "07-30 10:30", [], 1, 0),
    ("1 half_days", "s 07-29 08:29:59",
     "07-29 10:15", "07-29 12:00", "running", "07-29 10:15", "07-29 11:18", [50], 1, 0),
    ("1 half_days", "s 07-29 08:30:01, f 07-30 08:30",
     "", "07-29 17:00", "finished", "07-29 13:15:00.500", "07-29 15:30:00.200", [50, 80, 100], 1, 55800),
    ("1 half_days", "s 07-29 17:00, f 07-30 08:30",
     "", "07-30 12:00", "finished", "07-30 10:15", "07-30 11:18", [], 1, 0),
    ("1 working_days", "s 08-01 10:00",
     "08-03 17:00", "08-03 17:00", "running", "08-03 13:15", "08-03 15:30", [50, 80, 100], 2, 0),
    ("1 working_days", "s 07-31 17:00",
     "08-03 13:00", "08-03 17:00", "running", "08-03 13:15", "08-03 15:30", [], 1, 0),
    ("210 working_minutes", "s 07-29 08:30, p 07-29 12:00",
     "07-29 14:00", "07-29 12:00", "paused", "07-29 10:15", "07-29 11:18", [50, 80, 100], 210, 7200),
    ("210 working_minutes", "s 07-29 08:30, p 07-29 11:59",
     "07-29 14:00", None, "paused", None, None, [], 209, 0),
    ("1 half_days", "s 07-29 10:30, p 07-29 16:00, r2 07-29 17:00",
     "07-29 17:30", "07-30 12:00", "running", "07-29 15:30", "07-30 10:24", [50], 1, 0),
    ("1 half_days", "s 07-29 10:30, p 07-29 17:00, r2 07-29 18:00",
     "07-29 17:30", "07-29 17:00", "paused", "07-29 14:15", "07-29 15:54", [50, 80, 100], 1, 1800),
    ("1 calendar_days", "s 07-31 10:00, f 08-03 17:00",
     "", "08-03 17:00", "finished", "08-03 09:15", "08-03 14:18", [50, 80], 3, 0),
    ("2 calendar_days", "s 07-29 10:00, p 07-30 00:00, r2 07-31 00:00",
     "07-31 08:00", "08-03 17:00", "running", "07-31 14:00", "08-03 11:48", [], 1, 0),
    ("2 calendar_days", "s 07-29 10:00, p 07-30 00:00, r2 07-30 23:59",
     "07-31 08:00", "07-31 17:00", "running", "07-31 09:15", "07-31 14:18", [], 1, 0),
    ("2 calendar_days", "s 09-18 10:00, f 09-20 17:00:01",
     "", "09-20 17:00", "finished", "09-20 09:15", "09-20 14:18", [50, 80, 100], 3, 1),
    ("30 minutes", "s 12-31 23:50, c 2027-01-01 00:21",
     "", "2027-01-01 00:20", "cancelled", "2027-01-01 00:05", "2027-01-01 00:14", [50, 80, 100], 31, 60),
    ("1 working_days", "s 07-27 10:00, x 07-28 17:00 +1",
     "07-29 08:00", "07-28 17:00", "running", "07-28 09:15", "07-28 14:18", [50, 80, 100], 3, 54000),
    ("1 working_days", "s 07-27 10:00, x 07-28 16:59:59 +1, x? 07-28 09:00 +5, x- 07-28 09:01 +5",
     "07-28 17:00", "07-29 17:00", "running", "07-28 14:00", "07-29 11:48", [50], 3, 0),
    ("1 working_days", "s 07-27 10:00, p 07-28 16:00, r2 07-29 09:00, x 07-28 18:00 +1",
     "07-29 17:00", "07-29 17:00", "running", "07-28 13:15", "07-29 13:06", [50, 80, 100], 5, 0),
    ("1 half_days", "s 07-29 10:30, l 07-29 16:59, f 08-20 10:00",
     "", None, "finished", None, None, [], 1, 0),
    ("1 half_days", "s 07-29 10:30, l 07-29 17:00, f 07-29 20:00",
     "", "07-29 17:00", "finished", "07-29 14:15", "07-29 15:54", [50, 80, 100], 1, 10800),
    ("1 half_days", "s 07-29 08:00 @07-29 13:30, f 07-30 12:00",
     "", "07-30 12:00", "finished", "07-29 17:00", "07-30 10:36", [50, 80], 1, 0),
    ("1 working_minutes", "s 07-29 11:59:30, f 07-29 13:00:31",
     "", "07-29 13:00:30", "finished", "07-29 12:00", "07-29 13:00:18", [50, 80, 100], 1, 1),
    ("60 working_minutes", "s 07-29 08:30, p 07-29 09:00, r2 07-29 11:00, p 07-29 10:00, r4 07-29 14:00",
     "07-29 14:30", "07-29 14:30", "running", "07-29 09:00", "07-29 14:18", [50, 80, 100], 60, 0),
    ("60 working_minutes", "s 07-29 08:30, p? 07-29 09:00, l 07-29 09:00",
     "07-29 10:00", None, "outside", None, None, [], 30, 0),
    ("60 working_minutes", "f 07-29 09:00, s 07-29 08:00 @07-29 10:00",
     "", None, "finished", None, None, [], 0, 0),
    ("3 working_days", "s 2025-09-30 10:00",
     "2025-10-11 09:00", "2025-10-11 17:00", "running", "2025-10-10 09:15", "2025-10-11 10:18", [50], 6, 0),
    ("2 half_days", "p 07-29 09:00, s 07-29 10:00, r1 07-29 15:00",
     "07-29 16:00", "07-30 12:00", "running", "07-30 09:15", "07-30 10:54", [], 1, 0),
    ("2 half_days", "s 07-29 07:00, p 07-29 08:00, r2 07-29 12:00, c 07-29 13:00",
     "", "07-30 12:00", "cancelled", "07-29 16:45", "07-30 10:30", [], 1, 0),
    ("2 half_days", "s 07-29 10:30, p 07-30 12:00",
     "07-30 12:00", "07-30 12:00", "paused", "07-29 16:00", "07-30 10:12", [50, 80, 100], 2, 0),
    ("1 half_days", "s 07-29 10:30, p 07-29 16:00, f 07-29 16:30, r2 07-29 16:30",
     "", None, "finished", None, None, [], 1, 0),
]  # fmt: skip


def moment(text: str | None) -> str | None:
    if text is None or "." not in text:
        return text and at(text)
    return at(text).replace("+", "000+")


@pytest.mark.parametrize(
    ("limit", "events", "now", "due", "state", "half", "most", "fired", "spent", "late"), BY_HAND
)
def test_what_was_worked_out_on_paper_is_read(
    limit: str, events: str, now: str, due: str | None, state: str, half: str | None, most: str | None,
    fired: list[int], spent: int, late: int,
) -> None:  # fmt: skip
    found = read(limit, events, now)
    said = found.get("spent_half_days", found.get("spent_minutes"))
    assert (found["due_at"], found["state"], said) == (moment(due), state, spent)
    assert found["warnings"] == {"50": moment(half), "80": moment(most), "100": moment(due)}
    assert found["warnings_fired"] == fired
    assert (found["is_late"], found["late_by_seconds"]) == (late > 0, late)
    assert found["late_by_minutes"] == (late + 59) // 60


def test_years_and_days_of_the_case_alone() -> None:
    start, now = "s 12-31 10:00", "12-31 11:00"
    found = read("1 working_days", start, now)
    assert (found["due_at"], found["provisional"]) == (at("2027-01-01 17:00"), True)
    year = {"year": 2027, "off": ["2027-01-01"], "work": ["2027-01-02"]}
    found = read("1 working_days", start, now, calendar={"published": [year]})
    assert (found["due_at"], found["provisional"]) == (at("2027-01-02 17:00"), False)
    found = read("1 working_days", start, now, calendar={"published": [year], "edits": {"2027-01-02": 0}})
    assert (found["due_at"], found["provisional"]) == (at("2027-01-04 17:00"), False)
    # A year known otherwise is as the case publishes it: its other days go by weekday.
    bare = {"published": [{"year": 2026, "off": [], "work": []}]}
    assert read("2 working_days", "s 09-30 10:00", now, calendar=bare)["due_at"] == at("10-02 17:00")
    longer = {"am": ["08:00", "12:00"], "pm": ["14:00", "18:00"]}
    found = read("1 half_days", "s 07-29 13:59", "07-29 14:00", hours=longer)
    assert (found["due_at"], found["warnings"]["50"]) == (at("07-29 18:00"), at("07-29 16:00"))
