"""Every country's calendar is one that the kind takes: days of the year, each once, with a name that fits."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.services import record_writer
from backend.setup.services.holiday_calendars import calendar_of, countries
from tests.factories import Town

YEAR = 2026
KNOWN = countries()


def test_there_are_the_worlds_countries() -> None:
    assert len(KNOWN) > 200
    assert {"CN", "US", "DE", "IN", "BR", "ZA", "SA"} <= KNOWN.keys()
    assert "CA" in KNOWN["US"]
    assert all(len(code) == 2 and code.isupper() for code in KNOWN)


@pytest.mark.parametrize("first", sorted({code[0] for code in KNOWN}))
def test_a_countrys_calendar_is_valid(first: str) -> None:
    kind = SYNC_KINDS["calendar"]
    for code in (one for one in KNOWN if one[0] == first):
        values = calendar_of(YEAR, code, language="en")
        loaded = kind.load(values, True)
        days = [one["day"] for one in loaded["days"]]
        assert days == sorted({*days}), code
        assert all(one.startswith(str(YEAR)) for one in days), code
        assert len(days) < 180, code  # Where Friday is the only day of rest, or Thursday goes with it.
        for one in loaded["days"]:
            weekday = date.fromisoformat(one["day"]).weekday()
            assert one["is_working"] != (weekday < 5), f"{code} {one}: no other than its weekday says"


@pytest.mark.parametrize(
    ("country", "part", "language", "day", "name"),
    [
        ("US", "", "en", "2026-11-26", "Thanksgiving"),
        ("DE", "", "en", "2026-10-03", None),
        ("DE", "", "en", "2026-05-01", "Labor Day"),
        ("GB", "SCT", "en", "2026-11-30", "Andrew"),
        ("GB", "ENG", "en", "2026-11-30", None),
        ("JP", "", "en", "2026-05-04", "Greenery Day"),
        ("CN", "", "zh", "2026-10-01", ""),
    ],
)
def test_holidays_are_those_of_the_place(
    country: str, part: str, language: str, day: str, name: str | None
) -> None:
    found = {one["day"]: one for one in calendar_of(YEAR, country, part, language)["days"]}
    if name is None:
        assert day not in found, "a Saturday or an ordinary day"
    else:
        assert found[day]["is_working"] is False
        assert name in found[day]["name"]


def test_names_are_in_the_language_that_was_asked_for_where_there_is_one() -> None:
    chinese = {one["name"] for one in calendar_of(YEAR, "HK", language="zh")["days"]}
    english = {one["name"] for one in calendar_of(YEAR, "HK", language="en")["days"]}
    assert any("國" in one or "节" in one or "節" in one for one in chinese)
    assert all(one.isascii() for one in english)


def test_a_calendar_is_written_as_it_comes(session: Session, town: Town) -> None:
    values = calendar_of(2031, "US", "CA")
    stored = record_writer.create(session, system(town["south"]), "calendar", values)
    assert len(stored.values["days"]) == len(values["days"]) > 5
