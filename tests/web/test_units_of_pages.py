"""The pages' own tools: prettier has laid out every file, ESLint finds no fault, and Vitest's unit tests
pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
NODE = Path(sys.executable).parent / "node"
# What has not changed is not looked at again.
CACHE = "node_modules/.cache/eslint/"
TOOLS = {
    "prettier": ["prettier/bin/prettier.cjs", "--check", "--cache", "."],
    "eslint": [
        "eslint/bin/eslint.js",
        "--max-warnings",
        "0",
        "--cache",
        "--cache-strategy",
        "content",
        "--cache-location",
        CACHE,
        ".",
    ],
    "vitest": ["vitest/vitest.mjs", "run"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_pages_pass_their_tools(tool: str) -> None:
    program, *arguments = TOOLS[tool]
    command = [str(NODE), str(WEB / "node_modules" / program), *arguments]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
