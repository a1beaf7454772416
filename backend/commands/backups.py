"""Commands `backup` and `restore`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from backend.commands.machine import console, the_machine
from backend.core.keys import BACKUPS
from backend.core.sentences import sentence
from backend.local import restoring, safekeeping
from backend.local.bringing_back import NotRestored
from backend.local.encryption import NoIdentity, identities_of, recipient_of, recipients_of
from backend.local.machine import Machine
from backend.local.restoring import Brought, Ways
from backend.local.safekeeping import Wanted
from backend.local.sealed_secrets import Opener, read_passphrase

SECONDS_TO_DRAIN = 60.0
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
IDENTITY = click.option(
    "--identity",
    type=FILE,
    multiple=True,
    help="a file with the key that opens it, if this server's ring does not",
)
PASSPHRASE = click.option(
    "--passphrase-file", type=FILE, help="its first line opens or closes the keys and seals in the backup"
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--encrypt", is_flag=True, help="to the backup key of this server's ring: keep a copy of that elsewhere"
)
@click.option(
    "--encrypt-to", multiple=True, help="to an age (age1…) or SSH public key, whose secret half is elsewhere"
)
@PASSPHRASE
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=safekeeping.KEEP,
    show_default=True,
    help="how many stay in FOLDER",
)
def backup(
    folder: Path, encrypt: bool, encrypt_to: tuple[str, ...], passphrase_file: Path | None, keep: int
) -> None:
    """Write database, new objects, keys and seals into FOLDER, readable by its owner alone.

    Keys and seals go into a file of their own, which the passphrase or the keys of --encrypt-to open.
    """
    with the_machine() as machine:
        others, passphrase = said(recipients_of, encrypt_to), said(read_passphrase, passphrase_file)
        own = [recipient_of(machine.settings.keys.of(BACKUPS)[-1])] if encrypt else []
        closer = Opener(passphrase, () if passphrase else others)
        made = said(safekeeping.backup, machine, folder, Wanted((*own, *encrypt_to), closer, keep))
        console.print(f"wrote {made}", soft_wrap=True)
        if not closer:
            console.print(sentence("commands.without_secrets").line, soft_wrap=True)


def said(do: Callable[..., Any], *arguments: Any) -> Any:
    """What it gives, or its reason for not doing it as a sentence."""
    try:
        return do(*arguments)
    except (NoIdentity, safekeeping.NotKept) as error:
        raise click.ClickException(str(error)) from error


def ways_of(machine: Machine, identity: tuple[Path, ...], passphrase_file: Path | None) -> Ways:
    """How a backup is opened, by what was said at the shell."""
    keys = said(identities_of, machine.settings.keys.ring().keys, identity)
    return Ways(keys, said(read_passphrase, passphrase_file))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--drill", is_flag=True, help="only try it, as wangge drill does")
@click.option("--drain", is_flag=True, help="let a running server stop serving for as long as it takes")
@IDENTITY
@PASSPHRASE
@click.option("--role", default="", help="whose the tables become, where an administrator restores")
@click.option("--another-installation", is_flag=True, help="replace this one by a backup of another one")
@click.option("--without-keys", is_flag=True, help="though its keys are not here: its seals will not verify")
@click.option("--unchecked", is_flag=True, help="bring back what is there of a backup that is not whole")
def restore(
    folder: Path,
    drill: bool,
    drain: bool,
    identity: tuple[Path, ...],
    passphrase_file: Path | None,
    **waived: Any,
) -> None:
    """Bring database, objects, keys and seals back from FOLDER (the newest in it) and open a new epoch.

    All of it is checked before anything is written. Refused beside a running server, unless --drain.
    """
    if drill:
        from backend.commands.drills import try_backup

        try_backup(folder, identity, passphrase_file)
        return
    with the_machine() as machine:
        ways = replace(ways_of(machine, identity, passphrase_file), **waived)
        machine.home.begin_restore(SECONDS_TO_DRAIN if drain else None)
        try:
            found = restoring.restore(machine, folder, ways)
        except NotRestored as error:
            raise click.ClickException(sentence("commands.not_restored", why=str(error)).line) from error
        finally:
            machine.home.end_restore()
        _tell(found)


def _tell(found: Brought) -> None:
    console.print(sentence("commands.restored", epoch=found.epoch).line)
    if found.lacking:
        told = sentence("commands.objects_lacking", count=len(found.lacking), some=found.lacking[:5])
        console.print(told.line, soft_wrap=True)
    if found.ring is not None:
        console.print(sentence("commands.ring_apart", file=str(found.ring)).line, soft_wrap=True)
