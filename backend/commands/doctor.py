"""Command `doctor`: checks what an installation stands on, and says what to do about what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
import orjson
from sqlalchemy.exc import SQLAlchemyError

from backend import migrations
from backend.commands.machine import console, settings_here
from backend.core.config import Settings
from backend.core.db import Database, make_engine
from backend.core.sentences import Words, sentence
from backend.local.broker import Broker
from backend.local.cluster import NoPostgres, private_cluster
from backend.local.fonts import places
from backend.local.machine import Machine
from backend.local.programs import NoProgram, programs_for
from backend.setup.queries import health
from backend.setup.services import checking_database, checking_network, checking_server
from backend.setup.services.checkup import Finding, State, Surroundings, run_checks

CHECKS = (*checking_database.CHECKS, *checking_server.CHECKS, *checking_network.CHECKS)
MARKS = {
    State.OK: "[green]✓[/]",
    State.WARN: "[yellow]![/]",
    State.FAIL: "[red]✗[/]",
    State.SKIPPED: "[dim]–[/]",
}
SECONDS_TO_CONNECT = "5"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="for a program: one list")
def doctor(as_json: bool) -> None:
    """Check what this installation stands on: database, programs, pages, broker, disk, gateway, TLS, backups.

    Each line says what was found and what to do. Ends with 1 where something fails.
    """
    os.environ.setdefault("PGCONNECT_TIMEOUT", SECONDS_TO_CONNECT)
    found = []
    with _surroundings(settings_here(weak_key=True)) as around:
        for finding in run_checks(CHECKS, around):
            found.append(finding)
            if not as_json:
                _tell(finding)
    counts = {state: sum(one.state is state for one in found) for state in State}
    if as_json:
        click.echo(orjson.dumps([one.as_dict() for one in found], option=orjson.OPT_INDENT_2))
    else:
        console.print(
            sentence(
                "commands.doctor_says", ok=counts[State.OK], warn=counts[State.WARN], fail=counts[State.FAIL]
            ).line
        )
    sys.exit(1 if counts[State.FAIL] else 0)


def _tell(finding: Finding) -> None:
    console.print(f"{MARKS[finding.state]} {finding.check:12} ", end="")
    console.print(finding.found.line, markup=False, highlight=False, soft_wrap=True)
    if finding.remedy:
        console.print(f"  → {finding.remedy.line}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _surroundings(settings: Settings) -> Iterator[Surroundings]:
    """What there is to look at; a private database is started where it does not run, and stopped again."""
    cluster, away = None, None
    try:
        if not settings.database_url and (settings.home / "cluster" / "PG_VERSION").exists():
            cluster = private_cluster(settings.home)
    except (NoPostgres, OSError) as error:
        away = Words(str(error), str(error))
    url = settings.database_url or (cluster.url() if cluster else "")
    database, why = _database(url)
    try:
        yield Surroundings(
            settings=settings,
            database=database,
            away=away or why,
            broker_url=settings.broker_url or _own_broker(settings),
            newest_schema=migrations.newest(),
            program=_programs(Machine(settings, cluster), database),
            font_folders=places(settings.home, settings.fonts),
            now=datetime.now(UTC),
        )
    finally:
        if database is not None:
            database.engine.dispose()
        if cluster is not None:
            cluster.stop()


def _programs(machine: Machine, database: Database | None) -> Callable[[str], tuple[str, dict[str, str]]]:
    """Those that a backup takes, by the server's version; else those that the check will find wanting."""
    if database is None:
        return machine.cluster.where if machine.cluster else lambda name: (name, dict(os.environ))
    with database.snapshot() as session:
        server = health.server(session).version // 10_000
    try:
        found = programs_for(machine, server)
    except NoProgram:
        return lambda name: (name, dict(os.environ))
    return lambda name: (str(found.folder / name), found.environment)


def _database(url: str) -> tuple[Database | None, Words]:
    """The database at an address, if it answers; else why it does not."""
    if not url:
        return None, sentence("commands.doctor_no_database")
    try:
        engine = make_engine(url, pool_size=1)
        with engine.connect():
            return Database(engine), Words("", "")
    except (SQLAlchemyError, ValueError, ImportError) as error:
        said = str(getattr(error, "orig", None) or error).strip()
        first = said.splitlines()[0] if said else type(error).__name__
        return None, Words(first, first)


def _own_broker(settings: Settings) -> str:
    """The address of the broker that `wangge run` keeps in its home, while it runs."""
    folder = settings.home / "broker"
    broker = Broker(folder)
    return broker.url if folder.exists() and broker.is_running() else ""
