"""The processes of `make run`: started, watched and stopped together.

Nothing else is touched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import structlog

from backend.core.private_files import own_folder
from backend.local.interrupts import end_with_parent, held_back

log = structlog.get_logger(__name__)
SECONDS_TO_STOP = 10


@dataclass
class Processes:
    """Child processes by name, each with its log file in `folder`."""

    folder: Path
    environment: Mapping[str, str]
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _commands: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start `python -m …` in a process group of its own; it does not outlive this process."""
        log_file = own_folder(self.folder) / f"{name}.log"
        log_file.touch(mode=0o600)
        log_file.chmod(0o600)
        parent, self._commands[name] = os.getpid(), command
        with log_file.open("ab") as out, held_back():
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=lambda: end_with_parent(parent),
            )

    def pid(self, name: str) -> int:
        """A child's process id."""
        return self._children[name].pid

    def begin_again(self, name: str) -> None:
        """Start one anew that has ended; whatever it left in its group ends first."""
        _tell(self._children[name].pid, signal.SIGKILL)
        self.start(name, *self._commands[name])

    def groups(self) -> list[int]:
        """The process groups of its children."""
        return [child.pid for child in self._children.values()]

    def wait(self, is_enough: Callable[[], bool] = lambda: False) -> str:
        """Wait until one of them ends by itself, whose name is returned.

        Or until it is enough, and then no name.
        """
        while not is_enough():
            for name, child in self._children.items():
                if child.poll() is not None:
                    return name
            time.sleep(0.3)
        return ""

    def stop(self) -> None:
        """Ask all to end, and end what does not."""
        for child in self._children.values():
            if child.poll() is None:
                _tell(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + SECONDS_TO_STOP
        for name, child in self._children.items():
            try:
                child.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                log.warning("process.killed", process=name)
                _tell(child.pid, signal.SIGKILL)
                child.wait()
            # One that was killed has left its own children behind in its group.
            _tell(child.pid, signal.SIGKILL)
        self._children.clear()


def _tell(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def free_port(wanted: int) -> int:
    """The wanted port on this machine, or the next free one."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {wanted} to {wanted + 50}")


def wait_until_ready(url: str, seconds: float = 60) -> None:
    """Until a server of ours answers at this address that it is ready.

    A port that listens says less: who asks then waits for workers that are still being made. Raises NotReady
    with what it said last.
    """
    deadline = time.monotonic() + seconds
    while (said := ready_or_why(url, max(deadline - time.monotonic(), 0.1))) is not None:
        if time.monotonic() > deadline:
            raise NotReady(said)
        time.sleep(0.1)


class NotReady(TimeoutError):
    """A server did not say in time that it is ready."""


def ready_or_why(url: str, timeout_s: float = 10) -> str | None:
    """What a server answers to whether it is ready, if not that it is; None where it is."""
    # The address is this machine's, and its certificate may be of a name or of an authority of its own.
    context = ssl._create_unverified_context() if url.startswith("https") else None
    try:
        with urlopen(f"{url}/readyz", timeout=timeout_s, context=context) as answer:
            return None if answer.status == HTTPStatus.OK else f"HTTP {answer.status}"
    except HTTPError as error:
        return f"HTTP {error.code} {error.reason}"
    except OSError as error:
        return str(getattr(error, "reason", error))
    except HTTPException as error:
        return type(error).__name__


def wait_for_port(port: int, seconds: float = 60) -> None:
    """Until something listens on a port of this machine: for what is no server of ours."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
