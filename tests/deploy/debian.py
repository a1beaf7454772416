"""Programs of Debian that tests run and the product does not need: installed, or unpacked for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.local.debian import loader_path, refresh_lists
from tests.conftest import HOME, one_at_a_time

UNPACKED = HOME / "tests" / "debian"
BESIDE = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Program:
    """A program, with what its process must know to find its libraries, and the folder that is its /."""

    path: Path
    environment: Mapping[str, str]
    root: Path


def program(name: str, packages: Sequence[str]) -> Program:
    """The program of these packages; skips the test, saying why, where there is no way to get it."""
    installed = shutil.which(name, path=f"{os.environ['PATH']}:{BESIDE}")
    if installed:
        return Program(Path(installed), {}, Path("/"))
    target = UNPACKED / "-".join(packages)
    with one_at_a_time():
        if not (target / "READY").exists():
            _unpack(packages, target)
    return Program(_inside(target, name), {"LD_LIBRARY_PATH": loader_path(target)}, target)


def _unpack(packages: Sequence[str], target: Path) -> None:
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get here to get it with")
    # Downloaded by name, without what they need beside: that is on every Debian machine.
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    command = ["apt-get", "download", "-q", *packages]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    if done.returncode:
        refresh_lists()
        done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{', '.join(packages)} could not be downloaded: {done.stderr.strip()[-200:]}")
    for package in target.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(target)], check=True)
        package.unlink()
    (target / "READY").touch()


def _inside(target: Path, name: str) -> Path:
    return next(
        target / place / name for place in ("usr/sbin", "usr/bin") if (target / place / name).exists()
    )
