"""Nudges with a broker that is configured and away: a phone is told to poll, and nothing failed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask

from backend.core.config import Settings
from backend.phones.services.nudging import CREWS, OTHERS, answers, call_out, listen, open_broker
from tests.conftest import Person

As = Callable[[str], Person]


@contextmanager
def nonsense(words: bytes) -> Iterator[str]:
    """Something on the broker's port that is none: it says some words to whoever comes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    peer, _ = door.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(64)
                    peer.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield f"redis://127.0.0.1:{door.getsockname()[1]}/0"
        door.shutdown(socket.SHUT_RDWR)


def with_broker(app: Flask, url: str) -> None:
    house = app.extensions["wangge"]
    app.extensions["wangge"] = replace(house, settings=replace(house.settings, broker_url=url))


def told_to_poll(person: Person) -> str:
    answer = person("GET", "/sync/nudges")
    assert (answer.status_code, answer.data) == (204, b"")
    return str(answer.headers["Retry-After"])


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:9/0", "redis+socket:///nowhere/broker.sock?virtual_host=0"]
)
def test_a_broker_that_is_away_is_said_by_how_often_to_poll(app: Flask, as_: As, url: str) -> None:
    with_broker(app, url)
    assert [told_to_poll(as_(one)) for one in ("rep", "leader", "dispatcher")] == ["30", "5", "5"]


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-NOAUTH Authentication required.\r\n"]
)
def test_what_is_no_broker_of_ours_is_taken_for_none(app: Flask, as_: As, words: bytes) -> None:
    with nonsense(words) as url:
        with_broker(app, url)
        assert told_to_poll(as_("rep")) == "30"


def test_streams_are_not_used_up_by_a_broker_that_is_away(app: Flask, as_: As) -> None:
    with_broker(app, "redis://127.0.0.1:9/0")
    rep = as_("rep")
    for _ in range(10):
        told_to_poll(rep)
    free = [OTHERS.streams.acquire(blocking=False) for _ in range(8)]
    for one in free:
        if one:
            OTHERS.streams.release()
    assert all(free)


def test_a_broker_that_goes_away_in_between_ends_the_stream_and_stops_nobody(
    settings: Settings,
) -> None:
    broker = open_broker(replace(settings, broker_url="redis://127.0.0.1:9/0"))
    assert broker is not None and not answers(broker)
    assert list(listen(broker, ["cell:1"], CREWS)) == []
    call_out(broker, ["cell:1"])
    call_out(None, ["cell:1"])
    call_out(broker, [])
    for url in ("", "amqp://broker", "memory://"):
        assert open_broker(replace(settings, broker_url=url)) is None
