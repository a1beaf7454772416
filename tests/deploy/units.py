"""Stands in for systemd on a machine that has none running: reads unit files, and starts what they name.

`Host.start("wangge-web")` does what `systemctl start wangge-web` would: the units it requires first, then
ExecStart with the unit's environment and an account without rights, then ExecStartPost; what ends is started
again where the unit says so.
Not stood in for: what systemd takes away from a service (its folders, calls and capabilities).
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = ("wangge-migrate", "wangge-web", "wangge-worker")
VENV = Path(sys.executable).parent.parent


@dataclass(frozen=True)
class Unit:
    """A unit file: its lines by section, in their order."""

    name: str
    lines: tuple[tuple[str, str, str], ...]

    def all(self, key: str) -> list[str]:
        """What stands under a key, each time it does."""
        return [value for _, name, value in self.lines if name == key]

    def one(self, key: str, default: str = "") -> str:
        """What stands under it last."""
        return (self.all(key) or [default])[-1]


def read_unit(name: str) -> Unit:
    """One of `deploy/`."""
    section, lines = "", []
    for line in (DEPLOY / f"{name}.service").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            lines.append((section, key, value))
    return Unit(name, tuple(lines))


def environment_of(text: str) -> dict[str, str]:
    """What a file of environment says."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def unprivileged(account: int) -> int | None:
    """The account for the services.

    None where who runs the tests may change to no other, or only they can reach their Python.
    """
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run([sys.executable, "-c", ""], user=account, extra_groups=[], check=True)
    except PermissionError:
        return None
    return account


@dataclass
class Host:
    """A machine whose /opt/wangge is this checkout, with a home of its own in a throwaway folder."""

    port: int
    environment: Mapping[str, str]
    # An account without rights that may reach the database's socket; None for who runs the tests.
    account: int | None
    folder: Path = field(init=False)
    _running: dict[str, subprocess.Popen[bytes]] = field(init=False, default_factory=dict)
    _stopped: threading.Event = field(init=False, default_factory=threading.Event)
    starts: dict[str, int] = field(init=False, default_factory=dict)

    def __enter__(self) -> Host:
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-units-"))
        self.folder.chmod(0o755)
        self.home.mkdir()
        if self.account:
            os.chown(self.home, self.account, self.account)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.folder)

    @property
    def home(self) -> Path:
        """Its WANGGE_HOME."""
        return self.folder / "home"

    def here(self, text: str) -> str:
        """A path, command or setting of the unit files as it is on this machine."""
        for there, here in (
            ("/opt/wangge/.wangge/venv", VENV),
            ("/opt/wangge/.wangge", self.home),
            ("/opt/wangge", ROOT),
            (":8000", f":{self.port}"),
        ):
            text = text.replace(there, str(here))
        return text

    def environment_for(self, unit: Unit) -> dict[str, str]:
        """As systemd gives it: nothing of whoever starts it."""
        found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
        found |= environment_of(self.here((DEPLOY / "environment.example").read_text()))
        for line in unit.all("Environment"):
            found |= dict(one.split("=", 1) for one in shlex.split(line))
        return found | dict(self.environment)

    def start(self, name: str) -> None:
        """Start a unit and what it requires; raises AssertionError with its log where that fails."""
        unit = read_unit(name)
        for required in unit.one("Requires").split():
            if required.removesuffix(".service") in UNITS:
                self.start(required.removesuffix(".service"))
        process = self._begin(unit)
        if unit.one("Type") == "oneshot":
            assert process.wait(120) == 0, self.log(name)
            return
        for command in unit.all("ExecStartPost"):
            done = subprocess.run(
                shlex.split(self.here(command)),
                cwd=self.here(unit.one("WorkingDirectory")),
                env=self.environment_for(unit),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr + self.log(name)
        if unit.one("Restart") == "always":
            threading.Thread(target=self._watch, args=(unit,), daemon=True).start()

    def _begin(self, unit: Unit) -> subprocess.Popen[bytes]:
        with (self.folder / f"{unit.name}.log").open("ab") as out:
            process = subprocess.Popen(
                shlex.split(self.here(unit.one("ExecStart"))),
                cwd=self.here(unit.one("WorkingDirectory")),
                env=self.environment_for(unit),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.account,
                group=self.account,
                extra_groups=[] if self.account else None,
                umask=int(unit.one("UMask"), 8),
            )
        self._running[unit.name] = process
        self.starts[unit.name] = self.starts.get(unit.name, 0) + 1
        return process

    def _watch(self, unit: Unit) -> None:
        while not self._stopped.wait(0.2):
            if self._running[unit.name].poll() is not None:
                time.sleep(float(unit.one("RestartSec", "0.1")))
                if not self._stopped.is_set():
                    self._begin(unit)

    def pid(self, name: str) -> int:
        """The process of a service."""
        return self._running[name].pid

    def log(self, name: str) -> str:
        """What a service has said; in use that is the journal."""
        return (self.folder / f"{name}.log").read_text(errors="replace")
