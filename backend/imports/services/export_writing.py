"""Writes exports into ZIP archives, file by file and turn by turn, and gives them to the object store."""

from __future__ import annotations

import errno
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.blobs.store import BlobStore, key_of
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.private_files import own_folder
from backend.core.queries.scopes import units_below
from backend.imports.kinds.export_run import ExportRun
from backend.imports.queries.exported import arrived_photos
from backend.imports.reading.targets import TARGETS
from backend.imports.services import exporting
from backend.imports.services.export_runs import LASTS, key_of_export

log = structlog.get_logger(__name__)
# A worker has other tasks too: it goes on at its next turn, behind the files that are whole.
TURN_S = 20.0
NOTE_EACH_S = 1.0
MISSING = "photos/missing.txt"
Write = Callable[[Session], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the archive: its name, and what writes it from a look at the database."""

    name: str
    write: Write
    is_packed: bool = True


class _Stopped(Exception):
    """Somebody deleted the export while it was written."""


def work_on_exports(database: Database, blobs: BlobStore, folder: Path, turn_s: float = TURN_S) -> int:
    """Write the exports that wait, the oldest first; returns how many came to their end.

    One worker at a time. What a turn does not finish lies in `folder` and is gone on with, by another
    machine from the start.
    """
    ended, until = 0, time.monotonic() + turn_s
    with database.alone("exports") as is_mine:
        while is_mine and time.monotonic() < until and (run_id := _next(database)):
            if not _work_on(database, blobs, folder, run_id, until):
                break
            ended += 1
    return ended


def _next(database: Database) -> str | None:
    with database.snapshot() as session:
        waiting = select(ExportRun.id).where(ExportRun.state == "writing").order_by(ExportRun.made_at)
        found = session.execute(waiting.limit(1)).scalar()
        return str(found) if found else None


def _work_on(database: Database, blobs: BlobStore, folder: Path, run_id: str, until: float) -> bool:
    """Whether it came to its end in this turn, whatever that is."""
    own_folder(folder)
    path, is_kept = folder / f"{run_id}.zip", False
    try:
        if not _written(database, blobs, path, run_id, until):
            is_kept = True
            return False
        _give(database, blobs, path, run_id)
    except _Stopped:
        pass
    except Problem as problem:
        _fail(database, blobs, run_id, problem)
    except Exception as error:
        log.error("export.failed", run=run_id, error=type(error).__name__, exc_info=True)
        is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        _fail(database, blobs, run_id, Problem("export_no_room" if is_full else "server_error"))
    finally:
        # Whatever breaks off in the middle of a file closes the archive with half of that in it.
        if not is_kept:
            path.unlink(missing_ok=True)
    return True


def _written(database: Database, blobs: BlobStore, path: Path, run_id: str, until: float) -> bool:
    """Put in what is not yet in the archive; whether all of it is. Raises _Stopped."""
    with database.snapshot() as session:
        run = session.get_one(ExportRun, UUID(run_id))
        files = _files(session, blobs, run, units_below(session, str(run.unit_id)))
    if path.exists() and not zipfile.is_zipfile(path):
        # The process died while it wrote: the list at its end is not there.
        path.unlink()
    noted_at = 0.0
    with zipfile.ZipFile(path, "a", allowZip64=True) as archive:
        there = set(archive.namelist())
        for number, file in enumerate(files):
            if time.monotonic() - noted_at > NOTE_EACH_S:
                _note(database, run_id, number, len(files))
                noted_at = time.monotonic()
            if file.name in there:
                continue
            if time.monotonic() >= until:
                return False
            with database.snapshot() as session:
                _put_in(archive, file, session)
    _note(database, run_id, len(files), len(files))
    return True


def _put_in(archive: zipfile.ZipFile, file: _File, session: Session) -> None:
    """A photo whose bytes are not in the store is left out; the file `MISSING` names it."""
    with suppress(FileNotFoundError):
        pieces = file.write(session)
        first = next(pieces, b"")
        entry = zipfile.ZipInfo(file.name, datetime.now(UTC).timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED if file.is_packed else zipfile.ZIP_STORED
        entry.external_attr = 0o600 << 16
        with archive.open(entry, "w", force_zip64=True) as out:
            out.write(first)
            for piece in pieces:
                out.write(piece)


def _files(session: Session, blobs: BlobStore, run: ExportRun, units: list[str]) -> list[_File]:
    files = list(_tables(run, units))
    if "photos" in run.forms:
        photos = list(arrived_photos(session, units))
        files += [_File(f"photos/{photo}.jpg", _bytes(blobs, sha256), False) for photo, sha256 in photos]
        files.append(_File(MISSING, partial(_missing, blobs, photos)))
    return files


def _tables(run: ExportRun, units: list[str]) -> Iterator[_File]:
    writers = {
        "csv": (exporting.kind_as_csv, "kinds/{}.csv"),
        "geojson": (exporting.kind_as_geojson, "kinds/{}.geojson"),
        "history": (exporting.history_as_lines, "history/{}.jsonl"),
    }
    for form, (write, name) in writers.items():
        for kind in run.kinds if form in run.forms else ():
            if form != "geojson" or exporting.geometry_of(kind):
                yield _File(name.format(kind), partial(write, kind=kind, units=units))
    for table in exporting.TABLES if "tables" in run.forms else ():
        if TARGETS[table].kind in run.kinds:
            yield _File(f"tables/{table}.csv", partial(exporting.table_as_csv, name=table, units=units))


def _bytes(blobs: BlobStore, sha256: str) -> Write:
    return lambda _session: iter([blobs.get(key_of(sha256))])


def _missing(blobs: BlobStore, photos: list[tuple[str, str]], _session: Session) -> Iterator[bytes]:
    """The ids of photos whose bytes are not in the store; an empty file where all are."""
    for photo, sha256 in photos:
        if not blobs.has(key_of(sha256)):
            yield f"{photo}\n".encode()


def _note(database: Database, run_id: str, done: int, total: int) -> None:
    with database.transaction() as session:
        run = session.get_one(ExportRun, UUID(run_id), with_for_update=True)
        if run.state != "writing":
            raise _Stopped
        run.done, run.total = done, total


def _give(database: Database, blobs: BlobStore, path: Path, run_id: str) -> None:
    size = path.stat().st_size
    with database.transaction() as session:
        run = session.get_one(ExportRun, UUID(run_id), with_for_update=True)
        if run.state != "writing":
            raise _Stopped
        blobs.keep(key_of_export(run), path)
        now = datetime.now(UTC)
        run.state, run.size_bytes, run.ended_at, run.expires_at = "ready", size, now, now + LASTS


def _fail(database: Database, blobs: BlobStore, run_id: str, problem: Problem) -> None:
    """It comes to nothing, and nothing of it stays in the store: what was handed on may have arrived."""
    with database.transaction() as session:
        run = session.get_one(ExportRun, UUID(run_id), with_for_update=True)
        if run.state == "writing":
            with suppress(Exception):  # A store that is away is why it failed, and keeps nothing new.
                blobs.remove(key_of_export(run))
            run.state, run.problem = "failed", {"code": problem.code, **problem.detail}
            run.ended_at = datetime.now(UTC)


def clear_leftovers(database: Database, folder: Path) -> int:
    """Delete half-written archives that nobody goes on with; returns how many."""
    with database.alone("exports") as is_mine, database.snapshot() as session:
        asked = select(ExportRun.id).where(ExportRun.state == "writing")
        writing = {f"{one}.zip" for one in session.execute(asked).scalars()}
        left = [one for one in folder.glob("*.zip") if one.name not in writing] if is_mine else []
        for one in left:
            one.unlink(missing_ok=True)
    return len(left)
