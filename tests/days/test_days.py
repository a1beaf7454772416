"""Three emergencies on each of many days.

The nearest free able crew goes, few others move, nothing is lost.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from sqlalchemy.orm import Session

from backend.core.db import Database, make_engine
from backend.local.cluster import Cluster
from tests.days.generator import make_day
from tests.days.played import Figures, play, write_base

SEEDS, LONG = range(20), range(20, 520)
Play = Callable[[int], Figures]


@pytest.fixture(scope="module")
def played(cluster: Cluster, empty_template: str) -> Iterator[Play]:
    """`played(seed)` plays a day once, in a session that is undone: all days share one database."""
    cluster.ensure_database("copy_days", empty_template)
    database = Database(make_engine(cluster.url("copy_days")))
    with database.transaction() as session:
        write_base(session)

    @cache
    def one(seed: int) -> Figures:
        with Session(database.engine, expire_on_commit=False) as session:
            return play(session, make_day(seed))

    yield one
    database.engine.dispose()


@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.long) for seed in LONG)])
def test_every_emergency_is_sent_as_promised(seed: int, played: Play) -> None:
    faults = played(seed).faults
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "seeds", [SEEDS, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(0)])], ids=["20", "500"]
)
def test_few_other_jobs_change_crew(seeds: range, played: Play) -> None:
    """The distributions are shown with `-s`."""
    days = [played(seed) for seed in seeds]
    for name in ("moved", "left_over", "later"):
        counts = Counter(count for day in days for count in getattr(day, name))
        sys.stdout.write(
            f"\nothers {name}: " + ", ".join(f"{n}: {times}" for n, times in sorted(counts.items()))
        )
    sys.stdout.write(f"\nrefused: {sum(day.refused for day in days)} of {3 * len(days)}\n")
    moved = [count for day in days for count in day.moved]
    assert len(moved) > 2 * len(days), "most emergencies are sent"
    assert statistics.median(moved) <= 1
