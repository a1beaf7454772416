"""Merges two customers who are one: everything that points at the one points at the other from then on.

The number of the one that goes still finds the other; its record stays readable as it was, and nothing undoes
a merge, which stands on the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.queries.locks import hold
from backend.core.queries.voided import merged_into
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.office_records import read_values
from backend.customers.queries.merging import pointing_at
from backend.notices.services.message_settings import follow_merge
from sync.change import Stored
from sync.kind import Values

_MERGES = frozenset({Role.ADMIN, Role.SUPERVISOR})
# What is chosen where the two differ. Numbers are kept both, what the server writes follows.
CHOSEN = (
    "name",
    "category",
    "phone",
    "contact_name",
    "cell_id",
    "key_representative_id",
    "team_ids",
    "is_vulnerable",
    "note",
)


def preview_merge(session: Session, actor: Actor, kept_id: str, merged_id: str) -> Values:
    """What would move, by kind, and the fields in which the two differ, each with both values.

    Raises not_found, not_allowed, same_customer.
    """
    kept, merged = (one.values for one in _pair(session, actor, kept_id, merged_id, lock=False))
    moves = {kind: sum(map(len, by.values())) for kind, by in pointing_at(session, merged_id).items()}
    return {
        "kept": _told(kept_id, kept),
        "merged": _told(merged_id, merged),
        "moves": moves,
        "differs": [
            {"field": name, "kept": kept.get(name), "merged": merged.get(name)}
            for name in _conflicts(kept, merged)
        ],
    }


def merge_customers(
    session: Session, actor: Actor, kept_id: str, merged_id: str, values: Values, reason: str
) -> Stored:
    """Merge one customer into another; `values` has what stays, for each field in which the two differ.

    Raises not_found, not_allowed, same_customer, reason_needed, merge_undecided, invalid.
    """
    kept, merged = _pair(session, actor, kept_id, merged_id, lock=True)
    if not reason.strip():
        raise Problem("reason_needed")
    undecided = [name for name in _conflicts(kept.values, merged.values) if name not in values]
    if undecided:
        raise Problem("merge_undecided", fields=undecided)
    chosen = _chosen(session, actor, kept, merged, values)
    moved = _move_all(session, actor, kept_id, merged_id)
    number = str(merged.values["number"])
    former = [
        *(kept.values.get("former_numbers") or ()),
        *(merged.values.get("former_numbers") or ()),
        number,
    ]
    # First the one that goes: of two with one number the search would find both for a moment.
    record_writer.delete(session, actor, "customer", merged_id, version=None, trusted=True)
    now = chosen | {"former_numbers": sorted(set(former) - {kept.values["number"]})}
    stored = record_writer.change(session, actor, "customer", kept_id, now, trusted=True)
    follow_merge(session, kept_id, merged_id)
    after = {"kept_id": kept_id, "number": number, "moved": moved, "reason": reason.strip()}
    note_act(session, actor, "records_merged", ("customer", merged_id), after=after)
    return stored


def _pair(
    session: Session, actor: Actor, kept_id: str, merged_id: str, *, lock: bool
) -> tuple[Stored, Stored]:
    policy.need_role(actor, _MERGES)
    if kept_id == merged_id:
        raise Problem("same_customer")
    if lock:
        # Two merges at once could each take away what the other keeps.
        hold(session, "merging of customers")
    found = []
    for one in (kept_id, merged_id):
        read_document(session, actor, KINDS["customer"], one)
        stored = record_writer.read(session, "customer", one, lock=lock)
        policy.writer(session, actor, KINDS["customer"].kind, one, stored.values)
        policy.need_unit(session, actor, stored.values["unit_id"], "customer", one)
        found.append(stored)
    return found[0], found[1]


def _conflicts(kept: Values, merged: Values) -> list[str]:
    """Fields in which both say something, and not the same."""
    return [
        name
        for name in CHOSEN
        if _says(kept.get(name)) and _says(merged.get(name)) and kept.get(name) != merged.get(name)
    ]


def _says(value: Any) -> bool:
    return value not in (None, "", [])


def _chosen(session: Session, actor: Actor, kept: Stored, merged: Stored, values: Values) -> Values:
    """What the kept one says from now on: as it was chosen, and what it left empty from the other."""
    kind = KINDS["customer"].kind
    unknown = {name: value for name, value in values.items() if name in CHOSEN}
    given = read_values(kind, unknown)
    filled = {name: merged.values.get(name) for name in CHOSEN if not _says(kept.values.get(name))}
    now = {name: value for name, value in {**filled, **given}.items() if value != kept.values.get(name)}
    policy.need_visible(session, actor, kind, now)
    policy.need_kept(session, actor, kind, kept.id, kept.values, kept.values | now)
    return now


def _move_all(session: Session, actor: Actor, kept_id: str, merged_id: str) -> dict[str, int]:
    """Everything that names the one names the other; how many of each kind."""
    found = pointing_at(session, merged_id)
    for kind, by_field in found.items():
        for name, ids in by_field.items():
            record_writer.change_many(
                session, actor, kind, [(one, {name: kept_id}) for one in ids], trusted=True
            )
    return {kind: sum(map(len, by_field.values())) for kind, by_field in found.items()}


def move_latecomers(session: Session, fact: Mapping[str, Any]) -> None:
    """What was written in the very moment of a merge, and so not moved by it, follows."""
    gone = ("customer", str(fact["id"]))
    kept = merged_into(session, [gone]).get(gone) if fact["op"] == "delete" else None
    if kept is not None:
        unit_id = record_writer.read(session, *kept).values["unit_id"]
        _move_all(session, system(unit_id), kept[1], gone[1])


def _told(record_id: str, values: Values) -> Values:
    return {"id": record_id, "number": values["number"], "name": values["name"]}
