"""Builds the docs site with MkDocs into $WANGGE_HOME/docs: `make docs`; a broken link or anchor fails.

The pages of `docs/` come first; the repository's other pages (decision records, protocol, results) stand
under `repository/`, and whatever file a page links to is beside it. So a link that works in the repository
works on the site, and one that leads to nothing fails the build.
"""

from __future__ import annotations

import logging
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge")
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_APART = ("tests/cases/", "tests/fixtures/", ".github/", "web/")


def tracked() -> list[str]:
    """The repository's files by name."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def place_of(name: str) -> str:
    """Where a file of the repository stands on the site."""
    return name.removeprefix("docs/") if name.startswith("docs/") else f"repository/{name}"


def links_of(text: str) -> list[str]:
    """The targets of a page's links, without their anchors; code is passed over."""
    return [found.group(2) for part in _CODE.split(text)[::2] for found in _LINK.finditer(part)]


def is_outward(target: str) -> bool:
    """Whether a link leads away from the repository."""
    return bool(re.match(r"[a-z]+:", target))


def moved(text: str, name: str) -> tuple[str, set[str]]:
    """A page with its links as they lead on the site, and the files of the repository they lead to."""
    here, led_to = posixpath.dirname(name), set[str]()

    def lead(found: re.Match[str]) -> str:
        before, target, anchor, after = found.group(1), found.group(2), found.group(3) or "", found.group(4)
        if is_outward(target):
            return found.group()
        wanted = posixpath.normpath(posixpath.join(here, target))
        led_to.add(wanted)
        start = posixpath.dirname(place_of(name))
        return f"{before}{posixpath.relpath(place_of(wanted), start or '.')}{anchor}{after}"

    parts = _CODE.split(text)
    parts[::2] = [_LINK.sub(lead, part) for part in parts[::2]]
    return "".join(parts), led_to


def gather(source: Path, target: Path, names: list[str]) -> None:
    """Copy the pages, and the files they lead to, to where they stand on the site."""
    pages = [name for name in names if name.endswith(".md") and not name.startswith(_APART)]
    others = {name for name in names if name.startswith("docs/") and not name.endswith((".md", ".yml"))}
    for name in pages:
        text, led_to = moved((source / name).read_text(encoding="utf-8"), name)
        others |= {one for one in led_to - set(pages) if (source / one).is_file()}
        _place(target, name).write_text(text, encoding="utf-8")
    for name in others:
        shutil.copyfile(source / name, _place(target, name))


def _place(target: Path, name: str) -> Path:
    path = target / place_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def build(pages: Path, site: Path) -> None:
    """The site of the gathered pages; raises MkDocsException where a page or anchor is not there."""
    config = load_config(str(ROOT / "docs/mkdocs.yml"), docs_dir=str(pages), site_dir=str(site), strict=True)
    build_site(config)


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    site = HOME / "docs"
    with tempfile.TemporaryDirectory() as pages:
        gather(ROOT, Path(pages), tracked())
        try:
            build(Path(pages), site)
        except MkDocsException as error:
            print(f"wangge: {error}", file=sys.stderr)
            return 1
    print(f"wangge: the docs are in {site}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
