"""Photos by their bytes: real ones with all their dirt, and hostile ones made here."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from backend.evidence.services.picture import MOST_PIXELS, NotShown, Picture, read_picture
from backend.evidence.services.picture_reader import PictureReader

REAL = Path(__file__).resolve().parents[3] / "shared/data/photos"
ROWS = list(csv.DictReader((REAL / "manifest.csv").read_text().splitlines())) if REAL.exists() else []
needs_real = pytest.mark.skipif(
    not ROWS, reason="the real photos may not ship with the repository and are not here"
)


def jpeg(width: int = 64, height: int = 48, colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG")
    return out.getvalue()


@needs_real
@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_real_photo_gives_what_its_manifest_says(row: dict[str, str]) -> None:
    data = (REAL / row["file"]).read_bytes()
    if row["decodes"] != "yes":
        with pytest.raises(NotShown) as caught:
            read_picture(data)
        assert caught.value.state in ("broken", "not_a_picture")
        return
    found = read_picture(data)
    stored = (int(row["stored_w"]), int(row["stored_h"]))
    assert (found.width, found.height) == (
        stored[::-1] if row["orientation"] in ("5", "6", "7", "8") else stored
    )
    assert found.metadata.taken_local == (row["datetime_original"] or None)
    if row["gps_lat"] and row["gps_lat"] != "nan":
        assert found.metadata.lat == pytest.approx(float(row["gps_lat"]), abs=1e-6)
        assert found.metadata.lng == pytest.approx(float(row["gps_lon"]), abs=1e-6)
    else:
        assert (found.metadata.lat, found.metadata.lng) == (None, None)
    assert row["model"] in (found.metadata.device or "")


@needs_real
def test_a_time_with_its_zone_is_a_moment() -> None:
    taken = read_picture((REAL / "phone_iphone11promax_IMG_5195.HEIC").read_bytes()).metadata.taken_at
    assert taken is not None
    assert taken.isoformat() == "2021-04-11T20:47:53+00:00"


@needs_real
def test_one_scene_looks_the_same_however_the_phone_was_held() -> None:
    looks = {
        n: read_picture((REAL / f"orientation_landscape_{n}.jpg").read_bytes()).look for n in (1, 3, 6, 8)
    }
    assert len(set(looks.values())) == 1


def with_place() -> bytes:
    image, exif, out = Image.new("RGB", (40, 30)), Image.Exif(), io.BytesIO()
    exif[271], exif[0x8825] = "Maker", {1: "N", 2: (36.0, 4.0, 0.0), 3: "E", 4: (120.0, 23.0, 0.0)}
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_copies_carry_nothing_the_camera_wrote() -> None:
    found = read_picture(with_place())
    assert (found.metadata.device, found.metadata.lat) == ("Maker", pytest.approx(36 + 4 / 60))
    for copy in (found.web, found.thumb):
        with Image.open(io.BytesIO(copy)) as image:
            assert dict(image.getexif()) == {}


def test_copies_are_made_smaller_never_larger() -> None:
    small, large = read_picture(jpeg(64, 48)), read_picture(jpeg(4000, 3000))
    sizes = []
    for copy in (small.web, small.thumb, large.web, large.thumb):
        with Image.open(io.BytesIO(copy)) as image:
            sizes.append(image.size)
    assert sizes == [(64, 48), (64, 48), (1600, 1200), (320, 240)]


def png_that_says(width: int, height: int) -> bytes:
    """A picture of some dozen bytes that would need gigabytes when opened."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (MOST_PIXELS + 1, 1)])
def test_a_bomb_is_refused_unopened(size: tuple[int, int]) -> None:
    with pytest.raises(NotShown) as caught:
        read_picture(png_that_says(*size))
    assert caught.value.state == "refused"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>photo</html>",
        b"\x00" * 5_000,
        jpeg()[:200],
        b"\xff\xd8\xff\xe1\xff\xff",
        b"GIF89a" + b"\x01" * 50,
    ],
)
def test_whatever_the_bytes_are_only_one_thing_is_raised(data: bytes) -> None:
    with pytest.raises(NotShown):
        read_picture(data)


def test_the_confined_process_finds_the_same_and_survives_the_rest() -> None:
    with PictureReader() as reader:
        cases = (
            (png_that_says(60_000, 60_000), "refused"),
            (b"<html>", "not_a_picture"),
            (jpeg()[:200], "broken"),
        )
        for bad, state in cases:
            with pytest.raises(NotShown) as caught:
                reader.read(bad)
            assert caught.value.state == state
        for good in (with_place(), jpeg(640, 480)):
            assert reader.read(good) == read_picture(good)


def test_every_cut_of_a_photo_is_either_shown_or_said() -> None:
    whole = with_place()
    for end in range(0, len(whole), 7):
        try:
            assert isinstance(read_picture(whole[:end]), Picture)
        except NotShown as reason:
            assert reason.state in ("broken", "not_a_picture", "refused")
