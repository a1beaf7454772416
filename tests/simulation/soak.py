"""`make soak`: world after world on all cores, until the seeds or the minutes are used up.

Failures are told shortened.

Each seed makes four worlds: an ordinary one, one in which cells are cut up and change hands all the time, one
in which people have two phones with held work between them, and one of careless people.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.simulation import careless
from tests.simulation.promises import failure, story
from tests.simulation.world import WORLDS, Step

BLOCK = 50
# A world that broke a promise: its seed, and its steps, or what went wrong in a careless one.
Broken = tuple[int, list[Step] | str]


def block(begin: int) -> list[Broken]:
    """The worlds of a block's seeds that broke a promise."""
    seeds = range(begin, begin + BLOCK)
    worlds = [(seed, steps) for seed in seeds for steps in (make(seed) for make in WORLDS)]
    careless_ones = [(seed, found) for seed in seeds if (found := careless.failure(seed))]
    return [*((seed, steps) for seed, steps in worlds if failure(seed, steps)), *careless_ones]


def main() -> int:
    """Run; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--from", type=int, default=int(time.time()) * 1000, dest="begin")
    options = parser.parse_args()
    ends, done, broken = time.monotonic() + options.minutes * 60, 0, list[Broken]()
    blocks = iter(range(options.begin, options.begin + options.seeds, BLOCK))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProcessPoolExecutor() as pool, Progress(*columns) as progress:
        task = progress.add_task("seeds", total=options.seeds)
        running = {
            pool.submit(block, begin)
            for _, begin in zip(range(2 * (os.cpu_count() or 1)), blocks, strict=False)
        }
        while running:
            finished = next(as_completed(running))
            running.discard(finished)
            broken += finished.result()
            done += BLOCK
            progress.update(task, completed=done, description=f"seeds, {len(broken)} worlds broken")
            begin = next(blocks, None)
            if begin is not None and time.monotonic() < ends:
                running.add(pool.submit(block, begin))
    for seed, steps in broken[:5]:
        print(f"careless seed {seed}: {steps}" if isinstance(steps, str) else story(seed, steps))
    seeds = sorted({seed for seed, _ in broken})
    print(
        f"{(len(WORLDS) + 1) * done} worlds from seed {options.begin}, "
        f"{len(broken)} broken{f': {seeds}' if seeds else ''}"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
