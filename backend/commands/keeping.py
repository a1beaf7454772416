"""`backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

import click

from backend.commands.machine import console, the_machine
from backend.local import safekeeping

SECONDS_TO_DRAIN = 60.0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Write database and objects into FOLDER."""
    with the_machine() as machine:
        console.print(f"wrote {safekeeping.backup(machine, folder)}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--drain", is_flag=True, help="let a running server stop serving for as long as it takes")
def restore(folder: Path, drain: bool) -> None:
    """Bring database and objects back from FOLDER and open a new epoch; refused beside a running server, unless --drain."""
    with the_machine() as machine:
        machine.home.begin_restore(SECONDS_TO_DRAIN if drain else None)
        try:
            number = safekeeping.restore(machine, folder)
        except safekeeping.NotRestored as error:
            raise click.ClickException(f"没有恢复，数据库没有变 · nothing was restored: {error}") from error
        finally:
            machine.home.end_restore()
        console.print(f"已恢复，新纪元 restored; phones compare themselves with epoch {number}")
