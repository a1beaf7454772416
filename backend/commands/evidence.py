"""`verify`, `verify-sheet` and `erase`: what is proved by seals, and what the law lets disappear."""

from __future__ import annotations

from pathlib import Path

import click
import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import text

from backend.commands.machine import console, opened, the_machine
from backend.records.registry import KINDS
from backend.services.auditing import note_at_shell
from backend.services.sealing import (
    WITNESS,
    Broken,
    erase_from_history,
    erase_values,
    seal_history,
    verify_history,
)
from backend.services.sheets import sheet_sha256, verdict


@click.command()
@click.option(
    "--witness", type=click.Path(path_type=Path, exists=True), multiple=True, help="seals kept elsewhere (seals.jsonl)"
)
def verify(witness: tuple[Path, ...]) -> None:
    """Walk the seals over history and name the first thing that does not hold; ends with 1 if there is one."""
    with the_machine() as machine, opened(machine) as database, database.snapshot() as session:
        settings = machine.settings
        places = (settings.home / WITNESS, *witness)
        with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as progress:
            total = session.execute(text("SELECT count(*) FROM seal")).scalar_one()
            bar, rows = progress.add_task("核对 verifying seals", total=total), 0
            for found in verify_history(session, settings.keys, places):
                if isinstance(found, Broken):
                    where = f" {' '.join(map(str, found.row))}" if found.row else ""
                    console.print(
                        f"[bold red]第 {found.seal} 号封印不成立 seal {found.seal} does not hold:[/] {found.why}{where}"
                    )
                    raise SystemExit(1)
                rows += found.rows
                progress.advance(bar)
    console.print(f"{total} 个封印、{rows} 条历史完好 · {total} seals over {rows} rows hold")


@click.command()
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument("record_id")
def erase(kind: str, record_id: str) -> None:
    """Take a person's values out of a record and its history, as the law may ask; the seals keep holding."""
    with the_machine() as machine, opened(machine) as database:
        settings = machine.settings
        with database.transaction() as session:
            erase_values(session, kind, record_id)
            note_at_shell(session, "erased", (kind, record_id))
        seal_history(database, settings.keys, settings.home, everything=True)
        with database.transaction() as session:
            touched = erase_from_history(session, kind, record_id)
        console.print(f"已清除，涉及 {touched} 条历史 · erased, {touched} rows of history touched")


@click.command("verify-sheet")
@click.argument("signature_id")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
def verify_sheet(signature_id: str, file: Path) -> None:
    """Whether the service sheet in FILE (JSON) is what was signed as SIGNATURE_ID, and still stands; ends with 1 if not."""
    found = _verdict(signature_id, sheet_sha256(orjson.loads(file.read_bytes())))
    words = {"genuine": "真实，未改动", "changed": "与签字时不同，或签后有改动", "unknown": "没有这个签名"}
    console.print(f"{words[found]} · {found}")
    if found != "genuine":
        raise SystemExit(1)


def _verdict(signature_id: str, sha256: str) -> str:
    with the_machine() as machine, opened(machine) as database, database.transaction() as session:
        return str(verdict(session, signature_id, sha256)["verdict"])
