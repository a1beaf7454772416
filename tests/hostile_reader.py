"""A compromised reader: tries, inside the sandbox, whatever it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDERS: tuple[str, ...] = ()
Head = dict[str, Any]
_kept: list[bytearray] = []


def answer(question: Head, data: bytes) -> tuple[Head, bytes]:
    """What came of trying `question["try"]`: `refused` and the error's name, or `done` and what was got."""
    try:
        return {"done": _TRIES[question["try"]](question)}, data
    except OSError as error:
        return {"refused": type(error).__name__, "number": error.errno}, data


def _connect(question: Head) -> str:
    with socket.create_connection(("127.0.0.1", question["port"]), timeout=5) as connection:
        return connection.recv(10).decode()


def _socket_of(family: socket.AddressFamily) -> str:
    socket.socket(family).close()
    return "a socket"


def _memory(_question: Head) -> str:
    while True:
        _kept.append(bytearray(64 << 20))


def _time(_question: Head) -> str:
    while True:
        pass


def _sleep(_question: Head) -> str:
    threading.Event().wait()
    return ""


def _files(_question: Head) -> int:
    opened = [os.open(".", os.O_RDONLY) for _ in range(1_000)]
    return len(opened)


def _crash(_question: Head) -> str:
    os.abort()


def _thread(_question: Head) -> str:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append("a thread"))
    thread.start()
    thread.join()
    return found[0]


def _write(path: str, size: int = 1) -> int:
    with open(path, "wb") as file:
        for _ in range(size):
            file.write(b"x" * (1 << 20))
    return size


_TRIES: dict[str, Callable[[Head], Any]] = {
    "connect": _connect,
    "socket": lambda _: _socket_of(socket.AF_INET6),
    "unix socket": lambda _: _socket_of(socket.AF_UNIX),
    "read": lambda question: Path(question["path"]).read_text(),
    "list": lambda question: os.listdir(question["path"]),
    "write": lambda question: _write(question["path"]),
    "remove": lambda question: os.remove(question["path"]),
    "write here": lambda _: _write("here"),
    "write much": lambda _: _write("here", 1_000),
    "program": lambda _: subprocess.run(["/bin/true"], check=True).returncode,
    "exec": lambda _: os.execv("/bin/true", ["true"]),
    "fork": lambda _: os.fork(),
    "kill": lambda question: os.kill(question["process"], signal.SIGKILL),
    "link": lambda question: os.symlink(question["path"], "link") or Path("link").read_text(),
    "environment": lambda _: dict(os.environ),
    "open": lambda _: [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")],
    "memory": _memory,
    "time": _time,
    "sleep": _sleep,
    "files": _files,
    "crash": _crash,
    "thread": _thread,
    "too much": lambda _: "x" * (4 << 20),
    "raise": lambda _: {}["nothing"],
    "folder": lambda _: sorted(os.listdir(".")),
}
