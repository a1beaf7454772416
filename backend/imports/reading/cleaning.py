"""Cleans the text of a cell: full-width letters and digits, invisible signs, blanks, what means nothing."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time

from backend.imports.reading.shapes import Cell

# Letters and digits alone: full-width brackets and commas are how Chinese is written.
_NARROW = {wide: wide - 0xFEE0 for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
           for wide in range(first, last + 1)}  # fmt: skip
_BLANKS = re.compile(r"[\s\u3000\u00a0]+")
# What an export puts before a text that a sheet would take for a formula.
_QUOTED = re.compile(r"^'+(?=[=+\-@＝＋－＠])")
_PLAIN = re.compile(r"[\x21-\x7e\u4e00-\u9fff]+(?: [\x21-\x7e\u4e00-\u9fff]+)*")
_NOTHING = frozenset(
    {"-", "--", "---", "—", "——", "/", "\\", ".", "无", "空", "暂无", "没有", "未知", "不详", "待补", "null", "none",
     "nil", "n/a", "na", "#n/a", "#nv", "#n/d", "nan", "(null)", "<null>", "无数据", "unknown", "undefined",
     "k.a.", "keine angabe",
     "unbekannt", "sin datos", "desconocido"}
)  # fmt: skip
# What a sheet shows in place of a value it could not work out: English, German, Spanish; LibreOffice's.
_ERRORS = frozenset(
    {"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
     "#CONNECT!", "#UNKNOWN!", "#GETTING_DATA", "#BEZUG!", "#WERT!", "#ZAHL!", "#¡REF!", "#¡VALOR!",
     "#¡DIV/0!",
     "#¡NUM!", "#¡NULO!", "#¿NOMBRE?"}
)  # fmt: skip
_SEEMS_HASHED = re.compile(r"#{3,}|Err:5\d\d")


def text_in(cell: Cell) -> str:
    """What a cell says, cleaned; empty for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _cleaned(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def shown(cell: Cell) -> str:
    """A cell as a reason quotes it: as it stands in the file, cut."""
    return ("" if cell is None else str(cell))[:100]


def means_nothing(text: str) -> bool:
    """Whether a text only says that there is none."""
    return text.casefold() in _NOTHING


def is_sheet_error(text: str) -> bool:
    """Whether a sheet could not work a value out, or had no room to show it when it was saved as text."""
    return text.startswith(("#", "Err:")) and (
        text.upper() in _ERRORS or _SEEMS_HASHED.fullmatch(text) is not None
    )


def one_width(text: str) -> str:
    """For numbers, dates and codes: every sign in its one form, without quotes that kept it a text."""
    return unicodedata.normalize("NFKC", text).strip().lstrip("'’`").strip()


def _cleaned(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return _QUOTED.sub("", text)
    seen = "".join(
        one
        for one in text
        if unicodedata.category(one) not in ("Cf", "Cc", "Co", "Cs", "Cn") or one in "\t\r\n"
    )
    return _QUOTED.sub("", _BLANKS.sub(" ", seen.translate(_NARROW)).strip())
