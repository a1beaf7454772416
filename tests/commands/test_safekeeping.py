"""Backups: their owner's alone, encrypted on request, whole or not at all; what an operator does is noted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import text

from backend.core.blobs.store import ObjectBlobs, open_blobs
from backend.core.db import make_engine
from backend.core.keys import BACKUPS
from backend.local import manifest
from backend.local.bringing_back import NotRestored
from backend.local.encryption import NoIdentity, identities_of, recipient_of, recipients_of
from backend.local.generations import chosen, generations
from backend.local.machine import Machine
from backend.local.object_copies import Copied, copy_back, read_list
from backend.local.programs import Programs, programs_for
from backend.local.restoring import Ways, restore
from backend.local.safekeeping import NotKept, Wanted, backup
from tests.commands.keeping import PHOTO, asked


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
        made = backup(machine, folder).parent
        assert modes(made) == {"d700", "f600"}
        # Nobody else comes to what is below.
        assert {f"{one.stat().st_mode & 0o777:o}" for one in (folder, *folder.iterdir()) if one.is_dir()} == {
            "700"
        }
    finally:
        os.umask(before)


def test_an_encrypted_backup_holds_nothing_plain_and_comes_back(machine: Machine, tmp_path: Path) -> None:
    folder, key = tmp_path / "kept", machine.settings.keys.of(BACKUPS)[-1]
    target = backup(machine, folder, Wanted([recipient_of(key)]))
    assert target.name == "database.dump.age"
    files = [path for path in folder.rglob("*") if path.is_file()]
    closed = [path for path in files if path.suffix == ".age"]
    others = {path.name for path in files} - {path.name for path in closed}
    assert (len(closed), others) == (2, {"manifest.json", "objects.jsonl", ".lock"})
    for path in closed:
        data = path.read_bytes()
        assert data.startswith(b"age-encryption.org/v1")
        assert b"PGDMP" not in data and PHOTO[:18] not in data and b"sync_history" not in data
    # The ring that opens it is not in it, and rotating the key does not close it.
    machine.settings.keys.write(machine.settings.keys.ring().rotated([BACKUPS]))
    (tmp_path / "objects/sha256/ab/photo").unlink()
    rows = asked(machine, "SELECT count(*) FROM sync_history")[0]
    asked(machine, "DELETE FROM sync_history RETURNING 1")
    assert restore(machine, folder, Ways(identities_of(machine.settings.keys.ring().keys))).epoch == 2
    assert (tmp_path / "objects/sha256/ab/photo").read_bytes() == PHOTO
    assert asked(machine, "SELECT count(*) FROM sync_history")[0] == int(str(rows)) - 1 + 1


@pytest.fixture
def elsewhere(machine: Machine, tmp_path: Path) -> tuple[Path, Path]:
    """A backup to a key that is not on this machine; and that key."""
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "safe").write_text(f"# made by hand\n{identity}\n")
    backup(machine, tmp_path / "kept", Wanted([str(identity.to_public())]))
    return tmp_path / "kept", tmp_path / "safe"


def test_without_its_key_a_backup_does_not_open_and_nothing_is_touched(
    machine: Machine, elsewhere: tuple[Path, Path]
) -> None:
    folder, safe = elsewhere
    ring = machine.settings.keys.ring().keys
    with pytest.raises(NotRestored, match="--identity"):
        restore(machine, folder, Ways(identities_of(ring)))
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]
    assert restore(machine, folder, Ways(identities_of(ring, [safe]))).epoch == 2


@pytest.mark.parametrize("spoil", ["cut", "changed"])
def test_a_spoiled_backup_changes_nothing(machine: Machine, elsewhere: tuple[Path, Path], spoil: str) -> None:
    folder, safe = elsewhere
    dump = chosen(folder).dump
    data = bytearray(dump.read_bytes())
    if spoil == "cut":
        del data[-1000:]
    else:
        data[-1000] ^= 1
    dump.write_bytes(data)
    before = asked(machine, "SELECT count(*) FROM sync_history")
    with pytest.raises(NotRestored):
        restore(machine, folder, Ways(identities_of((), [safe])))
    assert asked(machine, "SELECT count(*) FROM sync_history") == before
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]


def test_a_folder_of_other_things_is_left_alone(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir(mode=0o755)
    (folder / "thesis.txt").touch()
    with pytest.raises(NotKept, match="new or empty"):
        backup(machine, folder)
    assert (folder.stat().st_mode & 0o777, os.listdir(folder)) == (0o755, ["thesis.txt"])


def test_a_dump_that_fails_leaves_the_last_good_one(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = backup(machine, tmp_path / "kept")
    good, command = target.read_bytes(), Programs.command

    def failing(of: Programs, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        return command(of, name, *arguments, "--table=no_such_table")

    monkeypatch.setattr(Programs, "command", failing)
    with pytest.raises(NotKept, match="pg_dump failed"):
        backup(machine, tmp_path / "kept")
    assert target.read_bytes() == good
    assert generations(tmp_path / "kept") == [target.parent]
    assert not list((tmp_path / "kept").glob(".*.partial"))
    assert asked(machine, "SELECT count(*) FROM sync_backup") == [1], "phones keep what no backup holds"


def test_no_password_stands_in_the_words_of_a_command(machine: Machine) -> None:
    url = "postgresql://wangge:s3cret-of-ours@db.example:5433/town?sslmode=require"
    other = Machine(replace(machine.settings, database_url=url), machine.cluster)
    command, environment = programs_for(other, 14).command("pg_dump", "--format=custom")
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


@pytest.mark.parametrize("key", ["exports/one.zip", f"sha256/cd/{'cd' * 32}"])
def test_an_archive_let_go_of_while_a_backup_is_made_stops_nothing(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Whoever deletes an archive at the wrong moment does not leave a day without a backup; a photo that is
    gone does."""
    listing = ObjectBlobs.listing

    def with_one_that_goes(blobs: ObjectBlobs) -> Iterator[tuple[str, int]]:
        yield key, 5
        yield from listing(blobs)

    monkeypatch.setattr(ObjectBlobs, "listing", with_one_that_goes)
    if key.startswith("sha256/"):
        with pytest.raises(NotKept):
            backup(machine, tmp_path / "kept")
        return
    made = backup(machine, tmp_path / "kept")
    assert [one.key for one in read_list(made.parent / "objects.jsonl")] == ["sha256/ab/photo"]


