"""The watched folder: files that another program puts there are imported, and moved where they belong.

A file is named by its target (`customers-2026-11-28.csv`). It is taken once two looks have found it
unchanged, and moved to `done` or `refused` when its run has ended, with the refused rows or the reason beside
it. Nothing is followed, overwritten or deleted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Text, all_, delete, literal

from backend.core.actor import SYSTEM_ID, Actor, Role
from backend.core.db import Database
from backend.core.errors import CATALOGUE, Problem
from backend.core.queries.units import topmost_unit
from backend.core.sentences import sentence
from backend.imports.kinds.import_run import FeedFile, ImportRun
from backend.imports.reading.tables import MOST_BYTES, read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.services import reports
from backend.imports.services.feed_notices import tell_administrators
from backend.imports.services.feeding import feed_file

log = structlog.get_logger(__name__)
DONE, REFUSED = "done", "refused"
# Between two looks that find a file the same: a slow copy over a network writes more often.
STILL = timedelta(seconds=15)
TELL_AGAIN = timedelta(days=1)
# What programs call a file while they write it.
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".swp")
# Of the 255 bytes that a name may have: the moment and a number before it, an ending behind.
MOST_NAME = 200
_ALONE = "import folder"
_FOLDER = ""


class _Changed(Exception):
    """A file that grows still."""


def look_at_folder(database: Database, folder: Path, now: datetime | None = None) -> int:
    """Take what is whole and move what has ended; returns how many files were moved. One worker at a time."""
    at = now or datetime.now(UTC)
    with database.alone(_ALONE) as is_mine:
        if not is_mine:
            return 0
        try:
            names = sorted(_files_in(folder))
        except OSError as error:
            _tell_of_folder(database, folder, type(error).__name__, at)
            return 0
        _forget(database, names)
        return sum(_look(database, folder, name, at) for name in names)


def _files_in(folder: Path) -> Iterator[str]:
    """Names of all that is no folder, not hidden and not being written; makes where files are moved to."""
    for one in (DONE, REFUSED):
        (folder / one).mkdir(mode=0o750, exist_ok=True)
        if (folder / one).is_symlink():
            raise NotADirectoryError(folder / one)
    with os.scandir(folder) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not (
                is_folder or entry.name.startswith((".", "~")) or entry.name.lower().endswith(_UNFINISHED)
            ):
                yield entry.name


def _look(database: Database, folder: Path, name: str, now: datetime) -> int:
    """One file a step further; 1 where it was moved. What goes wrong with it stops no other."""
    try:
        with database.transaction() as session:
            kept = session.get(FeedFile, _key(name))
            run_id, told_at = (kept.run_id, kept.told_at) if kept else (None, None)
        try:
            return _step(database, folder, name, run_id, now)
        except Problem as problem:
            return _refuse(database, folder, name, problem, now)
    except _Changed:
        return 0
    except Exception as error:
        log.error("import.file_stuck", file=_key(name), error=type(error).__name__, exc_info=True)
        if told_at is None or now - told_at > TELL_AGAIN:
            _tell_of_file(database, name, type(error).__name__, now)
    return 0


def _step(database: Database, folder: Path, name: str, run_id: UUID | None, now: datetime) -> int:
    """Follow its run, or begin one once it is still. Raises Problem, _Changed."""
    if not _is_still(database, folder / name, now, has_run=run_id is not None):
        return 0
    if run_id is not None:
        return _follow(database, folder, name, str(run_id))
    _take(database, folder, name)
    return 0


def _key(name: str) -> str:
    """A file's name as text: one of bytes that are none is no reason to stumble."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")[:300]


