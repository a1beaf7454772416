"""Examines a photo's bytes: format by content, tolerant decoding, small clean copies for showing."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import imagehash
import pi_heif
from PIL import ExifTags, Image, ImageFile, ImageOps, JpegImagePlugin, UnidentifiedImageError

from backend.core.blobs.media_types import BRANDS, coding_brand

pi_heif.register_heif_opener()
# Every reader is loaded here: behind its walls a process finds no library of the system any more.
Image.init()

MOST_PIXELS = 60_000_000
# AVIF stands before HEIF: both claim a file that only says to be in boxes.
FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
WEB_PIXELS, PRINT_PIXELS, THUMB_PIXELS = 1600, 1000, 320
_WHITE = (255, 255, 255, 255)
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_WHEN = re.compile(r"^(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T]+(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?\s*(\S*)$")
_ZONE = re.compile(r"^([+-])(\d\d):?(\d\d)$")
_DAY = re.compile(r"^(\d{4})[:/.-](\d\d)[:/.-](\d\d)$")
# The zones of the world: a satellite's time and a camera's lie no further apart.
_MOST_BEHIND, _MOST_AHEAD = timedelta(hours=-12, minutes=-15), timedelta(hours=14, minutes=15)


class NotShown(Exception):
    """These bytes are kept, but cannot be shown; `state` is `refused`, `broken` or `not_a_picture`."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the camera wrote, as far as it makes sense: `taken_local` by its own clock, `taken_at` where
    its zone or a satellite makes it a moment. Neither is ever the file's last change."""

    taken_local: str | None = None
    taken_at: datetime | None = None
    lng: float | None = None
    lat: float | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that can be shown: upright size, what the camera wrote, clean JPEG copies, and its
    perceptual hash (hex)."""

    media_type: str
    width: int
    height: int
    metadata: Metadata
    web: bytes
    thumb: bytes
    look: str


def read_picture(data: bytes) -> Picture:
    """Look at bytes. Raises NotShown; never anything else, whatever the bytes are."""
    if not data:
        raise NotShown("not_a_picture", "empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(data)
    except NotShown:
        raise
    except UnidentifiedImageError as error:
        raise NotShown("not_a_picture", "no picture of a known format") from error
    except Image.DecompressionBombError as error:
        raise NotShown("refused", "too many pixels") from error
    except Exception as error:
        raise NotShown("broken", type(error).__name__) from error


def _read(data: bytes) -> Picture:
    with _opened(data) as image:
        if image.width * image.height > MOST_PIXELS:
            raise NotShown("refused", f"{image.width} x {image.height} pixels")
        media_type, size = FORMATS[image.format or ""], image.size
        exif = _tolerant(image)
        is_jpeg, turned = (
            media_type == FORMATS["JPEG"],
            exif.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8),
        )
        # Decodes a JPEG at a half or a quarter where that is enough: several times as fast.
        image.draft("RGB", (WEB_PIXELS, WEB_PIXELS))
        upright = _flat(ImageOps.exif_transpose(image))
    web = _within(upright, WEB_PIXELS)
    thumb = _within(web, THUMB_PIXELS)
    # Only a JPEG may have been decoded smaller than it is; readers of boxes turn a picture themselves.
    size = upright.size if not is_jpeg else size[::-1] if turned else size
    return Picture(
        media_type, *size, _metadata(exif), _jpeg(web, 82), _jpeg(thumb, 75), str(imagehash.phash(thumb))
    )


def _opened(data: bytes) -> ImageFile.ImageFile:
    """A JPEG by itself, whatever it carries behind its first picture (a preview, a depth or gain map:
    MPO)."""
    if data.startswith(b"\xff\xd8\xff"):
        try:
            return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        except SyntaxError as error:
            raise UnidentifiedImageError from error
    return Image.open(io.BytesIO(_by_content(data)), formats=list(FORMATS))


def _by_content(data: bytes) -> bytes:
    """A picture in boxes whose first brand no reader knows goes by the one that says how it is coded."""
    brand = coding_brand(data)
    return data if brand is None or data[8:12] in BRANDS else data[:8] + brand + data[12:]


def _flat(image: Image.Image) -> Image.Image:
    """Three channels of eight bits: what is transparent lies on white; more bits are scaled down, not cut
    off."""
    if image.mode == "F" or image.mode.startswith("I"):
        deep = image if image.mode == "F" else image.convert("I")
        highest = float(deep.getextrema()[1])  # type: ignore[arg-type]
        most = highest if image.mode == "F" or highest > 65535 else 65535.0 if highest > 255 else 255.0
        return deep.point(lambda value: value * (255 / (most or 1.0)) + 0).convert("L").convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, _WHITE), seen).convert("RGB")
    return image.convert("RGB")


def printable(web: bytes) -> bytes:
    """A screen's copy made fit for a paper: half a page wide at 300 dots an inch."""
    with Image.open(io.BytesIO(web)) as image:
        return _jpeg(_within(image.convert("RGB"), PRINT_PIXELS), 80)


