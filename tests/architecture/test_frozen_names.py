"""Names that leave the process are frozen: seals, phones' queues, facts, links and scripts carry them.

`tests/fixtures/frozen_names.txt` is the list. A name that is missing from the running code was removed or
renamed; a new one gets its line by `make spec`, which never takes one away.
"""

from __future__ import annotations

import ast
import inspect
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from flask import Flask

ROOT = Path(__file__).parents[2]
LIST = ROOT / "tests/fixtures/frozen_names.txt"
SOURCES = ("backend", "sync", "geo", "mobile_api_spec", "deploy")
# The one place that says where things stand in the source.
WHERE = {
    "kinds": "backend.core.kinds.registry:KINDS",
    "roles": "backend.core.actor:Role",
    "rights": "backend.core.queries.scopes:RIGHTS",
    "noted": "backend.core.queries.noted_rows:NOTED",
    "subscriptions": "backend.queue.fact_table:SUBSCRIPTIONS",
    "message": "backend.notices.services.notifying:MESSAGE",
    "make_celery": "backend.queue.tasks:make_celery",
    "read_settings": "backend.core.config:read",
    "catalogue": "backend.core.errors:CATALOGUE",
    "purposes": "backend.core.keys:PURPOSES",
    "ring": "backend.core.keys:RING",
    "first_key": "backend.core.keys:FIRST",
    "witness": "backend.evidence.services.sealing:WITNESS",
    "base": "backend.core.db:Base",
    "sync_tables": "sync.postgres.tables:metadata",
    "main": "backend.cli:main",
    "phone_store": "mobile_api_spec.phone.store:Store",
}
# What opens a signed or hashed text: words and what parts them from what follows.
IS_SIGNED = re.compile(r"[a-z]+( [a-z]+)*[ \0]$")


def the(name: str) -> Any:
    """What the code calls by this name of WHERE."""
    module, _, attribute = WHERE[name].partition(":")
    return getattr(import_module(module), attribute)


class _Anything(dict[str, Any]):
    """Values of a record in which every field points somewhere."""

    def __init__(self, kind: Any) -> None:
        one = "0193c0de-0000-7000-8000-000000000000"
        lists = {
            name for name, wired in kind.wired.items() if type(wired.field).__name__.endswith(("List", "Ids"))
        }
        super().__init__({name: [one] if name in lists else one for name in kind.kind.fields})


def kinds() -> Iterator[str]:
    """Kinds, fields with merge rules, actions, and the prefixes of the scopes they are filed under."""
    for name, kind in the("kinds").items():
        yield f"kind {name} /{kind.segment}"
        for field in kind.kind.fields.values():
            personal = f" personal={field.personal}" if field.personal else ""
            yield f"field {name}.{field.name} {field.policy} {field.group or '-'}{personal}"
        for action in kind.kind.actions.values():
            yield f"action {name}.{action.name} {'|'.join(sorted(action.sources))} -> {action.target}"
        yield from (f"scope {one.partition(':')[0]}:" for one in kind.kind.scopes(_Anything(kind)))
    yield from (f"scope {one}:" for one in re.findall(r"'([a-z_]+):' \|\|", the("rights")))
    yield from (f"role {one}" for one in the("roles"))
    for table, noted in the("noted").items():
        yield from (f"sealed {table}.{column}" for column in noted.columns)


def facts() -> Iterator[str]:
    """Facts that may wait in the outbox: what has subscribers, and what is announced."""
    yield from (f"fact {one}" for one in the("subscriptions"))
    yield f"fact {the('message')}"
    yield from (f"fact {name}.written" for name in the("kinds"))
    for _, tree in trees("backend"):
        for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
            if getattr(call.func, "id", "") == "announce" and isinstance(call.args[1], ast.Constant):
                yield f"fact {call.args[1].value}"


def tasks() -> Iterator[str]:
    """Celery's tasks and the clock that wakes them."""
    app = the("make_celery")(the("read_settings")({}))
    app.loader.import_default_modules()
    yield from (f"task {name}" for name in app.tasks if name.startswith("wangge."))
    yield from (f"beat {one['task']}" for one in app.conf.beat_schedule.values())


