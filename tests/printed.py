"""Reads papers in tests: the text of a PDF, its colours, the code a scanner reads.

And pictures to put on them.
"""

from __future__ import annotations

import io
from typing import Any

import pypdfium2
import zxingcpp
from PIL import Image


def jpeg(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG")
    return out.getvalue()


class Printed:
    """A PDF as its reader sees it."""

    def __init__(self, answer: Any) -> None:
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "application/pdf"
        self._pdf = pypdfium2.PdfDocument(answer.data)
        self.pages = len(self._pdf)

    @property
    def letters(self) -> list[tuple[str, tuple[float, ...], tuple[float, float]]]:
        """Every sign that is seen.

        It, its box in points from the lower left, and its page's width and height.
        """
        found = []
        for page in self._pdf:
            text = page.get_textpage()
            for n in range(text.count_chars()):
                sign = text.get_text_range(n, 1)
                if sign.strip():
                    found.append((sign, text.get_charbox(n), page.get_size()))
        return found

    def picture(self, page: int = 0, scale: float = 2) -> Image.Image:
        """A page as it is printed."""
        return self._pdf[page].render(scale=scale).to_pil().convert("RGB")

    @property
    def text(self) -> str:
        return "".join(page.get_textpage().get_text_range() for page in self._pdf)

    def code(self) -> str | None:
        """What a scanner reads off the first page."""
        found = zxingcpp.read_barcodes(self._pdf[0].render(scale=2).to_pil())
        return found[0].text if found else None

    def colours(self) -> set[tuple[int, ...]]:
        """Every plain colour that covers much of some page."""
        found = set()
        for page in self._pdf:
            for count, colour in (
                page.render(scale=0.5).to_pil().convert("RGB").quantize(64).convert("RGB").getcolors()
            ):
                if count > 1500:
                    found.add(colour)
        return found
