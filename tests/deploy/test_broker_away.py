"""A broker that is gone, or hangs: signing in, reading, writing and nudges go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from backend.core import logs
from backend.core.api.limits import Counters
from backend.core.config import Settings
from backend.core.services.guessing import Guesses, counters_at
from backend.local.processes import free_port
from backend.phones.services import nudging
from backend.queue.tasks import make_wake
from tests.conftest import Person, own_port
from tests.deploy.broker import OwnBroker
from tests.factories import PASSWORD, Town, uid

As = Callable[[str], Person]


@pytest.fixture(scope="module")
def broker() -> Iterator[OwnBroker]:
    with OwnBroker(free_port(own_port(19870))) as found:
        yield found


@pytest.fixture
def house(app: Flask, settings: Settings, broker: OwnBroker) -> Iterator[Flask]:
    """The application with everything of it that stands on the broker on this one."""
    before = app.extensions["wangge.counters"]
    found = replace(settings, broker_url=broker.url, limits_enabled=True)
    app.extensions["wangge.counters"] = Counters(broker.url)
    app.extensions["wangge"] = replace(
        app.extensions["wangge"],
        settings=found,
        guesses=Guesses(counters_at(broker.url)),
        wake=make_wake(found),
    )
    yield app
    app.extensions["wangge.counters"] = before


def a_morning(app: Flask, person: Person, town: Town) -> set[int]:
    """The statuses of signing in, reading, writing and asking for nudges."""
    body = {"login": "T001", "password": PASSWORD, "device": {"id": uid("d"), "name": "desk"}}
    wrong = {**body, "login": "T001", "password": "not this one"}
    path = f"/customers/{town['customer 1']}"
    seen = person("GET", path)
    written = person(
        "PATCH", path, {"note": f"{time.monotonic()}"}, headers={"If-Match": seen.headers["ETag"]}
    )
    nudges = person("GET", "/sync/nudges")
    nudges.close()
    answers = [app.test_client().post("/api/v1/sessions", json=one) for one in (body, wrong)]
    return {seen.status_code, written.status_code, nudges.status_code, *(one.status_code for one in answers)}


def test_with_a_broker_there_are_streams(house: Flask, as_: As, town: Town) -> None:
    assert a_morning(house, as_("dispatcher"), town) == {200, 201, 401}


@pytest.mark.parametrize("way", ["gone", pytest.param("hanging", marks=pytest.mark.long)])
def test_without_one_everything_else_goes_on(
    house: Flask,
    as_: As,
    town: Town,
    broker: OwnBroker,
    way: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure()
    nudging._away_until.clear()
    person = as_("dispatcher")
    broker.go() if way == "gone" else broker.hang()
    try:
        assert a_morning(house, person, town) == {200, 201, 204, 401}
        assert capsys.readouterr().err.count("nudge.broker_away") == 1
        # The first has found out that it is away: from then on nobody asks it, or waits for it, for a while.
        capsys.readouterr()
        assert {person("GET", "/sync/nudges").status_code for _ in range(10)} == {204}
        assert "broker_away" not in capsys.readouterr().err
    finally:
        broker.come() if way == "gone" else broker.hang(for_good=False)
