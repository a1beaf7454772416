"""Media types of files by their first bytes, whatever they are called or declared as; nothing is decoded."""

from __future__ import annotations

UNKNOWN = "application/octet-stream"
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"BM", "image/bmp"),
)
_AVIF = (b"avif", b"avis")
_HEVC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_HEIF = (b"mif1", b"msf1")
BRANDS = frozenset((*_AVIF, *_HEVC, *_HEIF))


def media_type_of(data: bytes) -> str:
    """A media type by content; UNKNOWN for what is no picture that is known here."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning):
            return media_type
    brand = coding_brand(data)
    if brand is None:
        return UNKNOWN
    return "image/avif" if brand in _AVIF else "image/heic"


def coding_brand(data: bytes) -> bytes | None:
    """How a picture in boxes (HEIF and what is built on it) is coded: by its brand, or those it says it
    agrees with."""
    if data[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(data[:4]), 1024) or 1024
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(end, len(data)) - 3, 4))]
    for family in (_AVIF, _HEVC, _HEIF):
        found = next((one for one in brands if one in family), None)
        if found is not None:
            return found
    return None
