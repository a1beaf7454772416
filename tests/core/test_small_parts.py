"""Small parts of the core by themselves: settings, logs, frames, media types, strokes on paper."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import shapely
import structlog

from backend.core import config, logs
from backend.core.blobs.media_types import UNKNOWN, coding_brand, media_type_of
from backend.core.confined import frames
from backend.core.geometry import geojson_of, lng_lat, point, shape_of
from backend.core.papers.drawings import code_svg, strokes_svg
from backend.core.papers.words import WORDS, word


def test_an_empty_environment_is_the_folder_that_is_run_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = config.read({})
    assert (found.home, found.limits_enabled, found.demo_accounts) == (tmp_path / ".wangge", True, False)
    assert found.objects_url == (tmp_path / ".wangge/objects").as_uri()
    assert not found.can_send_links


def test_a_setting_left_empty_is_as_if_it_were_not_there() -> None:
    names = ("ACCESS_MINUTES", "PROXIES", "TRAVEL_KMH", "DOCS", "FONTS", "OBJECTS_URL", "KEYS_FILE", "HOME")
    assert config.read({f"WANGGE_{name}": "" for name in names}) == config.read({})


def test_numbers_measures_and_words_are_read_as_what_they_are() -> None:
    found = config.read(
        {
            "WANGGE_ACCESS_MINUTES": "5",
            "WANGGE_SLIVER_M": "0.2",
            "WANGGE_DEMO": "1",
            "WANGGE_LIMITS": "off",
            "WANGGE_NOTIFY_CHANNEL": "webhook",
            "WANGGE_PUBLIC_URL": "https://wangge.example",
        }
    )
    assert (found.access_minutes, found.sliver_m) == (5, 0.2)
    assert (found.demo_accounts, found.limits_enabled, found.can_send_links) == (True, False, True)


@pytest.mark.parametrize("value", ["true", "yes", "01", " 1"])
def test_only_a_one_makes_accounts_of_the_demo(value: str) -> None:
    assert not config.read({"WANGGE_DEMO": value, "WANGGE_LIMITS": value}).demo_accounts


@pytest.mark.parametrize(
    ("name", "value"), [("REFRESH_DAYS", "ninety"), ("QUOTA_BYTES", "1.5"), ("TRAVEL_KMH", "x")]
)
def test_a_number_that_is_none_starts_nothing(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        config.read({f"WANGGE_{name}": value})


def test_a_traceback_in_the_log_tells_places_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    phone = "13800001234"
    try:
        raise ValueError(f"no such number {phone}")
    except ValueError:
        structlog.get_logger().exception("request.failed", path="/东风路")
    said = capsys.readouterr().err
    assert phone not in said
    line = json.loads(said)
    assert (line["event"], line["level"], line["exception"]) == ("request.failed", "error", "ValueError")
    assert line["at"][-1].endswith("test_a_traceback_in_the_log_tells_places_and_no_values")
    assert line["path"] == "/东风路" and line["timestamp"].endswith("Z")


def test_the_log_writes_what_json_does_not_know_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.get_logger().info("file.kept", path=Path("/a/b"))
    structlog.get_logger().debug("file.seen")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["path"] == "/a/b"


@pytest.mark.parametrize(("head", "body"), [({}, b""), ({"名": "甲\0", "n": [1]}, bytes(range(256)))])
def test_a_frame_comes_out_as_it_went_in(head: dict[str, Any], body: bytes) -> None:
    data = frames.packed(head, body)
    assert frames.unpacked(data) == (head, body)
    stream = io.BytesIO(data * 2)
    assert [frames.read(stream, 1000) for _ in range(3)] == [(head, body), (head, body), None]
    for cut in range(1, len(data)):
        with pytest.raises(frames.Broken):
            frames.unpacked(data[:cut])
        with pytest.raises(frames.Broken, match="cut short"):
            frames.read(io.BytesIO(data[:cut]), 1000)
    with pytest.raises(frames.Broken, match="do not fit"):
        frames.unpacked(data + b"x")


def frame(text: bytes) -> bytes:
    return struct.pack(">II", len(text), 0) + text


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"[" * 200_000])
def test_a_head_that_is_no_object_is_broken(text: bytes) -> None:
    for reading in (lambda: frames.unpacked(frame(text)), lambda: frames.read(io.BytesIO(frame(text)), 9)):
        with pytest.raises(frames.Broken, match=r"no JSON|no head"):
            reading()


@pytest.mark.parametrize("sizes", [(2, 101), (frames.MOST_HEAD + 1, 0), (2**32 - 1, 2**32 - 1)])
def test_a_frame_too_large_is_not_even_read(sizes: tuple[int, int]) -> None:
    stream = io.BytesIO(struct.pack(">II", *sizes) + b"{}")
    with pytest.raises(frames.Broken, match="too large"):
        frames.read(stream, 100)
    assert stream.read() == b"{}"


def boxes(brand: bytes, *more: bytes, size: int | None = None) -> bytes:
    end = 16 + 4 * len(more) if size is None else size
    return end.to_bytes(4) + b"ftyp" + brand + bytes(4) + b"".join(more) + b"moov heic avif"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", UNKNOWN), (b"\xff\xd8", UNKNOWN), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF88a", UNKNOWN),
        (b"RIFF\0\0\0\0WEBPVP8", "image/webp"), (b"RIFF\0\0\0\0WAVE", UNKNOWN), (b"II+\0", "image/tiff"),
        (b"<svg>", UNKNOWN), (b"%PDF-1.7", UNKNOWN), (b"\x89PNG\n", UNKNOWN),
        (boxes(b"heic"), "image/heic"), (boxes(b"avif"), "image/avif"),
        (boxes(b"mif1", b"avif"), "image/avif"),
        (boxes(b"mif1", b"heic"), "image/heic"), (boxes(b"mif1"), "image/heic"), (boxes(b"isom"), UNKNOWN),
        (boxes(b"isom", size=16), UNKNOWN), (boxes(b"isom", b"mp42"), UNKNOWN), (b"\0\0\0\x18ftyp", UNKNOWN),
        (boxes(b"mif1", b"avif", size=2**32 - 1), "image/avif"),
    ],
)  # fmt: skip
def test_a_picture_is_known_by_its_first_bytes(data: bytes, media_type: str) -> None:
    assert media_type_of(data) == media_type


def test_how_a_picture_in_boxes_is_coded() -> None:
    assert coding_brand(boxes(b"mif1", b"miaf", b"hevc")) == b"hevc"
    assert coding_brand(boxes(b"mp42")) is None
    assert coding_brand(b"ftypheic") is None


def test_a_place_is_longitude_first_and_to_the_centimetre() -> None:
    made = point(120.38123456789, 36)
    assert made == {"type": "Point", "coordinates": [120.3812346, 36.0]}
    assert lng_lat({"type": "Point", "coordinates": [120, 36, 5.5]}) == (120.0, 36.0)
    assert geojson_of(shapely.Point(-180, 1 / 3)) == {"type": "Point", "coordinates": [-180.0, 0.3333333]}
    assert geojson_of(shape_of(made)) == made


@pytest.mark.parametrize(
    "strokes",
    [None, {}, [], "M0 0", {"lines": 5}, [[]], [[["x", 1]]], [[[1]]], [[[1e6, 0]]], [[[float("nan"), 0]]],
     [[[0, 0, n] for n in range(20_001)]]],
)  # fmt: skip
def test_strokes_of_which_nothing_can_be_drawn(strokes: Any) -> None:
    assert strokes_svg(strokes) is None


def test_strokes_are_drawn_within_their_frame() -> None:
    svg = strokes_svg({"width": 9, "height": 9, "lines": [[[10, 20, 0], [30, 25, 1]], "x", [[12, 22, 2]]]})
    assert svg is not None
    text = svg.decode()
    assert 'viewBox="0 0 28.0 13.0"' in text
    assert '"M4.0 4.0 L24.0 9.0"' in text and '"M6.0 6.0 L6.5 6.0"' in text


def test_a_code_to_scan_is_a_drawing_and_another_address_another() -> None:
    one, other = code_svg("https://wangge.example/verify?a=1"), code_svg("https://wangge.example/verify?a=2")
    assert one != other and one.startswith(b"<svg") and not one.startswith(b"<?xml")


def test_words_of_papers_take_the_same_figures_in_both_languages() -> None:
    def figures(text: str) -> set[str]:
        return {one.split("}")[0] for one in text.split("{")[1:]}

    assert [name for name, (zh, en) in WORDS.items() if figures(zh) != figures(en)] == []
    assert word("used.price", "zh", currency="{x}") == "单价（{x}）"
    assert word("map.standing_in", "en", who="Li") == "Li (stand-in)"
