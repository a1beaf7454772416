"""The way in from a shell: `wangge run`, and everything an operator does by hand."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
import orjson
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend import config, logs, migrations, specification
from backend.actor import SYSTEM_ID, Actor, Role
from backend.db import Database
from backend.demo.load import SIZES, is_empty, load_city
from backend.demo.people import PASSWORD
from backend.demo.pictures import draw_city
from backend.demo.story import play
from backend.local import safekeeping
from backend.local.cluster import NoPostgres
from backend.local.machine import Machine
from backend.local.stage import stage
from backend.local.tls import make_certificate, own_address, qr
from backend.queries import layers
from backend.records.registry import KINDS
from backend.services import ground_plans
from backend.services.sealing import (
    WITNESS,
    Broken,
    erase_from_history,
    erase_values,
    seal_history,
    verify_history,
)
from backend.services.sheets import sheet_sha256, verdict
from geo.mapfile import FORMATS, write_map

console = Console()
_STEPS = {
    "cells": "划分网格 cells",
    "people": "人员班组 people",
    "customers": "客户 customers",
    "jobs": "工单 jobs",
    "visits": "走访 visits",
}


@click.group()
def main() -> None:
    """网格 Wangge: field service for a city water utility."""
    logs.configure(is_json=False)
    signal.signal(signal.SIGTERM, _as_interrupt)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _machine() -> Iterator[Machine]:
    """The private machine, or a sentence about why there is none."""
    try:
        machine = Machine.prepare(config.read())
    except NoPostgres as error:
        console.print(f"[red]没有可用的数据库 · No database:[/] {error}")
        sys.exit(1)
    try:
        yield machine
    except OperationalError:
        console.print(
            "[red]数据库连不上，请检查 WANGGE_DATABASE_URL · The database does not answer; check WANGGE_DATABASE_URL[/]"
        )
        sys.exit(1)
    finally:
        machine.stop()


@contextmanager
def _migrated(machine: Machine) -> Iterator[Database]:
    """Its database at the newest schema, for as long as it is needed."""
    engine = machine.engine()
    try:
        migrations.upgrade(engine)
        yield Database(engine)
    finally:
        engine.dispose()


@main.command()
@click.option("--port", default=8000, show_default=True, help="first port to try")
@click.option("--tls", is_flag=True, help="HTTPS with a local authority, and a QR for a phone")
@click.option(
    "--size", type=click.Choice(list(SIZES)), default="default", show_default=True, help="demo city to load if empty"
)
def run(port: int, tls: bool, size: str) -> None:
    """Start everything, load the demo city into an empty database, and serve until Ctrl-C."""
    with _machine() as machine:
        with _migrated(machine) as database:
            if is_empty(database) and (machine.is_private or machine.settings.demo_accounts):
                _load(database, size)
        address = own_address() if tls else "127.0.0.1"
        pair = make_certificate(machine.settings.home / "tls", address) if tls else None
        port = machine.serve(port, host="0.0.0.0" if tls else "127.0.0.1", tls=pair[:2] if pair else None)
        url = f"{'https' if tls else 'http'}://{address}:{port}"
        _welcome(url, machine)
        if pair:
            console.print(
                qr(f"{url}/m/"),
                f"手机须先信任此证书 · the phone must trust {pair[2]}\n演示账号只限本机；请用 A001 给手机上的人开账号 · demo accounts are for this machine: give a person an account (PUT /api/v1/accounts)",
                highlight=False,
            )
        _until_stopped(machine)


def _until_stopped(machine: Machine) -> None:
    assert machine.processes is not None
    try:
        ended = machine.processes.wait()
    except KeyboardInterrupt:
        console.print("正在停止 · stopping")
        return
    console.print(f"[red]{ended} 进程意外结束 · ended by itself; see {machine.processes.folder / (ended + '.log')}[/]")
    sys.exit(1)


def _welcome(url: str, machine: Machine) -> None:
    accounts = Table("账号 account", "角色 role", "可以试 try", box=None)
    for number, role, hint in (
        ("A001", "管理员 admin", f"{url}/docs  接口 API"),
        ("D101", "调度员 dispatcher", f"{url}/  派单 assign, day plans"),
        ("S101", "主管 supervisor", f"{url}/#/ground  划格 cells"),
        ("H101", "热线 hotline agent", f"{url}/  新建工单 take a report"),
        ("R101", "客户代表 representative", f"{url}/m/  手机端：走访 phone: visits"),
        ("L101", "班组长 crew leader", f"{url}/m/  手机端：抢修 phone: repairs"),
    ):
        accounts.add_row(number, role, hint)
    console.print(
        Panel.fit(
            accounts, title=f"网格 Wangge  {url}", subtitle=f"密码 password: {PASSWORD} (只限本机 · this machine only)"
        )
    )
    console.print(f"公众查询 who is responsible: [bold]{url}/who[/]   接口文档 API documents: {url}/docs")
    console.print(
        f"一天的故事 the story of a day: make demo   日志 logs: {machine.settings.home / 'logs'}   停止 stop: Ctrl-C"
    )


def _load(database: Database, size: str) -> None:
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = {step: progress.add_task(label, total=None) for step, label in _STEPS.items()}
        load_city(
            database, SIZES[size], lambda step, done, total: progress.update(bars[step], completed=done, total=total)
        )


@main.command()
@click.option("--size", type=click.Choice(list(SIZES)), default="default", show_default=True)
def demo(size: str) -> None:
    """Load the demo city into an empty database."""
    with _machine() as machine:
        if not (machine.is_private or machine.settings.demo_accounts):
            raise click.ClickException(
                "这不是私有数据库；确需加载演示数据请设 WANGGE_DEMO=1 · not the private database; set WANGGE_DEMO=1 if you mean it"
            )
        with _migrated(machine) as database:
            if not is_empty(database):
                raise click.ClickException("数据库不是空的，未加载 · the database is not empty; nothing was loaded")
            began = time.monotonic()
            _load(database, size)
        console.print(f"用时 took {time.monotonic() - began:.1f} s")


@main.command()
def story() -> None:
    """Play one day over real HTTP in a small city of its own, check every promise, and draw its cells and a day."""
    home = config.read().home / "story"
    shutil.rmtree(home / "phones", ignore_errors=True)
    with stage(home, lambda database: _load(database, "small")) as (url, machine):
        is_kept = play(url, home / "phones", console)
        engine = machine.engine()
        for path in draw_city(Database(engine), machine.settings, home / "pictures"):
            console.print(f"图 picture: {path}")
        engine.dispose()
    if not is_kept:
        sys.exit(1)


@main.group()
def ground() -> None:
    """The cells of a unit: divide, import, export."""


def _unit(session: Session, unit: str) -> str:
    """A unit's id by its name or id."""
    row = session.execute(
        text("SELECT id::text FROM unit WHERE deleted_at IS NULL AND (id::text = :unit OR name = :unit)"),
        {"unit": unit},
    ).first()
    if row is None:
        raise click.ClickException(f"没有这个单位 · there is no unit {unit}")
    return str(row[0])


