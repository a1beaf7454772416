"""Build a release: a wheel that holds the built pages, and its SBOM, in $WANGGE_HOME/release; `make release`.

Refused where CHANGELOG.md has no entry for the version, or where the tree holds what is not committed. The
wheel is built from the commit itself, in a folder of its own, so that nothing else of this checkout gets in.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge")


class NotReady(Exception):
    """Why nothing is released, in both languages."""


def version_of(root: Path) -> str:
    """The version that pyproject.toml says."""
    return str(tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def need_entry(changelog: str, version: str) -> None:
    """Raises NotReady where the changelog has no dated entry with words for the version."""
    found = re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)", changelog, re.M | re.S
    )
    if not found or not re.search(r"^- \S", found[1], re.M):
        raise NotReady(
            f"CHANGELOG.md 里没有 {version} 的条目 · CHANGELOG.md has no entry for {version}: add `## "
            f"[{version}] - DATE`"
        )


def need_clean(root: Path) -> None:
    """Raises NotReady where the tree holds what is not committed."""
    command = ["git", "status", "--porcelain"]
    changed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    if changed:
        raise NotReady(f"有未提交的改动 · these are not committed:\n{changed}")


def build_wheel(root: Path, pages: Path, target: Path) -> Path:
    """The commit that is checked out in `root`, with these built pages, as a wheel in `target`."""
    if not (pages / "console/index.html").is_file():
        raise NotReady(f"{pages} 里没有建好的页面 · there are no built pages: run make pages")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(tree, filter="data")
        shutil.copytree(pages, tree / "backend/web", ignore=shutil.ignore_patterns("built-*"))
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--wheel-dir",
            str(target),
            str(tree),
        ]
        subprocess.run(command, check=True)
    return next(target.glob(f"wangge-{version_of(root)}-*.whl"))


def main() -> None:
    """Check, build, and say where it lies."""
    version, target = version_of(ROOT), HOME / "release"
    try:
        need_entry((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
        need_clean(ROOT)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        wheel = build_wheel(ROOT, HOME / "web", target)
    except NotReady as reason:
        sys.exit(f"wangge: {reason}")
    bill = target / f"wangge-{version}.cdx.json"
    subprocess.run([sys.executable, str(ROOT / "deploy/sbom.py"), str(bill)], cwd=ROOT, check=True)
    print(f"wangge: {wheel}")


if __name__ == "__main__":
    main()
