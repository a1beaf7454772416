"""Days, moments and times of day in the forms that people and sheets write them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from backend.imports.reading import days
from backend.imports.reading.shapes import Cell, Field
from backend.imports.reading.wrong import Asking, Wrong, reason

FIELD = Field("since", "日期", "Date")
SHANGHAI, ANGELES = "Asia/Shanghai", "America/Los_Angeles"


def day(cell: Cell, order: str | None = None) -> str:
    return days.day(FIELD, cell, Asking({"date_order:since": order} if order else {}))


@pytest.mark.parametrize(
    "cell",
    ["2023-05-01", "2023.5.1", "2023/5/1", "20230501", 20230501, 20230501.0, "2023年5月1日", "2023年5月1号",
     "23年5月1日", "二〇二三年五月一日", "２０２３－０５－０１", 45047, 45047.0, "45047", date(2023, 5, 1), "1 May 2023",
     "1-May-2023", "May 1, 2023", "2023-05-01 08:30:00", "2023-05-01T08:30", "2023.05.01.", " 2023-5-1 "],
)  # fmt: skip
def test_one_day_in_its_many_forms(cell: Cell) -> None:
    assert day(cell) == "2023-05-01"


def test_a_sheets_own_moment_is_its_day() -> None:
    assert day(datetime(2023, 5, 1, 23, 59)) == "2023-05-01"  # noqa: DTZ001 - a sheet's own


def test_month_and_day_are_told_by_the_column_or_asked() -> None:
    assert day("13/1/2023") == day("1/13/2023") == "2023-01-13"
    assert day("5/5/2023") == "2023-05-05"
    assert (day("5/1/2023", "mdy"), day("5/1/2023", "dmy")) == ("2023-05-01", "2023-01-05")
    with pytest.raises(Wrong) as asked:
        day("5/1/2023")
    assert asked.value.code == "which_day"
    assert asked.value.arguments == {"mdy": "2023-05-01", "dmy": "2023-01-05"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2023-02-30", "no_such_day"),
        ("31/4/2023", "no_such_day"),
        ("1800-01-01", "no_such_day"),
        (date(1776, 7, 4), "no_such_day"),
        ("2023-05", "only_month"),
        ("2023年5月", "only_month"),
        (2023.5, "only_month"),
        ("2023", "only_month"),
        ("23.5.1", "short_year"),
        ("5/1/23", "short_year"),
        ("01-05-23 8:30", "short_year"),
        ("1. Mai 23", "short_year"),
        ("5-Jan-23", "short_year"),
        ("Jan 5, 23", "short_year"),
        ("5 enero '23", "short_year"),
        ("去年春天", "no_date"),
        ("1 Maien 2023", "no_date"),
        (time(8), "no_date"),
        (True, "no_date"),
        (99, "no_date"),
    ],
)
def test_what_is_no_day_is_refused_for_its_reason(cell: Cell, code: str) -> None:
    with pytest.raises(Wrong) as refused:
        day(cell)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2023-05-01 08:30", "2023-05-01T00:30:00.000000Z"),
        ("2023.5.1 8:30", "2023-05-01T00:30:00.000000Z"),
        ("2023/5/1 8:30:15", "2023-05-01T00:30:15.000000Z"),
        ("2023年5月1日下午3点", "2023-05-01T07:00:00.000000Z"),
        ("2023年5月1日 15时20分", "2023-05-01T07:20:00.000000Z"),
        ("2023/5/1 3:05:09 PM", "2023-05-01T07:05:09.000000Z"),
        ("2023/5/1 12:05 AM", "2023-04-30T16:05:00.000000Z"),
        ("2023-05-01", "2023-04-30T16:00:00.000000Z"),
        (date(2023, 5, 1), "2023-04-30T16:00:00.000000Z"),
        (45047.5, "2023-05-01T04:00:00.000000Z"),
        ("2023-05-01T08:30:00+02:00", "2023-05-01T06:30:00.000000Z"),
        ("2023-05-01T08:30:00Z", "2023-05-01T08:30:00.000000Z"),
        (datetime(2023, 5, 1, 8, 30), "2023-05-01T00:30:00.000000Z"),  # noqa: DTZ001 - a sheet's own
    ],
)
def test_moments_are_of_the_installations_zone(cell: Cell, text: str) -> None:
    assert days.moment(FIELD, cell, Asking({}, SHANGHAI)) == text


def test_another_zone_says_another_moment() -> None:
    assert days.moment(FIELD, "2023-05-01 08:30", Asking({}, ANGELES)) == "2023-05-01T15:30:00.000000Z"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("2023-05-01 25:00", "no_time"), ("2023-05-01 午后", "no_date"), (time(8), "no_date"),
     ("2023-05-01T08:30:00+99:00", "no_date")],
)  # fmt: skip
def test_moments_that_are_none_are_refused(cell: Cell, code: str) -> None:
    with pytest.raises(Wrong) as refused:
        days.moment(FIELD, cell, Asking({}, SHANGHAI))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cell", "text"),
    [(time(8, 30), "08:30"), ("8:30", "08:30"), ("08:30:00", "08:30"), ("8点30分", "08:30"), ("0830", "08:30"),
     (830, "08:30"), (0.354166667, "08:30"), ("下午5:30", "17:30"), ("5:30 pm", "17:30"), ("中午12点", "12:00"),
     (datetime(2023, 5, 1, 8, 30), "08:30")],  # noqa: DTZ001 - a sheet's own
)  # fmt: skip
def test_times_of_day(cell: Cell, text: str) -> None:
    assert days.clock(FIELD, cell, Asking({})) == text


@pytest.mark.parametrize("cell", ["早", "25:00", "8:75", ""])
def test_what_is_no_time_of_day_is_refused(cell: Cell) -> None:
    with pytest.raises(Wrong) as refused:
        days.clock(FIELD, cell, Asking({}))
    assert refused.value.code == "no_time"


def test_the_order_of_a_day_is_seen_where_its_year_stands_last() -> None:
    assert days.order_of("5/1/2023") == days.order_of("05.01.2023 08:30") == (5, 1)
    assert days.order_of("2023/5/1") is None


def test_a_short_year_is_refused_with_how_to_write_it() -> None:
    """A sentence that can be acted on: the same moment in time, and in both languages."""

    told = reason("opened_at", "short_year")
    assert "2023-05-01" in told.zh
    assert "2023-05-01" in told.en
