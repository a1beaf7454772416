"""The rules of the house in the pages' source: two languages complete, small files, nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
LEFT_OUT = {"node_modules", "schema.d.ts"}
HAN = re.compile(r"[\u4e00-\u9fff]")


def sources(*endings: str) -> Iterator[Path]:
    for path in sorted(WEB.rglob("*")):
        if path.suffix in endings and not LEFT_OUT & set(path.relative_to(WEB).parts):
            yield path


def messages(path: Path) -> dict[str, str]:
    """`group.key` -> sentence, of a file of messages: one group a line, each value a plain string."""
    found = {}
    for group, body in re.findall(r"^  (\w+): \{ (.*) \},$", path.read_text(), re.MULTILINE):
        for key, value in re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', body):
            found[f"{group}.{key}"] = value
    return found


APPS = [path.parent for path in sorted(WEB.glob("*/src/zh.ts"))]


@pytest.mark.parametrize("app", APPS, ids=lambda path: path.parent.name)
def test_every_sentence_is_there_in_both_languages(app: Path) -> None:
    zh, en = messages(app / "zh.ts"), messages(app / "en.ts")
    assert len(zh) > 50
    assert zh.keys() == en.keys()
    assert [
        key
        for key, value in zh.items()
        if not HAN.search(value) and key not in SAME and not value.startswith("{")
    ] == []
    assert [key for key, value in en.items() if HAN.search(value) and key != "app.language"] == []


# Words that are the same in every language.
SAME = {"app.language", "enter.pin", "people.name"}


@pytest.mark.parametrize("app", APPS, ids=lambda path: path.parent.name)
def test_every_sentence_that_is_said_is_there(app: Path) -> None:
    known = messages(app / "zh.ts")
    text = "\n".join(path.read_text() for path in app.rglob("*") if path.suffix in (".ts", ".vue"))
    said = set(re.findall(r"say\(['\"]([\w.]+)['\"]", text))
    assert said - known.keys() == set()
    # And none that nobody says; those built from a beginning and a code are taken on trust.
    begun = tuple(re.findall(r"say\(`([\w.]+?)\$\{", text))
    said_elsewhere = "\n".join(
        path.read_text()
        for path in app.rglob("*")
        if path.suffix in (".ts", ".vue") and path.stem not in ("zh", "en")
    )
    assert [key for key in known if key not in said_elsewhere and not key.startswith(begun)] == []


def test_files_are_small() -> None:
    too_long = {str(p): n for p in sources(".ts", ".vue", ".css") if (n := p.read_text().count("\n")) > 400}
    assert too_long == {}


def test_nothing_is_fetched_from_outside() -> None:
    outside = re.compile(r"https?://(?!www\.w3\.org|here\b|127\.0\.0\.1:)")
    assert [
        str(p)
        for p in sources(".ts", ".vue", ".css", ".html", ".js", ".webmanifest")
        if outside.search(p.read_text())
    ] == []


def test_no_page_takes_the_day_of_utc_for_the_citys() -> None:
    by_utc = re.compile(r"toISOString\(\)\.(slice|substring|split)\((0, 10|\"T\")\)")
    assert [path.name for path in sources(".ts", ".vue") if by_utc.search(path.read_text())] == []


def test_every_file_opens_with_a_sentence() -> None:
    silent = [
        str(p)
        for p in sources(".ts")
        if not p.name.endswith((".config.ts", ".d.ts")) and not p.read_text().startswith("/**")
    ]
    silent += [str(p) for p in sources(".vue") if "/**" not in p.read_text().split("\n", 2)[1]]
    assert silent == []
