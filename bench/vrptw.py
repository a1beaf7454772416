"""The standard instances by the very code that dispatches, against the best known; and PyVRP cold, VROOM alone.

`VRPTW` names the folder with `solomon/`, `homberger/` and `BKS_dimacs.json`; `SECONDS="5 30"` how long each may take.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.cold import cold_plan
from geo.routing.day import plan_day
from geo.routing.problem import Plan, Problem, Shift, Task
from geo.routing.solvers import vroom_plan
from geo.routing.timing import score

SECONDS = tuple(map(float, os.environ.get("SECONDS", "5 30").split()))


def instance(path: Path) -> Problem:
    """A Solomon file under the DIMACS convention: everything times ten, truncated."""
    rows = [
        list(map(float, line.split()))
        for line in path.read_text().split("CUSTOMER")[1].splitlines()[2:]
        if line.strip()
    ]
    fleet, capacity = map(int, path.read_text().split("CAPACITY")[1].split()[:2])
    table = np.array(rows)
    gaps = np.linalg.norm(table[:, None, 1:3] - table[None, :, 1:3], axis=2)
    travel = np.floor(10 * gaps).astype(np.int64)
    window = (int(10 * table[0, 4]), int(10 * table[0, 5]))
    shifts = [Shift(str(n), 0, window, end=0, capacity=capacity) for n in range(fleet)]
    tasks = [
        Task(str(int(r[0])), n, int(10 * r[6]), window_s=(int(10 * r[4]), int(10 * r[5])), load=int(r[3]))
        for n, r in enumerate(rows)
        if n
    ]
    return Problem(tasks, shifts, travel)


def main() -> None:
    """Print the gap to the best known of each instance and solver, and the means."""
    if "VRPTW" not in os.environ:
        print("the standard instances are not ours to ship: set VRPTW to their folder")
        return
    folder = Path(os.environ["VRPTW"])
    best = json.loads((folder / "BKS_dimacs.json").read_text())
    gaps: dict[tuple[str, str], list[float]] = {}
    for path in sorted([*folder.glob("solomon/*.txt"), *folder.glob("homberger/*.txt")]):
        problem, known = instance(path), _known(best, path)
        if known is None:
            continue
        for name, solve in _solvers(problem):
            began = time.monotonic()
            found = score(problem, solve())
            took = time.monotonic() - began
            gap = 100 * (found.travel_s / 10 / known - 1)
            word = "" if found.is_feasible and not found.unserved else f" NOT SERVED {len(found.unserved)}"
            print(
                f"{path.stem:9} {name:14} {found.travel_s / 10:9.1f} best {known:9.1f} gap {gap:6.2f} % in {took:5.1f} s{word}",
                flush=True,
            )
            gaps.setdefault((f"{len(problem.tasks)} customers", name), []).append(gap)
    for (size, name), values in sorted(gaps.items()):
        print(f"mean {size} {name}: {np.mean(values):.2f} % over {len(values)}")


def _known(best: dict[str, float], path: Path) -> float | None:
    return best.get(path.stem) or best.get(path.stem.upper()) or best.get(path.stem.lower())


def _solvers(problem: Problem) -> Iterator[tuple[str, Callable[[], Plan]]]:
    yield "vroom", lambda: vroom_plan(problem, level=5)
    yield "vroom quick", lambda: vroom_plan(problem)
    for seconds in SECONDS:
        yield f"pyvrp cold {seconds}", lambda seconds=seconds: cold_plan(problem, seconds)
        yield f"ours {seconds}", lambda seconds=seconds: plan_day(problem, seconds, today=None)


if __name__ == "__main__":
    main()