def _made_plan(
    database: Database, unit: str, way: str, request: dict[str, Any], file: bytes | None, accept: bool
) -> None:
    """Draw a plan with its progress shown, say what would change, and let it come true if asked to."""
    with database.transaction() as session:
        actor = Actor(SYSTEM_ID, _unit(session, unit), frozenset({Role.ADMIN}))
        plan_id = str(ground_plans.propose_ground(session, actor, actor.unit_id, way, request).id)
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("划格 drawing cells", total=1)
        ground_plans.draw_plan(
            database, plan_id, file, lambda done, total: progress.update(bar, completed=done / total)
        )
    with database.transaction() as session:
        plan = ground_plans.read_plan(session, actor, plan_id)
        if plan.state != "ready":
            said = [f"{one['zh']} · {one['en']}" for one in (plan.problem or {}).get("faults", [])]
            raise click.ClickException(f"画不出来 · it cannot be drawn: {'; '.join(said) or plan.problem}")
        console.print_json(
            data={"plan": plan_id, "figures": plan.figures, "findings": plan.findings}, ensure_ascii=False
        )
        if accept:
            ground_plans.accept_plan(session, actor, plan_id)
            console.print("已生效 · it holds from today")


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
    with _machine() as machine, _migrated(machine) as database:
        _made_plan(database, unit, way, given, None, accept)


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
    with _machine() as machine, _migrated(machine) as database:
        _made_plan(database, unit, "import", given, file.read_bytes(), accept)


