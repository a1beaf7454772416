"""Commands `backup` and `restore`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from backend.commands.machine import console, the_machine
from backend.core.keys import BACKUPS
from backend.core.sentences import sentence
from backend.local import drilling, safekeeping
from backend.local.encryption import NoIdentity, identities_of, recipient_of, recipients_of
from backend.local.machine import Machine

SECONDS_TO_DRAIN = 60.0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--encrypt", is_flag=True, help="to the backup key of this server's ring: keep a copy of that elsewhere"
)
@click.option(
    "--encrypt-to", multiple=True, help="to an age (age1…) or SSH public key, whose secret half is elsewhere"
)
def backup(folder: Path, encrypt: bool, encrypt_to: tuple[str, ...]) -> None:
    """Write database and objects into FOLDER, readable by its owner alone."""
    with the_machine() as machine:
        words = [recipient_of(machine.settings.keys.of(BACKUPS)[-1])] if encrypt else []
        recipients = _said(recipients_of, [*words, *encrypt_to])
        console.print(f"wrote {_said(safekeeping.backup, machine, folder, recipients)}")


def _said(do: Callable[..., Any], *arguments: Any) -> Any:
    """What it gives, or its reason for not doing it as a sentence."""
    try:
        return do(*arguments)
    except (NoIdentity, safekeeping.NotKept) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--drill",
    is_flag=True,
    help="only try it: into a throwaway database beside the real one",
)
@click.option("--drain", is_flag=True, help="let a running server stop serving for as long as it takes")
@click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="a file with the key that opens it, if this server's ring does not",
)
def restore(folder: Path, drill: bool, drain: bool, identity: tuple[Path, ...]) -> None:
    """Bring database and objects back from FOLDER and open a new epoch.

    Refused beside a running server, unless --drain. With --drill nothing is brought back: it is tried.
    """
    with the_machine() as machine:
        keys = _said(identities_of, machine.settings.keys.ring().keys, identity)
        if drill:
            _drill(machine, folder, keys)
            return
        machine.home.begin_restore(SECONDS_TO_DRAIN if drain else None)
        try:
            number = safekeeping.restore(machine, folder, keys)
        except safekeeping.NotRestored as error:
            raise click.ClickException(sentence("commands.not_restored", why=str(error)).line) from error
        finally:
            machine.home.end_restore()
        console.print(sentence("commands.restored", epoch=number).line)


def _drill(machine: Machine, folder: Path, keys: Sequence[Any]) -> None:
    try:
        found = drilling.drill(machine, folder, keys)
    except safekeeping.NotRestored as error:
        raise click.ClickException(sentence("commands.not_drilled", why=str(error)).line) from error
    newest = found.held.newest_at
    told = sentence(
        "commands.drilled",
        records=found.held.records,
        files=found.files,
        newest=f"{newest:%Y-%m-%d %H:%M} UTC" if newest else "-",
    )
    console.print(told.line)
