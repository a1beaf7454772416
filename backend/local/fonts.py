"""Finds a Chinese font for papers.

The operator's folder, the machine's own, or Debian's unpacked into our folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import structlog

from backend.core.papers.typeset import FAMILY
from backend.local import debian

log = structlog.get_logger(__name__)
_PACKAGE = "fonts-noto-cjk"
_SYSTEM = Path("/usr/share/fonts/opentype/noto")


def places(home: Path, named: Path) -> tuple[Path, ...]:
    """Where a font is looked for: the folder that the operator named alone, or those that are usual here."""
    return (named,) if os.environ.get("WANGGE_FONTS") else (*_places(home), named)


def _places(home: Path) -> tuple[Path, ...]:
    return (_SYSTEM, home / "fonts-root", home / "chromium-root" / "usr/share/fonts")


def find_fonts(home: Path) -> Path | None:
    """The folder with the font; None when none can be had, and papers then say what is missing."""
    named = os.environ.get("WANGGE_FONTS")
    if named:
        return Path(named)
    unpacked = home / "fonts-root"
    for folder in _places(home):
        if any(folder.rglob(FAMILY)):
            return folder
    if not shutil.which("apt-get"):
        return None
    if debian.root_prefix() is not None:
        log.info("installing a Chinese font by apt, for papers (once)")
        debian.refresh_lists()
        return _SYSTEM if debian.install_packages([_PACKAGE]) else None
    log.info("no root here: unpacking a Chinese font into the project's folder, for papers (once)")
    try:
        debian.unpack_packages([_PACKAGE], unpacked)
    except subprocess.CalledProcessError:
        return None
    return unpacked
