"""Command `setup`: makes an empty database a utility's own: units, calendars, and the first administrator."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson
from marshmallow import RAISE, ValidationError
from rich.console import Console

from backend.commands.machine import console, migrated, the_machine
from backend.core.api.problems import invalid
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.sentences import sentence
from backend.local.home import Home
from backend.setup.queries.emptiness import is_empty
from backend.setup.services.page_token import give_token
from backend.setup.services.setting_up import SetUp, set_up
from backend.setup.services.wanted import Wanted, pop_territory, read_toml
from backend.territory.services.first_ground import draw_first

# What is told of the way there; the answer alone goes to where a program reads it.
_BESIDE = Console(stderr=True)
MOST_MAP_BYTES = 64 * 1024 * 1024
# What a flag of this command says, as a path into what is wanted.
_FLAGS = {
    "group": ("group", "name"),
    "group_en": ("group", "name_en"),
    "hotline": ("group", "hotline"),
    "language": ("language",),
    "time_zone": ("time_zone",),
    "currency": ("currency",),
    "country": ("calendar", "country"),
    "part": ("calendar", "part"),
    "administrator": ("administrator", "number"),
    "administrator_name": ("administrator", "name"),
    "administrator_phone": ("administrator", "phone"),
}


@click.command()
@click.option("--file", type=click.Path(path_type=Path, exists=True), help="a TOML file that says all of it")
@click.option("--group", help="what the utility is called")
@click.option("--group-en", help="the same in English")
@click.option("--hotline", help="the number customers call")
@click.option("--branch", multiple=True, help="a branch, as often as there are some")
@click.option("--language", type=click.Choice(["zh", "en"]), help="what people here read first")
@click.option("--time-zone", help="such as Asia/Shanghai")
@click.option("--currency", help="ISO 4217, such as CNY")
@click.option("--country", help="whose holidays are kept: ISO 3166-1, such as CN; none begins empty")
@click.option("--part", help="a part of the country with holidays of its own")
@click.option("--administrator", metavar="NUMBER", help="staff number of the first administrator")
@click.option("--administrator-name", help="their name")
@click.option("--administrator-phone", help="another way to sign in")
@click.option("--no-matters", is_flag=True, help="begin without the usual matters")
@click.option("--territory", type=click.Path(path_type=Path, exists=True), help="a map file of the cells")
@click.option("--territory-unit", help="whose cells they are; the only branch, or the group")
@click.option("--json", "as_json", is_flag=True, help="for a program: what was made, and nothing else")
@click.option("--page", is_flag=True, help="only print the address of the setup page, with a new token")
def setup(
    file: Path | None,
    page: bool,
    as_json: bool,
    territory: Path | None,
    territory_unit: str | None,
    **said: Any,
) -> None:
    """Set up an empty database, by flags, by a file, or by answering questions.

    All of it is written or nothing. Prints a password for the first administrator, who changes it at the
    first sign-in. Refused where anything was written before.
    """
    with the_machine() as machine, migrated(machine) as database:
        if page:
            _print_page(machine.home, database)
            return
        wanted, ground = _asked_for(database, file, said)
        ground |= {name: one for name, one in (("file", territory), ("unit", territory_unit)) if one}
        loaded = _loaded(wanted)
        map_file = _map_file(ground)
        if map_file is not None:
            loaded["territory"] = _drawn(database, loaded, ground, map_file)
        _tell(_set_up(database, loaded), as_json)


def _print_page(home: Home, database: Database) -> None:
    running = home.running()
    with database.transaction() as session:
        token = _or_reason(give_token, session)
    address = running.address if running and running.address else "https://…"
    tell_page(address, token)


def tell_page(address: str, token: str) -> None:
    """Where the setup page is; the token stands behind the #, which no server is told."""
    console.print(sentence("commands.setup_page").line)
    console.print(f"  [bold]{address}/setup#{token}[/]", soft_wrap=True, highlight=False)


