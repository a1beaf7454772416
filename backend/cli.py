"""The command line: `wangge run`, and every command of an operator."""

from __future__ import annotations

import atexit
import gc
from importlib import import_module
from typing import Any

import click

from backend.core import logs
from backend.core.keys import UnsafeKey
from backend.core.loading import uncollected
from backend.core.private_files import NotOurs, be_private
from backend.local import interrupts

# Each command with the place where it stands, which is read when it is asked for: a backup need not wait for
# what only the server or the demo city is made of.
COMMANDS = {
    "run": "serving:run",
    "demo": "serving:demo",
    "story": "serving:story",
    "ground": "ground:ground",
    "import": "imports:import_",
    "export": "imports:export",
    "spec": "schema:spec",
    "migrate": "schema:migrate",
    "migration": "schema:migration",
    "verify": "evidence:verify",
    "verify-sheet": "evidence:verify_sheet",
    "erase": "evidence:erase",
    "backup": "backups:backup",
    "restore": "backups:restore",
    "drill": "drills:drill",
    "note-backup": "drills:note_backup",
    "keys": "keys:keys",
    "outbox": "outbox:outbox",
    "doctor": "doctor:doctor",
    "ready": "ready:ready",
    "setup": "setup:setup",
    "limits": "limits:limits",
}


# A command that ends leaves everything at once: to look for garbage in it first took a third of a short one's
# time.
atexit.register(gc.freeze)


class _Commands(click.Group):
    """The commands of the table above; what an operator can mend is said in a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (UnsafeKey, NotOurs) as error:
            raise click.ClickException(str(error)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        with uncollected():
            found: click.Command = getattr(import_module(f"backend.commands.{module}"), name)
        return found


@click.group(cls=_Commands)
def main() -> None:
    """网格 Wangge: field service for a city water utility."""
    be_private()
    logs.configure(is_json=False)
    interrupts.listen()


if __name__ == "__main__":
    main()
