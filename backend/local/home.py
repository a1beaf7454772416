"""Locks on a home folder: one server at most, its processes, and restores.

A restore wants neither a server nor its processes there.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import orjson

from backend.core.sentences import sentence
from backend.local.locks import Lock

SECONDS_TO_END = 12.0


class HomeTaken(Exception):
    """Another process has this home; the message says which and what to do, in both languages."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a server says of itself to commands beside it; an empty address while it starts."""

    pid: int
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    groups: list[int] = field(default_factory=list)


class Home:
    """The locks in a home's folder `locks`.

    All of them are the kernel's: nothing is left over by a killed process.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server, self._serving, self._restoring, self._preparing = (
            Lock(folder / "locks" / name) for name in ("server", "serving", "restoring", "preparing")
        )

    @property
    def preparing(self) -> Lock:
        """Held by whoever makes what a new home lacks."""
        return self._preparing

    def need_ours(self) -> None:
        """Raise HomeTaken where the home belongs to another system account."""
        mark = self.folder / "WANGGE"
        owner = mark.stat().st_uid if mark.exists() else os.geteuid()
        if owner != os.geteuid():
            raise HomeTaken(not_ours(self.folder, owner))

    def take(self) -> None:
        """Be this home's one server, until `leave`; raises HomeTaken where there is one.

        Ends what a killed one left.
        """
        # A command that only looks holds the lock for a moment.
        if not self._server.take(wait_s=1):
            found = self.running()
            where = found.address if found and found.address else sentence("local.starting").line
            raise HomeTaken(sentence("local.server_runs", where=where).line)
        self._end_orphans()
        self._server.write(orjson.dumps(asdict(Running(os.getpid()))))

    def say(self, address: str, environment: Mapping[str, str], groups: Iterable[int]) -> None:
        """Tell commands where this server answers and what it was told; for its owner's eyes alone."""
        running = Running(os.getpid(), address, dict(environment), list(groups))
        self._server.write(orjson.dumps(asdict(running)))

    def regroup(self, groups: Iterable[int]) -> None:
        """The same, after a process was started anew."""
        self._server.write(orjson.dumps(asdict(replace(self._said(), groups=list(groups)))))

    def leave(self) -> None:
        """Be its server no longer."""
        self._serving.give_back()
        if self._server.is_held:
            self._server.write(b"")
            self._server.give_back()

    def running(self) -> Running | None:
        """The server of this home, if one runs."""
        return self._said() if self._server.is_taken() else None

    def _said(self) -> Running:
        try:
            return Running(**orjson.loads(self._server.read()))
        except (ValueError, TypeError):
            return Running(0)

    def attend(self, wait_s: float | None = None) -> bool:
        """Be one of the processes that serve here; waits for the end of a restore."""
        return self._serving.take(shared=True, wait_s=wait_s)

    def step_aside(self) -> None:
        """Serve no longer, so that a restore may begin."""
        self._serving.give_back()

    def is_restoring(self) -> bool:
        """Whether a restore is under way, or waits for the server to step aside."""
        return self._restoring.is_taken()

    def begin_restore(self, drain_s: float | None) -> None:
        """Nobody serves here until `end_restore`.

        A server is refused, or asked to step aside for as long as it takes.
        """
        if drain_s is None and not self._serving.take(wait_s=1):
            raise HomeTaken(_refusal(self.running()))
        if not self._restoring.take(wait_s=2):
            self._serving.give_back()
            raise HomeTaken(sentence("local.another_restore").line)
        if not self._serving.is_held and not self._serving.take(wait_s=drain_s or 0):
            self._restoring.give_back()
            raise HomeTaken(sentence("local.did_not_step_aside").line)

    def end_restore(self) -> None:
        """Others may serve again."""
        self._serving.give_back()
        self._restoring.give_back()

    def _end_orphans(self) -> None:
        """Processes of a server that was killed: those that hold its lock and that it named, no others."""
        if self._serving.take(wait_s=0.3):
            self._serving.give_back()
            return
        left = set(self._said().groups)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for group in {_group(pid) for pid in _holders(self._serving.path)} & left:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, number)
            ends = time.monotonic() + SECONDS_TO_END
            while time.monotonic() < ends and {_group(pid) for pid in _holders(self._serving.path)} & left:
                time.sleep(0.1)


def _refusal(running: Running | None) -> str:
    where = running.address if running and running.address else "wangge"
    return sentence("local.restore_beneath", where=where).line


def not_ours(folder: Path, owner: int) -> str:
    """That a home is somebody else's, and what to do."""
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    return sentence("local.another_account", folder=str(folder), account=name).line


def _holders(path: Path) -> list[int]:
    """Processes that have a file open; none are found where the system does not say (no /proc)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry) == str(path.resolve()) and int(entry.parts[2]) != os.getpid():
                found.append(int(entry.parts[2]))
    return found


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
