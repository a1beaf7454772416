"""Benchmarks of evidence: uploads, pictures, and sealing a million rows.

Uploads over a link that breaks, and beside copying with fsync.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import numpy as np
from PIL import Image
from sqlalchemy import text

from backend import migrations
from backend.core import config
from backend.core.actor import Actor, Role
from backend.core.blobs.store import key_of, open_blobs
from backend.core.blobs.upload_files import Parts
from backend.core.db import Database, make_engine
from backend.core.services.record_writer import new_id
from backend.evidence.services import sealing, uploading
from backend.evidence.services.picture import read_picture
from backend.evidence.services.picture_reader import PictureReader
from backend.evidence.services.uploading import Announced, Receiving
from backend.local.cluster import private_cluster

PHOTOS, SIZE, CUT = 200, 300_000, 2_000_000
MESSAGE = 64 * 1024
ROWS = 1_000_000


def said(name: str, value: float, unit: str, target: str = "") -> None:
    print(f"{name:62} {value:12.2f} {unit:9} {target}", flush=True)


def main() -> None:
    """All of it, on a fresh database whose writes are durable."""
    home = config.read().home / "bench-evidence"
    cluster = private_cluster(home, durable=True)
    cluster.psql("postgres", "DROP DATABASE IF EXISTS bench_evidence WITH (FORCE)")
    cluster.ensure_database("bench_evidence")
    try:
        database = Database(make_engine(cluster.url("bench_evidence")))
        migrations.upgrade(database.engine)
        with tempfile.TemporaryDirectory(dir=home) as folder:
            _uploads(database, Path(folder))
            _pictures()
            _seals(database, Path(folder))
        database.engine.dispose()
    finally:
        cluster.stop()


def _uploads(database: Database, folder: Path) -> None:
    photos = [os.urandom(SIZE) for _ in range(PHOTOS)]
    began = time.perf_counter()
    for n, data in enumerate(photos):
        with (folder / f"copy-{n}").open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())
    copied = time.perf_counter() - began
    place = Receiving(database, Parts(folder / "parts"), open_blobs((folder / "kept").as_uri()), 10**12)
    actor = Actor(new_id(), new_id(), frozenset({Role.REPRESENTATIVE}), new_id())
    began = time.perf_counter()
    for data in photos:
        _send(place, actor, data, iter(()))
    alone = time.perf_counter() - began
    said("200 photos of 300 kB, copied with fsync", PHOTOS / copied, "photos/s")
    said(
        "the same uploaded one after another (services, no HTTP)",
        PHOTOS / alone,
        "photos/s",
        f"ratio {copied / alone:.2f}, target 0.5",
    )
    others = [os.urandom(SIZE) for _ in range(PHOTOS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda data: _send(place, actor, data, iter(())), others))
    said("16 at once", PHOTOS / (time.perf_counter() - began), "photos/s")
    cut = [os.urandom(SIZE) for _ in range(PHOTOS)]
    cuts = iter(_cuts())
    sent = sum(_send(place, actor, data, cuts) for data in cut)
    equal = all(place.blobs.get(key_of(hashlib.sha256(data).hexdigest())) == data for data in cut)
    said(
        f"cut every 2 MB: all equal {equal}; sent beyond their size",
        (sent - PHOTOS * SIZE) / 1e3,
        "kB",
        f"of {PHOTOS * SIZE // CUT} cuts",
    )


def _cuts() -> Iterator[int]:
    at = CUT
    while True:
        yield at
        at += CUT


_SENT = [0]


def _send(place: Receiving, actor: Actor, data: bytes, cuts: Iterator[int]) -> int:
    """Send one photo in messages; returns the bytes that went out, those lost at a cut among them."""
    with place.database.transaction() as session:
        announced = Announced(new_id(), hashlib.sha256(data).hexdigest(), len(data))
        upload_id = str(uploading.create_upload(session, actor, announced, place.parts, place.day_bytes).id)
    out, next_cut = 0, next(cuts, None)
    while (offset := place.parts.size(upload_id)) < len(data):
        message = data[offset:] if next_cut is None else data[offset : offset + MESSAGE]
        if next_cut is not None and _SENT[0] + len(message) > next_cut:
            half = message[: len(message) // 2]
            uploading.receive_bytes(place, actor, upload_id, offset, _dying(half))
            out, _SENT[0], next_cut = out + len(half), next_cut, next(cuts)
            continue
        done = uploading.receive_bytes(place, actor, upload_id, offset, iter((message,)))
        out, _SENT[0] = out + len(message), _SENT[0] + (len(message) if next_cut else 0)
        if done.finished_at:
            break
    return out


def _dying(data: bytes) -> Iterator[bytes]:
    yield data
    raise ConnectionResetError


def _pictures() -> None:
    grain = np.random.default_rng(7).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(grain).resize((3200, 2400)).save(out, "JPEG", quality=80)
    data, many = out.getvalue(), 20
    began = time.perf_counter()
    for _ in range(many):
        read_picture(data)
    ours = many / (time.perf_counter() - began)
    with PictureReader() as reader:
        began = time.perf_counter()
        reader.read(data)
        first = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(many):
            reader.read(data)
        confined = many / (time.perf_counter() - began)
    began = time.perf_counter()
    for _ in range(many):
        with Image.open(io.BytesIO(data)) as image:
            image.thumbnail((320, 320))
            image.save(io.BytesIO(), "JPEG")
    plain = many / (time.perf_counter() - began)
    said("photos of 8 megapixels looked at (two copies, metadata, look)", ours, "/s/core")
    said("the same in a confined process", confined, "/s/core", f"the first takes {first:.2f} s")
    said("plain Pillow thumbnail alone", plain, "/s/core", f"ratio {ours / plain:.2f}")


def _seals(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        session.execute(
            text("""
                INSERT INTO sync_history (
                    kind, id, version, op, changed, actor_id, happened_at, recorded_at
                )
                SELECT 'customer', gen_random_uuid(), 1, 'create',
                    jsonb_build_object(
                        'name', jsonb_build_array(null, '王' || n), 'phone',
                        jsonb_build_array(null, n::text)
                    ),
                    CAST(:who AS uuid), now(), now()
                FROM generate_series(1, :rows) n
            """),
            {"who": str(UUID(new_id())), "rows": ROWS},
        )
    began = time.perf_counter()
    rows = sealing.seal_history(database, "bench", folder)
    said(f"sealing {rows} rows of history", rows / (time.perf_counter() - began), "rows/s")
    began = time.perf_counter()
    with database.transaction() as session:
        links = list(sealing.verify_history(session, "bench", [folder / sealing.WITNESS]))
    whole = all(not isinstance(one, sealing.Broken) for one in links)
    said(
        f"checking them: {len(links)} seals, all hold {whole}", rows / (time.perf_counter() - began), "rows/s"
    )
