"""Command `ready`: whether a server answers that it is ready, waiting for it; for systemd."""

from __future__ import annotations

import os

import click

from backend.core import config
from backend.core.sentences import sentence
from backend.local.home import Home
from backend.local.processes import NotReady, wait_until_ready


@click.command()
@click.option("--url", help="where the server listens (this home's `wangge run`, else http://127.0.0.1:8000)")
@click.option("--wait", "wait_s", type=click.IntRange(min=0), default=0, help="seconds to wait for it")
def ready(url: str | None, wait_s: int) -> None:
    """Say whether the server is ready, that is whether /readyz answers; ends with 1 where it is not."""
    running = None if url else Home(config.home_of(os.environ)).running()
    url = (url or (running.address if running else "http://127.0.0.1:8000")).rstrip("/")
    try:
        wait_until_ready(url, wait_s)
    except NotReady as error:
        said = sentence("commands.not_ready_in_time", seconds=wait_s, url=url, why=str(error))
        raise click.ClickException(said.line) from error
    click.echo(sentence("commands.ready", url=url).line)
