"""The way in from a shell: `wangge run`, and everything an operator does by hand."""

from __future__ import annotations

import click

from backend import logs
from backend.commands import evidence, ground, keeping, schema, serving
from backend.local import interrupts


@click.group()
def main() -> None:
    """网格 Wangge: field service for a city water utility."""
    logs.configure(is_json=False)
    interrupts.listen()


for _command in (
    serving.run,
    serving.demo,
    serving.story,
    ground.ground,
    schema.spec,
    schema.migrate,
    schema.migration,
    evidence.verify,
    evidence.verify_sheet,
    evidence.erase,
    keeping.backup,
    keeping.restore,
):
    main.add_command(_command)


if __name__ == "__main__":
    main()
