"""Other people's tus clients against our server: what they send arrives byte for byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from tusclient.client import TusClient

from tests.conftest import Person
from tests.factories import uid
from tests.web.test_engine import BIN, WEB

DATA = os.urandom(700_001)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as large as a photo."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def address(served: str) -> str:
    """Where uploads begin."""
    return f"{served}/api/v1/uploads"


def kept(app: Flask) -> bytes:
    return bytes(app.extensions["wangge"].blobs.get(f"sha256/{SHA256[:2]}/{SHA256}"))


@pytest.mark.parametrize("checksum", [False, True])
def test_tuspy(app: Flask, as_: Callable[[str], Person], address: str, file: Path, checksum: bool) -> None:
    client = TusClient(address, headers={"Authorization": f"Bearer {as_('rep').token}"})
    metadata = {"photo_id": uid("photo"), "sha256": SHA256}
    with file.open("rb") as stream:
        first = client.uploader(
            file_stream=stream, chunk_size=100_000, metadata=metadata, upload_checksum=checksum
        )
        first.upload(stop_at=300_000)
    # The program ends here; another goes on from what the server has.
    with file.open("rb") as stream:
        second = client.uploader(
            file_stream=stream, chunk_size=100_000, url=first.url, upload_checksum=checksum
        )
        assert second.offset == 300_000
        second.upload()
    assert kept(app) == DATA


@pytest.mark.parametrize("pieces", [(), ("3",)], ids=["in one", "in three pieces"])
def test_tus_js_client(
    app: Flask, as_: Callable[[str], Person], address: str, file: Path, pieces: tuple[str, ...]
) -> None:
    script = str(Path(__file__).with_name("tus_client.mjs"))
    command = [str(BIN / "node"), script, address, as_("rep").token, str(file), uid("photo"), SHA256, *pieces]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "/api/v1/uploads/" in done.stdout
    assert kept(app) == DATA
