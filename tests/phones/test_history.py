"""Restores, retention, and alerts about silent phones.

What happens to phones when the server's history is not the one they saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from backend.app import make_context
from backend.core import config
from backend.core.actor import system
from backend.core.db import Database
from backend.core.kinds.account import Device
from backend.core.services import record_writer
from backend.core.services.contacts import Contact, Contacts
from backend.core.services.tidying import KEEP_REMOVALS, tidy
from backend.phones.queries.exchanges import note_exchange
from backend.phones.services.device_alerts import tell_of_silence
from backend.phones.services.history import WITNESS, watch_history, why_another
from mobile_api_spec.phone import Phone
from sync.postgres import epoch
from sync.postgres.epoch import Epoch, Identity
from tests.conftest import agrees
from tests.factories import Town, uid

NAMES = (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("known", "found", "seen", "is_another"),
    [
        (Epoch(1, NAMES), Identity(*NAMES, 50), None, False),
        (Epoch(1, NAMES), Identity(*NAMES, 50), (1, Identity(*NAMES, 49)), False),
        (Epoch(1, NAMES), Identity(*NAMES, 50), (1, Identity(9, 9, 9, 9, 400)), False),
        (Epoch(1, NAMES), Identity(9, 2, 3, 4, 50), None, True),
        (Epoch(1, NAMES), Identity(1, 9, 3, 4, 50), None, True),
        (Epoch(1, NAMES), Identity(1, 2, 9, 4, 50), None, True),
        (Epoch(1, NAMES), Identity(1, 2, 3, 9, 50), None, True),
        (Epoch(1, NAMES), Identity(*NAMES, 50), (1, Identity(*NAMES, 50)), True),
        (Epoch(1, NAMES), Identity(*NAMES, 50), (1, Identity(*NAMES, 80)), True),
        (Epoch(1, NAMES), Identity(*NAMES, 90), (2, Identity(*NAMES, 80)), True),
        (Epoch(2, NAMES), Identity(*NAMES, 90), (1, Identity(*NAMES, 80)), False),
    ],
)
def test_another_history_is_told_from_the_same(
    known: Epoch, found: Identity, seen: tuple[int, Identity] | None, is_another: bool
) -> None:
    assert bool(why_another(known, found, seen)) is is_another


def test_an_untouched_database_stays_in_its_epoch(database: Database, tmp_path: Path) -> None:
    assert [watch_history(database, tmp_path) for _ in range(3)] == [None, None, None]
    with database.engine.connect() as connection:
        assert epoch.current(connection) == 1
    saved = json.loads((tmp_path / WITNESS).read_bytes())
    assert (saved["epoch"], len(saved["identity"])) == (1, 5)


@pytest.mark.parametrize("spoiled", [b"", b"{", b'{"epoch": 1}', b'{"epoch": "x", "identity": [1]}'])
def test_a_spoiled_witness_accuses_nobody(database: Database, tmp_path: Path, spoiled: bytes) -> None:
    watch_history(database, tmp_path)
    (tmp_path / WITNESS).write_bytes(spoiled)
    assert watch_history(database, tmp_path) is None


def test_files_put_back_behind_the_witness_open_an_epoch(database: Database, tmp_path: Path) -> None:
    watch_history(database, tmp_path)
    saved = json.loads((tmp_path / WITNESS).read_bytes())
    saved["identity"][4] += 1_000_000
    (tmp_path / WITNESS).write_text(json.dumps(saved))
    assert watch_history(database, tmp_path) == "the database has gone back behind what the witness has seen"
    assert watch_history(database, tmp_path) is None
    with database.transaction() as session:
        made = record_writer.create(
            session,
            system(Town()["north"]),
            "customer",
            {"number": "E", "name": "新", "category": "resident"},
        )
        assert made.version == 2**32 + 1
        assert session.execute(
            text("SELECT DISTINCT xid::text FROM sync_entry WHERE kind <> 'customer'")
        ).scalars().all() == ["3"]


def test_work_acknowledged_after_the_backup_survives_its_loss(
    phone_of: Callable[[str], Phone],
    database: Database,
    app: Flask,
    settings: config.Settings,
    make_database: Callable[[str], Database],
    town: Town,
    tmp_path: Path,
) -> None:
    """P4 over a restore.

    The phone sends again what the restored server no longer has, and once only what it has.
    """
    watch_history(database, settings.home)
    rep = phone_of("rep")
    rep.sync()
    rep.change("customer", town["customer 0"], {"note": "before the backup"})
    rep.sync()
    with database.engine.begin() as connection:
        epoch.note_backup(connection, datetime.now(UTC))
    database.engine.dispose()
    restored = make_database(str(database.engine.url.database))
    rep.sync()
    rep.change("customer", town["customer 0"], {"note": "after the backup"})
    visit = rep.create(
        "visit", {"customer_id": town["customer 0"], "representative_id": town["rep"], "method": "phone"}
    )
    rep.sync()
    app.extensions["wangge"] = make_context(settings, restored)
    assert watch_history(restored, settings.home) == "the database was restored, copied or promoted"
    rep.sync()
    rep.sync()
    assert agrees(rep, restored)
    assert rep.records("customer")[town["customer 0"]]["note"] == "after the backup"
    assert visit in rep.records("visit")
    with restored.engine.connect() as connection:
        written = connection.execute(
            text("SELECT count(*) FROM sync_history WHERE mutation_id IS NOT NULL")
        ).scalar()
    assert written == 3


def test_an_ancient_cursor_is_compared_and_not_wiped(
    phone_of: Callable[[str], Phone], database: Database, app: Flask, town: Town
) -> None:
    rep = phone_of("rep")
    rep.sync()
    seal = app.extensions["wangge"].seal
    cursor, holder = seal.open(rep.store.meta("cursor"))
    rep.store.set_meta(cursor=seal.seal(replace(cursor, seen_on=cursor.seen_on - 40), holder))
    rep.change("customer", town["customer 0"], {"note": "kept through it"})
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 1"], {"cell_id": town["cell 2"]}
        )
    rep.sync()
    assert agrees(rep, database)
    assert rep.records("customer")[town["customer 0"]]["note"] == "kept through it"


def test_removals_are_forgotten_by_age(database: Database, town: Town) -> None:
    north, now = system(town["north"]), datetime.now(UTC)
    with database.transaction() as session:
        record_writer.change(session, north, "customer", town["customer 1"], {"cell_id": town["cell 2"]})
    with database.transaction() as session:
        tidy(session, now - KEEP_REMOVALS - timedelta(days=1))
    with database.transaction() as session:
        record_writer.change(session, north, "customer", town["customer 0"], {"cell_id": town["cell 2"]})

    def removed() -> list[str]:
        with database.engine.connect() as connection:
            return list(
                connection.execute(
                    text("SELECT id::text FROM sync_entry WHERE removed ORDER BY id")
                ).scalars()
            )

    assert len(removed()) == 2
    with database.transaction() as session:
        tidy(session, now)
    assert removed() == [town["customer 0"]]


def test_contacts_are_gathered_and_written_together(database: Database, town: Town) -> None:
    contacts, device = Contacts(database), town["rep's phone"]
    now = datetime.now(UTC)
    contacts.note(device, Contact(now, None, {"waiting": 7, "app_version": "3.1"}))
    contacts.note(device, Contact(now, "quota_exceeded"))
    contacts.flush()
    contacts.flush()
    with database.transaction() as session:
        found = session.get(Device, UUID(device))
        assert found is not None
        assert (found.waiting_count, found.app_version, found.last_failure) == (7, "3.1", "quota_exceeded")
        assert found.last_seen_at == found.last_failure_at == now


@pytest.mark.parametrize(
    ("seen_ago", "waiting", "failed_ago", "is_told"),
    [
        (timedelta(hours=1), 50, None, False),
        (timedelta(hours=13), 5, None, True),
        (timedelta(hours=13), 0, None, False),
        (timedelta(days=4), 0, None, True),
        (timedelta(days=90), 0, None, False),
        (timedelta(minutes=1), 0, timedelta(minutes=5), True),
    ],
)
def test_silence_is_told_once_a_day(
    database: Database,
    town: Town,
    seen_ago: timedelta,
    waiting: int,
    failed_ago: timedelta | None,
    is_told: bool,
) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        device = session.get(Device, UUID(town["rep's phone"]))
        assert device is not None
        device.last_seen_at, device.waiting_count = now - seen_ago, waiting
        device.last_failure_at, device.last_failure = failed_ago and now - failed_ago, "quota_exceeded"
    for expected in (int(is_told), 0):
        with database.transaction() as session:
            assert tell_of_silence(session, now) == expected
    with database.engine.connect() as connection:
        told = connection.execute(text("SELECT staff_id::text FROM notice")).scalars().all()
    assert told == [town["dispatcher"]] * is_told


def test_work_is_counted_by_the_days_of_the_city(database: Database) -> None:
    """Its midnight is 16:00 UTC: what comes before and after midnight of UTC is one day's."""
    phone, counted = uid("rep's phone"), []
    for at in (
        "2026-09-01T23:30:00Z",
        "2026-09-02T00:30:00Z",
        "2026-09-02T15:59:59Z",
        "2026-09-02T16:00:00Z",
    ):
        with database.transaction() as session:
            found = note_exchange(session, phone, None, datetime.fromisoformat(at), 5, 100)
        counted.append((found.mutations, found.bytes))
    assert counted == [(5, 100), (10, 200), (15, 300), (5, 100)]
