"""A backup is brought back by an ordinary role, on another machine too; one that is cut changes nothing."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pyrage
import pytest

from backend.core.keys import SEALS, Ring
from backend.evidence.services.sealing import Broken, seal_history, verify_history
from backend.local import manifest
from backend.local.bringing_back import NotRestored
from backend.local.cluster import Cluster
from backend.local.generations import chosen
from backend.local.machine import Machine
from backend.local.manifest import Manifest
from backend.local.restoring import Ways, checked, restore
from backend.local.safekeeping import Wanted, backup, opened
from backend.local.sealed_secrets import FROM_BACKUP, Opener
from tests.commands.keeping import PHOTO, asked, machine_of, on
from tests.factories import uid

OWNERS = """
    SELECT DISTINCT tableowner::text
    FROM pg_tables
    WHERE schemaname = 'public'
    AND tablename <> 'spatial_ref_sys'
"""


@dataclass
class Made:
    """A backup of a sealed town, the home it was made in, and how its keys and seals are opened."""

    folder: Path
    home: Path
    ways: Ways


@pytest.fixture(scope="module")
def made(
    cluster: Cluster,
    as_owner: Callable[[str], None],
    town_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Made]:
    """Made once: each test has a copy of it."""
    folder, identity = tmp_path_factory.mktemp("made"), pyrage.x25519.Identity.generate()
    with machine_of(cluster, as_owner, town_template, folder, "copy_made") as machine:
        with opened(machine) as database:
            assert seal_history(database, machine.settings.keys, machine.settings.home)
        backup(machine, folder / "kept", Wanted(closer=Opener(keys=[identity.to_public()])))
        yield Made(folder / "kept", folder / "home", Ways([identity]))


@pytest.fixture
def kept(made: Made, machine: Machine, tmp_path: Path) -> Path:
    """A copy of it, on a machine with the same keys and the same town."""
    shutil.copytree(made.folder, tmp_path / "kept")
    for name in ("keys.json", "seals.jsonl"):
        shutil.copy(made.home / name, machine.settings.home / name)
    return tmp_path / "kept"


@pytest.fixture
def other(machine: Machine, as_owner: Callable[[str], None]) -> Iterator[Callable[..., Machine]]:
    """Empty databases for another machine: `other(role, postgis=True)`."""
    assert machine.cluster is not None
    as_owner("DROP DATABASE IF EXISTS copy_other WITH (FORCE)")
    as_owner("DROP ROLE IF EXISTS wangge_plain")
    as_owner("CREATE ROLE wangge_plain LOGIN")

    def make(role: str = "wangge_plain", *, postgis: bool = True) -> Machine:
        assert machine.cluster is not None
        as_owner("CREATE DATABASE copy_other OWNER wangge_plain")
        if postgis:
            machine.cluster.psql("copy_other", "CREATE EXTENSION postgis")
        return on(machine, "copy_other", role)

    yield make
    as_owner("DROP DATABASE IF EXISTS copy_other WITH (FORCE)")
    as_owner("DROP ROLE wangge_plain")


def elsewhere(machine: Machine, home: Path) -> Machine:
    """The same on a machine that has a key ring of its own and no photos yet."""
    objects = (home / "objects").as_uri()
    settings = replace(machine.settings, home=home, objects_url=objects)
    settings.keys.ensure(home)
    return Machine(settings, machine.cluster)


def seals_of(machine: Machine) -> list[Any]:
    with opened(machine) as database, database.snapshot() as session:
        return list(verify_history(session, machine.settings.keys, [machine.settings.home / "seals.jsonl"]))


def test_an_ordinary_role_brings_it_back_on_a_new_machine(
    machine: Machine, made: Made, kept: Path, other: Callable[..., Machine], tmp_path: Path
) -> None:
    new = elsewhere(other(), tmp_path / "new")
    own = new.settings.keys.of(SEALS)[-1]
    assert restore(new, kept, made.ways).lacking == []
    assert asked(new, OWNERS) == ["wangge_plain"]
    for table in ("customer", "staff", "token"):
        counted = f"SELECT count(*) FROM {table}"
        assert asked(new, counted) == asked(machine, counted)
    found = seals_of(new)
    assert found and not [one for one in found if isinstance(one, Broken)], "its seals verify"
    # The new machine's own key goes on signing.
    assert new.settings.keys.of(SEALS)[-1] == own
    assert (tmp_path / "new/objects/sha256/ab/photo").read_bytes() == PHOTO
    assert (tmp_path / "new/seals.jsonl").read_bytes() == (tmp_path / "home/seals.jsonl").read_bytes()


def test_an_administrator_says_whose_the_tables_become(
    machine: Machine, kept: Path, other: Callable[..., Machine]
) -> None:
    there = other("")
    with pytest.raises(NotRestored, match="--role wangge_plain"):
        restore(there, kept)
    with pytest.raises(NotRestored, match="no role nobody_here"):
        restore(there, kept, Ways(role="nobody_here"))
    assert asked(there, OWNERS) == []
    restore(there, kept, Ways(role="wangge_plain"))
    assert asked(there, OWNERS) == ["wangge_plain"]
    # A second time too, in the place of the first.
    assert restore(there, kept, Ways(role="wangge_plain")).epoch == 2


def test_postgis_is_an_administrators_to_make(kept: Path, other: Callable[..., Machine]) -> None:
    there = other(postgis=False)
    with pytest.raises(NotRestored, match="CREATE EXTENSION postgis"):
        restore(there, kept)
    assert there.cluster is not None
    there.cluster.psql("copy_other", "ALTER SCHEMA public OWNER TO wangge_plain")
    owner = on(there, "copy_other", there.cluster.psql("postgres", "SELECT current_user").strip())
    assert restore(owner, kept, Ways(role="wangge_plain")).epoch == 2


def test_without_its_keys_nothing_is_brought_back(
    kept: Path, other: Callable[..., Machine], tmp_path: Path
) -> None:
    new = elsewhere(other(), tmp_path / "new")
    ring = new.settings.keys.ring()
    with pytest.raises(NotRestored, match="--passphrase-file"):
        restore(new, kept)
    assert asked(new, OWNERS) == []
    assert not (tmp_path / "new/objects").exists()
    assert new.settings.keys.ring() == ring
    # Whoever goes without is told by the seals.
    restore(new, kept, Ways(without_keys=True))
    assert isinstance(seals_of(new)[0], Broken)


@pytest.mark.long
def test_a_ring_of_the_environment_is_written_apart(
    made: Made, kept: Path, other: Callable[..., Machine], tmp_path: Path
) -> None:
    new = elsewhere(other(), tmp_path / "new")
    fixed = replace(new.settings, keys_text=new.settings.keys.ring().as_text())
    found = restore(Machine(fixed, new.cluster), kept, made.ways)
    assert found.ring == tmp_path / "new" / FROM_BACKUP
    assert found.ring.stat().st_mode & 0o777 == 0o600
    assert len(Ring.parse(found.ring.read_bytes()).keys) == 8


def test_a_backup_that_is_cut_anywhere_changes_nothing(machine: Machine, kept: Path) -> None:
    files = sorted(path for path in kept.rglob("*") if path.is_file() and path.stat().st_size)
    assert {"manifest.json", "database.dump", "objects.jsonl", "secrets.age", "photo"} == {
        one.name for one in files
    }
    for path in files:
        whole = path.read_bytes()
        for spoilt in (whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), None):
            if spoilt is None:
                path.unlink()
            else:
                path.write_bytes(spoilt)
            if path.name == "photo" and spoilt is not None and len(spoilt) == len(whole):
                continue  # Told when it is read, and by a drill: below.
            with pytest.raises(NotRestored) as told:
                restore(machine, kept)
            assert " · " in str(told.value), "in both languages"
        path.write_bytes(whole)
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]
    assert asked(machine, "SELECT count(*) FROM seal") == [0], "as it was"
    assert restore(machine, kept).epoch == 2
    assert asked(machine, "SELECT count(*) FROM seal") == [1]


@pytest.mark.long
def test_what_is_there_of_a_spoilt_one_can_be_had(machine: Machine, kept: Path, tmp_path: Path) -> None:
    content = b"another picture" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    place = tmp_path / "objects/sha256" / sha256[:2] / sha256
    place.parent.mkdir()
    place.write_bytes(content)
    backup(machine, kept)
    place.unlink()
    copy = kept / "objects/sha256" / sha256[:2] / sha256
    copy.write_bytes(content[:-1] + b"X")
    assert restore(machine, kept).lacking == [f"sha256/{sha256[:2]}/{sha256}"], "changed"
    copy.unlink()
    with pytest.raises(NotRestored, match="--unchecked"):
        restore(machine, kept)
    assert restore(machine, kept, Ways(unchecked=True)).lacking == [f"sha256/{sha256[:2]}/{sha256}"]
    assert not place.exists()


def retold(machine: Machine, folder: Path, **changes: Any) -> Manifest:
    """The manifest rewritten, and signed as this server signs."""
    inside = chosen(folder).folder
    told = replace(manifest.read(inside), **changes)
    manifest.write(inside, told, machine.settings.keys.of(SEALS)[-1])
    return told


def test_a_newer_releases_backup_is_refused(machine: Machine, kept: Path) -> None:
    for changes in (
        {"schema": "9000", "release": "9.1.0"},
        {"format": manifest.FORMAT + 1, "release": "9.1.0"},
    ):
        retold(machine, kept, **changes)
        with pytest.raises(NotRestored, match=r"release 9\.1\.0 made this backup"):
            restore(machine, kept)
    with pytest.raises(NotRestored, match=r"9\.1\.0"):
        chosen(kept)


def test_a_newer_servers_backup_is_refused(machine: Machine, kept: Path) -> None:
    retold(machine, kept, server=990001)
    with pytest.raises(NotRestored, match="PostgreSQL 99"):
        restore(machine, kept)


def test_another_installations_backup_is_refused_unless_said(machine: Machine, kept: Path) -> None:
    asked(machine, "UPDATE installation SET identity = gen_random_uuid() RETURNING 1")
    with pytest.raises(NotRestored, match="--another-installation"):
        restore(machine, kept)
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]
    assert restore(machine, kept, Ways(another_installation=True)).epoch == 2
    assert restore(machine, kept).epoch == 2, "now it is the same"


@pytest.mark.long
def test_an_unused_database_is_nobodys(machine: Machine, kept: Path, empty_template: str) -> None:
    assert machine.cluster is not None
    machine.cluster.ensure_database("copy_other", empty_template)
    there = on(machine, "copy_other")
    asked(there, "UPDATE installation SET identity = gen_random_uuid() RETURNING 1")
    assert restore(there, kept).epoch == 2
    machine.cluster.psql("postgres", "DROP DATABASE copy_other WITH (FORCE)")


def test_a_database_of_other_things_is_left_alone(machine: Machine, kept: Path) -> None:
    asked(machine, "CREATE TABLE payroll (id integer)")
    with pytest.raises(NotRestored, match="other tables: payroll"):
        restore(machine, kept)
    assert asked(machine, "SELECT count(*) FROM payroll") == [0]


def test_a_tampered_manifest_is_refused(machine: Machine, kept: Path) -> None:
    file = chosen(kept).folder / manifest.NAME
    told = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps(told | {"identity": uid("another")}))
    with pytest.raises(NotRestored, match="was changed"):
        restore(machine, kept)
    # Whoever makes the checksum fit has no key to sign with.
    plain = {name: value for name, value in told.items() if name not in ("sha256", "signature")}
    plain["held"] = {"records": 1, "history": 1, "seals": 1}
    digest = hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()
    file.write_bytes(orjson.dumps(plain | {"sha256": digest, "signature": told["signature"]}))
    with pytest.raises(NotRestored, match="was changed"):
        restore(machine, kept)
    # Nor does it help to name a key that nobody knows.
    file.write_bytes(orjson.dumps(plain | {"sha256": digest, "signature": {"key": "me", "hmac": ""}}))
    with pytest.raises(NotRestored, match="keys are not"):
        restore(machine, kept)
    assert asked(machine, "SELECT count(*) FROM sync_epoch WHERE number > 1") == [0]


@pytest.mark.parametrize(
    "told", [b"", b"[]", b"{}", b'{"format": "1"}', b'{"format": 1, "sha256": 5}', b"\xff"]
)
def test_what_is_no_manifest_is_said(machine: Machine, tmp_path: Path, told: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(told)
    with pytest.raises(NotRestored, match="was changed"):
        manifest.read(tmp_path)


def test_a_manifest_reads_as_it_was_written(machine: Machine, kept: Path) -> None:
    found = manifest.read(chosen(kept).folder)
    assert (found.release, found.format) == (manifest.release(), 1)
    assert found.schema and found.identity and found.server >= 130000 and found.database_bytes > 10**6
    assert [found.held["records"]] == asked(machine, "SELECT count(*) FROM sync_document")
    assert found.held["seals"] == 1
    assert [one.name for one in found.parts] == ["database.dump", "objects.jsonl", "secrets.age"]
    assert set(asdict(found)) >= {"began_at", "keys", "recipients", "name"}


@pytest.mark.long
def test_a_backup_of_before_there_were_manifests(machine: Machine, kept: Path, tmp_path: Path) -> None:
    inside, old = chosen(kept).folder, tmp_path / "old"
    old.mkdir()
    (inside / "database.dump").rename(old / "database.dump")
    (kept / "objects").rename(old / "objects")
    (tmp_path / "objects/sha256/ab/photo").unlink()
    with pytest.raises(NotRestored, match="--unchecked"):
        restore(machine, old)
    assert restore(machine, old, Ways(unchecked=True)).epoch == 2
    assert (tmp_path / "objects/sha256/ab/photo").read_bytes() == PHOTO


def test_a_newer_schemas_tables_go_and_an_older_one_comes(machine: Machine, kept: Path) -> None:
    asked(machine, "DROP TABLE setup_token")
    backup(machine, kept)
    asked(machine, "CREATE TABLE setup_token (id uuid PRIMARY KEY, staff_id uuid REFERENCES staff (id))")
    restore(machine, kept)
    assert asked(machine, "SELECT to_regclass('setup_token')::text") == [None]


def test_phones_are_told_how_far_the_restored_history_reaches(machine: Machine, kept: Path) -> None:
    began = manifest.read(chosen(kept).folder).began_at
    restore(machine, kept)
    assert asked(machine, f"SELECT holds_through = '{began}' FROM sync_epoch WHERE number = 2") == [True]


def test_a_check_alone_writes_nothing(machine: Machine, made: Made, kept: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*")}
    found = checked(machine, kept, made.ways)
    assert found.secrets is not None
    assert found.secrets.ring.keys == machine.settings.keys.ring().keys
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*")} == before
