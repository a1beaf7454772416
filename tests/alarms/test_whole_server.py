"""Processes of a real server are killed or stopped: within two minutes each is seen in all four places."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from backend.alarms.services.table import ALARMS
from backend.core.db import Database
from backend.local.machine import Machine
from backend.local.story_server import stage
from tests import factories
from tests.alarms.causes import run
from tests.alarms.scraped import parsed
from tests.conftest import OWN_HOME, own_port
from tests.factories import uid

TWO_MINUTES = 120.0
THRESHOLDS = "INSERT INTO alarm_threshold (code, threshold) VALUES (:code, :threshold)"


class Gateway(BaseHTTPRequestHandler):
    got: list[str] = []

    def do_POST(self) -> None:
        self.got.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))["zh"])
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    Gateway.got = []
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("WANGGE_NOTIFY_CHANNEL", "webhook")
    monkeypatch.setenv("WANGGE_NOTIFY_URL", f"http://127.0.0.1:{server.server_port}/sms")
    monkeypatch.setenv("WANGGE_NOTIFY_SECRET", "between us")
    monkeypatch.setenv("WANGGE_ALARM_LOOK_S", "3")
    yield
    server.shutdown()
    server.server_close()


def build(database: Database) -> None:
    with database.transaction() as session:
        factories.build(session)


def within(is_so: Callable[[], object], seconds: float = TWO_MINUTES) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, Gateway.got
        time.sleep(0.5)


class Seen:
    """How the four places of an alarm are looked at from outside."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        told = {"login": "T000", "password": factories.PASSWORD, "device": {"id": uid("d"), "name": "desk"}}
        token = self.http.post("/api/v1/sessions", json=told).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def rings_in_prometheus(self, code: str) -> bool:
        return parsed(self.http.get("/metrics").text).rings(ALARMS[code])

    def line(self, code: str) -> str:
        lines = self.http.get("/api/v1/checklist").json()
        return str(next(one["state"] for one in lines if one["code"] == code))

    def is_told(self, code: str) -> bool:
        return any(one.startswith(f"告警：{ALARMS[code].ringing.zh}") for one in Gateway.got)

    def is_over(self, code: str) -> bool:
        return any(one.startswith(f"告警解除：{ALARMS[code].ringing.zh}") for one in Gateway.got)

    def close(self) -> None:
        self.http.close()

    def in_all_four_places(self, code: str) -> bool:
        return self.rings_in_prometheus(code) and self.line(code) == "fail" and self.is_told(code)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_what_stops_is_seen_within_two_minutes_and_its_return_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateway(monkeypatch), stage(OWN_HOME / "test-alarms", build, port=own_port(19700)) as (url, machine):
        seen, database = Seen(url), Database(machine.engine())
        _is_well(seen, database)
        _a_killed_worker(seen, machine)
        _a_broker_that_is_away(seen, machine)
        _dead_web_processes(seen, machine)
        database.engine.dispose()


def _is_well(seen: Seen, database: Database) -> None:
    """All three give signs of life, by themselves."""

    def parts() -> set[str]:
        with database.transaction() as session:
            return set(session.scalars(text("SELECT part FROM pulse")))

    within(lambda: parts() == {"web", "worker", "clock"})
    run(database, THRESHOLDS, code="disk", threshold=1)
    for code in ("broker", "web"):
        run(database, THRESHOLDS, code=code, threshold=20)
    assert not any(seen.rings_in_prometheus(code) for code in ("worker", "clock", "web", "broker"))


def _a_killed_worker(seen: Seen, machine: Machine) -> None:
    assert machine.processes is not None
    os.killpg(machine.processes.pid("worker"), signal.SIGKILL)
    for code in ("worker", "clock"):
        within(lambda code=code: seen.in_all_four_places(code))
    machine.processes._children["worker"].wait()
    machine.processes.begin_again("worker")
    for code in ("worker", "clock"):
        within(lambda code=code: seen.is_over(code))


def _a_broker_that_is_away(seen: Seen, machine: Machine) -> None:
    assert machine.broker is not None
    assert not seen.is_told("broker")
    machine.broker.stop()
    within(lambda: seen.in_all_four_places("broker"))
    machine.broker.start()
    within(lambda: seen.is_over("broker"))


def _dead_web_processes(seen: Seen, machine: Machine) -> None:
    """The worker tells; Prometheus sees that nothing answers it."""
    assert machine.processes is not None
    if machine.processes._children["worker"].poll() is not None:
        machine.processes.begin_again("worker")
    os.killpg(machine.processes.pid("web"), signal.SIGKILL)
    machine.processes._children["web"].wait()
    within(lambda: seen.is_told("web"))
    with pytest.raises(httpx.TransportError):
        seen.http.get("/metrics")
    seen.close()
