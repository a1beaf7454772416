"""Standard and generated instances by the very code that plans the days.

Beside it two of PyVRP's searches and VROOM.

`make bench ARGS="vrptw --sizes 200 400 --classes R1 --seconds 30 --seeds 1 2 3"`. `VRPTW` names the folder
with `solomon/`, `homberger/` and `BKS_dimacs.json`, which are not ours to ship; without it generated
instances alone are solved.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.cold import cold_plans
from geo.routing.day import plan_day
from geo.routing.problem import Plan, RoutingProblem, Shift, Task
from geo.routing.solvers import vroom_plan
from geo.routing.watch import ProcessorWatch, Watch
from tests.instances import CLASSES, faults, generated


@dataclass
class Case:
    """An instance, the best length known, and the lengths everybody found, by seed (VROOM has none)."""

    name: str
    kind: str
    problem: RoutingProblem
    known: float | None
    lengths: dict[str, list[float]] = field(default_factory=dict)

    def add(self, who: str, plan: Plan) -> None:
        """A plan's length; an instance that is not served whole is as good as none."""
        broken = list(faults(self.problem, plan))
        if broken:
            print(f"{self.name} {who}: {len(broken)} faults, {broken[:3]}")
        self.lengths.setdefault(who, []).append(np.inf if broken else _length(self.problem, plan))

    def gaps(self, who: str) -> np.ndarray:
        """Per cent above the best known, or above the best of this run."""
        best = self.known or min(min(found) for found in self.lengths.values())
        return 100 * (np.array(self.lengths[who]) / best - 1)


def _length(problem: RoutingProblem, plan: Plan) -> float:
    total = 0
    for crew, route in zip(problem.shifts, plan.routes, strict=True):
        stops = [crew.start, *(problem.tasks[n].place for n in route), crew.end if route else crew.start]
        total += sum(int(problem.travel_s[a, b]) for a, b in itertools.pairwise(stops))
    return total / 10


def instance(path: Path) -> RoutingProblem:
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
    return RoutingProblem(tasks, shifts, travel)


def main(arguments: Sequence[str] = ()) -> None:
    """Print the gaps of each instance and seed, then the medians per instance and per size and class."""
    asked = _asked(arguments)
    cases: list[Case] = []
    for case in [*_public(asked), *_made(asked)]:
        cases.append(case)
        _solve(case, asked)
        print(_line(case), flush=True)
    _table(cases)


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vrptw")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 400, 1000])
    parser.add_argument("--classes", nargs="+", default=list(CLASSES))
    parser.add_argument("--only", choices=["public", "generated"], help="the others are left out")
    parser.add_argument("--files", default="*", help="public instances of such a name alone")
    parser.add_argument(
        "--windowed", type=float, default=1.0, help="the share of generated customers with a window"
    )
    parser.add_argument(
        "--vroom", type=int, default=-1, help="VROOM's level; it takes minutes for 1,000 customers"
    )
    parser.add_argument(
        "--processor",
        action="store_true",
        help="seconds of processor time of each search, for a busy machine",
    )
    return parser.parse_args(list(arguments))


def _public(asked: argparse.Namespace) -> Iterator[Case]:
    folder = os.environ.get("VRPTW")
    if folder is None or asked.only == "generated":
        return
    best = json.loads((Path(folder) / "BKS_dimacs.json").read_text())
    for path in sorted(Path(folder).glob(f"[sh]*/{asked.files}.txt")):
        known = best.get(path.stem) or best.get(path.stem.upper()) or best.get(path.stem.lower())
        kind = path.stem.upper().rstrip("0123456789_")
        problem = instance(path)
        # Solomon's names say the class by their first digit (R101), the others' by all before the
        # size (r1_2_1).
        kind += path.stem[len(kind)]
        if kind in asked.classes and len(problem.tasks) in asked.sizes:
            yield Case(path.stem, kind, problem, known)


def _made(asked: argparse.Namespace) -> Iterator[Case]:
    if asked.only == "public":
        return
    for size in asked.sizes:
        for kind in asked.classes:
            yield Case(f"made {kind} {size}", kind, generated(kind, size, 1, windowed=asked.windowed), None)


def _solve(case: Case, asked: argparse.Namespace) -> None:
    """Ours with each seed, and two cold searches with seeds of their own.

    One after the other, each on both cores.
    """
    clock = ProcessorWatch if asked.processor else Watch
    for seed in asked.seeds:
        began = time.monotonic()
        case.add("ours", plan_day(case.problem, asked.seconds, seed=seed, clock=clock))
        took = time.monotonic() - began
        cold = [2 * seed, 2 * seed + 1]
        plans = cold_plans(case.problem, asked.seconds, cold, is_processor=asked.processor)
        for who, plan in zip(("first", "second"), plans, strict=True):
            case.add(who, plan)
        case.lengths["pyvrp"] = np.minimum(case.lengths["first"], case.lengths["second"]).tolist()
        print(
            (
                f"  {case.name} seed {seed}: ours {case.lengths['ours'][-1]:.1f} in {took:.1f} s, "
                f"PyVRP {case.lengths['first'][-1]:.1f} and {case.lengths['second'][-1]:.1f}"
            ),
            flush=True,
        )
    if asked.vroom >= 0:
        case.add("vroom", vroom_plan(case.problem, level=asked.vroom))


def _line(case: Case) -> str:
    vroom = f", VROOM {case.gaps('vroom')[0]:.2f} %" if "vroom" in case.lengths else ""
    ours, theirs = case.gaps("ours"), case.gaps("pyvrp")
    seeds = ", ".join(f"{a:.2f}/{b:.2f}" for a, b in zip(ours, theirs, strict=True))
    word = "" if np.median(ours) <= np.median(theirs) else " BEHIND"
    return (
        f"{case.name:12}: median gap ours {np.median(ours):.2f} %, PyVRP's better "
        f"{np.median(theirs):.2f} %{vroom}{word} ({seeds})"
    )


def _table(cases: Sequence[Case]) -> None:
    """Medians over all instances and seeds of a size and class, and the mean of medians of a size."""
    sizes = sorted({len(case.problem.tasks) for case in cases})
    for size in sizes:
        of_size = [case for case in cases if len(case.problem.tasks) == size]
        for kind in CLASSES:
            mine = [case for case in of_size if case.kind == kind]
            if mine:
                ours, theirs = (
                    np.median(np.concatenate([c.gaps(w) for c in mine])) for w in ("ours", "pyvrp")
                )
                print(
                    f"{size:5} {kind:4}: ours {ours:.2f} %, PyVRP {theirs:.2f} %"
                    f"{'' if ours <= theirs else ' BEHIND'}"
                )
        ours, theirs = (np.mean([c.gaps(w) for c in of_size]) for w in ("ours", "pyvrp"))
        print(f"{size:5} mean: ours {ours:.3f} %, PyVRP {theirs:.3f} %")


if __name__ == "__main__":
    main(sys.argv[1:])
