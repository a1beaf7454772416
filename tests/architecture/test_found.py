"""Every test that FOUND.md names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.sharing_out import LONG, WITHOUT_A_CITY

TESTS = Path(__file__).parents[1]


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", (TESTS / "FOUND.md").read_text(encoding="utf-8"))
    defined = {
        (file, node.name)
        for file in {file for file, _ in named}
        for node in ast.walk(ast.parse((TESTS / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert [pair for pair in named if pair not in defined] == []
    assert len(named) > 100


def test_what_begins_early_is_there() -> None:
    assert [place for place in LONG if not (TESTS.parent / place).exists()] == []
    assert [name for name in WITHOUT_A_CITY if not (TESTS / "web" / name).exists()] == []
