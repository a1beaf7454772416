"""`wangge outbox`: the facts that were given up, and another try."""

from __future__ import annotations

import click

from backend.commands.machine import console, opened, the_machine
from backend.core.errors import Problem
from backend.core.queries.outbox import dead_facts
from backend.core.sentences import sentence
from backend.core.services.dead_facts import retry_fact


@click.command()
@click.option("--retry", "fact_id", type=int, metavar="ID", help="let this one be tried again")
def outbox(fact_id: int | None) -> None:
    """List the facts that were given up after their last attempt; or retry one.

    Each is listed with what it is about and why it was given up.
    """
    with the_machine() as machine, opened(machine) as database, database.transaction() as session:
        if fact_id is not None:
            try:
                retry_fact(session, None, fact_id)
            except Problem:
                raise click.ClickException(sentence("commands.no_such_fact", number=fact_id).line) from None
            console.print(sentence("commands.fact_again", number=fact_id).line)
            return
        found = dead_facts(session)
        for one in found:
            about = f"{one['record_kind'] or '-'} {one['record_id'] or '-'}"
            console.print(
                f"{one['id']}  {one['announced_at']:%Y-%m-%d %H:%M}  {one['fact']}  {about}  {one['error']}",
                soft_wrap=True, highlight=False,
            )  # fmt: skip
        console.print(sentence("commands.facts_given_up", count=len(found)).line)
