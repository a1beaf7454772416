"""Benchmark of imports: a dirty file of customers with meters, checked, written, and once more.

`make bench ARGS="imports --rows 100000 --phones 20"`: so many phones pull over HTTP all the while.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from sqlalchemy import text

from backend.core.db import Database, make_engine
from backend.imports.reading.tables import read_table
from backend.imports.services import runs, settling
from backend.imports.services.working import work_on
from bench.sync_work import Client, seconds, work_stage
from tests.factories import uid
from tests.imports.city import city
from tests.imports.dirty import Dirty, dirty
from tests.imports.filing import ADMIN
from tests.imports.test_dirty_files_imported import settle_city


@dataclass(frozen=True)
class _Pull:
    """All pages of a pull: seconds, lines, and how many others were under way when it began."""

    took_s: float
    lines: int
    beside: int


@dataclass
class _Whole:
    """A file on the whole way, step by step, with the seconds of each."""

    database: Database
    file: Dirty
    run_id: str = ""
    took: dict[str, float] = field(default_factory=dict)

    def go(self) -> None:
        for name, work in (("read", self._read), ("check", self._work), ("write", self._write)):
            self.took[name] = seconds(work)

    def _read(self) -> None:
        table = read_table(self.file.data, self.file.name)
        with self.database.transaction() as session:
            given = uid("north"), "customers", self.file.name, self.file.data, table
            run = runs.begin_run(session, ADMIN, *given)
            self.run_id, columns = str(run.id), run.mapping["columns"]
        with self.database.transaction() as session:
            runs.confirm_mapping(session, ADMIN, self.run_id, columns, self.file.answers, {})

    def _work(self) -> None:
        work_on(self.database, self.run_id)

    def _write(self) -> None:
        with self.database.transaction() as session:
            settling.settle_rows(session, ADMIN, self.run_id, "alone", None)
            runs.apply_run(session, ADMIN, self.run_id)
        self._work()


def main(options: Sequence[str] = ()) -> None:
    """Print seconds of each step, and what the phones waited for beside it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phones", type=int, default=20)
    given = parser.parse_args(list(options))
    console, where = Console(), city(lng=121.0, lat=36.4)
    file = dirty(given.seed, given.rows, where=where)
    with work_stage("bench-imports", 19340) as (url, database_url):
        database = Database(make_engine(database_url))
        with database.transaction() as session:
            settle_city(session, where)
        with _phones(url, given.phones) as pulls:
            for what in ("first", "second"):
                whole, before = _Whole(database, file), _written(database)
                whole.go()
                with database.transaction() as session:
                    run = runs.read_run(session, ADMIN, whole.run_id)
                told = " · ".join(f"{name} {took:.1f} s" for name, took in whole.took.items())
                total = sum(whole.took.values())
                console.print(f"{what}: {run.rows:,} rows in {total:.1f} s ({told}) {run.state} {run.counts}")
                console.print(f"{what}: {_written(database) - before:,} rows of history")
        for line in _told(pulls, given.phones):
            console.print(line)
        database.engine.dispose()


def _told(pulls: Sequence[_Pull], phones: int) -> Iterator[str]:
    """What phones waited for, and how it goes with how many lines came: a pull of many is long by itself."""
    if not pulls:
        return
    took = [one.took_s for one in pulls]
    yield (
        f"{len(pulls)} pulls of {phones} phones beside it: median {statistics.median(took):.2f} s, "
        f"longest {max(took):.2f} s"
    )
    for name, least, most in (
        ("nothing", 0, 0),
        ("1 to 500", 1, 500),
        ("501 to 5,000", 501, 5_000),
        ("more", 5_001, 10**9),
    ):
        some = [one for one in pulls if least <= one.lines <= most]
        if some:
            took = sorted(one.took_s for one in some)
            lines = sum(one.lines for one in some)
            yield (
                f"  {name} lines: {len(some)} pulls, median {statistics.median(took):.2f} s, ninth of ten "
                f"{took[len(took) * 9 // 10]:.2f} s, longest {took[-1]:.2f} s, {lines:,} lines in all"
            )
    worst = max(pulls, key=lambda one: one.took_s)
    yield f"  the longest: {worst.lines:,} lines, {worst.beside} others under way when it began"


def _written(database: Database) -> int:
    """How many records were ever written, but for the trail of what administrators did."""
    asked = "SELECT count(*) FROM sync_history WHERE kind <> 'administrative_act'"
    with database.snapshot() as session:
        return int(session.execute(text(asked)).scalar_one())


@contextmanager
def _phones(url: str, count: int) -> Iterator[list[_Pull]]:
    """So many phones of the representative that pull again and again; gives each pull."""
    pulls: list[_Pull] = []
    under_way: set[int] = set()
    stop = threading.Event()

    def keep_pulling(pull: Callable[[], int]) -> None:
        me = threading.get_ident()
        while not stop.is_set():
            beside, began = len(under_way), time.perf_counter()
            under_way.add(me)
            lines = pull()
            under_way.discard(me)
            pulls.append(_Pull(time.perf_counter() - began, lines, beside))
            stop.wait(5)

    threads = [threading.Thread(target=keep_pulling, args=(Client(url).pull,)) for _ in range(count)]
    for one in threads:
        one.start()
    try:
        yield pulls
    finally:
        stop.set()
        for one in threads:
            one.join()
