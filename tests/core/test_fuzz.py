"""Thousands of random requests, as every role.

Never a server error, never much memory, never a large answer to a stranger.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import text

from backend.app import create_app
from backend.core import config
from backend.core.db import Database, make_engine
from backend.local.cluster import Cluster
from backend.local.story_server import stage
from backend.specification import openapi
from tests import factories
from tests.factories import PEOPLE, token_for, uid
from tests.fuzzing import HUGE, Fuzz, Sent

MIB = 1024 * 1024
MOST_GROWTH_MIB, MOST_WORKER_MIB, MOST_FOR_STRANGERS = 500, 700, 1_000_000
ROLES = (None, None, "admin", "dispatcher", "supervisor", "agent", "auditor", "rep", "leader", "stranger")
NAMES = {
    "unit": ("group", "north", "south"),
    "crew": ("crew",),
    "matter": ("leak",),
    "questionnaire": ("form",),
    "staff": tuple(PEOPLE),
    "cell": tuple(f"cell {n}" for n in range(4)),
    "customer": tuple(f"customer {n}" for n in range(8)),
    "cell_assignment": tuple(f"duty {n}" for n in range(4)),
    "device": tuple(f"{name}'s phone" for name in PEOPLE),
}


class Judge:
    """Remembers what should not have been answered."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.statuses: Counter[int] = Counter()

    def see(self, sent: Sent, role: str | None, status: int, media_type: str, size: int) -> None:
        """Judge one answer."""
        self.statuses[status] += 1
        is_problem = media_type.startswith("application/problem+json") or sent.method == "HEAD"
        if status >= 500 or (status >= 400 and not is_problem):
            self.wrong.append(f"{status} {media_type} as {role}: {sent}")
        if role is None and size > MOST_FOR_STRANGERS:
            self.wrong.append(f"{size} bytes for a stranger: {sent}")


def memory_mib(process: int | str, what: str) -> float:
    """VmRSS (now) or VmHWM (the most so far) of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def fuzz(seed: int) -> Fuzz:
    found = Fuzz(openapi(), seed)
    for kind, names in NAMES.items():
        found.ids[kind].extend(map(uid, names))
    return found


def learn(fuzz: Fuzz, sent: Sent, status: int, data: bytes) -> None:
    """What was made is asked for later."""
    if status == 201 and data.startswith(b"{") and isinstance(found := json.loads(data).get("id"), str):
        fuzz.learn(sent.path, found)


@pytest.fixture(scope="module")
def house(
    cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory, fonts: Path
) -> Iterator[tuple[Flask, Database, config.Settings]]:
    """A town that may be wrecked."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_requests WITH (FORCE)")
    cluster.ensure_database("copy_requests", town_template)
    home = tmp_path_factory.mktemp("requests")
    made = replace(
        config.read({}),
        home=home,
        objects_url="memory://",
        secret_key="of the tests",
        limits_enabled=False,
        fonts=fonts,
    )
    database = Database(make_engine(cluster.url("copy_requests"), pool_size=5))
    yield create_app(made, database), database, made
    database.engine.dispose()


def tokens(database: Database, settings: config.Settings) -> dict[str | None, dict[str, str]]:
    """Fresh ones: what is tried at random ends some, closes accounts and reports phones lost."""
    with database.transaction() as session:
        session.execute(text("UPDATE device SET revoked_at = NULL"))
        for name, (unit, role, _) in PEOPLE.items():
            values = {"id": uid(name), "unit": uid(unit), "roles": [role]}
            session.execute(
                text(
                    """
                    UPDATE account
                    SET is_active = true, unit_id = :unit, roles = :roles
                    WHERE staff_id = :id
                    """
                ),
                values,
            )
        return {
            name: {"Authorization": f"Bearer {token_for(session, settings, name)}"} if name else {}
            for name in ROLES
        }


