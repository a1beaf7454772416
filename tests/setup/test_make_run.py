"""`make run`: the demo unless somebody says that a city of their own begins."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def said(*words: str) -> str:
    """The last line of what make would do."""
    # What the make that runs the tests tells its children is not for this one.
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", "-n", "run", *words]
    done = subprocess.run(command, cwd=ROOT, env=ours, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "has"),
    [
        ((), "run --with-parent"),
        (("CITY=empty",), "--city empty"),
        (("CITY=empty", "PORT=9000", "TLS=1"), "--tls --port 9000 --city empty"),
    ],
)
def test_what_make_run_starts(words: tuple[str, ...], has: str) -> None:
    assert has in said(*words)


def test_make_run_asks_nothing() -> None:
    assert "--city" not in said()
    assert said().split()[-2:] == ["run", "--with-parent"]
