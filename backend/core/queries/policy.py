"""The policy of the house: may this actor read, write or act on this record, and whom may they give what
(decision 0006).

Reading goes by the scopes a person holds. Writing needs more: the office writes in its own unit and those
below, field staff what lies in a cell or crew of theirs or names them. A unit above, whose catalogue
everybody reads, is written by nobody below it. What of a record its reader sees is said by `queries.masks`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from backend.core import capabilities
from backend.core.actor import DESK, FIELD, OFFICE, Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS, SYNC_KINDS, TABLES
from backend.core.queries import due_days
from backend.core.queries.masks import sees_all
from backend.core.queries.scopes import held, units_below
from backend.core.sentences import fault
from sync.kind import Kind, Policy, Values

# What holds of a kind beyond scopes and roles, whatever the way in: a capability's `rules` module lists them
# in `RULES`.
Rule = Callable[[Session, Actor, str, Values | None, Values], None]
# Held by everybody of a unit, or to look back at it: good for reading alone.
_READING_ONLY = ("reference:", "audit:")
# Who moves a due day, with a reason: a limit is the house's, a promise was made to a customer who may ask for
# another.
_MOVES = {"limit": frozenset({Role.ADMIN, Role.SUPERVISOR}), "promise": DESK}
# What a record's unit must agree with: these may not lie in another branch.
_BELONGS = {
    "cell_id": "cell",
    "crew_id": "crew",
    "customer_id": "customer",
    "service_point_id": "service_point",
}


def need_role(actor: Actor, allowed: Collection[Role]) -> None:
    """One of these roles; raises not_allowed."""
    if not actor.roles & frozenset(allowed):
        raise Problem("not_allowed", needs=sorted(allowed))


def need_listed(actor: Actor, allowed: Collection[str]) -> None:
    """A role of a kind's own list; the server itself needs none.

    Raises not_allowed before anything is looked up.
    """
    if not actor.is_system and not actor.roles & frozenset(allowed):
        raise Problem("not_allowed", needs=sorted(allowed))


def need_office(actor: Actor) -> None:
    """What lies on the office's desks (plans, loads, lists of the whole unit) is not for who works on a
    phone."""
    need_role(actor, OFFICE)


def need_unmasked(actor: Actor) -> None:
    """A link or list for outsiders shows whole names: it is made by nobody who sees them masked."""
    if not sees_all(actor):
        raise Problem("not_allowed", needs=sorted(DESK | FIELD))


def own_units(session: Session, actor: Actor) -> list[str]:
    """The actor's unit and those below it: where they may decide, as far as their roles go."""
    return units_below(session, actor.unit_id)


def office_units(session: Session, actor: Actor) -> list[str]:
    """The same, for loads and proofs of whole units: the office's alone."""
    need_office(actor)
    return own_units(session, actor)


def need_unit(
    session: Session, actor: Actor, unit_id: Any, kind: str = "unit", record_id: Any = None
) -> None:
    """A unit of the actor's own, or one below; another's answers as if the thing were not there."""
    if str(unit_id) not in own_units(session, actor):
        raise Problem("not_found", kind=kind, id=str(record_id or unit_id))


def writing_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Of the scopes held, those in which something may be written."""
    return frozenset(scope for scope in scopes if not scope.startswith(_READING_ONLY))


def writer(session: Session, actor: Actor, kind: Kind, record_id: str, values: Values) -> Actor:
    """The actor as far as they may write this record: outside the office's own units only their field
    roles count.

    Raises not_allowed, for a record that was found by reading.
    """
    if actor.is_system:
        return actor
    scopes = kind.scopes({**values, "id": record_id}) & writing_scopes(held(session, actor))
    if not scopes or not may_act(actor, kind, values):
        raise Problem("not_allowed", why="it is only theirs to read")
    return replace(actor, roles=_roles_in(actor, kind, values["unit_id"], scopes))


def may_act(actor: Actor, kind: Kind, values: Values) -> bool:
    """Auditors look and never act; a notice of their own they may tick off."""
    return sees_all(actor) or (kind.name == "notice" and values["staff_id"] == actor.id)


def _roles_in(actor: Actor, kind: Kind, unit_id: str, scopes: Collection[str]) -> frozenset[Role]:
    """A notice is read by whoever it is for; else an office role ends where its units end."""
    is_own = f"office:{unit_id}" in scopes or not actor.is_office or kind.name == "notice"
    return actor.roles if is_own else actor.roles & FIELD


def need_new(session: Session, actor: Actor, kind: Kind, record_id: str, values: Values) -> None:
    """A new record of the actor's own: the office's in its units, field staff's in their own unit and scopes.

    Another unit's answers as if it were not there.
    """
    unit_id = str(values.get("unit_id"))
    if actor.is_office:
        need_unit(session, actor, unit_id)
    elif unit_id != actor.unit_id or not _is_held(session, actor, kind, record_id, values):
        raise Problem("not_found", kind="unit", id=unit_id)


def need_kept(
    session: Session,
    actor: Actor,
    kind: Kind,
    record_id: str,
    before: Values,
    after: Values,
    met: Collection[str] = (),
) -> None:
    """What a change leaves must still be the actor's to write; `met` as in `need_house_rules`."""
    if not _is_held(session, actor, kind, record_id, after):
        raise Problem("not_found", kind="unit", id=after["unit_id"])
    need_house_rules(session, actor, kind, record_id, before, after, met)


