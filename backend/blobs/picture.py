"""What a photo's bytes are: judged by content and never by name, read tolerantly, made small and clean for showing."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import imagehash
import pi_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

pi_heif.register_heif_opener()

MOST_PIXELS = 60_000_000
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}
WEB_PIXELS, PRINT_PIXELS, THUMB_PIXELS = 1600, 1000, 320
_WHEN = re.compile(r"^(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"^([+-])(\d\d):?(\d\d)$")


class NotShown(Exception):
    """These bytes are kept, but cannot be shown; `state` is `refused`, `broken` or `not_a_picture`."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the camera wrote, as far as it makes sense. `taken_local` has a zone only when the camera knew it."""

    taken_local: str | None = None
    taken_at: datetime | None = None
    lng: float | None = None
    lat: float | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that can be shown: upright size, what the camera wrote, clean JPEG copies, and its perceptual hash (hex)."""

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
        raise NotShown("not_a_picture", "no known picture format") from error
    except Image.DecompressionBombError as error:
        raise NotShown("refused", "too many pixels") from error
    except Exception as error:
        raise NotShown("broken", type(error).__name__) from error


def _read(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data), formats=list(FORMATS)) as image:
        if image.width * image.height > MOST_PIXELS:
            raise NotShown("refused", f"{image.width} x {image.height} pixels")
        media_type, size = FORMATS[image.format or ""], image.size
        exif = _tolerant(image)
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        # Decodes a JPEG at a half or a quarter where that is enough: several times as fast.
        image.draft("RGB", (WEB_PIXELS, WEB_PIXELS))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    if orientation in (5, 6, 7, 8) and media_type != FORMATS["HEIF"]:
        size = (size[1], size[0])
    web = _within(upright, WEB_PIXELS)
    thumb = _within(web, THUMB_PIXELS)
    return Picture(media_type, *size, _metadata(exif), _jpeg(web, 82), _jpeg(thumb, 75), str(imagehash.phash(thumb)))


def printable(web: bytes) -> bytes:
    """A screen's copy made fit for a paper: half a page wide at 300 dots an inch."""
    with Image.open(io.BytesIO(web)) as image:
        return _jpeg(_within(image.convert("RGB"), PRINT_PIXELS), 80)


def _within(image: Image.Image, pixels: int) -> Image.Image:
    return ImageOps.contain(image, (pixels, pixels)) if max(image.size) > pixels else image


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """Without anything the camera wrote: copies that leave the house carry no place and no device."""
    out = io.BytesIO()
    Image.frombytes("RGB", image.size, image.tobytes()).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _tolerant(image: Image.Image) -> dict[int, Any]:
    """Every tag that can be read, the GPS and Exif folders as mappings; what cannot be read is as if absent."""
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
    local = _text(camera.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime))
    lng, lat = _place(gps)
    device = " ".join(filter(None, (_text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model)))))
    taken_at = _moment(local, _text(camera.get(ExifTags.Base.OffsetTimeOriginal)))
    return Metadata(local if local and _WHEN.match(local) else None, taken_at, lng, lat, device or None)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    found = "".join(one for one in str(value) if one.isprintable()).strip()[:100] if value is not None else ""
    return found or None


def _moment(local: str | None, zone: str | None) -> datetime | None:
    """A moment only when the camera said its zone: else it is a local time of nowhere."""
    when, offset = _WHEN.match(local or ""), _ZONE.match(zone or "")
    if not when or not offset:
        return None
    minutes = (int(offset[2]) * 60 + int(offset[3])) * (-1 if offset[1] == "-" else 1)
    try:
        return datetime(*map(int, when.groups()), tzinfo=timezone(timedelta(minutes=minutes))).astimezone(UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None


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
