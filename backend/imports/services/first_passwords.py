"""Makes links to a first password for all accounts that an import opened: each is shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.locks import hold
from backend.imports.queries import run_rows
from backend.imports.services.runs import read_run
from backend.people.queries.accounts import accounts_by_id, waiting_for_link
from backend.people.services.account_links import reset_password

# Each is an act of its own in the trail; more are made by asking again.
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A link for somebody; `token` is told now and never again."""

    staff_id: str
    staff_number: str
    name: str
    login: str
    roles: list[str]
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """Links that were made; how many people were left out (not this administrator's), how many still wait."""

    links: list[FirstPassword]
    left_out: int
    waiting: int


def make_first_passwords(session: Session, actor: Actor, run_id: str, hours: int, *, anew: bool) -> Made:
    """A link for each account of a run's people that has no password yet.

    Who has a link that is still good keeps it, but for `anew`: then the earlier one ends. Raises not_allowed,
    not_found.
    """
    run = read_run(session, actor, run_id)
    if run.target != "staff":
        return Made([], 0, 0)
    waiting = waiting_for_link(session, run_rows.records(session, run_id), anew=anew)
    people = accounts_by_id(session, waiting[:MOST_AT_ONCE])
    links, left_out = [], 0
    for staff_id in waiting[:MOST_AT_ONCE]:
        # Somebody chose a password, or another administrator made a link, since it was asked who waits.
        hold(session, f"account of {staff_id}")
        if not waiting_for_link(session, [staff_id], anew=anew):
            continue
        try:
            with session.begin_nested():
                token, link = reset_password(session, actor, staff_id, hours)
        except Problem:
            left_out += 1
            continue
        one = people[staff_id]
        told = one["staff_number"], one["name"], one["login"] or one["staff_number"], one["roles"]
        links.append(FirstPassword(staff_id, *told, token, link.until))
    return Made(links, left_out, max(0, len(waiting) - MOST_AT_ONCE))


def count_waiting(session: Session, run_id: str) -> int:
    """How many of a run's people have an account without a password."""
    return len(waiting_for_link(session, run_rows.records(session, run_id), anew=True))
