"""Planned visits: which class is due after how many days of the city, to whom the visit goes, who sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.services.visiting import plan_visits
from tests.conftest import Person
from tests.factories import Town, uid
from tests.newcomers import join

As = Callable[[str], Person]
DAY = date(2026, 9, 1)


def made(session: Session, town: Town, customer: int = 0, **values: Any) -> str:
    """A visit by telephone that was made."""
    visit = {"customer_id": town[f"customer {customer}"], "method": "phone", "state": "done"}
    return record_writer.create(session, system(town["north"]), "visit", visit | values).id


def planned(session: Session) -> list[tuple[str, str | None, date]]:
    """Customer, representative and due day of every planned visit."""
    asked = """
        SELECT customer_id::text, representative_id::text, due_on
        FROM visit
        WHERE state = 'planned'
        ORDER BY due_on, customer_id
    """
    return [(row[0], row[1], row[2]) for row in session.execute(text(asked))]


def duty(session: Session, town: Town, cell: int, who: str, **values: Any) -> None:
    given = {
        "cell_id": town[f"cell {cell}"],
        "staff_id": town[who],
        "duty": "representative",
        "valid_from": "2026-01-01",
    }
    record_writer.create(session, system(town["north"]), "cell_assignment", given | values)


@pytest.mark.parametrize(
    ("category", "days"),
    [("key", 30), ("large", 30), ("special", 30), ("community", 30), ("developer", 90)],
)
def test_each_class_has_its_days(session: Session, town: Town, category: str, days: int) -> None:
    north = system(town["north"])
    record_writer.change(session, north, "customer", town["customer 0"], {"category": "resident"})
    record_writer.change(session, north, "customer", town["customer 1"], {"category": category})
    made(session, town, 1, ended_at=f"{DAY}T02:00:00Z")
    assert plan_visits(session, DAY + timedelta(days=days)) == 0
    due = DAY + timedelta(days=days + 1)
    assert plan_visits(session, due) == 1
    # A resident is visited in the campaign of the year's end, and none is planned here.
    assert planned(session) == [(town["customer 1"], town["rep"], due + timedelta(days=7))]


@pytest.mark.parametrize(
    "ended_at",
    ["2026-08-31T16:00:01Z", "2026-08-31T23:30:00Z", "2026-09-01T00:30:00Z", "2026-09-01T15:59:59Z"],
    ids=["after midnight", "half past seven", "half past eight", "before midnight"],
)
def test_days_between_visits_are_the_citys_whatever_the_hour(
    session: Session, town: Town, ended_at: str
) -> None:
    """All four were made on the first of September by the city's clock."""
    made(session, town, ended_at=ended_at)
    assert plan_visits(session, DAY + timedelta(days=30)) == 0
    assert plan_visits(session, DAY + timedelta(days=31)) == 1


def test_what_is_no_visit_made_leaves_a_customer_due(session: Session, town: Town) -> None:
    job = {"matter_id": town["leak"], "customer_id": town["customer 0"], "cell_id": town["cell 0"]}
    north = system(town["north"])
    number = record_writer.create(session, north, "work_order", job | {"state": "done", "number": "W1"}).id
    lately = f"{DAY}T02:00:00Z"
    made(session, town, ended_at=lately, state="not_met", absent_reason="无人")
    made(session, town, state="cancelled", absent_reason="改期")
    made(session, town, ended_at=lately, work_order_id=number, is_satisfied=True)
    made(session, town, 4, ended_at=lately)
    assert plan_visits(session, DAY) == 1
    # One that waits is enough, however late it is; of one who is gone none is planned.
    assert plan_visits(session, DAY + timedelta(days=300)) == 0
    record_writer.change(session, north, "customer", town["customer 1"], {"category": "large"})
    point = record_writer.read(session, "service_point", town["point 1"])
    record_writer.delete(session, north, "service_point", point.id, version=[point.version])
    gone = record_writer.read(session, "customer", town["customer 1"])
    record_writer.delete(session, north, "customer", gone.id, version=[gone.version])
    assert plan_visits(session, DAY) == 0


