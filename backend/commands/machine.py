"""Settings, private machine and terminal output that the commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from sqlalchemy.exc import OperationalError

from backend.core import config
from backend.core.db import Database
from backend.core.queries.installation_row import refresh, refresh_as_it_stands
from backend.core.sentences import sentence
from backend.local.cluster import NoPostgres
from backend.local.home import Home, HomeTaken, not_ours
from backend.local.machine import Machine

console = Console()


def settings_here(*, weak_key: bool = False) -> config.Settings:
    """The settings of this home: what this shell says, and for the rest what the running server was told."""
    own = config.read(weak_key=weak_key)
    running = Home(own.home).running()
    return config.read({**running.environment, **os.environ}, weak_key=weak_key) if running else own


@contextmanager
def the_machine(settings: config.Settings | None = None, *, serving: bool = False) -> Iterator[Machine]:
    """The private machine, attached to what runs of it already; or a sentence about why there is none."""
    machine = None
    try:
        settings = settings or (config.read() if serving else settings_here())
        machine = Machine.prepare(settings, serving=serving)
        yield machine
    except NoPostgres as error:
        console.print(f"[red]{sentence('commands.no_database').line}[/] {error}")
        sys.exit(1)
    except HomeTaken as error:
        console.print(f"[red]{error}[/]", soft_wrap=True, highlight=False)
        sys.exit(1)
    except PermissionError as error:
        home = config.read().home
        console.print(
            f"[red]{not_ours(home, home.stat().st_uid)}[/]\n{error}", soft_wrap=True, highlight=False
        )
        sys.exit(1)
    except OperationalError:
        console.print(f"[red]{sentence('commands.database_silent').line}[/]")
        sys.exit(1)
    finally:
        if machine is not None:
            machine.stop()


@contextmanager
def migrated(machine: Machine) -> Iterator[Database]:
    """Its database at the newest schema, for as long as it is needed."""
    # Not for a command that takes the database as it stands: the schema is that of every kind of record.
    from backend import migrations

    engine = machine.engine()
    try:
        migrations.upgrade(engine)
        database = Database(engine)
        refresh(database)
        yield database
    finally:
        engine.dispose()


@contextmanager
def opened(machine: Machine) -> Iterator[Database]:
    """Its database as it stands, for as long as it is needed."""
    engine = machine.engine()
    try:
        database = Database(engine)
        refresh_as_it_stands(database)
        yield database
    finally:
        engine.dispose()