@ground.command()
@click.argument("unit")
@click.argument("layer", type=click.Choice(sorted(layers.LAYERS)))
@click.argument("file", type=click.Path(path_type=Path))
def export(unit: str, layer: str, file: Path) -> None:
    """Write a layer of a unit into FILE; its ending says the format (.geojson .gpkg .zip .kml .kmz)."""
    endings = {ending: name for name, (_, ending, _) in FORMATS.items()} | {".zip": "shp"}
    if file.suffix not in endings:
        raise click.ClickException(f"不支持 {file.suffix} · one of {' '.join(sorted(endings))}")
    with _machine() as machine, _migrated(machine) as database, database.snapshot() as session:
        actor = Actor(SYSTEM_ID, _unit(session, unit), frozenset({Role.ADMIN}))
        rows = layers.whole(session, actor, layers.LAYERS[layer])
        file.write_bytes(write_map(rows, layer, endings[file.suffix]))
        console.print(f"wrote {len(rows)} → {file}")


@main.command()
def spec() -> None:
    """Write mobile_api_spec's generated files."""
    for path in specification.write_all(Path("mobile_api_spec")):
        console.print(f"wrote {path}")


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with _machine() as machine, _migrated(machine):
        console.print("数据库已是最新 · the database is at the newest schema")


@main.command()
@click.argument("sentence")
def migration(sentence: str) -> None:
    """Write a new migration from what the models have and the database lacks."""
    with _machine() as machine, _migrated(machine) as database:
        console.print(f"wrote {migrations.make_revision(database.engine, sentence or 'change')}")


@main.command()
@click.option(
    "--witness", type=click.Path(path_type=Path, exists=True), multiple=True, help="seals kept elsewhere (seals.jsonl)"
)
def verify(witness: tuple[Path, ...]) -> None:
    """Walk the seals over history and name the first thing that does not hold; ends with 1 if there is one."""
    with _machine() as machine, Database(machine.engine()).transaction() as session:
        settings = machine.settings
        places = (settings.home / WITNESS, *witness)
        with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as progress:
            total = session.execute(text("SELECT count(*) FROM seal")).scalar_one()
            bar, rows = progress.add_task("核对 verifying seals", total=total), 0
            for found in verify_history(session, settings.secret_key, places):
                if isinstance(found, Broken):
                    where = f" {' '.join(map(str, found.row))}" if found.row else ""
                    console.print(
                        f"[bold red]第 {found.seal} 号封印不成立 seal {found.seal} does not hold:[/] {found.why}{where}"
                    )
                    raise SystemExit(1)
                rows += found.rows
                progress.advance(bar)
    console.print(f"{total} 个封印、{rows} 条历史完好 · {total} seals over {rows} rows hold")


@main.command()
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument("record_id")
def erase(kind: str, record_id: str) -> None:
    """Take a person's values out of a record and its history, as the law may ask; the seals keep holding."""
    with _machine() as machine:
        database, settings = Database(machine.engine()), machine.settings
        with database.transaction() as session:
            erase_values(session, kind, record_id)
        seal_history(database, settings.secret_key, settings.home, everything=True)
        with database.transaction() as session:
            touched = erase_from_history(session, kind, record_id)
        console.print(f"已清除，涉及 {touched} 条历史 · erased, {touched} rows of history touched")


@main.command("verify-sheet")
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
    with _machine() as machine, Database(machine.engine()).transaction() as session:
        return str(verdict(session, signature_id, sha256)["verdict"])


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Write database and objects into FOLDER."""
    with _machine() as machine:
        console.print(f"wrote {safekeeping.backup(machine, folder)}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def restore(folder: Path) -> None:
    """Bring database and objects back from FOLDER and open a new epoch."""
    with _machine() as machine:
        number = safekeeping.restore(machine, folder)
        console.print(f"已恢复，新纪元 restored; phones compare themselves with epoch {number}")


if __name__ == "__main__":
    main()
