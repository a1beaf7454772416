"""Tries a backup: restores it into a throwaway database beside the real one, counts it, and drops it.

Nothing of the real one is touched; that it was tried is noted there.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from backend.core.blobs.store import key_of
from backend.core.db import Database
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.local.encryption import decrypt
from backend.local.machine import Machine
from backend.local.safekeeping import OBJECTS, NotRestored, bring_back, dump_in
from backend.setup.queries.scratch import Held, drop_database, held, make_database, stored_hashes

# Without `--clean`: it is empty. Comments on extensions are their owners' to make, who need not be ours.
_INTO_EMPTY = ("--no-owner", "--no-privileges", "--no-comments", "--single-transaction", "--exit-on-error")


@dataclass(frozen=True, slots=True)
class Drilled:
    """What was found in the backup: the counts, and how many files it names and holds."""

    held: Held
    files: int


def drill(machine: Machine, folder: Path, identities: Sequence[Any] = ()) -> Drilled:
    """Restore it beside, count, drop, and note that it was done. Raises NotRestored where it is no good."""
    dump, ending = dump_in(folder)
    copy = partial(decrypt, identities=identities) if ending else shutil.copyfileobj
    with _scratch(machine) as scratch:
        bring_back(scratch, dump, copy, _INTO_EMPTY)
        found, hashes = _counted(scratch)
    if not found.records:
        raise NotRestored(sentence("local.drill_empty").line)
    missing = [one for one in hashes if not (folder / OBJECTS / f"{key_of(one)}{ending}").is_file()]
    if missing and machine.settings.objects_url.startswith("file:"):
        raise NotRestored(sentence("local.drill_lacks", missing=len(missing), files=len(hashes)).line)
    what = {"records": found.records, "history": found.history, "files": len(hashes) - len(missing)}
    with _opened(machine) as database, database.transaction() as session:
        note_at_shell(session, "backup_drilled", ("backup", None), after=what)
    return Drilled(found, len(hashes) - len(missing))


@contextmanager
def _scratch(machine: Machine) -> Iterator[Machine]:
    """The same machine on a database of its own, which is dropped. Raises NotRestored for none."""
    name = f"wangge_drill_{secrets.token_hex(6)}"
    url = make_url(machine.settings.database_url).set(database=name)
    with _opened(machine) as database:
        try:
            with database.glance() as connection:
                make_database(connection, name)
        except DBAPIError as error:
            raise NotRestored(
                sentence("local.drill_no_database", why=str(error.orig).strip()).line
            ) from error
        try:
            settings = replace(machine.settings, database_url=url.render_as_string(hide_password=False))
            yield Machine(settings, machine.cluster)
        finally:
            with database.glance() as connection:
                drop_database(connection, name)


def _counted(scratch: Machine) -> tuple[Held, list[str]]:
    try:
        with _opened(scratch) as database, database.snapshot() as session:
            return held(session), stored_hashes(session)
    except DBAPIError as error:
        raise NotRestored(sentence("local.drill_strange", why=str(error.orig).strip()).line) from error


@contextmanager
def _opened(machine: Machine) -> Iterator[Database]:
    engine = machine.engine()
    try:
        yield Database(engine)
    finally:
        engine.dispose()