def test_five_thousand_requests_break_nothing(house: tuple[Flask, Database, config.Settings]) -> None:
    app, database, settings = house
    lot, judge, client = fuzz(16), Judge(), app.test_client()
    before = memory_mib("self", "VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    # So many as made five thousand when they were first counted: a new operation thins none of the others.
    for number in range(24 * len(lot.operations)):
        if number % 250 == 0:
            headers = tokens(database, settings)
        sent, role = lot.next(), lot.lot.choice(ROLES)
        with client.open(
            sent.path,
            method=sent.method,
            headers={**headers[role], **sent.headers},
            data=sent.body,
            base_url="http://localhost",
        ) as answer:
            judge.see(sent, role, answer.status_code, answer.mimetype, len(answer.data))
            learn(lot, sent, answer.status_code, answer.data)
    assert judge.wrong == [], "\n".join(judge.wrong[:20])
    assert memory_mib("self", "VmHWM") - before < MOST_GROWTH_MIB
    # It also did something: requests that went well, and refusals of every kind.
    assert judge.statuses[200] > 300
    assert judge.statuses[201] > 25
    assert min(judge.statuses[code] for code in (400, 401, 403, 404, 413, 415, 422)) > 3


def test_huge_bodies_at_every_address_cost_little(house: tuple[Flask, Database, config.Settings]) -> None:
    app, database, settings = house
    lot, judge, client = fuzz(1), Judge(), app.test_client()
    headers = tokens(database, settings)
    before = memory_mib("self", "VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    for role in (None, "dispatcher"):
        for number, (method, path, operation, _) in enumerate(lot.operations):
            if "requestBody" not in operation or (
                role is None and not path.startswith(("/api/v1/public", "/api/v1/se"))
            ):
                continue
            for name in ("{unit_id}", "{job_id}", "{staff_id}", "{record_id}", "{upload_id}"):
                path = path.replace(name, uid("north"))
            sent = Sent(
                number, method.upper(), path, {"Content-Type": "application/json"}, HUGE[number % len(HUGE)]
            )
            answer = client.open(
                path, method=sent.method, headers={**headers[role], **sent.headers}, data=sent.body
            )
            judge.see(sent, role, answer.status_code, answer.mimetype, len(answer.data))
    assert judge.wrong == [], "\n".join(judge.wrong[:20])
    assert memory_mib("self", "VmHWM") - before < MOST_GROWTH_MIB


def _send_many(
    url: str, headers: dict[str | None, dict[str, str]], lot: Fuzz, count: int, judge: Judge
) -> None:
    with httpx.Client(base_url=url, timeout=120) as client:
        for _ in range(count):
            sent, role = lot.next(), lot.lot.choice(ROLES)
            given = [
                (k.encode(), v.encode("latin-1", "replace").strip())
                for k, v in {**headers[role], **sent.headers}.items()
            ]
            try:
                with client.stream(sent.method, sent.path, headers=given, content=sent.body) as answer:
                    if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                        continue
                    data = answer.read()
            except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError):
                continue
            except httpx.TransportError:
                # A server may close on a body it does not want, before all of it is sent.
                continue
            is_ours = answer.headers.get("X-Request-Id") is not None
            judge.see(
                sent,
                role,
                answer.status_code,
                answer.headers.get("Content-Type", "") if is_ours else "application/problem+json",
                len(data),
            )
            learn(lot, sent, answer.status_code, data)


def _workers(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").iterdir()
    return sorted(int(one) for task in tasks for one in (task / "children").read_text().split())


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_a_hundred_thousand_requests_to_real_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_LIMITS", "off")

    def prepare(database: Database) -> None:
        with database.transaction() as session:
            factories.build(session)

    judge, threads = Judge(), 4
    with stage(tmp_path / "home", prepare, port=18900) as (url, machine):
        database = Database(machine.engine())
        assert machine.processes
        server, settings = machine.processes.pid("web"), replace(machine.settings, access_minutes=600)
        workers: list[int] = []
        for part in range(40):
            headers = tokens(database, settings)
            running = [
                threading.Thread(
                    target=_send_many, args=(url, headers, fuzz(1000 + part * threads + n), 625, judge)
                )
                for n in range(threads)
            ]
            for one in running:
                one.start()
            for one in running:
                one.join()
            # Both have begun by now; none may die on the way.
            workers = workers or _workers(server)
            most: Any = {worker: memory_mib(worker, "VmHWM") for worker in workers}
            assert max(most.values()) < MOST_WORKER_MIB, most
            assert judge.wrong == [], "\n".join(judge.wrong[:20])
        assert (_workers(server), len(workers)) == (workers, 2)
        database.engine.dispose()
    assert sum(judge.statuses.values()) > 80_000
