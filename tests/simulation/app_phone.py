"""The phone app's own engine as a phone of the simulator.

Driven under Node, with the reference phone's interface.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from mobile_api_spec.phone import Offline

WEB = Path(__file__).parents[2] / "web"


class Crashed(Exception):
    """The phone's battery died in the middle; what its disk had is what there is."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a port of this machine, by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Node:
    """One Node process with any number of phones in it."""

    def __init__(self) -> None:
        command = [str(Path(sys.executable).parent / "node"), "shared/tests/phones.ts"]
        self._process = subprocess.Popen(
            command, cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, **given: Any) -> Any:
        """One order; raises Offline or Crashed as the phone met them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if answer.get("error") == "Offline":
            raise Offline
        if answer.get("error") == "Crash":
            raise Crashed
        assert "ok" in answer, answer
        return answer["ok"]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class _Link:
    def __init__(self) -> None:
        self.plan: deque[str] = deque()


class _Clock:
    def __init__(self, ask: Any) -> None:
        self._ask = ask

    @property
    def moved_by(self) -> timedelta:
        return timedelta()

    @moved_by.setter
    def moved_by(self, by: timedelta) -> None:
        self._ask(do="move_clock", ms=by.total_seconds() * 1000)


class _Store:
    def __init__(self, ask: Any) -> None:
        self._ask = ask

    def versions(self) -> dict[tuple[str, str], int]:
        found = self._ask(do="versions")
        return {(key.split("/")[0], key.split("/")[1]): version for key, version in found.items()}

    def journal(self) -> list[Any]:
        return [tuple(pair) for pair in self._ask(do="journal")]

    def meta(self, name: str) -> Any:
        assert name == "scopes"
        return self._ask(do="scopes")

    def set_meta(self, **values: Any) -> None:
        self._ask(do="set_meta", values=values)

    def damage(self, kind: str, record: str, *, is_lost: bool) -> None:
        self._ask(do="damage", kind=kind, record=record, is_lost=is_lost)


class AppPhone:
    """One phone; another of the same name is the same phone after a restart."""

    def __init__(self, node: Node, name: str, origin: str) -> None:
        self._node, self._name = node, name
        self.staff_id: str = self._ask(do="open", origin=origin)
        self.link, self.clock, self.store = _Link(), _Clock(self._ask), _Store(self._ask)

    def _ask(self, **given: Any) -> Any:
        return self._node(phone=self._name, **given)

    def sign_in(self, login: str, password: str) -> None:
        self.staff_id = self._ask(do="sign_in", login=login, password=password)

    def records(self, kind: str) -> list[str]:
        found: list[str] = self._ask(do="records", kind=kind)
        return found

    def create(self, kind: str, values: Any) -> str:
        return str(self._ask(do="create", kind=kind, values=values))

    def change(self, kind: str, record: str, now: Any) -> None:
        self._ask(do="change", kind=kind, record=record, now=now)

    def act(self, kind: str, record: str, action: str, now: Any) -> None:
        self._ask(do="act", kind=kind, record=record, action=action, now=now)

    def sync(self, crash: int | None = None) -> None:
        self._ask(do="sync", plan=list(self.link.plan), crash=crash)

    def close(self) -> None:
        """Nothing: its disk is the process's, and a restart opens it again."""
