"""No text cites a document that the repository does not hold: a reader could not look it up."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = {
    ".py",
    ".md",
    ".ts",
    ".vue",
    ".toml",
    ".txt",
    ".typ",
    ".mjs",
    ".yml",
    ".yaml",
    ".html",
    ".css",
    ".conf",
}
# Numbers of requirements (two digits after one of two letters), pages of plans, and entries of a tracker.
UNHELD = re.compile(
    r"(?<![\w.#/&-])[FC][0-7]\d(?![\w-])"
    r"|(?<![\w-])(?:loop|ground|maps|platform|product|style|geo|web)\.md\b"
    r"|\bdesign pages?\b|\b[Tt]he designs?(?:'s)? (?:names?d?|says?|said|asks?|asked|policies|pages?)\b"
    r"|\b[Tt]he design (?:is|document)\b|\b(?:security|review) findings of\b"
    r"|\b(?:this|that|last|earlier|firm-ground|sync) issue(?:'s|s)?\b|\bissue #?\d"
    r"|\b[Tt]he (?:issue|requirement|brief) (?:asks?|says?|names?|of)\b"
)
# This module spells out what it looks for; the schema and fixtures are generated or somebody else's words.
APART = (
    "tests/cases/",
    "tests/fixtures/",
    "web/shared/api/schema.d.ts",
    "tests/architecture/test_references.py",
)


def texts() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [name for name in done.stdout.splitlines() if not name.startswith(APART)]
    return [path for name in paths if (path := ROOT / name).suffix in TEXT and path.exists()]


def cited(text: str) -> list[str]:
    return [found.group() for found in UNHELD.finditer(text)]


def test_nothing_cites_what_the_repository_does_not_hold() -> None:
    found = {str(path.relative_to(ROOT)): cited(path.read_text(encoding="utf-8")) for path in texts()}
    assert len(found) > 500
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "words",
    [
        "so F31 asks",
        "(C15)",
        "see `ground.md` 2",
        "The design names it",
        "before this issue",
        "the issue asks",
        "issue 16",
    ],
)
def test_such_a_citation_is_seen(words: str) -> None:
    assert cited(words)


@pytest.mark.parametrize(
    "words", ["geo.findings", "an epoch 0xF31", "issue(session)", "docs/sync.md", "colour #C15F31"]
)
def test_other_words_are_let_be(words: str) -> None:
    assert not cited(words)