def _within(image: Image.Image, pixels: int) -> Image.Image:
    (width, height), most = image.size, max(image.size)
    if most <= pixels:
        return image
    # A strip keeps a pixel of its narrow side.
    size = max(1, round(width * pixels / most)), max(1, round(height * pixels / most))
    return image.resize(size, Image.Resampling.BICUBIC)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """Without anything the camera wrote: copies that are given out carry no place and no device."""
    out = io.BytesIO()
    Image.frombytes("RGB", image.size, image.tobytes()).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _tolerant(image: Image.Image) -> dict[int, Any]:
    """Every tag that can be read, the GPS and Exif folders as mappings; what cannot be read is as if
    absent."""
    found: dict[int, Any] = {}
    try:
        exif = image.getexif()
        found |= dict(exif)
        for folder in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            found[int(folder)] = dict(exif.get_ifd(folder))
    except Exception:  # noqa: BLE001 - offsets outside the file, wrong types, loops: all seen in real photos
        return found
    return found


def _metadata(exif: Mapping[int, Any]) -> Metadata:
    camera, gps = exif.get(int(ExifTags.IFD.Exif)) or {}, exif.get(int(ExifTags.IFD.GPSInfo)) or {}
    # DateTime is when the file was last changed, by whoever edited or sent it on: no photo was taken by that.
    local, zone = _local(_text(camera.get(ExifTags.Base.DateTimeOriginal)))
    zone = _text(camera.get(ExifTags.Base.OffsetTimeOriginal)) or zone
    if zone is None and local is not None and _local(_text(exif.get(ExifTags.Base.DateTime)))[0] == local:
        # Not changed since it was taken: what the zone is told of is the same moment.
        zone = _text(camera.get(ExifTags.Base.OffsetTime))
    lng, lat = _place(gps)
    device = " ".join(
        filter(None, (_text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))))
    )
    taken_at = _moment(local, zone) or _by_satellite(gps, local)
    return Metadata(local, taken_at, lng, lat, device or None)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    found = "".join(one for one in str(value) if one.isprintable()).strip()[:100] if value is not None else ""
    return found or None


def _local(text: str | None) -> tuple[str | None, str | None]:
    """A camera's time in its usual form, and the zone behind it; None for what is no day of the calendar."""
    found = _WHEN.match(text or "")
    try:
        clock = map(int, found.groups()[:6]) if found else ()
        when = datetime(*clock) if found else None  # noqa: DTZ001
    except ValueError:
        when = None
    if found is None or when is None or when.year < _FIRST_YEAR:
        return None, None
    return f"{when:%Y:%m:%d %H:%M:%S}", found[7] or None


def _moment(local: str | None, zone: str | None) -> datetime | None:
    """A moment only when the camera said its zone: else it is a local time of nowhere."""
    offset = _ZONE.match("+00:00" if zone == "Z" else zone or "")
    if local is None or not offset or int(offset[2]) > 15 or int(offset[3]) > 59:
        return None
    minutes = (int(offset[2]) * 60 + int(offset[3])) * (-1 if offset[1] == "-" else 1)
    try:
        when = datetime.strptime(local, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC) - timedelta(minutes=minutes)
    except OverflowError:
        return None
    return _kept(when)


def _kept(when: datetime) -> datetime | None:
    """A moment of the years that records keep; any other is a camera's fault."""
    return when if _FIRST_YEAR <= when.year <= _LAST_YEAR else None


def _by_satellite(gps: Mapping[int, Any], local: str | None) -> datetime | None:
    """The time of the fix (UTC); none where camera and satellite contradict each other: one of them is
    wrong."""
    day = _DAY.match(_text(gps.get(ExifTags.GPS.GPSDateStamp)) or "")
    try:
        hours, minutes, seconds = (float(one) for one in gps[ExifTags.GPS.GPSTimeStamp])
        whole = timedelta(seconds=int(hours * 3600 + minutes * 60 + int(seconds)))
        date = map(int, day.groups()) if day else ()
        when = datetime(*date, tzinfo=UTC) + whole if day else None  # type: ignore[misc]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if when is None or _kept(when) is None or not timedelta(0) <= whole < timedelta(days=1):
        return None
    if local is not None:
        ahead = datetime.strptime(local, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC) - when
        return when if _MOST_BEHIND <= ahead <= _MOST_AHEAD else None
    return when


def _place(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90)
    lng = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180)
    # 0, 0 is what phones write that have no fix yet.
    return (None, None) if lat is None or lng is None or (lat == 0 and lng == 0) else (lng, lat)


def _degrees(parts: Any, side: Any, negative: str, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(one) for one in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or abs(value) > most:
        return None
    return -value if _text(side) == negative else value
