"""The tables of expected answers: who, where, which answer.

They are read from `expected.txt` here, and from that of a capability beside its tests, where it has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PEOPLE = (
    "anon", "admin", "branch_admin", "dispatcher", "supervisor", "agent", "auditor", "rep", "leader",
    "member",
    "stranger", "south_rep", "reader", "lost",
)  # fmt: skip
SOUTH = ("stranger", "south_rep")
OWN, HIDDEN, OTHER = "own", "hidden", "other"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what is asked, and for every person the letters of the places it is asked about."""

    block: str
    what: str
    answers: dict[str, str]
    line: int

    def cells(self) -> Iterator[tuple[str, str, str]]:
        """(person, place, letter) of what is to be asked."""
        for who, letters in self.answers.items():
            places = (OWN, HIDDEN, OTHER) if len(letters) == 3 else (OWN, OTHER)
            yield from (
                (who, place, letter) for place, letter in zip(places, letters, strict=False) if letter != "-"
            )


def read_tables() -> dict[str, list[Row]]:
    """Block -> rows of all files."""
    own = Path(__file__).parent / "expected.txt"
    others = sorted(set(own.parents[1].glob("*/expected.txt")) - {own})
    tables: dict[str, list[Row]] = {}
    for path in (own, *others):
        for block, rows in _read(path).items():
            tables.setdefault(block, []).extend(rows)
    return tables


def _read(path: Path) -> dict[str, list[Row]]:
    """Block -> rows; a line that cannot be read stops everything."""
    tables: dict[str, list[Row]] = {}
    block = ""
    text = path.read_text(encoding="utf-8")
    # A row that would be too long goes on below.
    for number, line in enumerate(text.replace("\\\n", " ").splitlines(), start=1):
        if line.startswith("== "):
            block = line.strip("= ")
            tables[block] = []
        elif block and line.strip() and not line.startswith("#"):
            *what, found = [part.strip() for part in line.split("|")] if "|" in line else [line, ""]
            letters = found.split()
            assert len(letters) == len(PEOPLE), f"{path}: line {number} has {len(letters)} columns"
            tables[block].append(Row(block, " ".join(what), dict(zip(PEOPLE, letters, strict=True)), number))
    return tables


def set_of(who: str, place: str) -> str:
    """Whose things are meant: n(orth), h(idden in the north), s(outh)."""
    if place == HIDDEN:
        return "h"
    is_south = (who in SOUTH) == (place == OWN)
    return "s" if is_south else "n"
