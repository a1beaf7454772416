"""Overlapping cells are refused on every way in.

The coverage proof tells the truth, also at the edge.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.geometry import shape_of
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.queue import serving
from backend.territory.queries.overlaps import overlaps_between
from backend.territory.services.coverage import tell_of_gaps
from backend.territory.services.ground_around import claims_on
from backend.territory.services.ground_plans import (
    accept_plan,
    apply_due,
    draw_plan,
    propose_ground,
    read_plan,
)
from tests.conftest import Person
from tests.factories import SIDE, SOUTH, WEST, Town, hand_in, mutation

As = Callable[[str], Person]
_codes = itertools.count(1)
M2_PER_DEGREE2 = 111_320**2 * 0.8085  # cos(36.06°)


def strip(west: float, east: float, north: float = SOUTH + SIDE) -> dict[str, Any]:
    w, e, s, t = WEST + west * SIDE, WEST + east * SIDE, SOUTH, north
    return {"type": "MultiPolygon", "coordinates": [[[[w, s], [e, s], [e, t], [w, t], [w, s]]]]}


def shrink(database: Database, town: Town, outline: dict[str, Any], cell: str = "cell 0") -> None:
    """As the server itself, which no rule holds."""
    with database.transaction() as session:
        unit = record_writer.read(session, "cell", town[cell]).values["unit_id"]
        record_writer.change(session, system(unit), "cell", town[cell], {"outline": outline})


def test_rest_refuses_ground_of_another_and_says_whose(as_: As, town: Town, database: Database) -> None:
    admin = as_("admin")

    def patched(cell: str, **now: Any) -> Any:
        version = admin.get(f"/cells/{town[cell]}")["version"]
        return admin("PATCH", f"/cells/{town[cell]}", json=now, version=version)

    # Into the neighbour of another unit: a quarter of a cell.
    refused = patched("cell 2", outline=strip(2, 3.25))
    assert (refused.status_code, refused.json["code"]) == (422, "cells_overlap")
    (one,) = refused.json["overlaps"]
    assert (one["cell"], one["unit"]) == ("3号网格", "south")
    assert one["area_m2"] == pytest.approx(SIDE * SIDE / 4 * M2_PER_DEGREE2, rel=0.02)
    assert "south的“3号网格”重叠" in refused.json["faults"][0]["zh"]
    body = {
        "name": "新",
        "code": "N1",
        "outline": strip(0.5, 1.5),
        "valid_from": "2026-01-01",
        "unit_id": town["north"],
    }
    assert len(admin("POST", "/cells", json=body).json["overlaps"]) == 2
    # What never holds on the same day claims nothing twice; what would from a day on does.
    past = body | {"valid_until": str(today() - timedelta(days=1))}
    made = admin("POST", "/cells", json=past)
    assert made.status_code == 201
    revived = admin(
        "PATCH", f"/cells/{made.json['id']}", json={"valid_until": None}, version=made.json["version"]
    )
    assert revived.json["code"] == "cells_overlap"
    # A sliver of the drawing is none, and another name is no ground.
    assert patched("cell 0", outline=strip(0, 1 + 0.02 / 111_320 / SIDE)).status_code == 200
    assert patched("cell 1", name="改名").status_code == 200


def test_an_overlap_that_is_there_may_be_mended_bit_by_bit(as_: As, town: Town, database: Database) -> None:
    shrink(database, town, strip(0, 1.5))
    (listed,) = as_("supervisor").get("/territory/coverage")["overlaps"]
    assert (set(listed["cells"]), listed["unit"]) == ({"0号网格", "1号网格"}, "north")
    assert listed["area_m2"] == pytest.approx(SIDE * SIDE / 2 * M2_PER_DEGREE2, rel=0.02)
    admin = as_("admin")
    for east, status in ((1.6, 422), (1.2, 200), (1.3, 422), (1.0, 200)):
        version = admin.get(f"/cells/{town['cell 0']}")["version"]
        answer = admin("PATCH", f"/cells/{town['cell 0']}", json={"outline": strip(0, east)}, version=version)
        assert answer.status_code == status, east
    assert as_("supervisor").get("/territory/coverage")["overlaps"] == []


def test_a_push_is_parked_and_nobody_lets_it_stand(database: Database, town: Town, as_: As) -> None:
    with database.transaction() as session:
        base = record_writer.read(session, "cell", town["cell 0"]).version
        wide = mutation("cell", town["cell 0"], "change", {"outline": strip(0, 2)}, base_version=base)
        (outcome,) = hand_in(session, town.actor("supervisor"), [wide])
    assert (outcome["status"], outcome["code"]) == ("parked", "cells_overlap")
    (group,) = as_("supervisor").get("/inbox/parked")
    decided = as_("supervisor")(
        "POST", f"/inbox/parked/{group['group_id']}/decision", json={"decision": "apply", "reason": "同意"}
    )
    assert (decided.status_code, decided.json["code"]) == (422, "cells_overlap")


def test_a_deleted_cell_does_not_come_back_over_another(database: Database, town: Town, as_: As) -> None:
    admin = as_("admin")
    body = {
        "name": "新",
        "code": "N1",
        "outline": strip(4, 5),
        "valid_from": "2026-01-01",
        "unit_id": town["north"],
    }
    made = admin("POST", "/cells", json=body).json
    with database.transaction() as session:
        # Deleted by one, renamed by another who had not seen that: a person must say which stands.
        late = mutation("cell", made["id"], "change", {"name": "改名"}, base_version=made["version"])
        record_writer.delete(session, system(town["north"]), "cell", made["id"], version=[made["version"]])
        (outcome,) = hand_in(session, town.actor("supervisor"), [late])
    assert outcome["status"] == "merged", outcome
    assert admin("POST", "/cells", json=body).status_code == 201
    answer = {"values": {"deleted": False}}
    refused = as_("supervisor")("POST", f"/inbox/questions/cell/{made['id']}/deleted/answer", json=answer)
    assert (refused.status_code, refused.json["code"]) == (422, "cells_overlap")


def planned(database: Database, unit: str, outline: dict[str, Any]) -> tuple[Actor, str]:
    """A plan of a unit from a file with one zone, ready to be accepted."""
    keeper = Town().actor("admin")
    zone = {"type": "Feature", "geometry": outline, "properties": {"code": f"Z{next(_codes)}"}}
    file = json.dumps({"type": "FeatureCollection", "features": [zone]}).encode()
    with database.transaction() as session:
        request = {"filename": "zones.geojson", "code_field": "code", "name_field": "code"}
        plan_id = str(propose_ground(session, keeper, unit, "import", request).id)
    draw_plan(database, plan_id, file)
    return keeper, plan_id


def accepted(database: Database, plan: tuple[Actor, str], days: int = 0) -> dict[str, Any] | None:
    """The problem of accepting a plan, or None."""
    try:
        with database.transaction() as session:
            accept_plan(session, plan[0], plan[1], today() + timedelta(days=days), accept_gaps=True)
    except Problem as problem:
        return {"code": problem.code} | problem.detail
    return None


def test_two_units_cannot_both_accept_the_same_ground(database: Database, town: Town) -> None:
    free = strip(4, 5)  # Beyond the last cell: nobody's yet.
    north, south = (planned(database, town[unit], free) for unit in ("north", "south"))
    later = planned(database, town["south"], free)
    assert accepted(database, north) is None
    problem = accepted(database, south)
    assert problem is not None
    assert (problem["code"], problem["overlaps"][0]["unit"]) == ("cells_overlap", "north")
    assert accepted(database, later, days=30)["code"] == "cells_overlap"  # type: ignore[index]
    # Promised by both for a day to come: the second is refused when it is accepted, and not on the day.
    beyond = strip(5, 6)
    first, second = (planned(database, town[unit], beyond) for unit in ("north", "south"))
    assert accepted(database, first, days=5) is None
    problem = accepted(database, second, days=9)
    assert problem is not None
    assert (problem["code"], problem["overlaps"][0]["unit"]) == ("cells_overlap", "north")
    assert accepted(database, second, days=2) is None
    # Whichever comes true first has it; the other is told.
    assert apply_due(database, today() + timedelta(days=9)) == 2
    with database.transaction() as session:
        states = session.execute(
            text(
                "SELECT state, problem->>'code' FROM ground_plan WHERE valid_from > :on ORDER BY valid_from"
            ),
            {"on": today()},
        )
        assert [tuple(row) for row in states] == [("applied", None), ("failed", "cells_overlap")]


def test_open_plans_are_told_before_the_ground_is_locked_and_far_ones_are_not_read(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, near = (planned(database, town[unit], strip(4, 5)) for unit in ("north", "south"))
    planned(database, town["south"], strip(40, 41))
    compared: list[dict[str, Any]] = []
    locks: list[int] = []

    def between(cells: Any, others: Any, unit: str) -> Any:
        others = list(others)
        compared.extend(cell["outline"] for cell in others if cell["change"] == "new")
        return overlaps_between(cells, others, unit)

    def told(session: Session, *given: Any) -> Any:
        mine = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        locks.append(session.execute(text(mine)).scalar_one())
        return claims_on(session, *given)

    monkeypatch.setattr("backend.territory.services.ground_around.overlaps_between", between)
    monkeypatch.setattr("backend.territory.services.ground_plans.claims_on", told)
    assert accepted(database, ours) is None
    assert locks == [0]
    (one,) = compared
    assert shape_of(one).bounds == pytest.approx(shape_of(strip(4, 5)).bounds)
    with database.transaction() as session:
        (line,) = [one for one in read_plan(session, *ours).findings or [] if one["code"] == "claimed"]
    assert (line["count"], line["is_grave"]) == (1, True)
    assert accepted(database, near)["code"] == "cells_overlap"  # type: ignore[index]


def test_coverage_sees_the_edge(as_: As, town: Town, database: Database) -> None:
    supervisor = as_("supervisor")
    assert supervisor.get("/territory/coverage")["measured_by"] == "past_cells"
    # A strip at the outer edge is given up: no cell has it any more.
    admin = as_("admin")
    given_up = admin("PATCH", f"/cells/{town['cell 0']}", json={"outline": strip(0.5, 1)}, version=1)
    assert given_up.status_code == 200, given_up.json
    serving.serve(database)
    report = supervisor.get("/territory/coverage")
    half = SIDE * SIDE / 2 * M2_PER_DEGREE2
    assert report["hole_m2"] == pytest.approx(half, rel=0.02)
    with database.transaction() as session:
        assert tell_of_gaps(session) >= 1
    told = [one["text_zh"] for one in supervisor.get("/notices?limit=100")["rows"]]
    assert any("平方米" in one for one in told)
    # Drawn, the territory says what must be covered: here two rows more in the north of it, where there was
    # never a cell.
    unit = admin.get(f"/units/{town['north']}")
    drawn = {"territory": strip(0.5, 4, SOUTH + 3 * SIDE)}
    assert admin("PATCH", f"/units/{town['north']}", json=drawn, version=unit["version"]).status_code == 200
    report = supervisor.get("/territory/coverage")
    assert report["measured_by"] == "territory"
    # The fourth column is the south's cell: ground that somebody has is no hole.
    assert report["hole_m2"] == pytest.approx(14 * half, rel=0.02)
    features = supervisor.get("/territory/coverage/features")["features"]
    assert sum(one["properties"].get("is_hole", False) for one in features) == 1
