"""Push and pull of 10,000 work orders of about 600 bytes over real HTTP, beside raw PostgreSQL in the same run.

Batches of 100, pages of 1,000, one client, rights and merge and history and exactly-once on.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg

from backend import config
from backend.db import Database
from backend.local.stage import stage
from backend.services.door import new_id
from bench.place import median_ms, seconds
from tests import factories
from tests.factories import PASSWORD, uid

N, BATCH, PAGE, CHANGED = 10_000, 100, 1_000, 100


def main() -> None:
    """Print records per second, milliseconds, and the ratio to raw PostgreSQL."""

    def build(database: Database) -> None:
        with database.transaction() as session:
            factories.build(session)

    with stage(config.read().home / "bench-stage", build, port=19300, durable=True) as (url, machine):
        ours = _Client(url)
        rows = _mutations()
        raw = _raw(machine.settings.database_url, [row["now"] for row in rows])
        push = N / seconds(lambda: ours.push(rows))
        print(f"push creates: {push:,.0f}/s; raw PostgreSQL {raw[0]:,.0f}/s; ratio 1/{raw[0] / push:.1f}")
        pull = N / seconds(ours.pull)
        print(f"full pull: {pull:,.0f}/s; raw PostgreSQL {raw[1]:,.0f}/s; ratio 1/{raw[1] / pull:.1f}")
        changes = [_change(row, n) for n, row in enumerate(random.Random(2).sample(rows, CHANGED))]
        print(f"push changes: {CHANGED / seconds(lambda: ours.push(changes)):,.0f}/s")
        print(f"pull of {CHANGED} changes: {seconds(ours.pull) * 1000:.1f} ms")
        print(f"nothing new: {median_ms(ours.pull, 30):.2f} ms median")
        print(f"retry of {N}: {N / seconds(lambda: ours.push(rows)):,.0f}/s, then pulled again: {ours.pull()}")


def _mutations() -> list[dict[str, Any]]:
    """Creations of work orders in the representative's cells."""
    dice = random.Random(1)
    words = "漏水水表阀门水压停水报装路面井盖"
    return [
        factories.mutation(
            "work_order", new_id(), "create",
            {"matter_id": uid("leak"), "cell_id": uid(f"cell {n % 2}"), "description": "".join(dice.choice(words) for _ in range(80)),
             "address": f"香港中路{dice.randrange(900)}号", "urgency": "normal", "place": {"type": "Point", "coordinates": [round(120.30 + dice.random() / 50, 6), 36.06]},
             "customer_id": uid(f"customer {n % 2}")},
            base_version=0,
        )
        for n in range(N)
    ]  # fmt: skip


def _change(row: dict[str, Any], n: int) -> dict[str, Any]:
    return factories.mutation("work_order", row["record"], "change", {"description": f"changed {n}"})


class _Client:
    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1", timeout=600, trust_env=False, headers={"Accept-Encoding": "identity"}
        )
        body = {"login": "T005", "password": PASSWORD, "device": {"id": new_id(), "name": "bench"}}
        self._http.headers["Authorization"] = f"Bearer {self._http.post('/sessions', json=body).json()['access_token']}"
        self._store, self._cursor = new_id(), None
        self.pull()

    def push(self, rows: list[dict[str, Any]]) -> None:
        for n in range(0, len(rows), BATCH):
            body = {"store": self._store, "sent_at": datetime.now(UTC).isoformat(), "mutations": rows[n : n + BATCH]}
            answer = self._http.post(
                "/sync/push", content=json.dumps(body), headers={"Content-Type": "application/json"}
            ).json()
            assert {one["status"] for one in answer["outcomes"]} <= {"applied", "merged"}, answer["outcomes"][0]

    def pull(self) -> int:
        count, more = 0, True
        while more:
            page = self._http.post(
                "/sync/pull", json={"store": self._store, "cursor": self._cursor, "limit": PAGE}
            ).json()
            self._cursor, more = page["cursor"], page["more"]
            count += len(page["lines"])
        return count


def _raw(url: str, bodies: list[dict[str, Any]]) -> tuple[float, float]:
    """PostgreSQL alone, no HTTP, no merge: rows of JSON in batches of 100, and reading them back."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE raw (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text)")
        connection.commit()
        texts = [json.dumps(body) for body in bodies]

        def write() -> None:
            for n in range(0, N, BATCH):
                cursor.execute("INSERT INTO raw (body) SELECT unnest(%s::text[])", (texts[n : n + BATCH],))
                connection.commit()

        written = N / seconds(write)
        return written, N / seconds(lambda: cursor.execute("SELECT id, body FROM raw").fetchall())
