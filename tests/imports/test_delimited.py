"""Delimited text as programs and people write it: quotes, line breaks, mixed line ends, zeros, guesses."""

from __future__ import annotations

import codecs
from typing import Any

import pytest

from backend.imports.reading import delimited
from backend.imports.reading.grids import Grid, Unreadable
from backend.imports.reading.shapes import Cell, Table
from backend.imports.reading.tables import read_table
from tests.imports.sheets import text

HEAD = "户号,户名,备注"


def grid(data: bytes, encoding: str | None = None) -> Grid:
    return delimited.read(data, encoding)


def lines(data: bytes, encoding: str | None = None) -> list[list[Any]]:
    return [list(one) for one in grid(data, encoding).lines()]


def why(data: bytes, encoding: str | None = None) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Unreadable) as refused:
        lines(data, encoding)
    return refused.value.why, refused.value.detail


def rows(table: Table) -> list[tuple[int, tuple[Cell, ...]]]:
    return [(row.number, row.cells) for row in table.rows]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_divides_records(end: str) -> None:
    assert lines(f"a,b{end}1,2{end}3,4".encode()) == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_line_ends_may_be_mixed_and_stay_within_quotes() -> None:
    data = b'a,b\r\n1,"x\ny"\n2,"x\r\ny"\r3,"x\ry"\n'
    assert lines(data) == [["a", "b"], ["1", "x\ny"], ["2", "x\r\ny"], ["3", "x\ry"]]


@pytest.mark.usefixtures("in_process")
def test_rows_are_numbered_as_a_sheet_shows_them_whatever_breaks_their_cells() -> None:
    table = read_table(text(HEAD, '1,王伟,"一\n二\n三"', "", '2,"李\n芳",x', ",,", "3,赵,y"), "a.csv")
    assert [number for number, _ in rows(table)] == [2, 4, 6]
    assert rows(table)[0][1] == ("1", "王伟", "一\n二\n三")


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""yes""",c', ['say "yes"', "c"]),
        ('"",c', ["", "c"]),
        ('a"b,c', ['a"b', "c"]),
        ('5" pipe,c', ['5" pipe', "c"]),
        ('"a" b,c', ["a b", "c"]),
        ("'a','b'", ["'a'", "'b'"]),
        ('="00123",c', ["00123", "c"]),
        ('="a""b",c', ['a"b', "c"]),
        ("=1+1,c", ["=1+1", "c"]),
        ('"=""007""",c', ["007", "c"]),
        ("a,b,", ["a", "b", ""]),
        (",,", ["", "", ""]),
        (" a , b ", [" a ", " b "]),
    ],
)
def test_quotes_as_they_are_written(line: str, cells: list[str]) -> None:
    assert lines(f"x,y\n{line}\n".encode())[1] == cells


def test_a_quote_that_nobody_closed_costs_no_row() -> None:
    data = text("a,b", '1,"open', *(f"{n},x" for n in range(2, 80)))
    assert len(lines(data)) == 80
    assert lines(data)[1] == ["1", '"open']


def test_a_quote_left_open_in_a_short_file_swallows_only_what_could_be_its_text() -> None:
    """Below sixty lines nobody can tell it from an address of several lines."""
    assert lines(b'a,b\n1,"x\n2,y\n') == [["a", "b"], ["1", "x\n2,y\n"]]


def test_a_quoted_cell_longer_than_any_was_never_closed() -> None:
    data = text("a,b", f'1,"{"x" * (delimited.MOST_CELL + 1)}"')
    assert delimited._is_well_quoted(data, "utf-8", ",") is False
    assert len(lines(data)) == 2


@pytest.mark.usefixtures("in_process")
def test_a_cell_longer_than_any_is_refused_with_its_row_alone() -> None:
    """It was told as a damaged file."""
    table = read_table(text(HEAD, f"1,王伟,{'x' * (delimited.MOST_CELL + 1)}", "2,李芳,y"), "a.csv")
    assert [len(str(cells[2])) for _, cells in rows(table)] == [delimited.MOST_CELL + 1, 1]


