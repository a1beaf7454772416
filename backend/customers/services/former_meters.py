"""Keeps the number of a meter that was replaced with its service point, whoever changed it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.comparing import comparable
from backend.core.installation import installed
from backend.core.services import record_writer
from backend.core.subscribing import Detail
from backend.customers.queries.former_meters import meters_had


def keep_former_meter(session: Session, fact: Detail) -> None:
    """A point's meter has another number: the one before is kept, with the day. Safe to repeat."""
    if fact["op"] != "change" or "meter_number" not in fact.get("changed", ()):
        return
    point = record_writer.read(session, "service_point", fact["id"], lock=True)
    kept: list[dict[str, Any]] = list(point.values.get("former_meters") or ())
    known = {comparable(str(one["number"])) for one in kept}
    known.add(comparable(str(point.values.get("meter_number") or "")))
    for number, at in meters_had(session, fact["id"]):
        if comparable(number) not in known:
            day = at.astimezone(installed().time_zone).date().isoformat()
            kept.append({"number": number, "last_reading": None, "removed_on": day, "noticed_on": day})
            known.add(comparable(number))
    if kept != (point.values.get("former_meters") or []):
        now = {"former_meters": kept}
        record_writer.change(session, system(point.values["unit_id"]), "service_point", fact["id"], now)