def test_during_a_leave_the_stand_in_goes_and_a_deputy_only_where_nobody_else_is(
    session: Session, town: Town
) -> None:
    last = {"valid_from": "2026-09-01", "valid_until": "2026-09-06"}
    duty(session, town, 0, "other_rep", duty="stand_in", **last)
    duty(session, town, 0, "supervisor", duty="deputy")
    for day, who in ((date(2026, 9, 6), "other_rep"), (date(2026, 9, 7), "rep")):
        with session.begin_nested() as tried:
            assert plan_visits(session, day) == 1
            assert planned(session) == [(town["customer 0"], town[who], day + timedelta(days=7))]
            tried.rollback()
    held = record_writer.read(session, "cell_assignment", town["duty 0"])
    record_writer.delete(session, system(town["north"]), held.kind, held.id, version=[held.version])
    assert plan_visits(session, date(2026, 9, 7)) == 1
    assert planned(session)[0][1] == town["supervisor"]


def test_a_cell_without_anybody_has_its_visit_all_the_same(as_: As, database: Database, town: Town) -> None:
    """A supervisor sees it late and without a name, and gives the cell to somebody: the visit is theirs."""
    long_ago = today() - timedelta(days=8)
    with database.transaction() as session:
        held = record_writer.read(session, "cell_assignment", town["duty 0"])
        record_writer.delete(session, system(town["north"]), held.kind, held.id, version=[held.version])
        assert plan_visits(session, long_ago) == 1
        assert planned(session) == [(town["customer 0"], None, long_ago + timedelta(days=7))]
    (late,) = as_("supervisor").get("/territory/visits/overdue")
    told = (late["customer_name"], late["representative_name"], late["cell_name"], late["due_on"])
    assert told == ("王小一", None, "0号网格", f"{today() - timedelta(days=1)}")
    visit = as_("supervisor").get(f"/visits/{late['id']}")
    assert (visit["method"], visit["service_point_id"]) == ("door", town["point 0"])


def test_a_visit_is_late_after_its_day_and_only_its_own_units_see_it(
    as_: As, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        join(session, "south boss", "south", Role.SUPERVISOR)
        assert plan_visits(session, today() - timedelta(days=7)) == 1
    # Due today: still in time.
    assert as_("supervisor").get("/territory/visits/overdue") == []
    with database.transaction() as session:
        session.execute(text("DELETE FROM visit"))
        assert plan_visits(session, today() - timedelta(days=30)) == 1
    for who, seen in (("supervisor", 1), ("dispatcher", 1), ("admin", 1), ("south boss", 0)):
        assert len(as_(who).get("/territory/visits/overdue")) == seen, who
    assert as_("supervisor").get("/territory/visits/overdue?which=returns") == []
    refused = as_("supervisor")("GET", "/territory/visits/overdue?which=all")
    assert (refused.status_code, refused.get_json()["faults"][0]["field"]) == (422, "which")
    # An auditor checks the work and reads no names; who works on a phone has it there.
    (masked,) = as_("auditor").get("/territory/visits/overdue")
    assert (masked["customer_name"], masked["representative_name"]) == ("王**", "员工5")
    assert as_("rep")("GET", "/territory/visits/overdue").get_json()["code"] == "not_allowed"


def test_a_late_one_that_is_made_or_given_up_is_late_no_more(as_: As, database: Database, town: Town) -> None:
    with database.transaction() as session:
        assert plan_visits(session, today() - timedelta(days=30)) == 1
    supervisor, rep = as_("supervisor"), as_("rep")
    (late,) = supervisor.get("/territory/visits/overdue")
    path = f"/visits/{late['id']}/actions"
    # Nobody was met: the customer is still due, and the night plans another, with a day of its own.
    met = rep("POST", f"{path}/nobody_met", {"absent_reason": "家中无人"})
    assert (met.status_code, met.get_json()["state"]) == (200, "not_met")
    assert supervisor.get("/territory/visits/overdue") == []
    with database.transaction() as session:
        assert plan_visits(session) == 1
        assert planned(session) == [(town["customer 0"], uid("rep"), today() + timedelta(days=7))]
    # And who comes back to the first before that has made a visit: two were not needed.
    said = {"summary": "补走访", "away_reason": "客户在外地"}
    assert rep("POST", f"{path}/complete", said).get_json()["state"] == "done"
    with database.transaction() as session:
        assert plan_visits(session, today() + timedelta(days=1)) == 0