@pytest.mark.parametrize("zeros", [b"\0", b"\0\0\0"])
def test_a_few_zero_bytes_are_left_out(zeros: bytes) -> None:
    """As programs leave them that fill fields of a fixed length."""
    body = b"".join(f"{n},name {n},some remark of {n}\r\n".encode() for n in range(30))
    data = b"a,b,c\r\n1," + b"x" + zeros + b",y\r\n" + body
    assert lines(data)[1] == ["1", "x", "y"]


def test_a_file_full_of_zero_bytes_is_no_text() -> None:
    assert why(b"a,b\n" + b"\0" * 200)[0] in ("table_kind", "table_empty")
    assert why(b"a,b\n\0\n1,2\n")[0] == "table_kind"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("width", [4, 5, 12])
def test_the_delimiter_is_the_one_that_divides_evenly(delimiter: str, width: int) -> None:
    others = "".join(one for one in ",;| " if one != delimiter)
    data = text(*(delimiter.join(f"{others[n % 3]}{n}x" for n in range(width)) for _ in range(8)))
    assert grid(data).delimiter == delimiter


@pytest.mark.parametrize(
    ("written", "delimiter"),
    [
        (["Nr;Betrag", "1;12,50", "2;3,75", "3;1.234,00"], ";"),
        (["a;b;c", "1;x, y, z;2", "2;x;3"], ";"),
        (["a,b", '1,"x;y;z"', "2,x"], ","),
        (["标题：客户", "a\tb\tc", "1\t2\t3", "4\t5\t6"], "\t"),
        (["a", "1", "2"], ","),
    ],
)
def test_a_delimiter_among_other_signs(written: list[str], delimiter: str) -> None:
    assert grid(text(*written)).delimiter == delimiter


@pytest.mark.parametrize(("said", "delimiter"), [("sep=;", ";"), ("sep=|", "|"), ("sep=^", "^")])
def test_a_delimiter_that_the_file_says_goes_before_all(said: str, delimiter: str) -> None:
    data = text(said, f"a{delimiter}b,c", f"1{delimiter}2,3")
    found = grid(data)
    assert (found.delimiter, found.skipped) == (delimiter, 1)
    assert [list(one) for one in found.lines()][1:] == [["a", "b,c"], ["1", "2,3"]]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
    ],
)
def test_a_mark_says_the_encoding_and_is_no_part_of_the_first_name(mark: bytes, encoding: str) -> None:
    codec = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be",
             codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be"}[mark]  # fmt: skip
    data = mark + "户号,户名🚰\n1,王\n".encode(codec)
    assert grid(data).encoding == encoding
    assert lines(data) == [["户号", "户名🚰"], ["1", "王"]]


def test_a_mark_that_lies_is_told() -> None:
    assert why(codecs.BOM_UTF8 + "户号,户名".encode("gbk")) == ("table_encoding", {"encoding": "utf-8-sig"})
    assert why(codecs.BOM_UTF16_LE + b"\x00\xd8")[0] == "table_encoding"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_half_of_the_bytes_zero_is_utf_16_without_a_mark(encoding: str) -> None:
    data = "account,name\n1,Ann\n2,王\n".encode(encoding)
    assert grid(data).encoding == encoding
    assert lines(data)[1:] == [["1", "Ann"], ["2", "王"]]


def test_one_wrong_byte_at_the_end_of_a_long_file_is_seen() -> None:
    data = text("户号,户名", *("1,王伟" for _ in range(20_000))) + b"\xff\xfe,x"
    assert why(data)[0] == "table_encoding"


@pytest.mark.parametrize(
    "name",
    [
        "José Núñez",
        "Straße 5 €",
        "Müller",
        "Muñoz",
        "Peña",
        "Straße",
        "Größe Müller",
        "Grün & Söhne",
        "Ávila",
    ],
)
def test_western_text_is_read_where_it_is_little_of_the_file(name: str) -> None:
    """Müller and Muñoz are valid as Chinese too: M黮ler and Mu駉z were read."""
    data = text(
        "Account,Customer name and address",
        f"1,{name}",
        *("2,Ann Smith" for _ in range(9)),
        encoding="cp1252",
    )
    assert grid(data).encoding == "cp1252"
    assert lines(data)[1] == ["1", name]


