"""Files of uploads under way: one each, whose length says how much has arrived."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from backend.core.errors import Problem

CHUNK = 1024 * 1024


class Parts:
    """A folder on the server's disk, shared by all its processes.

    The newest writer of an upload owns it: a phone whose connection died half-way may go on at once, although
    the server still waits for the dead one. The older writer notices at its next bytes and stops.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def path(self, upload_id: str) -> Path:
        """Where an upload's bytes lie."""
        return self._folder / str(UUID(upload_id))

    def begin(self, upload_id: str) -> None:
        """An empty file; safe to repeat."""
        self.path(upload_id).touch()

    def size(self, upload_id: str) -> int:
        """How many bytes have arrived; none when the file is gone."""
        try:
            return self.path(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, upload_id: str, offset: int, chunks: Iterator[bytes], most: int) -> int:
        """Write bytes behind `offset`, at most `most`, and flush them to disk; returns the new offset.

        What arrived before a connection broke is kept, so the phone goes on from there. A file that is whole
        is left for whoever keeps it to flush. Raises wrong_offset, upload_taken_over when a newer writer
        came, and disk_full (with what fitted kept).
        """
        with self.path(upload_id).open("a+b", buffering=0) as file:
            ticket = self._take_over(upload_id, file, offset)
            end = offset + most
            try:
                for chunk in _until_cut(chunks):
                    offset += self._write(upload_id, file, ticket, chunk[: end - offset])
                    if offset >= end:
                        break
            finally:
                if offset < end:
                    os.fsync(file.fileno())
            return offset

    def _take_over(self, upload_id: str, file: BinaryIO, offset: int) -> str:
        ticket = secrets.token_hex(8)
        with _locked(file):
            size = os.fstat(file.fileno()).st_size
            if offset != size:
                raise Problem("wrong_offset", offset=size)
            self._writer(upload_id).write_text(ticket)
        return ticket

    def _write(self, upload_id: str, file: BinaryIO, ticket: str, data: bytes) -> int:
        with _locked(file):
            if self._owner(upload_id) != ticket:
                raise Problem("upload_taken_over", offset=os.fstat(file.fileno()).st_size)
            try:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
            except OSError as error:
                raise Problem("disk_full", offset=os.fstat(file.fileno()).st_size) from error
        return len(data)

    def _owner(self, upload_id: str) -> str | None:
        try:
            return self._writer(upload_id).read_text()
        except FileNotFoundError:
            return None  # Another writer has brought it to its end.

    def _writer(self, upload_id: str) -> Path:
        return self.path(upload_id).with_suffix(".writer")

    def sha256(self, upload_id: str) -> str:
        """The hash of what has arrived."""
        with self.path(upload_id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def chunks(self, *upload_ids: str) -> Iterator[bytes]:
        """The bytes of uploads one behind another, a megabyte at a time."""
        for upload_id in upload_ids:
            with self.path(upload_id).open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk

    def remove(self, upload_id: str) -> None:
        """Forget an upload's bytes."""
        self.path(upload_id).unlink(missing_ok=True)
        self._writer(upload_id).unlink(missing_ok=True)

    def lying_since(self, moment: float) -> list[str]:
        """Uploads whose files nobody has touched since then (seconds since 1970)."""
        return [
            path.name for path in self._folder.iterdir() if not path.suffix and _touched_at(path) < moment
        ]  # fmt: skip


def _touched_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _until_cut(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What a sender gives before it goes away."""
    with contextlib.suppress(OSError):
        yield from chunks


@contextlib.contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
