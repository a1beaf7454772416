"""Numbers as a sheet spoils them: told apart, refused in words, or read where nothing was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from backend.core.installation import USUAL, installed_as
from backend.imports.reading import numbers
from backend.imports.reading.shapes import Cell, Field
from backend.imports.reading.wrong import Asking, Wrong

FIELD = Field("number", "户号", "Number", most=30)
SIZED = Field("size", "口径", "Size", least_value=10, most_value=3000)
Reader = Callable[[Field, Cell, Asking], Any]


def read(reader: Reader, cell: Cell, field: Field = FIELD, **answers: Any) -> tuple[Any, list[str]]:
    asking = Asking({name.replace("__", ":"): value for name, value in answers.items()})
    return reader(field, cell, asking), [one.code for one in asking.notes]


def wrong(reader: Reader, cell: Cell, field: Field = FIELD, **answers: Any) -> Wrong:
    with pytest.raises(Wrong) as refused:
        read(reader, cell, field, **answers)
    return refused.value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (10023, "10023"),
        (10023.0, "10023"),
        ("0012345678", "0012345678"),
        ("'0012345678", "0012345678"),
        (" A-12/7 ", "A-12/7"),
        ("０１２３ ", "0123"),
        ("0012 3456 78", "0012345678"),
        ("1E5", "1E5"),
        ("\u200b77\ufeff", "77"),
    ],
)
def test_a_number_that_is_a_name_stays_as_it_was_written(cell: Cell, value: str) -> None:
    assert read(numbers.number, cell) == (value, [])


@pytest.mark.parametrize(
    ("cell", "value", "note"),
    [("10023.0", "10023", "point_zero"), ("1.3812345678E+10", "13812345678", "unrounded")],
)
def test_what_lost_nothing_is_read_and_noted(cell: str, value: str, note: str) -> None:
    assert read(numbers.number, cell) == (value, [note])


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.38E+10", "rounded"),
        ("1.38e10", "rounded"),
        ("2E+15", "rounded"),
        ("1.5E+1", "rounded"),
        (1.2345e17, "digits_lost"),
        (12.5, "fraction"),
        (date(2023, 1, 2), "became_date"),
        (datetime(2023, 1, 2, 3), "became_date"),  # noqa: DTZ001 - a sheet's own
        (time(3), "became_date"),
        ("9" * 31, "too_long"),
    ],
)
def test_what_a_sheet_has_spoilt_is_refused(cell: Cell, code: str) -> None:
    assert wrong(numbers.number, cell).code == code


def test_lost_zeros_are_proposed_and_put_back_only_when_somebody_says_so() -> None:
    refused = wrong(numbers.number, 12345678, digits__number=10)
    assert (refused.code, refused.proposal) == ("zeros_lost", "0012345678")
    assert refused.arguments == {"digits": 10, "found": 8}
    filled = read(numbers.number, 12345678, digits__number=10, zeros__number="fill")
    assert filled == ("0012345678", ["zeros_put_back"])
    assert read(numbers.number, 12345678, digits__number=10, zeros__number="keep") == ("12345678", [])
    assert read(numbers.number, "A1", digits__number=10) == ("A1", [])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (13812345678, "13812345678"),
        ("138-1234 5678", "13812345678"),
        ("+86 13812345678", "13812345678"),
        ("0532-86661234", "0532-86661234"),
        ("86661234转801", "86661234转801"),
        ("13812345678.0", "13812345678"),
        ("13812345678、0532-86661234", "13812345678/0532-86661234"),
        ("13812345678 13912345678", "13812345678/13912345678"),
        ("13812345678;13812345678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("(310) 555-1234", "(310) 555-1234"),
    ],
)
def test_telephone_numbers(cell: Cell, value: str) -> None:
    assert read(numbers.phone, cell)[0] == value


def test_numbers_without_room_are_left_for_the_remark() -> None:
    asking = Asking({})
    kept = numbers.phone(FIELD, "13812345678/13912345678/13712345678", asking)
    assert (kept, asking.spare) == ("13812345678/13912345678", ["13712345678"])


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.38E+10", "rounded"),
        ("找物业", "no_phone"),
        ("12", "no_phone"),
        ("/", "no_phone"),
        ("1" * 21, "no_phone"),
        (date(2023, 1, 2), "became_date"),
        ("1381234567", "mobile_digits"),
        (138123456789, "mobile_digits"),
    ],
)
def test_what_is_no_telephone_number_is_refused(cell: Cell, code: str) -> None:
    assert wrong(numbers.phone, cell, phones="cn").code == code


def test_the_zero_of_an_area_is_put_back_only_where_numbers_are_chinese() -> None:
    assert read(numbers.phone, 53286661234, phones="cn") == ("053286661234", ["area_zero"])
    assert read(numbers.phone, 3105551234) == ("3105551234", [])


@pytest.mark.parametrize(
    ("cell", "value"), [(3, 3), (3.0, 3), ("3", 3), ("3.0", 3), ("1,234", 1234), ("3 个", 3), ("-2", -2)]
)
def test_whole_numbers(cell: Cell, value: int) -> None:
    assert read(numbers.whole, cell)[0] == value


@pytest.mark.parametrize("cell", ["3.5", 3.5, "三", "x3", ""])
def test_what_is_no_whole_number_is_refused(cell: Cell) -> None:
    assert wrong(numbers.whole, cell).code == "no_whole"
    assert wrong(numbers.whole, date(2023, 1, 1)).code == "became_date"


@pytest.mark.parametrize(
    ("cell", "value"),
    [(15, 15), (15.0, 15), ("DN15", 15), ("dn 20", 20), ("15mm", 15), ("15毫米", 15), ("φ40", 40),
    ("DN15(4分)", 15),
     ("4分", 15), ("6分", 20), ("1寸", 25), ('1/2"', 15), ('1 1/2"', 40), ("2寸", 50), ("口径100", 100)],
)  # fmt: skip
def test_sizes_of_meters(cell: Cell, value: int) -> None:
    assert read(numbers.diameter, cell, SIZED)[0] == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [("很大", "no_diameter"), ("5分", "no_diameter"), ('1/0"', "no_diameter"), ("15.5", "no_whole"),
     (5, "out_of_range"), (4000, "out_of_range")],
)  # fmt: skip
def test_sizes_that_are_none_are_refused(cell: Cell, code: str) -> None:
    assert wrong(numbers.diameter, cell, SIZED).code == code


@pytest.mark.parametrize(
    ("cell", "value"),
    [("￥1,234.50", 123450), (1234.5, 123450), ("12元", 1200), ("1.2万", 1_200_000), (0.1, 10), ("$5", 500)],
)
def test_amounts_are_in_hundredths(cell: Cell, value: int) -> None:
    assert read(numbers.amount_fen, cell)[0] == value


def test_sizes_and_amounts_are_the_installations() -> None:
    with installed_as(replace(USUAL, length_unit="in", currency="JPY")):
        assert [read(numbers.diameter, cell, SIZED)[0] for cell in (0.75, "1", 2, "DN15")] == [20, 25, 50, 15]
        assert wrong(numbers.diameter, 0.8, SIZED).code == "no_diameter"
        assert read(numbers.amount_fen, "￥1,234")[0] == 1234


def test_what_is_no_amount_is_refused() -> None:
    assert wrong(numbers.amount_fen, "免费").code == "no_amount"
    assert (
        wrong(numbers.amount_fen, "-3", Field("cost", "费用", "Cost", least_value=0)).code == "out_of_range"
    )
