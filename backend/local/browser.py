"""Finds Chromium from the distribution, for looking at the pages.

Where it is not found, apt installs it, or it is unpacked into our folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog

from backend.local import debian

log = structlog.get_logger(__name__)
# Without windows it needs a third less of the processor than the whole browser, and draws the same.
_HEADLESS, _WHOLE, _FONT = "chromium-headless-shell", "chromium", "fonts-noto-cjk"
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
    """The browser named by WANGGE_CHROMIUM, the machine's own, or one of ours in `home`. Raises NoBrowser.

    The headless one before the whole one, which is taken where the other cannot be had.
    """
    named = os.environ.get("WANGGE_CHROMIUM") or shutil.which(_HEADLESS)
    if named:
        return Chromium(Path(named), {})
    unpacked = home / "chromium-root"
    if (unpacked / "READY").exists():
        return _unpacked(unpacked)
    whole = shutil.which(_WHOLE) or shutil.which("chromium-browser")
    found = _brought(unpacked, is_needed=not whole) if shutil.which("apt-get") else None
    if found is None and not whole:
        raise NoBrowser("apt-get could not bring one; install Chromium, or name it in WANGGE_CHROMIUM")
    return found or Chromium(Path(str(whole)), {})


def _brought(unpacked: Path, *, is_needed: bool) -> Chromium | None:
    """Installed by apt where we may; else, where there is no other, unpacked. None where that did not go."""
    is_ours = debian.root_prefix() is not None
    if not is_needed and not is_ours:
        return None
    if is_needed and is_ours:
        debian.refresh_lists()
    program = _HEADLESS if _HEADLESS in debian.known_packages(_HEADLESS) else _WHOLE
    if is_ours:
        log.info("installing a browser by apt (once)", program=program)
        return Chromium(Path("/usr/bin") / program, {}) if debian.install_packages([program, _FONT]) else None
    log.info("no root here: unpacking a browser into the project's folder (once)", program=program)
    try:
        debian.unpack_packages([program, _FONT], unpacked)
    except subprocess.CalledProcessError:
        return None
    (unpacked / "READY").touch()
    return _unpacked(unpacked)


def _unpacked(target: Path) -> Chromium:
    fonts = target / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=target / "usr/share/fonts", cache=target / "font-cache"))
    environment = {"LD_LIBRARY_PATH": debian.loader_path(target), "FONTCONFIG_FILE": str(fonts)}
    folder = target / "usr/lib/chromium"
    return Chromium(next(one for name in (_HEADLESS, _WHOLE) if (one := folder / name).exists()), environment)
