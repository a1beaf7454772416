"""A backup is tried in a throwaway cluster: counts, files, seals are checked; the real one is left alone."""

from __future__ import annotations

import hashlib
import shutil
from collections import namedtuple
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backend.cli import main
from backend.commands import drills
from backend.core.db import Database
from backend.core.keys import BACKUPS, SEALS
from backend.evidence.services.sealing import seal_history
from backend.local import drilling, manifest, programs
from backend.local.bringing_back import NotRestored
from backend.local.cluster import NoPostgres
from backend.local.drilling import NotTried, drill
from backend.local.encryption import identities_of, recipient_of
from backend.local.generations import chosen
from backend.local.machine import Machine
from backend.local.restoring import Ways
from backend.local.safekeeping import Wanted, backup, opened
from tests.commands.keeping import PHOTO, asked, on, with_upload

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def kept(machine: Machine, tmp_path: Path) -> Path:
    """Where backups of a town go whose one photo has come in."""
    sha256 = hashlib.sha256(PHOTO).hexdigest()
    place = tmp_path / "objects/sha256" / sha256[:2] / sha256
    place.parent.mkdir(parents=True)
    (tmp_path / "objects/sha256/ab/photo").rename(place)
    with_upload(machine, sha256)
    return tmp_path / "kept"


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a server's programs: the drill is beside the real database."""
    monkeypatch.setattr(drilling, "present_binaries", lambda home: None)


def acts(machine: Machine) -> list[object]:
    return asked(machine, "SELECT act FROM administrative_act ORDER BY acted_at")


def last_drill(machine: Machine) -> object:
    noted = "SELECT after FROM administrative_act WHERE act = 'backup_drilled' ORDER BY acted_at DESC LIMIT 1"
    return asked(machine, noted)[0]


def left(machine: Machine) -> list[object]:
    return asked(machine, "SELECT datname FROM pg_database WHERE datname LIKE 'wangge_drill_%'")


