"""Rate limits on guessing: slowed however it is varied, and stopping nobody who is known.

Sign-in, old password, tokens, links, sheets.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from limits.storage import MemoryStorage
from sqlalchemy import text

from backend.app import create_app
from backend.core.api.context import AppContext
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import guessing
from backend.core.services.guessing import Guesses, Patience, counters_at, network_of
from backend.core.services.tidying import tidy
from backend.evidence.services.sharing import share
from backend.local.broker import Broker
from tests.conftest import Person
from tests.factories import DEAR, DEAR_DUMMY, PASSWORD, Town, uid
from tests.signing import Crew

As = Callable[[str], Person]
FAR = "203.0.113.7"


class Clock:
    """The time that the counters know."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("limits.storage.memory.time", made)
    monkeypatch.setattr(guessing, "time", made.time)
    return made


@pytest.fixture
def limited(app: Flask, clock: Clock) -> Flask:
    """The town's house with limits on wrong tries."""
    house: AppContext = app.extensions["wangge"]
    app.extensions["wangge"] = replace(house, guesses=Guesses(MemoryStorage()))
    return app


def sign_in(
    app: Flask, login: str, password: str, address: str, device: str = "new", secret: str | None = None
) -> Any:
    body = {
        "login": login,
        "password": password,
        "device": {"id": uid(device), "name": "d", "secret": secret},
    }
    return app.test_client().post("/api/v1/sessions", json=body, environ_base={"REMOTE_ADDR": address})


def test_a_login_is_one_however_it_is_typed_and_whatever_device_is_named(limited: Flask) -> None:
    typed = ("T005", "t005", " T005", "T005  ", "Ｔ００５", "T\u200b005")
    said = [sign_in(limited, login, "guess", FAR, f"device {n}") for n, login in enumerate(typed)]
    assert [one.status_code for one in said] == [401] * 5 + [429]
    assert said[-1].get_json()["code"] == "too_many_tries"
    assert int(said[-1].headers["Retry-After"]) == said[-1].get_json()["retry_after_s"] >= 1
    assert "稍候" in said[-1].get_json()["title"]
    assert sign_in(limited, " ｔ005\u3000", PASSWORD, "198.51.100.1").status_code == 201


def test_a_login_of_nothing_visible_is_nobodys(limited: Flask) -> None:
    assert sign_in(limited, "\u200b\u00ad", PASSWORD, FAR).get_json()["code"] == "wrong_credentials"


def test_each_wrong_try_waits_longer_and_never_for_long(limited: Flask, clock: Clock) -> None:
    waits = []
    for _ in range(16):
        answer = sign_in(limited, "T005", "guess", FAR)
        while answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            clock.now += waits[-1]
            answer = sign_in(limited, "T005", "guess", FAR)
        assert answer.status_code == 401
    assert waits == sorted(waits)
    assert len(waits) >= 9
    assert waits[-1] <= 900


def test_other_addresses_do_not_make_guessing_quick(limited: Flask, clock: Clock) -> None:
    addresses = [f"198.51.100.{n}" for n in range(14)]
    said = [sign_in(limited, "T005", "guess", one, one).status_code for one in addresses]
    assert said == [401] * 10 + [429] * 4
    assert sign_in(limited, "T005", "guess", "2001:db8::1", "six").status_code == 429
    clock.now += 60
    assert sign_in(limited, "T005", "guess", addresses[-1]).status_code == 401
    assert sign_in(limited, "T005", "guess", addresses[-1]).status_code == 429


def test_one_address_guessing_at_many_accounts_waits(limited: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "ANY_SECRET_FROM_ONE_PLACE", Patience(6, 60))
    said = [sign_in(limited, f"T{n:03d}", "guess", FAR).status_code for n in range(8)]
    assert said == [401] * 6 + [429] * 2
    assert sign_in(limited, "T000", "guess", "198.51.100.1").status_code == 401


