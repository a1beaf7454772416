"""A release is built from a commit with an entry in the changelog; installed, it has its own pages."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

from backend.core import config

ROOT = Path(__file__).parents[2]
ASKED = """
import os
from dataclasses import replace
from backend.core import config
from backend.app import create_app
from backend.core.db import Database, make_engine
settings = replace(config.read(), limits_enabled=False, objects_url="memory://")
app = create_app(settings, Database(make_engine("postgresql://nobody@localhost/none")))
client = app.test_client()
for path in ("/", "/m/", "/who", "/verify", "/confirm", "/contractor", "/m/sw.js"):
    answer = client.get(path)
    print("page", path, answer.status_code, answer.mimetype, len(answer.data) > 200)
print("where", config.__file__, settings.web_root)
"""


@pytest.fixture
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "deploy/release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_has_its_entry(release: ModuleType) -> None:
    told, version = (ROOT / "CHANGELOG.md").read_text("utf-8"), release.version_of(ROOT)
    release.need_entry(told, version)
    for without in (
        told.replace(f"[{version}]", "[9.9.9]"),
        f"## [{version}] - 2026-01-01\n\n## [0.0.1] - 2026-01-01\n- x",
    ):
        with pytest.raises(release.NotReady, match=version.replace(".", r"\.")):
            release.need_entry(without, version)


def test_a_tree_with_changes_is_refused(release: ModuleType, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    release.need_clean(tmp_path)
    (tmp_path / "left.txt").write_text("not committed")
    with pytest.raises(release.NotReady, match=r"left\.txt"):
        release.need_clean(tmp_path)


def test_without_built_pages_there_is_no_wheel(release: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(release.NotReady, match="make pages"):
        release.build_wheel(ROOT, tmp_path, tmp_path)


@pytest.mark.long
def test_an_installed_wheel_serves_its_own_pages(release: ModuleType, tmp_path: Path) -> None:
    wheel = release.build_wheel(ROOT, config.read().home / "web", tmp_path)
    empty = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(empty)], check=True)
    pip = [str(empty / "bin/python"), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True)
    # What it depends on comes from the environment of the tests; it itself does not, for its own comes first.
    (packages,) = (empty / "lib").glob("python*/site-packages")
    (packages / "of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("WANGGE_", "PYTHON"))
    }
    done = subprocess.run(
        [str(empty / "bin/python"), "-c", ASKED],
        cwd=tmp_path,
        env=environment | {"WANGGE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    pages = [line for line in said if line[0] == "page"]
    ((_, *where),) = (line for line in said if line[0] == "where")
    assert len(pages) == 7
    assert {(status, kind.split("/")[0], is_long) for _, _, status, kind, is_long in pages} == {
        ("200", "text", "True")
    }
    assert all(Path(one).is_relative_to(packages) for one in where)
