"""Benchmark of push, pull and retry of 10,000 work orders over real HTTP.

Beside raw PostgreSQL and the rivals in the same run.

Batches of 100, pages of 1,000, one client, rights and merge and history and
exactly-once on, the worker off. The work is that of the rivals' script where `PEERS`
names it (and `PEERS_DIR` where it was set up), else of the same size.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import orjson
import psycopg

from backend.core import config
from backend.core.db import Database
from backend.core.services.record_writer import new_id
from backend.local.story_server import stage
from tests import factories
from tests.factories import PASSWORD, uid

N, BATCH, PAGE, CHANGED, POLLS, RUNS = 10_000, 100, 1_000, 100, 60, 3
Figures = dict[str, float]


def main() -> None:
    """Print each figure of ours, of raw PostgreSQL and of the rivals, and the ratios."""
    peers = os.environ.get("PEERS")
    with work_stage("bench-stage", 19300) as (url, database_url):
        rounds = [(_raw(database_url), _ours(url, database_url)) for _ in range(RUNS)]
        if peers and os.environ.get("PEERS_DIR"):
            command = [
                sys.executable,
                peers,
                "run",
                os.environ["PEERS_DIR"],
                *os.environ.get("PEERS_ONLY", "pouch").split(),
            ]
            subprocess.run([*command, "--pg", database_url], check=False)
    raw = {name: statistics.median(one[0][name] for one in rounds) for name in rounds[0][0]}
    ours = {name: statistics.median(one[1][name] for one in rounds) for name in rounds[0][1]}
    for name, value in ours.items():
        beside = (
            f"; raw PostgreSQL {raw[name]:,.2f}, ratio {_ratio(name, raw[name], value):.2f}"
            if name in raw
            else ""
        )
        print(f"{name}: {value:,.2f}{beside}")


def _ratio(name: str, raw: float, ours: float) -> float:
    """How many times slower than raw."""
    return ours / raw if name.endswith("ms") else raw / ours


@contextmanager
def work_stage(name: str, port: int) -> Iterator[tuple[str, str]]:
    """A durable server without its worker, with the small town in it: its address and its database's."""
    os.environ["WANGGE_QUOTA_MUTATIONS"] = str(10**9)
    os.environ["WANGGE_QUOTA_BYTES"] = str(10**12)

    def build(database: Database) -> None:
        with database.transaction() as session:
            factories.build(session)

    with stage(config.read().home / name, build, port=port, durable=True, worker=False) as (url, machine):
        yield url, machine.settings.database_url


