"""Where it runs: Python's versions and machines without METIS, and one version of pip that installs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from deploy import bootstrap
from tests.deploy.units import ROOT

HIDDEN = """
import sys
sys.modules["pymetis"] = None
from geo.divide import balanced
from tests.cities import city
ground = city(2, 8)
found = balanced(ground.territory, ground.places, ground.workload, 8).cells
print(len(found), sum(one.area for one in found) / ground.territory.area)
"""


def test_ground_is_divided_without_metis() -> None:
    """As on arm64, for which it has no wheel."""
    command = [sys.executable, "-c", HIDDEN]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cells, covered = done.stdout.split()
    assert int(cells) == 8
    assert float(covered) == pytest.approx(1, abs=1e-6)


def test_nothing_of_the_product_asks_for_metis() -> None:
    asking = [
        str(path.relative_to(ROOT))
        for folder in ("backend", "geo", "sync", "mobile_api_spec")
        for path in (ROOT / folder).rglob("*.py")
        if "pymetis" in path.read_text("utf-8")
    ]
    assert asking == []
    assert "pymetis" in (ROOT / "tests/cities/rivals.py").read_text("utf-8")


def test_the_environment_was_installed_by_the_pip_that_is_named() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.split()[:2] == bootstrap.PIP.replace("==", " ").split()


def test_versions_of_python_are_said_alike() -> None:
    told = re.search(r'requires-python = ">=(3\.\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert told
    words = f"{told[1]} to 3.{int(told[2]) - 1}"
    assert f"Python {words}" in (ROOT / "README.md").read_text("utf-8")
    assert words in (ROOT / "deploy/bootstrap.py").read_text("utf-8")
