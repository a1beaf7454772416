"""Benchmark of limits: 1,000 clocks read and explained, 100,000 read; nothing is kept between two of them.

Clocks are made up by seed as in the tests: every unit, over holidays, with pauses, phases, extensions, rounds
and moved clocks. What is timed begins with limit, calendar, hours and events in memory.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from backend.commands.limits import known_days
from backend.limits.clock.explaining import explain
from backend.limits.reading.clock_cases import Asked, asked_in
from backend.limits.reading.fields import Fields
from tests.limits.made_up_cases import Maker

CLOCKS, MANY, RUNS = 1_000, 100_000, 7


def said(name: str, value: float, unit: str, target: str = "") -> None:
    print(f"{name:62} {value:12.1f} {unit:9} {target}", flush=True)


def main() -> None:
    """All of it, each figure by the wall clock and by the processor."""
    maker, known = Maker(seed=1), known_days()
    asked = [asked_in(Fields(maker.case()), known) for _ in range(CLOCKS)]
    lines = sum(len(explain(one.reading())) for one in asked)
    said(f"{CLOCKS:,} clocks, lines of their explanations", lines, "lines")
    wall, processor = timed(asked, lambda one: explain(one.reading()), RUNS)
    said(f"{CLOCKS:,} read and explained, wall, median of {RUNS}", wall * 1000, "ms", "<= 600")
    said("the same, processor", processor * 1000, "ms")
    wall, processor = timed(asked * (MANY // CLOCKS), Asked.reading, 1)
    said(f"{MANY:,} read, wall", wall, "s", "<= 60")
    said("the same, processor", processor, "s")


def timed(asked: Sequence[Asked], done: Callable[[Asked], Any], runs: int) -> tuple[float, float]:
    """Median seconds of a run over all of them, by the wall clock and by the processor."""
    walls, processors = [], []
    for _ in range(runs):
        wall, processor = time.perf_counter(), time.process_time()
        for one in asked:
            done(one)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return statistics.median(walls), statistics.median(processors)
