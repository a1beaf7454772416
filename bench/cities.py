"""Benchmark of dividing generated cities (`tests/cities`) that nothing was tuned to.

Divided, and divided again after a fifth grew, beside METIS alone and balanced k-means on the same units, each
counted by the tests' own scorer; seconds are the processor's.

`CITIES=1,2,3` and `CELLS=50` take fewer of the twenty and of both sizes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from bench.territory import kmeans
from geo.divide import balanced, loads_of, moved_share, redivided
from geo.graph import Graph
from geo.locate import nearest
from geo.units import Units, joined, units_of
from tests.cities import CITIES, City, city
from tests.cities.rivals import metis_cuts
from tests.cities.score import Score, score

Row = dict[str, float]


def main() -> None:
    """A line for each city and size, and what is worst of all."""
    numbers = [int(one) for one in os.environ.get("CITIES", "").split(",") if one] or list(CITIES)
    for cells in [int(one) for one in os.environ.get("CELLS", "50,200").split(",")]:
        print(
            f"\nk={cells}, seed 1 | max/mean ours, METIS, k-means (torn) | heaviest unit | inner "
            "roundness median, least:"
            " ours, METIS | seconds ours, METIS | a fifth grows by half: max/mean, of the way "
            "back, moved, seconds"
        )  # fmt: skip
        rows = [_line(number, city(number, cells), cells) for number in numbers]
        worst = {
            name: (max, min)[name in ("round", "least", "back")](row[name] for row in rows)
            for name in rows[0]
        }
        behind = sum(row["ours"] > max(row["target"], row["METIS"]) + 1e-9 for row in rows)
        print(f"worst of {len(rows)}: " + ", ".join(f"{name} {value:.3f}" for name, value in worst.items()))
        print(f"behind both the target and METIS alone in {behind} of {len(rows)}", flush=True)


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def _line(number: int, ground: City, cells: int) -> Row:
    territory = shapely.set_precision(ground.territory, 1e-7)
    took, found = _seconds(lambda: balanced(ground.territory, ground.places, ground.workload, cells))
    ours = score(territory, found.cells, ground.places, ground.workload)
    units = units_of(territory, ground.places, ground.workload, cells)
    graph = Graph(units)
    rival_took, cuts = _seconds(lambda: metis_cuts(graph.weights, graph.pairs, graph.pair_borders, cells))
    rival = _scored(units, min(cuts, key=lambda parts: _imbalance(units, parts, cells)), cells, ground)
    means = kmeans(units, cells)
    row = {
        "ours": ours.imbalance,
        "target": 1.02 if cells <= 50 else 1.05,
        "METIS": rival.imbalance,
        "unit": float(units.weights.max() / units.weights.sum() * cells),
        "round": float(np.median(ours.inner)),
        "least": float(ours.inner.min()),
        "seconds": took,
    } | _again(ground, found.cells, cells)
    print(
        (
            f"{number:2d}: {row['ours']:.3f}, {row['METIS']:.3f}, "
            f"{_imbalance(units, means, cells):.3f} "
            f"({len(graph.disconnected(means))}) | {row['unit']:.3f} | {row['round']:.2f}, "
            f"{row['least']:.2f}; "
            f"{np.median(rival.inner):.2f}, {rival.inner.min():.2f} | {took:.1f}, {rival_took:.1f} "
            f"| {row['before']:.3f} to "
            f"{row['after']:.3f}, {row['back']:.0%}, {row['moved']:.1%}, "
            f"{row['again seconds']:.1f}"
            f"{'' if ours.is_exact and not ours.torn else f' TORN {ours.torn} OR NOT EXACT'}"
        ),
        flush=True,
    )
    return row


def _again(ground: City, today: list[Any], cells: int) -> Row:
    """A fifth of the cells, neighbours, grow by half; and what dividing again makes of it."""
    grown = (
        np.where(np.isin(nearest(today, ground.places), np.arange(cells // 5)), 1.5, 1.0) * ground.workload
    )
    loads = loads_of(today, ground.places, grown)
    before = float(loads.max() / loads.mean())
    took, again = _seconds(lambda: redivided(ground.territory, today, ground.places, grown))
    moved = moved_share(today, again.cells, ground.places, grown)
    back = (before - again.imbalance) / (before - 1)
    return {"before": before, "after": again.imbalance, "back": back, "moved": moved, "again seconds": took}


def _imbalance(units: Units, parts: NDArray[np.int64], cells: int) -> float:
    loads = np.bincount(parts, weights=units.weights, minlength=cells)
    return float(loads.max() / loads.mean())


def _scored(units: Units, parts: NDArray[np.int64], cells: int, ground: City) -> Score:
    shapes = [shape for shape in joined(units, parts, cells) if not shape.is_empty]
    return score(shapely.union_all(units.shapes), shapes, ground.places, ground.workload)


if __name__ == "__main__":
    main()
