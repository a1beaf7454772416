"""Units and timers of backups do what they say, with few rights; the stanza is the same everywhere."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from backend.cli import main
from backend.local.generations import chosen
from backend.local.machine import Machine
from tests.commands.keeping import asked

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("wangge-*backup.service"))
MOST_EXPOSED = 40


def started(unit: str, replaced: dict[str, Path]) -> list[str]:
    """What a unit starts, its places replaced by those of a test."""
    told = (DEPLOY / unit).read_text()
    (line,) = re.findall(r"^ExecStart=(.*wangge .*)$", told, flags=re.M)
    for place, own in replaced.items():
        assert place in line, (place, line)
        line = line.replace(place, str(own))
    return shlex.split(line)[1:]


@pytest.fixture
def run(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], Result]:
    """As the unit's environment has it."""
    monkeypatch.setenv("WANGGE_HOME", str(machine.settings.home))
    monkeypatch.setenv("WANGGE_DATABASE_URL", machine.settings.database_url)
    monkeypatch.setenv("WANGGE_OBJECTS_URL", machine.settings.objects_url)
    return lambda arguments: CliRunner().invoke(main, arguments)


@pytest.mark.long
def test_the_nightly_unit_makes_a_backup(
    machine: Machine, tmp_path: Path, run: Callable[[list[str]], Result]
) -> None:
    (tmp_path / "passphrase").write_text("twelve taps drip at night\n")
    places = {
        "/var/backups/wangge": tmp_path / "kept",
        "/etc/wangge/backup-passphrase": tmp_path / "passphrase",
    }
    said = run(started("wangge-backup.service", places))
    assert said.exit_code == 0, said.output
    found = chosen(tmp_path / "kept").manifest
    assert found is not None and found.has("secrets.age")


def test_the_note_reads_what_the_base_backup_wrote(
    machine: Machine, tmp_path: Path, run: Callable[[list[str]], Result]
) -> None:
    written = re.findall(r"> (\S+)'", (DEPLOY / "wangge-base-backup.service").read_text())
    one = {"error": False, "timestamp": {"start": 1_795_802_405}}
    (tmp_path / "info").write_bytes(orjson.dumps([{"name": "wangge", "backup": [one]}]))
    said = run(started("wangge-note-backup.service", {written[0]: tmp_path / "info"}))
    assert said.exit_code == 0, said.output
    assert asked(machine, "SELECT count(*) FROM sync_backup") == [1]


def test_the_base_backup_is_followed_by_its_note() -> None:
    told = (DEPLOY / "wangge-base-backup.service").read_text()
    assert "OnSuccess=wangge-note-backup.service" in told
    assert (DEPLOY / "wangge-note-backup.service").exists()


def test_one_stanza_everywhere() -> None:
    (stanza,) = (
        name
        for name in re.findall(r"^\[(\w+)\]$", (DEPLOY / "pgbackrest.conf").read_text(), flags=re.M)
        if name != "global"
    )
    told = "".join(path.read_text() for path in (*UNITS, DEPLOY / "postgresql-archiving.conf"))
    assert set(re.findall(r"--(?:stanza=|pgbackrest )(\w+)", told)) == {stanza}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_has_few_rights(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_units_and_timers_are_understood() -> None:
    paths = [*UNITS, *DEPLOY.glob("wangge-*backup.timer")]
    assert len(paths) == 5
    said = subprocess.run(
        ["systemd-analyze", "verify", *map(str, paths)], capture_output=True, text=True, check=False
    ).stderr
    # The programs are where they are installed.
    left = [line for line in said.splitlines() if DEPLOY.name in line and "is not executable" not in line]
    assert left == []
