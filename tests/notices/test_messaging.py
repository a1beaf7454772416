"""Urgent messages to the operator's gateway.

They go after the commit, signed, until they are taken, and nothing waits for them.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.services import record_writer
from backend.notices.services.messaging import MOST_ATTEMPTS, deliver
from backend.notices.services.notifying import channel_named, tell
from backend.queue import serving
from tests.factories import Town

SECRET = "between us"


class Gateway(BaseHTTPRequestHandler):
    """An SMS gateway that keeps what it took and refuses as often as it is told to."""

    got: list[tuple[dict[str, Any], dict[str, str]]] = []
    refusals = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        is_refused = type(self).refusals > 0 or self.headers["X-Wangge-Signature"] != signature
        type(self).refusals -= 1
        if not is_refused:
            self.got.append((orjson.loads(body), dict(self.headers)))
        self.send_response(503 if is_refused else 202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Settings]:
    Gateway.got, Gateway.refusals = [], 0
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/sms"
    yield replace(settings, notify_channel="webhook", notify_url=url, notify_secret=SECRET)
    server.shutdown()
    server.server_close()


def say(database: Database, town: Town, who: str, words: str = "爆管", *, is_urgent: bool = True) -> None:
    with database.transaction() as session:
        tell(
            session,
            channel_named("webhook"),
            town[who],
            town["north"],
            topic="general",
            zh=words,
            en="burst",
            is_urgent=is_urgent,
        )


def waiting(database: Database) -> list[tuple[int, str | None, bool]]:
    with database.transaction() as session:
        rows = session.execute(
            text(
                """
                SELECT attempts, last_error, done_at IS NOT NULL
                FROM outbox
                WHERE fact = 'message.wanted'
                ORDER BY id
                """
            )
        )
        return [(row[0], row[1], row[2]) for row in rows]


def now_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE outbox SET due_at = now() WHERE fact = 'message.wanted'"))


def test_an_urgent_notice_reaches_the_gateway_once(database: Database, town: Town, gateway: Settings) -> None:
    say(database, town, "leader")
    say(database, town, "member", is_urgent=False)
    assert deliver(database, gateway) == 1
    assert deliver(database, gateway) == 0
    ((body, headers),) = Gateway.got
    with database.transaction() as session:
        phone = session.execute(
            text("SELECT work_phone FROM staff WHERE id = CAST(:id AS uuid)"), {"id": town["leader"]}
        ).scalar_one()
    assert (body["to"], body["zh"], body["en"]) == (phone, "爆管", "burst")
    assert headers["Idempotency-Key"] == f"wangge-{body['id']}"
    assert waiting(database) == [(0, None, True)]


def test_what_the_gateway_does_not_take_is_tried_again_and_others_go_on(
    database: Database, town: Town, gateway: Settings
) -> None:
    say(database, town, "leader", "一")
    say(database, town, "member", "二")
    Gateway.refusals = 1
    assert deliver(database, gateway) == 1
    assert [body["zh"] for body, _ in Gateway.got] == ["二"]
    assert waiting(database) == [(1, "status_503", False), (0, None, True)]
    assert deliver(database, gateway) == 0, "it waits a little"
    now_due(database)
    assert deliver(database, gateway) == 1
    assert [body["zh"] for body, _ in Gateway.got] == ["二", "一"]


def test_a_gateway_that_is_away_is_given_up_in_the_end_and_seen(
    database: Database, town: Town, gateway: Settings
) -> None:
    say(database, town, "leader")
    away = replace(gateway, notify_url="http://127.0.0.1:9/nothing")
    for _ in range(MOST_ATTEMPTS + 2):
        deliver(database, away)
        now_due(database)
    assert waiting(database) == [(MOST_ATTEMPTS, "ConnectError", False)]


def test_whoever_has_no_phone_is_noted(database: Database, town: Town, gateway: Settings) -> None:
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "staff", town["rep"], {"work_phone": None})
    say(database, town, "rep")
    assert deliver(database, gateway) == 0
    assert Gateway.got == []
    assert waiting(database) == [(1, "no_phone", True)]


def test_an_unsigned_gateway_gets_no_signature(database: Database, town: Town, gateway: Settings) -> None:
    say(database, town, "leader")
    deliver(database, replace(gateway, notify_secret=""))
    assert waiting(database) == [(1, "status_503", False)], "this gateway wants one"


def test_the_outbox_leaves_messages_alone(database: Database, town: Town, gateway: Settings) -> None:
    serving.serve(database)
    say(database, town, "leader")
    serving.serve(database)
    assert waiting(database) == [(0, None, False)]
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL")).scalar_one() == 1
    assert deliver(database, gateway) == 1


def test_a_notice_that_was_taken_back_is_not_sent(database: Database, town: Town, gateway: Settings) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        tell(
            session,
            channel_named("webhook"),
            town["leader"],
            town["north"],
            topic="general",
            zh="一",
            en="1",
            is_urgent=True,
        )
        raise RuntimeError
    assert deliver(database, gateway) == 0
    assert Gateway.got == []


def test_two_workers_send_nothing_twice(database: Database, town: Town, gateway: Settings) -> None:
    for n in range(6):
        say(database, town, "leader", str(n))
    threads = [threading.Thread(target=deliver, args=(database, gateway)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver(database, gateway)
    assert sorted(body["zh"] for body, _ in Gateway.got) == [str(n) for n in range(6)]


def test_an_unknown_channel_is_named() -> None:
    with pytest.raises(ValueError, match="recorded, webhook"):
        channel_named("pigeon")
