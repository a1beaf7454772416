"""Setting a paper: a template, its values as JSON (never as markup), its pictures; out comes PDF/A with the fonts in it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

_TEMPLATES = Path(__file__).parent / "templates"
FAMILY = "NotoSansCJK*"


class NoFonts(Exception):
    """The folder has no Chinese font, and a paper with empty boxes is worse than none."""


def typeset(
    template: str, given: Mapping[str, Any], files: Mapping[str, bytes], fonts: Path, made_at: datetime | None = None
) -> bytes:
    """A template of the folder, by its name, as PDF/A-2b; `files` are pictures by the names that `given` uses. Raises NoFonts."""
    with tempfile.TemporaryDirectory(prefix="wangge-paper-") as name:
        folder = Path(name)
        for path in _TEMPLATES.glob("*.typ"):
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / "given.json").write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
        for file, data in files.items():
            (folder / file).write_bytes(data)
        made = typst.compile(
            str(folder / f"{template}.typ"),
            root=str(folder),
            font_paths=_fonts(fonts),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int((made_at or datetime.now(UTC)).timestamp()),
        )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


@lru_cache(maxsize=2)
def _fonts(folder: Path) -> typst.Fonts:
    """The fonts of a folder, read once a process."""
    if not any(folder.rglob(FAMILY)):
        raise NoFonts(str(folder))
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])
