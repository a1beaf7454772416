"""The three clients of the API guide against a real server: one answer, whatever the language."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from backend.core.db import Database
from backend.core.errors import CATALOGUE
from tests.conftest import Person
from tests.factories import PASSWORD, PEOPLE, forged

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
BIN = Path(sys.executable).parent
COMMANDS = {
    "client.py": [sys.executable],
    "client.mjs": [str(BIN / "node")],
    "client.sh": ["bash"],
}
# The tests' own Python and Node come first: a shim before them takes a tenth of a second each time.
ENVIRONMENT = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "no_proxy": "*"}
SAID = """\
signed in as dispatcher
customers of category resident: 5
read: K0002 ETag "1"
created: received
the same again: 409 id_taken
created: received
photo arrived: True
changed since: photo, work_order
refused: 404 not_found: There is no such thing, or it is not in your scope
"""


class Trouble:
    """In front of the server: of each program one token is spoilt on its way, one request is told to wait,
    and one answer is lost after the server has done what was asked."""

    def __init__(self, server: Callable[..., Any]) -> None:
        self.server, self.met = server, set[tuple[str, str]]()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        program = environ.get("HTTP_USER_AGENT", "").split("/")[0]
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix('/api/v1')}"
        if (program, asked) in self.met:
            return self.server(environ, start)
        self.met.add((program, asked))
        if asked == "GET /matters":
            environ["HTTP_AUTHORIZATION"] = forged(environ["HTTP_AUTHORIZATION"])
        if asked == "POST /photos":
            b"".join(self.server(environ, lambda *_: None))
            start("503 Service Unavailable", [("Retry-After", "0"), ("Content-Type", "text/plain")])
            return [b"a proxy had no patience"]
        if asked == "POST /uploads":
            start(
                "429 Too Many Requests", [("Retry-After", "1"), ("Content-Type", "application/problem+json")]
            )
            return [b'{"code": "too_many", "retry_after_s": 1}']
        return self.server(environ, start)


@pytest.fixture
def trouble(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    """Before the server is served."""
    found = Trouble(app.wsgi_app)
    monkeypatch.setattr(app, "wsgi_app", found)
    return found


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of more than one piece."""
    path = tmp_path / "leak.jpg"
    Image.effect_noise((1600, 1200), 120).convert("RGB").save(path, quality=97)
    assert path.stat().st_size > 1024 * 1024
    return path


Ended = dict[str, tuple[int, str, str]]


@pytest.fixture
def ended(trouble: Trouble, served: str, photo: Path) -> Iterator[Ended]:
    """What each client said, all three at once."""
    who = f"T{list(PEOPLE).index('dispatcher'):03d}"
    running = {
        name: subprocess.Popen(
            [*command, str(CLIENTS / name), served, who, PASSWORD, str(photo)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        for name, command in COMMANDS.items()
    }
    said = {name: one.communicate(timeout=120) for name, one in running.items()}
    yield {name: (*said[name], one.returncode) for name, one in running.items()}


def test_all_three_come_to_the_same_through_trouble(
    ended: Ended, trouble: Trouble, as_: Callable[[str], Person], photo: Path
) -> None:
    for name, (said, complaint, code) in ended.items():
        # A creation whose answer was lost is told once more: there, in any client, nothing is made twice.
        assert (code, said.replace("the same again: 409 id_taken\nphoto", "photo")) == (0, SAID), (
            name + complaint
        )
        assert said.count("id_taken") == 2, name
    made = as_("dispatcher").get("/work-orders?limit=500")["rows"]
    assert len(made) == 3
    photos = as_("dispatcher").get("/photos?limit=500")["rows"]
    assert sorted(one["of_id"] for one in photos) == sorted(one["id"] for one in made)
    assert {one["size_bytes"] for one in photos} == {photo.stat().st_size}
    assert all(one["arrived_at"] for one in photos)
    for asked in ("GET /matters", "POST /photos", "POST /uploads"):
        assert {program for program, met in trouble.met if met == asked} == {"Python-urllib", "node", "curl"}


def test_a_wrong_password_is_told_and_ends_with_an_error(served: str, photo: Path) -> None:
    for name, start in COMMANDS.items():
        command = [*start, str(CLIENTS / name), served, "T001", "wrong", str(photo)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert done.returncode != 0, name
        assert "wrong_credentials" in done.stderr, name
        assert done.stdout == "", name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_client_stands_on_nothing_but_its_language(name: str) -> None:
    text = (CLIENTS / name).read_text(encoding="utf-8")
    assert 80 < len(text.splitlines()) < 200
    imported = re.findall(r"^(?:import|from) ([\w.]+)|from \"([^\"]+)\"", text, re.MULTILINE)
    for python, javascript in imported:
        assert (
            javascript.startswith("node:") if javascript else python.split(".")[0] in sys.stdlib_module_names
        )


def test_each_client_is_shown_in_the_guide(database: Database) -> None:
    guide = (CLIENTS.parent / "api.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"](clients/{name})" not in guide] == []


def test_every_address_and_code_of_the_guide_is_there() -> None:
    guide = (CLIENTS.parent / "api.md").read_text(encoding="utf-8")
    there = {
        (method.upper(), re.sub(r"\{\w+\}", "ID", path.removeprefix("/api/v1")))
        for path, ways in json.loads((CLIENTS.parents[1] / "mobile_api_spec/openapi.json").read_text())[
            "paths"
        ].items()
        for method in ways
    }
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w/-]+)", guide)
    assert len(named) >= 12
    asked = {
        (method, path.replace("/ACTION", "/ID") if path.endswith("/ACTION") else path)
        for method, path in named
    }
    assert asked - there == set()
    codes = set(re.findall(r"\d{3} `(\w+)`", guide))
    assert len(codes) >= 8
    assert {code: CATALOGUE[code].status for code in codes if code not in CATALOGUE} == {}
    said = {(code, int(status)) for status, code in re.findall(r"(\d{3}) `(\w+)`", guide)}
    assert {(code, status) for code, status in said if CATALOGUE[code].status != status} == set()


def test_a_personal_token_reads_and_neither_writes_nor_pulls(
    app: Flask, as_: Callable[[str], Person]
) -> None:
    """As the guide says of it."""
    dispatcher = as_("dispatcher")
    made = dispatcher("POST", "/tokens", {"label": "a program", "days": 7}).get_json()
    program = Person(app.test_client(), made["token"])
    assert len(program.get("/customers?limit=2")["rows"]) == 2
    customer = program.get("/customers?limit=1")["rows"][0]
    refused = [
        program("PATCH", f"/customers/{customer['id']}", {"note": "x"}, version=customer["version"]),
        program("POST", "/sync/pull", {"store": customer["id"], "cursor": None, "have": {}}),
    ]
    assert {(one.status_code, one.get_json()["code"]) for one in refused} == {(403, "read_only_token")}
