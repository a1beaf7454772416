"""Slow clients hold a thread of the web server for a while only.

Slow are those who send a request slowly, and those who take an answer slowly.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from backend.local.processes import free_port, wait_for_port
from tests.conftest import own_port

SLOW = {
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\nHost: here\r\nX-Word: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 8000\r\n\r\n{",
    "half a piece": b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    "an answer that nobody takes": b"GET /much HTTP/1.1\r\nHost: here\r\n\r\n",
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with one thread."""
    found = free_port(own_port(19480))
    options = [
        "--bind",
        f"127.0.0.1:{found}",
        "--worker-class",
        "tests.slow_senders.Impatient",
        "--threads",
        "1",
    ]
    command = [sys.executable, "-m", "gunicorn", *options, "--no-control-socket", "tests.slow_senders:app"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_for_port(found)
        yield found
        server.terminate()


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_a_slow_sender_gives_its_thread_back(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(sent)
        # Both connections stay open; the answer comes once the slow one's time is over.
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=15).text == "well"


def test_who_sends_fast_is_read_whole(port: int) -> None:
    assert httpx.post(f"http://127.0.0.1:{port}/", content=b"x" * 3_000_000, timeout=15).text == "well"