def routes(app: Flask) -> Iterator[str]:
    """Method and address of everything that answers."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"route {method} {re.sub(r'<(?:[^:<>]+:)?[^<>]+>', '<>', rule.rule)}"


def secrets() -> Iterator[str]:
    """Error codes, purposes of keys, salts of links, and words that are signed or hashed."""
    yield from (f"error {code} {entry.status}" for code, entry in the("catalogue").items())
    yield from (f"purpose {one}" for one in the("purposes"))
    for _, tree in trees("backend", "sync"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any("SALT" in getattr(one, "id", "") for one in node.targets):
                yield f"salt {ast.literal_eval(node.value)}"
            if isinstance(node, ast.Call) and _called(node) in ("URLSafeSerializer", "CursorSeal"):
                yield from (f"salt {one.value}" for one in _constants(node))
            if isinstance(node, ast.Call) and _called(node) in ("encode", "canonical", "HKDF"):
                yield from (
                    f"signed {one.value!r}" for one in _constants(node) if IS_SIGNED.match(str(one.value))
                )
            if isinstance(node, ast.Constant) and re.fullmatch(r"wangge( [a-z]+)+[ \0]?", str(node.value)):
                yield f"signed {node.value!r}"


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _constants(node: ast.Call) -> Iterator[ast.Constant]:
    for part in (node.func, *node.args, *(one.value for one in node.keywords if one.arg == "salt")):
        yield from (one for one in ast.walk(part) if isinstance(one, ast.Constant) and one.value)


def stores() -> Iterator[str]:
    """Tables and columns: of the server, of sync, of the reference phone."""
    list(the("kinds"))
    for metadata in (the("base").metadata, the("sync_tables")):
        for table in metadata.tables.values():
            yield from (f"column {table.name}.{one.name}" for one in table.columns)
    database: sqlite3.Connection = the("phone_store")(None)._db
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        yield from (f"phone {table}.{row[1]}" for row in database.execute(f"PRAGMA table_info({table})"))


def commands() -> Iterator[str]:
    """Commands of a shell with their options and exit codes, and make's targets."""
    yield from _commands("wangge", the("main"))
    makefile = (ROOT / "Makefile").read_text()
    yield from (f"make {one}" for one in re.findall(r"^([a-z][a-z-]*):", makefile, re.M))
    options = re.findall(r"\$\((?:if|or) \$\(([A-Z]+)\)|^([A-Z]+) \?= \$\(", makefile, re.M)
    yield from {f"make option {asked or worked_out}" for asked, worked_out in options}


def _commands(path: str, command: click.Command) -> Iterator[str]:
    yield f"command {path}"
    for option in command.params:
        opts = " ".join(option.opts) if isinstance(option, click.Option) else option.name.upper()
        yield f"command {path} {opts}"
    said = inspect.getsource(inspect.getmodule(command.callback) or re) if command.callback else ""
    for code in set(re.findall(r"(?:SystemExit|sys\.exit)\((\d+)\)", said)):
        yield f"command {path} may end with {code}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(f"{path} {name}", found)


def settings() -> Iterator[str]:
    """WANGGE_* of the environment, and files of a home."""
    for path in [
        *sources(*SOURCES),
        ROOT / "README.md",
        ROOT / "Makefile",
        ROOT / "deploy/environment.example",
    ]:
        yield from (
            f"setting {one}" for one in re.findall(r"WANGGE_[A-Z][A-Z_]*[A-Z]", path.read_text("utf-8"))
        )
    yield from (f"home {the(one)}" for one in ("ring", "first_key", "witness"))
    for path, tree in trees("backend", "deploy"):
        for node in ast.walk(tree):
            if "demo" not in path.parts and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                left = ast.unparse(node.left).rsplit(".", 1)[-1].lower()
                if left in ("home", "locks") and isinstance(node.right, ast.Constant):
                    yield f"home {node.right.value}"


def sources(*folders: str) -> Iterator[Path]:
    """Python files, without migrations: they carry the names of their day."""
    for folder in folders:
        yield from (one for one in sorted((ROOT / folder).rglob("*.py")) if "versions" not in one.parts)


def trees(*folders: str) -> Iterable[tuple[Path, ast.Module]]:
    """The same, parsed."""
    return [(path, ast.parse(path.read_text("utf-8"))) for path in sources(*folders)]


def collected(app: Flask) -> set[str]:
    """Every name that leaves the process."""
    ways: tuple[Callable[[], Iterator[str]], ...] = (kinds, facts, tasks, secrets, stores, commands, settings)
    return set(routes(app)).union(*(way() for way in ways))


def listed() -> set[str]:
    """The names that are frozen."""
    return {line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")}


def test_names_that_leave_the_process_stay(web: Flask) -> None:
    found, frozen = collected(web), listed()
    assert sorted(frozen - found) == [], (
        "removed or renamed; phones, seals, links and facts of before still say it"
    )
    assert sorted(found - frozen) == [], (
        f"new: `make spec` adds these lines to {LIST.relative_to(ROOT)}, they stay for good"
    )


def test_the_list_holds_each_sort_of_name() -> None:
    sorts = {line.split()[0] for line in listed()}
    assert sorts == {
        "action",
        "beat",
        "column",
        "command",
        "error",
        "fact",
        "field",
        "home",
        "kind",
        "make",
        "phone",
        "purpose",
        "role",
        "route",
        "salt",
        "scope",
        "sealed",
        "setting",
        "signed",
        "task",
    }


def main() -> None:
    """Add what is new to the list. Lines of names that are gone stay, and the test names them."""
    from backend.app import create_app
    from backend.core.db import Database, make_engine

    app = create_app(the("read_settings")({}), Database(make_engine("postgresql://nobody@localhost/none")))
    opening = (
        "# Names that leave the process (tests/architecture/test_frozen_names.py). Lines "
        "are added, never changed."
    )
    LIST.write_text("\n".join([opening, *sorted(listed() | collected(app))]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
