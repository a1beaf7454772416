"""`backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

import click

from backend.commands.machine import console, the_machine
from backend.local import safekeeping


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Write database and objects into FOLDER."""
    with the_machine() as machine:
        console.print(f"wrote {safekeeping.backup(machine, folder)}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def restore(folder: Path) -> None:
    """Bring database and objects back from FOLDER and open a new epoch."""
    with the_machine() as machine:
        number = safekeeping.restore(machine, folder)
        console.print(f"已恢复，新纪元 restored; phones compare themselves with epoch {number}")
