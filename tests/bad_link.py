"""Simulates a bad link between a phone and a server.

A TCP proxy that lets so many bytes through and then cuts, or is down.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType

_CHUNK = 16 * 1024
_RESET = struct.pack("ii", 1, 0)


class BadLink:
    """`cut_every` bytes of the phone's go through, then every connection is reset.

    `cuts` counts how often.
    """

    def __init__(self, port: int, cut_every: int) -> None:
        self._target, self._cut_every = port, cut_every
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock, self._left = threading.Lock(), cut_every
        self.cuts, self.is_down = 0, False
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """Where the phone finds it."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> BadLink:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                phone, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(phone,), daemon=True).start()

    def _carry(self, phone: socket.socket) -> None:
        if self.is_down:
            _reset(phone)
            return
        server = socket.create_connection(("127.0.0.1", self._target))
        back = threading.Thread(target=_pump, args=(server, phone), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while data := phone.recv(_CHUNK):
                let = self._let_through(len(data))
                server.sendall(data[:let])
                if let < len(data) or self.is_down:
                    break
        _reset(phone)
        _reset(server)
        back.join()

    def _let_through(self, wanted: int) -> int:
        with self._lock:
            let = min(wanted, self._left)
            self._left -= let
            if let < wanted:
                self._left = self._cut_every
                self.cuts += 1
            return let


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)


def _reset(one: socket.socket) -> None:
    """As a phone network does it: gone, without a goodbye."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.shutdown(socket.SHUT_RDWR)
    one.close()
