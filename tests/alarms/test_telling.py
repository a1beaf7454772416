"""Who is told of an alarm, when and how often; who hands the message out while the worker is dead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from backend.alarms.queries import pulses
from backend.alarms.queries.raised import administrators, last_alarms
from backend.alarms.services import watching
from backend.alarms.services.keeping_watch import Heart, watch_once
from backend.alarms.services.watching import watch
from backend.core.config import Settings
from backend.core.db import Database
from backend.notices.queries import messages as message_queries
from backend.notices.services import messaging
from backend.notices.services.messaging import deliver
from sync.postgres import epoch
from tests.alarms.causes import CAUSES, all_live, run
from tests.factories import Town

MINUTE = timedelta(minutes=1)


class Gateway(BaseHTTPRequestHandler):
    """The operator's gateway, which keeps what it took."""

    got: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        self.got.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def gateway(database: Database, settings: Settings) -> Iterator[Settings]:
    """Everything is well, and messages go out by a gateway."""
    Gateway.got = []
    all_live(database, settings)
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/sms"
    yield replace(settings, notify_channel="webhook", notify_url=url, notify_secret="between us")
    server.shutdown()
    server.server_close()


def notices(database: Database) -> list[str]:
    with database.transaction() as session:
        asked = "SELECT text_zh FROM notice WHERE text_zh LIKE '告警%' ORDER BY created_at, id"
        return list(session.scalars(text(asked)))


def recovered(database: Database) -> None:
    run(database, "UPDATE pulse SET at = now()")


def test_one_occurrence_is_told_once_and_its_end_too_and_again_when_it_returns(
    database: Database, gateway: Settings
) -> None:
    now = datetime.now(UTC)
    CAUSES["worker"](database, gateway)
    for nth in range(3):
        assert watch(database, gateway, now + nth * MINUTE) == {"worker"}
    assert len(notices(database)) == 1
    recovered(database)
    # Well for less than a minute is not over; what comes and goes meanwhile is the same occurrence.
    assert watch(database, gateway, now + 3 * MINUTE) == {"worker"}
    CAUSES["worker"](database, gateway)
    assert watch(database, gateway, now + 4 * MINUTE) == {"worker"}
    recovered(database)
    assert watch(database, gateway, now + 5 * MINUTE) == {"worker"}
    assert len(notices(database)) == 1
    assert watch(database, gateway, now + 6 * MINUTE) == frozenset()
    assert notices(database)[1:] == ["告警解除：后台进程没有响应（持续 5 分钟）"]
    CAUSES["worker"](database, gateway)
    watch(database, gateway, now + 7 * MINUTE)
    assert len(notices(database)) == 3
    with database.transaction() as session:
        kept = last_alarms(session, 10)
    assert [(one.code, one.told, one.ended_at is None) for one in kept] == [
        ("worker", 1, True),
        ("worker", 1, False),
    ]


def test_two_restores_are_two_occurrences(database: Database, gateway: Settings) -> None:
    for _ in range(2):
        CAUSES["new_epoch"](database, gateway)
        assert watch(database, gateway) == {"new_epoch"}
    assert len(notices(database)) == 2
    with database.transaction() as session:
        assert epoch.current(session.connection()) == 3


def test_a_dead_workers_messages_are_handed_out_by_who_noticed(database: Database, gateway: Settings) -> None:
    """Nobody but the web process is left: it notices, and it sends."""
    CAUSES["worker"](database, gateway)
    web = Heart(gateway, pulses.WEB)
    assert watch_once(database, gateway, web, hands_out=True) == {"worker"}
    ((said),) = Gateway.got
    assert said["zh"].startswith("告警：后台进程没有响应（现在 61 秒，界限 60 秒）。")
    assert "The worker is silent (now 61 s, threshold 60 s)." in said["en"]


