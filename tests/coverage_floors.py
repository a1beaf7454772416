"""What tests reach of each capability, lines and branches, against the floors of `coverage_floors.toml`.

`make coverage` measures and judges; `python -m tests.coverage_floors sync geo` judges these two alone, by
what was measured last; `--raise` lifts the floors to that.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[1]
FLOORS = Path(__file__).with_suffix(".toml")
OTHERS = "others"

# Capability -> least percentages, by what is counted.
Floors = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Counts:
    """How many lines and branches there are, and how many were reached."""

    lines: int = 0
    lines_reached: int = 0
    branches: int = 0
    branches_reached: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.lines + other.lines,
            self.lines_reached + other.lines_reached,
            self.branches + other.branches,
            self.branches_reached + other.branches_reached,
        )

    def percent(self) -> dict[str, float]:
        """Of lines and of branches; what has none is reached whole."""
        return {
            "lines": 100 * self.lines_reached / self.lines if self.lines else 100,
            "branches": 100 * self.branches_reached / self.branches if self.branches else 100,
        }


def capability_of(path: str) -> str:
    """`backend/people/rules.py` is of people, `sync/pull.py` of sync, `backend/app.py` of none."""
    first, *rest = Path(path).parts
    if first != "backend":
        return first
    return rest[0] if len(rest) > 1 else OTHERS


def by_capability(files: Mapping[str, Counts]) -> dict[str, Counts]:
    """The files' counts, added up."""
    found: dict[str, Counts] = {}
    for path, counts in files.items():
        name = capability_of(path)
        found[name] = found.get(name, Counts()) + counts
    return dict(sorted(found.items()))


def below(found: Mapping[str, Counts], floors: Floors) -> list[str]:
    """A sentence for everything that is under its floor, and for a floor under nothing."""
    gone = [
        f"{name}: has a floor, and nothing of it was measured" for name in floors.keys() - found - {OTHERS}
    ]
    short = [
        f"{name}: {percent:.1f} % of {what} reached, {least} % wanted"
        for name, counts in found.items()
        for what, percent in counts.percent().items()
        if percent < (least := floor_of(name, floors)[what])
    ]
    return sorted(gone) + short


def floor_of(name: str, floors: Floors) -> dict[str, int]:
    """A capability's own floor, else that of the others."""
    return floors.get(name, floors[OTHERS])


def raised(found: Mapping[str, Counts], floors: Floors) -> Floors:
    """Floors at what was measured, in whole per cent; none falls."""
    higher = {
        name: {what: max(int(percent), floors.get(name, {}).get(what, 0)) for what, percent in now.items()}
        for name, now in ((name, counts.percent()) for name, counts in found.items())
    }
    return floors | {name: one for name, one in higher.items() if name != OTHERS}


def table(found: Mapping[str, Counts], floors: Floors) -> str:
    """A row for each capability."""
    rows = ["capability      lines  floor  branches  floor"]
    for name, counts in found.items():
        percent, least = counts.percent(), floor_of(name, floors)
        rows.append(
            f"{name:<13} {percent['lines']:>6.1f} {least['lines']:>6}"
            f" {percent['branches']:>9.1f} {least['branches']:>6}"
        )
    return "\n".join(rows)


def measured() -> dict[str, Counts]:
    """File -> counts, of what was measured last: by this process, its workers and what they started."""
    kept = Coverage(config_file=str(ROOT / "pyproject.toml"))
    kept.combine(keep=True) if list((ROOT / ".wangge/coverage").glob("data.*")) else kept.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        kept.json_report(outfile=report.name)
        files = json.load(report)["files"]
    return {
        str(Path(path).resolve().relative_to(ROOT)): Counts(
            one["summary"]["num_statements"],
            one["summary"]["covered_lines"],
            one["summary"]["num_branches"],
            one["summary"]["covered_branches"],
        )
        for path, one in files.items()
    }


def text_of(floors: Floors) -> str:
    """The floors as their file has them, its opening comment kept."""
    opening = [line for line in FLOORS.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    blocks = [
        "\n".join([f"[{name}]", *(f"{what} = {least}" for what, least in one.items())]) + "\n"
        for name, one in floors.items()
    ]
    return "\n".join([*opening, *blocks])


def main(arguments: Iterable[str]) -> int:
    """Judge what was measured; 1 where something is below its floor."""
    only = {one for one in arguments if not one.startswith("--")}
    floors: Floors = tomllib.loads(FLOORS.read_text(encoding="utf-8"))
    found = {name: one for name, one in by_capability(measured()).items() if not only or name in only}
    if only:
        floors = {name: one for name, one in floors.items() if name in only | {OTHERS}}
    sys.stdout.write(table(found, floors) + "\n")
    if "--raise" in arguments:
        FLOORS.write_text(text_of(raised(found, tomllib.loads(FLOORS.read_text()))), encoding="utf-8")
    faults = below(found, floors)
    sys.stdout.write("".join(f"{one}\n" for one in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