def test_what_was_acknowledged_while_a_backup_began_is_kept_by_the_phone(
    machine: Machine, tmp_path: Path
) -> None:
    """It took its moment before the backup, and ended after the backup's snapshot: it is in no backup."""
    engine = make_engine(machine.settings.database_url)
    with engine.begin() as connection:
        answered_at = connection.execute(text("SELECT now()")).scalar_one()
        made = backup(machine, tmp_path / "kept")
        connection.execute(text("INSERT INTO alarm_threshold (code, threshold) VALUES ('disk', 1)"))
    engine.dispose()
    # The phone lets go of what was answered before this, and sends again what was answered later.
    assert asked(machine, "SELECT max(began_at) FROM sync_backup")[0] <= answered_at
    assert datetime.fromisoformat(manifest.read(made.parent).began_at) <= answered_at
    restore(machine, tmp_path / "kept")
    assert asked(machine, "SELECT holds_through FROM sync_epoch ORDER BY number")[-1] <= answered_at


def test_archives_of_data_taken_away_are_in_no_backup_and_come_back_from_none(
    machine: Machine, tmp_path: Path
) -> None:
    """One that was made while a backup ran has no row in it: nobody would ever delete what came back."""
    archive = tmp_path / "objects/exports/one.zip"
    archive.parent.mkdir()
    archive.write_bytes(b"all customers")
    made = backup(machine, tmp_path / "kept")
    listed = list(read_list(made.parent / "objects.jsonl"))
    assert [one.key for one in listed] == ["sha256/ab/photo"]
    archive.unlink()
    # A release before copied them too.
    (tmp_path / "old").write_bytes(b"all customers")
    older = [*listed, Copied("exports/one.zip", "old", 13, "")]
    blobs = open_blobs(machine.settings.objects_url)
    assert copy_back(tmp_path, older, blobs, shutil.copyfileobj, tmp_path) == []
    assert not archive.exists()
