"""An explanation names every stretch of time, every decision and the result, in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from backend.limits.clock.explaining import Line, explain
from backend.limits.clock.limits import Event, Limit, Unit, What
from backend.limits.clock.reading import read
from backend.limits.clock.spans import Kind
from backend.limits.reading.clock_cases import asked_in
from backend.limits.reading.fields import Fields
from tests.limits.golden_cases import china, clock, golden
from tests.limits.test_golden import OFFICE, at

HAN = re.compile(r"[\u4e00-\u9fff]")


def explained(name: str, **changed: object) -> list[Line]:
    return explain(asked_in(Fields({**clock(name), **changed}), china()).reading())


def english(lines: Sequence[Line]) -> list[str]:
    return [line.words.en for line in lines]


def about(lines: Sequence[Line], what: str) -> list[str]:
    return [line.words.en for line in lines if line.about == what]


def test_a_pause_over_a_whole_day_is_explained_from_the_limit_to_the_result() -> None:
    assert english(explained("days_2_paused_all_thursday")) == [
        "limit: 2 working day(s)",
        "Wed 2026-07-29 10:00: the clock starts; its own day does not count, the next one is the first",
        "Wed 07-29 10:00–12:00: counted",
        "Wed 07-29 12:00–13:00: noon break, not counted",
        "Wed 07-29 13:00–17:00: counted",
        "Wed 07-29 17:00 to Thu 07-30 08:00: outside office hours, not counted",
        "Thu 07-30 08:00–18:00: paused: customer absent (approved by S101)",
        "Thu 07-30 18:00 to Fri 07-31 08:30: outside office hours, not counted",
        "Fri 07-31 08:30–12:00: counted, working day 1",
        "Fri 07-31 12:00–13:00: noon break, not counted",
        "Fri 07-31 13:00–17:00: counted, working day 1",
        "Fri 07-31 17:00 to Sat 08-01 00:00: outside office hours, not counted",
        "Sat 08-01 00:00 to Mon 08-03 00:00: weekend, not counted",
        "Mon 08-03 00:00–08:30: outside office hours, not counted",
        "Mon 08-03 08:30–12:00: counted, working day 2",
        "Mon 08-03 12:00–13:00: noon break, not counted",
        "Mon 08-03 13:00–17:00: counted, working day 2",
        "Mon 2026-08-03 17:00: due",
        "Fri 2026-07-31 14:00: 50 % will be reached, a warning is to come",
        "Mon 2026-08-03 11:48: 80 % will be reached, a warning is to come",
        "Mon 2026-08-03 17:00: 100 % will be reached, a warning is to come",
        "Fri 2026-07-31 09:00: the moment of this reading",
        "spent: 2 half day(s), 1 working day(s)",
        "not late",
    ]


def test_every_line_is_in_both_languages() -> None:
    for case in golden("limits"):
        for line in explain(asked_in(Fields(case), china()).reading()):
            assert HAN.search(line.words.zh)
            assert "{" not in line.words.line
            # What people wrote stays as they wrote it.
            assert not HAN.search(re.sub(r"holiday \(.*\)", "", line.words.en))


def test_all_kinds_of_time_are_named_somewhere() -> None:
    named = {
        line.about for case in golden("limits") for line in explain(asked_in(Fields(case), china()).reading())
    }
    assert named >= {kind.value for kind in Kind}
    assert named >= {"limit", "start", "due", "warning", "spent", "late", "finished", "cancelled", "read_at"}
    assert named >= {"extension", "no_pause", "by_receipt", "provisional"}


def test_swapped_weekends_and_holidays_are_named() -> None:
    lines = explained("days_2_over_spring_festival")
    zh = [line.words.zh for line in lines]
    assert "02-14 周六 08:30–12:00 调休上班，计时，第 1 个工作日" in zh
    assert "02-15 周日 00:00 至 02-24 周二 00:00 放假（春节），不计时" in zh
    assert about(explained("half_1_from_1030"), "start") == [
        "Wed 2026-07-29 10:30: the clock starts; "
        "the first half day that begins after it is the first to count"
    ]


def test_free_days_that_count_are_numbered() -> None:
    lines = explained("calendar_days_4_last_day_free")
    assert about(lines, "weekend") == [
        "Sat 08-01 00:00 to Sun 08-02 00:00: free, and counts as calendar day 3",
        "Sun 08-02 00:00 to Mon 08-03 00:00: free, and counts as calendar day 4",
    ]
    assert "Thu 07-30 08:30–12:00: counted, calendar day 1" in english(lines)


def test_a_calendar_day_of_which_only_the_night_runs_is_seen() -> None:
    events = [
        Event("1", What.START, at("07-27 10:00")),
        Event("2", What.PAUSE, at("07-28 08:00"), approved=True),
        Event("3", What.RESUME, at("07-28 18:00"), of="2"),
    ]
    found = read(Limit(2, Unit.CALENDAR_DAYS), OFFICE, events, at("07-28 19:00"))
    assert found.due_at == at("07-29 17:00")
    assert "Tue 07-28 18:00 to Wed 07-29 00:00: free, and counts as calendar day 1" in english(explain(found))


def test_decisions_are_told_with_who_made_them() -> None:
    refused = about(explained("pause_refused_has_no_effect"), "no_pause")
    assert refused == ["Thu 2026-07-30 08:00: a pause was asked and refused (S101), the clock runs on"]
    extended = about(explained("extension_before_due_and_after"), "extension")
    assert extended == [
        "Tue 2026-07-28 16:59: extended by 1 working day(s): road permit (S101)",
        "Wed 2026-07-29 17:01: an extension was asked when it was due already, it does not count",
    ]
    moved = about(explained("moved_clock_counts_from_receipt"), "by_receipt")
    assert moved == [
        "Thu 2026-07-30 09:20: recorded by a device whose clock was moved, so it counts from its receipt"
    ]


def test_what_is_undecided_refused_or_too_short_is_told_apart() -> None:
    def asked(what: What, approved: bool | None) -> list[str]:
        events = [
            Event("1", What.START, at("07-27 10:00")),
            Event("2", what, at("07-27 11:00"), amount=1, approved=approved, by="S2"),
        ]
        found = read(Limit(3, Unit.WORKING_DAYS), OFFICE, events, at("07-27 12:00"))
        return about(explain(found), "extension") + about(explain(found), "no_pause")

    assert "is undecided (S2)" in asked(What.PAUSE, None)[0]
    assert "was asked and refused (S2), it does not count" in asked(What.EXTEND, False)[0]
    assert "is undecided (S2), it does not count" in asked(What.EXTEND, None)[0]
    resumed = [
        Event("1", What.START, at("07-27 10:00")),
        Event("2", What.PAUSE, at("07-27 11:00"), at("07-28 11:00"), "moved", approved=True),
        Event("3", What.RESUME, at("07-27 12:00"), of="2"),
    ]
    found = read(Limit(3, Unit.WORKING_DAYS), OFFICE, resumed, at("07-28 12:00"))
    assert "had ended before it counts" in about(explain(found), "no_pause")[0]


def test_the_source_of_a_limit_is_named() -> None:
    limit = Limit(2, Unit.HALF_DAYS, code="connection_211", edition="2", clause="3.1")
    found = read(limit, OFFICE, [Event("1", What.START, at("07-27 10:30"))], at("07-27 11:00"))
    assert english(explain(found))[0] == "limit: 2 half day(s) (connection_211, 2, 3.1)"


def test_a_clock_that_has_not_begun_or_ended_before_says_so() -> None:
    waiting = read(Limit(1, Unit.MINUTES), OFFICE, [], at("07-27 10:00"))
    assert english(explain(waiting)) == ["limit: 1 min", "the clock has not started"]
    ended = read(Limit(1, Unit.MINUTES), OFFICE, [Event("1", What.CANCEL, at("07-27 09:00"))])
    assert english(explain(ended))[1] == "it ended before the clock started"


def test_a_held_clock_has_nothing_due_and_a_late_one_says_by_how_much() -> None:
    assert about(explained("pause_still_open"), "due") == ["while the clock is held nothing is due"]
    late = about(explained("appeal_2wd_finished_one_second_after"), "late")
    assert late == ["late by 1 min, nights and held time included"]
    seconds = about(explained("appeal_2wd_finished_one_second_after"), "finished")
    assert seconds == ["Tue 2026-07-14 17:00:01: finished"]
    after = about(explained("cancelled_before_due"), "warning")
    assert after[0].endswith("50 % would have been reached, it ended before, no warning")


def test_lines_carry_the_time_that_they_speak_of_in_the_place_s_own_zone() -> None:
    lines = explained("half_2_outside_phase")
    held = next(line for line in lines if line.about == "outside")
    assert (held.begins, held.ends) == (at("07-27 11:30"), at("07-30 14:00"))
    assert held.begins is not None
    assert held.begins.utcoffset() == at("07-27 11:30").utcoffset()
    assert next(line for line in lines if line.about == "due").begins == datetime(2026, 7, 31, 4, tzinfo=UTC)
