"""Backups: their owner's alone, encrypted on request, whole or not at all; what an operator does is noted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import text

from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.keys import BACKUPS
from backend.local import safekeeping
from backend.local.cluster import Cluster
from backend.local.encryption import NoIdentity, identities_of, recipient_of, recipients_of
from backend.local.machine import Machine
from backend.local.safekeeping import NotKept, NotRestored, backup, restore

PHOTO = b"a photo of the tap" * 50_000


@pytest.fixture
def machine(cluster: Cluster, town_template: str, tmp_path: Path) -> Iterator[Machine]:
    """A town of its own with one object, and a ring."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_kept WITH (FORCE)")
    cluster.ensure_database("copy_kept", town_template)
    objects = tmp_path / "objects"
    (objects / "sha256/ab").mkdir(parents=True)
    (objects / "sha256/ab/photo").write_bytes(PHOTO)
    settings = replace(
        config.read({}), home=tmp_path, database_url=cluster.url("copy_kept"), objects_url=objects.as_uri()
    )
    settings.keys.ensure(tmp_path)
    yield Machine(settings, cluster)
    cluster.psql("postgres", "DROP DATABASE copy_kept WITH (FORCE)")


def asked(machine: Machine, question: str) -> list[object]:
    engine = make_engine(machine.settings.database_url)
    try:
        with Database(engine).transaction() as session:
            return list(session.execute(text(question)).scalars())
    finally:
        engine.dispose()


def modes(folder: Path) -> set[str]:
    """Who may do what, of a folder and everything in it."""
    return {
        f"{'d' if path.is_dir() else 'f'}{path.stat().st_mode & 0o777:o}"
        for path in (folder, *folder.rglob("*"))
    }


def test_a_backup_is_its_owners_alone_whatever_the_shells_habits(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    before = os.umask(0o000)
    try:
        backup(machine, folder)
        assert modes(folder) == {"d700", "f600"}
        # One that was made before, open to everybody.
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777)
        backup(machine, folder)
        assert modes(folder) == {"d700", "f600"}
    finally:
        os.umask(before)


def test_an_encrypted_backup_holds_nothing_plain_and_comes_back(machine: Machine, tmp_path: Path) -> None:
    folder, key = tmp_path / "kept", machine.settings.keys.of(BACKUPS)[-1]
    target = backup(machine, folder, recipients_of([recipient_of(key)]))
    assert target.name == "database.dump.age"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["database.dump.age", "photo.age"]
    for path in files:
        data = path.read_bytes()
        assert data.startswith(b"age-encryption.org/v1")
        assert b"PGDMP" not in data and PHOTO[:18] not in data and b"sync_history" not in data
    # The ring that opens it is not in it, and rotating the key does not close it.
    machine.settings.keys.write(machine.settings.keys.ring().rotated([BACKUPS]))
    (tmp_path / "objects/sha256/ab/photo").unlink()
    rows = asked(machine, "SELECT count(*) FROM sync_history")[0]
    asked(machine, "DELETE FROM sync_history RETURNING 1")
    assert restore(machine, folder, identities_of(machine.settings.keys.ring().keys)) == 2
    assert (tmp_path / "objects/sha256/ab/photo").read_bytes() == PHOTO
    assert asked(machine, "SELECT count(*) FROM sync_history")[0] == int(str(rows)) - 1 + 1


@pytest.fixture
def elsewhere(machine: Machine, tmp_path: Path) -> tuple[Path, Path]:
    """A backup to a key that is not on this machine; and that key."""
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "safe").write_text(f"# made by hand\n{identity}\n")
    backup(machine, tmp_path / "kept", recipients_of([str(identity.to_public())]))
    return tmp_path / "kept", tmp_path / "safe"


def test_without_its_key_a_backup_does_not_open_and_nothing_is_touched(
    machine: Machine, elsewhere: tuple[Path, Path]
) -> None:
    folder, safe = elsewhere
    ring = machine.settings.keys.ring().keys
    with pytest.raises(NotRestored, match="--identity"):
        restore(machine, folder, identities_of(ring))
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]
    assert restore(machine, folder, identities_of(ring, [safe])) == 2


