"""Prometheus and promtool: those of the machine, else unpacked from Debian's package for the tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from backend.local.debian import refresh_lists
from tests.conftest import HOME, one_at_a_time

UNPACKED = HOME / "tests" / "prometheus"
PACKAGE = "prometheus"


def prometheus_program(name: str) -> str:
    """Where `prometheus` or `promtool` is; skips the test, saying why, where it cannot be had."""
    installed = shutil.which(name)
    if installed:
        return installed
    if not shutil.which("apt-get"):
        pytest.skip(f"{name} is not installed, and there is no apt-get here to get it with")
    with one_at_a_time():
        if not (UNPACKED / "READY").exists():
            _unpack()
    return str(UNPACKED / "usr/bin" / name)


def _unpack() -> None:
    """Its two programs alone: they are static and need nothing beside."""
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    done = _download()
    if done.returncode:
        refresh_lists()
        done = _download()
    if done.returncode:
        pytest.skip(f"Debian's {PACKAGE} could not be downloaded: {done.stderr.strip()[-200:]}")
    (package,) = UNPACKED.glob("*.deb")
    subprocess.run(["dpkg", "-x", str(package), str(UNPACKED)], check=True)
    package.unlink()
    (UNPACKED / "READY").touch()


def _download() -> subprocess.CompletedProcess[str]:
    command = ["apt-get", "download", "-q", PACKAGE]
    return subprocess.run(command, cwd=UNPACKED, capture_output=True, text=True, check=False)


def run_promtool(*arguments: str | Path) -> str:
    """What it says; fails where it ends with anything but 0."""
    command = [prometheus_program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
