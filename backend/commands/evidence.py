"""Commands `verify`, `verify-sheet` and `erase`: check sealed history, check a sheet, erase a person's
data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from backend.commands.machine import console, opened, the_machine
from backend.core.blobs.store import BlobStore, open_blobs
from backend.core.db import Database
from backend.core.keys import Keys
from backend.core.kinds.registry import KINDS
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.evidence.kinds.signature import DEVICE_CHECKS, WAYS
from backend.evidence.queries.sealing import count_seals
from backend.evidence.services.checking import check_all, how_many, unsealed
from backend.evidence.services.sealing import (
    WITNESS,
    Broken,
    erase_from_history,
    erase_values,
    seal_history,
    verify_history,
)
from backend.evidence.services.sheets import sheet_sha256, verdict
from backend.imports.services.keeping import forget_record

MOST_NAMED = 200


@click.command()
@click.option(
    "--witness",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="seals kept elsewhere (seals.jsonl)",
)
@click.option("--no-bytes", is_flag=True, help="leave out the bytes in the store")
def verify(witness: tuple[Path, ...], no_bytes: bool) -> None:
    """Hold everything that is evidence against sealed history and name whatever differs.

    Ends with 1 if anything does. The seals and the history under them; each record's table and document;
    links, looks, keys, uploads; the store's bytes.
    """
    with the_machine() as machine, opened(machine) as database:
        settings = machine.settings
        places = (settings.home / WITNESS, *witness)
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
        ) as progress:
            is_whole = _seals_hold(database, settings.keys, places, progress)
            blobs = None if no_bytes else open_blobs(settings.objects_url)
            is_whole &= _nothing_differs(database, blobs, progress)
        is_whole &= _nothing_waits_too_long(database)
    if not is_whole:
        raise SystemExit(1)


def _seals_hold(database: Database, keys: Keys, places: tuple[Path, ...], progress: Progress) -> bool:
    with database.snapshot() as session:
        total = count_seals(session)
        bar, rows = progress.add_task(sentence("commands.verifying").line, total=total), 0
        for found in verify_history(session, keys, places):
            if isinstance(found, Broken):
                where = f" {' '.join(map(str, found.row))}" if found.row else ""
                said = sentence("commands.seal_broken", seal=found.seal).line
                console.print(f"[bold red]{said}[/] {found.why}{where}", soft_wrap=True)
                return False
            rows += found.rows
            progress.advance(bar)
    console.print(sentence("commands.seals_hold", seals=total, rows=rows).line)
    return True


def _nothing_differs(database: Database, blobs: BlobStore | None, progress: Progress) -> bool:
    with database.snapshot() as session:
        total = how_many(session, with_bytes=blobs is not None)
    bar, count = progress.add_task(sentence("commands.comparing").line, total=total), 0
    for count, found in enumerate(check_all(database, blobs, lambda _, done: progress.advance(bar, done)), 1):
        if count <= MOST_NAMED:
            console.print(f"[bold red]{sentence('commands.differs').line}[/] {found}", soft_wrap=True)
    if count:
        console.print(f"[bold red]{sentence('commands.differ_in_all', count=count).line}[/]")
        return False
    console.print(sentence("commands.all_as_sealed", count=total).line)
    return True


def _nothing_waits_too_long(database: Database) -> bool:
    with database.snapshot() as session:
        left = unsealed(session)
    if left.waiting:
        console.print(sentence("commands.not_yet_sealed", count=left.waiting).line)
    if left.late:
        console.print(f"[bold red]{sentence('commands.sealed_late', count=left.late).line}[/]")
    return not left.late


@click.command()
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument("record_id")
def erase(kind: str, record_id: str) -> None:
    """Take a person's values out of a record and its history, as the law may ask; the seals keep holding."""
    with the_machine() as machine, opened(machine) as database:
        settings = machine.settings
        with database.transaction() as session:
            forget_record(session, kind, record_id)
            erase_values(session, kind, record_id)
            note_at_shell(session, "erased", (kind, record_id))
        seal_history(database, settings.keys, settings.home, everything=True)
        with database.transaction() as session:
            touched = erase_from_history(session, kind, record_id)
        console.print(sentence("commands.erased", rows=touched).line)


@click.command("verify-sheet")
@click.argument("signature_id")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
def verify_sheet(signature_id: str, file: Path) -> None:
    """Whether the service sheet in FILE (JSON) is what was signed as SIGNATURE_ID, and still stands.

    Ends with 1 if not.
    """
    told = _verdict(signature_id, sheet_sha256(orjson.loads(file.read_bytes())))
    found = str(told["verdict"])
    if told["differs"]:
        parts = " ".join(told["differs"])
        console.print(sentence("commands.differing_parts", parts=parts).line, soft_wrap=True)
    if told["way"]:
        console.print(" · ".join((*WAYS[told["way"]], *DEVICE_CHECKS[told["device_check"]])), soft_wrap=True)
    console.print(sentence(f"commands.sheet_{found}").line)
    if found != "genuine":
        raise SystemExit(1)


def _verdict(signature_id: str, sha256: str) -> dict[str, Any]:
    with the_machine() as machine, opened(machine) as database, database.transaction() as session:
        return verdict(session, signature_id, sha256)
