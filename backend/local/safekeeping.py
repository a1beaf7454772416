"""Backup and restore: the database by pg_dump, the objects file by file; a restore opens a new epoch.

All of it is its owner's alone. Encrypted on request, in streams: nothing is ever whole in memory, and no
plain copy touches the disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backend.core.db import Database
from backend.core.private_files import own_folder
from backend.core.queries.gauges import refresh_statistics
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.local.encryption import ENDING, NoIdentity, decrypt, encrypt
from backend.local.machine import Machine
from sync.postgres import epoch

DUMP, OBJECTS = "database.dump", "objects"
# In the place of what is there.
IN_PLACE = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
Copy = Callable[[IO[bytes], IO[bytes]], None]


class NotKept(Exception):
    """The backup was not made; says why in both languages."""


class NotRestored(Exception):
    """The backup was not brought back; the database is as it was."""


def backup(machine: Machine, folder: Path, recipients: Sequence[Any] = ()) -> Path:
    """Write a dump and the objects; the dump comes first, so that every photo it names is copied.

    With `recipients` (of `encryption.recipients_of`) both are encrypted to them. Raises NotKept.
    """
    ending, copy = (
        (ENDING, partial(encrypt, recipients=recipients)) if recipients else ("", shutil.copyfileobj)
    )
    _need_place(folder, ending)
    own_folder(folder)
    began_at = datetime.now(UTC)
    with _database(machine) as database, database.transaction() as session:
        epoch.note_backup(session.connection(), began_at)
    target = folder / f"{DUMP}{ending}"
    with _replacing(target) as out:
        _dump(machine, out, copy)
    objects = _objects(machine)
    if objects is not None and objects.exists():
        _copy_tree(objects, folder / OBJECTS, copy, ending)
    _note(machine, "backup_made", {"encrypted": bool(recipients), "began_at": began_at.isoformat()})
    return target


def _need_place(folder: Path, ending: str) -> None:
    """An empty folder, or one with a backup of the same form: no folder of other things becomes ours."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    has = [one for one in ("", ENDING) if (folder / f"{DUMP}{one}").exists()]
    if has != [ending]:
        raise NotKept(sentence("local.holds_other_things", folder=str(folder)).line)


def _dump(machine: Machine, out: IO[bytes], copy: Copy) -> None:
    command, environment = _command(machine, "pg_dump", "--format=custom")
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment) as running:
            assert running.stdout is not None
            copy(running.stdout, out)
        if running.returncode:
            said.seek(0)
            raise NotKept(f"pg_dump failed: {said.read(500).decode(errors='replace')}")


def restore(machine: Machine, folder: Path, identities: Sequence[Any] = ()) -> int:
    """Replace the database by a dump; returns the number of the epoch that begins. Raises NotRestored.

    A dump carries transaction ids of another life, so every entry's is reset and every cursor is refused:
    phones compare themselves anew and keep all unsent work.
    """
    dump, ending = dump_in(folder)
    copy = partial(decrypt, identities=identities) if ending else shutil.copyfileobj
    bring_back(machine, dump, copy)
    objects = _objects(machine)
    if objects is not None and (folder / OBJECTS).exists():
        _copy_tree(folder / OBJECTS, objects, copy, "", ending)
    with _database(machine) as database, database.transaction() as session:
        number = epoch.open_new(session.connection(), "restore")
        refresh_statistics(session)
    _note(machine, "restored", {"epoch": number, "encrypted": bool(ending)})
    return number


def dump_in(folder: Path) -> tuple[Path, str]:
    """A backup's dump, and the ending of its files where it is encrypted. Raises NotRestored."""
    ending = ENDING if (folder / f"{DUMP}{ENDING}").exists() else ""
    dump = folder / f"{DUMP}{ending}"
    if not dump.exists():
        raise NotRestored(f"{folder} holds no {DUMP}")
    return dump, ending


def bring_back(machine: Machine, dump: Path, copy: Copy, options: Sequence[str] = IN_PLACE) -> None:
    """All of it in one transaction, or nothing: what breaks off before its end is undone."""
    command, environment = _command(machine, "pg_restore", *options)
    with dump.open("rb") as source, tempfile.TemporaryFile() as said:
        running = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said, env=environment)
        assert running.stdin is not None
        try:
            copy(source, running.stdin)
            running.stdin.close()
        except NoIdentity as error:
            running.kill()
            raise NotRestored(str(error)) from error
        except BrokenPipeError:
            pass  # It ended before us, and says why.
        finally:
            with suppress(BrokenPipeError):
                running.stdin.close()
            running.wait()
        if running.returncode:
            said.seek(0)
            raise NotRestored(f"pg_restore failed: {said.read(500).decode(errors='replace')}")


def _copy_tree(source: Path, target: Path, copy: Copy, adding: str, taking: str = "") -> None:
    """Every file, whole or not at all; links are not followed."""
    own_folder(target)
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not path.is_file() or not path.name.endswith(taking):
            continue
        inside = path.relative_to(source)
        place = target / inside.with_name(inside.name.removesuffix(taking) + adding)
        place.parent.mkdir(parents=True, exist_ok=True)
        for folder in place.relative_to(target).parents:
            (target / folder).chmod(0o700)
        with path.open("rb") as file, _replacing(place) as out:
            copy(file, out)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file of its owner alone that takes its place once it is whole and on the disk."""
    handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _database(machine: Machine) -> Iterator[Database]:
    engine = machine.engine()
    try:
        yield Database(engine)
    finally:
        engine.dispose()


def _note(machine: Machine, act: str, after: dict[str, Any]) -> None:
    with _database(machine) as database, database.transaction() as session:
        note_at_shell(session, act, ("backup", None), after=after)


def _objects(machine: Machine) -> Path | None:
    parts = urlsplit(machine.settings.objects_url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _command(machine: Machine, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """One of PostgreSQL's programs, the private cluster's own or the one on the PATH, and its environment.

    The password goes by the environment: everybody on a machine can read the words of a command.
    """
    program, environment = machine.cluster.where(name) if machine.cluster else (name, dict(os.environ))
    where = conninfo_to_dict(machine.settings.database_url)
    password = where.pop("password", None)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return [program, *arguments, f"--dbname={make_conninfo('', **where)}"], environment
