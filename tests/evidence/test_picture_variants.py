"""A variant of a known format is that format, by its content; a photo's time is the picture's own or none."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.core.blobs.media_types import media_type_of
from backend.evidence.services.picture import NotShown, read_picture
from backend.evidence.services.picture_reader import PictureReader
from mobile_api_spec.phone import pictures

CASES = Path(__file__).parents[1] / "cases"
TWO_PICTURES = CASES / "photo-two-pictures/two-pictures.jpg"
TIMES = json.loads((CASES / "photo-own-time/pictures.json").read_text(encoding="utf-8"))["cases"]
REAL_HEIC = Path(__file__).resolve().parents[3] / "shared/data/photos/phone_iphone11promax_IMG_5195.HEIC"
SIZE = (64, 48)
DOWN = Image.linear_gradient("L").resize(SIZE)  # Black above, white below.


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def turned() -> Image.Exif:
    """A camera held upright: width and height change places."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def deep() -> Image.Image:
    """Sixteen bits: everything above 255 is white to a careless reader."""
    image = Image.new("I;16", SIZE)
    image.putdata([y * 65535 // (SIZE[1] - 1) for y in range(SIZE[1]) for _ in range(SIZE[0])])
    return image


def branded(data: bytes, brand: bytes) -> bytes:
    return data[:8] + brand + data[12:]


def several(format_: str) -> bytes:
    dark = Image.new("RGB", SIZE)
    return encoded(DOWN.convert("RGB"), format_, save_all=True, append_images=[dark])


RGB = DOWN.convert("RGB")
VARIANTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "two pictures in a JPEG": (lambda: several("MPO"), "image/jpeg"),
    "progressive JPEG": (lambda: encoded(RGB, "JPEG", progressive=True), "image/jpeg"),
    "JPEG for print": (lambda: encoded(RGB.convert("CMYK"), "JPEG"), "image/jpeg"),
    "grey JPEG": (lambda: encoded(DOWN, "JPEG"), "image/jpeg"),
    "JPEG with something behind it": (lambda: encoded(RGB, "JPEG") + b"\x00\x00ftypmp42" * 40, "image/jpeg"),
    "AVIF": (lambda: encoded(RGB, "AVIF"), "image/avif"),
    "AVIF in several frames": (lambda: several("AVIF"), "image/avif"),
    "AVIF that says MIF": (lambda: branded(encoded(RGB, "AVIF"), b"mif1"), "image/avif"),
    "AVIF that says something new": (lambda: branded(encoded(RGB, "AVIF"), b"new9"), "image/avif"),
    "WebP in several frames": (lambda: several("WEBP"), "image/webp"),
    "PNG in several frames": (lambda: several("PNG"), "image/png"),
    "PNG of sixteen bits": (lambda: encoded(deep(), "PNG"), "image/png"),
    "PNG of one bit": (lambda: encoded(DOWN.convert("1"), "PNG"), "image/png"),
    "TIFF": (lambda: encoded(RGB, "TIFF", compression="tiff_lzw"), "image/tiff"),
    "GIF": (lambda: encoded(DOWN, "GIF"), "image/gif"),
    "BMP": (lambda: encoded(RGB, "BMP"), "image/bmp"),
}  # fmt: skip


def test_the_case_two_pictures_are_shown_as_the_jpeg_they_are() -> None:
    data = TWO_PICTURES.read_bytes()
    found = read_picture(data)
    assert (found.media_type, media_type_of(data)) == ("image/jpeg", "image/jpeg")
    assert (found.width, found.height) == (160, 80)
    for copy in (found.web, found.thumb):
        with Image.open(io.BytesIO(copy)) as image:
            assert (image.format, image.size) == ("JPEG", (160, 80))
    # Cut off behind the first, the second being lost on the way, it is the same picture.
    assert read_picture(data[: data.index(b"\xff\xd9") + 2]).look == found.look
    broken = data.replace(b"MPF\x00", b"MPF\x00\xff\xff", 1)[: len(data)]
    assert read_picture(broken).media_type == "image/jpeg"


def test_every_variant_is_shown_behind_the_walls_as_what_it_is() -> None:
    with PictureReader() as reader:
        for name, (make, media_type) in VARIANTS.items():
            data = make()
            found = reader.read(data)
            assert (found.media_type, media_type_of(data), pictures.media_type_of(data)) == (
                media_type,
            ) * 3, name
            assert (found.width, found.height) == SIZE, name
            with Image.open(io.BytesIO(found.web)) as image:
                assert image.size == SIZE, name
                above, below = (
                    image.convert("L").crop(box).resize((1, 1)).getpixel((0, 0))
                    for box in ((0, 0, 64, 8), (0, 40, 64, 48))
                )
            assert above < 60 < 195 < below, (name, above, below)


def test_what_is_transparent_lies_on_white() -> None:
    clear = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    cases = (
        (clear, "PNG"),
        (clear, "WEBP"),
        (clear.convert("P"), "PNG"),
        (clear.convert("LA"), "PNG"),
        (clear, "AVIF"),
    )
    for image, format_ in cases:
        options = {"lossless": True} if format_ == "WEBP" else {}
        with Image.open(io.BytesIO(read_picture(encoded(image, format_, **options)).web)) as shown:
            assert min(shown.convert("L").getextrema()) > 250, (image.mode, format_)


@pytest.mark.parametrize("format_", ["JPEG", "MPO", "PNG", "WEBP", "AVIF", "TIFF"])
def test_every_format_is_shown_upright(format_: str) -> None:
    found = read_picture(encoded(RGB, format_, exif=turned().tobytes()))
    assert (found.width, found.height) == SIZE[::-1]
    with Image.open(io.BytesIO(found.web)) as image:
        assert image.size == SIZE[::-1]
        # What was above lies on the right.
        assert image.convert("L").getpixel((0, 20)) > 200 > 60 > image.convert("L").getpixel((47, 20))


@pytest.mark.skipif(
    not REAL_HEIC.exists(), reason="the real photos may not ship with the repository and are not here"
)
def test_a_heic_is_one_whatever_its_first_brand_says() -> None:
    data = REAL_HEIC.read_bytes()
    for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"MiHB", b"isom"):
        found = read_picture(branded(data, brand))
        assert (found.media_type, found.width, found.height) == ("image/heic", 2566, 3313)
        assert str(found.metadata.taken_at) == "2021-04-11 20:47:53+00:00"
        assert pictures.taken_at(branded(data, brand)) == "2021-04-11T20:47:53Z"


