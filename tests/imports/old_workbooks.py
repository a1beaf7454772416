"""Writes small workbooks of the kinds that XlsxWriter does not: XLS (BIFF8 in an OLE file), XLSB and ODS.

Only as much of each as a reader needs (MS-XLS, MS-CFB, MS-XLSB, OpenDocument 1.2).
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

_SECTOR, _FREE, _END, _FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
# The codes of errors in a cell, as MS-XLS 2.5.10 and MS-XLSB 2.5.97.2 have them.
ERRORS = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}
# A number shown as a day, by its second format.
Day = float
_RELATED = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE file of streams, each of at least 4096 bytes (shorter ones are filled up)."""
    padded = {name: data + b"\0" * (max(4096, -(-len(data) // 512) * 512) - len(data))
              for name, data in streams.items()}  # fmt: skip
    chains: list[int] = [_FAT, _END]
    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    for n, (name, data) in enumerate(padded.items(), 1):
        start, count = len(chains), len(data) // _SECTOR
        chains += [*range(start + 1, start + count), _END]
        entries.append(_entry(name, 2, start, len(data), right=n + 1 if n < len(padded) else _FREE))
    assert len(entries) <= 4 and len(chains) <= 128
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0, 0)
    head += struct.pack("<108I", *[_FREE] * 108)
    fat = struct.pack("<128I", *chains, *[_FREE] * (128 - len(chains)))
    folder = b"".join(entries).ljust(_SECTOR, b"\0")
    return head + fat + folder + b"".join(padded.values())


def _entry(name: str, kind: int, start: int, size: int, *, right: int = _FREE, child: int = _FREE) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHBBIII36xIQ", text, len(text), kind, 1, _FREE, right, child, start, size)


def xls(rows: Sequence[Sequence[object]], *, is_1904: bool = False, name: str = "Sheet1") -> bytes:
    """An XLS of one sheet: texts, numbers, True and False, errors by their text, `(serial,)` for a day."""
    begin = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6))
    formats = b"".join(
        _biff(0xE0, struct.pack("<HHHBBBBIIH", 0, one, 0xFFF5, 0, 0, 0, 0, 0, 0, 0)) for one in (0, 14)
    )
    sheet_name = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    before = begin + _biff(0x22, struct.pack("<H", is_1904)) + formats
    bound = len(before) + 4 + 6 + len(sheet_name) + 4
    globals_ = before + _biff(0x85, struct.pack("<IH", bound, 0) + sheet_name) + _biff(0x0A, b"")
    width = max(map(len, rows), default=0)
    sheet = _biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x0DBB, 0x07CC, 0, 6))
    sheet += _biff(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for row, cells in enumerate(rows):
        sheet += b"".join(_biff_cell(row, n, cell) for n, cell in enumerate(cells) if cell is not None)
    return ole({"Workbook": globals_ + sheet + _biff(0x0A, b"")})


def _biff(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _biff_cell(row: int, column: int, cell: object) -> bytes:
    at = struct.pack("<HHH", row, column, int(isinstance(cell, tuple)))
    if isinstance(cell, tuple):
        return _biff(0x203, at + struct.pack("<d", cell[0]))
    if isinstance(cell, bool):
        return _biff(0x205, at + bytes((cell, 0)))
    if isinstance(cell, int | float):
        return _biff(0x203, at + struct.pack("<d", cell))
    if cell in ERRORS:
        return _biff(0x205, at + bytes((ERRORS[str(cell)], 1)))
    text = str(cell)
    return _biff(
        0x204, at + struct.pack("<HB", len(text.encode("utf-16-le")) // 2, 1) + text.encode("utf-16-le")
    )


def xlsb(rows: Sequence[Sequence[object]], *, name: str = "Sheet1", first: int = 0) -> bytes:
    """An XLSB of one sheet, from a row on: texts, numbers, True and False, errors by their text."""
    width = max(map(len, rows), default=0)
    extent = _record(148, struct.pack("<IIII", first, first + len(rows) - 1, 0, width - 1))
    sheet = _record(129) + extent + _record(145) + _sheet_rows(rows, first) + _record(146) + _record(130)
    bundle = struct.pack("<II", 0, 1) + _wide("rId1") + _wide(name)
    workbook = b"".join((_record(131), _record(143), _record(156, bundle), _record(144), _record(132)))
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return _zip(
        {
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": f'<Relationships {_RELATED}><Relationship Id="rId1" Type="{kind}/officeDocument" '
            'Target="xl/workbook.bin"/></Relationships>'.encode(),
            "xl/workbook.bin": workbook,
            "xl/_rels/workbook.bin.rels": f'<Relationships {_RELATED}><Relationship Id="rId1" '
            f'Type="{kind}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'.encode(),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def _sheet_rows(rows: Sequence[Sequence[object]], first: int) -> bytes:
    found = b""
    for row, cells in enumerate(rows, first):
        found += _record(0, struct.pack("<III", row, 0, 0) + bytes(5))
        for n, cell in enumerate(cells):
            if cell is not None:
                kind, value = _binary_cell(cell)
                found += _record(kind, struct.pack("<II", n, 0) + value)
    return found


def _binary_cell(cell: object) -> tuple[int, bytes]:
    if isinstance(cell, bool):
        return 4, bytes((cell,))
    if isinstance(cell, int | float):
        return 5, struct.pack("<d", cell)
    return (3, bytes((ERRORS[str(cell)],))) if cell in ERRORS else (6, _wide(str(cell)))


def _record(kind: int, data: bytes = b"") -> bytes:
    head = bytes((kind,)) if kind < 0x80 else bytes((kind & 0x7F | 0x80, kind >> 7))
    size, length = b"", len(data)
    while length >= 0x80:
        size, length = size + bytes((length & 0x7F | 0x80,)), length >> 7
    return head + size + bytes((length,)) + data


def _wide(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def ods(rows: Iterable[str], *, name: str = "Sheet1", before: str = "") -> bytes:
    """An ODS of one sheet: each row the XML of its cells (`cell`), or of whole rows where it begins so."""
    body = "".join(one if one.startswith("<table:table-row") else f"<table:table-row>{one}</table:table-row>"
                   for one in rows)  # fmt: skip
    spaces = " ".join(
        f'xmlns:{short}="urn:{long}"'
        for short, long in (
            ("office", "oasis:names:tc:opendocument:xmlns:office:1.0"),
            ("table", "oasis:names:tc:opendocument:xmlns:table:1.0"),
            ("text", "oasis:names:tc:opendocument:xmlns:text:1.0"),
            ("style", "oasis:names:tc:opendocument:xmlns:style:1.0"),
            ("calcext", "org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"),
        )
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2">'
        f"<office:body><office:spreadsheet>{before}<table:table table:name={quoteattr(name)}>{body}"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    return _zip(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b"<manifest/>",
            "content.xml": content.encode(),
        }
    )


def cell(text: str, kind: str = "string", value: str = "", more: str = "") -> str:
    """A cell of an ODS: its text, its type and the value of that."""
    names = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}
    said = f' office:{names.get(kind, "value")}="{value}"' if value else ""
    return (
        f'<table:table-cell office:value-type="{kind}"{said} {more}><text:p>{escape(text)}</text:p>'
        "</table:table-cell>"
    )


def ods_error(text: str, more: str = "") -> str:
    """An error as LibreOffice saves it."""
    return (
        f'<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
        f'calcext:value-type="error" {more}><text:p>{escape(text)}</text:p></table:table-cell>'
    )


def repacked(data: bytes, changes: dict[str, tuple[bytes, bytes]]) -> bytes:
    """A workbook with something in some of its parts put in another's place."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.namelist():
            old, new = changes.get(part, (b"", b""))
            content = archive.read(part)
            assert not old or old in content, part
            found[part] = content.replace(old, new) if old else content
    return _zip(found)


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()
