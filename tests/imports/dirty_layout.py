"""Writes rows as people lay tables out: titles, one or two header rows, totals, gaps, notes, merged cells."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

import xlsxwriter

# Field, and what its column is called: below its group where the header has two rows.
COLUMNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("number", "", ("户号", "用户编号", "客户编号")),
    ("name", "", ("户名", "用户名称", "客户名称")),
    ("address", "", ("用水地址", "地址", "装表地址")),
    ("contact_name", "联系方式", ("联系人", "联系人", "联系人姓名")),
    ("phone", "联系方式", ("电话", "联系电话", "手机号码")),
    ("meter_number", "水表", ("表号", "水表编号", "表身号")),
    ("diameter_mm", "水表", ("口径", "口径(mm)", "水表口径")),
    ("category", "", ("用户类型", "客户类别", "用户分类")),
    ("nature", "", ("用水性质", "用水类别", "用水性质")),
    ("longitude", "位置", ("经度", "X", "lng")),
    ("latitude", "位置", ("纬度", "Y", "lat")),
    ("note", "", ("备注", "备注", "说明")),
)
Written = tuple[dict[str, Any], bool, set[str]]


@dataclass
class Laid:
    """The file, and where everything stands in it (numbers of rows from 1)."""

    data: bytes = b""
    name: str = ""
    numbers: list[int] = field(default_factory=list)
    header_rows: tuple[int, ...] = ()
    set_aside: dict[int, str] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)


@dataclass
class _Line:
    cells: list[Any]
    # Row of a record: whether its first two cells belong to those above; which of them are formulas.
    is_merged_up: bool = False
    formulas: frozenset[int] = frozenset()
    merges: tuple[tuple[int, int], ...] = ()
    # Columns merged with the row below.
    down: tuple[int, ...] = ()


def lay_out(random: Random, records: list[Written], form: str) -> Laid:
    """The table in a form, with what people write around it."""
    laid, lines = Laid(), []
    way, two_rows, gap = random.randrange(3), random.random() < 0.5, random.random() < 0.5
    columns = list(COLUMNS)
    for text in random.choice(
        ((), ("某某水务客户台账",), ("某某水务客户台账", "制表人：张三　日期：2023年5月"))
    ):
        lines.append(_Line([text], merges=((0, len(columns) - 1),)))
        laid.set_aside[len(lines)] = "title"
    if random.random() < 0.3:
        lines.append(_Line([]))
    _header(laid, lines, way, two_rows=two_rows)
    every = random.choice((23, 57, 10_000_000))
    for n, (cells, is_merged_up, formulas) in enumerate(records):
        if n % every == every - 1 and not is_merged_up:
            lines.append(_Line(["小计", None, None, None, None, None, f"{every}"]))
            laid.set_aside[len(lines)] = "total"
            if gap:
                lines.append(_Line([]))
        at = frozenset(k for k, (name, *_) in enumerate(columns) if name in formulas)
        lines.append(_Line([cells[name] for name, *_ in columns], is_merged_up, at))
        laid.numbers.append(len(lines))
    lines.append(_Line(["合计", f"共{len(records)}户"]))
    laid.set_aside[len(lines)] = "total"
    if random.random() < 0.5:
        lines.append(_Line(["审核：李四"]))
        laid.set_aside[len(lines)] = "note"
    laid.data = _workbook(random, lines) if form == "xlsx" else _text(random, lines, form)
    laid.name = "客户台账.xlsx" if form == "xlsx" else "客户台账.csv"
    return laid


def letters_of(cell: Any) -> str:
    """A cell as text of a CSV."""
    return "" if cell is None else str(cell)


def _header(laid: Laid, lines: list[_Line], way: int, *, two_rows: bool) -> None:
    names = [called[way] for _, _, called in COLUMNS]
    if not two_rows:
        lines.append(_Line(list(names)))
        laid.header_rows = (len(lines),)
        laid.mapping = {name: called[way] for name, _, called in COLUMNS}
        return
    groups = [group for _, group, _ in COLUMNS]
    first = [
        (group if n == 0 or groups[n - 1] != group else None) if group else names[n]
        for n, group in enumerate(groups)
    ]
    runs = [
        (n, max(k for k in range(n, len(groups)) if all(one == groups[n] for one in groups[n : k + 1])))
        for n in range(len(groups))
        if groups[n] and first[n]
    ]
    down = tuple(n for n, group in enumerate(groups) if not group)
    lines.append(_Line(first, merges=tuple(runs), down=down))
    lines.append(_Line([names[n] if group else None for n, group in enumerate(groups)]))
    laid.header_rows = (len(lines) - 1, len(lines))
    laid.mapping = {
        name: f"{group} {called[way]}" if group else called[way] for name, group, called in COLUMNS
    }


def _text(random: Random, lines: list[_Line], encoding: str) -> bytes:
    out = io.StringIO()
    delimiter = random.choice(",;\t") if encoding != "gbk" else ","
    writer = csv.writer(out, delimiter=delimiter)
    for line in lines:
        cells = [letters_of(cell) for cell in line.cells]
        writer.writerow([*cells, *[""] * (len(COLUMNS) - len(cells))])
    return out.getvalue().encode("gb18030" if encoding == "gbk" else encoding)


def _workbook(random: Random, lines: list[_Line]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_numbers": False})
    if random.random() < 0.5:
        hidden = book.add_worksheet("旧数据")
        hidden.write_string(0, 0, "户号")
        hidden.hide()
    sheet = book.add_worksheet("客户台账")
    sheet.activate()
    sheet.set_first_sheet()
    left = random.choice((0, 0, 1))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for row, line in enumerate(lines):
        # Number and name of a customer with two meters.
        if row + 1 < len(lines) and lines[row + 1].is_merged_up:
            line.down = (0, 1)
        _write(sheet, row, left, line, day)
    book.close()
    return out.getvalue()


def _write(sheet: Any, row: int, left: int, line: _Line, day: Any) -> None:
    covered = {n for first, last in line.merges for n in range(first + 1, last + 1)}
    for n, cell in enumerate(line.cells):
        if n in covered:
            continue
        if n in line.formulas:
            sheet.write_formula(row, left + n, f"=50+{int(cell) - 50}", None, cell)
        elif isinstance(cell, str) and cell.startswith("date:"):
            sheet.write_datetime(row, left + n, date.fromisoformat(cell[5:]), day)
        elif isinstance(cell, str):
            sheet.write_string(row, left + n, cell)
        elif cell is not None:
            sheet.write_number(row, left + n, cell)
    # `merge_range` writes blanks into rows to come, which are lost where rows go out one by one.
    sheet.merge += [[row, left + first, row, left + last] for first, last in line.merges]
    sheet.merge += [[row, left + n, row + 1, left + n] for n in line.down]