def test_a_drill_in_a_throwaway_cluster_as_an_ordinary_role(
    machine: Machine, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(machine) as database:
        assert seal_history(database, machine.settings.keys, machine.settings.home)
    backup(machine, kept)
    for name, value in {
        "HOME": str(machine.settings.home),
        "DATABASE_URL": machine.settings.database_url,
        "OBJECTS_URL": machine.settings.objects_url,
    }.items():
        monkeypatch.setenv(f"WANGGE_{name}", value)
    owners, counted = [], drilling._counted

    def looked(of: Machine, other: Machine, found: drilling.Checked) -> drilling.Drilled:
        tables = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE tablename IN ('staff', 'seal')"
        supers = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        owners.extend([*asked(other, tables), *asked(other, supers)])
        return counted(of, other, found)

    monkeypatch.setattr(drilling, "_counted", looked)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tmp_path.chmod(0o711)
    before = asked(machine, "SELECT max(number) FROM sync_epoch")
    said = CliRunner().invoke(main, ["drill", str(kept), "--scratch", str(scratch)])
    assert said.exit_code == 0, said.output
    assert "备份可用" in said.output and "1 files and 1 seals" in said.output
    assert owners == ["wangge_drill", False]
    assert list(scratch.iterdir()) == [], "nothing is left of it"
    assert acts(machine) == ["backup_made", "backup_drilled"]
    assert asked(machine, "SELECT max(number) FROM sync_epoch") == before, "no phone hears of it"
    chosen(kept).dump.write_bytes(b"nothing")
    # The name of before goes on working.
    bad = CliRunner().invoke(main, ["restore", str(kept), "--drill"])
    assert bad.exit_code == 1
    assert "备份不可用" in bad.output and "Traceback" not in bad.output


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_good_backup_is_counted_and_that_is_noted(machine: Machine, kept: Path, is_encrypted: bool) -> None:
    to = [recipient_of(machine.settings.keys.of(BACKUPS)[-1])] if is_encrypted else []
    backup(machine, kept, Wanted(to))
    found = drill(machine, kept, Ways(identities_of(machine.settings.keys.ring().keys)))
    assert (found.held.records > 10, found.files, found.seals) == (True, 1, 0)
    assert found.held.newest_at is not None
    counts = {"records": found.held.records, "history": found.held.history, "files": 1, "seals": 0}
    assert last_drill(machine) == {"good": True, **counts}
    assert left(machine) == []


@pytest.mark.usefixtures("beside")
def test_a_backup_that_is_cut_is_no_good_and_that_is_noted_too(machine: Machine, kept: Path) -> None:
    dump = backup(machine, kept)
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    with pytest.raises(NotRestored, match="missing, cut or changed"):
        drill(machine, kept)
    # Without its manifest PostgreSQL's own program finds it out.
    (dump.parent / manifest.NAME).unlink()
    with pytest.raises(NotRestored, match="pg_restore"):
        drill(machine, kept, Ways(unchecked=True))
    assert acts(machine) == ["backup_made", "backup_drilled", "backup_drilled"]
    told = last_drill(machine)
    assert isinstance(told, dict) and told["good"] is False and "pg_restore" in told["why"]
    assert left(machine) == []


@pytest.mark.usefixtures("beside")
def test_a_backup_without_its_photos_is_no_good(machine: Machine, kept: Path) -> None:
    backup(machine, kept)
    (copy,) = (path for path in (kept / "objects").rglob("*") if path.is_file())
    copy.write_bytes(PHOTO[:-1] + b"X")
    with pytest.raises(NotRestored, match="1 files of the backup"):
        drill(machine, kept)
    copy.unlink()
    with pytest.raises(NotRestored, match="1 files of the backup"):
        drill(machine, kept)
    # Bytes that were lost before it was made are missed too.
    (place,) = (path for path in (machine.settings.home.parent / "objects").rglob("*") if path.is_file())
    place.unlink()
    backup(machine, kept)
    with pytest.raises(NotRestored, match="1 of its 1 files"):
        drill(machine, kept)


@pytest.mark.usefixtures("beside")
def test_counts_and_seals_must_be_those_of_the_backup(machine: Machine, kept: Path) -> None:
    with opened(machine) as database:
        seal_history(database, machine.settings.keys, machine.settings.home)
    asked(machine, "UPDATE sync_history SET grade = 'contested' WHERE kind = 'staff' RETURNING 1")
    inside = backup(machine, kept).parent
    with pytest.raises(NotRestored, match="seal 1 does not hold"):
        drill(machine, kept)
    told = manifest.read(inside)
    told.held["records"] += 1
    manifest.write(inside, told, machine.settings.keys.of(SEALS)[-1])
    with pytest.raises(NotRestored, match=r"records .* ≠"):
        drill(machine, kept)
    assert left(machine) == []


@pytest.mark.usefixtures("beside")
def test_a_backup_of_nothing_is_no_good(
    machine: Machine, tmp_path: Path, make_database: Callable[[str], Database], empty_template: str
) -> None:
    nothing = make_database(empty_template).engine.url.database
    backup(on(machine, str(nothing)), tmp_path / "kept")
    with pytest.raises(NotRestored, match="no records"):
        drill(machine, tmp_path / "kept")


def test_a_folder_without_a_backup_is_told(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(NotRestored, match=r"database\.dump"):
        drill(machine, tmp_path / "other")


@pytest.mark.usefixtures("beside")
def test_a_role_that_may_make_no_database_says_what_it_needs(
    machine: Machine, kept: Path, as_owner: Callable[[str], None]
) -> None:
    backup(machine, kept)
    as_owner("DROP ROLE IF EXISTS wangge_drilling")
    as_owner("CREATE ROLE wangge_drilling LOGIN")
    asked(machine, "GRANT ALL ON ALL TABLES IN SCHEMA public TO wangge_drilling")
    with pytest.raises(NotTried, match="CREATEDB"):
        drill(on(machine, "copy_kept", "wangge_drilling"), kept)
    assert acts(machine) == ["backup_made"]
    asked(machine, "DROP OWNED BY wangge_drilling")
    as_owner("DROP ROLE wangge_drilling")


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("spelling", ["words", "two hosts", "of SQLAlchemy"])
def test_an_address_in_any_spelling_has_a_database_beside_it(
    machine: Machine, kept: Path, spelling: str
) -> None:
    words = conninfo_to_dict(machine.settings.database_url)
    twice = {"host": f"/nowhere,{words['host']}"}
    addresses = {
        "words": make_conninfo("", **words),
        "two hosts": make_conninfo("", **words | twice),
        "of SQLAlchemy": machine.settings.database_url.replace("postgresql:", "postgresql+psycopg:"),
    }
    settings = replace(machine.settings, database_url=addresses[spelling])
    other = Machine(settings, machine.cluster)
    backup(other, kept)
    assert drill(other, kept).files == 1
    assert left(machine) == []


@pytest.mark.usefixtures("beside")
def test_a_drill_without_a_program_for_the_server_says_so(
    machine: Machine, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(machine, kept)
    monkeypatch.setattr(programs, "_major", lambda *_: 9)
    with pytest.raises(NotTried, match="pg_dump"):
        drill(machine, kept)
    assert acts(machine) == ["backup_made"], "nothing is known of the backup"


def test_without_room_a_drill_is_refused_before_it_starts(
    machine: Machine, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(machine, kept)
    size = manifest.read(chosen(kept).folder).database_bytes
    needed = drilling.BYTES_OF_CLUSTER + 2 * size
    for free, is_refused in ((needed - 1, True), (needed, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda place, free=free: Usage(free, 0, free))
        monkeypatch.setattr(drilling.Cluster, "start", _refuse)
        with pytest.raises(NotTried, match="--scratch" if is_refused else "it was started"):
            drill(machine, kept)
    assert acts(machine) == ["backup_made"], "a good backup is not said to be no good"


def _refuse(cluster: object) -> None:
    raise NoPostgres("it was started")


def test_a_backup_that_could_not_be_tried_is_not_called_bad_at_the_shell(
    machine: Machine, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(machine, kept)
    monkeypatch.setattr(drills, "the_machine", lambda: nullcontext(machine))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(1, 0, 1))
    said = CliRunner().invoke(main, ["drill", str(kept)])
    assert said.exit_code == 1
    assert "--scratch" in said.output and "备份不可用" not in said.output
