"""Ready is what answers at `/readyz`, not a port that listens; metrics' folder; migrations by any role."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from backend.cli import main
from backend.core import metric_files
from backend.core.db import Database, make_engine
from backend.core.private_files import NotOurs
from backend.local.cluster import Cluster
from backend.local.processes import NotReady, ready_or_why, wait_until_ready
from tests.conftest import OWN_HOME


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that listens, and behind it nobody who answers: as gunicorn's while its workers are made."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


def test_a_port_that_listens_is_not_ready(silent: str) -> None:
    with pytest.raises(NotReady, match="timed out"):
        wait_until_ready(silent, 0.3)


def test_nobody_there_is_said(silent: str) -> None:
    assert "refused" in (ready_or_why("http://127.0.0.1:9") or "")
    assert "nowhere" not in (ready_or_why("http://nowhere.invalid") or "nowhere")
    assert ready_or_why(silent, 0.2) is not None


def test_a_server_without_its_database_is_not_ready_until_it_answers(served: str, app: Flask) -> None:
    house = app.extensions["wangge"]
    there = house.database
    object.__setattr__(house, "database", Database(make_engine("postgresql://nobody@127.0.0.1:1/nothing")))
    assert ready_or_why(served) == "HTTP 503 SERVICE UNAVAILABLE"
    with pytest.raises(NotReady, match="503"):
        wait_until_ready(served, 0.3)

    def mend() -> None:
        time.sleep(0.5)
        object.__setattr__(house, "database", there)

    threading.Thread(target=mend).start()
    wait_until_ready(served, 20)
    assert ready_or_why(served) is None


def test_the_command_says_it_in_words_and_by_its_end(served: str, silent: str) -> None:
    told = CliRunner().invoke(main, ["ready", "--url", f"{served}/"])
    assert (told.exit_code, served in told.output) == (0, True)
    told = CliRunner().invoke(main, ["ready", "--url", "http://127.0.0.1:9", "--wait", "0"])
    assert told.exit_code == 1
    assert "没有就绪" in told.output and "journalctl -u wangge-web" in told.output
    assert "Traceback" not in told.output


@pytest.fixture
def variable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(metric_files.VARIABLE, raising=False)
    yield
    os.environ.pop(metric_files.VARIABLE, None)


@pytest.mark.usefixtures("variable")
def test_the_folder_of_metrics_is_made_and_emptied_of_what_another_server_counted(tmp_path: Path) -> None:
    home = tmp_path / "not there yet"
    folder = metric_files.begin(home)
    assert (folder, os.environ[metric_files.VARIABLE]) == (home / "metrics", str(home / "metrics"))
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "counter_77.db").write_bytes(b"old")
    (folder / "kept.txt").write_bytes(b"somebody's")
    assert [one.name for one in metric_files.begin(home).iterdir()] == ["kept.txt"]


@pytest.mark.usefixtures("variable")
def test_a_folder_that_the_environment_names_is_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metric_files.VARIABLE, str(tmp_path / "deep/metrics"))
    assert metric_files.begin(tmp_path / "home") == tmp_path / "deep/metrics"
    assert not (tmp_path / "home").exists()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    monkeypatch.setenv(metric_files.VARIABLE, str(tmp_path / "link"))
    with pytest.raises(NotOurs, match="link"):
        metric_files.begin(tmp_path)


@pytest.fixture
def ordinary(cluster: Cluster) -> Iterator[str]:
    """A database without extensions that belongs to a role with no rights beside."""
    cluster.psql("postgres", "CREATE ROLE ordinary LOGIN")
    cluster.psql("postgres", "CREATE DATABASE copy_ordinary OWNER ordinary TEMPLATE template0")
    owner = cluster.url().split("//")[1].split("@")[0]
    yield cluster.url("copy_ordinary").replace(f"//{owner}@", "//ordinary@")
    cluster.psql("postgres", "DROP DATABASE copy_ordinary WITH (FORCE)")
    cluster.psql("postgres", "DROP ROLE ordinary")


def migrated(url: str, *options: str) -> tuple[int, str]:
    home = {"WANGGE_HOME": str(OWN_HOME / "test-migrate"), "WANGGE_DATABASE_URL": url}
    told = CliRunner().invoke(main, ["migrate", *options], env=home)
    return told.exit_code, told.output


def test_a_role_that_may_make_no_extension_is_told_what_a_superuser_must_do(
    ordinary: str, cluster: Cluster
) -> None:
    code, said = migrated(ordinary)
    assert code == 1
    assert "CREATE EXTENSION IF NOT EXISTS postgis" in said and "postgis" in said
    assert "Traceback" not in said
    for extension in ("postgis", "pg_trgm"):
        cluster.psql("copy_ordinary", f"CREATE EXTENSION {extension}")
    assert migrated(ordinary)[0] == 0


def test_a_database_of_a_newer_release_is_told_as_one(ordinary: str, cluster: Cluster) -> None:
    for statement in (
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('9999')",
        "GRANT ALL ON alembic_version TO ordinary",
    ):
        cluster.psql("copy_ordinary", statement)
    code, said = migrated(ordinary)
    assert (code, "Traceback" in said) == (1, False)
    assert "newer" in said


def test_a_database_that_is_away_is_waited_for_and_then_said() -> None:
    code, said = migrated("postgresql://nobody@127.0.0.1:1/nothing", "--wait", "1")
    assert code == 1
    assert "等着它" in said and "WANGGE_DATABASE_URL" in said
