"""The setup page's addresses: who may come, how much they may send, and two who come at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.app import create_app, make_context
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.installation import USUAL, installed_as
from backend.setup.services import page_token
from tests.setup.test_setting_up import NEW, WANTED, post, sign_in


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is set up here holds for this process: not so in the tests after it."""
    with installed_as(USUAL):
        yield


@pytest.fixture
def client(web: Flask, settings: Settings, empty_database: Database) -> FlaskClient:
    """A browser at an installation that nobody has set up."""
    web.extensions["wangge"] = make_context(settings, empty_database)
    return web.test_client()


@pytest.fixture
def token(empty_database: Database) -> str:
    """What the terminal shows."""
    with empty_database.transaction() as session:
        return page_token.give_token(session)


def test_of_two_with_the_same_token_one_sets_up(
    web: Flask, client: FlaskClient, token: str, empty_database: Database
) -> None:
    answers: list[int] = []
    together = threading.Barrier(2)

    def run(number: str) -> None:
        body = WANTED | {"administrator": {"number": number, "name": "王芳"}}
        together.wait()
        answers.append(post(web.test_client(), token, body).status_code)

    threads = [threading.Thread(target=run, args=(f"A{n}",)) for n in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers.count(201) == 1, answers
    # The other found that it was done, or that the token was spent.
    assert {*answers} - {201} <= {403, 409}
    with empty_database.snapshot() as session:
        assert session.execute(text("SELECT count(*) FROM account")).scalar_one() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ([], 422),
        (WANTED | {"surprise": 1}, 422),
        (WANTED | {"branches": [{"name": f"{n}所"} for n in range(201)]}, 422),
        (WANTED | {"group": {"name": "水" * 70_000}}, 413),
        (WANTED | {"administrator": {"number": "A\x00", "name": "王芳"}}, 422),
        (WANTED | {"group": "清河水务"}, 422),
        (WANTED | {"calendar": {"country": "CN", "part": "37"}}, 422),
    ],
)
def test_what_is_odd_is_told_and_spends_no_token(
    client: FlaskClient, token: str, body: Any, status: int
) -> None:
    answer = post(client, token, body)
    assert answer.status_code == status, answer.text
    told = answer.get_json()
    assert told["title"] and told["title_en"]
    assert post(client, token).status_code == 201


def test_a_fault_names_its_field_in_both_languages(client: FlaskClient, token: str) -> None:
    answer = post(client, token, WANTED | {"time_zone": "Mars/Olympus", "currency": "yuan"})
    faults = {one["field"]: one for one in answer.get_json()["faults"]}
    assert {"time_zone", "currency"} <= faults.keys()
    assert "IANA" in faults["time_zone"]["en"]


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data"])
def test_a_body_that_is_no_json_is_refused(client: FlaskClient, token: str, media: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": media}
    assert client.post("/api/v1/setup", data=b"x", headers=headers).status_code in (415, 422)


def test_strangers_are_slowed_down(settings: Settings, empty_database: Database, token: str) -> None:
    slow = replace(settings, limits_enabled=True, public_per_address="3 per minute")
    client = create_app(slow, empty_database).test_client()
    answers = [post(client, "invented").status_code for _ in range(5)]
    assert answers[:3] == [403] * 3
    assert answers[3:] == [429] * 2


def test_nothing_secret_is_noted(client: FlaskClient, token: str, empty_database: Database) -> None:
    given = post(client, token).get_json()["password"]
    sign_in(client, given)
    with empty_database.snapshot() as session:
        for table in ("administrative_act", "sync_history", "sync_document", "outbox", "installation"):
            rows = session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
            assert not [one for one in rows if given in one or token in one], table
        kept = session.execute(text("SELECT password_hash FROM account")).scalar_one()
    assert kept.startswith("$argon2id$")


def test_who_set_up_is_noted_with_their_address(
    client: FlaskClient, token: str, empty_database: Database
) -> None:
    post(client, token)
    with empty_database.snapshot() as session:
        asked = "SELECT network_address, after::text FROM administrative_act WHERE act = 'set_up'"
        address, after = session.execute(text(asked)).one()
    assert address == "127.0.0.1"
    assert "Asia/Shanghai" in after


def test_an_english_city_begins_the_same(client: FlaskClient, token: str) -> None:
    wanted = {
        "group": {"name": "Harbor Water", "hotline": "+1 206 555 0100"},
        "branches": [{"name": "North Works"}],
        "language": "en",
        "time_zone": "America/Los_Angeles",
        "currency": "USD",
        "length_unit": "in",
        "calendar": {"country": "US", "part": "WA"},
        "administrator": {"number": "E-100", "name": "Ann O'Neill"},
    }
    made = post(client, token, wanted)
    assert made.status_code == 201, made.text
    given = made.get_json()["password"]
    device = {"id": "0193c0de-0000-7000-8000-0000000000e1", "name": "desk"}
    signed = client.post(
        "/api/v1/sessions", json={"login": "e-100", "password": given, "device": device}
    ).get_json()
    mine = {"Authorization": f"Bearer {signed['access_token']}"}
    changed = client.put("/api/v1/sessions/password", json={"old": given, "new": NEW}, headers=mine)
    assert changed.status_code == 204, changed.text
    told = client.get("/api/v1/installation", headers=mine).get_json()
    assert (told["name_en"], told["time_zone"], told["currency"]) == (
        "Harbor Water", "America/Los_Angeles", "USD")  # fmt: skip
    lines = client.get("/api/v1/checklist", headers=mine).get_json()
    states = {one["code"]: one["state"] for one in lines}
    assert (states["hotline"], states["calendars"], states["accounts"]) == ("ok", "ok", "ok")


def test_the_page_itself_is_an_empty_shell(client: FlaskClient, settings: Settings) -> None:
    (settings.web_root / "console").mkdir(parents=True)
    (settings.web_root / "console" / "setup.html").write_text("<div id=app>")
    with client.get("/setup") as answer:
        assert (answer.status_code, answer.text) == (200, "<div id=app>")
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
