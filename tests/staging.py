"""A real server on a copy of a template: web, worker and a broker of its own, on the database of the tests.

Another cluster, its migrations and a city of its own took longer than many a test of such a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from backend.core import config
from backend.local.cluster import Cluster
from backend.local.machine import Machine


@contextmanager
def staged(cluster: Cluster, template: str, home: Path, port: int) -> Iterator[tuple[str, Machine]]:
    """Its address, and the machine that serves it; stopped and gone afterwards."""
    name = f"copy_{home.name}".replace("-", "_")
    cluster.ensure_database(name, template)
    own = {"WANGGE_HOME": str(home), "WANGGE_DATABASE_URL": cluster.url(name), "WANGGE_DEMO": "1"}
    machine = Machine.prepare(config.read(own), serving=True)
    machine.settings = replace(machine.settings, web_root=config.read().web_root)
    try:
        yield f"http://127.0.0.1:{machine.serve(port)}", machine
    finally:
        machine.stop()
        cluster.psql("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
