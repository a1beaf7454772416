"""A gateway that answers after half a minute: it keeps the sender waiting for a while, and nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from backend.core.config import Settings
from backend.core.db import Database
from backend.notices.services.channels.port import TIMEOUT_S
from backend.notices.services.messaging import deliver
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town
from tests.notices.test_messaging import say, waiting

As = Callable[[str], Person]
LATE_S = 30.0


class Late(BaseHTTPRequestHandler):
    """Takes a message, and says so when nobody listens any more."""

    asked = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.set()
        time.sleep(LATE_S)
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def late(settings: Settings) -> Iterator[Settings]:
    Late.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Late)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/sms"
    yield replace(settings, notify_channel="webhook", notify_url=url)
    server.shutdown()


@pytest.mark.long
def test_a_late_gateway_holds_no_request_and_no_other_fact(
    app: Flask, as_: As, database: Database, town: Town, late: Settings
) -> None:
    app.extensions["wangge"] = replace(app.extensions["wangge"], settings=late)
    assert TIMEOUT_S < LATE_S
    say(database, town, "leader")
    sending = threading.Thread(target=deliver, args=(database, late))
    sending.start()
    assert Late.asked.wait(10)
    # While the sender waits: a request that announces facts, and the serving of those.
    job = {"matter_id": town["leak"], "service_point_id": town["point 1"]}
    answer = as_("dispatcher")("POST", "/work-orders", job)
    assert answer.status_code == 201, answer.text
    say(database, town, "member", "二")
    assert serving.serve(database) > 0
    assert sending.is_alive()
    sending.join(3 * LATE_S)
    assert not sending.is_alive()
    # Nobody knows whether it was taken: it is tried again, and the gateway knows it by its key.
    assert next((attempts, done) for attempts, _, done in waiting(database)) == (1, False)
