"""Keeps the utility's own numbers unique, in the transaction that writes the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.comparing import comparable
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries.own_numbers import Holder, is_taken, keep_numbers
from backend.core.queries.policy import Rule
from backend.core.sentences import fault
from sync.change import Write
from sync.kind import Values


@cache
def own_field(kind: str) -> str:
    """The field with the utility's own number, which no two records of a kind have; empty where none is."""
    return next((name for name, one in KINDS[kind].wired.items() if one.own), "") if kind in KINDS else ""


def form_of(kind: str, values: Mapping[str, Any] | None) -> str:
    """A record's own number as it is compared; empty where it has none, or is not active any more."""
    name = own_field(kind)
    if not name or values is None or values.get("is_active") is False:
        return ""
    return comparable(str(values.get(name) or ""))


def keep_own(connection: Connection, writes: Sequence[Write]) -> None:
    """Called by the record writer after each batch. Raises NumberTaken."""
    gone: list[tuple[str, str]] = []
    held: list[Holder] = []
    for one in writes:
        name = one.kind.name
        if not own_field(name):
            continue
        before = form_of(name, one.before.values) if one.before and not one.before.deleted else ""
        after = "" if one.deleted else form_of(name, one.values)
        if before != after:
            gone += [(name, one.id)] if before else []
            held += [Holder(name, one.id, after)] if after else []
    if gone or held:
        keep_numbers(connection, gone, held)


def own_number_rule(kind: str) -> Rule:
    """A rule that raises number_taken for the own number of another record of the kind."""
    return partial(_need_own, kind)


def _need_own(
    kind: str, session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    form = form_of(kind, after)
    if form and form != form_of(kind, before) and is_taken(session, kind, form, record_id):
        name = own_field(kind)
        raise Problem("number_taken", faults=[fault(name, "core.number_taken", str(after[name]))])
