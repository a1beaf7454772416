"""Backup and restore: the database by pg_dump, the objects by copying; a restore opens a new epoch."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from sqlalchemy import text

from backend.local.machine import Machine
from sync.postgres import epoch

DUMP = "database.dump"


class NotRestored(Exception):
    """The backup was not brought back; the database is as it was."""


def backup(machine: Machine, folder: Path) -> Path:
    """Write a dump and the objects; the dump comes first, so that every photo it names is copied."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / DUMP
    began_at = datetime.now(UTC)
    engine = machine.engine()
    with engine.begin() as connection:
        epoch.note_backup(connection, began_at)
    engine.dispose()
    with target.open("wb") as out:
        done = _program(machine, "pg_dump", "--format=custom", f"--dbname={machine.settings.database_url}", stdout=out)
    if done.returncode:
        raise NotRestored(f"pg_dump failed: {done.stderr.decode()[:500]}")
    objects = _objects(machine)
    if objects is not None and objects.exists():
        shutil.copytree(objects, folder / "objects", dirs_exist_ok=True)
    return target


def restore(machine: Machine, folder: Path) -> int:
    """Replace the database by a dump; returns the number of the epoch that begins.

    A dump carries transaction ids of another life, so every entry's is reset and every cursor is refused: phones
    compare themselves anew and keep all unsent work.
    """
    dump = folder / DUMP
    if not dump.exists():
        raise NotRestored(f"{folder} holds no {DUMP}")
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
    with dump.open("rb") as source:
        done = _program(machine, "pg_restore", *options, f"--dbname={machine.settings.database_url}", stdin=source)
    if done.returncode:
        raise NotRestored(f"pg_restore failed: {done.stderr.decode()[:500]}")
    objects = _objects(machine)
    if objects is not None and (folder / "objects").exists():
        shutil.copytree(folder / "objects", objects, dirs_exist_ok=True)
    engine = machine.engine()
    with engine.begin() as connection:
        number = epoch.open_new(connection, "restore")
        connection.execute(text("ANALYZE"))
    engine.dispose()
    return number


def _objects(machine: Machine) -> Path | None:
    parts = urlsplit(machine.settings.objects_url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _program(machine: Machine, name: str, *arguments: str, **streams: IO[bytes]) -> subprocess.CompletedProcess[bytes]:
    """One of PostgreSQL's programs: the private cluster's own, or the one on the PATH."""
    program, environment = machine.cluster.where(name) if machine.cluster else (name, None)
    stdin, stdout = streams.get("stdin"), streams.get("stdout")
    return subprocess.run(
        [program, *arguments], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment, check=False
    )
