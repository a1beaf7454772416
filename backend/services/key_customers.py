"""Key customers: their own representative, and the team that watches everything of theirs (服务专班)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.actor import system
from backend.services import door

PRIORITY = frozenset({"key", "special"})


def watch_item(session: Session, item_id: str) -> bool:
    """An item of a key customer is put before others, and the customer's team sees it; safe to repeat.

    Returns whether anything was written.
    """
    item = door.read(session, "item", item_id)
    if not item.values.get("customer_id"):
        return False
    customer = door.read(session, "customer", item.values["customer_id"]).values
    team = {*(customer.get("team_ids") or ()), *filter(None, [customer.get("key_representative_id")])}
    is_priority = customer["category"] in PRIORITY
    watchers = sorted(team | set(item.values.get("watcher_ids") or ()))
    now = {"watcher_ids": watchers or None, "is_priority": is_priority or item.values.get("is_priority")}
    if all((item.values.get(name) or None) == (value or None) for name, value in now.items()):
        return False
    door.change(session, system(item.values["unit_id"]), "item", item_id, now)
    return True
