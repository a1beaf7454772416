"""Rules of the source tree, as tests: imports, sizes, names, one commit, one error catalogue."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.core.errors import CATALOGUE
from tests import line_counts

ROOT = Path(__file__).parents[2]
SOURCE = ("backend", "sync", "geo", "mobile_api_spec", "deploy", "bench")
EXEMPT = "migrations/versions"


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if EXEMPT not in str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))


def length(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def lines(path: Path) -> int:
    return path.read_text().count("\n")


def test_imports_point_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=["lint", "format", "types"],
)
def test_tools_find_nothing(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_are_small() -> None:
    too_long = {str(p): lines(p) for p in files(*SOURCE) if lines(p) > 400} | {
        str(p): lines(p) for p in files("tests") if lines(p) > 500
    }
    assert too_long == {}
    assert statistics.median(lines(p) for p in files(*SOURCE) if lines(p) > 1) <= 120


def test_tests_do_not_fall_behind() -> None:
    """The ratio that was reached only rises: whoever adds source adds tests."""
    tests, source = line_counts.count()
    assert tests / source >= line_counts.REACHED


def test_lines_of_tests_are_told_from_source() -> None:
    told = {path: line_counts.is_test(ROOT / path) for path in (
        "tests/api/test_sync.py", "web/console/tests/filters.spec.ts", "web/console/src/filters.ts",
        "sync/merge.py",
    )}  # fmt: skip
    assert list(told.values()) == [True, True, False, False]
    counted = {str(path.relative_to(ROOT)) for path in line_counts.counted(ROOT / "web/shared")}
    assert "web/shared/i18n.ts" in counted
    assert "web/shared/api/schema.d.ts" not in counted


def test_lines_can_be_read() -> None:
    """In characters: ruff counts a Chinese one as two."""
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files(*SOURCE, "tests")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 110 and "tests/cases" not in str(path) and "home_8bd9847" not in str(path)
    ]
    assert long == []


def test_functions_are_small() -> None:
    sizes = {f"{p}:{node.name}": length(node) for p in files(*SOURCE, "tests") for node in functions(p)}
    assert {name: size for name, size in sizes.items() if size > 50} == {}
    assert statistics.median(sizes.values()) <= 10


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(p)
        for p in files(*SOURCE, "tests")
        if lines(p) > 3 and not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert silent == []


def test_public_functions_say_what_they_are_for() -> None:
    def is_public(node: ast.FunctionDef) -> bool:
        return not node.name.startswith("_") and not (
            isinstance(node.body[0], ast.Expr) and ast.unparse(node.body[0]) == "..."
        )

    top = {p: ast.parse(p.read_text()).body for p in files("backend", "sync", "geo", "mobile_api_spec")}
    silent = [
        f"{p}:{n.name}"
        for p, body in top.items()
        for n in body
        if isinstance(n, ast.FunctionDef) and is_public(n) and not ast.get_docstring(n)
    ]
    assert silent == []


def test_one_function_commits() -> None:
    calls = re.compile(r"\.commit\(")
    # The double is a database itself: what ends its transactions is not the server's.
    paths = [p for p in files("backend", "sync") if p != ROOT / "sync/memory.py"]
    found = [str(p.relative_to(ROOT)) for p in paths for _ in calls.findall(p.read_text())]
    assert found == ["backend/core/db.py"]


def test_names_say_what_is_inside() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [str(p) for p in files(*SOURCE, "tests") if p.stem in vague or p.parent.name in vague] == []


def test_no_naive_times() -> None:
    naive = re.compile(r"utcnow\(|datetime\.now\(\)|fromtimestamp\([^,)]*\)")
    assert [str(p) for p in files(*SOURCE) if naive.search(p.read_text())] == []


def test_every_error_in_the_catalogue_is_used_and_every_used_one_is_there() -> None:
    text = "\n".join(p.read_text() for p in files("backend", "sync") if p.name != "errors.py")
    used = set(re.findall(r'(?:Problem|CannotApply|_parked\(mutation|_parked)\(?\s*"?,?\s*"([a-z_]+)"', text))
    used |= set(re.findall(r'(?:Problem|CannotApply)\(\s*"([a-z_]+)"', text))
    assert {code for code in CATALOGUE if f'"{code}"' not in text and f"'{code}'" not in text} - {
        "predecessor_parked"
    } == set()
    assert used - set(CATALOGUE) == set()


def test_every_error_says_what_to_do_in_both_languages() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    for entry in CATALOGUE.values():
        assert han.search(entry.zh), entry.code
        assert han.search(entry.remedy_zh), entry.code
        assert entry.en, entry.code
        assert entry.remedy_en, entry.code


def test_tests_keep_up_with_source() -> None:
    """The house asks for 1.5 lines of test per line of source.

    This ratchet is where we are, and only goes up.
    """

    def code(path: Path) -> int:
        return sum(1 for line in path.read_text().splitlines() if line.strip())

    source, tests = sum(map(code, files("backend", "sync", "geo"))), sum(map(code, files("tests")))
    assert tests / source >= 0.56


def test_every_folder_of_modules_is_a_package() -> None:
    """The wheel holds the packages that are found: a folder without `__init__` would be left out of it."""
    folders = {
        path.parent
        for name in ("backend", "sync", "geo", "mobile_api_spec")
        for path in (ROOT / name).rglob("*.py")
    }
    assert {str(folder) for folder in folders if not (folder / "__init__.py").exists()} == set()


def test_no_machine_of_ours_is_named() -> None:
    ours = re.compile(r"/work/|/root/|\.library|artifact-registry")
    ends = (".py", ".md", ".toml", ".txt", ".yaml", ".conf", ".service")
    folders = (*SOURCE, "tests", ".ci")
    paths = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.name.endswith(ends)] + [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "Makefile",
    ]
    named = [
        str(p) for p in paths if p.name != "test_code_rules.py" and ours.search(p.read_text(encoding="utf-8"))
    ]
    assert named == []


def test_settings_are_all_explained() -> None:
    text = (ROOT / "backend/core/config.py").read_text()
    readme = (ROOT / "README.md").read_text()
    for name in re.findall(r"WANGGE_[A-Z_]+", text):
        assert name in readme, name
