"""File locks between processes: the kernel releases one when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_SECONDS = 0.05


class Lock:
    """A lock on the file `path`, held by one process alone or shared by several."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def take(self, *, shared: bool = False, wait_s: float | None = 0) -> bool:
        """Hold it, alone or with others; says whether it is held.

        Waits so long (None: until it can be had). Raises PermissionError where the file belongs to somebody
        else.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        ends = None if wait_s is None else time.monotonic() + wait_s
        try:
            while not _locked(descriptor, shared):
                if ends is not None and time.monotonic() >= ends:
                    os.close(descriptor)
                    return False
                time.sleep(_PAUSE_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
        self.give_back()
        self._descriptor = descriptor
        return True

    def give_back(self) -> None:
        """Hold it no longer."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Alone, for as long as the block lasts; waits for it."""
        self.take(wait_s=None)
        try:
            yield
        finally:
            self.give_back()

    def is_taken(self) -> bool:
        """Whether another process holds it alone, or holds it at all where this one would want it alone."""
        probe = Lock(self.path)
        taken = not probe.take()
        probe.give_back()
        return taken

    def write(self, content: bytes) -> None:
        """What the others may read in the file while it is held."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content, 0)

    def read(self) -> bytes:
        """What its holder, or the last one, has written."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""


def _locked(descriptor: int, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
