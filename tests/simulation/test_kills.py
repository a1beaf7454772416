"""P4 and P3: the server is killed in the middle of pushes, again and again.

What was acknowledged is there, once.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.db import make_engine
from backend.local.cluster import Cluster
from mobile_api_spec.phone import Link, Offline, Phone, Refused
from tests.conftest import own_port
from tests.factories import PASSWORD, Town
from tests.staging import staged

Trouble = Callable[[int, threading.Event, threading.Event, list[int]], None]


def children(pid: int) -> list[int]:
    """The worker processes under a gunicorn master."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found.append(int(entry.name))
    return found


def killer(master: int, served: threading.Event, stop: threading.Event, kills: list[int]) -> None:
    """SIGKILL a web worker a moment after it has acknowledged something; the master starts another.

    Killing by the clock finds workers that are only starting, and nobody is hit in the middle of anything.
    """
    while not stop.is_set():
        if served.wait(0.1):
            served.clear()
            time.sleep(random.uniform(0, 0.08))
            for child in sorted(children(master))[:1]:
                # One that has just ended by itself is no kill, and no end of killing.
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                    kills.append(child)


def restarter(master: int, served: threading.Event, stop: threading.Event, restarts: list[int]) -> None:
    """Rolling restarts: gunicorn brings new workers up and lets the old ones finish."""
    while not stop.wait(3.0):
        if served.is_set():
            served.clear()
            os.kill(master, signal.SIGHUP)
            restarts.append(master)


def work(phone: Phone, town: Town, served: threading.Event, kills: list[int], wanted: int) -> int:
    """Visits and notes, handed in whenever the server lives, until it was killed often enough.

    Returns the rounds.
    """
    n = 0
    while len(kills) < wanted:
        visit = phone.create(
            "visit",
            {
                "customer_id": town["customer 0"],
                "cell_id": town["cell 0"],
                "representative_id": town["rep"],
                "method": "phone",
            },
        )
        phone.act("visit", visit, "complete", {"summary": f"第 {n} 次"})
        phone.change("customer", town["customer 0"], {"note": f"n{n}"})
        if attempt(phone):
            served.set()
        n += 1
    return n


def attempt(phone: Phone) -> bool:
    try:
        phone.push()
    except (Offline, Refused):
        time.sleep(0.1)
        return False
    return True


@pytest.mark.parametrize(
    ("trouble", "wanted"),
    [
        pytest.param(killer, 8, id="killed"),
        pytest.param(restarter, 2, id="restarted", marks=pytest.mark.long),
        pytest.param(
            killer, 60, id="killed for minutes", marks=[pytest.mark.long, pytest.mark.timeout(1200)]
        ),
    ],
)
def test_what_was_acknowledged_is_there_and_nothing_twice(
    tmp_path: Path, town: Town, cluster: Cluster, town_template: str, trouble: Trouble, wanted: int
) -> None:
    with staged(cluster, town_template, tmp_path / "kills", own_port(19500)) as (url, machine):
        phone = Phone(tmp_path, Link(url))
        phone.sign_in("T005", PASSWORD)
        phone.pull()
        assert machine.processes is not None
        served, stop, kills = threading.Event(), threading.Event(), list[int]()
        thread = threading.Thread(target=trouble, args=(machine.processes.pid("web"), served, stop, kills))
        thread.start()
        rounds = work(phone, town, served, kills, wanted)
        stop.set()
        thread.join()
        deadline = time.monotonic() + 120
        while phone.store.waiting(1) and time.monotonic() < deadline:
            attempt(phone)
        journal = phone.store.journal()
        phone.close()
        engine = make_engine(machine.settings.database_url)
        with engine.connect() as connection:
            history = connection.execute(
                text("""
                    SELECT mutation_id::text, count(*)
                    FROM sync_history
                    WHERE mutation_id IS NOT NULL
                    GROUP BY 1
                """)
            ).all()
            stored = (
                connection.execute(text("SELECT id::text FROM sync_mutation WHERE outcome IS NOT NULL"))
                .scalars()
                .all()
            )
        engine.dispose()
    assert len(kills) >= wanted
    assert len(journal) == 3 * rounds
    assert {outcome and outcome["status"] for _, outcome in journal} <= {"applied", "merged"}
    assert {mutation["id"] for mutation, _ in journal} == {row[0] for row in history} == set(stored)
    assert {row[1] for row in history} == {1}
