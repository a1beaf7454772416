"""Health checks of database, machine and network: what each says where all is well, and where it is not."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import text

from backend import migrations
from backend.core import config
from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.keys import PURPOSES, Ring
from backend.core.sentences import Words
from backend.core.services.auditing import note_act, note_at_shell
from backend.local.broker import Broker
from backend.local.cluster import Cluster
from backend.setup.services import checking_database, checking_network, checking_server, checkup
from backend.setup.services.checkup import Check, Finding, State, Surroundings, run_checks
from tests.factories import Town

CHECKS = {
    one.name: one for one in (*checking_database.CHECKS, *checking_server.CHECKS, *checking_network.CHECKS)
}
NOW = datetime.now(UTC)


@pytest.fixture
def around(database: Database, cluster: Cluster, tmp_path: Path, fonts: Path) -> Surroundings:
    """A server that has everything."""
    settings = replace(config.read({"WANGGE_HOME": str(tmp_path)}), objects_url="memory://")
    settings.keys.write(Ring().rotated(PURPOSES))
    return Surroundings(
        settings=settings,
        database=database,
        away=Words("", ""),
        broker_url="",
        newest_schema=migrations.newest(),
        program=cluster.where,
        font_folders=(fonts,),
        now=NOW,
    )


def look(around: Surroundings, name: str) -> list[Finding]:
    """What one check finds; whatever is not well says what to do."""
    found = list(run_checks([CHECKS[name]], around))
    assert all(one.remedy for one in found if one.state in (State.WARN, State.FAIL)), found
    return found


def states(around: Surroundings, name: str) -> dict[str, str]:
    return {one.check: str(one.state) for one in look(around, name)}


@pytest.mark.parametrize(
    "name", ["database", "postgis", "rights", "schema", "clock", "connections", "programs", "fonts", "keys"]
)
def test_all_is_well_where_it_is(around: Surroundings, name: str) -> None:
    assert {*states(around, name).values()} == {"ok"}


def test_a_database_that_is_away_is_said_once(around: Surroundings) -> None:
    away = replace(around, database=None, away=Words("不在", "gone"))
    found = list(run_checks(CHECKS.values(), away))
    assert [one.found.en for one in found if one.check == "database"] == [
        "the database does not answer: gone"
    ]
    skipped = {one.check for one in found if one.state is State.SKIPPED}
    assert skipped >= {"postgis", "rights", "schema", "clock", "connections", "backup"}
    # What does not need it is looked into all the same.
    assert {one.check for one in found if one.state is State.OK} >= {"pg_dump", "fonts", "keys", "disk"}


def test_a_check_that_breaks_stops_no_other(around: Surroundings) -> None:
    def breaks(_: Surroundings) -> Iterator[Finding]:
        raise RuntimeError("a cable")

    checks = [Check("broken", breaks), CHECKS["fonts"]]
    first, second = run_checks(checks, around)
    assert (first.state, second.state) == (State.FAIL, State.OK)
    assert "a cable" in first.found.en
    assert first.as_dict() == {"check": "broken", "state": "fail", "found": first.found.as_dict()}


def test_a_database_without_postgis_says_who_makes_it(
    around: Surroundings, cluster: Cluster, as_owner: Callable[[str], None]
) -> None:
    with bare_database(cluster, as_owner) as database:
        (found,) = look(replace(around, database=database), "postgis")
        assert found.state is State.FAIL
        assert found.remedy and "CREATE EXTENSION postgis" in found.remedy.en
        (behind,) = look(replace(around, database=database), "schema")
        assert behind.state is State.FAIL
        assert behind.remedy and "wangge migrate" in behind.remedy.en
        # Nothing was ever kept in it, so nothing was backed up.
        assert states(replace(around, database=database), "backup") == {"backup": "fail", "drill": "warn"}


@contextmanager
def bare_database(cluster: Cluster, as_owner: Callable[[str], None]) -> Iterator[Database]:
    as_owner("DROP DATABASE IF EXISTS copy_bare WITH (FORCE)")
    as_owner("CREATE DATABASE copy_bare TEMPLATE template0")
    engine = make_engine(cluster.url("copy_bare"), pool_size=1)
    yield Database(engine)
    engine.dispose()
    as_owner("DROP DATABASE copy_bare WITH (FORCE)")


def test_a_role_that_owns_nothing_cannot_upgrade(
    around: Surroundings, as_owner: Callable[[str], None]
) -> None:
    assert around.database is not None
    as_owner("DROP ROLE IF EXISTS wangge_guest")
    as_owner("CREATE ROLE wangge_guest LOGIN")
    try:
        url = around.database.engine.url.set(username="wangge_guest").render_as_string(hide_password=False)
        guest = Database(make_engine(url, pool_size=1))
        asked = replace(around, database=guest)
        # Since PostgreSQL 15 a schema is its owner's; before, everybody may make tables and owns none.
        (found,) = look(asked, "rights")
        assert found.state is State.FAIL
        assert "wangge_guest" in found.found.en
        with around.database.transaction() as session:
            session.execute(text("GRANT CREATE ON SCHEMA public TO wangge_guest"))
        (foreign,) = look(asked, "rights")
        assert foreign.state is State.FAIL
        assert "not owned" in foreign.found.en
        guest.engine.dispose()
    finally:
        with around.database.transaction() as session:
            session.execute(text("REVOKE ALL ON SCHEMA public FROM wangge_guest"))
        as_owner("DROP ROLE wangge_guest")


def test_a_schema_of_another_release_is_told(around: Surroundings) -> None:
    (newer,) = look(replace(around, newest_schema="0001"), "schema")
    assert newer.remedy and "newer" in newer.remedy.en
    (behind,) = look(replace(around, newest_schema="9999"), "schema")
    assert behind.remedy and "wangge migrate" in behind.remedy.en
    assert newer.state is behind.state is State.FAIL


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (5, "warn"), (-5, "warn"), (90, "fail")])
def test_clocks_apart_are_told(
    around: Surroundings, seconds: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = datetime.now(UTC) + timedelta(seconds=seconds)
    if seconds:
        monkeypatch.setattr(checking_database.health, "clock", lambda _: moved)
    assert states(around, "clock") == {"clock": state}


def test_backups_are_counted_by_the_audit_trail(around: Surroundings, town: Town) -> None:
    assert around.database is not None
    assert states(around, "backup") == {"backup": "fail", "drill": "warn"}
    with around.database.transaction() as session:
        note_at_shell(session, "backup_made", ("backup", None))
        note_act(session, system(town["group"]), "backup_drilled", ("backup", None))
    assert states(around, "backup") == {"backup": "ok", "drill": "ok"}
    later = replace(around, now=NOW + timedelta(days=40))
    assert states(later, "backup") == {"backup": "warn", "drill": "ok"}
    much_later = replace(around, now=NOW + timedelta(days=140))
    assert states(much_later, "backup") == {"backup": "warn", "drill": "warn"}
    with around.database.transaction() as session:
        note_at_shell(
            session, "backup_drilled", ("backup", None), after={"good": False, "why": "坏了 · it is cut"}
        )
    (found,) = (one for one in look(around, "backup") if one.check == "drill")
    assert (found.state, found.found.en) == (
        "fail",
        "0 days ago a backup was tried and was no good: it is cut",
    )


def test_a_program_that_is_missing_or_old_is_told(around: Surroundings, tmp_path: Path) -> None:
    nowhere = replace(around, program=lambda name: (str(tmp_path / name), dict(os.environ)))
    assert states(nowhere, "programs") == {"pg_dump": "fail", "pg_restore": "fail"}
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
        (tmp_path / name).chmod(0o755)
    old = look(nowhere, "programs")
    assert {str(one.state) for one in old} == {"fail"}
    assert "older than the server" in old[0].found.en
    # Without a server to compare with, any is good enough.
    assert {*states(replace(nowhere, database=None), "programs").values()} == {"ok"}


def test_pages_are_those_of_both_apps(around: Surroundings, tmp_path: Path) -> None:
    root = tmp_path / "pages"
    asked = replace(around, settings=replace(around.settings, web_root=root))
    (found,) = look(asked, "pages")
    assert "console, phone" in found.found.en
    for app in ("console", "phone"):
        (root / app).mkdir(parents=True)
        (root / app / "index.html").write_text("<p>")
    assert states(asked, "pages") == {"pages": "ok"}


def test_a_machine_without_the_font_is_told(around: Surroundings, tmp_path: Path) -> None:
    assert states(replace(around, font_folders=(tmp_path, tmp_path / "none")), "fonts") == {"fonts": "fail"}


def test_the_broker_is_asked(around: Surroundings, tmp_path: Path) -> None:
    assert states(around, "broker") == {"broker": "skipped"}
    own = replace(around, settings=replace(around.settings, database_url="postgresql://somewhere/x"))
    assert states(own, "broker") == {"broker": "fail"}
    broker = Broker(tmp_path / "broker")
    broker.start()
    assert states(replace(own, broker_url=broker.url), "broker") == {"broker": "ok"}
    broker.stop()
    assert states(replace(own, broker_url=broker.url), "broker") == {"broker": "fail"}
    assert states(replace(own, broker_url="carrier://pigeon"), "broker") == {"broker": "fail"}


def test_the_store_of_photos_is_asked(around: Surroundings, tmp_path: Path) -> None:
    def at(url: str) -> dict[str, str]:
        return states(replace(around, settings=replace(around.settings, objects_url=url)), "objects")

    assert at("memory://") == {"objects": "ok"}
    assert at((tmp_path / "not" / "yet").as_uri()) == {"objects": "ok"}
    assert not (tmp_path / "not").exists()
    assert at("carrier://pigeon") == {"objects": "fail"}
    assert at("file:///proc/objects") == {"objects": "fail" if os.geteuid() else "ok"}


@pytest.mark.parametrize(("gib", "state"), [(50, "ok"), (5, "warn"), (0.5, "fail")])
def test_a_full_disk_is_told(
    around: Surroundings, gib: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = int(gib * 1024**3)

    monkeypatch.setattr(checking_server.shutil, "disk_usage", lambda _: Usage)
    assert states(around, "disk") == {"disk": state}


def test_keys_that_are_missing_are_told(around: Surroundings, tmp_path: Path) -> None:
    def with_ring(ring: Ring, name: str) -> dict[str, str]:
        settings = replace(around.settings, keys_file=tmp_path / name)
        settings.keys.write(ring)
        return states(replace(around, settings=settings), "keys")

    assert with_ring(Ring(), "none.json") == {"keys": "fail"}
    assert with_ring(Ring().rotated(["links", "cursors", "seals"]), "few.json") == {"keys": "warn"}
    assert with_ring(Ring().rotated(PURPOSES), "all.json") == {"keys": "ok"}


class _Quiet(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(405)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Quiet)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_gateway_is_reached_and_given_nothing(around: Surroundings) -> None:
    def gateway(**given: str) -> dict[str, str]:
        settings = replace(around.settings, **given)  # type: ignore[arg-type]
        return states(replace(around, settings=settings), "channels")

    assert gateway() == {"gateway": "warn"}
    assert gateway(notify_channel="webhook") == {"gateway": "fail"}
    with listening() as port:
        url = f"http://127.0.0.1:{port}/sms"
        assert gateway(notify_channel="webhook", notify_url=url) == {"gateway": "warn"}
        signed = {"notify_channel": "webhook", "notify_url": url, "notify_secret": "of the gateway"}
        assert gateway(**signed) == {"gateway": "ok"}
    assert gateway(**signed) == {"gateway": "fail"}
    assert gateway(notify_channel="webhook", notify_url="http://[") == {"gateway": "fail"}


def test_the_public_address_is_one_by_tls(around: Surroundings) -> None:
    def at(url: str) -> str:
        return states(replace(around, settings=replace(around.settings, public_url=url)), "public_url")[
            "public_url"
        ]

    assert [at(""), at("http://water.example"), at("https://water.example")] == ["warn", "fail", "ok"]


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (10, "warn")])
def test_a_certificate_says_how_long_it_is_good(
    around: Surroundings, days: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days, hours=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with listening(context) as port:
        settings = replace(around.settings, public_url=f"https://127.0.0.1:{port}")
        strange = look(replace(around, settings=settings), "certificate")
        assert [one.state for one in strange] == [State.FAIL], "an authority that nobody trusts"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        (found,) = look(replace(around, settings=settings), "certificate")
        assert (str(found.state), str(days) in found.found.en) == (state, True)
    (away,) = look(replace(around, settings=settings), "certificate")
    assert away.state is State.FAIL


def test_no_certificate_is_looked_for_without_an_address(around: Surroundings) -> None:
    assert states(around, "certificate") == {"certificate": "skipped"}


def test_days_are_whole_and_never_negative() -> None:
    assert checkup.days_since(NOW - timedelta(hours=47), NOW) == 1
    assert checkup.days_since(NOW + timedelta(hours=1), NOW) == 0
