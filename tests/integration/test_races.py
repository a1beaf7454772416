"""Claims about concurrency, proven with a real database and threads: P1, P4's smaller sister, P6 under two pushes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from backend.actor import system
from backend.db import Database
from backend.records.registry import KINDS_BY_RANK
from backend.services import door
from sync.cursor import Cursor
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


def test_no_row_is_ever_missed(database: Database, town: Town) -> None:
    """P1: writers that commit out of order, some slowly, some not at all; pullers that never stop."""
    scope, stop = f"cell:{town['cell 0']}", threading.Event()
    readers = [Reader(database, scope) for _ in range(2)]

    def write(seed: int) -> None:
        dice = random.Random(seed)
        for n in range(12):
            try:
                with database.transaction() as session:
                    values = {"number": f"R{seed}-{n}", "name": "跑", "category": "resident", "cell_id": town["cell 0"]}
                    made = door.create(session, system(town["north"]), "customer", values)
                    time.sleep(dice.choice([0, 0.002, 0.03]))
                    door.change(session, system(town["north"]), "customer", made.id, {"note": str(n)})
                    if dice.random() < 0.2:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue

    def read(reader: Reader) -> None:
        while not stop.is_set():
            reader.pull()

    with ThreadPoolExecutor(8) as pool:
        reading = [pool.submit(read, reader) for reader in readers]
        for writing in [pool.submit(write, seed) for seed in range(5)]:
            writing.result()
        stop.set()
        for one in reading:
            one.result()
    with database.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT kind, id::text, version FROM sync_entry WHERE scope = :s AND NOT removed"), {"s": scope}
        )
        truth = {(row[0], row[1]): row[2] for row in rows}
    assert len(truth) > 40
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
        door.change(slow, north, "customer", town["customer 0"], {"note": "slow"})
        with database.transaction() as quick:
            door.change(quick, north, "customer", town["customer 4"], {"note": "quick"})
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
        door.change(session, system(town["north"]), "customer", town["customer 2"], {"note": "elsewhere"})
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
        assert connection.execute(text("SELECT count(*) FROM sync_history WHERE mutation_id IS NOT NULL")).scalar() == 4
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
            door.change(session, town.actor("dispatcher"), "customer", town["customer 0"], office)

    def hand_in() -> str:
        barrier.wait()
        return str(
            push(database, town, [mutation("customer", town["customer 0"], "change", {"contact_name": "phone"})])[0][
                "status"
            ]
        )

    with ThreadPoolExecutor(2) as pool:
        edited: Callable[[], Any] = pool.submit(edit).result
        pushed = pool.submit(hand_in)
        edited()
        assert pushed.result() == "applied"
    with database.transaction() as session:
        values = door.read(session, "customer", town["customer 0"]).values
    assert values["contact_name"] == "phone"
    assert {name: values[name] for name in office} == office


def test_commits_wait_for_the_disk(database: Database) -> None:
    """A cursor is never ahead of the disk only if writers wait for it."""
    with database.engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
