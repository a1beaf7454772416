"""Finds Chromium from the distribution, for looking at the pages.

Where it is not found, apt installs it, or it is unpacked into our folder.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog

from backend.local import debian

log = structlog.get_logger(__name__)
_PACKAGES = ["chromium", "fonts-noto-cjk"]
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>
"""


class NoBrowser(Exception):
    """No Chromium could be found or installed here."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """The program, and what it needs in its environment when it was unpacked without root."""

    path: Path
    environment: dict[str, str]


def find_chromium(home: Path) -> Chromium:
    """The browser named by WANGGE_CHROMIUM, the machine's own, or one of ours in `home`. Raises NoBrowser."""
    named = os.environ.get("WANGGE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if named:
        return Chromium(Path(named), {})
    unpacked = home / "chromium-root"
    if not (unpacked / "READY").exists():
        if not shutil.which("apt-get"):
            raise NoBrowser("install Chromium, or name it in WANGGE_CHROMIUM")
        if debian.root_prefix() is not None:
            return _installed()
        log.info("no root here: unpacking Chromium into the project's folder (once)")
        debian.unpack_packages(_PACKAGES, unpacked)
        (unpacked / "READY").touch()
    return _unpacked(unpacked)


def _installed() -> Chromium:
    log.info("installing Chromium by apt (once)")
    debian.refresh_lists()
    if not debian.install_packages(_PACKAGES):
        raise NoBrowser("apt-get could not install chromium; see its messages above")
    return Chromium(Path("/usr/bin/chromium"), {})


def _unpacked(target: Path) -> Chromium:
    fonts = target / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=target / "usr/share/fonts", cache=target / "font-cache"))
    environment = {"LD_LIBRARY_PATH": debian.loader_path(target), "FONTCONFIG_FILE": str(fonts)}
    return Chromium(target / "usr/lib/chromium/chromium", environment)