def test_strangers_do_not_stop_the_owner(limited: Flask, clock: Clock) -> None:
    """On the known phone at once, from the strangers' own address; on a new phone within a minute."""
    secret = sign_in(limited, "T005", PASSWORD, FAR, "my phone").get_json()["device_secret"]
    for n in range(100):
        assert sign_in(limited, "T005", "guess", f"198.51.{n % 20}.1", "my phone").status_code in (401, 429)
        assert sign_in(limited, "T005", "guess", FAR, "my phone", "no secret").status_code in (401, 429)
    assert sign_in(limited, "T005", PASSWORD, FAR, "my phone").status_code == 429
    assert sign_in(limited, "t005", PASSWORD, FAR, "my phone", secret).status_code == 201
    told = sign_in(limited, "T005", PASSWORD, "192.0.2.1", "new phone")
    assert (told.status_code, int(told.headers["Retry-After"]) <= 60) == (429, True)
    clock.now += int(told.headers["Retry-After"])
    assert sign_in(limited, "T005", "guess", "198.51.77.1", "meanwhile").status_code in (401, 429)
    assert sign_in(limited, "T005", PASSWORD, "192.0.2.1", "new phone").status_code == 201


def test_a_known_device_waits_for_its_own_wrong_tries(limited: Flask) -> None:
    secret = sign_in(limited, "T005", PASSWORD, FAR, "my phone").get_json()["device_secret"]
    said = [
        sign_in(limited, "T005", "guess", f"192.0.2.{n}", "my phone", secret).status_code for n in range(6)
    ]
    assert said == [401] * 5 + [429]


def test_right_passwords_count_for_nothing(limited: Flask) -> None:
    assert {sign_in(limited, "T005", PASSWORD, FAR, f"d{n}").status_code for n in range(12)} == {201}


def test_who_has_no_account_is_told_the_same(limited: Flask) -> None:
    one, other = (
        [sign_in(limited, login, "guess", f"192.0.2.{n // 2}") for n in range(14)] for login in ("T005", "X1")
    )
    assert [(a.status_code, a.get_json()) for a in one] == [(a.status_code, a.get_json()) for a in other]


def test_guesses_of_the_old_password_are_slowed_and_the_session_goes_on(limited: Flask, as_: As) -> None:
    rep = as_("rep")
    body = {"old": "guess", "new": "quartz lantern ferry 88"}
    said = [rep("PUT", "/sessions/password", body).get_json()["code"] for _ in range(6)]
    assert said == ["wrong_credentials"] * 5 + ["too_many_tries"]
    assert rep("GET", "/tokens").status_code == 200


WAYS: dict[str, tuple[str, str, Callable[[str], dict[str, Any]]]] = {
    "access token": ("GET", "/customers", lambda secret: {"headers": {"Authorization": f"Bearer {secret}"}}),
    "phone's token": (
        "POST",
        "/sync/pull",
        lambda secret: {"headers": {"Authorization": f"Bearer {secret}"}, "json": {"store": uid("s")}},
    ),
    "personal token": ("GET", "/ogc/collections", lambda secret: {"auth": ("anybody", secret)}),
    "refresh token": (
        "POST",
        "/sessions/refresh",
        lambda secret: {"json": {"refresh_token": secret, "device_id": uid("d")}},
    ),
    "contractor's link": (
        "POST",
        "/contractors/job",
        lambda secret: {"headers": {"Authorization": f"Bearer {secret}"}},
    ),
    "customer's link": ("POST", "/public/confirmations/sheet", lambda secret: {"json": {"token": secret}}),
    "shared paper": ("GET", "/shared-papers/{}", lambda _: {}),
    "shared picture": ("GET", "/shared-photos/{}", lambda _: {}),
}


def test_secrets_that_were_never_given_out_are_counted_wherever_they_are_shown(
    limited: Flask, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "TOKENS_FROM_ONE_PLACE", Patience(3, 60))
    house: AppContext = limited.extensions["wangge"]
    for way, (method, path, how) in WAYS.items():
        limited.extensions["wangge"] = replace(house, guesses=Guesses(MemoryStorage()))

        def show(secret: str, method: str = method, path: str = path, how: Any = how) -> Any:
            return limited.test_client().open(f"/api/v1{path.format(secret)}", method=method, **how(secret))

        assert {show("again").status_code for _ in range(5)} in ({401}, {410}), way
        said = [show(f"guess{n}") for n in range(3)]
        assert said[0].status_code in (401, 410), way
        assert (said[2].status_code, said[2].get_json()["code"]) == (429, "too_many_tries"), way
        assert int(said[2].headers["Retry-After"]) > 0
        assert as_("rep")("GET", "/customers").status_code == 200, way


