"""Benchmark of what a pull costs when the territory grows.

10 thousand, 1 million and 5 million entries in 2,000 scopes, an idle writer open.
"""

from __future__ import annotations

import os
import random
import statistics
from typing import Any

import psycopg
from rich.console import Console

from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from bench.sync_work import CHANGED, Client, change_of, mutations, seconds, work_stage
from tests.factories import square, uid

SIZES = tuple(int(size) for size in os.environ.get("GROWTH", "10000,1000000,5000000").split(","))
SCOPES, RUNS, IN_CELL = 2_000, 15, 28
Figures = dict[str, float]


def main() -> None:
    """Print the medians at each size, and the ratio of the largest to the smallest."""
    console, found = Console(), dict[int, Figures]()
    with work_stage("bench-stage", 19300) as (url, database_url):
        ours, rows = Client(url), mutations()[:3_000]
        ours.pull()
        ours.push(rows)
        ours.pull()
        there = 0
        for size in SIZES:
            with console.status(f"filling up to {size:,} entries"):
                _fill(database_url, there, size)
                # What autovacuum does soon after; at work beside the figures it would be part of them.
                with psycopg.connect(database_url, autocommit=True) as connection:
                    connection.execute("VACUUM (ANALYZE)")
                    connection.execute("CHECKPOINT")
            there = size
            ours.reconnect()
            found[size] = _measure(ours, rows, database_url)
            print(
                f"{size:>10,} entries: "
                + " · ".join(f"{name} {ms:.2f} ms" for name, ms in found[size].items())
            )
    for name in found[SIZES[0]]:
        print(
            f"{name}: {found[SIZES[-1]][name] / found[SIZES[0]][name]:.2f} times from "
            f"{SIZES[0]:,} to {SIZES[-1]:,}"
        )


def _fill(database_url: str, there: int, size: int) -> None:
    """Entries and documents of other people's customers, in slices so that no transaction is endless."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for begin in range(there, size, 250_000):
            end = min(begin + 250_000, size)
            connection.execute(
                """
                    INSERT INTO sync_document (
                        kind, id, unit_id, version, body, body_sha256, heads, deleted, scopes
                    )
                    SELECT 'customer', md5('g' || n)::uuid, %(unit)s, 1,
                        '{"kind":"customer","name":"' || md5(n::text) || '"}', ''::bytea, '{}', false,
                        ARRAY['cell:' || md5('s' || n %% %(scopes)s)::uuid]
                    FROM generate_series(%(begin)s::int, %(end)s::int - 1) n
                """,
                {"unit": uid("south"), "scopes": SCOPES, "begin": begin, "end": end},
            )
            connection.execute(
                """
                    INSERT INTO sync_entry (scope, kind, id, unit_id, xid, version, removed)
                    SELECT 'cell:' || md5('s' || n %% %(scopes)s)::uuid, 'customer',
                        md5('g' || n)::uuid, %(unit)s, pg_current_xact_id(), 1, false
                    FROM generate_series(%(begin)s::int, %(end)s::int - 1) n
                """,
                {"unit": uid("south"), "scopes": SCOPES, "begin": begin, "end": end},
            )


def _measure(ours: Client, rows: list[dict[str, Any]], database_url: str) -> Figures:
    hundreds, nothing, cells = [], [], []
    with psycopg.connect(database_url) as idle:
        idle.execute("SELECT pg_current_xact_id()")
        for turn in range(RUNS):
            ours.push([change_of(row, turn) for row in random.Random(turn).sample(rows, CHANGED)])
            hundreds.append(seconds(ours.pull) * 1000)
            nothing += [seconds(ours.pull) * 1000 for _ in range(4)]
        for turn in range(RUNS):
            _enter_a_cell(database_url, f"{random.random()} {turn}")
            cells.append(seconds(ours.pull) * 1000)
            assert ours.last >= IN_CELL
    medians = {"100 changes": hundreds, "nothing new": nothing, f"entering a cell of {IN_CELL}": cells}
    return {name: statistics.median(values) for name, values in medians.items()}


def _enter_a_cell(database_url: str, name: str) -> None:
    """A cell with its customers, and the bench's representative on it."""
    database = Database(make_engine(database_url))
    north = system(uid("north"))
    with database.transaction() as session:
        cell = record_writer.create(
            session,
            north,
            "cell",
            {"name": name[:20], "code": name, "outline": square(2), "valid_from": "2026-01-01"},
        ).id
        customer = {"category": "resident", "cell_id": cell}
        many = [
            (record_writer.new_id(), customer | {"number": f"{name}{n}", "name": "王"})
            for n in range(IN_CELL)
        ]
        record_writer.create_many(session, north, "customer", many, quiet=True)
    with database.transaction() as session:
        duty = {
            "cell_id": cell,
            "staff_id": uid("rep"),
            "duty": "representative",
            "valid_from": today().isoformat(),
        }
        record_writer.create(session, north, "cell_assignment", duty)
    database.engine.dispose()
