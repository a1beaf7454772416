"""Tries a backup: restores it into a throwaway database as an ordinary role, checks it, and deletes that.

Nothing of the real one is touched; that it was tried is noted there, and how it went.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.core.blobs.store import key_of
from backend.core.db import beside
from backend.core.keys import Keys
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.evidence.services import sealing
from backend.evidence.services.sealing import Broken
from backend.local import object_copies
from backend.local.bringing_back import NotRestored, bring_back, listed
from backend.local.cluster import Cluster, NoPostgres, present_binaries
from backend.local.machine import Machine
from backend.local.manifest import Manifest
from backend.local.programs import NoProgram, programs_for
from backend.local.restoring import Checked, Ways, checked
from backend.local.safekeeping import opened
from backend.setup.queries import targets
from backend.setup.queries.scratch import Held, drop_database, held, make_database, stored_hashes

ROLE, NAME = "wangge_drill", "wangge"
# A new cluster with PostGIS, and what it writes ahead.
BYTES_OF_CLUSTER, MOST_LOG_BYTES = 150_000_000, 1_200_000_000
_LONGEST_WHY = 400


class NotTried(NotRestored):
    """This machine could not try a backup: nothing is known of that, and nothing is noted. Says why."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What was found in the backup: the counts, how many files it names and holds, and seals that hold."""

    held: Held
    files: int
    seals: int


def drill(machine: Machine, folder: Path, ways: Ways | None = None, scratch: Path | None = None) -> Drilled:
    """Restore it apart, check, delete, and note how it went. Raises NotRestored where it is bad, NotTried.

    In a new cluster in `scratch`, or beside the real database where no server's programs are on this machine.
    """
    try:
        found = _tried(machine, folder, ways or Ways(), scratch)
    except NotTried:
        raise
    except NotRestored as error:
        _note(machine, {"good": False, "why": str(error)[:_LONGEST_WHY]})
        raise
    except NoProgram as error:
        raise NotTried(str(error)) from error
    counts = {"records": found.held.records, "history": found.held.history}
    _note(machine, {"good": True, **counts, "files": found.files, "seals": found.seals})
    return found


def _note(machine: Machine, after: dict[str, object]) -> None:
    with opened(machine) as database, database.transaction() as session:
        note_at_shell(session, "backup_drilled", ("backup", None), after=after)


def _tried(machine: Machine, folder: Path, ways: Ways, scratch: Path | None) -> Drilled:
    found = checked(machine, folder, ways)
    spoiled = object_copies.spoiled(found.kept.objects, _listed(found))
    if spoiled:
        raise NotRestored(sentence("local.objects_missing", count=len(spoiled), some=spoiled[:5]).line)
    with _throwaway(machine, found, scratch) as other:
        with opened(other) as database, database.snapshot() as session:
            there = targets.target(session)
        programs = programs_for(other, there.version // 10_000)
        contents = listed(programs, found.kept.dump, found.copy)
        bring_back(programs, found.kept.dump, found.copy, contents, present=there.extensions)
        return _counted(machine, other, found)


def _listed(found: Checked) -> Iterator[object_copies.Copied]:
    if found.kept.manifest is not None:
        yield from object_copies.read_list(found.kept.list)


@contextmanager
def _throwaway(machine: Machine, found: Checked, scratch: Path | None) -> Iterator[Machine]:
    """The same machine on a database of its own, as an ordinary role; it is deleted. Raises NotTried."""
    binaries = present_binaries(machine.settings.home)
    if binaries is None:
        with _beside(machine) as other:
            yield other
        return
    place = scratch or Path(tempfile.gettempdir())
    need_room(place, found.kept.manifest)
    with tempfile.TemporaryDirectory(prefix="wangge-drill-", dir=place) as folder:
        # PostgreSQL's own account passes through where this is root's.
        Path(folder).chmod(0o711)
        cluster = Cluster(Path(folder) / "cluster", binaries, durable=False)
        try:
            cluster.start()
            url = cluster.give_database(NAME, ROLE)
            yield Machine(replace(machine.settings, database_url=url), cluster)
        except NoPostgres as error:
            raise NotTried(sentence("local.drill_no_cluster", why=str(error)).line) from error
        finally:
            cluster.stop()


def need_room(place: Path, made: Manifest | None) -> None:
    """Raises NotTried where a cluster with that database would not fit."""
    size = made.database_bytes if made else 0
    needed = BYTES_OF_CLUSTER + size + min(size, MOST_LOG_BYTES)
    free = shutil.disk_usage(place).free
    if free < needed:
        gigabytes = [size / 1e9 for size in (needed, free)]
        raise NotTried(
            sentence("local.drill_no_room", place=str(place), needed=gigabytes[0], free=gigabytes[1]).line
        )


@contextmanager
def _beside(machine: Machine) -> Iterator[Machine]:
    """A database of its own beside the real one."""
    name = f"wangge_drill_{secrets.token_hex(6)}"
    url = beside(machine.settings.database_url, name)
    with opened(machine) as database:
        try:
            with database.glance() as connection:
                make_database(connection, name)
        except DBAPIError as error:
            why = str(error.orig).strip()
            raise NotTried(sentence("local.drill_no_database", why=why).line) from error
        try:
            settings = replace(machine.settings, database_url=url)
            yield Machine(settings, machine.cluster)
        finally:
            with database.glance() as connection:
                drop_database(connection, name)


def _counted(machine: Machine, other: Machine, found: Checked) -> Drilled:
    try:
        with opened(other) as database, database.snapshot() as session:
            there = held(session)
            _need_counts(there, found.kept.manifest)
            files = _files(session, machine, found)
            return Drilled(there, files, _seals(session, machine, found))
    except DBAPIError as error:
        raise NotRestored(sentence("local.drill_strange", why=str(error.orig).strip()).line) from error


def _need_counts(there: Held, made: Manifest | None) -> None:
    if not there.records:
        raise NotRestored(sentence("local.drill_empty").line)
    if made is None:
        return
    differ = [
        f"{name} {count} ≠ {made.held[name]}"
        for name, count in (("records", there.records), ("history", there.history))
        if count != made.held[name]
    ]
    if differ:
        raise NotRestored(sentence("local.drill_counts", differ=differ).line)


def _files(session: Session, machine: Machine, found: Checked) -> int:
    """How many files the database names; each has its copy. Raises NotRestored."""
    hashes = stored_hashes(session)
    kept = found.kept
    there = {one.key for one in object_copies.listed_in(kept.list, kept.objects, kept.ending)}
    missing = [one for one in hashes if key_of(one) not in there]
    # A release before this one copied nothing out of S3.
    if missing and (kept.manifest is not None or machine.settings.objects_url.startswith("file:")):
        raise NotRestored(sentence("local.drill_lacks", missing=len(missing), files=len(hashes)).line)
    return len(hashes) - len(missing)


def _seals(session: Session, machine: Machine, found: Checked) -> int:
    """How many seals hold by the backup's own keys and seals, or this server's. Raises NotRestored."""
    with tempfile.TemporaryDirectory() as folder:
        keys, witness = machine.settings.keys, machine.settings.home / sealing.WITNESS
        witnesses = []
        if found.secrets is not None:
            keys = Keys(Path(folder) / "none", found.secrets.ring.as_text())
            witness = Path(folder) / sealing.WITNESS
            witness.write_bytes(b"\n".join(found.secrets.seals))
            witnesses = [witness]
        seals = 0
        for one in sealing.verify_history(session, keys, witnesses):
            if isinstance(one, Broken):
                raise NotRestored(sentence("local.drill_seal", seal=one.seal, why=one.why).line)
            seals += 1
    return seals
