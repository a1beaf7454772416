"""What goes on while broker or database are away, and afterwards: a server by its units, under load."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from backend.core.errors import Problem, as_document
from backend.demo.story_actors import until
from backend.local.cluster import Cluster
from backend.local.processes import free_port, ready_or_why
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
    host, url = house
    with Load(url) as load:
        assert until(lambda: load.statuses("nudges") == {200}, 20)
        begins = len(host.log("wangge-worker"))
        broker.go() if way == "gone" else broker.hang()
        time.sleep(AWAY_S)
        broker.come() if way == "gone" else broker.hang(for_good=False)
        # Streams again, once the processes ask again whether it is there.
        load.forget()
        assert until(lambda: ("nudges", 200) in load.seen, 60)
    assert load.bad == []
    # The worker is back by itself and serves all that was written meanwhile.
    assert until(lambda: waiting(url) == 0, 60)
    assert host.starts["wangge-web"] == 1
    need_few_lines(host.log("wangge-worker")[begins:], 60)


@pytest.mark.long
def test_the_database_goes_away_and_comes_back(house: tuple[Host, str], cluster: Cluster) -> None:
    """503 with the catalogue's sentence and one line in the log for each request; back without a restart."""
    host, url = house
    with Load(url) as load:
        assert until(lambda: load.statuses("write") == {200}, 20)
        begins = len(host.log("wangge-worker")), len(host.log("wangge-web"))
        cluster.stop()
        time.sleep(3)
        load.forget()
        time.sleep(AWAY_S)
        away = dict(load.seen), list(load.bad)
        said = httpx.get(f"{url}/readyz", trust_env=False, timeout=60)
        cluster.start()
        assert until(lambda: ready_or_why(url) is None, 60)
        time.sleep(3)
        load.forget()
        assert until(lambda: load.statuses("write") == {200} and load.statuses("sign in") == {201}, 30)
    assert {status for _, status in away[0]} == {503}
    assert all("not_ready" in one for one in away[1])
    own = as_document(Problem("not_ready"))
    assert (said.status_code, said.headers["Retry-After"], said.json()["title"]) == (503, "5", own["title"])
    assert host.starts == {"wangge-migrate": 2, "wangge-web": 1, "wangge-worker": 1}
    assert until(lambda: waiting(url) == 0, 60)
    need_few_lines(host.log("wangge-worker")[begins[0] :], 40)
    # Of the web process two for a request: that the database is away, and the request itself.
    need_few_lines(host.log("wangge-web")[begins[1] :], 4 * sum(away[0].values()) + 200)


def need_few_lines(log: str, most: int) -> None:
    lines = log.splitlines()
    assert len(lines) <= most, f"{len(lines)} lines:\n" + "\n".join(lines[:60])
    assert not [line for line in lines if line.startswith(("Traceback", "  File"))]
    assert max(len(line) for line in lines) < 5000
