"""The pages' files over HTTP: which file, how compressed, how long it may be kept.

What is none of anybody's business is not served.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.core.config import Settings


@pytest.fixture
def client(app: Flask, settings: Settings) -> FlaskClient:
    """A browser before pages that were just built."""
    for name, text in {
        "console/index.html": "<h1>console</h1>",
        "console/who.html": "<h1>who</h1>",
        "console/verify.html": "<h1>verify</h1>",
        "console/assets/a-1.js": "one()",
        "phone/index.html": "<h1>phone</h1>",
        "phone/sw.js": "worker()",
        "phone/manifest.webmanifest": "{}",
    }.items():
        path = settings.web_root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        Path(f"{path}.gz").write_bytes(gzip.compress(text.encode()))
    (settings.web_root.parent / "secret-key.txt").write_text("nobody's")
    return app.test_client()


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/", "console"),
        ("/m/", "phone"),
        ("/m/jobs/0193", "phone"),
        ("/who", "who"),
        ("/verify", "verify"),
        ("/m/sw.js", "worker"),
        ("/console/assets/a-1.js", "one"),
    ],
)
def test_each_address_has_its_page(client: FlaskClient, path: str, holds: str) -> None:
    answer = client.get(path, buffered=True)
    assert (answer.status_code, holds in answer.text) == (200, True)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_what_is_named_by_its_content_is_kept_and_the_rest_is_asked_for_again(client: FlaskClient) -> None:
    assert "immutable" in client.get("/console/assets/a-1.js", buffered=True).headers["Cache-Control"]
    for path in ("/", "/m/", "/m/sw.js"):
        first = client.get(path, buffered=True)
        assert first.headers["Cache-Control"] == "no-cache"
        assert (
            client.get(path, headers={"If-None-Match": first.headers["ETag"]}, buffered=True).status_code
            == 304
        )


def test_files_go_out_as_small_as_the_browser_can_take_them(client: FlaskClient) -> None:
    small = client.get("/m/sw.js", headers={"Accept-Encoding": "gzip, deflate"}, buffered=True)
    assert (small.headers["Content-Encoding"], gzip.decompress(small.data)) == ("gzip", b"worker()")
    assert small.mimetype == "text/javascript"
    plain = client.get("/m/sw.js", headers={"Accept-Encoding": "gzip;q=0"}, buffered=True)
    assert "Content-Encoding" not in plain.headers
    assert (plain.data, plain.headers["Vary"]) == (b"worker()", "Accept-Encoding")
    assert client.get("/m/manifest.webmanifest", buffered=True).mimetype == "application/manifest+json"


@pytest.mark.parametrize(
    "path",
    [
        "/m/../../secret-key.txt",
        "/console/..%2f..%2fsecret-key.txt",
        "/m//etc/passwd.txt",
        "/console/none.js",
    ],
)
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    answer = client.get(path, buffered=True)
    assert "nobody's" not in answer.text
    assert answer.status_code in (404, 308)
