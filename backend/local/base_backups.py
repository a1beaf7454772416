"""Notes backups that another program made: pgBackRest's, or one of whom only the beginning is known."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from backend.core.sentences import sentence
from backend.local.machine import Machine
from backend.local.safekeeping import note_made, opened
from sync.postgres import epoch

PROGRAM = "pgbackrest"
# Clocks of two machines are never one.
SLACK = timedelta(minutes=1)


class NotNoted(Exception):
    """There is no such backup; says why in both languages."""


def newest(began: datetime | None, stanza: str | None, info: Path | None) -> tuple[datetime, str]:
    """When the newest backup began, and who made it. Raises NotNoted."""
    if began is not None:
        return began.astimezone(UTC), "said"
    if info is not None:
        return read_info(info.read_bytes(), stanza), PROGRAM
    if stanza is None:
        raise NotNoted(sentence("local.name_a_backup").line)
    return read_info(_asked(stanza), stanza), PROGRAM


def _asked(stanza: str) -> bytes:
    program = shutil.which(PROGRAM)
    if program is None:
        raise NotNoted(sentence("local.no_pgbackrest").line)
    done = subprocess.run(
        [program, f"--stanza={stanza}", "info", "--output=json"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace").strip()
        raise NotNoted(sentence("local.program_failed", program=PROGRAM, why=why[:500]).line)
    return done.stdout


def read_info(told: bytes, stanza: str | None) -> datetime:
    """When the newest good backup began that `pgbackrest info --output=json` tells of. Raises NotNoted."""
    try:
        stanzas: list[dict[str, Any]] = orjson.loads(told)
        began = [
            int(one["timestamp"]["start"])
            for of in stanzas
            if stanza in (None, of["name"])
            for one in of["backup"]
            if not one.get("error")
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise NotNoted(sentence("local.info_unreadable").line) from error
    if not began:
        raise NotNoted(sentence("local.no_base_backup", stanza=stanza or "*").line)
    last = max(began)
    return datetime.fromtimestamp(last, UTC)


def note(machine: Machine, began: datetime, by: str) -> bool:
    """Note it; whether it is new. Raises NotNoted for a moment that is still to come."""
    if began > datetime.now(UTC) + SLACK:
        raise NotNoted(sentence("local.backup_to_come", began=began.isoformat()).line)
    with opened(machine) as database:
        with database.glance() as connection:
            if epoch.is_noted(connection, began):
                return False
        note_made(database, began, {"by": by})
    return True
