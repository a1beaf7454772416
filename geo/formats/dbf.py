"""Rows of a Shapefile's table as its bytes show them.

A number is its digits, a text is in the encoding that is said.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from geo.errors import FileUnreadable
from geo.findings import Finding, words
from geo.formats.rows import Rows
from geo.formats.spelling import Speller, codec_of, undeclared

# The header's byte for a language, where it is one and not only "whatever the writer's
# computer uses" (0x57, 0x03).
_LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "cp950", 0x78: "cp950", 0x13: "cp932", 0x7B: "cp932",
              0x4E: "cp949", 0x79: "cp949", 0x26: "cp866", 0x65: "cp866", 0xC9: "cp1251", 0xC8: "cp1250",
              0xCB: "cp1253", 0xCA: "cp1254", 0x7D: "cp1255", 0x7E: "cp1256", 0x02: "cp850"}  # fmt: skip
# So many digits of a number in 64 bits are the writer's own.
_SURE = 15
_EXPONENT = re.compile(
    r"[+-]?[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]{1,2}|[+-]?[0-9]+(?:\.[0-9]*)?[eE][+-]?0[0-9]{2}"
)
_TEXT, _NUMBERS, _HEAD, _FIELD = b"C", (b"N", b"F"), 32, 32


@dataclass(frozen=True, slots=True)
class _Field:
    name: bytes
    kind: bytes
    start: int
    width: int
    decimals: int


def rows_of(data: bytes, said: bytes | None) -> Rows:
    """Of each record (deleted ones too, so that their numbers fit) what is not empty. Raises FileUnreadable.

    `said` is the content of the .cpg beside it, None where there is none.
    """
    fields, begin, size, count = _header(data)
    declared = codec_of(said.decode("ascii", "ignore")) if said else None
    declared = declared or _LANGUAGES.get(data[29])
    records = [data[begin + n * size : begin + (n + 1) * size] for n in range(count)]
    texts = [one for one in fields if one.kind == _TEXT]
    findings: list[Finding] = []
    if declared is None:
        values = [(_value(record, one), one.width) for record in records for one in texts]
        declared, findings = undeclared([(one.name, 10) for one in fields] + values)
    speller = Speller(declared, findings)
    names = _distinct([speller.text(one.name, words("column_name").line, 10) for one in fields])
    rows = {n: _row(record, fields, names, speller) for n, record in enumerate(records)}
    return Rows(names, rows, speller.findings)


def _header(data: bytes) -> tuple[list[_Field], int, int, int]:
    if len(data) < _HEAD:
        raise FileUnreadable("dbf")
    count, begin, size = struct.unpack_from("<IHH", data, 4)
    fields, at, start = [], _HEAD, 1
    while at + _FIELD <= min(begin, len(data)) and data[at] != 0x0D:
        name, kind, width, decimals = (
            data[at : at + 11].split(b"\0")[0],
            data[at + 11 : at + 12],
            data[at + 16],
            data[at + 17],
        )
        if kind == _TEXT:
            width, decimals = width + 256 * decimals, 0
        fields.append(_Field(name.rstrip(), kind, start, width, decimals))
        at, start = at + _FIELD, start + width
    if begin < _HEAD or size < 1:
        raise FileUnreadable("dbf")
    return fields, begin, size, min(count, max(len(data) - begin, 0) // size)


def _value(record: bytes, one: _Field) -> bytes:
    raw = record[one.start : one.start + one.width].split(b"\0")[0]
    return raw.rstrip(b" ") if one.kind == _TEXT else raw.strip(b" ")


def _distinct(names: Sequence[str]) -> list[str]:
    """A name that stands twice is told apart by its number."""
    found: list[str] = []
    for name in names:
        found.append(name if name not in found else f"{name}_{len(found) + 1}")
    return found


def _row(record: bytes, fields: Sequence[_Field], names: Sequence[str], speller: Speller) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one, name in zip(fields, names, strict=True):
        data = _value(record, one)
        if one.kind == _TEXT:
            text = speller.text(data, name, one.width) if data else ""
        else:
            text = (
                _number(data.decode("ascii", "ignore"), one)
                if one.kind in _NUMBERS
                else data.decode("ascii", "ignore")
            )
        if text.strip() and not set(text) <= {"*"}:
            found[name] = text
    return found


def _number(text: str, one: _Field) -> str:
    """A number's digits without those that its column's width put behind them.

    Zeros, or more than a number has.

    What stands before the point is the writer's, however long it is.
    """
    if _EXPONENT.fullmatch(text):
        text = f"{Decimal(text):f}"  # As ArcGIS writes a real number; map programs show its digits.
    if not one.decimals or "." not in text:
        return text
    whole, _, part = text.partition(".")
    if not part.strip("0"):
        return whole if whole.strip("+-") else "0"
    if sum(letter.isdigit() for letter in text) > _SURE > sum(letter.isdigit() for letter in whole):
        try:
            short = f"{float(text):.{_SURE}g}"
        except ValueError:
            return text
        text = text if "e" in short else short
    return text.rstrip("0").rstrip(".") if "." in text else text
