"""Commands `run`, `demo` and `story`: a server with a city in it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace

import click
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from backend.commands.machine import console, migrated, the_machine
from backend.commands.setup import tell_page
from backend.core import config
from backend.core.db import Database
from backend.core.sentences import sentence
from backend.demo.people import PASSWORD
from backend.demo.sizes import SIZES, is_empty
from backend.local.interrupts import end_with_parent
from backend.local.machine import Machine
from backend.local.story_server import stage
from backend.local.tls import make_certificate, own_address, qr
from backend.setup.queries.counts import demo_accounts
from backend.setup.services.page_token import give_token

_STEPS = ("cells", "people", "customers", "jobs", "visits")
# Who may sign in to the demo, in which role, and where they look.
_DEMO = (
    ("A001", "admin", "/docs"),
    ("D101", "dispatcher", "/"),
    ("S101", "supervisor", "/#/ground"),
    ("H101", "hotline_agent", "/"),
    ("R101", "representative", "/m/"),
    ("L101", "crew_leader", "/m/"),
)


@click.command()
@click.option("--port", default=8000, show_default=True, help="first port to try")
@click.option("--tls", is_flag=True, help="HTTPS with a local authority, and a QR for a phone")
@click.option(
    "--size",
    type=click.Choice(list(SIZES)),
    default="default",
    show_default=True,
    help="demo city to load if empty",
)
@click.option(
    "--city",
    type=click.Choice(["demo", "empty"]),
    default="demo",
    show_default=True,
    help="what an empty database becomes: the demo city, or a utility's own",
)
@click.option(
    "--with-parent", is_flag=True, hidden=True, help="end when the process that started this one ends"
)
def run(port: int, tls: bool, size: str, city: str, with_parent: bool) -> None:
    """Start everything, load the demo city into an empty database (unless --city empty), and serve until
    Ctrl-C."""
    if with_parent:
        end_with_parent()
    with the_machine(serving=True) as machine:
        with migrated(machine) as database:
            may_load = machine.is_private or machine.settings.demo_accounts
            if city == "demo" and may_load and is_empty(database):
                _load(database, size)
            token = _token_of_setup(database)
            is_demo = token is None and _is_demo(database, city)
        if machine.is_private and not is_demo:
            machine.settings = replace(machine.settings, demo_accounts=False, docs=config.read().docs)
        address = own_address() if tls else "127.0.0.1"
        pair = make_certificate(machine.settings.home / "tls", address) if tls else None
        port = machine.serve(port, host="0.0.0.0" if tls else "127.0.0.1", tls=pair[:2] if pair else None)
        url = f"{'https' if tls else 'http'}://{address}:{port}"
        _tell_commands(machine, url)
        _greet(url, machine, token, is_demo)
        if pair:
            trust = sentence("commands.trust_certificate", certificate=str(pair[2])).line
            console.print(
                qr(f"{url}/m/"),
                f"{trust}\n{sentence('commands.open_accounts').line}" if is_demo else trust,
                highlight=False,
            )
        _until_stopped(machine, url)


def _token_of_setup(database: Database) -> str | None:
    """A new token for the setup page of a database in which nothing was ever written."""
    if not is_empty(database):
        return None
    with database.transaction() as session:
        return give_token(session)


def _is_demo(database: Database, city: str) -> bool:
    """Whether the demo's printed passwords sign in here."""
    with database.snapshot() as session:
        is_demo = demo_accounts(session) > 0
    if is_demo and city == "empty":
        raise click.ClickException(sentence("commands.holds_demo").line)
    return is_demo


def _tell_commands(machine: Machine, url: str) -> None:
    """Let commands beside this server find it, with the settings that its own shell has given it."""
    assert machine.processes is not None
    told = {name: value for name, value in os.environ.items() if name.startswith("WANGGE_")}
    machine.home.say(url, told, machine.processes.groups())


def _until_stopped(machine: Machine, url: str) -> None:
    try:
        while not (ended := machine.wait()):
            _make_way(machine, url)
    except KeyboardInterrupt:
        console.print(sentence("commands.stopping").line)
        return
    assert machine.processes is not None
    log = str(machine.processes.folder / f"{ended}.log")
    console.print(f"[red]{sentence('commands.ended_by_itself', process=ended, log=log).line}[/]")
    sys.exit(1)


def _make_way(machine: Machine, url: str) -> None:
    """Stop serving while a backup is brought back, then serve what it brought."""
    console.print(sentence("commands.stepping_aside").line)
    machine.step_aside()
    with migrated(machine):
        pass
    port = machine.serve_again()
    _tell_commands(machine, f"{url.rpartition(':')[0]}:{port}")
    console.print(sentence("commands.serving_again", port=port).line)


def _greet(url: str, machine: Machine, token: str | None, is_demo: bool) -> None:
    """Where to go from here: the setup page, the demo's accounts, or the console."""
    if is_demo:
        _welcome(url, machine)
        return
    if token:
        tell_page(url, token)
    console.print(sentence("commands.is_serving", url=url).line)
    console.print(sentence("commands.where_things_are", logs=str(machine.settings.home / "logs")).line)


def _welcome(url: str, machine: Machine) -> None:
    titles = [sentence(f"commands.column_{title}").line for title in ("account", "role", "try")]
    accounts = Table(*titles, box=None)
    for number, role, page in _DEMO:
        hint = f"{url}{page}  {sentence(f'commands.try_{role}').line}"
        accounts.add_row(number, sentence(f"commands.role_{role}").line, hint)
    console.print(
        Panel.fit(
            accounts,
            title=sentence("commands.welcome", url=url).line,
            subtitle=sentence("commands.password", password=PASSWORD).line,
        )
    )
    console.print(sentence("commands.where_to_look", url=url).line)
    console.print(sentence("commands.what_to_do", logs=str(machine.settings.home / "logs")).line)


def _load(database: Database, size: str) -> None:
    # Only where a city is loaded: a server that begins again need not wait for what one is made of.
    from backend.demo.load import load_city

    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = {
            step: progress.add_task(sentence(f"commands.loading_{step}").line, total=None) for step in _STEPS
        }
        load_city(
            database,
            SIZES[size],
            lambda step, done, total: progress.update(bars[step], completed=done, total=total),
        )


@click.command()
@click.option("--size", type=click.Choice(list(SIZES)), default="default", show_default=True)
def demo(size: str) -> None:
    """Load the demo city into an empty database."""
    with the_machine() as machine:
        if not (machine.is_private or machine.settings.demo_accounts):
            raise click.ClickException(sentence("commands.not_private").line)
        with migrated(machine) as database:
            if not is_empty(database):
                raise click.ClickException(sentence("commands.not_empty").line)
            began = time.monotonic()
            _load(database, size)
        console.print(sentence("commands.took", seconds=time.monotonic() - began).line)


@click.command()
def story() -> None:
    """Play one day over real HTTP in a small city of its own.

    Every promise is checked, and its cells and a day are drawn.
    """
    from backend.demo.pictures import draw_city
    from backend.demo.story import play

    home = config.read().home / "story"
    shutil.rmtree(home / "phones", ignore_errors=True)
    with stage(home, lambda database: _load(database, "small")) as (url, machine):
        is_kept = play(url, home / "phones", console)
        engine = machine.engine()
        for path in draw_city(Database(engine), machine.settings, home / "pictures"):
            console.print(sentence("commands.picture", path=str(path)).line)
        engine.dispose()
    if not is_kept:
        sys.exit(1)
