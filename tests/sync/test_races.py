"""Claims about concurrency, proven with a real database and threads.

P1, P4's smaller sister, and P6 under two pushes.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.kinds.registry import KINDS_BY_RANK
from backend.core.services import record_writer
from sync.cursor import Cursor
from sync.errors import DatabaseRefused
from sync.postgres.pull import PostgresPull
from sync.pull import pull
from tests.factories import Town, hand_in, mutation


class Reader:
    """Pulls one scope again and again, keeping the latest version of each record, as a phone does."""

    def __init__(self, database: Database, scope: str) -> None:
        self._database, self._scope = database, scope
        self.cursor = Cursor(1)
        self.versions: dict[tuple[str, str], int] = {}

    def pull(self, limit: int = 7) -> bool:
        """One page; whether there is more."""
        with self._database.reading() as connection:
            page = pull(PostgresPull(connection, KINDS_BY_RANK), self.cursor, [self._scope], limit)
        self.cursor = page.cursor
        for line in page.lines:
            self.versions[line.key] = max(line.version, self.versions.get(line.key, 0))
        return page.more


def killer(database: Database, stop: threading.Event, how: Callable[[int], None], every_s: float) -> int:
    """Ends a random session of this database again and again; returns how many."""
    dice, kills = random.Random(7), 0
    name = database.engine.url.database
    admin = make_engine(
        database.engine.url.set(database="postgres").render_as_string(hide_password=False), poolclass=NullPool
    )
    while not stop.wait(every_s):
        # One may have ended by itself since it was seen.
        with suppress(DBAPIError, ProcessLookupError), admin.connect() as connection:
            sql = text(
                "SELECT pid FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend'"
            )
            pids = connection.execute(sql, {"name": name}).scalars().all()
            if pids:
                how(dice.choice(pids))
                kills += 1
    return kills


def recovered(database: Database) -> None:
    """Until PostgreSQL takes sessions again."""
    database.engine.dispose()
    for _ in range(120):
        try:
            with database.engine.connect():
                return
        except DBAPIError:
            time.sleep(0.5)


def terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def sigkill(pid: int) -> None:
    """PostgreSQL takes every session down and recovers, as after a loss of power."""
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("how", "every_s", "rows"),
    [
        pytest.param(terminate, 0.2, 25, id="sessions ended"),
        pytest.param(sigkill, 0.7, 60, id="a backend killed"),
        pytest.param(
            sigkill, 2.0, 800, id="killed for minutes", marks=[pytest.mark.long, pytest.mark.timeout(900)]
        ),
    ],
)
def test_no_row_is_ever_missed(
    database: Database, town: Town, how: Callable[[int], None], every_s: float, rows: int
) -> None:
    """P1: 8 writers that commit out of order, and 4 pullers that never stop.

    Some write slowly, some not at all; sessions are killed.
    """
    scope, stop = f"cell:{town['cell 0']}", threading.Event()
    readers = [Reader(database, scope) for _ in range(4)]
    north, runner = system(town["north"]), {"name": "跑", "category": "resident", "cell_id": town["cell 0"]}

    def write(seed: int) -> None:
        dice, done = random.Random(seed), 0
        while done < rows:
            with suppress(ZeroDivisionError, DBAPIError, DatabaseRefused):
                with database.transaction() as session:
                    values = runner | {"number": f"R{seed}-{done}-{dice.random()}"}
                    made = record_writer.create(session, north, "customer", values)
                    time.sleep(dice.choice([0, 0.002, 0.03]))
                    record_writer.change(session, north, "customer", made.id, {"note": str(done)})
                    if dice.random() < 0.2:
                        raise ZeroDivisionError
                done += 1

    def read(reader: Reader) -> None:
        while not stop.is_set():
            with suppress(DBAPIError):
                reader.pull()

    with ThreadPoolExecutor(13) as pool:
        killing = pool.submit(killer, database, stop, how, every_s)
        reading = [pool.submit(read, reader) for reader in readers]
        for writing in [pool.submit(write, seed) for seed in range(8)]:
            writing.result()
        stop.set()
        for one in reading:
            one.result()
        assert killing.result() > 0
    recovered(database)
    with database.engine.connect() as connection:
        found = connection.execute(
            text("SELECT kind, id::text, version FROM sync_entry WHERE scope = :s AND NOT removed"),
            {"s": scope},
        )
        truth = {(row[0], row[1]): row[2] for row in found}
    assert len(truth) >= 8 * rows
    for reader in readers:
        while reader.pull():
            pass
        assert reader.versions == truth


def test_a_slow_writer_is_seen_when_it_commits(database: Database, town: Town) -> None:
    """A transaction older than others commits last: a sequence or timestamp cursor would lose its row."""
    reader = Reader(database, f"cell:{town['cell 0']}")
    while reader.pull(100):
        pass
    north = system(town["north"])
    with database.transaction() as slow:
        record_writer.change(slow, north, "customer", town["customer 0"], {"note": "slow"})
        with database.transaction() as quick:
            record_writer.change(quick, north, "customer", town["customer 4"], {"note": "quick"})
        reader.pull(100)
        assert reader.versions["customer", town["customer 4"]] == 2
        assert reader.versions["customer", town["customer 0"]] == 1
    reader.pull(100)
    assert reader.versions["customer", town["customer 0"]] == 2


def test_an_idle_reader_gets_its_own_cursor_back(database: Database, town: Town) -> None:
    reader = Reader(database, f"cell:{town['cell 0']}")
    while reader.pull(100):
        pass
    before = reader.cursor
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 2"], {"note": "elsewhere"}
        )
    reader.pull(100)
    assert reader.cursor is before


def push(database: Database, town: Town, batch: list[Any]) -> list[dict[str, Any]]:
    return database.attempt(lambda session: hand_in(session, town.actor("rep"), batch))


def test_the_same_push_twice_at_once_writes_once(database: Database, town: Town) -> None:
    batch = [mutation("customer", town[f"customer {n}"], "change", {"note": f"n{n}"}) for n in (0, 1, 4, 5)]
    barrier = threading.Barrier(4)

    def go() -> list[str]:
        barrier.wait()
        return [one["status"] for one in push(database, town, batch)]

    with ThreadPoolExecutor(4) as pool:
        answers = [one.result() for one in [pool.submit(go) for _ in range(4)]]
    assert answers == [["applied"] * 4] * 4
    with database.engine.connect() as connection:
        assert (
            connection.execute(
                text("SELECT count(*) FROM sync_history WHERE mutation_id IS NOT NULL")
            ).scalar()
            == 4
        )
        assert connection.execute(
            text("SELECT array_agg(DISTINCT version) FROM customer WHERE note LIKE 'n%'")
        ).scalar() == [2]


def test_pushes_in_opposite_order_both_end(database: Database, town: Town) -> None:
    """Locks are taken in key order within a round; a deadlock between rounds begins the batch anew."""
    ids = [town[f"customer {n}"] for n in (0, 1, 4, 5)]

    def go(turn: int) -> set[str]:
        order = ids if turn % 2 else ids[::-1]
        return {
            one["status"]
            for one in push(
                database,
                town,
                [mutation("customer", i, "change", {"note": f"{turn}"}, base_version=turn) for i in order],
            )
        }

    with ThreadPoolExecutor(6) as pool:
        endings = [one.result() for one in [pool.submit(go, turn) for turn in range(12)]]
    assert set().union(*endings) <= {"applied", "merged"}


@pytest.mark.parametrize("office", [{"note": "office"}, {"phone": "13800000000"}])
def test_an_office_edit_and_a_push_at_once_are_both_kept(
    database: Database, town: Town, office: dict[str, str]
) -> None:
    barrier = threading.Barrier(2)

    def edit() -> None:
        barrier.wait()
        with database.transaction() as session:
            record_writer.change(session, town.actor("dispatcher"), "customer", town["customer 0"], office)

    def hand_in() -> str:
        barrier.wait()
        return str(
            push(
                database,
                town,
                [mutation("customer", town["customer 0"], "change", {"contact_name": "phone"})],
            )[0]["status"]
        )

    with ThreadPoolExecutor(2) as pool:
        edited: Callable[[], Any] = pool.submit(edit).result
        pushed = pool.submit(hand_in)
        edited()
        assert pushed.result() == "applied"
    with database.transaction() as session:
        values = record_writer.read(session, "customer", town["customer 0"]).values
    assert values["contact_name"] == "phone"
    assert {name: values[name] for name in office} == office


def test_commits_wait_for_the_disk(database: Database) -> None:
    """A cursor is never ahead of the disk only if writers wait for it."""
    with database.engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
