"""Writes what became of a run's rows as a file: refused ones with every reason, safe to open in Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import xlsxwriter
from sqlalchemy.orm import Session

from backend.imports.queries import run_rows

HEAD = ("行号 · Row", "列 · Column", "原值 · Value", "原因", "Reason", "可能是 · Proposal")
_AT_ONCE = 5000
# What a sheet would take for a formula or a command; Excel of the Far East takes wide signs as well.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Line = tuple[int, str, str, str, str, str]


def lines_of(session: Session, run_id: str, verdict: str = "refused") -> Iterator[Line]:
    """A line for each reason: the row's number in the file, the column, its value, why in both languages."""
    after = -(2**31)
    while rows := run_rows.listed(session, run_id, verdict, after, _AT_ONCE):
        after = rows[-1].number
        for row in rows:
            for one in row.reasons or [{}]:
                yield (
                    row.number, one.get("column") or one.get("field", ""), one.get("about", ""),
                    one.get("zh", ""), one.get("en", ""), one.get("proposal", ""),
                )  # fmt: skip


def as_csv(lines: Iterator[Line]) -> bytes:
    """As CSV that Excel opens as UTF-8; a value that begins like a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for number, *texts in lines:
        writer.writerow([number, *map(plain_text, texts)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(lines: Iterator[Line]) -> bytes:
    """As a workbook: every value is a string, none a formula or a link."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("不能导入 Refused")
        bold = book.add_format({"bold": True})
        wide = book.add_format({"text_wrap": True, "valign": "top"})
        sheet.set_column(0, 0, 8)
        sheet.set_column(1, 2, 18, wide)
        sheet.set_column(3, 4, 48, wide)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(HEAD):
            sheet.write_string(0, column, name, bold)
        for at, (number, *texts) in enumerate(lines, 1):
            sheet.write_number(at, 0, number)
            for column, text in enumerate(texts, 1):
                sheet.write_string(at, column, text[:32_000])
    return out.getvalue()


def plain_text(text: str) -> str:
    """A text that no sheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{text}" if text.startswith(FORMULA) else text
