"""Statistics of pipe repairs: by class of diameter and the city's days, of one's own units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from tests.conftest import Person
from tests.factories import Town, middle
from tests.newcomers import open_section

As = Callable[[str], Person]
REPAIRS = "/territory/repairs?since=2026-09-01&until=2026-09-02"


def job(session: Session, town: Town, unit: str = "north", **more: Any) -> str:
    values = {"matter_id": town["leak"], "place": middle(0), "state": "received"} | more
    return record_writer.create(session, system(town[unit]), "work_order", values).id


def repaired(
    session: Session, town: Town, diameter: int, done_at: str, unit: str = "north", **pipe: Any
) -> str:
    due = pipe.pop("due_at", None)
    values = {"state": "done", "done_at": done_at, "due_at": due, "pipe": {"diameter_mm": diameter} | pipe}
    return job(session, town, unit, **values)


def test_pipe_repairs_are_counted_by_diameter_and_the_citys_days(
    as_: As, database: Database, town: Town
) -> None:
    noon, shut, opened = "2026-09-01T04:00:00Z", "2026-09-01T00:00:00Z", "2026-09-01T02:30:00+00:00"
    with database.transaction() as session:
        open_section(session, "section", "north")
        repaired(session, town, 50, noon)
        repaired(session, town, 99, noon, due_at="2026-09-01T03:59:59Z")
        repaired(session, town, 100, noon, due_at=noon, shut_at=shut, opened_at=opened)
        repaired(session, town, 199, noon, "section", shut_at=shut, opened_at="2026-09-01T00:30:00Z")
        repaired(session, town, 1000, noon)
        repaired(session, town, 1400, noon, shut_at=shut)
        # The first and the last minute of the two days, and those beside them.
        for done_at in (
            "2026-08-31T15:59:00Z",
            "2026-08-31T16:00:00Z",
            "2026-09-02T15:59:00Z",
            "2026-09-02T16:00:00Z",
        ):
            repaired(session, town, 600, done_at)
        repaired(session, town, 300, noon, "south")
        job(session, town, state="done", done_at=noon)
        job(session, town, pipe={"diameter_mm": 300})
    rows = as_("dispatcher").get(REPAIRS)
    assert [
        (one["diameter"], one["repairs"], one["in_time"], one["minutes_without_water"]) for one in rows
    ] == [
        ("<DN100", 2, 1, None),
        ("DN100–199", 2, 2, 90),
        ("DN600–999", 2, 2, None),
        ("≥DN1000", 2, 2, None),
    ]
    assert [one["diameter"] for one in as_("stranger").get(REPAIRS)] == ["DN300–599"]
    assert len(as_("admin").get(REPAIRS)) == 5
    assert as_("dispatcher").get("/territory/repairs?since=2026-09-02&until=2026-09-01") == []
    for who in ("rep", "leader", "member"):
        assert as_(who)("GET", REPAIRS).get_json()["code"] == "not_allowed", who
    for span in ("", "?since=2026-09-01", "?since=2026-09-01&until=2026-09-31"):
        assert as_("dispatcher")("GET", f"/territory/repairs{span}").status_code == 422, span
