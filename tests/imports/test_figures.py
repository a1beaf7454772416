"""Figures with decimal commas and points: by themselves where they can be only one, else by the column."""

from __future__ import annotations

from decimal import Decimal

import pytest

from backend.imports.reading import numbers
from backend.imports.reading.figures import COMMA, POINT, figure, tells
from backend.imports.reading.shapes import Cell, Clean, Context, Field, Mapping, Refused, Study
from backend.imports.reading.studying import study_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator
from backend.imports.reading.wrong import Asking, Wrong
from tests.imports.sheets import text

COST = Field("told_cost_fen", "告知费用", "Cost told", least_value=0)
TARGET = TARGETS["past_jobs"]


@pytest.mark.parametrize(
    ("written", "value", "told"),
    [
        ("1234", "1234", ""),
        ("-5", "-5", ""),
        ("12.5", "12.5", POINT),
        ("12,5", "12.5", COMMA),
        ("12,50", "12.50", COMMA),
        ("1,234.50", "1234.50", POINT),
        ("1.234,50", "1234.50", COMMA),
        ("1,234,567", "1234567", POINT),
        ("1.234.567", "1234567", COMMA),
        ("12,34,567.5", "1234567.5", POINT),
        ("1 234,50", "1234.50", COMMA),
        ("1\u202f234,50", "1234.50", COMMA),
        ("1'234.50", "1234.50", POINT),
        ("1 234 567", "1234567", ""),
        ("0,125", "0.125", COMMA),
        ("0.125", "0.125", POINT),
        ("1234.567", "1234.567", POINT),
        ("1234,567", "1234.567", COMMA),
        ("１，２３４．５０", "1234.50", POINT),
        ("1,234", "1234", "either"),
    ],
)
def test_a_figure_that_can_be_only_one_is_that_one(written: str, value: str, told: str) -> None:
    assert (figure(written, None), tells(written)) == (Decimal(value), told)


@pytest.mark.parametrize(
    "written",
    ["", "x", "1.", ",5", "1,,2", "1.2.3", "1,23,4", "1.234,56.7", "1,2,3.4", "12 34", "1-2", "NaN", "1e5"],
)
def test_what_is_no_figure_is_none_and_tells_nothing_wrong(written: str) -> None:
    assert figure(written, None) is None
    assert figure(written, COMMA) is None
    assert figure(written, POINT) is None


def test_three_digits_behind_one_sign_are_what_the_column_says() -> None:
    assert (figure("1.234", POINT), figure("1.234", COMMA)) == (Decimal("1.234"), Decimal(1234))
    assert (figure("1,234", POINT), figure("1,234", COMMA)) == (Decimal(1234), Decimal("1.234"))
    with pytest.raises(Wrong) as asked:
        figure("1.234", None)
    assert (asked.value.code, asked.value.arguments) == ("which_figure", {"comma": "1234", "point": "1.234"})


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("12,50", 1250),
        ("1.234,50 €", 123450),
        ("€ 1.234,50", 123450),
        ("EUR 12,00", 1200),
        ("12,00 EUR", 1200),
        ("$1,234.50", 123450),
        ("£5", 500),
        ("1 234,50 €", 123450),
        ("1,2万", 1_200_000),
        (1234.567, 123457),
        (True, None),
        (float("nan"), None),
        ("12,3,4", None),
        ("€", None),
    ],
)
def test_amounts_of_other_countries(cell: Cell, fen: int | None) -> None:
    """A comma before two digits made a hundredfold of an amount."""
    if fen is not None:
        assert numbers.amount_fen(COST, cell, Asking({})) == fen
        return
    with pytest.raises(Wrong) as refused:
        numbers.amount_fen(COST, cell, Asking({}))
    assert refused.value.code == "no_amount"


@pytest.mark.parametrize(
    ("cell", "code"), [("1,5", "no_whole"), ("1,23", "no_whole"), ("12,3456", "no_whole")]
)
def test_a_count_with_a_decimal_comma_is_none(cell: str, code: str) -> None:
    """It was ten or a hundred times itself."""
    with pytest.raises(Wrong) as refused:
        numbers.whole(Field("n", "数", "N"), cell, Asking({}))
    assert refused.value.code == code


