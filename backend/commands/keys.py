"""Commands for keys: `keys list`, `keys rotate` and `keys forget`.

A purpose gets a new key; the older ones are kept for what they signed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from sqlalchemy.orm import Session

from backend.commands.machine import console, opened, settings_here, the_machine
from backend.core import config
from backend.core.keys import (
    BACKUPS,
    FIRST,
    PURPOSES,
    SEALS,
    Key,
    Ring,
    UnsafeKey,
    keys_of_secret,
    need_strong,
    older_keys,
)
from backend.core.private_files import write_private
from backend.core.queries.locks import hold
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.evidence.kinds.seal import SealingKey
from backend.local.encryption import recipient_of

# The ring is read, changed and written: a second command would write over the first one's key.
_ONE_AT_A_TIME = "key ring"


@click.group()
def keys() -> None:
    """The server's keys, one for each purpose: links, cursors, seals, backups."""


@keys.command("list")
def list_() -> None:
    """Which keys there are, and what each still does; no secret is shown."""
    settings = settings_here()
    settings.keys.ensure(settings.home)
    ring = settings.keys.ring()
    titles = [sentence(f"commands.key_column_{title}").line for title in ("purpose", "since", "now")]
    table = Table("id", *titles, box=None)
    for purpose in PURPOSES:
        mine = ring.of(purpose) if any(one.purpose == purpose for one in ring.keys) else []
        for one in mine:
            since = "" if one.signs_from.year == 1 else f"{one.signs_from:%Y-%m-%d %H:%M} UTC"
            table.add_row(one.id, purpose, since, _state(one, mine[-1]))
    console.print(table)


def _state(key: Key, signing: Key) -> str:
    if key is signing:
        public = f" {recipient_of(key)}" if key.purpose == BACKUPS else ""
        return f"{sentence('commands.key_signs').line}{public}"
    waits = key.signs_from > datetime.now(UTC)
    return (sentence("commands.key_waits") if waits else sentence("commands.key_opens")).line


@keys.command()
@click.argument("purpose", type=click.Choice(PURPOSES), required=False)
@click.option(
    "--in-minutes", default=0, show_default=True, help="sign with it later: time to bring it to every server"
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="write the changed ring here, for WANGGE_KEYS or other servers",
)
def rotate(purpose: str | None, in_minutes: int, to: Path | None) -> None:
    """A new key for PURPOSE, or for each.

    Servers on this machine take it at once, and older keys go on opening.
    """
    given = settings_here(weak_key=True)
    settings = _safe(given)
    if settings.keys.is_fixed and to is None:
        raise UnsafeKey(sentence("commands.ring_is_fixed").line)
    settings.keys.ensure(settings.home)
    wanted = [purpose] if purpose else list(PURPOSES)
    with the_machine(settings) as machine, opened(machine) as database, database.transaction() as session:
        hold(session, _ONE_AT_A_TIME)
        ring = (
            settings.keys.ring()
            .with_older(older_keys(given.secret_key) if given.secret_key else ())
            .rotated(wanted, timedelta(minutes=in_minutes))
        )
        _note(session, ring, [one.id for one in ring.keys[-len(wanted) :]], "made")
        _write(settings, ring, to)
    console.print(sentence("commands.rotated", purposes=", ".join(wanted)).line)
    if settings.keys_file is None and settings.secret_key:
        console.print(sentence("commands.same_ring_everywhere").line)


def _safe(settings: config.Settings) -> config.Settings:
    """Without a secret that anybody could guess: it is replaced now, and must leave the environment."""
    try:
        if settings.secret_key:
            need_strong(settings.secret_key)
    except UnsafeKey:
        console.print(sentence("commands.take_secret_out").line)
        return replace(settings, secret_key="")
    return settings


@keys.command()
@click.argument("key_id")
def forget(key_id: str) -> None:
    """Take a key out of the ring, as when it was stolen.

    Links and cursors it signed end, seals stay by its public half.
    """
    settings = settings_here()
    ring = settings.keys.ring()
    found = next((one for one in ring.keys if one.id == key_id), None)
    if found is None or settings.keys.is_fixed:
        raise click.ClickException(sentence("commands.no_such_key", key=key_id).line)
    if found == ring.of(found.purpose)[-1]:
        raise click.ClickException(sentence("commands.key_in_use", purpose=found.purpose).line)
    if found in keys_of_secret(settings.secret_key):
        raise click.ClickException(sentence("commands.take_secret_out_first").line)
    with the_machine() as machine, opened(machine) as database, database.transaction() as session:
        hold(session, _ONE_AT_A_TIME)
        ring = settings.keys.ring()
        row = session.get(SealingKey, key_id)
        if found.purpose == SEALS and (row is None or row.successor is None):
            raise click.ClickException(sentence("commands.key_not_sealed_yet").line)
        _note(session, ring, [key_id], "forgotten")
        _write(settings, ring.without(key_id), None)
    first = settings.home / FIRST
    if first.exists() and first.read_text().strip() not in {one.secret for one in ring.without(key_id).keys}:
        first.unlink()
    console.print(sentence("commands.forgotten", key=key_id).line)


def _note(session: Session, ring: Ring, ids: list[str], what: str) -> None:
    told = [{"id": one.id, "purpose": one.purpose} for one in ring.keys if one.id in ids]
    note_at_shell(session, "key_rotated", ("key", None), after={what: told})


def _write(settings: config.Settings, ring: Ring, to: Path | None) -> None:
    if to is not None:
        write_private(to, ring.as_text().encode())
    if not settings.keys.is_fixed:
        console.print(f"wrote {settings.keys.write(ring)}")
