"""Brings a dump back as an ordinary role: all of it in one transaction, or nothing.

pg_restore writes its statements to psql, between our BEGIN and our COMMIT. So what a newer schema added can
be cleared in the same transaction, extensions stay whose they are, and what breaks off is undone.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backend.core.sentences import sentence
from backend.local.encryption import NoIdentity
from backend.local.programs import Programs
from backend.setup.queries.targets import CLEAR, become, make_extension

Copy = Callable[[IO[bytes], IO[bytes]], None]
# PostGIS and the schema are their owners' to make, who need not be ours; what an extension brings comes
# by it.
_THEIRS = re.compile(
    rb"^\d+; \d+ \d+ (EXTENSION |COMMENT - EXTENSION |SCHEMA - public|COMMENT - SCHEMA public|ACL |"
    rb"DEFAULT ACL |EVENT TRIGGER |PUBLICATION |SUBSCRIPTION |TABLE DATA public spatial_ref_sys )"
)
_TABLE = re.compile(rb"^\d+; \d+ \d+ TABLE (?!DATA |ATTACH )\S+ (\S+) ")
_EXTENSION = re.compile(rb"^\d+; \d+ \d+ EXTENSION - (\S+)")
_MOST_SAID, _MOST_READ = 300, 100_000


class NotRestored(Exception):
    """The backup was not brought back; the database is as it was. Says why in both languages."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A dump's table of contents: a line for each entry that is ours, the tables, and extensions it needs."""

    lines: list[bytes]
    tables: frozenset[str]
    extensions: frozenset[str]


def listed(programs: Programs, dump: Path, copy: Copy) -> Contents:
    """Read a dump's table of contents. Raises NotRestored."""
    command, environment = programs.apart("pg_restore", "--list")
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as found:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=found, stderr=said, env=environment
        ) as running:
            _feed(running, dump, copy)
        if running.returncode:
            raise NotRestored(_said("pg_restore", said))
        found.seek(0)
        lines = found.read().splitlines()
    return Contents(
        [one for one in lines if not _THEIRS.match(one)],
        frozenset(name[1].decode() for one in lines if (name := _TABLE.match(one))),
        frozenset(name[1].decode() for one in lines if (name := _EXTENSION.match(one))),
    )


def bring_back(
    programs: Programs,
    dump: Path,
    copy: Copy,
    contents: Contents,
    *,
    role: str = "",
    present: frozenset[str] = frozenset(),
) -> None:
    """Clear what is ours and bring the dump in, as `role` where one is named. Raises NotRestored.

    Extensions that are not `present` are made, as whoever is connected: an administrator, or a role that may
    make those that PostgreSQL trusts.
    """
    first = "".join(make_extension(one) + "\n" for one in sorted(contents.extensions - present))
    first += become(role) + "\n" if role else ""
    command, environment = programs.command("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1")
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment
        ) as psql,
    ):
        assert psql.stdin is not None
        try:
            with suppress(BrokenPipeError):
                psql.stdin.write(f"BEGIN;\n{first}{CLEAR}\n".encode())
                psql.stdin.flush()
            why = _statements(programs, dump, copy, contents.lines, psql.stdin)
            with suppress(BrokenPipeError):
                if not why:
                    psql.stdin.write(b"\nCOMMIT;\n")
                    psql.stdin.close()
        except BaseException:
            psql.kill()
            raise
        if why:
            # It may have ended before by an error of its own, which is the reason of the other's.
            with suppress(subprocess.TimeoutExpired):
                psql.wait(0.5)
            psql.kill()
        if psql.wait() or why:
            raise NotRestored(_said("psql", said) if psql.returncode > 0 else why)


def _statements(programs: Programs, dump: Path, copy: Copy, lines: list[bytes], out: IO[bytes]) -> str:
    """Let pg_restore write the dump's statements; why it could not, or nothing."""
    with tempfile.NamedTemporaryFile() as contents, tempfile.TemporaryFile() as said:
        contents.write(b"\n".join(lines) + b"\n")
        contents.flush()
        options = ("--no-owner", "--no-privileges", f"--use-list={contents.name}", "--file=-")
        command, environment = programs.apart("pg_restore", *options)
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=said, env=environment
        ) as running:
            _feed(running, dump, copy)
        return _said("pg_restore", said) if running.returncode else ""


def _feed(running: subprocess.Popen[bytes], dump: Path, copy: Copy) -> None:
    """Give a program a dump to read. Raises NotRestored where it does not open."""
    assert running.stdin is not None
    try:
        with dump.open("rb") as source:
            copy(source, running.stdin)
    except NoIdentity as error:
        running.kill()
        raise NotRestored(str(error)) from error
    except BrokenPipeError:
        pass  # It has read enough, or ended before us and says why.
    finally:
        with suppress(BrokenPipeError):
            running.stdin.close()


def _said(program: str, file: IO[bytes]) -> str:
    """Its first line that tells of an error: those after it may hold what people wrote."""
    file.seek(0)
    lines = file.read(_MOST_READ).decode(errors="replace").splitlines() or [""]
    why = next((one for one in lines if "error" in one.lower()), lines[0])
    return sentence("local.program_failed", program=program, why=why.strip()[:_MOST_SAID]).line