def _is_held(session: Session, actor: Actor, kind: Kind, record_id: str, values: Values) -> bool:
    return not kind.scopes({**values, "id": record_id}).isdisjoint(writing_scopes(held(session, actor)))


def _newly_named(kind: Kind, before: Values | None, after: Values) -> set[str]:
    """Without what a step alone can change: a job's crew is given by whoever has a right to both, from a
    branch beside too."""
    old = before or {}
    found = {name for name in _BELONGS if after.get(name) not in (None, old.get(name))}
    return (
        found if before is None else {name for name in found if kind.fields[name].policy is not Policy.FIXED}
    )


def _need_agreeing(session: Session, values: Values, names: Collection[str]) -> None:
    """The cell, crew and customer it now names are of the same unit, or of one above or below it."""
    if not names:
        return
    unit_id = str(values["unit_id"])
    rows = session.execute(
        text(
            """
                SELECT kind, unit_id::text
                FROM sync_document
                WHERE (kind, id) IN (SELECT *
                FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS uuid[]))) AND unit_id <> CAST(:unit AS uuid)
            """
        ),
        {
            "kinds": [_BELONGS[name] for name in names],
            "ids": [values[name] for name in names],
            "unit": unit_id,
        },
    ).all()
    foreign = {kind for kind, other in rows if not in_one_line(session, unit_id, other)}
    if foreign:
        faults = [missing(name, kind) for name, kind in _BELONGS.items() if kind in foreign]
        raise Problem("reference_missing", faults=faults)


def in_one_line(session: Session, one: str, other: str) -> bool:
    """Whether one of two units stands above the other, or they are the same."""
    return one in units_below(session, other) or other in units_below(session, one)


def missing(name: str, kind: str) -> dict[str, str]:
    """The fault of a pointer to what is not there, or not the actor's."""
    return fault(name, "core.missing", kind=kind)


def need_visible(session: Session, actor: Actor, kind: Kind, values: Values) -> None:
    """What the values point at must be the actor's to read, else a site card would carry a stranger's
    number."""
    references = kind.named(values)
    if not references:
        return
    rows = session.execute(
        text(
            """
                SELECT DISTINCT kind, id::text
                FROM sync_entry
                WHERE NOT removed AND scope = ANY(:scopes) AND id = ANY(CAST(:ids AS uuid[]))
            """
        ),
        {"scopes": list(held(session, actor)), "ids": [key[1] for key in references.values()]},
    )
    visible = {(row[0], row[1]) for row in rows}
    faults = [
        missing(name, key[0])
        for name, key in references.items()
        if key not in visible and key != ("unit", values.get("unit_id"))
    ]
    if faults:
        raise Problem("reference_missing", faults=faults)


def need_unused(session: Session, kind: str, record_id: str) -> None:
    """Nothing live points at a record that is taken away, by whichever way.

    Raises in_use with the kinds that do.
    """
    users = [
        other.name
        for other in SYNC_KINDS.values()
        for name, one in other.fields.items()
        if one.references == kind
        and (other.name, name) != (kind, "unit_id")
        and _points_at(session, other.table, name, record_id)
    ]
    if users:
        raise Problem("in_use", by=sorted(set(users)))


def _points_at(session: Session, table: str, column: str, record_id: str) -> bool:
    row, mine = TABLES[table].c, UUID(record_id)
    asked = exists().where(row[column] == mine, row.deleted_at.is_(None), row.id != mine)
    return bool(session.execute(select(asked)).scalar_one())


def need_mover(
    session: Session, actor: Actor, kind: Kind, record_id: str, values: Values, names: Iterable[str]
) -> None:
    """Somebody who may move these due fields: of a role that does, with rights over the unit, and not the
    owner of the record. Raises not_found, not_allowed, due_day_kept."""
    hand = writer(session, actor, kind, record_id, values)
    found = KINDS[kind.name]
    for name in names:
        need_role(hand, _MOVES[found.due[name]])
    need_unit(session, actor, values["unit_id"], kind.name, record_id)
    if values.get("state") in found.ended:
        raise Problem("due_day_kept", fields=list(names), why="it has ended", state=values["state"])
    if found.owner and values.get(found.owner) == actor.id:
        raise Problem("due_day_kept", fields=list(names), why="it is their own work")


