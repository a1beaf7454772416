"""What the house does while its broker or database is away, and once they are back: a server by its units, under load."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from backend.demo.story_actors import until
from backend.local.cluster import Cluster
from backend.local.processes import free_port
from tests.conftest import own_port
from tests.deploy.broker import OwnBroker
from tests.deploy.load import Load
from tests.deploy.units import Host, unprivileged

AWAY_S = 15


@pytest.fixture
def broker() -> Iterator[OwnBroker]:
    with OwnBroker(free_port(own_port(19870))) as found:
        yield found


@pytest.fixture
def house(cluster: Cluster, town_template: str, broker: OwnBroker) -> Iterator[tuple[Host, str]]:
    """Web and worker of the units on a copy of the town."""
    cluster.ensure_database("copy_away", town_template)
    environment = {"WANGGE_DATABASE_URL": cluster.url("copy_away"), "WANGGE_BROKER_URL": broker.url}
    host = Host(free_port(own_port(19820)), environment, unprivileged(cluster.socket.stat().st_uid))
    with ExitStack() as stack:
        stack.callback(cluster.psql, "postgres", "DROP DATABASE copy_away WITH (FORCE)")
        stack.enter_context(host)
        host.start("wangge-web")
        host.start("wangge-worker")
        yield host, f"http://127.0.0.1:{host.port}"


def waiting(url: str) -> float:
    """Facts that nobody has served yet."""
    text = httpx.get(f"{url}/metrics", trust_env=False, timeout=60).text
    return next(
        float(line.split()[1]) for line in text.splitlines() if line.startswith("wangge_outbox_waiting ")
    )


@pytest.mark.long
@pytest.mark.parametrize("way", ["gone", "hanging"])
def test_the_broker_goes_away_and_comes_back(house: tuple[Host, str], broker: OwnBroker, way: str) -> None:
    _, url = house
    with Load(url) as load:
        assert until(lambda: load.statuses("nudges") == {200}, 20)
        for _ in range(2):
            broker.go() if way == "gone" else broker.hang()
            time.sleep(AWAY_S)
            broker.come() if way == "gone" else broker.hang(for_good=False)
            time.sleep(3)
    assert load.bad == []
    # The worker is back by itself and serves all that was written meanwhile.
    assert until(lambda: waiting(url) == 0, 60)
