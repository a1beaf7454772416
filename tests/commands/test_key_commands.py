"""`wangge keys …` and backups as an operator types them.

Noted, without a secret on the screen, taken by running servers.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from backend.cli import main
from backend.core import config, logs
from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.keys import BACKUPS, CURSORS, LINKS, PURPOSES, SEALS, Ring
from backend.core.services import record_writer
from backend.evidence.services import sealing
from backend.local.broker import Broker
from backend.local.cluster import Cluster
from tests.factories import Town

Run = Callable[..., Result]


@pytest.fixture
def run(
    cluster: Cluster, town_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """`run("keys", "list")` in a home of this test's own, on an own database and broker."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_keys WITH (FORCE)")
    cluster.ensure_database("copy_keys", town_template)
    broker = Broker(tmp_path / "broker")
    broker.start()
    program, environment = cluster.where("pg_dump")
    monkeypatch.setenv("PATH", str(Path(program).parent), prepend=":")
    if "LD_LIBRARY_PATH" in environment:
        monkeypatch.setenv("LD_LIBRARY_PATH", environment["LD_LIBRARY_PATH"])
    own = {"HOME": str(tmp_path / "home"), "DATABASE_URL": cluster.url("copy_keys"), "BROKER_URL": broker.url}
    for name, value in own.items():
        monkeypatch.setenv(f"WANGGE_{name}", value)
    for name in ("SECRET_KEY", "KEYS", "KEYS_FILE"):
        monkeypatch.delenv(f"WANGGE_{name}", raising=False)
    yield lambda *arguments: CliRunner().invoke(main, list(arguments))
    logs.configure()
    broker.stop()
    cluster.psql("postgres", "DROP DATABASE copy_keys WITH (FORCE)")


@pytest.fixture
def database(run: Run, cluster: Cluster) -> Iterator[Database]:
    database = Database(make_engine(cluster.url("copy_keys")))
    yield database
    database.engine.dispose()


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 1, result.output
    assert words in " ".join(result.output.split())
    assert result.exception is None or isinstance(result.exception, SystemExit)


def noted(database: Database) -> list[object]:
    with database.transaction() as session:
        return list(
            session.execute(
                text("SELECT after FROM administrative_act WHERE act = 'key_rotated' ORDER BY acted_at")
            ).scalars()
        )


def test_a_rotation_is_noted_taken_at_once_and_shows_no_secret(run: Run, database: Database) -> None:
    assert done(run("keys", "list")).count("在用") == len(PURPOSES)
    # A server that runs meanwhile has this ring, and reads it again.
    keys = config.read().keys
    first = keys.ring()
    said = done(run("keys", "rotate", "cursors")) + done(run("keys", "rotate")) + done(run("keys", "list"))
    ring = keys.ring()
    assert len(ring.keys) == len(first.keys) + 1 + len(PURPOSES)
    assert [len(ring.of(one)) for one in (CURSORS, LINKS)] == [3, 2]
    assert not [one for one in ring.keys if one.secret in said]
    assert all(one.id in said for one in ring.keys)
    told = noted(database)
    assert [len(one["made"]) for one in told] == [1, len(PURPOSES)]  # type: ignore[index]
    assert told[0] == {"made": [{"id": ring.of(CURSORS)[1].id, "purpose": "cursors"}]}
    assert not [one for one in ring.keys if one.secret in str(told)]


def test_a_rotation_waits_for_another_and_keeps_its_key(run: Run, database: Database) -> None:
    done(run("keys", "list"))
    keys = config.read().keys
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('key ring', 0))"))
        command = [sys.executable, "-c", "from backend.cli import main; main()", "keys", "rotate", "links"]
        second = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not connection.execute(waiting).scalar_one() and second.poll() is None:
            time.sleep(0.1)
        theirs = keys.ring().rotated([LINKS])
        keys.write(theirs)
    assert second.wait() == 0
    assert {one.id for one in theirs.keys} < {one.id for one in keys.ring().keys}


