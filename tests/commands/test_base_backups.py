"""A backup that pgBackRest made is noted: phones let go of what it holds, and the checklist knows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from backend.cli import main
from backend.local import base_backups
from backend.local.base_backups import NotNoted, read_info
from backend.local.machine import Machine
from tests.commands.keeping import asked

START = int(datetime(2026, 11, 27, 18, 0, 5, tzinfo=UTC).timestamp())


def info(*backups: dict[str, Any], name: str = "wangge") -> bytes:
    """As `pgbackrest info --output=json` tells it (2.45), shortened to what is read and its neighbours."""
    told = {"name": name, "backup": list(backups), "cipher": "none", "status": {"code": 0, "message": "ok"}}
    return orjson.dumps([told])


def one(start: int, **more: Any) -> dict[str, Any]:
    return {
        "label": "20261127-180005F",
        "type": "full",
        "error": False,
        "timestamp": {"start": start, "stop": start + 60},
        **more,
    }


@pytest.fixture
def run(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("WANGGE_HOME", str(machine.settings.home))
    monkeypatch.setenv("WANGGE_DATABASE_URL", machine.settings.database_url)
    return lambda *arguments: CliRunner().invoke(main, ["note-backup", *arguments])


def noted(machine: Machine) -> list[object]:
    return asked(machine, "SELECT extract(epoch FROM began_at)::bigint FROM sync_backup ORDER BY began_at")


def test_the_newest_good_one_is_noted_once(
    run: Callable[..., Result], machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "info").write_bytes(info(one(START - 86400), one(START), one(START + 9, error=True)))
    for words in ("noted a backup that began 2026-11-27 18:00:05 UTC", "is noted already"):
        said = run("--pgbackrest-info", str(tmp_path / "info"))
        assert said.exit_code == 0, said.output
        assert words in said.output
    assert noted(machine) == [START], "when it began: what came during it may not be in it"
    after = asked(machine, "SELECT after FROM administrative_act WHERE act = 'backup_made'")
    assert after == [{"by": "pgbackrest", "began_at": "2026-11-27T18:00:05+00:00"}]


def test_a_moment_is_noted_that_somebody_says(run: Callable[..., Result], machine: Machine) -> None:
    said = run("--began", "2026-11-28T02:00:05+08:00")
    assert said.exit_code == 0, said.output
    assert noted(machine) == [START]
    still = datetime.now(UTC) + timedelta(hours=1)
    refused = run("--began", f"{still:%Y-%m-%dT%H:%M:%S}+0000")
    assert (refused.exit_code, "is still to come" in refused.output) == (1, True)
    assert run("--began", "yesterday").exit_code == 2
    assert noted(machine) == [START]


def test_what_it_needs_is_said(
    run: Callable[..., Result], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_backups.shutil, "which", lambda name: None)
    for arguments, words in (
        ((), "--pgbackrest"),
        (("--pgbackrest", "wangge"), "there is no pgbackrest here"),
    ):
        said = run(*arguments)
        assert (said.exit_code, words in said.output) == (1, True), said.output
    assert noted(machine) == []


def test_the_program_is_asked_and_its_failure_told(
    run: Callable[..., Result], machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pgbackrest"
    program.write_text(
        "#!/bin/sh\n[ \"$*\" = '--stanza=wangge info --output=json' ] || exit 1\n"
        f"echo '{info(one(START)).decode()}'\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(base_backups.shutil, "which", lambda name: str(program))
    said = run("--pgbackrest", "wangge")
    assert said.exit_code == 0, said.output
    assert noted(machine) == [START]
    program.write_text("#!/bin/sh\necho 'ERROR: [055]: unable to load info file' >&2\nexit 55\n")
    failed = run("--pgbackrest", "wangge")
    assert (failed.exit_code, "unable to load info file" in failed.output) == (1, True)


@pytest.mark.parametrize("told", [b"", b"{}", b"[1]", b'[{"name": "wangge"}]', info({"timestamp": {}})])
def test_what_it_does_not_say_is_told(told: bytes) -> None:
    with pytest.raises(NotNoted, match=r"pgbackrest info|no good backup"):
        read_info(told, None)


def test_another_stanzas_backups_are_not_ours() -> None:
    told = info(one(START), name="payroll")
    assert read_info(told, None) == datetime.fromtimestamp(START, UTC)
    for said in (told, info(one(START, error=True)), info()):
        with pytest.raises(NotNoted, match="no good backup in the stanza wangge"):
            read_info(said, "wangge")
