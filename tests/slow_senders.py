"""Starts a one-thread web server with short limits, for tests of slow clients."""

from collections.abc import Callable, Iterable
from typing import Any

from backend.web_worker import Worker


class Impatient(Worker):
    """As the server's own, in seconds that a test can wait."""

    head_s, body_s, least_bytes_per_s, chunked_s, answer_s = 1.0, 1.0, 1_000_000, 1.0, 1

    @staticmethod
    def load() -> None:
        """It serves a few bytes, not the program."""


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Reads what comes; answers a little, or much."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 65536] * 1000 if environ["PATH_INFO"] == "/much" else [b"well"]
