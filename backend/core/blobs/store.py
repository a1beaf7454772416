"""The object store behind photos and sketches; obstore speaks to disk, S3 and memory alike."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import GenericError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

# What is made to last some days, and to be deleted: in no backup, which would bring it back.
PASSING = "exports/"
_CHUNK = 1024 * 1024
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class BlobStore(Protocol):
    """What the server asks of a place for bytes."""

    def put(self, key: str, chunks: Iterable[bytes]) -> None: ...

    def keep(self, key: str, path: Path) -> None: ...

    def get(self, key: str) -> bytes: ...

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]: ...

    def size(self, key: str) -> int: ...

    def has(self, key: str) -> bool: ...

    def remove(self, key: str) -> None: ...


class ObjectBlobs:
    """A BlobStore on any obstore backend; a key that is there is never written again, since it names its
    content."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Store bytes under a key, once. Raises OSError where a disk is full."""
        if not self.has(key):
            try:
                obstore.put(self._store, key, iter(chunks))
            except GenericError as error:
                raise _of_the_disk(error) or error from error
            if self._folder is not None:
                # obstore leaves a file to the kernel; what is acknowledged must outlive a power cut.
                path = self._folder / key
                for one in (path, path.parent, path.parent.parent):
                    _flush(one)

    def keep(self, key: str, path: Path) -> None:
        """Store a file of ours under a key, once; on the same disk it is linked, not written a second time.

        Whoever gives it away does not write to it any more.
        """
        if self._folder is None or not _link(path, self._folder / key):
            with path.open("rb") as file:
                self.put(key, iter(lambda: file.read(_CHUNK), b""))

    def get(self, key: str) -> bytes:
        """The bytes at a key; raises FileNotFoundError."""
        return bytes(obstore.get(self._store, key).bytes())

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, a megabyte at a time; raises FileNotFoundError."""
        if start == 0:
            yield from self._from_the_start(key, end)
            return
        for begin in range(start, end, _CHUNK):
            yield bytes(obstore.get_range(self._store, key, start=begin, end=min(begin + _CHUNK, end)))

    def _from_the_start(self, key: str, end: int) -> Iterator[bytes]:
        """One request for all of it, where ranges would be one for each megabyte."""
        left = end
        for chunk in obstore.get(self._store, key).stream(min_chunk_size=_CHUNK):
            yield bytes(chunk)[:left]
            left -= len(chunk)
            if left <= 0:
                return

    def size(self, key: str) -> int:
        """How many bytes a key has; raises FileNotFoundError."""
        return int(obstore.head(self._store, key)["size"])

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def listing(self) -> Iterator[tuple[str, int]]:
        """Every key with how many bytes it has, a few hundred at a time."""
        for some in obstore.list(self._store, chunk_size=500):
            for one in some:
                yield str(one["path"]), int(one["size"])

    def remove(self, key: str) -> None:
        """Delete what is at a key, if anything is: of what was made to last a while, never of evidence."""
        with suppress(FileNotFoundError):
            obstore.delete(self._store, key)


def _of_the_disk(error: GenericError) -> OSError | None:
    """What the system said beneath: obstore has it in its words alone."""
    found = _OS_ERROR.search(str(error))
    number = int(found[1]) if found else 0
    return OSError(number, os.strerror(number)) if number in (errno.ENOSPC, errno.EDQUOT) else None


def _link(path: Path, target: Path) -> bool:
    """Whether a file has got a second name on its own disk, durably; one that has it already counts."""
    new_folders = [one for one in (target.parent, target.parent.parent) if not one.is_dir()]
    target.parent.mkdir(parents=True, exist_ok=True)
    _flush(path)
    try:
        os.link(path, target)
    except FileExistsError:
        return True
    except OSError:
        return False  # Another disk, or one that knows no links.
    target.chmod(0o400)
    for one in (target.parent, *(folder.parent for folder in new_folders)):
        _flush(one)
    return True


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_blobs(url: str) -> ObjectBlobs:
    """`file:///folder`, `memory://` or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return ObjectBlobs(MemoryStore())
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        folder.mkdir(parents=True, exist_ok=True)
        return ObjectBlobs(LocalStore(folder), folder)
    # A store that is away is told within seconds: the bytes wait on this machine and are kept later.
    return ObjectBlobs(from_url(url, retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)}))


def key_of(sha256: str) -> str:
    """The key of content with this hash (hex)."""
    return f"sha256/{sha256[:2]}/{sha256}"
