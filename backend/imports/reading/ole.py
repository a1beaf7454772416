"""Reads the streams of an OLE file (MS-CFB): what an XLS is, and a workbook with a password."""

from __future__ import annotations

import struct
from collections.abc import Iterable

# Whatever a broken file makes of going through it.
BROKEN = (struct.error, IndexError, ValueError)
_LAST_SECTOR = 0xFFFFFFFA
_STREAM, _ROOT, _ENTRY = 2, 5, 128
_SHIFTS, _SMALL_SHIFT = (9, 12), 6


class Ole:
    """The streams of a file by their names in small letters. Everything raises what `BROKEN` lists."""

    def __init__(self, data: bytes) -> None:
        shift, small_shift = struct.unpack_from("<HH", data, 30)
        folder_at, self._cutoff, self._small_at = (
            struct.unpack_from("<I", data, at)[0] for at in (48, 56, 60)
        )
        if shift not in _SHIFTS or small_shift != _SMALL_SHIFT:
            raise ValueError("sectors")
        self._sectors = _Sectors(data, 1 << shift, max(512, 1 << shift))
        self._sectors.following = _table(self._sectors, data)
        folder = self._sectors.chain(folder_at)
        entries = [folder[at : at + _ENTRY] for at in range(0, len(folder) - _ENTRY + 1, _ENTRY)]
        self._streams = {_name(one): one for one in entries if one[66] == _STREAM}
        self._root = next((one for one in entries if one[66] == _ROOT), b"")

    @property
    def names(self) -> frozenset[str]:
        """The names of all streams."""
        return frozenset(self._streams)

    def first_of(self, names: Iterable[str]) -> bytes:
        """The content of the first of these streams that is there."""
        found = next((self._streams[name] for name in names if name in self._streams), None)
        if found is None:
            raise ValueError("no stream")
        start, size = struct.unpack_from("<II", found, 116)
        if size >= self._cutoff:
            return self._sectors.chain(start)[:size]
        within = self._sectors.chain(struct.unpack_from("<I", self._root, 116)[0])
        small, table = _Sectors(within, 1 << _SMALL_SHIFT, 0), self._sectors.chain(self._small_at)
        small.following = list(struct.unpack_from(f"<{len(table) // 4}I", table))
        return small.chain(start)[:size]


class _Sectors:
    """Sectors of one size, each followed by the one that `following` names."""

    def __init__(self, data: bytes, size: int, head: int) -> None:
        self._data, self.size, self._head = data, size, head
        self.following: list[int] = []

    def at(self, sector: int) -> bytes:
        """One of them. Raises ValueError beyond the end."""
        begin = self._head + sector * self.size
        if begin >= len(self._data):
            raise ValueError("beyond the end")
        return self._data[begin : begin + self.size]

    def chain(self, sector: int) -> bytes:
        """All from one on. Raises ValueError where they go round."""
        found = []
        while sector < _LAST_SECTOR:
            found.append(self.at(sector))
            if len(found) > len(self.following):
                raise ValueError("round")
            sector = self.following[sector]
        return b"".join(found)


def _table(sectors: _Sectors, data: bytes) -> list[int]:
    """Which sector follows each, from all parts of the table."""
    parts = [one for one in struct.unpack_from("<109I", data, 76) if one < _LAST_SECTOR]
    more, count = struct.unpack_from("<II", data, 68)
    for _ in range(count):
        if more >= _LAST_SECTOR:
            break
        *listed, more = struct.unpack(f"<{sectors.size // 4}I", sectors.at(more))
        parts += [one for one in listed if one < _LAST_SECTOR]
    return [one for part in parts for one in struct.unpack(f"<{sectors.size // 4}I", sectors.at(part))]


def _name(entry: bytes) -> str:
    length = struct.unpack_from("<H", entry, 64)[0]
    return entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").casefold()
