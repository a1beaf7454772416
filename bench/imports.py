"""Benchmark of imports: customers with meters out of one file, checked, written, and once more.

`make bench ARGS="imports --rows 100000 --profile"`. Beside it, with `--phones 20`, as many phones pull.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import threading
import time
from collections.abc import Callable, Sequence

from rich.console import Console

from backend.core.actor import Actor, Role
from backend.core.db import Database
from backend.imports.reading.tables import read_table
from backend.imports.services import runs
from backend.imports.services.working import work_on
from bench.place import fresh_database, seconds
from sync.cursor import Cursor
from tests import factories
from tests.factories import SIDE, SOUTH, WEST, Town, entrance_of, uid

ADMIN = Actor(uid("admin"), uid("group"), frozenset({Role.ADMIN}))
HEAD = "户号,户名,用户类型,联系电话,用水地址,表号,口径,用水性质,经度,纬度"


def file_of(rows: int, seed: int = 1) -> bytes:
    """A CSV of so many customers, each with a meter, over the town's three cells of the north."""
    drawn = random.Random(seed)
    lines = [HEAD]
    for n in range(rows):
        lng, lat = WEST + drawn.random() * 3 * SIDE, SOUTH + drawn.random() * SIDE
        name = (
            drawn.choice("王李张刘陈杨黄赵吴周")
            + drawn.choice("伟芳娜敏静丽强磊军洋")
            + drawn.choice("华平玲红霞飞")
        )
        lines.append(
            f"A{n:08d},{name},居民,139{n:08d},泊岸路{n % 900 + 1}号{n // 900 + 1}户,B{n:08d},DN20,居民生活,"
            f"{lng:.6f},{lat:.6f}"
        )
    return "\n".join(lines).encode()


def main(options: Sequence[str] = ()) -> None:
    """Print seconds and rows a second of each step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--phones", type=int, default=0)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args(list(options))
    console, data = Console(), file_of(given.rows)
    with fresh_database("bench_imports") as database:
        with database.transaction() as session:
            factories.build(session)
        with _phones(database, given.phones) as pulls:
            for what in ("first", "second"):
                _whole(
                    console, database, data, given.rows, what, is_profiled=given.profile and what == "first"
                )
        if pulls:
            console.print(f"{len(pulls)} pulls beside it, the slowest {max(pulls):.2f} s")


def _whole(
    console: Console, database: Database, data: bytes, rows: int, what: str, *, is_profiled: bool
) -> None:
    profile = cProfile.Profile()
    began, run_id = time.perf_counter(), ""

    def step(name: str, work: Callable[[], object]) -> None:
        took = seconds(work)
        console.print(f"{what:>7} · {name:<6} {took:7.1f} s  {rows / took:8.0f} rows/s")

    def read() -> None:
        nonlocal run_id
        table = read_table(data, "ledger.csv")
        with database.transaction() as session:
            run = runs.begin_run(session, ADMIN, uid("north"), "customers", "ledger.csv", data, table)
            run_id, columns = str(run.id), run.mapping["columns"]
        with database.transaction() as session:
            runs.confirm_mapping(session, ADMIN, run_id, columns, {"datum": "wgs84"}, {})

    def apply() -> None:
        with database.transaction() as session:
            runs.apply_run(session, ADMIN, run_id)
        if is_profiled:
            profile.enable()
        work_on(database, run_id)
        profile.disable()

    def check() -> None:
        work_on(database, run_id)

    for name, work in (("read", read), ("check", check), ("apply", apply)):
        step(name, work)
    with database.transaction() as session:
        run = runs.read_run(session, ADMIN, run_id)
        console.print(f"{what:>7} · whole  {time.perf_counter() - began:7.1f} s  {run.state} {run.counts}")
    if is_profiled:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


class _phones:  # noqa: N801 - used as a statement
    """So many phones of the town's representative that pull all the while; gives the seconds of each pull."""

    def __init__(self, database: Database, count: int) -> None:
        self._database, self._stop, self.pulls = database, threading.Event(), list[float]()
        self._threads = [threading.Thread(target=self._go, daemon=True) for _ in range(count)]

    def __enter__(self) -> list[float]:
        for one in self._threads:
            one.start()
        return self.pulls

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    def _go(self) -> None:
        raise NotImplementedError


_ = (Cursor, Town, entrance_of)
