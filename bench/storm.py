"""Benchmark of the morning storm: ten minutes' worth of 300 phones' pulls and pushes at full speed.

Then a soak.
"""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from backend.core.db import Database, make_engine
from backend.core.kinds.account import Account, Device
from backend.core.services.record_writer import new_id
from backend.people.services import sessions
from bench.sync_work import Client, analyze, change_of, mutations, work_stage
from tests.factories import uid

PHONES, POLLS, PUSHES, BATCH, THREADS = 300, 20, 5, 10, 16
SOAK_MINUTES = float(os.environ.get("SOAK_MINUTES", "0"))


@dataclass
class Tally:
    """How long each kind of request took, in milliseconds, and what went wrong."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, began: float) -> None:
        """One request."""
        with self.lock:
            self.ms.setdefault(name, []).append((time.perf_counter() - began) * 1000)


def main() -> None:
    """Print p50, p95 and p99 of each kind of request, errors, requests a second, and the server's memory."""
    # An hour is longer than a token lives, and signing in is not what is looked at.
    os.environ["WANGGE_ACCESS_MINUTES"] = "600"
    with work_stage("bench-stage", 19300) as (url, database_url):
        bound = url.removeprefix("http://").encode()
        rows = mutations()[:2_000]
        first = Client(url)
        first.push(rows)
        analyze(database_url)
        phones = [Client(url, token=token) for token in _tokens(database_url)]
        before, tally, began = _memory_mb(bound), Tally(), time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            for n, phone in enumerate(phones):
                pool.submit(_morning, phone, rows, n, tally)
        took = time.perf_counter() - began
        requests = sum(map(len, tally.ms.values()))
        print(
            f"{PHONES} phones, {requests} requests in {took:.1f} s: {requests / took:.0f}/s, "
            f"{len(tally.errors)} errors {tally.errors[:3]}"
        )
        for name, values in tally.ms.items():
            cuts = statistics.quantiles(values, n=100)
            print(
                f"{name}: p50 {cuts[49]:.1f} ms · p95 {cuts[94]:.1f} ms · p99 {cuts[98]:.1f} "
                f"ms ({len(values)})"
            )
        print(f"memory of the web processes: {before:.0f} MB before, {_memory_mb(bound):.0f} MB after")
        _soak(phones, rows, bound)


def _tokens(database_url: str) -> list[str]:
    """A token of the representative for each of many phones, without the cost of 300 password checks."""
    from backend.core import config

    database, found = Database(make_engine(database_url)), []
    with database.transaction() as session:
        account = session.get(Account, UUID(uid("rep")))
        assert account is not None
        for n in range(PHONES):
            device = Device(id=UUID(new_id()), name=f"phone {n}", unit_id=UUID(uid("north")))
            session.add(device)
            found.append(
                sessions.issue(session, config.read(), account, device, UUID(new_id()), None).access_token
            )
    database.engine.dispose()
    return found


def _morning(phone: Client, rows: list[dict[str, object]], seed: int, tally: Tally) -> None:
    dice = random.Random(seed)
    steps = ["pull"] * POLLS + ["push"] * PUSHES
    dice.shuffle(steps)
    for step in ["first pull", *steps]:
        began = time.perf_counter()
        try:
            if step == "push":
                phone.push([change_of(row, seed) for row in dice.sample(rows, BATCH)])
            else:
                phone.pull()
        except Exception as error:  # noqa: BLE001 - an error is a figure here
            tally.errors.append(f"{type(error).__name__}: {error}"[:200])
            phone.reconnect()
            continue
        tally.add(step, began)


def _soak(phones: list[Client], rows: list[dict[str, object]], bound: bytes) -> None:
    """The same without end, watching the memory."""
    ends, turn, errors = time.monotonic() + SOAK_MINUTES * 60, 0, 0
    while time.monotonic() < ends:
        tally = Tally()
        with ThreadPoolExecutor(THREADS) as pool:
            for n, phone in enumerate(phones[:40]):
                pool.submit(_morning, phone, rows, 1000 * turn + n, tally)
        turn, errors = turn + 1, errors + len(tally.errors)
        if turn % 10 == 0:
            print(f"soak round {turn}: {_memory_mb(bound):.0f} MB, {errors} errors", flush=True)


def _memory_mb(bound: bytes) -> float:
    """Resident memory of the gunicorn processes that listen on this address."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and bound in (folder / "cmdline").read_bytes():
                pages = int((folder / "statm").read_text().split()[1])
                total += pages * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            continue
    return total / 1e6