def _need_due_days(
    actor: Actor, kind: Kind, before: Values | None, after: Values, met: Collection[str]
) -> None:
    """No due day is moved in passing: a person moves it with a reason, which stands on the record."""
    due = KINDS[kind.name].due
    if before is None:
        given = [name for name, what in due.items() if what == "limit" and after.get(name)]
        limit = due_days.own_limit(kind.name) if given else None
        late = [name for name in given if limit and str(after[name]) > limit]
        if late and not actor.roles & _MOVES["limit"]:
            raise Problem("due_day_kept", fields=late, latest=limit)
        return
    moved = [n for n in due_days.touched(kind, before, after, met) if not due_days.is_noted(n, before, after)]
    if moved:
        raise Problem("due_day_kept", fields=moved)


def need_house_rules(
    session: Session,
    actor: Actor,
    kind: Kind,
    record_id: str,
    before: Values | None,
    after: Values,
    met: Collection[str] = (),
) -> None:
    """What holds beyond scopes and roles, whatever the way in.

    Raises not_allowed, check_failed, reference_missing, due_day_kept, untold_change; `met` are the groups in
    which two writes met.
    """
    if actor.is_system:
        return
    _need_due_days(actor, kind, before, after, met)
    if actor.is_office:
        _need_agreeing(session, after, _newly_named(kind, before, after))
    for rule in _rules().get(kind.name, ()):
        rule(session, actor, record_id, before, after)


def need_representative(
    session: Session, actor: Actor, unit_id: str, staff_id: str, field: str = "staff_id"
) -> None:
    """Somebody who may be given a cell of this unit.

    Raises check_failed, and reference_missing for a stranger.
    """
    found = session.execute(
        text("SELECT unit_id::text FROM staff WHERE id = CAST(:id AS uuid) AND deleted_at IS NULL"),
        {"id": staff_id},
    ).scalar()
    if found is None or found not in own_units(session, actor):
        raise Problem("reference_missing", faults=[missing(field, "staff")])
    if staff_id not in representatives_of(session, units_below(session, unit_id)):
        raise Problem("check_failed", faults=[fault(field, "core.not_representative")])


def representatives_of(session: Session, units: Collection[str]) -> list[str]:
    """Active representatives of these units: by the role of their account, or by post while they have
    none."""
    rows = session.execute(
        text(
            """
                SELECT s.id::text
                FROM staff s
                LEFT JOIN account a ON a.staff_id = s.id
                WHERE s.unit_id = ANY(CAST(:units AS uuid[]))
                    AND s.is_active
                    AND s.deleted_at IS NULL
                    AND CASE WHEN a.staff_id IS NULL THEN s.post = 'customer_representative' ELSE a.is_active
                    AND 'representative' = ANY(a.roles) END
                ORDER BY s.staff_number
            """
        ),
        {"units": list(units)},
    )
    return [row[0] for row in rows]


def people_rule(
    names: Collection[str],
    session: Session,
    actor: Actor,
    record_id: str,
    before: Values | None,
    after: Values,
) -> None:
    """Who is newly named works in the record's unit, or in one above or below it, whoever names them."""
    fresh = {name: _ids(after.get(name)) - _ids((before or {}).get(name)) for name in names}
    wanted = set().union(*fresh.values())
    if not wanted:
        return
    rows = session.execute(
        text(
            """
                SELECT id::text, unit_id::text
                FROM staff
                WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL
            """
        ),
        {"ids": sorted(wanted)},
    ).all()
    unit_id = str(after["unit_id"])
    near = {unit for unit in {row[1] for row in rows} if in_one_line(session, unit_id, unit)}
    strange = wanted - {person for person, unit in rows if unit in near}
    if strange:
        raise Problem(
            "reference_missing",
            faults=[missing(name, "staff") for name in names if not strange.isdisjoint(fresh[name])],
        )


def _ids(value: Any) -> set[str]:
    return {str(one) for one in (value if isinstance(value, list) else [value]) if one}


@cache
def _rules() -> dict[str, tuple[Rule, ...]]:
    """Kind -> its rules, collected from the capabilities: they look at what policy itself stands on."""
    found: dict[str, tuple[Rule, ...]] = {}
    for module in capabilities.modules("rules"):
        for kind, rules in module.RULES.items():
            found[kind] = (*found.get(kind, ()), *rules)
    return found
