"""Finds pg_dump, pg_restore and psql of a version that fits the database server.

An older pg_dump refuses a newer server, and what a newer one writes may not be read by an older server: of
several that are installed the server's own version is taken.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from psycopg.conninfo import make_conninfo

from backend.core.db import words_of
from backend.core.sentences import sentence
from backend.local.machine import Machine

NAMES = ("pg_dump", "pg_restore", "psql")
DEBIAN = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\b(\d+)")


class NoProgram(Exception):
    """No programs that fit the server; says what to install, in both languages."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one version, as they are started for one database."""

    folder: Path
    major: int
    environment: dict[str, str]
    database_url: str

    def command(self, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """A program with the database it works on, and its environment.

        The password goes by the environment: everybody on a machine can read the words of a command.
        """
        where, environment = words_of(self.database_url), dict(self.environment)
        password = where.pop("password", None)
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        database = f"--dbname={make_conninfo('', **where)}"
        return [str(self.folder / name), *arguments, database], environment

    def apart(self, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """A program that works on no database."""
        return [str(self.folder / name), *arguments], dict(self.environment)


def programs_for(machine: Machine, server: int) -> Programs:
    """Those of the server's own version, or the oldest of the newer ones. Raises NoProgram."""
    found = {}
    for folder, environment in _places(machine):
        major = _major(folder, environment.get("LD_LIBRARY_PATH", ""))
        if major >= server and major not in found:
            found[major] = Programs(folder, major, environment, machine.settings.database_url)
    if not found:
        raise NoProgram(sentence("local.no_program", server=server).line)
    return found[min(found)]


def _places(machine: Machine) -> Iterator[tuple[Path, dict[str, str]]]:
    """Where they may lie: beside the private cluster's, on the PATH, and where Debian puts each version."""
    if machine.cluster is not None:
        program, environment = machine.cluster.where("pg_dump")
        yield Path(program).parent, environment
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent, dict(os.environ)
    for folder in sorted(DEBIAN.glob("*/bin")):
        yield folder, dict(os.environ)


def _major(folder: Path, libraries: str) -> int:
    """The version of a folder's programs; 0 where one is missing or does not run."""
    return min(_version(folder / name, libraries) for name in NAMES)


@lru_cache(maxsize=64)
def _version(program: Path, libraries: str) -> int:
    own = {**os.environ, "LD_LIBRARY_PATH": libraries} if libraries else dict(os.environ)
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, env=own, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = _VERSION.search(said)
    return int(found[1]) if found else 0