def _asked_for(
    database: Database, file: Path | None, said: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What file, flags and answers say, not judged yet; and what is said of the territory."""
    with database.snapshot() as session:
        if not is_empty(session):
            raise _refusal(Problem("already_set_up"))
    wanted = _or_reason(read_toml, file.read_bytes()) if file else {}
    ground = _or_reason(pop_territory, wanted)
    if file and "file" in ground:
        ground["file"] = file.parent / str(ground["file"])
    _by_flags(wanted, said)
    if is_at_terminal() and not file:
        _by_questions(wanted)
    return wanted, ground


def _by_flags(wanted: dict[str, Any], said: dict[str, Any]) -> None:
    for flag, path in _FLAGS.items():
        if said.get(flag) is not None:
            _put(wanted, path, said[flag])
    if said["branch"]:
        wanted["branches"] = [{"name": one} for one in said["branch"]]
    if said["no_matters"]:
        wanted["has_matters"] = False


def _put(wanted: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    inner = wanted
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            # What is there is no table: that is said when all of it is judged.
            return
    inner[path[-1]] = value


def is_at_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _by_questions(wanted: dict[str, Any]) -> None:
    """Ask for what nobody has said yet; what may stay empty is asked for too."""
    questions: tuple[tuple[tuple[str, ...], str, str], ...] = (
        (("group", "name"), sentence("commands.ask_group").line, ""),
        (("group", "hotline"), sentence("commands.ask_hotline").line, "-"),
        (("language",), sentence("commands.ask_language").line, "zh"),
        (("time_zone",), sentence("commands.ask_time_zone").line, "Asia/Shanghai"),
        (("currency",), sentence("commands.ask_currency").line, "CNY"),
        (("calendar", "country"), sentence("commands.ask_country").line, "CN"),
        (("administrator", "number"), sentence("commands.ask_number").line, "A001"),
        (("administrator", "name"), sentence("commands.ask_name").line, ""),
    )
    for path, asked, usual in questions:
        inner: Any = wanted
        for name in path:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if inner is None:
            answer = click.prompt(asked, default=usual or None)
            _put(wanted, path, "" if answer == "-" else answer)
    if "branches" not in wanted:
        named = click.prompt(sentence("commands.ask_branches").line, default="-")
        names = [] if named == "-" else named.replace("，", ",").replace("、", ",").split(",")
        wanted["branches"] = [{"name": one.strip()} for one in names if one.strip()]


def _loaded(wanted: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = Wanted(unknown=RAISE).load(wanted)
    except ValidationError as error:
        raise _refusal(invalid(error)) from error
    return found


def _map_file(ground: dict[str, Any]) -> bytes | None:
    """The map's bytes, read before anything is written."""
    if "file" not in ground:
        return None
    path = Path(ground.pop("file"))
    if not path.is_file() or path.stat().st_size > MOST_MAP_BYTES:
        raise click.ClickException(sentence("commands.no_map_file", file=str(path)).line)
    ground["filename"] = path.name
    return path.read_bytes()


def _set_up(database: Database, wanted: dict[str, Any]) -> SetUp:
    with database.transaction() as session:
        made: SetUp = _or_reason(set_up, session, wanted)
    return made


def _tell(made: SetUp, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(asdict(made), option=orjson.OPT_INDENT_2))
        return
    console.print(f"[green]{sentence('commands.is_set_up').line}[/]")
    console.print(sentence("commands.sign_in_as", number=made.staff_number).line, highlight=False)
    # On a line of its own: it is copied by hand.
    console.print(sentence("commands.one_time_password").line)
    console.print(f"  [bold]{made.password}[/]", highlight=False)
    console.print(sentence("commands.next_steps").line)


def _drawn(database: Database, wanted: dict[str, Any], ground: dict[str, Any], file: bytes) -> dict[str, Any]:
    """Cells of the map file, drawn before anything is set up: one that cannot be drawn leaves nothing."""
    unit = ground.pop("unit", None)
    if unit and unit not in [one["name"] for one in (wanted["group"], *wanted["branches"])]:
        raise click.ClickException(sentence("commands.no_unit", unit=str(unit)).line)
    plan = _or_reason(draw_first, database, ground, file)
    _BESIDE.print_json(data={"figures": plan.figures, "findings": plan.findings}, ensure_ascii=False)
    return {"plan_id": str(plan.id), "unit": unit}


def _or_reason(do: Any, *arguments: Any) -> Any:
    """What it gives, or why not as a sentence."""
    try:
        return do(*arguments)
    except Problem as problem:
        raise _refusal(problem) from problem


def _refusal(problem: Problem) -> click.ClickException:
    faults = [f"  {one['field']}: {one['zh']} · {one['en']}" for one in problem.detail.get("faults", ())]
    return click.ClickException("\n".join([problem.entry.words.line, *faults, problem.entry.remedy.line]))
