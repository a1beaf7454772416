"""Backups one after another: objects are copied once, out of S3 too; what fails leaves those of before."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from backend.core.blobs.store import open_blobs
from backend.core.keys import BACKUPS
from backend.local import generations, manifest, object_copies
from backend.local.encryption import identities_of, recipient_of
from backend.local.generations import chosen
from backend.local.locks import Lock
from backend.local.machine import Machine
from backend.local.restoring import Ways, restore
from backend.local.safekeeping import NotKept, Wanted, backup
from tests.commands.keeping import PHOTO, asked
from tests.s3 import s3  # noqa: F401 - a fixture


def copies(folder: Path) -> dict[str, int]:
    """Files of copies, and which file of the disk each is."""
    root = folder / "objects"
    return {str(one.relative_to(root)): one.stat().st_ino for one in root.rglob("*") if one.is_file()}


def put(machine: Machine, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"sha256/{sha256[:2]}/{sha256}"
    open_blobs(machine.settings.objects_url).put(key, iter([content]))
    return key


def test_an_object_is_copied_once(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    backup(machine, folder)
    first = copies(folder)
    new = put(machine, b"a new one")
    backup(machine, folder)
    second = copies(folder)
    assert first.items() < second.items(), "as it was copied then"
    assert second.keys() - first.keys() == {new}
    # One that was spoiled in between is copied again.
    (folder / "objects" / new).write_bytes(b"")
    backup(machine, folder)
    assert (folder / "objects" / new).read_bytes() == b"a new one"
    listed = list(object_copies.read_list(chosen(folder).list))
    assert [one.file for one in listed] == sorted(second) or {one.file for one in listed} == set(second)
    assert {one.sha256 for one in listed} >= {hashlib.sha256(PHOTO).hexdigest()}


@pytest.mark.long
def test_to_another_key_everything_is_written_again(machine: Machine, tmp_path: Path) -> None:
    folder, mine, theirs = tmp_path / "kept", *(pyrage.x25519.Identity.generate() for _ in range(2))
    for identity in (mine, mine, theirs):
        backup(machine, folder, Wanted([str(identity.to_public())]))
    found = copies(folder)
    assert len(found) == 2 and all(
        one.startswith("sha256/ab/photo.") and one.endswith(".age") for one in found
    )
    (tmp_path / "objects/sha256/ab/photo").unlink()
    assert restore(machine, folder, Ways([theirs])).lacking == []
    assert (tmp_path / "objects/sha256/ab/photo").read_bytes() == PHOTO
    # The oldest is still opened by its own key.
    (tmp_path / "objects/sha256/ab/photo").unlink()
    assert restore(machine, generations.generations(folder)[0], Ways([mine])).lacking == []
    # A backup of photos whose key is elsewhere says which could not be had.
    (tmp_path / "objects/sha256/ab/photo").unlink()


@pytest.mark.long
def test_so_many_are_kept_and_what_none_names_goes(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    made = [backup(machine, folder, Wanted(keep=2)).parent for _ in range(2)]
    gone = tmp_path / "objects/sha256/ab/photo"
    gone.unlink()
    made.append(backup(machine, folder, Wanted(keep=2)).parent)
    assert generations.generations(folder) == made[1:]
    assert copies(folder), "the one before names it"
    made.append(backup(machine, folder, Wanted(keep=1)).parent)
    assert generations.generations(folder) == made[3:]
    assert copies(folder) == {}


def test_backups_of_one_second_are_in_their_order(tmp_path: Path) -> None:
    at = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    made = [generations.finish(generations.begin(tmp_path, at)) for _ in range(11)]
    assert [one.name for one in made[:3]] == ["20261128T090000Z", "20261128T090000Z-2", "20261128T090000Z-3"]
    assert generations.generations(tmp_path) == made


def test_what_a_killed_backup_left_is_taken_away(machine: Machine, tmp_path: Path) -> None:
    left = generations.begin(tmp_path / "kept", datetime.now(UTC))
    (left / "database.dump").write_bytes(b"half")
    made = backup(machine, tmp_path / "kept")
    assert not left.exists()
    assert chosen(tmp_path / "kept").dump == made


def test_two_at_once_are_one(machine: Machine, tmp_path: Path) -> None:
    lock = Lock(tmp_path / "kept/.lock")
    assert lock.take()
    with pytest.raises(NotKept, match="under way"):
        backup(machine, tmp_path / "kept")
    lock.give_back()
    assert backup(machine, tmp_path / "kept").exists()


@pytest.mark.long
def test_the_last_one_of_an_older_release_goes_when_its_turn_comes(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    (folder / "objects/sha256/cd").mkdir(parents=True)
    (folder / "objects/sha256/cd/old").write_bytes(b"named by the old dump alone")
    (folder / "database.dump").write_bytes(b"a dump of before")
    backup(machine, folder, Wanted(keep=2))
    assert (folder / "database.dump").exists()
    assert "sha256/cd/old" in copies(folder)
    backup(machine, folder, Wanted(keep=2))
    assert not (folder / "database.dump").exists()
    assert "sha256/cd/old" not in copies(folder)


@contextmanager
def _a_disk_of(most_bytes: int) -> Iterator[None]:
    """No file grows beyond that, as on a disk that is full: the kernel refuses the write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("is_encrypted", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("at", ["the dump", "a photo"])
def test_a_disk_that_fills_up_leaves_the_old_one_the_newest(
    machine: Machine, tmp_path: Path, is_encrypted: bool, at: str
) -> None:
    folder = tmp_path / "kept"
    wanted = Wanted([recipient_of(machine.settings.keys.of(BACKUPS)[-1])] if is_encrypted else [])
    dump = backup(machine, folder, wanted)
    before, noted = copies(folder), asked(machine, "SELECT began_at FROM sync_backup")
    put(machine, b"x" * 3_000_000)
    with (
        _a_disk_of(dump.stat().st_size // 2 if at == "the dump" else 2_000_000),
        pytest.raises(NotKept) as told,
    ):
        backup(machine, folder, wanted)
    assert "里原有的备份没有变" in str(told.value) and "those of before in" in str(told.value)
    assert generations.generations(folder) == [dump.parent]
    assert not list(folder.rglob(".*.partial")) and not list(folder.rglob(".tmp*"))
    assert copies(folder) == before
    assert asked(machine, "SELECT began_at FROM sync_backup") == noted, "phones let nothing go"
    assert asked(machine, "SELECT count(*) FROM administrative_act WHERE act = 'backup_made'") == [1]
    keys = identities_of(machine.settings.keys.ring().keys)
    assert restore(machine, folder, Ways(keys)).epoch == 2


def test_objects_in_s3_are_backed_up_and_brought_back(
    machine: Machine, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    far = Machine(replace(machine.settings, objects_url="s3://photos/ours"), machine.cluster)
    keys = {put(far, content) for content in (b"one" * 100_000, b"two")}
    backup(far, tmp_path / "kept")
    assert copies(tmp_path / "kept").keys() == keys
    # Into a bucket that lost one, and into an empty one.
    for place in ("s3://photos/ours", "s3://photos/new"):
        into = Machine(replace(far.settings, objects_url=place), machine.cluster)
        assert restore(into, tmp_path / "kept").lacking == []
        blobs = open_blobs(place)
        assert {key for key, _ in blobs.listing()} == keys
        assert sum(size for _, size in blobs.listing()) == 300_003


def test_a_store_that_is_away_is_told_and_nothing_is_kept(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = {
        "ENDPOINT_URL": "http://127.0.0.1:1",
        "ACCESS_KEY_ID": "u",
        "SECRET_ACCESS_KEY": "s",
        "ALLOW_HTTP": "true",
    }
    for name, value in away.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    far = Machine(replace(machine.settings, objects_url="s3://photos/ours"), machine.cluster)
    with pytest.raises(NotKept, match="no backup was made"):
        backup(far, tmp_path / "kept")
    assert generations.generations(tmp_path / "kept") == []


def test_the_manifest_tells_what_belongs_to_it(machine: Machine, tmp_path: Path) -> None:
    inside = backup(machine, tmp_path / "kept").parent
    told = manifest.read(inside)
    assert {one.name for one in told.parts} | {manifest.NAME} == {one.name for one in inside.iterdir()}