@pytest.mark.parametrize("spoil", ["cut", "changed"])
def test_a_spoiled_backup_changes_nothing(machine: Machine, elsewhere: tuple[Path, Path], spoil: str) -> None:
    folder, safe = elsewhere
    dump = folder / "database.dump.age"
    data = bytearray(dump.read_bytes())
    if spoil == "cut":
        del data[-1000:]
    else:
        data[-1000] ^= 1
    dump.write_bytes(data)
    before = asked(machine, "SELECT count(*) FROM sync_history")
    with pytest.raises(NotRestored):
        restore(machine, folder, identities_of((), [safe]))
    assert asked(machine, "SELECT count(*) FROM sync_history") == before
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]


def test_a_folder_of_other_things_is_left_alone(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir(mode=0o755)
    (folder / "thesis.txt").touch()
    with pytest.raises(NotKept, match="new or empty"):
        backup(machine, folder)
    assert (folder.stat().st_mode & 0o777, os.listdir(folder)) == (0o755, ["thesis.txt"])
    backup(machine, tmp_path / "plain")
    with pytest.raises(NotKept, match="other form"):
        backup(
            machine, tmp_path / "plain", recipients_of([recipient_of(machine.settings.keys.of(BACKUPS)[-1])])
        )


def test_a_dump_that_fails_leaves_the_last_good_one(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = backup(machine, tmp_path / "kept")
    good, command = target.read_bytes(), safekeeping._command

    def failing(of: Machine, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        return command(of, name, *arguments, "--table=no_such_table")

    monkeypatch.setattr(safekeeping, "_command", failing)
    with pytest.raises(NotKept, match="pg_dump failed"):
        backup(machine, tmp_path / "kept")
    assert target.read_bytes() == good
    assert not [path for path in (tmp_path / "kept").iterdir() if path.name.startswith(".")]


def test_no_password_stands_in_the_words_of_a_command(machine: Machine) -> None:
    other = Machine(
        replace(
            machine.settings,
            database_url="postgresql://wangge:s3cret-of-ours@db.example:5433/town?sslmode=require",
        )
    )
    command, environment = safekeeping._command(other, "pg_dump", "--format=custom")
    assert "s3cret-of-ours" not in " ".join(command)
    assert environment["PGPASSWORD"] == "s3cret-of-ours"
    for part in ("host=db.example", "port=5433", "user=wangge", "dbname=town", "sslmode=require"):
        assert part in command[-1]


def test_what_was_done_at_the_shell_is_noted(machine: Machine, tmp_path: Path, town: dict[str, str]) -> None:
    backup(machine, tmp_path / "kept")
    asked(machine, "DELETE FROM administrative_act RETURNING 1")
    restore(machine, tmp_path / "kept")
    backup(machine, tmp_path / "kept")
    noted = asked(machine, "SELECT act FROM administrative_act WHERE by_staff_id IS NULL ORDER BY acted_at")
    assert noted == ["restored", "backup_made"]
    assert asked(machine, "SELECT DISTINCT unit_id::text FROM administrative_act") == [town["group"]]


def test_a_backup_before_an_upgrade_needs_no_new_tables(machine: Machine, tmp_path: Path) -> None:
    engine = make_engine(machine.settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE administrative_act"))
    engine.dispose()
    assert backup(machine, tmp_path / "kept").exists()


@pytest.mark.parametrize("words", ["age1nothing", "", "AGE-SECRET-KEY-1", "ssh-rsa AAAA"])
def test_what_is_no_recipient_is_said(words: str) -> None:
    with pytest.raises(NoIdentity, match="no key of age or SSH"):
        recipients_of([words])


def test_a_file_that_is_no_identity_is_said(tmp_path: Path) -> None:
    (tmp_path / "safe").write_text("not a key\n")
    with pytest.raises(NoIdentity):
        identities_of((), [tmp_path / "safe"])
