"""Lines of tests for each line of source, over the whole repository: `python -m tests.line_counts`.

What is generated, migrations, the city's data and the sentences of messages are counted on neither side.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".ts", ".vue", ".mjs", ".js"}
SOURCES = ("backend", "sync", "geo", "mobile_api_spec", "web/console", "web/phone", "web/shared")
LEFT_OUT = {"node_modules", "migrations", "fixtures", "cases", "en", "zh", "api/schema.d.ts", "public"}
# The ratio that was reached; it only rises.
REACHED = 1.0


def counted(folder: Path) -> Iterator[Path]:
    """Files of a folder that somebody wrote and runs."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(ROOT)
        is_left_out = not LEFT_OUT.isdisjoint(inner.parts) or str(inner).endswith("api/schema.d.ts")
        if path.suffix in SUFFIXES and not is_left_out and path.is_file():
            yield path


def is_test(path: Path) -> bool:
    """Under `tests/` at the top, or in the `tests` folder of a part of the pages."""
    inner = path.relative_to(ROOT).parts
    return inner[0] == "tests" or (inner[0] == "web" and "tests" in inner)


def lines(path: Path) -> int:
    """Lines with something on them."""
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def count() -> tuple[int, int]:
    """Lines of tests and of source."""
    files = [path for folder in (*SOURCES, "tests") for path in counted(ROOT / folder)]
    tests = sum(lines(path) for path in files if is_test(path))
    return tests, sum(map(lines, files)) - tests


def main() -> None:
    """Say both and their ratio."""
    tests, source = count()
    sys.stdout.write(
        f"{tests} lines of tests, {source} of source: {tests / source:.3f}, at least {REACHED}\n"
    )


if __name__ == "__main__":
    main()