def test_who_does_not_hand_out_leaves_it_to_those_who_do(database: Database, gateway: Settings) -> None:
    CAUSES["web"](database, gateway)
    worker = Heart(gateway, pulses.WORKER)
    assert watch_once(database, gateway, worker, hands_out=False) == {"web"}
    assert Gateway.got == []
    assert deliver(database, gateway) == 1


def test_an_alarm_that_stops_no_messages_is_sent_by_the_worker(database: Database, gateway: Settings) -> None:
    CAUSES["disk"](database, gateway)
    run(database, "UPDATE pulse SET who = 'elsewhere:1', told = jsonb_set(told, '{host}', '\"b\"')")
    assert watch_once(database, gateway, Heart(gateway, pulses.WEB), hands_out=True) == {"disk"}
    assert Gateway.got == []


def _at(day: int, hour_utc: int) -> type[datetime]:
    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime(2030, 9, day, hour_utc, tzinfo=UTC)

    return Then


@pytest.mark.parametrize(("code", "goes"), [("worker", 1), ("parked", 0)])
def test_quiet_hours_hold_what_is_not_urgent(
    code: str, goes: int, database: Database, gateway: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At three in the night, by the city's clock."""
    CAUSES[code](database, gateway)
    assert watch(database, gateway) == {code}
    monkeypatch.setattr(messaging, "datetime", _at(1, 19))
    assert deliver(database, gateway) == goes
    # The notice in the console stands all the same, and in the morning the message goes.
    assert len(notices(database)) == 1
    monkeypatch.setattr(messaging, "datetime", _at(2, 2))
    assert deliver(database, gateway) == 1 - goes
    assert len(Gateway.got) == 1


def test_where_nothing_goes_out_it_is_recorded(database: Database, settings: Settings) -> None:
    all_live(database, settings)
    CAUSES["worker"](database, settings)
    watch(database, replace(settings, notify_channel="recorded"))
    with database.transaction() as session:
        recorded = "SELECT count(*) FROM outbox WHERE fact = 'notify.recorded' AND detail->>'zh' LIKE '告警%'"
        assert session.scalar(text(recorded)) == 1
        assert message_queries.unrouted(session, "message.wanted", 10) == []


def test_a_house_without_a_topmost_administrator_tells_those_of_its_branches(
    database: Database, town: Town
) -> None:
    with database.transaction() as session:
        assert [one for one, _ in administrators(session)] == [town["admin"]]
        session.execute(
            text("UPDATE account SET is_active = false WHERE staff_id = CAST(:id AS uuid)"),
            {"id": town["admin"]},
        )
        assert administrators(session) == []
        session.execute(
            text("UPDATE account SET roles = '{admin}' WHERE staff_id = CAST(:id AS uuid)"),
            {"id": town["supervisor"]},
        )
        assert administrators(session) == [(town["supervisor"], town["north"])]


def test_one_that_looks_leaves_nothing_to_another(database: Database, gateway: Settings) -> None:
    CAUSES["worker"](database, gateway)
    with database.alone("watch alarms") as is_mine:
        assert is_mine
        assert watch(database, gateway) == frozenset()
    assert watch(database, gateway) == {"worker"}


def test_an_alarm_of_another_release_ends_without_a_word(database: Database, gateway: Settings) -> None:
    run(
        database,
        """
            INSERT INTO alarm_raised (id, code, value, threshold, began_at)
            VALUES (gen_random_uuid(), 'of_tomorrow', 1, 0, now())
        """,
    )
    assert watch(database, gateway) == frozenset()
    assert notices(database) == []


def test_what_rang_long_ago_is_forgotten(database: Database, gateway: Settings) -> None:
    CAUSES["worker"](database, gateway)
    watch(database, gateway)
    recovered(database)
    later = datetime.now(UTC) + MINUTE
    watch(database, gateway, later)
    watch(database, gateway, later + MINUTE)
    watch(database, gateway, later + watching.KEPT_FOR + 2 * MINUTE)
    with database.transaction() as session:
        assert last_alarms(session, 10) == []
