"""Changing who serves what: handing cells over, stand-ins, and planning who should serve which cell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import policy
from backend.core.queries.scopes import today
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.auditing import note_write
from backend.customers.queries.cell_duties import (
    cells_served,
    representative_duties,
    representative_of_each,
)
from backend.customers.queries.open_work import OPEN_WORK, work_of_cell
from backend.territory.queries.cells import outlines
from geo.assign import assign
from sync.change import Stored
from sync.kind import Values

KEEPERS = frozenset({Role.ADMIN, Role.SUPERVISOR})


def hand_over_cell(session: Session, actor: Actor, cell_id: str, staff_id: str) -> Stored:
    """Make somebody the representative of a cell from today; the one before is relieved at once.

    No customer is written; open items and planned visits that were the one before's become the new one's.
    """
    policy.need_role(actor, KEEPERS)
    cell = record_writer.read(session, "cell", cell_id, lock=True)
    policy.need_unit(session, actor, cell.values["unit_id"], "cell", cell_id)
    policy.need_representative(session, actor, cell.values["unit_id"], staff_id)
    on = today()
    held = representative_duties(session, cell_id, on)
    for duty in held:
        _end_duty(session, actor, duty.id, duty.valid_from, on - timedelta(days=1))
    values = {
        "unit_id": cell.values["unit_id"],
        "cell_id": cell_id,
        "staff_id": staff_id,
        "duty": "representative",
        "valid_from": on.isoformat(),
    }
    _hand_over_work(session, actor, cell_id, [duty.staff_id for duty in held], staff_id)
    return _give(session, actor, values)


def _end_duty(session: Session, actor: Actor, duty_id: str, valid_from: date, last_day: date) -> None:
    """One that would have ended before it began was never held: it goes."""
    kind, duty = SYNC_KINDS["cell_assignment"], record_writer.read(session, "cell_assignment", duty_id)
    if valid_from > last_day:
        record_writer.delete(session, actor, kind.name, duty_id, version=[duty.version])
        note_write(session, actor, kind, duty_id, "record_deleted", duty.values, None)
    else:
        ended = record_writer.change(
            session, actor, kind.name, duty_id, {"valid_until": last_day.isoformat()}
        )
        note_write(session, actor, kind, duty_id, "record_changed", duty.values, ended.values)


def _give(session: Session, actor: Actor, values: Values) -> Stored:
    stored = record_writer.create(session, actor, "cell_assignment", values)
    note_write(
        session, actor, SYNC_KINDS["cell_assignment"], stored.id, "record_created", None, stored.values
    )
    return stored


def _hand_over_work(session: Session, actor: Actor, cell_id: str, before: list[str], staff_id: str) -> None:
    """What a key customer's own representative has of theirs is not the cell's to hand over."""
    for kind in OPEN_WORK:
        ids = work_of_cell(session, kind, cell_id, before, besides=staff_id)
        whose = OPEN_WORK[kind].whose
        record_writer.change_many(
            session, actor, kind, [(one, {whose: staff_id}) for one in ids], trusted=True
        )


def plan_representatives(
    session: Session, actor: Actor, unit_id: str, absent: Collection[str] = (), on: date | None = None
) -> dict[str, Any]:
    """Who should serve which cell of a unit: short ways, fair loads, today's pairs kept where that costs
    little.

    `absent` people (on leave, leaving) serve nobody. A representative's home is the middle of the cells they
    serve now; somebody without any starts in the unit's middle. Nothing is changed: a supervisor hands over
    what they agree with.
    """
    policy.need_office(actor)
    policy.need_unit(session, actor, unit_id)
    cells = outlines(session, [unit_id], on)
    staff = policy.representatives_of(session, [unit_id])
    people = [one for one in staff if one not in absent]
    if not cells or not people:
        faults = [fault("", "customers.nobody", cells=len(cells), people=len(people))]
        raise Problem("check_failed", cells=len(cells), representatives=len(people), faults=faults)
    centers = shapely.get_coordinates(shapely.point_on_surface([cell["shape"] for cell in cells]))
    serving = representative_of_each(session, [cell["id"] for cell in cells], on or today())
    current = {
        n: people.index(who) for n, cell in enumerate(cells) if (who := serving.get(cell["id"])) in people
    }
    homes = np.array([_home(person, current, centers) for person in range(len(people))])
    workload = np.array([cell["workload"] or 1.0 for cell in cells])
    chosen = [people[int(person)] for person in assign(centers, workload, homes, current)]
    rows = [
        {
            "cell_id": cell["id"],
            "cell_name": cell["name"],
            "staff_id": who,
            "was_staff_id": serving.get(cell["id"]),
            "is_change": serving.get(cell["id"]) != who,
            "is_voluntary": serving.get(cell["id"]) in set(people) - {who},
        }
        for cell, who in zip(cells, chosen, strict=True)
    ]
    loads = {who: float(workload[[one == who for one in chosen]].sum()) for who in people}
    figures = {
        "changes": sum(row["is_change"] for row in rows),
        "voluntary_changes": sum(row["is_voluntary"] for row in rows),
        "load_max_to_mean": round(max(loads.values()) / (sum(loads.values()) / len(loads)), 3),
    }
    return {
        "rows": rows,
        "workloads": [{"staff_id": who, "workload": load} for who, load in loads.items()],
        "figures": figures,
    }


def hand_over_cells(session: Session, actor: Actor, unit_id: str, pairs: Sequence[tuple[str, str]]) -> int:
    """Several cells of a unit to their new representatives, all or none; returns how many."""
    policy.need_role(actor, KEEPERS)
    policy.need_unit(session, actor, unit_id)
    for cell_id, staff_id in pairs:
        if record_writer.read(session, "cell", cell_id).values["unit_id"] != unit_id:
            raise Problem("not_found", kind="cell", id=cell_id)
        hand_over_cell(session, actor, cell_id, staff_id)
    return len(pairs)


def stand_in(
    session: Session,
    actor: Actor,
    absent_id: str,
    valid_from: date,
    valid_until: date,
    stand_ins: Sequence[tuple[str, str]],
) -> int:
    """Somebody is away: each of their cells gets the stand-in named for it, for these days; returns how
    many cells.

    Raises check_failed where a cell of theirs would be left with nobody.
    """
    policy.need_role(actor, KEEPERS)
    away = record_writer.read(session, "staff", absent_id).values
    policy.need_unit(session, actor, away["unit_id"], "staff", absent_id)
    cells, named = cells_served(session, absent_id, valid_from, valid_until), dict(stand_ins)
    left = [cell for cell in cells if named.get(cell, absent_id) == absent_id]
    if left:
        faults = [fault("stand_ins", "customers.no_stand_in", cell=cell) for cell in left]
        raise Problem("check_failed", faults=faults)
    days = {"valid_from": valid_from.isoformat(), "valid_until": valid_until.isoformat(), "duty": "stand_in"}
    for cell in cells:
        unit_id = record_writer.read(session, "cell", cell).values["unit_id"]
        policy.need_unit(session, actor, unit_id, "cell", cell)
        policy.need_representative(session, actor, unit_id, named[cell], "stand_ins")
        _give(session, actor, days | {"unit_id": unit_id, "cell_id": cell, "staff_id": named[cell]})
    return len(cells)


def _home(person: int, current: dict[int, int], centers: Any) -> Any:
    own = [cell for cell, who in current.items() if who == person]
    return centers[own].mean(axis=0) if own else centers.mean(axis=0)
