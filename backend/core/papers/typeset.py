"""Typesets papers with typst: a template, values as JSON (never markup), pictures; PDF/A with embedded fonts.

No sign in a value stops a paper: what no font has stands there as a mark, and a note below tells which signs
those were.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import structlog
import typst

from backend.core.papers import signs

log = structlog.get_logger(__name__)
_TEMPLATES = Path(__file__).parent / "templates"
FAMILY = "NotoSansCJK*"
STANDARD: Final = "a-2b"
# As `house.typ` sets text: what cannot be set like this cannot be set on a paper.
_TRIAL = b'#set text(font: "Noto Sans CJK SC", cjk-latin-spacing: none)\n#sys.inputs.signs'


class NoFonts(Exception):
    """The folder has no Chinese font, and a paper with empty boxes is worse than none."""


def typeset(
    template: str,
    given: Mapping[str, Any],
    files: Mapping[str, bytes],
    fonts: Path,
    made_at: datetime | None = None,
) -> bytes:
    """A template of the folder, by its name, as PDF/A-2b; `files` are pictures by the names that `given`
    uses. Raises NoFonts."""
    made = _in_folder(
        template, given, files, fonts, {"format": "pdf", "timestamp": _seconds(made_at)}, STANDARD
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


def pictures(
    template: str,
    given: Mapping[str, Any],
    files: Mapping[str, bytes],
    fonts: Path,
    format_: str,
    dots: int = 200,
) -> list[bytes]:
    """The same as one picture a page: `svg`, or `png` with so many dots an inch. Raises NoFonts."""
    made = _in_folder(template, given, files, fonts, {"format": format_, "ppi": float(dots)}, None)
    return made if isinstance(made, list) else [made]


def _seconds(moment: datetime | None) -> int:
    return int((moment or datetime.now(UTC)).timestamp())


def _in_folder(
    template: str,
    given: Mapping[str, Any],
    files: Mapping[str, bytes],
    fonts: Path,
    how: dict[str, Any],
    standard: str | None,
) -> Any:
    """One paper in a folder of its own, tried as it is written, then with marks, then outside the
    standard."""
    with tempfile.TemporaryDirectory(prefix="wangge-paper-") as name:
        folder = Path(name)
        for path in _TEMPLATES.glob("*.typ"):
            (folder / path.name).write_bytes(path.read_bytes())
        for file, data in files.items():
            (folder / file).write_bytes(data)
        plain = signs.each_text(given, signs.plain)
        never = frozenset(one for text in signs.texts_of(plain) for one in text if signs.is_nobodys(one))
        # Pictures break for no sign, and show none: they are asked about before.
        missing = never if standard else never | _missing(plain, fonts)
        try:
            return _set(folder, template, plain, missing, fonts, how, standard)
        except typst.TypstError:
            missing = never | _missing(plain, fonts)
        try:
            return _set(folder, template, plain, missing, fonts, how, standard)
        except typst.TypstError as error:
            # Better a plain PDF than no paper.
            log.warning("paper.outside_its_standard", template=template, why=str(error)[:300])
            return _set(folder, template, plain, missing, fonts, how, None)


def _set(
    folder: Path,
    template: str,
    plain: Any,
    missing: frozenset[str],
    fonts: Path,
    how: dict[str, Any],
    standard: str | None,
) -> Any:
    given = signs.each_text(plain, lambda one: signs.marked(one, missing))
    (folder / "given.json").write_text(
        json.dumps(given | {"missing": signs.told(missing)}, ensure_ascii=False), encoding="utf-8"
    )
    return typst.compile(
        str(folder / f"{template}.typ"),
        root=str(folder),
        font_paths=_fonts(fonts),
        ignore_system_fonts=True,
        **(how | ({"pdf_standards": standard} if standard else {})),
    )


def _missing(given: Any, fonts: Path) -> frozenset[str]:
    return signs.unshown(signs.texts_of(given), lambda text: _shows(fonts, text))


@lru_cache(maxsize=4096)
def _shows(fonts: Path, text: str) -> bool:
    """Whether every sign of a text has a look in some font of the folder."""
    try:
        typst.compile(
            _TRIAL,
            sys_inputs={"signs": text},
            font_paths=_fonts(fonts),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=STANDARD,
        )
    except typst.TypstError:
        return False
    return True


@lru_cache(maxsize=2)
def _fonts(folder: Path) -> typst.Fonts:
    """The fonts of a folder, read once a process."""
    if not any(folder.rglob(FAMILY)):
        raise NoFonts(str(folder))
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])
