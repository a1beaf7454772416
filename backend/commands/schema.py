"""`migrate`, `migration` and `spec`: the database's schema and the contract's generated files."""

from __future__ import annotations

from pathlib import Path

import click

from backend import migrations
from backend.commands.machine import console, migrated, the_machine
from backend.core.sentences import sentence


@click.command()
def spec() -> None:
    """Write mobile_api_spec's generated files."""
    # It knows the whole server, which the other commands here need not wait for.
    from backend import specification

    for path in specification.write_all(Path("mobile_api_spec")):
        console.print(f"wrote {path}")


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with the_machine() as machine, migrated(machine):
        console.print(sentence("commands.newest_schema").line)


@click.command()
@click.argument("sentence")
def migration(sentence: str) -> None:
    """Write a new migration from what the models have and the database lacks."""
    with the_machine() as machine, migrated(machine) as database:
        console.print(f"wrote {migrations.make_revision(database.engine, sentence or 'change')}")
