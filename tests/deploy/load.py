"""People at work beside a test: each signs in, reads, writes and listens, and every answer is counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import httpx

from tests.factories import PASSWORD, Town, uid


class Load:
    """Threads that ask a server until the block ends; `seen` counts what was asked with its status."""

    def __init__(self, url: str, *, pause_s: float = 0.2) -> None:
        self._url, self._pause_s = url, pause_s
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.seen: Counter[tuple[str, int]] = Counter()
        self.bad: list[str] = []
        self.slowest_s: dict[str, float] = {}
        self.noted: list[str] = []
        self._threads = [
            threading.Thread(target=self._run, args=(name, ask), daemon=True)
            for name, ask in (
                ("sign in", self._sign_in),
                ("read", self._read),
                ("write", self._write),
                ("nudges", self._listen),
            )
        ]

    def __enter__(self) -> Load:
        self._token = self._signed_in().json()["access_token"]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def statuses(self, what: str) -> set[int]:
        """Every status that was answered to it."""
        return {status for name, status in self.seen if name == what}

    def forget(self) -> None:
        """Look only at what comes from here on."""
        with self._lock:
            self.seen.clear()
            self.bad.clear()
            self.slowest_s.clear()

    def _run(self, name: str, ask: Callable[[], httpx.Response]) -> None:
        while not self._over.wait(self._pause_s):
            began = time.monotonic()
            try:
                answer = ask()
            except httpx.HTTPError as error:
                with self._lock:
                    self.bad.append(f"{name}: {type(error).__name__}")
                continue
            with self._lock:
                self.seen[name, answer.status_code] += 1
                self.slowest_s[name] = max(self.slowest_s.get(name, 0), time.monotonic() - began)
                if answer.status_code >= 500:
                    self.bad.append(f"{name}: {answer.status_code} {answer.text[:120]}")

    def _signed_in(self) -> httpx.Response:
        body = {"login": "T001", "password": PASSWORD, "device": {"id": uid("d"), "name": "desk"}}
        return httpx.post(f"{self._url}/api/v1/sessions", json=body, trust_env=False, timeout=60)

    def _sign_in(self) -> httpx.Response:
        return self._signed_in()

    def _mine(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._token}"}
        return httpx.Client(base_url=f"{self._url}/api/v1", headers=headers, trust_env=False, timeout=60)

    def _read(self) -> httpx.Response:
        with self._mine() as http:
            return http.get("/work-orders")

    def _write(self) -> httpx.Response:
        path, note = f"/customers/{Town()['customer 1']}", f"note {time.monotonic()}"
        with self._mine() as http:
            seen = http.get(path)
            if seen.status_code != 200:
                return seen
            answer = http.patch(path, json={"note": note}, headers={"If-Match": seen.headers["ETag"]})
        if answer.status_code == 200:
            self.noted.append(note)
        return answer

    def _listen(self) -> httpx.Response:
        with self._mine() as http, http.stream("GET", "/sync/nudges") as answer:
            if answer.status_code == 200:
                # Some seconds of a stream; that it breaks off is no failure, a phone comes again.
                ends = time.monotonic() + 3
                with suppress(httpx.HTTPError):
                    for _ in answer.iter_raw():
                        if time.monotonic() > ends:
                            break
            else:
                answer.read()
            return answer