def test_a_stolen_key_is_forgotten_once_another_has_sealed(run: Run, database: Database, town: Town) -> None:
    done(run("keys", "list"))
    settings = config.read()
    sealing.seal_history(database, settings.keys, settings.home)
    seals, links = settings.keys.of(SEALS)[-1].id, settings.keys.of(LINKS)[-1].id
    refused(run("keys", "forget", seals), "wangge keys rotate seals")
    refused(run("keys", "forget", "nothing"), "holds no nothing")
    done(run("keys", "rotate"))
    refused(run("keys", "forget", seals), "has not sealed yet")
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 0"], {"note": "x"})
    sealing.seal_history(database, settings.keys, settings.home)
    for one in (seals, links):
        done(run("keys", "forget", one))
    assert not {seals, links} & {one.id for one in settings.keys.ring().keys}
    assert "hold" in done(run("verify"))
    firsts = [next(iter(one)) for one in noted(database)]  # type: ignore[call-overload]
    assert firsts == ["made", "forgotten", "forgotten"]


def test_a_weak_secret_starts_nothing_and_is_replaced_by_a_ring(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = "change-me-to-48-random-bytes"
    home = config.read().home
    home.mkdir()
    sealing.seal_history(database, weak, home)
    monkeypatch.setenv("WANGGE_SECRET_KEY", weak)
    for command in (("verify",), ("migrate",), ("keys", "list"), ("run",)):
        refused(run(*command), "wangge keys rotate")
    assert "take WANGGE_SECRET_KEY out" in done(run("keys", "rotate"))
    monkeypatch.delenv("WANGGE_SECRET_KEY")
    assert "hold" in done(run("verify"))
    keys = config.read().keys
    assert weak in keys.secrets(SEALS)
    assert weak not in keys.secrets(CURSORS) + keys.secrets(LINKS)


def test_a_shared_secret_becomes_a_ring_that_keeps_it(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_SECRET_KEY", "6d0f5e0e6d1b4a6c9a3f-a-secret-of-two-servers")
    before = config.read().keys.of(LINKS)
    refused(run("backup", str(config.read().home / "kept"), "--encrypt"), "wangge keys rotate backups")
    done(run("keys", "rotate", "links"))
    after = config.read().keys.of(LINKS)
    assert (after[:-1], len(after)) == (before, 3)
    refused(run("keys", "forget", before[-1].id), "take WANGGE_SECRET_KEY out")


def test_a_ring_of_the_environment_is_written_elsewhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Ring().rotated(PURPOSES)
    monkeypatch.setenv("WANGGE_KEYS", given.as_text())
    refused(run("keys", "rotate"), "--to FILE")
    done(run("keys", "rotate", "links", "--to", str(tmp_path / "ring")))
    assert Ring.parse((tmp_path / "ring").read_bytes()).keys[:-1] == given.keys
    assert (tmp_path / "ring").stat().st_mode & 0o777 == 0o600


def test_an_encrypted_backup_is_made_and_comes_back_from_the_shell(run: Run, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    done(run("backup", kept, "--encrypt"))
    assert "keys and seals are not in it" in done(run("backup", kept, "--encrypt"))
    assert len(list(Path(kept).glob("*/database.dump.age"))) == 2
    done(run("keys", "rotate", BACKUPS))
    assert "epoch 2" in done(run("restore", kept))
    keys = config.read().keys
    for one in keys.of(BACKUPS)[:-1]:
        done(run("keys", "forget", one.id))
    refused(run("restore", kept), "--identity")
    refused(run("backup", str(tmp_path), "--encrypt-to", "nobody"), "no key of age or SSH")
    refused(run("backup", str(tmp_path)), "new or empty folder")


def test_an_erasure_is_noted(run: Run, database: Database, town: Town) -> None:
    done(run("erase", "customer", town["customer 0"]))
    with database.transaction() as session:
        found = session.execute(
            text("SELECT subject_kind, subject_id::text FROM administrative_act WHERE act = 'erased'")
        ).all()
    assert [tuple(one) for one in found] == [("customer", town["customer 0"])]
