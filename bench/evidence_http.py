"""Benchmark of evidence over HTTP: uploads, papers, and push speed with sealing on and off.

Uploads stand beside copying with fsync.
"""

from __future__ import annotations

import base64
import hashlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx

from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.services.record_writer import new_id
from backend.evidence.services import sealing
from bench.evidence import PHOTOS, SIZE, said
from bench.sync_work import Client, mutations, seconds, work_stage

PAIRS = 8
TUS = {"Tus-Resumable": "1.0.0"}


def main() -> None:
    """Uploads first, on a quiet server.

    Then pairs of pushes, one of each with the sealer at work beside it.
    """
    with work_stage("bench-evidence-http", 19320) as (url, database_url):
        client = Client(url)
        with tempfile.TemporaryDirectory(dir=config.read().home) as folder:
            _uploads(url, client.token, Path(folder))
            _pushes(client, database_url, Path(folder))


def _copy(photos: Sequence[bytes], folder: Path) -> float:
    began = time.perf_counter()
    for n, data in enumerate(photos):
        with (folder / f"copy-{n}").open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())
    return time.perf_counter() - began


def _uploads(url: str, token: str, folder: Path) -> None:
    photos = [os.urandom(SIZE) for _ in range(PHOTOS)]
    copied = _copy(photos, folder)
    with httpx.Client(
        base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as http:
        alone = seconds(lambda: [_send(http, one) for one in photos])
        others = [os.urandom(SIZE) for _ in range(PHOTOS)]
        with ThreadPoolExecutor(16) as pool:
            together = seconds(lambda: list(pool.map(lambda one: _send(http, one), others)))
        whole = [os.urandom(SIZE) for _ in range(PHOTOS)]
        with ThreadPoolExecutor(16) as pool:
            at_once = seconds(lambda: list(pool.map(lambda one: _send(http, one, is_whole=True), whole)))
    said("200 photos of 300 kB, copied with fsync", PHOTOS / copied, "photos/s")
    for name, took in (
        ("one client", alone),
        ("16 clients", together),
        ("16 clients, bytes with the creation", at_once),
    ):
        said(
            f"uploaded over HTTP, {name}", PHOTOS / took, "photos/s", f"ratio {copied / took:.2f}, target 0.5"
        )


def _send(http: httpx.Client, data: bytes, *, is_whole: bool = False) -> None:
    pairs = {"photo_id": new_id(), "sha256": hashlib.sha256(data).hexdigest()}
    metadata = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items()
    )
    headers = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata}
    body = {"Content-Type": "application/offset+octet-stream"}
    made = http.post(
        "/uploads", headers=headers | (body if is_whole else {}), content=data if is_whole else b""
    )
    if not is_whole:
        path = made.headers["Location"].removeprefix("/api/v1")
        made = http.patch(path, headers=TUS | body | {"Upload-Offset": "0"}, content=data)
    if "Arrived-At" not in made.headers:
        raise RuntimeError(f"not kept: {made.status_code} {made.text[:200]}")


def _pushes(client: Client, database_url: str, folder: Path) -> None:
    database = Database(make_engine(database_url))
    rows = mutations()
    size = len(rows) // (2 * PAIRS)
    rates: dict[bool, list[float]] = {True: [], False: []}
    sealing.seal_history(database, "bench", folder, everything=True)
    for n in range(2 * PAIRS):
        # Sealed first in one pair and second in the next, since tables grow.
        is_sealed = (n + n // 2) % 2 == 0
        part = rows[n * size : (n + 1) * size]
        stop = threading.Event()
        sealer = threading.Thread(target=_seal_on, args=(database, folder, stop))
        if is_sealed:
            sealer.start()
        rates[is_sealed].append(len(part) / seconds(partial(client.push, part)))
        stop.set()
        if is_sealed:
            sealer.join()
    on, off = statistics.median(rates[True]), statistics.median(rates[False])
    spread = max(rates[False]) / min(rates[False])
    said("push with the sealer at work every second", on, "/s")
    said("push without it", off, "/s", f"ratio {on / off:.3f}; fastest of these beside slowest {spread:.2f}")
    database.engine.dispose()


def _seal_on(database: Database, folder: Path, stop: threading.Event) -> None:
    """Sixty times as often as in real life."""
    while not stop.wait(1.0):
        sealing.seal_history(database, "bench", folder, everything=True)