def test_a_token_that_has_only_ended_is_no_guess(
    limited: Flask, as_: As, database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "TOKENS_FROM_ONE_PLACE", Patience(1, 60))
    people = [as_(name) for name in ("rep", "leader", "agent", "rep")]
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE token SET expires_at = now() - interval '3 days'"))
    with database.transaction() as session:
        tidy(session)
    for person in people:
        assert person("GET", "/customers").get_json()["code"] == "not_signed_in"
        assert person("POST", "/sync/pull", {"store": town["s"]}).get_json()["code"] == "not_signed_in"
    ended = share(limited.extensions["wangge"].settings.keys, "shared picture", ["0" * 64], -1)
    assert {limited.test_client().get(f"/api/v1/shared-photos/{ended}").status_code for _ in range(3)} == {
        410
    }


def test_what_a_sheet_says_is_not_found_out_by_asking(limited: Flask, crew: Crew) -> None:
    signature = crew.sign()
    crew.finish(signature)
    path, known = "/api/v1/public/sheets/verification", crew.stored("signature", signature)["sheet_sha256"]

    def ask(sha256: str, address: str) -> Any:
        body = {"signature_id": signature, "sha256": sha256}
        return limited.test_client().post(path, json=body, environ_base={"REMOTE_ADDR": address})

    assert [ask(f"{n:064x}", FAR).status_code for n in range(6)] == [200] * 5 + [429]
    assert {ask(known, "192.0.2.1").get_json()["verdict"] for _ in range(8)} == {"genuine"}


def tries(guesses: Guesses, source: str, count: int) -> list[str]:
    """Wrong tries one after another: what became of each."""
    said = []
    for _ in range(count):
        try:
            with guesses.one_try("sign-in", "t005", source) as attempt:
                attempt.is_wrong = True
            said.append("made")
        except Problem as problem:
            said.append(problem.code)
    return said


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path / "broker")
    made.start()
    yield made
    made.stop()


def test_all_processes_count_together_and_each_alone_while_the_broker_is_away(broker: Broker) -> None:
    url = broker.url.replace("redis+socket", "redis+unix")
    one, other = (Guesses(counters_at(url)) for _ in range(2))
    assert tries(one, FAR, 4) + tries(other, FAR, 3) == ["made"] * 5 + ["too_many_tries"] * 2
    broker.stop()
    assert tries(other, "192.0.2.9", 6) == ["made"] * 5 + ["too_many_tries"]


def test_a_broker_that_hangs_keeps_nobody_waiting(settings: Settings, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        hanging = create_app(replace(settings, limits_enabled=True, broker_url=url), database)
        said: list[int] = []
        asking = threading.Thread(
            target=lambda: said.append(sign_in(hanging, "T005", PASSWORD, FAR).status_code), daemon=True
        )
        asking.start()
        asking.join(30)
    assert said == [201]


def test_of_tries_at_once_each_is_counted() -> None:
    guesses = Guesses(MemoryStorage())
    made = 0
    open_tries = []
    for _ in range(12):
        attempt = guesses.one_try("sign-in", "t005", FAR)
        try:
            attempt.__enter__().is_wrong = True
        except Problem:
            continue
        made += 1
        open_tries.append(attempt)
    assert made == 5
    for one in open_tries:
        one.__exit__(None, None, None)


def test_sign_ins_from_one_address_have_a_rate(limited: Flask, clock: Clock) -> None:
    house: AppContext = limited.extensions["wangge"]
    settings = replace(house.settings, sign_in_per_address="3 per minute")
    limited.extensions["wangge"] = replace(house, settings=settings)
    first = sign_in(limited, "T005", PASSWORD, FAR, "mine")
    said = [sign_in(limited, "T006", PASSWORD, FAR, f"{n}").status_code for n in range(3)]
    assert [first.status_code, *said] == [201, 201, 201, 429]
    assert (
        sign_in(limited, "T005", PASSWORD, FAR, "mine", first.get_json()["device_secret"]).status_code == 201
    )


def test_where_limits_are_off_nothing_is_counted(app: Flask) -> None:
    assert {sign_in(app, "T005", "guess", FAR).status_code for _ in range(12)} == {401}


def test_addresses_of_one_customer_count_as_one() -> None:
    assert (
        network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    )
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("::ffff:192.0.2.2")
    assert network_of(None) == network_of("no address") == "nowhere"


def test_an_unknown_account_is_held_against_a_hash_as_dear_as_any() -> None:
    assert not DEAR.check_needs_rehash(DEAR_DUMMY)
    assert (DEAR.memory_cost, DEAR.time_cost) == (65_536, 3)
