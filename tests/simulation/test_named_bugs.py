"""Each deliberate bug of the sync service is found by the test that is there for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.named_bugs import BUGS

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(BUGS))
def test_the_named_test_finds(name: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.simulation.named_bugs",
        f"tests/{BUGS[name][1]}",
    ]
    # A process of its own, with its own database beside ours.
    environment = os.environ | {"WANGGE_TEST_BUG": name, "PYTEST_XDIST_WORKER": "gw8"}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    words = found.stdout.strip().splitlines()
    assert found.returncode == 1, words[-5:]
    assert " failed" in words[-1], words[-5:]
    assert "error" not in words[-1], words[-5:]
