"""Migrations stay as they were written: they import no code that is still being worked on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "backend/migrations"
OURS = frozenset({"backend", "sync", "geo", "mobile_api_spec", "deploy", "bench", "tests"})
FROZEN = "backend.migrations.frozen_"


def live_imports(source: str) -> Iterator[str]:
    """What a module imports of ours that is not frozen."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if not node.level else ["backend"]
        yield from (one for one in names if one.split(".")[0] in OURS and not one.startswith(FROZEN))


def test_migrations_import_no_live_code() -> None:
    paths = [*FOLDER.glob("versions/*.py"), *FOLDER.glob("frozen_*.py"), *FOLDER.glob("frozen_*/*.py")]
    found = {
        str(path.relative_to(ROOT)): live
        for path in sorted(paths)
        if (live := list(live_imports(path.read_text(encoding="utf-8"))))
    }
    assert len(paths) > 20
    assert found == {}, "copy what it needs into backend/migrations/frozen_*.py"


@pytest.mark.parametrize(
    "source",
    [
        "from backend.core.comparing import comparable",
        "import sync.postgres.tables",
        "def upgrade():\n    from backend.migrations import install_triggers",
        "from ..environment import METADATAS",
    ],
)
def test_an_import_of_live_code_would_be_seen(source: str) -> None:
    assert list(live_imports(source))


def test_frozen_code_and_libraries_may_be_imported() -> None:
    source = "from geoalchemy2 import Geometry\nfrom backend.migrations.frozen_types import Xid8"
    assert not list(live_imports(source))


def test_nothing_but_migrations_stands_on_frozen_code() -> None:
    users = [
        str(path.relative_to(ROOT))
        for folder in ("backend", "sync", "geo", "mobile_api_spec")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if FOLDER not in path.parents and FROZEN in path.read_text(encoding="utf-8")
    ]
    assert users == []