def records() -> list[dict[str, Any]]:
    """The rivals' work where their script is at hand, else dictionaries of the same shape and size."""
    path = os.environ.get("PEERS")
    if path:
        spec = importlib.util.spec_from_file_location("peers", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return list(module.records())
    dice = random.Random(1)
    return [
        {
            "cell_id": f"cell-{dice.randrange(400):03d}",
            "number": f"WO-2026-{n:06d}",
            "priority": dice.randrange(1, 6),
            "address": {"street": f"Street {dice.randrange(900)}", "house": str(n), "city": "Hydroville"},
            "geom": {
                "type": "Point",
                "coordinates": [round(120 + dice.random(), 6), round(36 + dice.random(), 6)],
            },
            "assignee": f"user{dice.randrange(300)}@utility.example",
            "meter": {"serial": f"M{n:08d}", "reading": n},
            "note": "".join(dice.choice("abcdefghij klmnop") for _ in range(60)),
        }
        for n in range(N)
    ]


def mutations() -> list[dict[str, Any]]:
    """The records as creations of work orders in the representative's cells.

    28 in every 400th of the work.
    """
    return [
        factories.mutation(
            "work_order",
            new_id(),
            "create",
            {
                "matter_id": uid("leak"),
                "cell_id": uid(f"cell {n % 2}"),
                "number": row["number"],
                "urgency": "normal",
                "address": f"{row['address']['city']} {row['address']['street']} {row['address']['house']}",
                "place": row["geom"],
                "description": (
                    f"{row['note']} {row['meter']['serial']} {row['meter']['reading']} {row['priority']}"
                ),
                "reporter": {"name": row["assignee"], "phone": "053288888888"},
                "customer_id": uid(f"customer {n % 2}"),
                "appointment_from": "2026-09-01T08:30:00Z",
                "appointment_until": "2026-09-01T10:30:00Z",
            },
            base_version=0,
        )
        for n, row in enumerate(records())
    ]


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def analyze(database_url: str) -> None:
    """What autovacuum does within a minute; raw gets it too."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _ours(url: str, database_url: str) -> Figures:
    writer, reader, rows = Client(url), Client(url), mutations()
    before = reader.pull()
    figures = {"push creates /s": N / seconds(lambda: writer.push(rows))}
    analyze(database_url)
    # The raw pull is timed at its second run too: the first one marks rows as committed.
    for _ in range(2):
        reader.store, reader.cursor = new_id(), None
        took = seconds(reader.pull)
    figures["full pull /s"] = (N + before) / took
    changed = [change_of(row, n) for n, row in enumerate(random.Random(2).sample(rows, N // 2))]
    figures["push changes /s"] = len(changed) / seconds(lambda: writer.push(changed))
    reader.pull()
    hundreds = []
    for turn in range(10):
        writer.push([change_of(row, turn) for row in random.Random(turn).sample(rows, CHANGED)])
        hundreds.append(seconds(reader.pull) * 1000)
    figures["100 changes ms"] = statistics.median(hundreds)
    figures["nothing new ms"] = statistics.median(seconds(reader.pull) * 1000 for _ in range(POLLS))
    figures["retry /s"] = N / seconds(lambda: writer.push(rows))
    figures["pulled because of the retry"] = reader.pull()
    return figures


def change_of(row: dict[str, Any], n: int) -> dict[str, Any]:
    """A change of a work order: two fields."""
    return factories.mutation(
        "work_order", row["record"], "change", {"diagnosis": f"changed {n}", "pressure_kpa": n % 5000}
    )


class Page(msgspec.Struct):
    """What a client must read of a page to go on; the records stay text, as they do in the raw pull."""

    cursor: str
    more: bool
    lines: list[msgspec.Raw]


_PAGE = msgspec.json.Decoder(Page)


class Client:
    """A representative's phone with one open connection."""

    def __init__(self, url: str, login: str = "T005", token: str = "") -> None:
        self._url, self.store, self.cursor, self.last = url, new_id(), None, 0
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self.reconnect()
        self.token = token or self._sign_in(login)
        self._headers["Authorization"] = f"Bearer {self.token}"

    def reconnect(self) -> None:
        """Open a connection."""
        parts = urlsplit(self._url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)

    def _sign_in(self, login: str) -> str:
        body = {"login": login, "password": PASSWORD, "device": {"id": new_id(), "name": "bench"}}
        return str(orjson.loads(self._post("/sessions", orjson.dumps(body)))["access_token"])

    def _post(self, path: str, body: bytes) -> bytes:
        self._http.request("POST", f"/api/v1{path}", body, self._headers)
        reply = self._http.getresponse()
        data = reply.read()
        assert reply.status < 300, data[:500]
        return data

    def push(self, rows: list[dict[str, Any]]) -> None:
        """In batches; everything must be applied."""
        for n in range(0, len(rows), BATCH):
            body = {
                "store": self.store,
                "sent_at": datetime.now(UTC).isoformat(),
                "mutations": rows[n : n + BATCH],
            }
            answer = orjson.loads(self._post("/sync/push", orjson.dumps(body)))
            assert {one["status"] for one in answer["outcomes"]} <= {"applied", "merged"}, answer["outcomes"][
                0
            ]

    def pull(self) -> int:
        """All pages; how many lines came."""
        count, more = 0, True
        while more:
            body = {"store": self.store, "cursor": self.cursor, "limit": PAGE}
            page = _PAGE.decode(self._post("/sync/pull", orjson.dumps(body)))
            self.cursor, more = page.cursor, page.more
            count += len(page.lines)
        self.last = count
        return count


def _raw(url: str) -> Figures:
    """The limit: the same rows through psycopg, with no HTTP, no rights, no merge."""
    rows = [(new_id(), row["cell_id"], json.dumps(row)) for row in records()]
    with psycopg.connect(url) as connection:
        run = connection.execute
        run("DROP TABLE IF EXISTS raw_work")
        run("""
            CREATE TABLE raw_work (
                id uuid PRIMARY KEY, cell text NOT NULL, seq bigserial, data text NOT NULL
            )
        """)
        run("CREATE INDEX ON raw_work (cell, seq)")
        run("CREATE INDEX ON raw_work (seq)")
        connection.commit()

        def push(some: list[tuple[str, str, str]]) -> None:
            for n in range(0, len(some), BATCH):
                batch = some[n : n + BATCH]
                values = ",".join(["(%s, %s, %s)"] * len(batch))
                run(
                    f"""
                        INSERT INTO raw_work (id, cell, data)
                        VALUES {values}
                        ON CONFLICT (id) DO UPDATE SET data = excluded.data,
                            seq = nextval('raw_work_seq_seq')
                    """,  # noqa: S608 - only placeholders; values are bound
                    [value for row in batch for value in row],
                )
                connection.commit()

        def pull(after: int) -> int:
            sql = "SELECT data, seq FROM raw_work WHERE seq > %s ORDER BY seq LIMIT %s"
            while found := run(sql, (after, PAGE)).fetchall():
                after = found[-1][1]
                ("[" + ",".join(text for text, _ in found) + "]").encode()
            return after

        figures = {"push creates /s": N / seconds(lambda: push(rows))}
        run("ANALYZE raw_work")
        connection.commit()
        last = pull(0)
        figures["full pull /s"] = N / seconds(lambda: pull(0))
        figures["push changes /s"] = N / 2 / seconds(lambda: push(random.Random(2).sample(rows, N // 2)))
        last = pull(last)
        push(random.Random(3).sample(rows, CHANGED))
        figures["100 changes ms"] = seconds(lambda: pull(last)) * 1000
        last = pull(last)
        polls = [seconds(lambda: pull(last)) * 1000 for _ in range(POLLS)]
        return figures | {"nothing new ms": statistics.median(polls)}
