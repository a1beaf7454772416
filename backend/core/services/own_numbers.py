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
    return next(iter(_own_fields(kind)), "")


@cache
def _own_fields(kind: str) -> tuple[str, ...]:
    """That field first, then those with numbers of records that were merged into one of the kind."""
    return tuple(name for name, one in KINDS[kind].wired.items() if one.own) if kind in KINDS else ()


def _numbers_of(kind: str, record_id: str, values: Mapping[str, Any] | None) -> set[Holder]:
    """All under which a record is known."""
    number = form_of(kind, values)
    former = {
        comparable(str(one)) for name in _own_fields(kind)[1:] for one in ((values or {}).get(name) or ())
    }
    own = {Holder(kind, record_id, number)} if number else set()
    return own | {Holder(kind, record_id, one, is_former=True) for one in former - {number, ""}}


def form_of(kind: str, values: Mapping[str, Any] | None) -> str:
    """A record's own number as it is compared; empty where it has none, or is not active any more."""
    name = own_field(kind)
    if not name or values is None or values.get("is_active") is False:
        return ""
    return comparable(str(values.get(name) or ""))


def keep_own(connection: Connection, writes: Sequence[Write]) -> None:
    """Called by the record writer after each batch. Raises NumberTaken."""
    gone: list[Holder] = []
    held: list[Holder] = []
    for one in writes:
        name = one.kind.name
        if not own_field(name):
            continue
        was = one.before.values if one.before and not one.before.deleted else None
        before, after = (
            _numbers_of(name, one.id, was),
            _numbers_of(name, one.id, None if one.deleted else one.values),
        )
        gone += sorted(before - after)
        held += sorted(after - before)
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
