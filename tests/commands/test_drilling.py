"""A backup is tried beside the real database: what it holds is counted, and the real one is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from backend.cli import main
from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.keys import BACKUPS
from backend.local.cluster import Cluster
from backend.local.drilling import drill
from backend.local.encryption import identities_of, recipient_of, recipients_of
from backend.local.machine import Machine
from backend.local.safekeeping import NotRestored, backup
from tests.factories import uid

SHA = "ab" * 32


@pytest.fixture
def machine(cluster: Cluster, town_template: str, tmp_path: Path) -> Iterator[Machine]:
    """A town of its own whose one photo has come in."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_drilled WITH (FORCE)")
    cluster.ensure_database("copy_drilled", town_template)
    photo = tmp_path / "objects" / "sha256" / "ab" / SHA
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"a tap")
    settings = replace(
        config.read({}),
        home=tmp_path / "home",
        database_url=cluster.url("copy_drilled"),
        objects_url=(tmp_path / "objects").as_uri(),
    )
    settings.keys.ensure(settings.home)
    found = Machine(settings, cluster)
    said = "INSERT INTO upload (id, staff_id, unit_id, photo_id, length_bytes, sha256, finished_at)"
    asked(
        found,
        f"{said} VALUES ('{uid('u')}', '{uid('rep')}', '{uid('north')}', '{uid('p')}', 5, '{SHA}', now())",
    )
    yield found
    cluster.psql("postgres", "DROP DATABASE copy_drilled WITH (FORCE)")


def asked(machine: Machine, statement: str) -> list[object]:
    engine = make_engine(machine.settings.database_url)
    try:
        with Database(engine).transaction() as session:
            done = session.execute(text(statement))
            return list(done.scalars()) if done.returns_rows else []
    finally:
        engine.dispose()


def acts(machine: Machine) -> list[object]:
    return asked(machine, "SELECT act FROM administrative_act ORDER BY id")


def left(machine: Machine) -> list[object]:
    return asked(machine, "SELECT datname FROM pg_database WHERE datname LIKE 'wangge_drill_%'")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_good_backup_is_counted_and_that_is_noted(
    machine: Machine, tmp_path: Path, is_encrypted: bool
) -> None:
    to = recipients_of([recipient_of(machine.settings.keys.of(BACKUPS)[-1])]) if is_encrypted else ()
    backup(machine, tmp_path / "kept", to)
    before = asked(machine, "SELECT max(number) FROM sync_epoch")
    found = drill(machine, tmp_path / "kept", identities_of(machine.settings.keys.ring().keys))
    assert (found.held.records > 10, found.files) == (True, 1)
    assert found.held.newest_at is not None
    assert acts(machine) == ["backup_made", "backup_drilled"]
    assert asked(machine, "SELECT max(number) FROM sync_epoch") == before, "no phone hears of it"
    assert left(machine) == []


def test_a_backup_that_is_cut_is_no_good(machine: Machine, tmp_path: Path) -> None:
    dump = backup(machine, tmp_path / "kept")
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    with pytest.raises(NotRestored, match="pg_restore"):
        drill(machine, tmp_path / "kept")
    assert acts(machine) == ["backup_made"]
    assert left(machine) == []


def test_a_backup_without_its_photos_is_no_good(machine: Machine, tmp_path: Path) -> None:
    backup(machine, tmp_path / "kept")
    (tmp_path / "kept" / "objects" / "sha256" / "ab" / SHA).unlink()
    with pytest.raises(NotRestored, match="1 of its 1 files"):
        drill(machine, tmp_path / "kept")
    # Elsewhere photos have a backup of their own.
    stored = replace(machine.settings, objects_url="s3://photos")
    assert drill(Machine(stored, machine.cluster), tmp_path / "kept").files == 0


def test_a_backup_of_nothing_is_no_good(
    machine: Machine,
    tmp_path: Path,
    cluster: Cluster,
    make_database: Callable[[str], Database],
    empty_template: str,
) -> None:
    empty = make_database(empty_template).engine.url.database
    nothing = replace(machine.settings, database_url=cluster.url(str(empty)))
    backup(Machine(nothing, cluster), tmp_path / "kept")
    with pytest.raises(NotRestored, match="no records"):
        drill(machine, tmp_path / "kept")


def test_a_folder_without_a_backup_is_told(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(NotRestored, match=r"database\.dump"):
        drill(machine, tmp_path / "other")


def test_a_role_that_may_make_no_database_says_what_it_needs(
    machine: Machine, tmp_path: Path, as_owner: Callable[[str], None]
) -> None:
    backup(machine, tmp_path / "kept")
    as_owner("DROP ROLE IF EXISTS wangge_plain")
    as_owner("CREATE ROLE wangge_plain LOGIN")
    url = make_url(machine.settings.database_url).set(username="wangge_plain")
    plain = replace(machine.settings, database_url=url.render_as_string(hide_password=False))
    with pytest.raises(NotRestored, match="CREATEDB"):
        drill(Machine(plain, machine.cluster), tmp_path / "kept")
    as_owner("DROP ROLE wangge_plain")


def test_the_command_says_what_it_found(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(machine, tmp_path / "kept")
    for name, value in {
        "HOME": str(machine.settings.home),
        "DATABASE_URL": machine.settings.database_url,
        "OBJECTS_URL": machine.settings.objects_url,
    }.items():
        monkeypatch.setenv(f"WANGGE_{name}", value)
    assert machine.cluster is not None
    program, environment = machine.cluster.where("pg_restore")
    monkeypatch.setenv("PATH", str(Path(program).parent), prepend=":")
    if "LD_LIBRARY_PATH" in environment:
        monkeypatch.setenv("LD_LIBRARY_PATH", environment["LD_LIBRARY_PATH"])
    said = CliRunner().invoke(main, ["restore", str(tmp_path / "kept"), "--drill"])
    assert said.exit_code == 0, said.output
    assert "备份可用" in said.output
    (tmp_path / "kept" / "database.dump").write_bytes(b"nothing")
    bad = CliRunner().invoke(main, ["restore", str(tmp_path / "kept"), "--drill"])
    assert bad.exit_code == 1
    assert "备份不可用" in bad.output
