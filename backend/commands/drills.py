"""Commands `drill` and `note-backup`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from backend.commands.backups import FILE, IDENTITY, PASSPHRASE, ways_of
from backend.commands.machine import console, the_machine
from backend.core.sentences import sentence
from backend.local import base_backups, drilling
from backend.local.base_backups import NotNoted
from backend.local.bringing_back import NotRestored
from backend.local.drilling import NotTried


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@IDENTITY
@PASSPHRASE
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    help="where the throwaway cluster is made; the folder of temporary files else",
)
def drill(
    folder: Path, identity: tuple[Path, ...], passphrase_file: Path | None, scratch: Path | None
) -> None:
    """Try the backup in FOLDER: restored into a throwaway cluster as an ordinary role, checked, and deleted.

    Counts, files and seals must be those of the backup. That it was tried, and how it went, is noted.
    """
    try_backup(folder, identity, passphrase_file, scratch)


def try_backup(
    folder: Path, identity: tuple[Path, ...], passphrase_file: Path | None, scratch: Path | None = None
) -> None:
    """The same, for `restore --drill` too."""
    with the_machine() as machine:
        try:
            found = drilling.drill(machine, folder, ways_of(machine, identity, passphrase_file), scratch)
        except NotTried as error:
            raise click.ClickException(str(error)) from error
        except NotRestored as error:
            raise click.ClickException(sentence("commands.not_drilled", why=str(error)).line) from error
        newest = found.held.newest_at
        told = sentence(
            "commands.drilled",
            records=found.held.records,
            files=found.files,
            seals=found.seals,
            newest=f"{newest:%Y-%m-%d %H:%M} UTC" if newest else "-",
        )
        console.print(told.line, soft_wrap=True)


@click.command("note-backup")
@click.option(
    "--began",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    help="when it began, as 2026-01-31T02:00:00+08:00",
)
@click.option("--pgbackrest", metavar="STANZA", help="ask pgBackRest for the newest backup of this stanza")
@click.option(
    "--pgbackrest-info", type=FILE, help="or read what it said: pgbackrest info --output=json > FILE"
)
def note_backup(began: datetime | None, pgbackrest: str | None, pgbackrest_info: Path | None) -> None:
    """Note a backup that another program made: phones let go of what it holds, and the checklist knows it."""
    with the_machine() as machine:
        try:
            moment, by = base_backups.newest(began, pgbackrest, pgbackrest_info)
            is_new = base_backups.note(machine, moment, by)
        except NotNoted as error:
            raise click.ClickException(str(error)) from error
        said = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
        noted, known = (
            sentence("commands.backup_noted", began=said),
            sentence("commands.backup_known", began=said),
        )
        console.print((noted if is_new else known).line, soft_wrap=True)
