"""Cases that cannot be read are answered in words, at their field, and stop no other."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.limits.golden_cases import Case, clock, golden, read_all, read_one

HAN = re.compile(r"[\u4e00-\u9fff]")
GONE = object()


def changed(path: str, value: Any, name: str = "days_2_paused_all_thursday") -> Case:
    """A golden clock with one value set otherwise; `GONE` takes it away."""
    return put(clock(name), path, value)


def connected(path: str, value: Any) -> Case:
    """A golden connection with one value set otherwise."""
    found = next(one for one in golden("connections_211") if one["name"] == "three_halves_red")
    return put(found, path, value)


def put(case: Case, path: str, value: Any) -> Case:
    found = copy.deepcopy(case)
    inner: Any = found
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in way:
        inner = inner[part]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return found


OFF = {"year": 2027, "off": ["2027-01-01"], "work": []}
BAD = [
    ("hours", GONE, "missing"),
    ("hours", 7, "not_object"),
    ("hours.am", GONE, "missing"),
    ("hours.am", ["08:30"], "not_hours"),
    ("hours.am", ["8.30", "12:00"], "not_hours"),
    ("hours.am", ["08:30+08:00", "12:00"], "not_hours"),
    ("hours.am", None, "not_hours"),
    ("limit", GONE, "missing"),
    ("limit", None, "not_object"),
    ("limit.unit", "weeks", "unknown_word"),
    ("limit.unit", ["minutes"], "unknown_word"),
    ("limit.amount", 0, "not_whole"),
    ("limit.amount", 1.5, "not_whole"),
    ("limit.amount", True, "not_whole"),
    ("limit.amount", 10**9, "not_whole"),
    ("limit.warn_percent", [50, 101], "not_whole"),
    ("limit.warn_percent", "50", "not_list"),
    ("limit.warn_percent", [50, 50], "twice"),
    ("events", {}, "not_list"),
    ("events", [{}] * 1001, "too_many"),
    ("events.0", "start", "not_object"),
    ("events.0.what", "begin", "unknown_word"),
    ("events.0.what", GONE, "missing"),
    ("events.0.id", GONE, "missing"),
    ("events.0.id", "", "not_text"),
    ("events.1.id", "e01", "twice"),
    ("events.0.at", GONE, "missing"),
    ("events.0.at", "2026-07-29T10:00:00", "naive_time"),
    ("events.0.at", "2026-07-29", "naive_time"),
    ("events.0.at", "yesterday", "not_time"),
    ("events.0.at", 1785290400, "not_time"),
    ("events.0.at", "1026-07-29T10:00:00+08:00", "not_time"),
    ("events.0.at", "2026-02-30T10:00:00+08:00", "not_time"),
    ("events.0.grade", "sure", "unknown_word"),
    ("events.0.round", 0, "not_whole"),
    ("events.1.approved", GONE, "missing"),
    ("events.1.approved", "yes", "not_decision"),
    ("events.1.why", 5, "not_text"),
    ("events.2.of", GONE, "missing"),
    ("events.2.at", "2026-07-30T07:59:00+08:00", "pause_backwards"),
    ("now", GONE, "no_now"),
    ("now", "2026-07-31T09:00:00", "naive_time"),
    ("name", GONE, "missing"),
    ("name", 5, "not_text"),
    ("round", "1", "not_whole"),
]  # fmt: skip
CALENDARS: list[tuple[Any, str, str]] = [
    ([], "calendar", "not_object"),
    ({"edits": {"2026-13-01": 1}}, "calendar.edits.2026-13-01", "not_day"),
    ({"edits": {"2026-10-01": "works"}}, "calendar.edits.2026-10-01", "not_working"),
    ({"published": [{"off": [], "work": []}]}, "calendar.published.0.year", "missing"),
    ({"published": [OFF, OFF]}, "calendar.published.1.year", "twice"),
    ({"published": [{**OFF, "off": ["2026-12-31"]}]}, "calendar.published.0.off.0", "other_year"),
    ({"published": [{**OFF, "work": ["2027-01-01"]}]}, "calendar.published.0.work.0", "twice"),
    ({"published": {"2027": []}}, "calendar.published", "not_list"),
]
CONNECTIONS = [
    ("steps", 5, "not_list"),
    ("steps.0.began_at", GONE, "missing"),
    ("steps.0.counts", 1, "not_flag"),
    ("steps.1.code", "open_tap", "twice"),
    ("steps.1.done_at", "2026-07-28T09:29:00+08:00", "step_backwards"),
    ("trips", -1, "not_whole"),
    ("materials_asked", GONE, "missing"),
    ("limit", GONE, "missing"),
]  # fmt: skip


def is_answered(found: Case, field: str, code: str) -> None:
    assert (found["field"], found["error"]) == (field, code)
    assert HAN.search(found["zh"])
    assert not HAN.search(found["en"])


@pytest.mark.parametrize(("path", "value", "code"), BAD)
def test_a_bad_clock_is_answered_at_its_field(path: str, value: Any, code: str) -> None:
    found = read_one(changed(path, value))
    is_answered(found, path, code)
    assert found["name"] == (None if path == "name" else "days_2_paused_all_thursday")


@pytest.mark.parametrize(("calendar", "field", "code"), CALENDARS)
def test_a_bad_calendar_is_answered_at_its_field(calendar: Any, field: str, code: str) -> None:
    is_answered(read_one(changed("calendar", calendar)), field, code)


@pytest.mark.parametrize(("path", "value", "code"), CONNECTIONS)
def test_a_bad_connection_is_answered_at_its_field(path: str, value: Any, code: str) -> None:
    # Where one is there twice, the second is wrong.
    field = {"steps.1.code": "steps.2.code"}.get(path, path)
    is_answered(read_one(connected(path, value)), field, code)


def test_hours_shorter_than_a_window_may_have_are_refused() -> None:
    for am, pm in ((["08:31", "12:00"], ["13:00", "17:00"]), (["08:30", "12:00"], ["13:00", "16:59"])):
        found = read_one(changed("hours", {"am": am, "pm": pm}))
        is_answered(found, "hours", "hours_refused")
    longer = {"am": ["08:00", "12:00"], "pm": ["12:00", "18:00"]}
    assert read_one(changed("hours", longer))["due_at"] == "2026-08-03T18:00:00+08:00"
    # Whatever else is wrong with them.
    short = {"am": ["09:00", "12:00"], "pm": ["13:00", "12:00"]}
    is_answered(read_one(changed("hours", short)), "hours", "hours_refused")
    mixed = {"am": ["08:30", "13:30"], "pm": ["13:00", "17:00"]}
    is_answered(read_one(changed("hours", mixed)), "hours", "hours_disordered")


def test_what_ends_no_pause_is_answered_at_what_it_names() -> None:
    for of in ("e09", "e01"):
        is_answered(read_one(changed("events.2.of", of)), "events.2.of", "no_such_pause")


def test_a_moved_clock_needs_its_receipt_and_excuses_a_pause_that_looks_reversed() -> None:
    moved = changed("events.2.grade", "moved")
    is_answered(read_one(moved), "events.2.received_at", "no_receipt")
    late = put(put(moved, "events.2.received_at", "2026-07-30T18:05:00+08:00"), "events.2.at",
               "2026-07-01T00:00:00+08:00")  # fmt: skip
    assert read_one(late)["due_at"] == "2026-08-03T17:00:00+08:00"
    # Received after it was over: by then it was no pause any more, and holds nothing.
    over = put(changed("events.1.grade", "moved"), "events.1.received_at", "2026-07-30T19:00:00+08:00")
    assert read_one(over)["due_at"] == "2026-07-31T17:00:00+08:00"


def test_extensions_beyond_all_measure_are_refused_together() -> None:
    case = clock("extension_before_due_and_after")
    for event in case["events"]:
        event |= {"amount": 6_000} if event["what"] == "extend" else {}
    is_answered(read_one(case), "events", "too_long")


def test_a_year_that_is_not_published_is_read_by_weekdays_and_marked() -> None:
    far = put(clock("unpublished_2027"), "events.0.at", "2031-04-30T16:00:00+08:00")
    found = read_one({**far, "now": "2031-05-01T09:00:00+08:00"})
    assert (found["due_at"], found["provisional"]) == ("2031-05-02T17:00:00+08:00", True)
    published = {"published": [{"year": 2027, "off": ["2027-01-01"], "work": ["2027-01-03"]}]}
    known = read_one({**clock("unpublished_2027"), "calendar": published})
    assert (known["due_at"], known["provisional"]) == ("2027-01-03T17:00:00+08:00", False)
    edited = {"edits": {"2027-01-01": 0}}
    still = read_one({**clock("unpublished_2027"), "calendar": edited})
    assert (still["due_at"], still["provisional"]) == ("2027-01-04T17:00:00+08:00", True)


def test_one_bad_case_stops_no_other() -> None:
    good, bad = clock("half_1_from_1030"), changed("limit.unit", "weeks")
    strangers: list[Any] = [None, 5, "text", [], {}, {"name": "neither"}, [[[]]]]
    found = read_all([good, bad, *strangers, good])
    assert found[0] == found[-1] == read_one(good)
    assert [one["error"] for one in found[1:-1]] == [
        "unknown_word", "not_object", "not_object", "not_object", "not_object", "missing", "no_such_form",
        "not_object",
    ]  # fmt: skip


def test_what_other_tools_write_means_the_same() -> None:
    """A number with .0, a reason left empty, fields that are null or that nobody asked for."""
    name = "pause_and_outside_overlap"
    case = clock(name)
    ways = [("limit.amount", 3.0), ("limit.warn_percent", [50.0, 80.0, 100.0]),
            ("limit.warn_percent", GONE), ("limit.warn_percent", None), ("events.1.why", ""),
            ("events.1.by", ""), ("events.0.why", None), ("events.0.received_at", None), ("round", None),
            ("round", 1.0), ("calendar", None), ("calendar", {"edits": None, "published": None}),
            ("events.0.grade", None), ("events.0.of", None), ("events.0.approved", None), ("note", {"x": []}),
            ("now", "2026-07-29T02:30:00Z"), ("now", "2026-07-29T10:30:00+0800")]  # fmt: skip
    for path, value in ways:
        assert read_one(put(case, path, value)) == read_one(case), path
    assert read_one(put(case, "limit.amount", 2.5))["error"] == "not_whole"


def test_a_time_in_utc_is_the_same_time_by_the_clock_of_the_place() -> None:
    case = clock("pause_and_outside_overlap")
    for place, event in enumerate(case["events"]):
        moved = put(case, f"events.{place}.at", in_utc(event["at"]))
        assert read_one(moved) == read_one(case)
    in_connection = connected("steps.0.began_at", in_utc("2026-07-27T10:30:00+08:00"))
    assert read_one(in_connection) == read_one(connected("trips", 0))
    # Where nothing says another clock, it is that of UTC.
    alone = {
        **case,
        "events": [{**case["events"][0], "at": "2026-07-27T10:30:00Z"}],
        "now": "2026-07-28T10:00:00Z",
    }
    assert read_one(alone)["due_at"] == "2026-07-28T17:00:00+00:00"


def in_utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")


def test_each_round_numbers_its_own_events() -> None:
    case = clock("reopened_round_2")
    again = put(case, "events.2.id", "e01")
    assert read_one(again) == read_one(case)
    pause = {"id": "e01", "what": "pause", "at": "2026-07-30T13:00:00+08:00", "approved": True}
    resume = {"id": "e02", "what": "resume", "of": "e01", "at": "2026-07-30T14:00:00+08:00"}
    first = [{**pause, "id": "e09"}, {**resume, "round": 2, "of": "e09"}]
    # A resume of another round's pause ends nothing here.
    is_answered(read_one({**case, "events": [*case["events"], *first]}), "events.4.of", "no_such_pause")


def test_no_value_anywhere_breaks_the_reader() -> None:
    strange: list[Any] = [
        None,
        True,
        -1,
        2**63,
        1e300,
        "",
        "x" * 5_000,
        "２０２６",
        [],
        [[]],
        {},
        {"a": {}},
        GONE,
    ]
    for case in (clock("pause_and_outside_overlap"), connected("trips", 0)):
        cases = [put(case, path, value) for path in paths(case) for value in strange]
        found = read_all(cases)
        assert len(found) == len(cases)
        assert all(one.keys() >= {"name", "error", "field", "zh", "en"} or "state" in one for one in found)


def paths(value: Any, way: str = "") -> list[str]:
    """Every place in a case."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, one in inner:
        found += [f"{way}{key}", *paths(one, f"{way}{key}.")]
    return found
