"""Makes a fresh durable database for a benchmark: figures without fsync would be worth nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backend import migrations
from backend.core import config
from backend.core.db import Database, make_engine
from backend.local.cluster import private_cluster


@contextmanager
def fresh_database(name: str) -> Iterator[Database]:
    """A migrated, empty database in a cluster that flushes to disk."""
    cluster = private_cluster(config.read().home, name="bench-cluster")
    cluster.psql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    cluster.ensure_database(name)
    database = Database(make_engine(cluster.url(name)))
    migrations.upgrade(database.engine)
    try:
        yield database
    finally:
        database.engine.dispose()
        cluster.psql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cluster.stop()


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median of several runs, in milliseconds."""
    return sorted(seconds(work) for _ in range(times))[times // 2] * 1000
