"""Commands `import` and `export`: own tables into the ledger, and everything out of it again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import click
import msgspec
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from backend.commands.machine import console, migrated, the_machine
from backend.core.actor import SYSTEM_ID, Actor, Role
from backend.core.blobs.store import BlobStore, key_of, open_blobs
from backend.core.db import Database
from backend.core.errors import CATALOGUE, Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries.units import topmost_unit, unit_named
from backend.core.sentences import sentence
from backend.imports.kinds.import_run import VERDICTS, ImportRun
from backend.imports.queries.exported import records_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.services import exporting, reports, runs, settling
from backend.imports.services.working import finish


@click.command("import")
@click.argument("kind", type=click.Choice(sorted(TARGETS)))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--map", "map_file", type=click.Path(path_type=Path, exists=True), help="JSON: columns, answers"
)
@click.option("--unit", help="whose records; the topmost unit if not given")
@click.option("--sheet", help="of a workbook")
@click.option("--clear-empty", is_flag=True, help="an empty cell empties the field")
@click.option("--settle", type=click.Choice(["proposed", "alone"]), help="rows whose address is not sure")
@click.option("--refused", type=click.Path(path_type=Path), help="write refused rows here (.xlsx or .csv)")
@click.option("--dry-run", is_flag=True, help="check, and write nothing")
def import_(kind: str, file: Path, unit: str | None, dry_run: bool, **options: Any) -> None:
    """Import the table FILE (Excel, ODS, CSV) as KIND; the same file again writes nothing."""
    with the_machine() as machine, migrated(machine) as database:
        try:
            _import(database, _administrator(database, unit), kind, file, dry_run, options)
        except Problem as problem:
            raise click.ClickException(_said(problem.code, problem.detail)) from problem


def _administrator(database: Database, unit: str | None) -> Actor:
    with database.transaction() as session:
        unit_id = unit_named(session, unit) if unit else topmost_unit(session)
    if unit_id is None:
        raise click.ClickException(sentence("commands.no_unit", unit=unit or "").line)
    return Actor(SYSTEM_ID, unit_id, frozenset({Role.ADMIN}))


def _import(
    database: Database, actor: Actor, kind: str, file: Path, dry_run: bool, options: dict[str, Any]
) -> None:
    data = file.read_bytes()
    table = read_table(data, file.name, sheet=options["sheet"])
    with database.transaction() as session:
        run = runs.begin_run(session, actor, actor.unit_id, kind, file.name, data, table)
        run_id, mapping = str(run.id), run.mapping
    given = _mapping_in(options["map_file"])
    columns = given.get("columns") or mapping["columns"]
    answers = mapping["answers"] | given.get("answers", {})
    with database.transaction() as session:
        runs.confirm_mapping(
            session, actor, run_id, columns, answers, {"clears_empty": options["clear_empty"]}
        )
    run = _finished(database, actor, run_id)
    _write_refused(database, run_id, options["refused"])
    if dry_run:
        with database.transaction() as session:
            runs.discard_run(session, actor, run_id)
        console.print(sentence("commands.nothing_written").line)
        return
    with database.transaction() as session:
        if options["settle"]:
            settling.settle_rows(session, actor, run_id, options["settle"], None)
        runs.apply_run(session, actor, run_id)
    _finished(database, actor, run_id)


class _MapFile(TypedDict, total=False):
    """What a file given as `--map` says; anything else in it is passed over."""

    columns: dict[str, str]
    answers: dict[str, Any]


def _mapping_in(file: Path | None) -> _MapFile:
    if file is None:
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=_MapFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="--map") from error


def _finished(database: Database, actor: Actor, run_id: str) -> ImportRun:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        bar = progress.add_task(sentence("commands.importing").line, total=1)
        finish(database, run_id, lambda done, total: progress.update(bar, completed=done / max(total, 1)))
    with database.transaction() as session:
        run = runs.read_run(session, actor, run_id)
    if run.state == "failed":
        told = dict(run.problem or {})
        raise click.ClickException(_said(told.pop("code"), told))
    for verdict, (zh, en) in VERDICTS.items():
        if run.counts.get(verdict):
            console.print(f"{zh} {en}: {run.counts[verdict]}", highlight=False)
    for one in run.questions:
        console.print(f"? {one['name']}: {one['zh']} {one['en']}", highlight=False, markup=False)
    return run


def _write_refused(database: Database, run_id: str, file: Path | None) -> None:
    if file is None:
        return
    with database.transaction() as session:
        lines = reports.lines_of(session, run_id)
        file.write_bytes(reports.as_csv(lines) if file.suffix == ".csv" else reports.as_xlsx(lines))


def _said(code: str, arguments: dict[str, Any]) -> str:
    entry = CATALOGUE[code]
    detail = ", ".join(f"{name}: {value}" for name, value in arguments.items())
    return f"{entry.zh}：{entry.remedy_zh} {entry.en} {entry.remedy_en} {detail}".strip()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--unit", help="whose records; the topmost unit if not given")
@click.option("--without-photos", is_flag=True)
def export(folder: Path, unit: str | None, without_photos: bool) -> None:
    """Write everything into FOLDER: each kind as CSV and GeoJSON, its history, tables to import, photos."""
    with the_machine() as machine, migrated(machine) as database:
        actor = _administrator(database, unit)
        with database.transaction() as session:
            units = exporting.need_exporter(session, actor, "everything")
        with database.snapshot() as session:
            _export(session, folder, units)
        if not without_photos:
            blobs = open_blobs(machine.settings.objects_url)
            with database.snapshot() as session:
                console.print(sentence("commands.photos", count=_photos(session, blobs, folder, units)).line)
        console.print(sentence("commands.exported", folder=str(folder)).line)


def _export(session: Session, folder: Path, units: list[str]) -> None:
    for kind in sorted(KINDS):
        _write(folder / "kinds" / f"{kind}.csv", exporting.kind_as_csv(session, kind, units))
        _write(folder / "history" / f"{kind}.jsonl", exporting.history_as_lines(session, kind, units))
        if exporting.geometry_of(kind):
            _write(folder / "kinds" / f"{kind}.geojson", exporting.kind_as_geojson(session, kind, units))
        console.print(kind)
    for table in exporting.TABLES:
        _write(folder / "tables" / f"{table}.csv", exporting.table_as_csv(session, table, units))


def _photos(session: Session, blobs: BlobStore, folder: Path, units: list[str]) -> int:
    """Each photo under its record's id; returns how many were there."""
    count = 0
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    for photo in records_of(session, "photo", units):
        with contextlib.suppress(Problem, FileNotFoundError, KeyError):
            (folder / "photos" / f"{photo['id']}.jpg").write_bytes(blobs.get(key_of(photo["sha256"])))
            count += 1
    return count


def _write(file: Path, pieces: Iterator[bytes]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        out.writelines(pieces)
