"""Whatever stands in a file or a cell: an answer or a reason in words, never a traceback."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from backend.core.errors import Problem
from backend.imports.reading import coordinates
from backend.imports.reading.cleaning import one_width, text_in
from backend.imports.reading.headers import header_of
from backend.imports.reading.shapes import Clean, Column, Context, Field, Mapping, Refused, Row
from backend.imports.reading.studying import study_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import READERS, Translator
from backend.imports.reading.wrong import Asking, Wrong
from tests.imports.city import city
from tests.imports.sheets import workbook

CITY = city()
GAZETTEER = CITY.gazetteer()
# What people write more than letters at random.
SCRAPS = ("1.38E+10", "2023.5.1", "5/1/2023", "13812345678", "DN15", "4分",
          "120°22′", "是", "无", "#REF!", "合计", "０", "年",
          "-", "1e999", "0x1F", "１２月", "\u200b", "=1+1", "'", '"', "/", "下午", "NaN", "inf", "٣",
          "²", "½")  # fmt: skip
TEXTS = some.lists(some.one_of(some.sampled_from(SCRAPS), some.text(max_size=6)), max_size=4).map("".join)
CELLS = some.one_of(
    some.none(), TEXTS, some.booleans(), some.integers(), some.floats(allow_nan=False, allow_infinity=False),
    some.dates(), some.datetimes(), some.times(),
)  # fmt: skip
QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(CELLS, some.sampled_from(sorted(READERS)))
def test_a_reader_reads_a_cell_or_says_what_is_wrong(
    cell: str | float | date | datetime | time, how: str
) -> None:
    labels = {"resident": ("居民", "Resident")}
    field = Field("any", "任意", "Any", how, choices=labels, least_value=0, most_value=100)
    try:
        READERS[how](field, cell, Asking({"phones": "cn", "digits:any": 10}, "America/Los_Angeles"))
    except Wrong as wrong:
        assert wrong.code


@QUICK
@given(CELLS)
def test_coordinates_are_figures_or_wrong(cell: str | float) -> None:
    for read in (coordinates.degrees, coordinates.pair):
        try:
            read(cell)
        except Wrong as wrong:
            assert wrong.code == "no_coordinate"


@QUICK
@given(TEXTS)
def test_what_is_cleaned_is_clean(text: str) -> None:
    assert text_in(text_in(text)) == text_in(text)
    assert one_width(one_width(text)) == one_width(text)


@QUICK
@given(some.sampled_from(sorted(TARGETS)), some.data())
def test_a_row_of_anything_is_clean_or_refused_with_reasons(name: str, data: some.DataObject) -> None:
    target = TARGETS[name]
    cells = tuple(data.draw(CELLS) for _ in target.fields)
    columns = [Column(n, "A", field.name) for n, field in enumerate(target.fields)]
    mapping = Mapping(name, {field.name: field.name for field in target.fields}, {"datum": "gcj02"})
    study = study_of(target, mapping, columns, [Row(2, cells)], CITY.ground)
    assert all(one.zh and one.en and one.choices for one in study.questions)
    translator = Translator(target, mapping, columns, Context(CITY.ground, GAZETTEER, "Asia/Shanghai"))
    (result,) = translator.all([Row(2, cells)])
    assert isinstance(result, Clean) or (isinstance(result, Refused) and result.reasons)


@QUICK
@given(some.lists(some.lists(CELLS, max_size=6), max_size=8))
def test_any_lines_have_a_header_or_none(lines: list[list[object]]) -> None:
    header = header_of(lines, [], frozenset({"户号"}), None, 0)
    assert len(set(header.names)) == len(header.names) == max((len(one) for one in lines), default=0)
    assert all(row < len(lines) for row in header.rows)


@QUICK
@given(
    some.binary(max_size=400),
    some.sampled_from(
        (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", "户号,户名\n".encode())
    ),
)
@pytest.mark.usefixtures("in_process")
def test_any_bytes_are_a_table_or_a_problem(data: bytes, start: bytes) -> None:
    try:
        table = read_table(start + data, "x.csv")
    except Problem as problem:
        assert problem.code.startswith("table_")
    else:
        assert all(len(row.cells) == len(table.columns) for row in table.rows)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.integers(0, 6000), some.binary(min_size=1, max_size=8))
@pytest.mark.usefixtures("in_process")
def test_a_workbook_with_some_bytes_changed_is_a_table_or_a_problem(at: int, change: bytes) -> None:
    data = bytearray(WORKBOOK)
    data[at % len(data) : at % len(data) + len(change)] = change
    try:
        list(read_table(bytes(data), "x.xlsx").rows)
    except Problem as problem:
        assert problem.code.startswith("table_")


WORKBOOK = workbook([["户号", "户名", "电话"], *([f"{n:010d}", "王伟", 13800000000 + n] for n in range(40))])
