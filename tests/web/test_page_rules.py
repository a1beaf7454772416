"""Rules of the pages' source: two languages complete, small files, nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
LEFT_OUT = {"node_modules", "schema.d.ts"}
CODE = (".ts", ".vue", ".css", ".js", ".mjs")
WIDEST = 110
HAN = re.compile(r"[\u4e00-\u9fff]")


def sources(*endings: str) -> Iterator[Path]:
    for path in sorted(WEB.rglob("*")):
        if path.suffix in endings and not LEFT_OUT & set(path.relative_to(WEB).parts):
            yield path


# A file of messages holds nothing else: its first sentence, an import of a type, groups, and one message a
# line; what is longer than a line goes on in the next.
LINE_OF_WORDS = re.compile(
    r"""
    /\*\*\ .*\ \*/ | import\ type\ .* | export\ const\ \w+(:\ typeof\ zh)?\ =\ \{ | \};
    | \ \ (?P<group>\w+):\ \{ | \ \ \},
    | \ {4}(?P<key>\w+):(?P<first>\ "(?:[^"\\]|\\.)*",)?
    | \ {6}(?P<more>"(?:[^"\\]|\\.)*")(,|\ \+)
    """,
    re.VERBOSE,
)


def messages(folder: Path) -> dict[str, str]:
    """`group.key` -> sentence, of a folder of messages: one file a topic, one message a line, each group
    in one file."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.ts")):
        if path.name != "index.ts":
            read = messages_of(path)
            assert not {key.split(".")[0] for key in read} & {key.split(".")[0] for key in found}, path
            found |= read
    return found


def messages_of(path: Path) -> dict[str, str]:
    """The messages of one topic; a line of another form fails."""
    found: dict[str, str] = {}
    group = key = ""
    for line in filter(None, path.read_text().splitlines()):
        match = LINE_OF_WORDS.fullmatch(line)
        assert match, f"{path}: not one message on one line: {line}"
        group = match["group"] or group
        if match["key"]:
            key = f"{group}.{match['key']}"
            assert key not in found, key
            found[key] = match["first"][2:-2] if match["first"] else ""
        elif match["more"]:
            found[key] += match["more"][1:-1]
    return found


APPS = [path.parent for path in sorted(WEB.glob("*/src/zh"))]


def is_of_words(path: Path) -> bool:
    return path.parent.name in ("zh", "en")


@pytest.mark.parametrize("app", APPS, ids=lambda path: path.parent.name)
def test_every_sentence_is_there_in_both_languages(app: Path) -> None:
    assert [path.name for path in sorted((app / "zh").iterdir())] == [
        path.name for path in sorted((app / "en").iterdir())
    ]
    zh, en = messages(app / "zh"), messages(app / "en")
    assert len(zh) > 50
    assert list(zh) == list(en)
    assert [
        key
        for key, value in zh.items()
        if not HAN.search(value) and key not in SAME and not value.startswith("{")
    ] == []
    assert [key for key, value in en.items() if HAN.search(value) and key != "app.language"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        '  app: { name: "网格", back: "返回" },',
        '    name: "网格", back: "返回",',
        '    name: "网格"',
        "    name: word,",
    ],
)
def test_two_messages_on_a_line_are_seen(tmp_path: Path, wrong: str) -> None:
    good = '/** Words. */\nexport const app = {\n  app: {\n    name: "网格",\n    back:\n      "a " +\n'
    good += '      "b",\n  },\n};\n'
    (tmp_path / "app.ts").write_text(good)
    assert messages(tmp_path) == {"app.name": "网格", "app.back": "a b"}
    (tmp_path / "app.ts").write_text(good.replace('    name: "网格",', wrong))
    with pytest.raises(AssertionError, match="not one message"):
        messages(tmp_path)


# Words that are the same in every language.
SAME = {"app.language", "enter.pin", "people.name"}


@pytest.mark.parametrize("app", APPS, ids=lambda path: path.parent.name)
def test_every_sentence_that_is_said_is_there(app: Path) -> None:
    known = messages(app / "zh")
    text = "\n".join(path.read_text() for path in app.rglob("*") if path.suffix in (".ts", ".vue"))
    said = set(re.findall(r"say\(['\"]([\w.]+)['\"]", text))
    assert said - known.keys() == set()
    # And none that nobody says; those built from a code and a beginning or an end are taken on trust.
    begun = tuple(re.findall(r"say\(`([\w.]+?)\$\{", text))
    ended = tuple(re.findall(r"say\(`\$\{\w+\}(\.\w+)`", text))
    said_elsewhere = "\n".join(
        path.read_text()
        for path in app.rglob("*")
        if path.suffix in (".ts", ".vue") and not is_of_words(path)
    )
    built = {key for key in known if key.startswith(begun) or key.endswith(ended)}
    assert [key for key in known if key not in said_elsewhere and key not in built] == []


def test_files_are_small() -> None:
    """Tests may be somewhat longer, as everywhere."""
    lengths = {path: path.read_text().count("\n") for path in sources(*CODE)}
    assert {str(path): n for path, n in lengths.items() if n > (500 if "tests" in path.parts else 400)} == {}


def test_lines_fit_a_screen() -> None:
    assert [
        f"{path}:{number}"
        for path in sources(*CODE)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDEST
    ] == []


def test_nothing_is_fetched_from_outside() -> None:
    outside = re.compile(r"https?://(?!www\.w3\.org|here\b|127\.0\.0\.1:)")
    assert [
        str(p)
        for p in sources(".ts", ".vue", ".css", ".html", ".js", ".webmanifest")
        if "tests" not in p.parts and outside.search(p.read_text())
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
