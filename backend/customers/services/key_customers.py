"""Key customers: their own representative holds their points and open work, and the team watches it
(服务专班)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.queries.scopes import today
from backend.core.sentences import sentence
from backend.core.services import record_writer
from backend.customers.queries.open_work import OPEN_WORK, work_at_customer, work_in_cells
from backend.customers.queries.representatives import (
    customers_of,
    ever_responsible,
    misfiled_points,
    own_representative,
    responsible,
    was,
)
from backend.customers.queries.unfiled import unfiled_customers, unfiled_points
from backend.notices.services.notifying import staff_with, tell
from sync.change import Stored
from sync.kind import Values

PRIORITY = frozenset({"key", "special"})
_MOVES = frozenset({"key_representative_id", "category", "cell_id", "team_ids"})


def watch_item(session: Session, item_id: str) -> bool:
    """An item of a key customer is put before others, and the customer's team of today sees it; safe to
    repeat.

    Returns whether anything was written.
    """
    item = record_writer.read(session, "item", item_id)
    if not item.values.get("customer_id"):
        return False
    customer = record_writer.read(session, "customer", item.values["customer_id"]).values
    watchers = sorted(
        {*(customer.get("team_ids") or ()), *filter(None, [customer.get("key_representative_id")])}
    )
    is_priority = customer["category"] in PRIORITY
    now = {"watcher_ids": watchers or None, "is_priority": is_priority or item.values.get("is_priority")}
    if all((item.values.get(name) or None) == (value or None) for name, value in now.items()):
        return False
    record_writer.change(session, system(item.values["unit_id"]), "item", item_id, now)
    return True


def follow_customer(session: Session, fact: dict[str, Any]) -> None:
    """A customer's representative, class, team or cell has changed: points and open work go to who answers
    now.

    Safe to repeat. Who becomes a resident has no representative of their own any more.
    """
    changed = _MOVES & set(fact.get("changed", ()))
    if fact["op"] == "delete" or not changed:
        return
    customer = record_writer.read(session, "customer", fact["id"], lock=True)
    values = customer.values
    was_another = "category" in changed and len(was(session, customer.id, "category")) > 1
    if was_another and values["category"] == "resident" and values.get("key_representative_id"):
        customer = record_writer.change(
            session, system(values["unit_id"]), "customer", customer.id, {"key_representative_id": None}
        )
    hand_on(session, customer)


def hand_on(session: Session, customer: Stored) -> None:
    """Points and open work of a customer to whoever answers for them now; what others hold on purpose
    stays theirs."""
    keep_points(session, customer.id)
    for kind, work in OPEN_WORK.items():
        follow_cell(session, customer, kind, work.is_open)
    heir = responsible(session, customer.id, customer.values.get("cell_id"))
    before = [one for one in ever_responsible(session, customer.id) if one != heir]
    for kind, work in OPEN_WORK.items():
        rows = work_at_customer(session, kind, customer.id, before)
        moves: list[tuple[str, Values]] = [
            (one, {work.whose: heir}) for one, is_theirs in rows if is_theirs and heir is not None
        ]
        record_writer.change_many(session, system(customer.values["unit_id"]), kind, moves)
        if kind == "item":
            for one, _ in rows:
                watch_item(session, one)


def follow_cell(session: Session, customer: Stored, kind: str, is_open: str) -> None:
    """What is open of a kind at a customer, and at no other place, lies in the customer's cell of today."""
    cell_id = customer.values.get("cell_id")
    former = [one for one in was(session, customer.id, "cell_id") if one != cell_id]
    if not former or cell_id is None:
        return
    ids = work_in_cells(session, kind, is_open, customer.id, former)
    moves: list[tuple[str, Values]] = [(one, {"cell_id": cell_id}) for one in ids]
    record_writer.change_many(session, system(customer.values["unit_id"]), kind, moves)


def keep_points(session: Session, customer_id: str | None = None) -> int:
    """Service points (of one customer, or of all) named after the representative they should be; returns
    how many."""
    rows = misfiled_points(session, customer_id)
    for unit_id in sorted({row[1] for row in rows}):
        moves: list[tuple[str, Values]] = [
            (row[0], {"key_representative_id": row[2]}) for row in rows if row[1] == unit_id
        ]
        record_writer.change_many(session, system(unit_id), "service_point", moves)
    return len(rows)


def follow_point(session: Session, fact: dict[str, Any]) -> None:
    """A new point, or one that is another customer's now, is its customer's representative's.

    A customer who is filed in no cell is filed in that of the point.
    """
    if fact["op"] == "delete" or not {"customer_id", "cell_id"} & set(fact.get("changed", ())):
        return
    point = record_writer.read(session, "service_point", fact["id"]).values
    if "customer_id" in fact["changed"]:
        keep_points(session, point["customer_id"])
    if point.get("cell_id") is not None:
        file_customer(session, point["customer_id"], point["cell_id"])


def file_customer(session: Session, customer_id: str, cell_id: str) -> bool:
    """A customer of no cell is filed in this one; returns whether anything was written."""
    customer = record_writer.read(session, "customer", customer_id, lock=True)
    if customer.values.get("cell_id") is not None:
        return False
    actor = system(customer.values["unit_id"])
    record_writer.change(session, actor, "customer", customer_id, {"cell_id": cell_id})
    return True


def file_unfiled(session: Session, most: int = 5000) -> int:
    """Points and customers of no cell are filed where they lie, as far as the ground of today says; returns
    how many were."""
    done = 0
    for kind, found in (("service_point", unfiled_points), ("customer", unfiled_customers)):
        rows = found(session, today(), most)
        for unit_id in sorted({row.unit_id for row in rows}):
            moves: list[tuple[str, Values]] = [
                (row.id, {"cell_id": row.cell_id}) for row in rows if row.unit_id == unit_id
            ]
            record_writer.change_many(session, system(unit_id), kind, moves)
        done += len(rows)
    return done


def follow_staff(session: Session, fact: dict[str, Any]) -> None:
    """Who leaves (or comes back) was some key customers' own: their points and open work go to who answers
    now."""
    if "is_active" not in fact.get("changed", ()) and fact["op"] != "delete":
        return
    found = customers_of(session, fact["id"])
    for customer_id in found:
        customer = record_writer.read(session, "customer", customer_id, lock=True)
        hand_on(session, customer)
        if own_representative(session, customer_id) is None:
            _tell_keepers(session, customer)


def _tell_keepers(session: Session, customer: Stored) -> None:
    unit_id = customer.values["unit_id"]
    said = sentence("customers.representative_left", name=customer.values["name"]).as_dict()
    for staff_id in staff_with(session, UUID(unit_id), Role.SUPERVISOR):
        tell(session, None, staff_id, unit_id, topic="general", subject=("customer", customer.id), **said)