def test_a_strip_is_shown_and_a_big_tiff_is_a_tiff() -> None:
    strip = io.BytesIO()
    Image.new("RGB", (5000, 1), (90, 120, 200)).save(strip, "PNG")
    with Image.open(io.BytesIO(read_picture(strip.getvalue()).web)) as image:
        assert image.size[1] == 1
    for beginning in (b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"):
        assert media_type_of(beginning) == pictures.media_type_of(beginning) == "image/tiff"


@pytest.mark.parametrize("case", TIMES, ids=[one["name"] for one in TIMES])
def test_a_photos_time_is_the_pictures_own_or_none(case: dict[str, Any]) -> None:
    """The same on the server and on the reference phone.

    The app's reader takes the same cases (`pictures.test.ts`).
    """
    data = base64.b64decode(case["base64"])
    read = read_picture(data).metadata
    assert read.taken_local == case["taken_local"]
    assert (read.taken_at and read.taken_at.isoformat().replace("+00:00", "Z")) == case["taken_at"]
    assert pictures.taken_at(data) == case["taken_at"]
    assert pictures.media_type_of(data) == media_type_of(data) == case["media_type"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"\xff\xd8\xff\xe1\xff\xff",
        b"\xff\xd8\xff",
        b"ftypheic",
        b"MM\x00*\xff\xff\xff\xff",
        b"II*\x00",
    ],
)
def test_what_is_no_picture_says_so_and_has_no_time(data: bytes) -> None:
    with pytest.raises(NotShown):
        read_picture(data)
    assert pictures.taken_at(data) is None


def test_no_cut_of_a_picture_stops_the_reader_of_times() -> None:
    for case in TIMES:
        whole = base64.b64decode(case["base64"])
        for end in range(0, len(whole), 11):
            assert pictures.taken_at(whole[:end]) in (None, case["taken_at"])
