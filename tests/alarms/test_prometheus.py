"""Debian's Prometheus scrapes a real server: every query of the dashboard is answered, the rules ring."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from flask import Flask
from werkzeug.serving import make_server

from backend.alarms.services.table import ALARMS, TABLE
from backend.alarms.services.watching import watch
from backend.core.config import Settings
from backend.core.db import Database
from backend.local.processes import free_port
from deploy import alarms
from tests.alarms.causes import CAUSES, all_live
from tests.alarms.debian_prometheus import prometheus_program
from tests.conftest import own_port

# These are ended by one another: a silent worker is not there at the same time as two clocks.
TOGETHER = [code for code in CAUSES if code not in ("clock", "web")]


@contextmanager
def served(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@contextmanager
def prometheus(folder: Path, scraped_port: int) -> Iterator[httpx.Client]:
    """One that scrapes every second, by the configuration that the release brings."""
    told = yaml.safe_load((alarms.ROOT / "deploy/prometheus.yml").read_text())
    told["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    told["rule_files"] = [str(alarms.RULES)]
    told["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{scraped_port}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(told))
    port = free_port(own_port(19900))
    command = [
        prometheus_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", trust_env=False, timeout=10) as client:
            yield client
    finally:
        process.terminate()
        process.wait()


def asked(client: httpx.Client, path: str, **query: str) -> Any:
    try:
        answer = client.get(path, params=query)
    except httpx.TransportError:
        return None
    told = answer.json() if answer.status_code != 503 else {"status": "starting"}
    assert told["status"] in ("success", "starting"), told
    return told.get("data")


def until(is_so: Any, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)
    return found


def firing(client: httpx.Client) -> set[str]:
    found = (asked(client, "/alerts") or {"alerts": []})["alerts"]
    return {one["labels"]["alarm"] for one in found if one["state"] == "firing"}


def queries() -> list[str]:
    board = json.loads(alarms.DASHBOARD.read_text(encoding="utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


@pytest.mark.long
def test_every_query_of_the_dashboard_is_answered_and_every_rule_rings(
    app: Flask, database: Database, settings: Settings, tmp_path: Path
) -> None:
    all_live(database, settings)
    for code in TOGETHER:
        CAUSES[code](database, settings)
    rings = watch(database, settings)
    assert rings >= {*TOGETHER}
    assert len(queries()) > 2 * len(TABLE)
    with served(app) as port, prometheus(tmp_path, port) as client:
        app.test_client().get("/healthz")
        found = until(lambda: firing(client) if firing(client) >= rings else None)
        assert found == rings
        # A rate needs two looks.
        until(lambda: asked(client, "/query", query="rate(wangge_requests_total[5m]) > 0")["result"])
        unanswered = [one for one in queries() if not asked(client, "/query", query=one)["result"]]
        assert unanswered == []
        assert {one["name"] for one in asked(client, "/rules")["groups"]} == {"wangge", "wangge_outside"}
    assert {*ALARMS} > {*TOGETHER}


@pytest.mark.long
def test_a_server_that_is_gone_is_seen_by_prometheus_alone(tmp_path: Path) -> None:
    with prometheus(tmp_path, 1) as client:
        pending = until(lambda: (asked(client, "/alerts") or {}).get("alerts"))
    assert [one["labels"]["alarm"] for one in pending] == ["away"]
