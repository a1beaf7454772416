"""The machine a command works on, and the console it speaks to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from sqlalchemy.exc import OperationalError

from backend import config, migrations
from backend.db import Database
from backend.local.cluster import NoPostgres
from backend.local.machine import Machine

console = Console()


@contextmanager
def the_machine() -> Iterator[Machine]:
    """The private machine, or a sentence about why there is none."""
    try:
        machine = Machine.prepare(config.read())
    except NoPostgres as error:
        console.print(f"[red]没有可用的数据库 · No database:[/] {error}")
        sys.exit(1)
    try:
        yield machine
    except OperationalError:
        console.print(
            "[red]数据库连不上，请检查 WANGGE_DATABASE_URL · The database does not answer; check WANGGE_DATABASE_URL[/]"
        )
        sys.exit(1)
    finally:
        machine.stop()


@contextmanager
def migrated(machine: Machine) -> Iterator[Database]:
    """Its database at the newest schema, for as long as it is needed."""
    engine = machine.engine()
    try:
        migrations.upgrade(engine)
        yield Database(engine)
    finally:
        engine.dispose()
