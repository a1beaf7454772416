"""Commands `ground …`: divide, import and export a unit's cells from a shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from backend.commands.machine import console, migrated, the_machine
from backend.core.actor import SYSTEM_ID, Actor, Role
from backend.core.db import Database
from backend.core.queries.units import unit_named
from backend.core.sentences import sentence
from backend.core.services.auditing import note_at_shell
from backend.territory.queries import layers
from backend.territory.services import ground_plans
from geo.mapfile import FORMATS, write_map


@click.group()
def ground() -> None:
    """The cells of a unit: divide, import, export."""


def _unit(session: Session, unit: str) -> str:
    """A unit's id by its name or id."""
    unit_id = unit_named(session, unit)
    if unit_id is None:
        raise click.ClickException(sentence("commands.no_unit", unit=unit).line)
    return unit_id


def made_plan(
    database: Database,
    unit: str,
    way: str,
    request: dict[str, Any],
    file: bytes | None,
    accept: bool,
    out: Console = console,
) -> None:
    """Draw a plan with its progress shown, say what would change, and let it come true if asked to."""
    with database.transaction() as session:
        actor = Actor(SYSTEM_ID, _unit(session, unit), frozenset({Role.ADMIN}))
        plan_id = str(ground_plans.propose_ground(session, actor, actor.unit_id, way, request).id)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=out
    ) as progress:
        bar = progress.add_task(sentence("commands.drawing").line, total=1)
        ground_plans.draw_plan(
            database, plan_id, file, lambda done, total: progress.update(bar, completed=done / total)
        )
    with database.transaction() as session:
        plan = ground_plans.read_plan(session, actor, plan_id)
        if plan.state != "ready":
            said = [f"{one['zh']} · {one['en']}" for one in (plan.problem or {}).get("faults", [])]
            why = "; ".join(said) or str(plan.problem)
            raise click.ClickException(sentence("commands.cannot_draw", why=why).line)
        out.print_json(
            data={"plan": plan_id, "figures": plan.figures, "findings": plan.findings}, ensure_ascii=False
        )
        if accept:
            ground_plans.accept_plan(session, actor, plan_id)
            out.print(sentence("commands.holds_from_today").line)


@ground.command()
@click.argument("unit")
@click.option("--way", type=click.Choice(sorted(ground_plans.SLOW)), default="balanced", show_default=True)
@click.option("--cells", type=int, help="balanced: how many")
@click.option("--side-m", type=int, help="squares, hexagons: how large")
@click.option("--resolution", type=int, help="h3")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--accept", is_flag=True, help="let it come true today")
def divide(unit: str, way: str, accept: bool, **request: Any) -> None:
    """Divide a unit's ground, or balance its cells again (--way rebalanced)."""
    given = {name: value for name, value in request.items() if value is not None}
    with the_machine() as machine, migrated(machine) as database:
        made_plan(database, unit, way, given, None, accept)


@ground.command("import")
@click.argument("unit")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--crs", help="for a file that does not say its own, such as EPSG:4549")
@click.option("--datum", type=click.Choice(["wgs84", "gcj02", "bd09"]), default="wgs84", show_default=True)
@click.option("--layer", help="for a file with several")
@click.option("--name-field")
@click.option("--code-field")
@click.option("--accept", is_flag=True, help="let it come true today")
def import_(unit: str, file: Path, accept: bool, **request: Any) -> None:
    """Make cells of the zones of a map file, with a report of what was mended."""
    given = {name: value for name, value in request.items() if value is not None} | {"filename": file.name}
    with the_machine() as machine, migrated(machine) as database:
        made_plan(database, unit, "import", given, file.read_bytes(), accept)


@ground.command()
@click.argument("unit")
@click.argument("layer", type=click.Choice(sorted(layers.LAYERS)))
@click.argument("file", type=click.Path(path_type=Path))
def export(unit: str, layer: str, file: Path) -> None:
    """Write a layer of a unit into FILE; its ending says the format (.geojson .gpkg .zip .kml .kmz)."""
    endings = {ending: name for name, (_, ending, _) in FORMATS.items()} | {".zip": "shp"}
    if file.suffix not in endings:
        known = " ".join(sorted(endings))
        raise click.ClickException(sentence("commands.no_format", ending=file.suffix, endings=known).line)
    with the_machine() as machine, migrated(machine) as database, database.transaction() as session:
        actor = Actor(SYSTEM_ID, _unit(session, unit), frozenset({Role.ADMIN}))
        rows = layers.whole(session, actor, layers.LAYERS[layer])
        what = {"layer": layer, "format": endings[file.suffix], "rows": len(rows)}
        note_at_shell(session, "exported", ("map_layer", None), after=what)
        file.write_bytes(write_map(rows, layer, endings[file.suffix]))
        console.print(f"wrote {len(rows)} → {file}")
