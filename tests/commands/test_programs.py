"""Programs of PostgreSQL are found by the server's version, or what to install is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.core import config
from backend.local import programs
from backend.local.machine import Machine
from backend.local.programs import NAMES, NoProgram, programs_for
from backend.local.safekeeping import NotKept, backup


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without a cluster of its own, and folders of programs as Debian has them."""
    monkeypatch.setattr(programs, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("shutil.which", lambda name: None)
    return Machine(
        replace(config.read({}), home=tmp_path / "home", database_url="postgresql://wangge@db/town")
    )


def put(folder: Path, major: int, names: tuple[str, ...] = NAMES) -> Path:
    place = folder / str(major) / "bin"
    place.mkdir(parents=True)
    for name in names:
        (place / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.4 (Debian {major}.4-1)'\n")
        (place / name).chmod(0o755)
    return place


def test_the_servers_own_version_is_taken(bare: Machine, tmp_path: Path) -> None:
    places = {major: put(tmp_path, major) for major in (13, 15, 17)}
    assert programs_for(bare, 15).folder == places[15]
    assert programs_for(bare, 14).folder == places[15], "the oldest of the newer ones"
    assert programs_for(bare, 17).major == 17
    command, _ = programs_for(bare, 15).command("pg_dump", "--format=custom")
    assert command == [
        str(places[15] / "pg_dump"),
        "--format=custom",
        "--dbname=user=wangge dbname=town host=db",
    ]


def test_older_ones_are_none(bare: Machine, tmp_path: Path) -> None:
    put(tmp_path, 15)
    with pytest.raises(NoProgram, match="postgresql-client-16") as told:
        programs_for(bare, 16)
    assert "请安装 postgresql-client-16" in str(told.value)


def test_a_folder_that_lacks_one_is_none(bare: Machine, tmp_path: Path) -> None:
    put(tmp_path, 15, ("pg_dump", "psql"))
    broken = put(tmp_path, 16)
    (broken / "psql").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(NoProgram):
        programs_for(bare, 15)


def test_a_backup_says_so(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_version", lambda program, libraries: 9)
    with pytest.raises(NotKept, match="install postgresql-client-"):
        backup(machine, tmp_path / "kept")
    assert [one.name for one in (tmp_path / "kept").iterdir() if one.name != "objects"] == [".lock"]
