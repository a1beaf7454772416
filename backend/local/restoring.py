"""Brings a backup back: everything is checked before anything is written; then a new epoch begins."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from backend.core.blobs.store import open_blobs
from backend.core.keys import Key
from backend.core.queries.gauges import refresh_statistics
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.local import generations, manifest, object_copies, sealed_secrets
from backend.local.bringing_back import Contents, Copy, NotRestored, bring_back, listed
from backend.local.encryption import NoIdentity, decrypt
from backend.local.generations import Kept
from backend.local.machine import Machine
from backend.local.programs import NoProgram, Programs, programs_for
from backend.local.safekeeping import opened, reason_of
from backend.local.sealed_secrets import Opener, Secrets
from backend.setup.queries import targets
from backend.setup.queries.targets import Target
from sync.postgres import epoch

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Ways:
    """How a backup is opened, and what of the checks is waived."""

    identities: Sequence[Any] = ()
    passphrase: str = ""
    role: str = ""
    another_installation: bool = False
    without_keys: bool = False
    unchecked: bool = False

    @property
    def opener(self) -> Opener:
        """Of keys and seals."""
        return Opener(self.passphrase, self.identities)


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that is whole, how its files are read, and its keys and seals where they were opened."""

    kept: Kept
    copy: Copy
    secrets: Secrets | None


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of it: the epoch, objects that could not be had, where keys are that could not be added."""

    epoch: int
    lacking: list[str] = field(default_factory=list)
    ring: Path | None = None


def checked(machine: Machine, folder: Path, ways: Ways) -> Checked:
    """Look at all of a backup and write nothing. Raises NotRestored."""
    kept = generations.chosen(folder, unchecked=ways.unchecked)
    copy: Copy = partial(decrypt, identities=ways.identities) if kept.ending else shutil.copyfileobj
    if kept.manifest is None:
        return Checked(kept, copy, None)
    manifest.need_known_versions(kept.manifest)
    secrets = _secrets(kept, ways)
    _need_signed(machine, kept, ways, secrets)
    if not ways.unchecked:
        manifest.need_whole(kept.folder, kept.manifest)
        gone = object_copies.missing(kept.objects, object_copies.read_list(kept.list))
        if gone:
            raise NotRestored(sentence("local.objects_missing", count=len(gone), some=gone[:MOST_NAMED]).line)
    return Checked(kept, copy, secrets)


def _secrets(kept: Kept, ways: Ways) -> Secrets | None:
    assert kept.manifest is not None
    if not kept.manifest.has(sealed_secrets.NAME) or not ways.opener:
        return None
    try:
        return sealed_secrets.opened((kept.folder / sealed_secrets.NAME).read_bytes(), ways.opener)
    except FileNotFoundError as error:
        raise NotRestored(sentence("local.part_spoiled", file=sealed_secrets.NAME).line) from error
    except NoIdentity as error:
        # The ring's keys are always tried, and need not fit; a passphrase was given to fit.
        if ways.passphrase:
            raise NotRestored(str(error)) from error
        return None


def _need_signed(machine: Machine, kept: Kept, ways: Ways, secrets: Secrets | None) -> None:
    assert kept.manifest is not None
    keys: list[Key] = [*machine.settings.keys.ring().keys, *(secrets.ring.keys if secrets else ())]
    here, signer = {one.id for one in keys}, manifest.signed_by(kept.folder)
    if here.issuperset([signer, *kept.manifest.keys]):
        manifest.read(kept.folder, keys)
    elif not ways.without_keys:
        raise NotRestored(sentence("local.keys_not_here").line)


def restore(machine: Machine, folder: Path, ways: Ways | None = None) -> Brought:
    """Replace what is there by a backup. Raises NotRestored, and the database is as it was.

    A dump carries transaction ids of another life, so every entry's is reset and every cursor is refused:
    phones compare themselves anew and keep all unsent work.
    """
    ways = ways or Ways()
    found = checked(machine, folder, ways)
    with opened(machine) as database, database.snapshot() as session:
        there = targets.target(session)
        programs = _programs(machine, there)
        contents = listed(programs, found.kept.dump, found.copy)
        _need_target(session, there, found.kept, contents, ways)
    # Objects and keys first: they add to what is there, and without them the rest would be half a restore.
    lacking = _objects(machine, found)
    settings = machine.settings
    ring = sealed_secrets.take_in(found.secrets, settings.keys, settings.home) if found.secrets else None
    dump, present = found.kept.dump, there.extensions
    bring_back(programs, dump, found.copy, contents, role=ways.role, present=present)
    return Brought(_begin_epoch(machine, found.kept), lacking, ring)


def _programs(machine: Machine, there: Target) -> Programs:
    try:
        return programs_for(machine, there.version // 10_000)
    except NoProgram as error:
        raise NotRestored(str(error)) from error


def _need_target(session: Session, there: Target, kept: Kept, contents: Contents, ways: Ways) -> None:
    """That a database can take it, and may be replaced. Raises NotRestored."""
    made = kept.manifest
    if made is not None and made.server // 10_000 > there.version // 10_000:
        said = sentence("local.older_server", made=made.server // 10_000, here=there.version // 10_000)
        raise NotRestored(said.line)
    wanting = sorted(contents.extensions - there.extensions - there.may_make)
    if wanting:
        raise NotRestored(sentence("local.no_extension", extensions=wanting).line)
    if ways.role and not targets.has_role(session, ways.role):
        raise NotRestored(sentence("local.no_role", role=ways.role, user=there.role).line)
    if not ways.role and there.is_superuser and there.owner != there.role:
        raise NotRestored(sentence("local.say_role", role=there.owner, user=there.role).line)
    strangers = sorted(there.tables - _own_tables() - contents.tables)
    if strangers:
        raise NotRestored(sentence("local.not_empty", tables=strangers[:MOST_NAMED]).line)
    if not ways.another_installation:
        _need_same_installation(session, kept)


def _need_same_installation(session: Session, kept: Kept) -> None:
    here, made = targets.identified(session), kept.manifest
    if made is None or made.identity is None or here.identity is None or not targets.holds_records(session):
        return
    if str(here.identity) != made.identity:
        name, own = made.name["zh"] or made.name["en"], here.name_zh or here.name_en
        raise NotRestored(sentence("local.another_installation", made=name, here=own).line)


def _own_tables() -> frozenset[str]:
    # The models are every capability's: only who restores waits for them.
    from backend.migrations.environment import METADATAS

    return frozenset({"alembic_version", *(name for one in METADATAS for name in one.tables)})


def _objects(machine: Machine, found: Checked) -> list[str]:
    blobs = open_blobs(machine.settings.objects_url)
    # On the disk of the store where it is one, so that nothing is written twice.
    near = machine.settings.home if machine.settings.home.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(dir=near) as work:
            lines = object_copies.listed_in(found.kept.list, found.kept.objects, found.kept.ending)
            return object_copies.copy_back(found.kept.objects, lines, blobs, found.copy, Path(work))
    except (OSError, BaseError) as error:
        raise NotRestored(sentence("local.objects_not_written", why=reason_of(error)).line) from error


def _begin_epoch(machine: Machine, kept: Kept) -> int:
    with opened(machine) as database, database.transaction() as session:
        if kept.manifest is not None:
            epoch.note_backup(session.connection(), datetime.fromisoformat(kept.manifest.began_at))
        number = epoch.open_new(session.connection(), "restore")
        refresh_statistics(session)
    after = {"epoch": number, "encrypted": bool(kept.ending)}
    # An older schema may have no room for it: it is restored nonetheless, and migrated next.
    with suppress(ProgrammingError), opened(machine) as database, database.transaction() as session:
        note_at_shell(session, "restored", ("backup", None), after=after)
    return number
