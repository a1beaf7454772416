"""The demo city's open jobs, as they stand on a morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
from sqlalchemy.orm import Session

from backend.demo import queries
from backend.demo.catalogue import ident, matter_id
from backend.jobs.services.intake import is_told_first, site_card_of
from sync.change import moment_text
from sync.kind import Values

_STATES = (("received", 0.6), ("dispatched", 0.25), ("accepted", 0.15))
MORNING = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


def make_jobs(
    session: Session,
    branch: int,
    unit_id: str,
    cells: list[str],
    crews: int,
    count: int,
    first: int,
    random: np.random.Generator,
) -> list[tuple[str, Values]]:
    """`count` open jobs at service points of these cells.

    `branch` and `crews` say which crews may have them.
    """
    matters = [one for one in queries.matters(session) if one["code"] not in ("burst_main", "water_quality")]
    picks = queries.points_of(session, cells, count)
    rows = []
    for k, (spot, customer) in enumerate(picks):
        matter = matters[int(random.integers(len(matters)))]
        state = str(random.choice([s for s, _ in _STATES], p=[p for _, p in _STATES]))
        crew = ident("crew", branch, 1 + int(random.integers(crews))) if state != "received" else None
        reported = MORNING + timedelta(minutes=int(random.integers(0, 1440)))
        values = (
            _place(orjson.loads(spot), orjson.loads(customer))
            | _work(matter)
            | _progress(state, crew, reported, matter)
        )
        values |= {"unit_id": unit_id, "number": f"W2611{first + k:05d}", "case_id": ident("case", first + k),
                   "first_contact_owner_id": ident("staff", f"H{branch}01")}  # fmt: skip
        rows.append((ident("job", first + k), values))
    return rows


def _place(spot: Values, customer: Values) -> Values:
    return {
        "place": spot["place"],
        "address": spot["address"],
        "customer_id": customer["id"],
        "service_point_id": spot["id"],
        "cell_id": spot["cell_id"],
        "site_card": site_card_of(customer, spot),
    }


def _work(matter: dict[str, Any]) -> Values:
    names = ("urgency", "skills", "duration_minutes", "required_photos", "signature_required")
    return {name: matter[name] for name in names} | {
        "quote_required": is_told_first(matter),
        "matter_id": matter_id(matter["code"]),
        "description": "演示工单",
    }


def _progress(state: str, crew: str | None, reported: datetime, matter: dict[str, Any]) -> Values:
    def after(minutes: int) -> str:
        return moment_text(reported + timedelta(minutes=minutes))

    found: Values = {"state": state, "due_at": after(matter["minutes_to_finish"])}
    if crew:
        found |= {"crew_id": crew, "dispatched_at": after(9), "opened_at": after(12)}
    if state == "accepted":
        found |= {"accepted_at": after(14)}
    return found
