"""Every word that a Chinese guide puts in 「」 stands on a screen of that app; its pictures are small."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "zh"
PICTURES = GUIDES / "pictures"
# Whose screens a guide is about; what is in the tables is held by test_tables.
APPS = {
    "index.md": ("phone",),
    "representative.md": ("phone",),
    "crew.md": ("phone",),
    "dispatcher.md": ("console",),
    "window.md": ("console",),
    "supervisor.md": ("console",),
    "administrator.md": ("console",),
    "privacy.md": ("phone", "console"),
}
MOST_BYTES, MOST_IN_ALL = 120_000, 1_000_000
# English pages that name words of the screens: those of the console in slanted letters.
ENGLISH = ROOT / "docs" / "administrator.md"
_SLANTED = re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)")
_SAID = re.compile(r"^ {4}\w+:\s*\n?\s*\"((?:[^\"\\]|\\.)*)\",?$", re.MULTILINE)
_QUOTED = re.compile(r"「([^」]+)」")
_PICTURE = re.compile(r"!\[([^\]]+)\]\(pictures/([\w-]+\.webp)\)")


@cache
def sentences(app: str, language: str = "zh") -> frozenset[str]:
    """What an app's files say in a language, a message each."""
    files = (ROOT / "web" / app / "src" / language).glob("*.ts")
    return frozenset(one for file in files for one in _SAID.findall(file.read_text(encoding="utf-8")))


@cache
def vocabulary() -> frozenset[str]:
    """The words of kinds, fields, choices and steps, which both apps show."""
    words = json.loads((ROOT / "mobile_api_spec/vocabulary.json").read_text(encoding="utf-8"))
    return frozenset(_chinese(words["kinds"]))


def _chinese(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        if isinstance(found.get("zh"), str):
            yield found["zh"]
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _chinese(one)


def strange(text: str, apps: tuple[str, ...]) -> list[str]:
    """The quoted words that stand on no screen of these apps, as they are there."""
    there = vocabulary().union(*map(sentences, apps))
    return [word for word in _QUOTED.findall(text) if word not in there]


def text_of(name: str) -> str:
    return (GUIDES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(APPS))
def test_every_word_in_a_guide_stands_on_the_screen(name: str) -> None:
    assert strange(text_of(name), APPS[name]) == []


def test_words_of_the_screens_in_english_pages_are_there_too() -> None:
    slanted = set(_SLANTED.findall(ENGLISH.read_text(encoding="utf-8")))
    assert len(slanted) >= 10
    assert slanted - sentences("console", "en") == set()
    api = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert _QUOTED.findall(api)
    assert strange(api, ("console",)) == []


def test_the_guides_are_these_and_quote_a_good_deal() -> None:
    assert {path.name for path in GUIDES.glob("*.md")} == set(APPS) | {"data_dictionary.md"}
    for name in set(APPS) - {"index.md", "privacy.md"}:
        assert len(set(_QUOTED.findall(text_of(name)))) >= 15, name


def test_the_sentences_are_read_whole() -> None:
    """Against the keys of the files, counted otherwise: a message in a form nobody thought of is missed."""
    for app in ("phone", "console"):
        keys = sum(
            len(re.findall(r"^ {4}\w+:", file.read_text(encoding="utf-8"), re.MULTILINE))
            for file in (ROOT / "web" / app / "src" / "zh").glob("*.ts")
        )
        said = sum(
            len(_SAID.findall(file.read_text(encoding="utf-8")))
            for file in (ROOT / "web" / app / "src" / "zh").glob("*.ts")
        )
        assert said == keys > 100


@pytest.mark.parametrize(
    ("word", "apps"),
    [
        ("派给", ("phone",)),
        ("签到", ("console",)),
        ("立刻同步", ("phone", "console")),
        ("立即同步 ", ("phone",)),
    ],
)
def test_a_word_that_is_not_there_is_noticed(word: str, apps: tuple[str, ...]) -> None:
    assert strange(f"点「{word}」。", apps) == [word]


def test_a_button_that_is_renamed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    left = sentences("phone") - {"立即同步"}
    monkeypatch.setattr("tests.guides.test_words.sentences", lambda app: left)
    assert "立即同步" in strange(text_of("representative.md"), ("phone",))


def test_every_picture_is_shown_and_small() -> None:
    shown = {name for guide in APPS for _, name in _PICTURE.findall(text_of(guide))}
    there = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert shown == set(there), "make pictures"
    assert max(there.values()) < MOST_BYTES
    assert sum(there.values()) < MOST_IN_ALL
    for name in shown:
        with Image.open(PICTURES / name) as picture:
            assert picture.size in {(390, 844), (1280, 800)}, name


def test_every_picture_says_what_is_on_it() -> None:
    said = [words for guide in APPS for words, _ in _PICTURE.findall(text_of(guide))]
    assert len(said) > 10
    assert all(len(words) >= 4 for words in said)


def test_each_guide_is_one_step_from_the_first_page() -> None:
    first = text_of("index.md")
    assert [name for name in APPS if name != "index.md" and f"]({name})" not in first] == []


def test_what_goes_wrong_in_the_field_has_its_place() -> None:
    anchors = set(re.findall(r"\{ #(\w+) \}", text_of("representative.md")))
    assert anchors >= {"offline", "photo", "pin", "lost"}
    led_to = {
        anchor for name in APPS for anchor in re.findall(r"\(representative\.md#(\w+)\)", text_of(name))
    }
    assert led_to >= {"offline", "photo", "pin", "lost"}
    assert led_to - anchors == set()
