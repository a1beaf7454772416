"""The header of a table: found among titles, in one row or two, or not there."""

from __future__ import annotations

from typing import Any

import pytest

from backend.imports.reading.grids import letter
from backend.imports.reading.headers import bare, header_of, known_names, unique_names

KNOWN = frozenset(
    known_names(["户号", "户名", "地址", "电话", "手机", "联系方式", "口径", "Account No.", "Name"])
)
Lines = list[list[Any]]


def found(lines: Lines, merged: list[tuple[int, int, int, int]] | None = None, **options: Any) -> Any:
    return header_of(lines, merged or [], KNOWN, options.get("asked"), options.get("left", 0))


def test_a_header_below_a_title_and_a_line_of_remarks() -> None:
    lines: Lines = [
        ["某某水务客户台账", None, None],
        ["制表人：张三", None, "日期：5月"],
        [],
        ["户号", "户名", "地址"],
        ["1", "王", "a"],
    ]
    header = found(lines)
    assert (header.rows, header.names) == ((3,), ("户号", "户名", "地址"))


def test_names_nobody_knows_are_a_header_above_figures() -> None:
    assert found([["甲", "乙"], ["1234", "x"], ["1235", "y"]]).rows == (0,)


def test_rows_of_figures_have_no_header() -> None:
    header = found([["10023", "13812345678"], ["10024", "13812345679"]])
    assert (header.rows, header.names) == ((), ("A", "B"))


@pytest.mark.parametrize("is_merged", [True, False])
def test_groups_above_the_names(is_merged: bool) -> None:
    lines: Lines = [
        ["基本信息", None, "联系方式", None],
        ["户号", "户名", "电话", "手机"],
        ["1", "王", "2", "3"],
    ]
    header = found(lines, [(0, 0, 0, 1), (0, 2, 0, 3)] if is_merged else [])
    assert header.rows == (0, 1)
    assert header.names == ("基本信息 户号", "基本信息 户名", "联系方式 电话", "联系方式 手机")


@pytest.mark.parametrize("is_merged", [True, False])
def test_names_below_some_of_the_names(is_merged: bool) -> None:
    lines: Lines = [
        ["户号", "户名", "联系方式", None, "口径"],
        [None, None, "电话", "手机", None],
        ["1", "王", "2", "3", "4"],
    ]
    merges = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3), (0, 4, 1, 4)]
    header = found(lines, merges if is_merged else [])
    assert header.rows == (0, 1)
    assert header.names == ("户号", "户名", "联系方式 电话", "联系方式 手机", "口径")


def test_a_row_of_data_below_the_names_is_none_of_them() -> None:
    assert found([["户号", "户名", None], ["A", "王", "备"], ["B", "李", None]]).rows == (0,)


def test_what_a_person_says_goes() -> None:
    lines: Lines = [["户号", "户名"], ["编码", "称呼"], ["1", "王"]]
    assert found(lines, asked=[1]).names == ("编码", "称呼")
    assert found(lines, asked=[0, 1]).names == ("户号 编码", "户名 称呼")
    assert found(lines, asked=[]).names == ("A", "B")
    assert found(lines, asked=[99]).rows == ()


def test_nothing_has_no_names() -> None:
    assert found([]).names == ()


def test_columns_are_called_by_their_letters_and_never_alike() -> None:
    assert unique_names(["电话", "", "电话", "电话"], 25) == ("电话", "AA", "电话 (2)", "电话 (3)")
    assert [letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_name_is_compared_without_what_says_that_it_must_be_filled_in() -> None:
    assert bare("*户号（必填）") == bare("户 号") == "户号"
    assert bare("ACCOUNT No.") == bare("account no")
