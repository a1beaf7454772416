"""The database is brought back to a minute before a deletion: by archived logs alone, and by pgBackRest."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.services import record_writer
from backend.demo.story_actors import until
from backend.evidence.services.sealing import Broken, seal_history, verify_history
from backend.local.base_backups import newest, note
from backend.local.cluster import Cluster, find_binaries
from backend.local.machine import Machine
from backend.local.restoring import Ways, restore
from backend.local.safekeeping import backup
from backend.phones.services.history import watch_history
from tests.conftest import HOME
from tests.factories import Town

pytestmark = pytest.mark.long
MINUTE = timedelta(minutes=1)
DEPLOY = Path(__file__).parents[2] / "deploy"


@dataclass
class Server:
    """A cluster that archives its log, with a town in it, and the home beside."""

    cluster: Cluster
    machine: Machine
    folder: Path

    def settled(self, **settings: str) -> None:
        """Settings of PostgreSQL, which starts anew."""
        for name, value in settings.items():
            self.cluster.psql("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
        self.cluster.stop()
        self.cluster.start()

    def run(self, program: str, *arguments: str) -> str:
        """A program under the account that the cluster runs under."""
        done = self.cluster._run(program, *arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def asked(self, statement: str) -> str:
        return self.cluster.psql("wangge", statement).strip()

    def opened(self) -> Database:
        return Database(make_engine(self.cluster.url()))


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that PostgreSQL's own account may walk to."""
    made = Path(tempfile.mkdtemp(prefix="wangge-archived-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def server(folder: Path, machine: Machine) -> Iterator[Server]:
    """The town, brought into a cluster of its own from a backup."""
    backup(machine, folder / "kept")
    cluster = Cluster(folder / "cluster", find_binaries(HOME))
    cluster.start()
    cluster.ensure_database()
    settings = replace(machine.settings, database_url=cluster.url())
    found = Server(cluster, Machine(settings, cluster), folder)
    restore(found.machine, folder / "kept", Ways())
    yield found
    found.cluster.stop()


def write_note(server: Server, words: str) -> None:
    """A customer's note is written, and sealed."""
    town, database = Town(), server.opened()
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 1"], {"note": words})
    seal_history(database, server.machine.settings.keys, server.machine.settings.home)
    database.engine.dispose()


def disaster(server: Server) -> datetime:
    """Work; more than a minute later somebody deletes all of history; returns when that was."""
    write_note(server, "stands in the log alone")
    time.sleep(MINUTE.total_seconds() + 3)
    moment = datetime.fromisoformat(server.asked("SELECT now()"))
    server.asked("DELETE FROM sync_history")
    server.asked("UPDATE sync_epoch SET reason = 'spoiled'")
    segment = server.asked("SELECT pg_walfile_name(pg_switch_wal())")
    archived = "SELECT last_archived_wal FROM pg_stat_archiver"
    assert until(lambda: server.asked(archived) >= segment, 60), server.asked(
        "SELECT * FROM pg_stat_archiver"
    )
    server.cluster.stop()
    return moment


def need_brought_back(server: Server, before: str) -> None:
    """Everything up to that minute is there, seals verify, and phones are told of another history."""
    assert until(lambda: server.asked("SELECT pg_is_in_recovery()") == "f", 60)
    assert server.asked("SELECT count(*) FROM sync_history") == before
    assert server.asked("SELECT count(*) FROM customer WHERE note = 'stands in the log alone'") == "1"
    database = server.opened()
    with database.snapshot() as session:
        found = list(verify_history(session, server.machine.settings.keys))
        assert found and not any(isinstance(one, Broken) for one in found)
    assert (
        watch_history(database, server.machine.settings.home)
        == "the database was restored, copied or promoted"
    )
    with database.snapshot() as session:
        told = session.execute(
            text("SELECT holds_through FROM sync_epoch ORDER BY number DESC LIMIT 1")
        ).scalar()
    database.engine.dispose()
    assert told is not None, "phones send again what they did since the base backup"


def recover(folder: Path, command: str, moment: datetime) -> None:
    """What PostgreSQL goes by when it starts: up to that moment, and then it serves."""
    owner = folder.stat()
    # Our clusters have their socket inside.
    shutil.rmtree(folder / "socket", ignore_errors=True)
    (folder / "recovery.signal").touch()
    with (folder / "postgresql.auto.conf").open("a") as file:
        file.write(f"restore_command = '{command}'\nrecovery_target_time = '{moment.isoformat()}'\n")
        file.write("recovery_target_action = 'promote'\n")
    os.chown(folder / "recovery.signal", owner.st_uid, owner.st_gid)


def handed_over(server: Server, place: Path) -> Path:
    """A new folder that the cluster's own account may write to."""
    place.mkdir(mode=0o700)
    server.cluster._give_to_owner(place)
    return place


def test_by_archived_logs_alone(server: Server) -> None:
    archive = handed_over(server, server.folder / "archive")
    server.settled(archive_mode="on", archive_command=f"cp %p {archive}/%f", archive_timeout="60")
    began = datetime.now(UTC)
    base = handed_over(server, server.folder / "base")
    where = ("-h", str(server.cluster.socket.resolve()), "-U", server.cluster._owner())
    server.run("pg_basebackup", *where, "-D", str(base), "-X", "none", "-c", "fast")
    assert note(server.machine, began, "said")
    write_note(server, "of before")
    before = str(int(server.asked("SELECT count(*) FROM sync_history")) + 1)
    deleted = disaster(server)
    recover(base, f"cp {archive}/%f %p", deleted - MINUTE)
    server.cluster = Cluster(base, find_binaries(HOME))
    server.cluster.start()
    need_brought_back(server, before)


@pytest.fixture
def pgbackrest(server: Server) -> Callable[..., str]:
    """Runs it with the configuration of `deploy`, on folders of this test."""
    program = shutil.which("pgbackrest")
    if program is None:
        pytest.skip("pgbackrest is not installed here")
    told = (DEPLOY / "pgbackrest.conf").read_text()
    own = {
        "repo1-path": handed_over(server, server.folder / "repository"),
        "pg1-path": server.cluster.folder.resolve(),
    }
    for name, value in own.items():
        told, count = re.subn(rf"^{name}=.*$", f"{name}={value}", told, flags=re.M)
        assert count == 1
    more = {"log-path": "log", "lock-path": "lock", "spool-path": "spool"}
    lines = "".join(f"{name}={handed_over(server, server.folder / place)}\n" for name, place in more.items())
    told = told.replace("[global]\n", f"[global]\n{lines}")
    told += f"pg1-socket-path={server.cluster.socket.resolve()}\npg1-user={server.cluster._owner()}\n"
    (server.folder / "pgbackrest.conf").write_text(told)
    (server.folder / "pgbackrest.conf").chmod(0o644)
    options = (f"--config={server.folder / 'pgbackrest.conf'}", "--stanza=wangge")
    # As the cluster's own programs are run: not as root.
    link = server.cluster._binaries.bin / program
    return lambda *arguments: server.run(str(link), *options, *arguments)


def test_by_pgbackrest_as_deployed(server: Server, pgbackrest: Callable[..., str]) -> None:
    archiving = (DEPLOY / "postgresql-archiving.conf").read_text()
    settings = dict(re.findall(r"^(\w+) = '?(.*?)'?$", archiving, flags=re.M))
    config_file = server.folder / "pgbackrest.conf"
    program = shutil.which("pgbackrest")
    settings["archive_command"] = settings["archive_command"].replace(
        "pgbackrest ", f"{program} --config={config_file} "
    )
    server.settled(**settings)
    pgbackrest("stanza-create")
    pgbackrest("backup")
    (server.folder / "info").write_text(pgbackrest("info", "--output=json"))
    moment, by = newest(None, "wangge", server.folder / "info")
    assert note(server.machine, moment, by)
    write_note(server, "of before")
    before = str(int(server.asked("SELECT count(*) FROM sync_history")) + 1)
    deleted = disaster(server)
    pgbackrest(
        "restore",
        "--delta",
        "--type=time",
        f"--target={(deleted - MINUTE).isoformat(' ')}",
        "--target-action=promote",
    )
    server.cluster.start()
    need_brought_back(server, before)
