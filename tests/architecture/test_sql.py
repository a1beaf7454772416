"""Where SQL may stand: reads and other rows in `queries`, records by the record writer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What speaks SQL besides `queries`, and why.
REVIEWED = {
    "backend/core/events.py": "announcing a fact writes the outbox by the driver, from every service",
    "backend/local/cluster.py": "makes the database itself, by psql, before anything can open a session",
    "backend/local/story_server.py": "throws a whole database away, by psql",
}
# A statement put together from parts is reviewed where it stands, with its reason; the number only falls.
MOST_EXCEPTIONS = 66
_BEGINS = re.compile(
    r"\s*\(?\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\w+\s+SET\s|DELETE FROM\s|WITH\s+(RECURSIVE\s+)?\w+ AS\s|"
    r"LOCK TABLE\s|ANALYZE$|CREATE\s|DROP\s|ALTER\s|NOTIFY\s|LISTEN\s)"
)
_REASON = re.compile(r"# noqa: S608(?: - (?P<why>\w.{6,}))?")


def is_place_of_queries(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return "queries" in parts or path.name == "queries.py" or "migrations" in parts


def sql_in(source: str) -> Iterator[int]:
    """The lines where a module makes a statement: sqlalchemy's `text`, or a string that begins as SQL."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for alias in node.names
        if alias.name == "text"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            is_sql = ast.unparse(node.func) in {*names, "sa.text", "sqlalchemy.text"}
        else:
            said = node.value if isinstance(node, ast.Constant) else None
            is_sql = isinstance(said, str) and bool(_BEGINS.match(said))
        if is_sql:
            yield getattr(node, "lineno", 0)


def test_sql_stands_in_queries() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "backend").rglob("*.py"))
        if not is_place_of_queries(path) and str(path.relative_to(ROOT)) not in REVIEWED
        for line in sql_in(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "a function in the capability's queries/, or the record writer"


def test_every_reviewed_place_is_needed() -> None:
    needless = [one for one in REVIEWED if not any(sql_in((ROOT / one).read_text(encoding="utf-8")))]
    assert needless == []


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import text\nsession.execute(text('x'))",
        "from sqlalchemy import text as sql\nsession.execute(sql('x'))",
        "import sqlalchemy as sa\nsession.execute(sa.text('x'))",
        '_ASKED = """\n    SELECT id\n    FROM unit\n"""',
        '_STEP = f"UPDATE {table} t SET x = 1"' + "\n_OTHER = 'DELETE FROM unit'",
        "rows_of(connection, 'WITH gone AS (SELECT 1) SELECT 2')",
    ],
)
def test_sql_elsewhere_would_be_seen(source: str) -> None:
    assert list(sql_in(source))


def test_words_are_not_taken_for_sql() -> None:
    assert not list(sql_in("from geo import text\nlabel = text('Select a cell')\nwhy = 'with a reason'"))


def exceptions() -> list[tuple[str, str | None]]:
    """Each reviewed place (file:line) with its reason."""
    folders = ("backend", "sync", "geo", "mobile_api_spec", "deploy", "bench")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [
        (f"{path.relative_to(ROOT)}:{number}", found["why"])
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := _REASON.search(line))
    ]


def test_statements_put_together_are_reviewed_and_get_fewer() -> None:
    found = exceptions()
    assert [place for place, why in found if why is None] == [], "say why it cannot be injected"
    assert len(found) <= MOST_EXCEPTIONS
