"""A real S3 server on this machine: rclone's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.local.processes import free_port, wait_for_port


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a client of it must have in its environment; it has a bucket `photos`."""
    folder, port = tmp_path_factory.mktemp("s3"), free_port(19800)
    (folder / "photos").mkdir()
    program = [
        str(Path(sys.executable).parent / "rclone"),
        "serve",
        "s3",
        "--auth-key",
        "wanggetest,secretsecret",
        "--addr",
        f"127.0.0.1:{port}",
        str(folder),
    ]
    with subprocess.Popen(program, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "wanggetest",
                "AWS_SECRET_ACCESS_KEY": "secretsecret",
                "AWS_ALLOW_HTTP": "true",
                "AWS_REGION": "us-east-1",
            }
        finally:
            server.terminate()
