"""What is counted for the checklist: each question with what it counts, and with what it must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.setup.queries import counts
from backend.setup.queries.counts import Part
from tests.factories import Town, square

Ask = Callable[[Callable[..., Part]], Part]


@pytest.fixture
def north(session: Session, town: Town) -> Ask:
    """`north(counts.x)` asks it of the north, today."""
    return lambda asked: asked(session, [town["north"]], today())


@pytest.fixture
def make(session: Session, town: Town) -> Callable[..., str]:
    """`make("crew", name=…)` is a record of the north."""

    def write(kind: str, unit: str = "north", **values: Any) -> str:
        return record_writer.create(session, system(town[unit]), kind, values).id

    return write


@pytest.fixture
def change(session: Session, town: Town) -> Callable[..., None]:
    """`change("cell", id, name=…)` as the server would."""

    def write(kind: str, record_id: str, **values: Any) -> None:
        record_writer.change(session, system(town["north"]), kind, record_id, values)

    return write


def gone(session: Session, town: Town, kind: str, record_id: str) -> None:
    record_writer.delete(session, system(town["north"]), kind, record_id, version=None)


def test_who_stands_in_serves_a_cell(
    session: Session, town: Town, north: Ask, make: Callable[..., str]
) -> None:
    assert north(counts.cells_unserved) == (0, 3)
    gone(session, town, "cell_assignment", town["duty 0"])
    assert north(counts.cells_unserved) == (1, 3)
    day, last = str(today()), str(today() + timedelta(days=2))
    stand_in = {"cell_id": town["cell 0"], "staff_id": town["other_rep"], "duty": "stand_in"}
    make("cell_assignment", **stand_in, valid_from=day, valid_until=last)
    assert north(counts.cells_unserved) == (0, 3)


def test_a_deputy_alone_is_nobody_who_answers_for_a_cell(
    session: Session, town: Town, north: Ask, make: Callable[..., str]
) -> None:
    gone(session, town, "cell_assignment", town["duty 0"])
    deputy = {"cell_id": town["cell 0"], "staff_id": town["other_rep"], "duty": "deputy"}
    make("cell_assignment", **deputy, valid_from=str(today()))
    assert north(counts.cells_unserved) == (1, 3)


def test_a_duty_that_is_to_come_serves_nobody_today(
    session: Session, town: Town, north: Ask, make: Callable[..., str]
) -> None:
    gone(session, town, "cell_assignment", town["duty 0"])
    later = {"cell_id": town["cell 0"], "staff_id": town["rep"], "duty": "representative"}
    make("cell_assignment", **later, valid_from=str(today() + timedelta(days=1)))
    assert north(counts.cells_unserved) == (1, 3)


def test_a_cell_of_tomorrow_is_none_yet(north: Ask, make: Callable[..., str]) -> None:
    tomorrow = str(today() + timedelta(days=1))
    make("cell", name="明日网格", code="C9", outline=square(9), valid_from=tomorrow)
    assert north(counts.cells_unserved) == (0, 3)


def test_who_has_left_needs_no_account(
    town: Town, north: Ask, make: Callable[..., str], change: Callable[..., None]
) -> None:
    before = north(counts.staff_without_account)
    values = {"name": "新人", "post": "hall_agent", "employment": "own", "is_active": True}
    new = make("staff", staff_number="N1", **values)
    assert north(counts.staff_without_account) == (before.missing + 1, before.total + 1)
    change("staff", new, is_active=False)
    assert north(counts.staff_without_account) == before


def test_what_was_deleted_is_not_counted(
    session: Session, town: Town, north: Ask, make: Callable[..., str]
) -> None:
    customers, points = north(counts.customers_without_cell), north(counts.points_without_cell)
    customer = make("customer", number="X1", name="某人", category="resident")
    assert north(counts.customers_without_cell) == (customers.missing + 1, customers.total + 1)
    place = {"type": "Point", "coordinates": [121.0, 37.0]}
    spot = {"address": "远处1号", "place": place, "nature": "residential"}
    point = make("service_point", customer_id=customer, **spot)
    assert north(counts.points_without_cell) == (points.missing + 1, points.total + 1)
    gone(session, town, "service_point", point)
    gone(session, town, "customer", customer)
    assert (north(counts.customers_without_cell), north(counts.points_without_cell)) == (customers, points)


def test_a_crew_that_does_not_work_is_none(
    session: Session, town: Town, north: Ask, change: Callable[..., None]
) -> None:
    assert north(counts.units_without_crew) == (0, 1)
    for name in ("crew", "far crew"):
        change("crew", town[name], is_active=False)
    assert north(counts.units_without_crew) == (1, 1)


def test_a_unit_without_cells_needs_no_crew(session: Session, town: Town) -> None:
    assert counts.units_without_crew(session, [town["group"]], today()) == (0, 0)


def test_a_night_of_a_crew_that_does_not_work_is_none(
    town: Town, north: Ask, make: Callable[..., str], change: Callable[..., None]
) -> None:
    last = str(today() + timedelta(days=6))
    night = {"valid_from": str(today()), "valid_until": last, "clock_from": "18:00", "clock_until": "08:00"}
    make("on_call", crew_id=town["crew"], **night)
    assert north(counts.units_without_on_call) == (0, 1)
    change("crew", town["crew"], is_active=False)
    assert north(counts.units_without_on_call) == (1, 1), "the other crew sleeps"


def test_a_number_of_the_unit_above_is_good_for_those_below(
    session: Session, town: Town, north: Ask, change: Callable[..., None]
) -> None:
    assert north(counts.units_without_hotline) == (1, 1)
    change("unit", town["group"], hotline="96111")
    assert north(counts.units_without_hotline) == (0, 1)
    change("unit", town["group"], hotline=None)
    change("unit", town["north"], hotline="0532-1")
    both = counts.units_without_hotline(session, [town["north"], town["south"]], today())
    assert both == (1, 2), "one's number is not the neighbour's"


def test_a_matter_that_is_not_active_opens_no_job(
    session: Session, town: Town, north: Ask, change: Callable[..., None]
) -> None:
    found = north(counts.matters)
    assert (found.missing, found.total > 0) == (0, True)
    rows = record_writer.push_store(session).load([("matter", town["leak"])])
    assert rows, "the town's leaks"
    for _, record_id in rows:
        change("matter", record_id, is_active=False)
    assert north(counts.matters).total == found.total - len(rows)


def test_calendars_are_of_this_year_and_the_next(
    session: Session, town: Town, north: Ask, make: Callable[..., str]
) -> None:
    year = today().year
    before = north(counts.calendars)
    assert before.total == 2
    for n in range(before.missing):
        have = counts.calendars(session, [town["north"]], today()).missing
        make("calendar", unit="group", year=year + 1 - n, days=[], is_published=False)
        assert north(counts.calendars).missing == have - 1
    assert north(counts.calendars) == (0, 2)


def test_devices_of_the_office_are_no_phones(session: Session, town: Town, north: Ask) -> None:
    found = north(counts.phones_signed_in)
    # Two representatives, a leader and a member; the town's devices are theirs.
    assert found == (0, 4)


def test_accounts_of_other_units_are_theirs(session: Session, town: Town) -> None:
    south = counts.accounts_unopened(session, [town["south"]], today())
    whole = counts.accounts_unopened(session, [town["group"], town["north"], town["south"]], today())
    assert (south.total, whole.total > south.total, whole.missing) == (2, True, 0)


def test_the_demos_accounts_are_counted_by_their_mark(session: Session) -> None:
    assert counts.demo_accounts(session) == 0