def studied(*costs: Cell, answers: dict[str, str] | None = None) -> Study:
    lines = ["number;told_cost_fen", *(f"{n};{cost}" for n, cost in enumerate(costs))]
    table = read_table(text(*lines), "a.csv")
    mapping = Mapping("past_jobs", {"number": "number", "told_cost_fen": "told_cost_fen"}, answers or {})
    return study_of(TARGET, mapping, table.columns, table.rows, None)


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("costs", "found"),
    [
        (["1.234", "12,50"], {"decimal:told_cost_fen": COMMA}),
        (["1.234", "12.50"], {"decimal:told_cost_fen": POINT}),
        (["1.234,00 €", "1.234"], {"decimal:told_cost_fen": COMMA}),
        (["1,234", "5"], {}),
        (["1", "免费"], {}),
        (["12,50", "12.50"], {}),
    ],
)
def test_the_column_says_what_a_comma_is(costs: list[Cell], found: dict[str, str]) -> None:
    study = studied(*costs)
    assert (study.found, study.questions) == (found, ())


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("costs", [["1.234", "2.500"], ["1.234", "12,50", "12.50"]])
def test_an_undecided_column_is_asked_about_once_in_both_languages(costs: list[Cell]) -> None:
    (question,) = studied(*costs).questions
    assert (question.name, question.field) == ("decimal:told_cost_fen", "told_cost_fen")
    assert question.examples[0] == "1.234"
    assert [one[0] for one in question.choices] == [POINT, COMMA]
    assert "告知费用" in question.zh and "Cost told" in question.en
    assert question.likely is None
    assert studied(*costs, answers={"decimal:told_cost_fen": COMMA}).questions == ()


@pytest.mark.usefixtures("in_process")
def test_a_semicolon_file_with_decimal_commas_from_bytes_to_amounts() -> None:
    lines = [
        "Auftragsnummer;Auftragsart;Gemeldet am;Kosten;Längengrad;Breitengrad",
        "A-1;Rohrbruch;31.12.2023 08:30;1.234,50 €;13,404954;52,520008",
        "A-2;Rohrbruch;01.02.2023;12,5;13,405;52,521",
        "A-3;Rohrbruch;2. März 2023;1.234;;",
        "A-4;Rohrbruch;03.04.2023;gratis;;",
    ]
    table = read_table(text(*lines, encoding="cp1252"), "Aufträge.csv")
    assert (table.delimiter, table.encoding) == (";", "cp1252")
    columns = {"number": "Auftragsnummer", "matter": "Auftragsart", "received_at": "Gemeldet am",
               "told_cost_fen": "Kosten", "longitude": "Längengrad", "latitude": "Breitengrad"}  # fmt: skip
    mapping = Mapping("past_jobs", columns, {"datum": "wgs84"})
    study = study_of(TARGET, mapping, table.columns, table.rows, None)
    assert study.found == {"date_order:received_at": "dmy", "decimal:told_cost_fen": COMMA}
    found = list(
        Translator(TARGET, mapping.answered(study.found), table.columns, Context(zone="Europe/Berlin")).all(
            table.rows
        )
    )
    first, second, third, last = found
    assert isinstance(first, Clean) and isinstance(second, Clean) and isinstance(third, Clean)
    assert [one.values["told_cost_fen"] for one in (first, second, third)] == [123450, 1250, 123400]
    assert first.values["received_at"] == "2023-12-31T07:30:00.000000Z"
    assert second.values["received_at"] == "2023-01-31T23:00:00.000000Z"
    assert third.values["received_at"] == "2023-03-01T23:00:00.000000Z"
    assert first.values["place"]["coordinates"] == [13.404954, 52.520008]
    assert second.values["place"]["coordinates"] == [13.405, 52.521]
    assert isinstance(last, Refused)
    assert [(one.field, one.code, one.column) for one in last.reasons] == [
        ("told_cost_fen", "no_amount", "Kosten")
    ]
