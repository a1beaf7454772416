"""The gunicorn worker: bounds how long a slow client may hold a thread."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from backend.core import config, metric_files
from backend.core.loading import for_good
from backend.core.private_files import be_private


class Worker(ThreadWorker):  # type: ignore[misc]
    """Threads that stop waiting for what does not come.

    A worker has 64 threads, and the library lets each wait for ever once a byte has come: a few hundred
    connections that send half a request, or take half an answer, would stop the server. A phone on a bad
    network is given what it needs.
    """

    # The lines of a request, from its first byte or the connection on.
    head_s = 10.0
    # A body: so long, and longer by its length at this pace; in pieces without a length so long altogether.
    body_s, least_bytes_per_s, chunked_s = 20.0, 2048, 60.0
    # An answer of which nothing more is taken.
    answer_s = 60

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Called once, before the first worker is forked: all of them share what is loaded here.

        A worker that ended is replaced in a moment. A reload reads settings and keys anew, not the program:
        a new version is a restart.
        """
        super().check_config(cfg, log)
        be_private()
        cls.count_together()
        with for_good():
            cls.load()

    @staticmethod
    def count_together() -> None:
        """Metrics of all workers as one, also of those that were replaced; before the program is loaded."""
        metric_files.begin(config.home_of(os.environ))

    @staticmethod
    def load() -> None:
        """The program, of which nothing is made yet: no setting is read, nothing opened."""
        from backend.app import load

        load()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._awaited: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """A request, from its first line to its answer."""
        self._awaited[conn] = time.monotonic() + self.head_s
        with contextlib.suppress(OSError):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", self.answer_s, 0))
        try:
            return super().handle(conn)
        finally:
            self._awaited.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Its lines have come; now its body may take its time."""
        seconds = self._body_s({name.upper(): value for name, value in req.headers})
        if seconds:
            self._awaited[conn] = time.monotonic() + seconds
        else:
            self._awaited.pop(conn, None)
        return super().handle_request(req, conn)

    def _body_s(self, headers: dict[str, str]) -> float:
        if "TRANSFER-ENCODING" in headers:
            return self.chunked_s
        length = headers.get("CONTENT-LENGTH", "")
        return self.body_s + int(length) / self.least_bytes_per_s if length.isdigit() and int(length) else 0.0

    def notify(self) -> None:
        """Called about once a second while the worker lives: nothing more is read from those whose time is
        over.

        An answer under way still goes out.
        """
        super().notify()
        now = time.monotonic()
        for conn, until in list(self._awaited.items()):
            if until < now and self._awaited.pop(conn, 0.0):
                with contextlib.suppress(OSError):
                    # Not a TLS socket's own method, which would take its keys away from the thread that
                    # reads.
                    socket.socket.shutdown(conn.sock, socket.SHUT_RD)
