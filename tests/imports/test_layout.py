"""Rows of data told from totals, notes, titles and repeated headers; nothing else is set aside."""

from __future__ import annotations

from typing import Any

import pytest

from backend.imports.reading import layout
from backend.imports.reading.grids import Grid, Merged
from backend.imports.reading.headers import Header
from backend.imports.reading.layout import Layout

NAMES = ("户号", "户名", "地址", "电话", "口径", "备注")
DATA = ["1", "王伟", "试验路1号", "138", "15", None]


def laid(*lines: list[Any], merged: tuple[Merged, ...] = ()) -> tuple[Layout, list[tuple[int, list[Any]]]]:
    every = [list(NAMES), *lines]
    found = Layout(Grid(lambda: iter(every), merged=merged), Header((0,), NAMES))
    return found, list(found.rows())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["合计", None, None, None, "300", None], "total"),
        (["小计：", None, None, None, None, None], "total"),
        ([None, "总计", None, None, "300", None], "total"),
        (["Grand Total", None, None, None, "300", None], "total"),
        (["合计：12户", None, None, None, None, None], "total"),
        (["本页小计（元）", "1", "2", "3", "4", "5"], "total"),
        (["制表人：张三", None, "审核：李四", None, None, None], "note"),
        (["共 120 户", None, None, None, None, None], "note"),
        (["备注：以上为2023年数据", None, None, None, None, None], "note"),
        (list(NAMES), "header"),
        (["户号", "户名", None, "电话", None, None], "header"),
    ],
)
def test_what_is_no_data_is_set_aside_and_said(line: list[Any], why: str) -> None:
    found, rows = laid(DATA, line, DATA)
    assert [number for number, _ in rows] == [2, 4]
    assert [(number, reason) for number, reason, _ in found.set_aside] == [(3, why)]
    assert str(line[0] or line[1]) in found.set_aside[0][2]


@pytest.mark.parametrize(
    "line",
    [
        ["9", "合计", "试验路1号", "138", "15", None],
        ["9", "总和商行", "试验路1号", None, None, None],
        ["9", None, None, None, None, None],
        ["9", "注册公司", "说明路", "138", "15", "备注：无"],
        [None, None, None, None, None, "孤零零"],
    ],
)
def test_what_may_be_data_stays(line: list[Any]) -> None:
    found, rows = laid(DATA, line)
    assert (len(rows), found.set_aside) == (2, [])


def test_rows_that_are_empty_or_blank_are_left_out_silently() -> None:
    found, rows = laid(DATA, [], [None] * 6, ["  ", "", "\t"], DATA)
    assert ([number for number, _ in rows], found.set_aside) == ([2, 6], [])


def test_a_short_row_is_filled_up_and_a_long_one_cut_to_the_columns() -> None:
    _, rows = laid(["1"], [*DATA, "多余"])
    assert [len(cells) for _, cells in rows] == [6, 6]


def test_a_title_merged_over_the_columns_in_the_middle_is_a_title() -> None:
    found, rows = laid(DATA, ["东区", None, None, None, None, None], DATA, merged=((2, 0, 2, 5),))
    assert ([number for number, _ in rows], found.set_aside) == ([2, 4], [(3, "title", "东区")])


def test_cells_merged_downwards_hold_in_each_row_and_no_further() -> None:
    lines = [[str(n), None, None, None, None, None] for n in range(5)]
    lines[1][2] = "试验路"
    found, rows = laid(*lines, merged=((2, 2, 4, 2),))
    assert [cells[2] for _, cells in rows] == [None, "试验路", "试验路", "试验路", None]
    assert found.merged == 2


def test_a_merge_that_begins_in_the_header_fills_nothing_below() -> None:
    _, rows = laid(DATA, merged=((0, 5, 1, 5),))
    assert rows[0][1][5] is None


def test_only_so_many_are_listed_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MOST_LISTED", 2)
    found, _ = laid(*[["合计", None, None, None, None, None]] * 5)
    assert (len(found.set_aside), found.more_set_aside) == (2, 3)
