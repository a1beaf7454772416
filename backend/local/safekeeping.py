"""Makes a backup: the database by pg_dump, objects that are new, keys and seals apart, and a manifest last.

All of it is its owner's alone. Encrypted on request, in streams: nothing large is ever whole in memory, and
no plain copy touches the disk. What fails leaves the backups of before as they were.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from obstore.exceptions import BaseError
from sqlalchemy.orm import Session

from backend.core.blobs.store import open_blobs
from backend.core.db import Database
from backend.core.keys import SEALS
from backend.core.private_files import own_folder, write_private
from backend.core.queries.units import has_table
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.evidence.queries.sealing import count_seals
from backend.local import generations, manifest, object_copies, sealed_secrets
from backend.local.bringing_back import Copy, NotRestored
from backend.local.encryption import ENDING, encrypt, recipients_of
from backend.local.locks import Lock
from backend.local.machine import Machine
from backend.local.manifest import Manifest
from backend.local.private_writing import replacing
from backend.local.programs import NoProgram, Programs, programs_for
from backend.local.sealed_secrets import Opener
from backend.setup.queries import health, targets
from backend.setup.queries.scratch import held
from sync.postgres import epoch

KEEP = 7


class NotKept(Exception):
    """The backup was not made; says why in both languages. Those of before are as they were."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a backup is made: whom it is encrypted to, by their text; what closes keys and seals; how many are
    kept."""

    to: Sequence[str] = ()
    closer: Opener = field(default_factory=Opener)
    keep: int = KEEP

    @property
    def ending(self) -> str:
        """Of encrypted files."""
        return ENDING if self.to else ""

    @property
    def copy(self) -> Copy:
        """How a stream is written. Raises NoIdentity."""
        return partial(encrypt, recipients=recipients_of(self.to)) if self.to else shutil.copyfileobj

    @property
    def fingerprint(self) -> str:
        """Tells recipients from others."""
        names = "\n".join(sorted(self.to))
        return hashlib.sha256(names.encode()).hexdigest()[:8] if names else ""


def backup(machine: Machine, folder: Path, wanted: Wanted | None = None) -> Path:
    """Write a backup; returns its dump. Raises NotKept.

    Objects are listed after the dump's moment, so that every photo it names is copied. That it was made is
    noted once it lies there whole: phones let go of what a backup holds.
    """
    wanted = wanted or Wanted()
    if not generations.is_place(folder):
        raise NotKept(sentence("local.holds_other_things", folder=str(folder)).line)
    own_folder(folder)
    lock = Lock(folder / generations.LOCK)
    if not lock.take():
        raise NotKept(sentence("local.another_backup", folder=str(folder)).line)
    for one in (folder / object_copies.FOLDER, *generations.generations(folder)):
        own_folder(one)
    try:
        with opened(machine) as database:
            with database.glance_at_models() as session:
                began_at = targets.seen_through(session).astimezone(UTC)
            made = _written(machine, database, folder, wanted, began_at)
            generations.thin_out(folder, wanted.keep)
            note_made(database, began_at, {"encrypted": bool(wanted.to)})
    except (OSError, BaseError, NoProgram) as error:
        raise NotKept(_why(error, folder)) from error
    finally:
        lock.give_back()
    return made / f"{generations.DUMP}{wanted.ending}"


def note_made(database: Database, began_at: datetime, more: dict[str, Any]) -> None:
    """Tell phones and the trail of acts that everything acknowledged before a moment is in a backup."""
    with database.transaction() as session:
        epoch.note_backup(session.connection(), began_at)
        note_at_shell(
            session, "backup_made", ("backup", None), after=more | {"began_at": began_at.isoformat()}
        )


def _why(error: Exception, folder: Path) -> str:
    if isinstance(error, NoProgram):
        return str(error)
    return sentence("local.not_written", folder=str(folder), why=reason_of(error)).line


def reason_of(error: Exception) -> str:
    """Why a disk or an object store did not do it: its first line, as others are for programmers."""
    return (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0]


def _written(machine: Machine, database: Database, folder: Path, wanted: Wanted, began_at: datetime) -> Path:
    work = generations.begin(folder, datetime.now(UTC))
    try:
        with database.snapshot() as session:
            snapshot = targets.export_snapshot(session)
            about = _about(machine, session, wanted, began_at)
            programs = programs_for(machine, about.server // 10_000)
            dump = f"{generations.DUMP}{wanted.ending}"
            with replacing(work / dump) as out:
                _dump(programs, cast(IO[bytes], out), wanted.copy, snapshot)
        names = [dump, _objects(machine, folder, work, wanted), *_secrets(machine, work, wanted)]
        about.parts.extend(manifest.part_of(work, one) for one in names)
        manifest.write(work, about, machine.settings.keys.of(SEALS)[-1])
        return generations.finish(work)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _about(machine: Machine, session: Session, wanted: Wanted, began_at: datetime) -> Manifest:
    found, known = held(session), targets.identified(session)
    seals = count_seals(session) if has_table(session, "seal") else 0
    return Manifest(
        release=manifest.release(),
        schema=health.schema(session),
        server=health.server(session).version,
        began_at=began_at.isoformat(),
        identity=str(known.identity) if known.identity else None,
        name={"zh": known.name_zh, "en": known.name_en},
        ending=wanted.ending,
        recipients=wanted.fingerprint,
        database_bytes=targets.size_bytes(session),
        held={"records": found.records, "history": found.history, "seals": seals},
        keys=[one.id for one in machine.settings.keys.ring().keys],
    )


def _dump(programs: Programs, out: IO[bytes], copy: Copy, snapshot: str) -> None:
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
    command, environment = programs.command("pg_dump", *options)
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment) as running:
            assert running.stdout is not None
            copy(running.stdout, out)
        if running.returncode:
            said.seek(0)
            why = said.read(500).decode(errors="replace").strip()
            raise NotKept(sentence("local.program_failed", program="pg_dump", why=why).line)


def _objects(machine: Machine, folder: Path, work: Path, wanted: Wanted) -> str:
    """Copy what is new; the name of their list."""
    ending = f".{wanted.fingerprint}{wanted.ending}" if wanted.to else ""
    root, form = own_folder(folder / object_copies.FOLDER), object_copies.Form(wanted.copy, ending)
    with replacing(work / object_copies.LIST) as out:
        blobs = open_blobs(machine.settings.objects_url)
        object_copies.copy_out(blobs, root, cast(IO[bytes], out), form, _listed_before(folder, wanted))
    return object_copies.LIST


def _listed_before(folder: Path, wanted: Wanted) -> dict[str, object_copies.Copied]:
    for one in reversed(generations.generations(folder)):
        try:
            kept = generations.chosen(one)
            if kept.manifest is not None and kept.manifest.recipients == wanted.fingerprint:
                return {line.key: line for line in object_copies.read_list(kept.list)}
        except (NotRestored, OSError, ValueError, TypeError):
            continue  # Spoiled: another one may do, else everything is copied.
    return {}


def _secrets(machine: Machine, work: Path, wanted: Wanted) -> list[str]:
    if not wanted.closer:
        return []
    settings = machine.settings
    write_private(
        work / sealed_secrets.NAME, sealed_secrets.sealed(settings.keys, settings.home, wanted.closer)
    )
    return [sealed_secrets.NAME]


@contextmanager
def opened(machine: Machine) -> Iterator[Database]:
    """Its database, for as long as it is needed."""
    engine = machine.engine()
    try:
        yield Database(engine)
    finally:
        engine.dispose()
