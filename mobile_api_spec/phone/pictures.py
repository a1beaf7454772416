"""Reads a picture's media type from its first bytes, and when it was taken.

Nothing of it is decoded.

A photo's time is the picture's own or none: what the camera wrote with its zone, else the satellite's time.
When the file was last changed, when it was added and when it was sent tell nothing of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

UNKNOWN = "application/octet-stream"
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
)
_AVIF = {b"avif", b"avis"}
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
_WHEN = re.compile(r"^(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T]+(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?\s*(\S*)$")
_DAY = re.compile(r"^(\d{4})[:/.-](\d\d)[:/.-](\d\d)$")
_ZONE = re.compile(r"^([+-])(\d\d):?(\d\d)$")
_HEADER = re.compile(rb"II\*\x00|MM\x00\*")
MOST_BLOCKS = 20
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_MOST_BEHIND, _MOST_AHEAD = timedelta(hours=-12, minutes=-15), timedelta(hours=14, minutes=15)

Tags = dict[int, bytes]


def media_type_of(data: bytes) -> str:
    """A media type by content, never by name; UNKNOWN for what is no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        end = min(int.from_bytes(data[:4]) or 1024, 1024, len(data))
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}
        return "image/avif" if brands & _AVIF else "image/heic" if brands & _HEIF else UNKNOWN
    return next((found for beginning, found in _BEGINNINGS if data.startswith(beginning)), UNKNOWN)


def taken_at(data: bytes) -> str | None:
    """The moment a picture says it was taken (UTC), or None where it does not, or contradicts itself."""
    for tiff in _exif_of(data):
        try:
            found = _moment_in(tiff)
        except (struct.error, IndexError, KeyError):
            continue
        if found:
            return found
    return None


def _exif_of(data: bytes) -> Iterator[bytes]:
    """Blocks of what cameras write, wherever a format keeps them."""
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        yield data
    elif data[:3] == b"\xff\xd8\xff":
        yield from _jpeg_exif(data)
    elif data[4:8] == b"ftyp":
        # Somewhere among the boxes, behind "Exif" or not.
        yield from (data[one.start() :] for one in islice(_HEADER.finditer(data), MOST_BLOCKS))
    else:
        for mark, skipped in ((b"eXIf", 4), (b"EXIF", 8), (b"Exif\x00\x00", 6)):
            at = data.find(mark)
            if at >= 0:
                yield data[at + skipped :]


def _jpeg_exif(data: bytes) -> Iterator[bytes]:
    """Of the first picture alone: what stands behind its scan belongs to another."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"\xda", b"\xd9", b""):
        size = int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\x00\x00":
            yield data[at + 10 : at + 2 + size]
        at += 1 if data[at + 1] == 0xFF else 2 + max(size, 2)


def _moment_in(tiff: bytes) -> str | None:
    order = {b"II": "<", b"MM": ">"}[tiff[:2]]
    first = _tags(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])
    camera = _folder(tiff, order, first, 0x8769)
    gps = _folder(tiff, order, first, 0x8825)
    local, zone = _local(_text(camera.get(0x9003)))
    zone = _text(camera.get(0x9011)) or zone
    if not zone and local is not None and _local(_text(first.get(0x0132)))[0] == local:
        # Not changed since it was taken: what the zone is told of is the same moment.
        zone = _text(camera.get(0x9010))
    found = _zoned(local, zone) or _by_satellite(gps, order, local)
    return found.isoformat().replace("+00:00", "Z") if found else None


def _folder(tiff: bytes, order: str, tags: Tags, pointer: int) -> Tags:
    try:
        return _tags(tiff, order, struct.unpack_from(order + "I", tags[pointer])[0])
    except (struct.error, KeyError, IndexError):
        return {}


def _tags(tiff: bytes, order: str, at: int) -> Tags:
    """Each tag's bytes; one that points outside is as if absent."""
    found: Tags = {}
    for n in range(struct.unpack_from(order + "H", tiff, at)[0]):
        entry = at + 2 + 12 * n
        tag, type_, count = struct.unpack_from(order + "HHI", tiff, entry)
        size = _SIZES.get(type_, 4) * count
        begin = entry + 8 if size <= 4 else struct.unpack_from(order + "I", tiff, entry + 8)[0]
        if begin + size <= len(tiff):
            found[tag] = tiff[begin : begin + size]
    return found


def _text(raw: bytes | None) -> str:
    return "".join(one for one in (raw or b"").decode("utf-8", "replace") if one.isprintable()).strip()


def _local(text: str) -> tuple[datetime | None, str]:
    """A camera's time, and the zone behind it; None for what is no day of the calendar."""
    found = _WHEN.match(text)
    try:
        parts = map(int, found.groups()[:6]) if found else None
        when = datetime(*parts) if parts else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        when = None
    return (when, found[7]) if found and when and when.year >= _FIRST_YEAR else (None, "")


def _zoned(local: datetime | None, zone: str | None) -> datetime | None:
    offset = _ZONE.match("+00:00" if zone == "Z" else zone or "")
    if local is None or not offset or int(offset[2]) > 15 or int(offset[3]) > 59:
        return None
    minutes = (int(offset[2]) * 60 + int(offset[3])) * (-1 if offset[1] == "-" else 1)
    try:
        when = (local - timedelta(minutes=minutes)).replace(tzinfo=UTC)
    except OverflowError:
        return None
    return when if _FIRST_YEAR <= when.year <= _LAST_YEAR else None


def _by_satellite(gps: Tags, order: str, local: datetime | None) -> datetime | None:
    """The time of the fix; none where camera and satellite contradict each other: one of them is wrong."""
    day, clock = _DAY.match(_text(gps.get(0x1D))), gps.get(7, b"")
    if not day or len(clock) != 24:
        return None
    parts = struct.unpack(order + "6I", clock)
    try:
        hours, minutes, seconds = (parts[n] / parts[n + 1] for n in (0, 2, 4))
        whole = timedelta(seconds=int(hours * 3600 + minutes * 60 + int(seconds)))
        when = datetime(*map(int, day.groups()), tzinfo=UTC) + whole  # type: ignore[arg-type, misc]
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    is_far = local is not None and not _MOST_BEHIND <= local.replace(tzinfo=UTC) - when <= _MOST_AHEAD
    return (
        None if is_far or not _FIRST_YEAR <= when.year <= _LAST_YEAR or whole >= timedelta(days=1) else when
    )
