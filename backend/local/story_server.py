"""Starts a server for the demo story and for tests that need real HTTP.

Database, broker, web and worker, then gone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from backend import migrations
from backend.core import config
from backend.core.db import Database
from backend.core.private_files import own_home
from backend.local.broker import Broker
from backend.local.cluster import private_cluster
from backend.local.machine import Machine


@contextmanager
def stage(
    home: Path,
    prepare: Callable[[Database], None],
    *,
    port: int = 18000,
    durable: bool = False,
    worker: bool = True,
) -> Iterator[tuple[str, Machine]]:
    """A freshly prepared server in `home`; gives its address. Whatever an earlier one left there is removed.

    Raises HomeTaken where one is under way.
    """
    own_home(home)
    broker = Broker(home / "broker")
    machine = Machine(config.read({"WANGGE_HOME": str(home)}), None, broker, is_private=True)
    try:
        machine.home.take()
        for left in ("objects", "uploads", "logs"):
            shutil.rmtree(home / left, ignore_errors=True)
        cluster = machine.cluster = private_cluster(home, durable=durable)
        machine.settings.keys.ensure(home)
        cluster.psql("postgres", "DROP DATABASE IF EXISTS stage WITH (FORCE)")
        cluster.ensure_database("stage")
        broker.start()
        machine.settings = replace(
            machine.settings,
            database_url=cluster.url("stage"),
            web_root=config.read().web_root,
            broker_url=broker.url,
            demo_accounts=True,
        )
        database = Database(machine.engine())
        migrations.upgrade(database.engine)
        prepare(database)
        database.engine.dispose()
        url = f"http://127.0.0.1:{machine.serve(port, worker=worker)}"
        machine.home.say(url, {}, machine.processes.groups() if machine.processes else [])
        yield url, machine
    finally:
        machine.stop()