def _is_still(database: Database, file: Path, now: datetime, *, has_run: bool) -> bool:
    """Whether it was the same at a look long enough ago, or is the one that its run was begun with.

    What another program wrote in its place meanwhile is a file of its own, and has no run yet. Raises Problem
    for what is no file of data.
    """
    found = file.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise Problem("feed_no_file")
    if found.st_size > MOST_BYTES:
        raise Problem("table_too_large", megabytes=found.st_size // 1_000_000, most=MOST_BYTES // 1_000_000)
    with database.transaction() as session:
        kept = session.get(FeedFile, _key(file.name))
        if kept is not None and (kept.size_bytes, kept.changed_ns) == (found.st_size, found.st_mtime_ns):
            return has_run or now - kept.seen_at >= STILL
        seen = {"size_bytes": found.st_size, "changed_ns": found.st_mtime_ns, "seen_at": now}
        session.merge(FeedFile(name=_key(file.name), run_id=None, **seen))
    return False


def _take(database: Database, folder: Path, name: str) -> None:
    """Begin its run. Raises Problem (no such target, no table, no mapping), _Changed."""
    target = _target_of(name)
    data = _read(folder / name)
    name = _key(name)
    table = read_table(data, name)
    with database.transaction() as session:
        unit_id = topmost_unit(session)
        if unit_id is None:
            raise Problem("not_found", kind="unit", id="")
        actor = Actor(SYSTEM_ID, unit_id, frozenset({Role.ADMIN}))
        fed = feed_file(session, actor, unit_id, target, name, data, table)
        session.get_one(FeedFile, name).run_id = fed.run.id


def _target_of(name: str) -> str:
    """What a file is, by the beginning of its name: of two that fit the longer one."""
    form = name.lower().replace("-", "_").replace(" ", "_")
    fitting = [one for one in TARGETS if form.startswith(one) and not form[len(one) : len(one) + 1].isalpha()]
    if not fitting:
        raise Problem("feed_no_target", targets=sorted(TARGETS))
    return max(fitting, key=len)


def _read(file: Path) -> bytes:
    """Its bytes: no link is followed, and nothing waits for a pipe. Raises _Changed, Problem."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise Problem("feed_no_file")
        data = stream.read(MOST_BYTES + 1)
        after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != after.st_size:
        raise _Changed
    return data


def _follow(database: Database, folder: Path, name: str, run_id: str) -> int:
    """Move a file whose run has ended; what waits for a person stays where it is."""
    with database.snapshot() as session:
        run = session.get(ImportRun, UUID(run_id))
        state, why = (run.state, run.problem) if run else ("discarded", None)
        refused = list(reports.lines_of(session, run_id)) if run else []
    if state not in ("applied", "failed", "discarded"):
        return 0
    moved = _move(folder, name, DONE if state == "applied" else REFUSED)
    if refused:
        _beside(moved, ".refused.xlsx", reports.as_xlsx(iter(refused)))
    if state == "discarded":
        words = sentence("imports.feed_discarded")
        _beside(moved, ".reason.txt", f"{words.zh}\n{words.en}\n".encode())
    elif state == "failed":
        detail = dict(why or {"code": "server_error"})
        _beside(moved, ".reason.txt", _said(str(detail.pop("code"))).encode())
    _forget_one(database, name)
    return 1


def _refuse(database: Database, folder: Path, name: str, problem: Problem, now: datetime) -> int:
    """Out of the way, with why beside it, and told to the administrators."""
    if problem.code == "table_readers_busy":
        return 0
    moved = _move(folder, name, REFUSED)
    _beside(moved, ".reason.txt", _said(problem.code, problem).encode())
    with database.transaction() as session:
        why = problem.entry.zh, problem.entry.en
        words = sentence("imports.feed_file_refused", file=_key(name), why=why)
        tell_administrators(session, topmost_unit(session), words)
    _forget_one(database, name)
    log.warning("import.file_refused", file=_key(name), code=problem.code)
    return 1


def _said(code: str, problem: Problem | None = None) -> str:
    entry = CATALOGUE[code]
    detail = "".join(f"{name}: {value}\n" for name, value in (problem.detail if problem else {}).items())
    return f"{entry.zh}：{entry.remedy_zh}\n{entry.en} {entry.remedy_en}\n{detail}"


def _move(folder: Path, name: str, where: str) -> Path:
    """Into a folder beside, under a name that nothing there has. A link is moved itself, never followed."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for n in range(1000):
        to = folder / where / f"{stamp}{f'-{n}' if n else ''}-{_end_of(name)}"
        if not os.path.lexists(to):
            os.rename(folder / name, to)
            return to
    raise FileExistsError(folder / where)


def _end_of(name: str) -> str:
    """As much of a name as leaves room for what stands before and after it: folders count bytes, of which a
    Chinese character has three."""
    while len(os.fsencode(name)) > MOST_NAME:
        name = name[1:]
    return name


def _beside(moved: Path, ending: str, data: bytes) -> None:
    handle = os.open(f"{moved}{ending}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def _forget(database: Database, names: list[str]) -> None:
    """What is not there any more; and the folder is."""
    with database.transaction() as session:
        # As one array: a statement takes no more than 65,535 values.
        there = literal([_key(one) for one in names], ARRAY(Text))
        session.execute(delete(FeedFile).where(FeedFile.name != all_(there)))


def _forget_one(database: Database, name: str) -> None:
    with database.transaction() as session:
        session.execute(delete(FeedFile).where(FeedFile.name == _key(name)))


def _tell_of_folder(database: Database, folder: Path, why: str, now: datetime) -> None:
    """Once a day that it is not there, or not ours to read."""
    with database.transaction() as session:
        kept = session.get(FeedFile, _FOLDER)
        if kept is not None and kept.told_at is not None and now - kept.told_at < TELL_AGAIN:
            return
        session.merge(FeedFile(name=_FOLDER, size_bytes=0, changed_ns=0, seen_at=now, told_at=now))
        words = sentence("imports.feed_no_folder", folder=str(folder), why=why)
        tell_administrators(session, topmost_unit(session), words)
    log.warning("import.folder_unreadable", folder=str(folder), error=why)


def _tell_of_file(database: Database, name: str, why: str, now: datetime) -> None:
    """Once a day that it cannot be read or moved."""
    with database.transaction() as session:
        kept = session.get(FeedFile, _key(name))
        kept = kept or FeedFile(name=_key(name), size_bytes=-1, changed_ns=0, seen_at=now)
        kept.told_at = now
        session.add(kept)
        stuck = sentence("imports.feed_file_stuck", why=why)
        words = sentence("imports.feed_file_refused", file=_key(name), why=(stuck.zh, stuck.en))
        tell_administrators(session, topmost_unit(session), words)