@pytest.mark.parametrize("name", ["王伟", "朱镕基", "王喆", "張三豐", "𠮷田", "ＶＩＰ客户", "王A伟B"])
def test_chinese_text_stays_chinese(name: str) -> None:
    data = text("account,name", f"1,{name}", encoding="gb18030")
    assert grid(data).encoding == "gb18030"
    assert lines(data)[1] == ["1", name]


def test_bytes_that_no_western_alphabet_has_are_still_read() -> None:
    data = b"Account,Customer name\r\n" + b"1,a\x81 b plain text that is long enough\r\n" * 4
    assert grid(data).encoding == "latin-1"


def test_text_in_an_alphabet_nobody_can_tell_is_asked_about() -> None:
    data = (
        "Счёт,Имя\n".encode("cp1251") + "1,Ж\xa0\n".encode("cp1251", "ignore") * 3 + b"\xff\xff\xff\xff\xff"
    )
    assert why(data) == ("table_encoding", {"encoding": "UTF-8, GB18030"})


@pytest.mark.parametrize("asked", ["utf-16", "big5", "cp1252", "gb18030", "utf-8"])
def test_what_people_may_say_is_read(asked: str) -> None:
    word = {"cp1252": "Núñez"}.get(asked, "王")
    assert lines(f"a,b\n1,{word}\n".encode(asked), asked) == [["a", "b"], ["1", word]]
    assert asked in delimited.ENCODINGS


def test_what_people_say_of_the_order_of_utf_16_goes_before_its_mark() -> None:
    data = codecs.BOM_UTF16_LE + "a,b\n1,王\n".encode("utf-16-le")
    assert lines(data, "utf-16-le")[1] == ["1", "王"]
    assert lines(data, "gb18030")[1] == ["1", "王"]


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("written", "names", "count"),
    [
        ([f"{HEAD},", "1,王,x,", "2,李,y,"], ["户号", "户名", "备注"], 2),
        ([HEAD, "1,王", "2,李,y,多"], ["户号", "户名", "备注", "D"], 2),
        ([HEAD, "1,王,x", "合计,,2"], ["户号", "户名", "备注"], 1),
        ([HEAD, "1,王,x", HEAD, "2,李,y"], ["户号", "户名", "备注"], 2),
    ],
)
def test_records_of_other_lengths(written: list[str], names: list[str], count: int) -> None:
    table = read_table(text(*written), "a.csv")
    assert [one.name for one in table.columns] == names
    assert len(table.rows) == count
    assert all(len(cells) == len(names) for _, cells in rows(table))


@pytest.mark.usefixtures("in_process")
def test_right_to_left_names_and_marks_of_direction() -> None:
    table = read_table(text("حساب,اسم", "1,\u200fمحمد\u200e", "2,\u202bדוד\u202c"), "a.csv", header=[1])
    assert [one.name for one in table.columns] == ["حساب", "اسم"]
    assert rows(table)[0][1] == ("1", "\u200fمحمد\u200e")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("count", [1, 2, 199, 200, 201])
def test_files_around_the_size_of_the_sample_are_read_whole(count: int) -> None:
    table = read_table(text(HEAD, *(f'{n},"王,{n}",x' for n in range(count))), "a.csv")
    assert len(table.rows) == count
    assert rows(table)[-1][1][1] == f"王,{count - 1}"


@pytest.mark.usefixtures("in_process")
def test_a_sign_across_the_end_of_the_sample_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (40, 41, 42, 43):
        monkeypatch.setattr(delimited, "_SAMPLE_BYTES", size)
        monkeypatch.setattr(delimited, "_CHUNK", size)
        table = read_table(text(HEAD, *(f"{n},王伟🚰,水" for n in range(20))), "a.csv")
        assert (table.encoding, len(table.rows)) == ("utf-8", 20)
