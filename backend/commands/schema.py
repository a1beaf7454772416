"""Commands `migrate`, `migration` and `spec`: the database's schema and the contract's generated files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError, ProgrammingError

from backend import migrations
from backend.commands.machine import console, migrated, the_machine
from backend.core.sentences import sentence
from backend.local.machine import Machine

INSUFFICIENT_PRIVILEGE = "42501"


@click.command()
def spec() -> None:
    """Write mobile_api_spec's generated files."""
    # It knows the whole server, which the other commands here need not wait for.
    from backend import specification

    for path in specification.write_all(Path("mobile_api_spec")):
        console.print(f"wrote {path}")


@click.command()
@click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(min=0),
    default=0,
    help="seconds to wait for a database that is away",
)
def migrate(wait_s: int) -> None:
    """Bring the database to the newest schema."""
    with the_machine() as machine:
        _wait_for_database(machine, wait_s)
        with _worded(), migrated(machine):
            console.print(sentence("commands.newest_schema").line)


def _wait_for_database(machine: Machine, seconds: int) -> None:
    """Until it answers, and until whether it does or not that time is over."""
    engine, deadline = machine.engine(), time.monotonic() + seconds
    is_told = False
    while time.monotonic() < deadline:
        try:
            with engine.connect():
                break
        except OperationalError:
            if not is_told:
                console.print(sentence("commands.waiting_for_database").line, soft_wrap=True)
            is_told = True
            time.sleep(1)
    engine.dispose()


@contextmanager
def _worded() -> Iterator[None]:
    """What a database refuses to this role, or was made by a newer release, in words, not a traceback."""
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
            raise
        why = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(sentence("commands.may_not_migrate", why=why).line) from error
    except CommandError as error:
        raise click.ClickException(sentence("commands.schema_newer").line) from error


@click.command()
@click.argument("sentence")
def migration(sentence: str) -> None:
    """Write a new migration from what the models have and the database lacks."""
    with the_machine() as machine, migrated(machine) as database:
        console.print(f"wrote {migrations.make_revision(database.engine, sentence or 'change')}")
