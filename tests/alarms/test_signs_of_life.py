"""Signs of life: what a process tells of itself, how silence is counted, that watching outlives trouble."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery.signals import after_task_publish, beat_embedded_init, worker_ready
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from backend.alarms.queries import measures, pulses
from backend.alarms.queries.raised import keep_threshold
from backend.alarms.services import keeping_watch, table
from backend.alarms.services.keeping_watch import Heart, broker_answers, free_by_folder, keep_watch
from backend.alarms.services.standing import standings
from backend.alarms.services.watching import watch
from backend.core.config import Settings
from backend.core.db import Database, make_engine
from backend.core.services.auditing import note_at_shell
from backend.local.broker import Broker
from backend.queue import pulses as queue_pulses
from tests.alarms.causes import CAUSES, all_live, run


def until(is_so: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def parts(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT part FROM pulse ORDER BY part")))


def silent(database: Database, part: str) -> float:
    with database.transaction() as session:
        return pulses.silent_s(session, part)


def test_a_process_tells_its_host_its_disks_and_its_broker(database: Database, settings: Settings) -> None:
    Heart(replace(settings, broker_url="redis://127.0.0.1:1/0"), pulses.WEB).beat(database)
    with database.transaction() as session:
        row = session.execute(text("SELECT part, who, told FROM pulse")).one()
        assert (row.part, row.who) == ("web", f"{socket.gethostname()}:{os.getpid()}")
        assert {folder for _, folder, _ in pulses.free_bytes(session)} == {"home", "objects"}
        assert 0 <= pulses.broker_away_s(session) < 20
    assert all(one > 0 for one in row.told["disks"].values())


def test_photos_that_are_no_files_have_no_disk(settings: Settings, tmp_path: Path) -> None:
    away = replace(settings, home=tmp_path / "not/yet/made", objects_url="s3://bucket/x")
    assert list(free_by_folder(away)) == ["home"]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/sock", "nonsense"])
def test_a_broker_that_is_not_there_does_not_answer(url: str) -> None:
    assert not broker_answers(url)


def test_a_broker_at_a_socket_answers(tmp_path: Path) -> None:
    """Its folder may be called as it likes."""
    broker = Broker(tmp_path / "valkey")
    broker.start()
    try:
        assert broker_answers(broker.url)
    finally:
        broker.stop()
    assert not broker_answers(broker.url)


def test_after_a_night_in_which_all_was_off_nobody_is_silent_yet(
    database: Database, settings: Settings
) -> None:
    """The web process starts some seconds before the worker."""
    all_live(database, settings)
    CAUSES["late_facts"](database, settings)
    run(database, "UPDATE pulse SET at = now() - interval '8 hours', began_at = now() - interval '9 hours'")
    run(database, "UPDATE pulse SET who = 'before:1'")
    run(database, "UPDATE outbox SET due_at = now() - interval '8 hours' WHERE done_at IS NULL")
    Heart(settings, pulses.WEB).beat(database)
    assert watch(database, settings) == frozenset()
    run(database, "UPDATE pulse SET began_at = now() - interval '70 seconds' WHERE who <> 'before:1'")
    assert watch(database, settings) == {"worker", "clock"}
    # The web process is started anew: that is no sign of the worker's.
    run(database, "UPDATE pulse SET began_at = now() WHERE who <> 'before:1'")
    assert silent(database, pulses.WORKER) > 7 * table.HOUR


def test_silence_counts_from_the_last_sign_else_from_anybodys_first(
    database: Database, settings: Settings
) -> None:
    assert silent(database, pulses.WORKER) == 0
    Heart(settings, pulses.WEB).beat(database)
    run(database, "UPDATE pulse SET began_at = now() - interval '40 seconds'")
    # There never was a worker, and for forty seconds there could have been one.
    assert 40 <= silent(database, pulses.WORKER) < 60
    Heart(settings, pulses.WORKER).beat(database)
    assert silent(database, pulses.WORKER) < 20


def test_the_last_sign_of_a_part_is_never_forgotten(database: Database, settings: Settings) -> None:
    Heart(settings, pulses.WORKER).beat(database)
    run(database, "UPDATE pulse SET who = 'old:1', at = now() - interval '3 days'")
    assert silent(database, pulses.WORKER) > 2 * table.DAY
    Heart(settings, pulses.WEB).beat(database)
    assert parts(database) == ["web", "worker"]
    Heart(settings, pulses.WORKER).beat(database)
    Heart(settings, pulses.WORKER).beat(database)
    assert parts(database) == ["web", "worker"]


def test_a_clock_that_takes_over_is_no_second_one(database: Database, settings: Settings) -> None:
    def insert(who: str, began_s: int, at_s: int) -> None:
        run(
            database,
            """
                INSERT INTO pulse (part, who, began_at, at)
                VALUES (
                    'clock', :who, now() - make_interval(secs => :began), now() - make_interval(secs => :at)
                )
            """,
            who=who,
            began=began_s,
            at=at_s,
        )

    insert("a:1", 3000, 30)
    insert("a:2", 29, 0)
    with database.transaction() as session:
        assert pulses.clocks(session) == 0
        session.execute(text("UPDATE pulse SET at = now() WHERE who = 'a:1'"))
        assert pulses.clocks(session) == 2


def test_a_threshold_of_ones_own_holds_and_one_that_cannot_be_measured_stops_no_other(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_live(database, settings)
    broken = replace(table.ALARMS["held"], measure=lambda session: session.execute(text("SELECT 1/0")))
    changed = tuple(broken if one.code == "held" else one for one in table.TABLE)
    monkeypatch.setattr("backend.alarms.services.standing.TABLE", changed)
    with database.transaction() as session:
        keep_threshold(session, "disk", 1e15)
        found = {one.alarm.code: one for one in standings(session)}
    assert (found["held"].worst, found["held"].rings) == (None, False)
    assert [code for code, one in found.items() if one.rings] == ["disk"]
    assert found["disk"].threshold == 1e15


def test_watching_goes_on_after_the_database_was_away_and_says_so_once(
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[str] = []

    def once(*_: object, **__: object) -> frozenset[str]:
        looks.append("x")
        if len(looks) < 4:
            raise OperationalError("x", {}, Exception("away"))
        if len(looks) == 4:
            raise ZeroDivisionError
        time.sleep(3600)
        return frozenset()

    monkeypatch.setattr(keeping_watch, "watch_once", once)
    with capture_logs() as said:
        keep_watch(database, replace(settings, alarm_look_s=0), pulses.WEB)
        until(lambda: len(looks) == 5)
    assert [one["event"] for one in said if one["event"].startswith("watch.")] == [
        "watch.away",
        "watch.failed",
    ]


def test_a_worker_and_its_clock_give_signs_of_life(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(settings, database_url=str(database.engine.url.render_as_string(hide_password=False)))
    watched: list[str] = []
    monkeypatch.setattr(queue_pulses, "keep_watch", lambda *asked, **_: watched.append(asked[2]))
    monkeypatch.setattr(os, "register_at_fork", lambda **_: None)
    for signal in (worker_ready, beat_embedded_init, after_task_publish):
        monkeypatch.setattr(signal, "receivers", [])
    queue_pulses.install(here)
    after_task_publish.send(sender="wangge.serve_outbox")
    assert (watched, parts(database)) == ([], []), "whoever else puts a task is no clock"
    worker_ready.send(sender=None)
    beat_embedded_init.send(sender=None)
    after_task_publish.send(sender="wangge.serve_outbox")
    assert (watched, parts(database)) == (["worker"], ["clock"])


def test_a_clock_goes_on_while_the_database_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = Database(make_engine("postgresql://nobody@127.0.0.1:1/nothing"))
    monkeypatch.setattr(queue_pulses, "_database", lambda _: away)
    monkeypatch.setattr(after_task_publish, "receivers", [])
    queue_pulses._watch_clock(settings)
    after_task_publish.send(sender="x")
    after_task_publish.send(sender="x")
    assert capsys.readouterr().err.count("clock.unseen") == 1


def test_a_drill_that_failed_is_told_until_one_goes_well_and_counts_for_none(
    database: Database, settings: Settings
) -> None:
    all_live(database, settings)
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(text("DELETE FROM administrative_act WHERE act = 'backup_drilled'"))
    CAUSES["drill_failed"](database, settings)
    with database.transaction() as session:
        assert (measures.failed_drills(session), measures.act_age(session, "backup_drilled").is_never) == (
            1,
            True,
        )
        note_at_shell(session, "backup_drilled", ("backup", None), after={"good": True})
        session.flush()
        found = measures.act_age(session, "backup_drilled")
        assert (measures.failed_drills(session), found.is_never) == (0, False)


def test_a_part_that_never_lived_rings_once_and_goes_on_ringing(
    database: Database, settings: Settings
) -> None:
    """A new installation whose worker nobody started: its alarm is not over because it never was well."""
    Heart(settings, pulses.WEB).beat(database)
    run(database, "INSERT INTO sync_epoch (number, reason) VALUES (1, 'began') ON CONFLICT DO NOTHING")
    run(database, "UPDATE sync_epoch SET opened_at = now() - interval '1 hour'")
    run(database, "UPDATE pulse SET began_at = now() - interval '70 seconds'")
    assert watch(database, settings) == {"worker", "clock"}
    began = datetime.now(UTC)
    for seconds in (0, 61, 122):
        assert watch(database, settings, began + timedelta(seconds=seconds)) == {"worker", "clock"}
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM alarm_raised WHERE code = 'worker'")) == 1
