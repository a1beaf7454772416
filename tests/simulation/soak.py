"""`make soak`: world after world on all cores, until the seeds or the minutes are used up; failures are told shortened."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.simulation.promises import failure, story
from tests.simulation.world import plan

BLOCK = 50


def block(begin: int) -> list[int]:
    """The seeds of a block that broke a promise."""
    return [seed for seed in range(begin, begin + BLOCK) if failure(seed, plan(seed))]


def main() -> int:
    """Run; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--from", type=int, default=int(time.time()) * 1000, dest="begin")
    options = parser.parse_args()
    ends, done, broken = time.monotonic() + options.minutes * 60, 0, list[int]()
    blocks = iter(range(options.begin, options.begin + options.seeds, BLOCK))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProcessPoolExecutor() as pool, Progress(*columns) as progress:
        task = progress.add_task("worlds", total=options.seeds)
        running = {
            pool.submit(block, begin) for begin, _ in zip(blocks, range(2 * (os.cpu_count() or 1)), strict=False)
        }
        while running:
            finished = next(as_completed(running))
            running.discard(finished)
            broken += finished.result()
            done += BLOCK
            progress.update(task, completed=done, description=f"worlds, {len(broken)} broken")
            begin = next(blocks, None)
            if begin is not None and time.monotonic() < ends:
                running.add(pool.submit(block, begin))
    for seed in broken[:5]:
        print(story(seed, plan(seed)))
    print(f"{done} worlds from seed {options.begin}, {len(broken)} broken{': ' + str(broken) if broken else ''}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
