"""Prometheus and promtool: those of the machine, else unpacked from Debian's package for the tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.deploy.debian import program


def prometheus_program(name: str) -> str:
    """Where `prometheus` or `promtool` is; skips the test, saying why, where it cannot be had."""
    # Both are static: they need no library beside.
    return str(program(name, ["prometheus"]).path)


def run_promtool(*arguments: str | Path) -> str:
    """What it says; fails where it ends with anything but 0."""
    command = [prometheus_program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
