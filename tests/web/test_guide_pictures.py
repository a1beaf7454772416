"""The scenes of the guides' pictures play through, and give the pictures that the guides show."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.web.conftest import City
from tests.web.guide_pictures import FOLDER, leak, small, take


@pytest.mark.long
def test_every_picture_can_be_taken_anew(browser: Browser, city: City, tmp_path: Path) -> None:
    made = take(browser, city.url, tmp_path)
    assert {path.name for path in made} == {path.name for path in FOLDER.iterdir()}
    assert len(made) == len({path.read_bytes() for path in made})
    for path in made:
        with Image.open(path) as taken, Image.open(FOLDER / path.name) as shown:
            assert (taken.format, taken.size) == ("WEBP", shown.size)


def test_a_picture_is_kept_small(tmp_path: Path) -> None:
    with Image.open(leak(tmp_path / "leak.jpg")) as drawn:
        png = BytesIO()
        drawn.save(png, "PNG")
    with Image.open(BytesIO(small(png.getvalue()))) as kept:
        assert (kept.format, kept.size, kept.mode) == ("WEBP", (1200, 900), "RGB")
    assert len(small(png.getvalue())) < len(png.getvalue()) // 2 or len(small(png.getvalue())) < 8_000
