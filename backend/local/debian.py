"""Debian packages: installed where we may, unpacked into the home folder where we may not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path


def root_prefix() -> list[str] | None:
    """How to run a command as root: nothing, sudo, or not at all."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def _environment() -> dict[str, str]:
    # Made by deploy/bootstrap.py beside this environment, where the machine has no lists.
    own_lists = Path(sys.prefix).parent / "apt" / "apt.conf"
    found = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return found | ({"APT_CONFIG": str(own_lists)} if own_lists.exists() else {})


def known_packages(beginning: str) -> list[str]:
    """Names of packages that apt knows and that begin so."""
    command = ["apt-cache", "pkgnames", beginning]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=_environment()
    ).stdout.split()


def refresh_lists() -> None:
    """Fetch the package lists anew; old ones are better than none."""
    command = [*(root_prefix() or []), "apt-get", "update", "-q"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=_environment())


def install_packages(names: Sequence[str]) -> bool:
    """Install as root; whether it went well. apt's own messages stay visible."""
    options = ["-y", "-q", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    command = [*(root_prefix() or []), "apt-get", "install", *options, *names]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=_environment()).returncode == 0


def unpack_packages(names: Sequence[str], target: Path) -> None:
    """Download packages with what they need, and unpack them into a folder of ours."""
    simulate = ["apt-get", "install", "-s", "--no-install-recommends", *names]
    plan = subprocess.run(simulate, capture_output=True, text=True, check=True, env=_environment()).stdout
    needed = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        download = ["apt-get", "download", "-q", *needed]
        subprocess.run(download, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=_environment())
        for deb in sorted(Path(folder).glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(deb), str(target)], check=True)


def loader_path(target: Path) -> str:
    """LD_LIBRARY_PATH for programs unpacked into `target`."""
    places = ("usr/lib/*-linux-gnu", "usr/lib/*-linux-gnu/*", "lib/*-linux-gnu")
    return ":".join(str(path) for place in places for path in target.glob(place) if path.is_dir())
