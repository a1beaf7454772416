"""nginx with the configuration as written, inside Debian's own, in front of the application."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.core.errors import Problem, as_document
from backend.local.processes import free_port, wait_for_port
from tests.conftest import own_port
from tests.deploy.debian import Program, program
from tests.deploy.units import DEPLOY
from tests.factories import PASSWORD, uid

WRITTEN = (DEPLOY / "nginx.conf").read_text()


@pytest.fixture(scope="module")
def nginx() -> Program:
    return program("nginx", ["nginx", "nginx-common"])


def laid_out(folder: Path, nginx: Program, changes: dict[str, str]) -> list[str]:
    """Debian's own configuration in a folder, with ours in its conf.d; the command that takes it."""
    text = (nginx.root / "etc/nginx/nginx.conf").read_text()
    for there in ("/etc/nginx/conf.d", "/run/nginx.pid", "/var/log/nginx"):
        text = text.replace(there, f"{folder}{there}")
        (folder / there.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    text = re.sub(r"include /etc/nginx/(modules|sites)-enabled/.*", "", text)
    text = text.replace("include /etc/nginx/mime.types", f"include {nginx.root}/etc/nginx/mime.types")
    for place in ("conf.d", "tls"):
        (folder / "etc/nginx" / place).mkdir(parents=True, exist_ok=True)
    (folder / "var/log/nginx").mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert("wangge.example", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    changes = {"/etc/wangge/tls": str(folder), "/var/log/nginx": f"{folder}/var/log/nginx"} | changes
    written = WRITTEN
    for before, after in changes.items():
        assert before in written
        written = written.replace(before, after)
    (folder / "etc/nginx/conf.d/wangge.conf").write_text(written)
    bodies = "".join(
        f"{what}_temp_path {folder}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {", f"http {{ {bodies}", 1)
    (folder / "nginx.conf").write_text(text if os.geteuid() == 0 else text.replace("user www-data;", ""))
    return [str(nginx.path), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def test_nginx_takes_it_as_written(nginx: Program, tmp_path: Path) -> None:
    # It opens the doors it is told to: as they are written only root may, and nobody else must have them.
    doors = {
        "listen 443 ssl": f"listen 127.0.0.1:{free_port(own_port(19900))} ssl",
        "listen 80": f"listen unix:{tmp_path}/plain",
    }
    command = [*laid_out(tmp_path, nginx, doors), "-t"]
    done = subprocess.run(
        command, env={**os.environ, **nginx.environment}, capture_output=True, text=True, check=False
    )
    assert "test is successful" in done.stderr, done.stderr
    told = [line for line in done.stderr.splitlines() if "[warn]" in line or "[emerg]" in line]
    # What a newer nginx says of the older word, which is the only one that both take.
    assert [line for line in told if '"listen ... http2" directive is deprecated' not in line] == []


@contextmanager
def running(nginx: Program, folder: Path, house: str) -> Iterator[tuple[httpx.Client, str]]:
    """nginx in front of a house: a client that speaks TLS with it, and its address for plain text."""
    tls, plain = free_port(own_port(19900)), free_port(own_port(19940))
    changes = {
        "127.0.0.1:8000": house.removeprefix("http://"),
        "listen 443 ssl": f"listen 127.0.0.1:{tls} ssl",
        "listen 80": f"listen 127.0.0.1:{plain}",
    }
    command = [*laid_out(folder, nginx, changes), "-g", "daemon off;"]
    environment = {**os.environ, **nginx.environment}
    with (
        (folder / "said").open("wb") as said,
        subprocess.Popen(command, env=environment, stderr=said) as process,
    ):
        try:
            wait_for_port(tls)
            trust = ssl.create_default_context(cafile=str(folder / "authority.pem"))
            address = f"https://127.0.0.1:{tls}"
            with httpx.Client(base_url=address, verify=trust, trust_env=False, timeout=20) as client:
                yield client, f"http://127.0.0.1:{plain}"
        finally:
            process.terminate()


def test_the_application_behind_nginx(
    nginx: Program, served: str, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "wsgi_app", ProxyFix(app.wsgi_app, x_for=1, x_proto=1))
    with running(nginx, tmp_path, served) as (http, plain):
        assert http.get("/readyz").json() == {"status": "ready"}
        assert "max-age" in http.get("/readyz").headers["Strict-Transport-Security"]
        # From this machine, and yet by the proxy: metrics are for who asks the house directly.
        assert http.get("/metrics").status_code == 403
        body = {"login": "T001", "password": PASSWORD, "device": {"id": uid("d"), "name": "phone"}}
        signed_in = http.post("/api/v1/sessions", json=body)
        assert signed_in.status_code in (200, 201), signed_in.text
        http.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        assert http.get("/api/v1/customers").status_code == 200
        # What is open to everybody takes small bodies; map files of a hundred megabytes go elsewhere.
        assert http.post("/api/v1/sessions", content=b"x" * 400_000).status_code == 413
        moved = httpx.get(f"{plain}/m/?a=b", trust_env=False)
        assert (moved.status_code, moved.headers["Location"]) == (308, "https://127.0.0.1/m/?a=b")
        http.get("/api/v1/shared-papers/secret")
    log = (tmp_path / "var/log/nginx/wangge.log").read_text()
    assert "/api/v1/customers" in log
    assert "secret" not in log


def test_while_the_house_is_away_nginx_says_what_the_house_says(nginx: Program, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with running(nginx, tmp_path, f"127.0.0.1:{nobody.getsockname()[1]}") as (http, _):
            answer = http.get("/api/v1/customers")
    own = as_document(Problem("not_ready"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {name: own[name] for name in own if name != "instance"}
