"""Reads delimited text (CSV): finds its encoding and its delimiter, and gives its records."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from backend.imports.reading.grids import Grid, Line, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What people may say instead; Python's codec of each.
ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "cp1252")
_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_BYTES, _SAMPLE_RECORDS, _CHUNK = 1 << 18, 200, 1 << 20
# A quoted cell that is longer was never closed; without quotes it is what it is, and refused by its row.
MOST_CELL, _MOST_WITHOUT_QUOTES = 1 << 17, 1 << 26
# A quote that nobody closed swallows the rows below it.
_MOST_LINES_A_CELL = 60
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
# Letters with accents of the West's alphabets begin here.
_FIRST_LETTER, _WESTERN_SHARE = 0xC0, 0.4
_SAID = re.compile(r"sep=(.)\r?\n?")
# Excel's own way to keep a number a text.
_GUARDED = re.compile(r'^="(.*)"$')


def read(data: bytes, encoding: str | None = None) -> Grid:
    """The records of a delimited file. Raises Unreadable."""
    found = _encoding(data, encoding)
    sample = io.TextIOWrapper(io.BytesIO(data[:_SAMPLE_BYTES]), found, "replace", newline="").read()
    if not sample.strip():
        raise Unreadable("table_empty")
    if sample.count("\0") > len(sample) / 100:
        raise Unreadable("table_kind")
    said = _SAID.match(sample)
    delimiter = said[1] if said else _delimiter(sample)
    has_quotes = b'"' in data
    quoting = csv.QUOTE_MINIMAL if has_quotes and _is_well_quoted(data, found, delimiter) else csv.QUOTE_NONE

    def lines() -> Iterator[Line]:
        return _records(data, found, delimiter, quoting)

    return Grid(lines, encoding=found, delimiter=delimiter, skipped=1 if said else 0)


def _records(data: bytes, encoding: str, delimiter: str, quoting: int) -> Iterator[Line]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    csv.field_size_limit(MOST_CELL if quoting == csv.QUOTE_MINIMAL else _MOST_WITHOUT_QUOTES)
    lines = (line.replace("\0", "") for line in text)
    for cells in csv.reader(lines, delimiter=delimiter, quoting=quoting):  # type: ignore[arg-type]
        yield [_value(cell) for cell in cells]


def _value(cell: str) -> str:
    if not cell.startswith("="):
        return cell
    guarded = _GUARDED.match(cell)
    return guarded[1].replace('""', '"') if guarded else cell


def _is_well_quoted(data: bytes, encoding: str, delimiter: str) -> bool:
    try:
        return not any(
            cell.count("\n") > _MOST_LINES_A_CELL
            for cells in _records(data, encoding, delimiter, csv.QUOTE_MINIMAL)
            for cell in cells
        )
    except csv.Error:
        return False


def _delimiter(sample: str) -> str:
    """The one that divides most records into the same number of cells."""
    lines = sample.splitlines(keepends=True)[: _SAMPLE_RECORDS + 1]
    whole = lines[:-1] if len(lines) > 1 and len(sample) >= _SAMPLE_BYTES // 4 else lines
    return max(_DELIMITERS, key=lambda one: _evenness(whole, one))


def _evenness(lines: list[str], delimiter: str) -> float:
    try:
        records = list(islice(csv.reader(lines, delimiter=delimiter), _SAMPLE_RECORDS))
    except csv.Error:
        return 0.0
    widths = Counter(len(cells) for cells in records if any(cells))
    width, often = max(widths.items(), key=lambda one: (one[0] > 1, one[1], one[0]), default=(0, 0))
    return often / max(1, widths.total()) + min(width, 50) / 100 if width > 1 else 0.0


def _encoding(data: bytes, asked: str | None) -> str:
    """That which the file is in: by its mark, by its zeros, or the first that all of it is valid in.

    UTF-8 goes first (no other text is valid in it by chance), then GB18030 with GBK in it, then the West's,
    of which every byte is valid: nothing could come after it.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked and not (asked and asked.startswith("utf-16") and marked == "utf-16"):
        if _is_valid(data, marked):
            return marked
        raise Unreadable("table_encoding", encoding=marked)
    candidates = [asked] if asked else [*_by_zeros(data), "utf-8", "gb18030"]
    for name in candidates:
        if _is_valid(data, name) and (asked or name != "gb18030" or not _seems_western(data)):
            return name
    if asked:
        raise Unreadable("table_encoding", encoding=asked)
    beyond = sum(1 for byte in data[:_SAMPLE_BYTES] if byte > 0x7F)
    if beyond > len(data[:_SAMPLE_BYTES]) / 10:
        raise Unreadable("table_encoding", encoding="UTF-8, GB18030")
    return "cp1252" if _is_valid(data, "cp1252") else "latin-1"


def _seems_western(data: bytes) -> bool:
    """Whether what is valid as Chinese has a letter behind many of its bytes beyond ASCII: Müller, Peña.

    Of Chinese characters in daily use both bytes are beyond ASCII, of rare ones the first is below 0xC0.
    """
    pairs = _PAIR.findall(data[:_SAMPLE_BYTES])
    western = sum(1 for one in pairs if one[0] >= _FIRST_LETTER and one[1:].isalpha())
    return western > _WESTERN_SHARE * len(pairs)


def _by_zeros(data: bytes) -> list[str]:
    """UTF-16 without a mark: every second byte of its ASCII is zero."""
    head = data[: _CHUNK & ~1]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) <= len(head) / 10:
        return []
    return ["utf-16-le"] if odd > even else ["utf-16-be"]


def _is_valid(data: bytes, encoding: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
