"""The docs: the site builds, what pages name is in the repository, and no link or anchor leads to nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mkdocs.exceptions import MkDocsException

from backend.core import capabilities
from deploy.docs import build, gather, is_outward, links_of, tracked

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
# Pages in English: those in Chinese are guides, held by tests/guides.
ENGLISH = [page for page in DOCS if page.parent.name == "docs"]
# What looks like a file or folder of the repository, in code.
_NAMED = re.compile(r"`((?:backend|sync|geo|mobile_api_spec|tests|web|bench|deploy|docs)/[\w./-]*)`")
_OUTWARD = re.compile(r"https://[\w-]+(\.[\w-]+)+(/\S*)?")
SENTENCE = "A page.\n"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def site_of(pages: dict[str, str], folder: Path) -> Path:
    """A site of pages given as words, beside an index and all that the navigation asks for."""
    wanted = {page.relative_to(ROOT).as_posix(): SENTENCE for page in DOCS} | pages
    for name, words in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(words, encoding="utf-8")
    gather(folder, folder / "pages", sorted(wanted))
    build(folder / "pages", folder / "site")
    return folder / "site"


def test_the_site_builds_and_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    gather(ROOT, tmp_path / "pages", tracked())
    build(tmp_path / "pages", tmp_path / "site")
    pages = {path: path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.html")}
    assert len(pages) > len(DOCS)
    fetched = re.compile(r"<(?:script|img)[^>]*src=\"?https?:|<link[^>]*stylesheet[^>]*href=\"?https?:")
    assert [str(path) for path, text in pages.items() if fetched.search(text)] == []


@pytest.mark.parametrize(
    "link",
    [
        "[x](no_such_page.md)",
        "[x](sync.md#no-such-anchor)",
        "[x](../backend/no_such_file.py)",
        "[x](/sync.md)",
    ],
)
def test_a_link_to_nothing_fails_the_build(link: str, tmp_path: Path) -> None:
    with pytest.raises(MkDocsException):
        site_of({"docs/index.md": f"{link}\n"}, tmp_path)


def test_a_link_that_works_in_the_repository_works_on_the_site(tmp_path: Path) -> None:
    pages = {
        "docs/index.md": "[why](../geo/decisions/one.md#why) and [code](../geo/units.py)\n",
        "geo/decisions/one.md": "# One\n## Why\n[back](../../docs/sync.md) `[x](no.md)`\n",
        "geo/units.py": "SIZE = 1\n",
    }
    site = site_of(pages, tmp_path)
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "repository/geo/decisions/one" in index
    assert (site / "repository/geo/units.py").read_text(encoding="utf-8") == "SIZE = 1\n"
    assert "sync" in (site / "repository/geo/decisions/one.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = _NAMED.findall(text_of(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_of_the_repository_or_are_well_formed(page: Path) -> None:
    inward = [one for one in links_of(text_of(page)) if not is_outward(one)]
    assert [one for one in inward if not (page.parent / one).is_file()] == []
    outward = [one for one in links_of(text_of(page)) if is_outward(one)]
    assert [one for one in outward if not _OUTWARD.fullmatch(one)] == []


def test_every_capability_is_on_the_architecture_page() -> None:
    text = text_of(ROOT / "docs/architecture.md")
    assert [name for name in capabilities.names() if f"| `backend/{name}` |" not in text] == [], "make map"


def test_concepts_are_explained_and_none_is_left_over() -> None:
    concepts = {
        "architecture",
        "records",
        "sync",
        "territory",
        "imports",
        "dispatch",
        "evidence",
        "messages",
        "limits",
        "first_day",
        "operating",
        "alarms",
        "security",
        "api",
    }
    assert {page.stem for page in ENGLISH} == concepts | {
        "index",
        "facts",
        "data_dictionary",
        "privacy",
        "administrator",
    }
    short = {page.stem for page in ENGLISH if page.stem in concepts and len(text_of(page).splitlines()) < 100}
    assert short == set()


def test_every_decision_is_one_link_away_or_in_a_folder_that_is_named() -> None:
    text = "".join(map(text_of, DOCS))
    folders = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/decisions/*.md")}
    assert len(folders) == 4
    assert [folder for folder in sorted(folders) if f"`{folder}`" not in text] == []
