"""The private machine: cluster, broker, worker, backup and restore, and the commands of the Makefile."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from backend import migrations
from backend.core import capabilities, config
from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.services import record_writer
from backend.demo.story_actors import until
from backend.local.bringing_back import NotRestored
from backend.local.broker import Broker
from backend.local.cluster import LONGEST_SOCKET_PATH, Cluster, find_binaries
from backend.local.machine import Machine
from backend.local.processes import Processes, free_port
from backend.local.restoring import restore
from backend.local.safekeeping import backup
from backend.local.story_server import stage
from backend.local.tls import make_certificate, own_address, qr
from tests import factories
from tests.conftest import HOME, OWN_HOME, own_port
from tests.factories import Town, uid

ROOT = Path(__file__).parents[2]


def build(database: Database) -> None:
    with database.transaction() as session:
        factories.build(session)


def _change_phone(http: httpx.Client, path: str) -> bool:
    """The worker may be writing the pinyin meanwhile.

    Then the version has moved, and a person would try again.
    """
    version = http.get(path).headers["ETag"]
    return http.patch(path, json={"phone": "13555555555"}, headers={"If-Match": version}).status_code == 200


def test_a_worker_serves_what_a_request_announced(town: Town, tmp_path: Path) -> None:
    """Real HTTP, a real broker and a real worker.

    The change of a customer reaches an open job's card by itself.
    """
    with stage(OWN_HOME / "test-stage", build, port=own_port(19100)) as (url, machine):
        http = httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60)
        device = {"id": uid("d"), "name": "desk"}
        token = http.post(
            "/sessions", json={"login": "T001", "password": factories.PASSWORD, "device": device}
        ).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        job = http.post(
            "/work-orders", json={"matter_id": town["leak"], "service_point_id": town["point 1"]}
        ).json()
        assert until(lambda: _change_phone(http, f"/customers/{town['customer 1']}"))
        assert until(
            lambda: http.get(f"/work-orders/{job['id']}").json()["site_card"]["phone"] == "13555555555"
        )
        metrics = httpx.get(f"{url}/metrics", trust_env=False, timeout=60).text
        assert "wangge_requests_total" in metrics
        assert "wangge_outbox_waiting" in metrics
        logs = (machine.settings.home / "logs/web.log").read_text()
        assert '"request_id"' in logs
        assert "13555555555" not in logs
        _need_no_secrets(machine, token)
        _need_signs_of_life(machine)
        http.close()


def _need_signs_of_life(machine: Machine) -> None:
    """Web, worker and clock each give theirs, by themselves."""
    engine = machine.engine()

    def parts() -> set[str]:
        with engine.connect() as connection:
            return set(connection.scalars(text("SELECT part FROM pulse")))

    assert until(lambda: parts() == {"web", "worker", "clock"})
    engine.dispose()


def _need_no_secrets(machine: Machine, token: str) -> None:
    """Neither the environment and words of the server's processes nor its logs hold a key or a token.

    No file is open to others.
    """
    home, secrets = machine.settings.home, [one.secret for one in machine.settings.keys.ring().keys]
    assert len(secrets) >= 4
    assert machine.processes is not None
    places = [
        Path(f"/proc/{machine.processes.pid(one)}/{of}")
        for one in ("web", "worker")
        for of in ("environ", "cmdline")
    ]
    for place in (*places, *(home / "logs").iterdir()):
        assert not [one for one in (*secrets, token) if one.encode() in place.read_bytes()], place
    open_to_others = [
        str(path.relative_to(home))
        for folder in ("logs", "objects", "uploads", "metrics", "broker")
        for path in ((home / folder),)
        if path.exists() and path.stat().st_mode & 0o077
    ]
    files = [
        str(one)
        for one in home.iterdir()
        if one.is_file() and one.stat().st_mode & 0o077 and one.name != "WANGGE"
    ]
    assert (open_to_others, files) == ([], [])


def test_a_restore_brings_everything_back_and_opens_an_epoch(
    cluster: Cluster, town_template: str, town: Town, tmp_path: Path
) -> None:
    cluster.ensure_database("copy_restore", town_template)
    objects = tmp_path / "objects"
    (objects / "sha256").mkdir(parents=True)
    (objects / "sha256/photo").write_bytes(b"bytes")
    settings = replace(
        config.read({}), home=tmp_path, database_url=cluster.url("copy_restore"), objects_url=objects.as_uri()
    )
    settings.keys.ensure(tmp_path)
    machine = Machine(settings, cluster)
    backup(machine, tmp_path / "backup")
    database = Database(make_engine(cluster.url("copy_restore")))
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 1"], {"note": "after the backup"}
        )
    database.engine.dispose()
    (objects / "sha256/photo").unlink()
    assert restore(machine, tmp_path / "backup").epoch == 2
    assert (objects / "sha256/photo").read_bytes() == b"bytes"
    with database.transaction() as session:
        assert record_writer.read(session, "customer", town["customer 1"]).values["note"] is None
        # But for the note that it was restored, which is of the new life.
        kept = text("SELECT DISTINCT xid::text FROM sync_entry WHERE kind <> 'administrative_act'")
        assert session.execute(kept).scalars().all() == ["3"]
        assert (
            record_writer.change(
                session, system(town["north"]), "customer", town["customer 1"], {"note": "x"}
            ).version
            == 2**32 + 1
        )
    database.engine.dispose()
    cluster.psql("postgres", "DROP DATABASE copy_restore WITH (FORCE)")


def test_an_own_database_and_broker_are_used_and_never_stopped(
    cluster: Cluster, empty_template: str, tmp_path: Path
) -> None:
    cluster.ensure_database("copy_own", empty_template)
    broker = Broker(tmp_path / "broker")
    broker.start()
    own = {
        "WANGGE_HOME": str(tmp_path / "home"),
        "WANGGE_DATABASE_URL": cluster.url("copy_own"),
        "WANGGE_BROKER_URL": broker.url,
    }
    machine = Machine.prepare(config.read(own))
    assert (machine.is_private, machine.cluster, machine.broker) == (False, None, None)
    assert machine.settings.demo_accounts is False
    assert machine.settings.keys.ring().of("cursors")
    machine.stop()
    assert broker.is_running()
    assert cluster.is_running()
    broker.stop()
    cluster.psql("postgres", "DROP DATABASE copy_own WITH (FORCE)")


def test_a_folder_without_a_backup_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    machine = Machine(replace(config.read({}), home=tmp_path / "home"), cluster)
    (tmp_path / "other").mkdir()
    with pytest.raises(NotRestored, match="holds no"):
        restore(machine, tmp_path / "other")


def test_the_models_and_the_migrations_agree(empty_database: Database) -> None:
    assert migrations.differences(empty_database.engine) == []
    migrations.upgrade(empty_database.engine)


def test_a_deep_folder_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    assert len(str(Cluster(deep, find_binaries(HOME)).socket)) < LONGEST_SOCKET_PATH
    assert len(str(Broker(deep).socket)) < LONGEST_SOCKET_PATH


def test_a_broker_starts_answers_and_stops(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "with a space")
    assert not broker.is_running()
    broker.start()
    broker.start()
    assert broker.is_running()
    broker.stop()
    assert not broker.is_running()


def test_processes_are_stopped_with_their_children(tmp_path: Path) -> None:
    processes = Processes(tmp_path, {})
    processes.start("sleeper", "timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)")
    pid = processes.pid("sleeper")
    processes.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_one_that_ends_is_named(tmp_path: Path) -> None:
    processes = Processes(tmp_path, {})
    processes.start("short", "this")
    assert processes.wait() == "short"


def test_a_taken_port_is_passed_over() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_a_certificate_for_a_phone_is_made_once(tmp_path: Path) -> None:
    address = own_address()
    certificate, key, authority = make_certificate(tmp_path, address)
    before = certificate.read_bytes()
    assert make_certificate(tmp_path, address)[0].read_bytes() == before
    assert key.stat().st_mode & 0o077 == 0
    assert b"BEGIN CERTIFICATE" in authority.read_bytes()
    assert qr("https://127.0.0.1:8000").count("\n") > 10


def run_clean(home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WANGGE_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "deploy/clean.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_clean_removes_its_folder_and_refuses_anything_else(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/WANGGE").touch()
    assert run_clean(tmp_path / "ours").returncode == 0
    assert not (tmp_path / "ours").exists()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/thesis.txt").touch()
    refused = run_clean(tmp_path / "precious")
    assert refused.returncode != 0
    assert (tmp_path / "precious/thesis.txt").exists()
    (tmp_path / "running/cluster").mkdir(parents=True)
    (tmp_path / "running/WANGGE").touch()
    (tmp_path / "running/cluster/postmaster.pid").touch()
    assert "stop" in run_clean(tmp_path / "running").stderr
    assert run_clean(tmp_path / "nothing").returncode == 0


def test_make_help_lists_the_commands() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in ("run", "test", "check", "bench", "spec", "migration", "demo", "clean"):
        assert f"make {command}" in done.stdout


def make_test(area: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--dry-run", "test", f"AREA={area}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_make_test_runs_the_tests_of_one_capability_and_names_them_all_for_any_other() -> None:
    found = make_test("jobs")
    assert found.returncode == 0, found.stderr
    assert " tests/jobs " in found.stdout
    wrong = make_test("plumbing")
    assert wrong.returncode != 0
    assert "no tests for AREA=plumbing" in wrong.stderr
    for capability in capabilities.names():
        assert f" {capability}" in wrong.stderr
