"""Cells that change hands: from which day, with which open work, during whose leave, and who may say so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.queries.representatives import responsible
from tests.conftest import Person
from tests.factories import Town, middle, square, uid
from tests.newcomers import join, open_section

As = Callable[[str], Person]


def day(n: int) -> str:
    """A day, so many from today."""
    return f"{today() + timedelta(days=n)}"


def duties(person: Person, town: Town, cell: int) -> list[tuple[str, str, str | None]]:
    """Who served a cell from when until when; the first first."""
    rows = person.get(f"/cell-assignments?cell_id={town[f'cell {cell}']}&limit=100")["rows"]
    return sorted((one["valid_from"], one["staff_id"], one["valid_until"]) for one in rows)


def hand_over(person: Person, town: Town, cell: int, who: str) -> Any:
    return person("PUT", f"/territory/cells/{town[f'cell {cell}']}/representative", {"staff_id": town[who]})


def leave(person: Person, town: Town, who: str, begin: int, end: int, **cells: str) -> Any:
    """Somebody's leave, with who stands in for each cell (`c0="other_rep"`)."""
    pairs = [{"cell_id": town[f"cell {one[1:]}"], "staff_id": town[name]} for one, name in cells.items()]
    body = {"valid_from": day(begin), "valid_until": day(end), "stand_ins": pairs}
    return person("POST", f"/territory/staff/{town[who]}/leave", body)


def asked_in(person: Person, cell: int) -> str:
    """Whom the public is told for the middle of a cell, or what it is told instead."""
    lng, lat = middle(cell)["coordinates"]
    told = person("GET", f"/public/responsible?lng={lng}&lat={lat}").get_json()
    return str(told.get("name") or told["code"])


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_the_one_before_goes_yesterday_and_what_was_never_held_goes_whole(
    as_: As, town: Town, database: Database
) -> None:
    with database.transaction() as session:
        planned = {
            "cell_id": town["cell 0"],
            "staff_id": town["other_rep"],
            "duty": "representative",
            "valid_from": day(9),
        }
        record_writer.create(session, system(town["north"]), "cell_assignment", planned)
    supervisor = as_("supervisor")
    assert hand_over(supervisor, town, 0, "other_rep").status_code == 200
    # What was planned for later would have met the new duty: it is gone.
    before, now = ("2026-01-01", town["rep"], day(-1)), (day(0), town["other_rep"], None)
    assert duties(supervisor, town, 0) == [before, now]
    assert (asked_in(supervisor, 0), asked_in(supervisor, 1)) == ("员工6", "员工5")
    # On the same day back again: who held it for no whole day never did.
    assert hand_over(supervisor, town, 0, "rep").status_code == 200
    assert duties(supervisor, town, 0) == [before, (day(0), town["rep"], None)]
    trail = supervisor.get(f"/cell-assignments/{town['duty 0']}")
    assert (trail["valid_until"], trail["staff_id"]) == (day(-1), town["rep"])


def test_a_stand_in_or_deputy_keeps_on_when_the_representative_changes(
    as_: As, town: Town, database: Database
) -> None:
    supervisor = as_("supervisor")
    assert leave(supervisor, town, "rep", 0, 3, c0="other_rep", c1="other_rep").get_json() == {"cells": 2}
    with database.transaction() as session:
        join(session, "third", "north", Role.REPRESENTATIVE, post="customer_representative")
    assert hand_over(supervisor, town, 0, "third").status_code == 200
    assert asked_in(supervisor, 0) == "员工6"
    kept = [("2026-01-01", town["rep"], day(-1)), (day(0), town["third"], None)]
    assert set(duties(supervisor, town, 0)) == {*kept, (day(0), town["other_rep"], day(3))}


def test_the_new_one_has_open_work_and_what_is_over_stays_whose_it_was(
    as_: As, town: Town, database: Database
) -> None:
    item = {
        "theme": "pressure",
        "source": "visit",
        "description": "水压低",
        "customer_id": town["customer 1"],
        "cell_id": town["cell 1"],
        "owner_id": town["rep"],
    }
    visit = {
        "customer_id": town["customer 1"],
        "cell_id": town["cell 1"],
        "method": "phone",
        "representative_id": town["rep"],
    }
    made: dict[str, tuple[str, str]] = {}
    with database.transaction() as session:
        for kind, values, states in (
            ("item", item, ("open", "in_hand", "resolved", "closed")),
            ("visit", visit, ("planned", "not_met", "done", "cancelled")),
        ):
            for state in states:
                one = record_writer.create(session, system(town["north"]), kind, values | {"state": state})
                made[state] = (kind, one.id)
        agents = item | {"owner_id": town["agent"], "state": "open"}
        made["the agent's"] = (
            "item",
            record_writer.create(session, system(town["north"]), "item", agents).id,
        )
    assert hand_over(as_("supervisor"), town, 1, "other_rep").status_code == 200
    with database.transaction() as session:
        owner = {
            name: (one := record_writer.read(session, kind, id_).values).get("owner_id")
            or one["representative_id"]
            for name, (kind, id_) in made.items()
        }
    moved = {name for name, who in owner.items() if who == town["other_rep"]}
    assert moved == {"open", "in_hand", "resolved", "planned"}
    assert (owner["the agent's"], owner["done"]) == (town["agent"], town["rep"])


def test_several_cells_change_hands_all_or_none(as_: As, town: Town) -> None:
    supervisor, path = as_("supervisor"), f"/territory/units/{town['north']}/representatives"

    def rows(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"rows": [{"cell_id": town[cell], "staff_id": town[who]} for cell, who in pairs]}

    for wrong in (("cell 3", "rep"), ("cell 9", "rep")):
        refused = supervisor("PUT", path, rows(("cell 0", "other_rep"), wrong))
        assert refusal(refused) == (404, "not_found"), wrong
    refused = supervisor("PUT", path, rows(("cell 0", "other_rep"), ("cell 1", "leader")))
    assert refusal(refused) == (422, "check_failed")
    assert [duties(supervisor, town, n) for n in (0, 1)] == [[("2026-01-01", town["rep"], None)]] * 2
    assert supervisor("PUT", path, {"rows": []}).get_json() == {"cells": 0}
    assert refusal(supervisor("PUT", path, {"rows": [], "from": "2026-01-01"}))[0] == 422
    for who in ("dispatcher", "agent", "rep", "auditor"):
        assert refusal(as_(who)("PUT", path, rows())) == (403, "not_allowed"), who
    # The administrator of the house may; a branch's cells lie in its own unit alone.
    assert as_("admin")("PUT", path, rows(("cell 0", "other_rep"))).get_json() == {"cells": 1}
    group = f"/territory/units/{town['group']}/representatives"
    assert refusal(as_("admin")("PUT", group, rows(("cell 0", "rep")))) == (404, "not_found")


def test_a_supervisor_of_another_unit_finds_nothing_here(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        join(session, "south boss", "south", Role.SUPERVISOR)
    boss, path = as_("south boss"), f"/territory/units/{town['north']}/representatives"
    mine = [{"cell_id": town["cell 0"], "staff_id": town["south_rep"]}]
    for refused in (
        hand_over(boss, town, 0, "south_rep"),
        boss("PUT", path, {"rows": mine}),
        boss("GET", path),
        leave(boss, town, "rep", 0, 1, c0="south_rep", c1="south_rep"),
        leave(boss, town, "nobody", 0, 1),
        boss("GET", f"/cell-assignments/{town['duty 0']}"),
        boss("DELETE", f"/cell-assignments/{town['duty 0']}", version=1),
    ):
        assert refusal(refused) == (404, "not_found")
    assert hand_over(boss, town, 3, "south_rep").status_code == 200


def test_a_leave_covers_every_cell_of_its_days(as_: As, town: Town) -> None:
    supervisor = as_("supervisor")
    half = leave(supervisor, town, "rep", 0, 6, c0="other_rep")
    assert refusal(half) == (422, "check_failed")
    (fault,) = half.get_json()["faults"]
    told = (fault["field"], fault["code"], fault["zh"])
    assert told == ("stand_ins", "missing", f"网格 {town['cell 1']} 没有替班")
    # Nobody stands in for themselves.
    own = leave(supervisor, town, "rep", 0, 6, c0="other_rep", c1="rep").get_json()
    assert [one["code"] for one in own["faults"]] == ["missing"]
    backward = leave(supervisor, town, "rep", 3, 1, c0="other_rep", c1="other_rep")
    assert backward.status_code == 422
    assert ("valid_until", "before_start") in [
        (one["field"], one["code"]) for one in backward.get_json()["faults"]
    ]
    assert len(duties(supervisor, town, 0)) == 1
    # A cell that is not theirs is passed over; who serves none needs nobody.
    more = leave(supervisor, town, "rep", 0, 6, c0="other_rep", c1="other_rep", c2="other_rep")
    assert more.get_json() == {"cells": 2}
    assert leave(supervisor, town, "leader", 0, 6).get_json() == {"cells": 0}


def test_what_begins_or_ends_within_a_leave_is_covered_too(as_: As, town: Town, database: Database) -> None:
    """Both ends count: a duty of the last day, and one that ends on the first."""
    with database.transaction() as session:
        north = system(town["north"])
        record_writer.change(session, north, "cell_assignment", town["duty 0"], {"valid_until": day(5)})
        record_writer.change(session, north, "cell_assignment", town["duty 1"], {"valid_until": day(4)})
        late = {"cell_id": town["cell 2"], "staff_id": town["rep"], "duty": "representative"}
        record_writer.create(session, north, "cell_assignment", late | {"valid_from": day(8)})
    supervisor = as_("supervisor")
    asked = leave(supervisor, town, "rep", 5, 8).get_json()["faults"]
    assert {one["zh"].split()[1] for one in asked} == {town["cell 0"], town["cell 2"]}
    asked = leave(supervisor, town, "rep", 6, 7)
    assert asked.get_json() == {"cells": 0}


def test_a_stand_in_goes_first_until_the_last_day_and_work_stays_whose_it_is(
    as_: As, town: Town, database: Database
) -> None:
    supervisor = as_("supervisor")
    assert leave(supervisor, town, "rep", -3, 0, c0="other_rep", c1="other_rep").status_code == 201
    assert asked_in(supervisor, 0) == "员工6"
    lines = supervisor.get(f"/cell-assignments?cell_id={town['cell 0']}&duty=stand_in")["rows"]
    assert [one["valid_until"] for one in lines] == [day(0)]
    phone = as_("other_rep")
    assert phone.get(f"/customers/{town['customer 0']}")["name"] == "王小一"
    with database.transaction() as session:
        held = record_writer.read(session, "cell_assignment", lines[0]["id"])
        ended = {"valid_until": day(-1)}
        record_writer.change(session, system(town["north"]), "cell_assignment", held.id, ended)
    assert asked_in(supervisor, 0) == "员工5"
    assert phone("GET", f"/customers/{town['customer 0']}").status_code == 404


def test_whose_a_customers_work_is_on_which_day(database: Database, town: Town) -> None:
    """Their own representative while they work here, else the cell's of that day; without one, nobody's."""
    with database.transaction() as session:
        north = system(town["north"])

        def whose(customer: int, n: int = 0, without: tuple[str, ...] = ()) -> str | None:
            who, cell = town[f"customer {customer}"], town[f"cell {customer % 4}"]
            banned = [town[one] for one in without]
            return responsible(session, who, cell, without=banned, on=today() + timedelta(days=n))

        record_writer.change(session, north, "cell_assignment", town["duty 1"], {"valid_until": day(2)})
        assert [whose(1, n) for n in (0, 2, 3)] == [town["rep"], town["rep"], None]
        own = {"key_representative_id": town["other_rep"]}
        record_writer.change(session, north, "customer", town["customer 1"], own)
        assert [whose(1, n) for n in (0, 3)] == [town["other_rep"]] * 2
        assert whose(1, without=("other_rep",)) == town["rep"]
        assert whose(1, without=("other_rep", "rep")) is None
        record_writer.change(session, north, "staff", town["other_rep"], {"is_active": False})
        assert whose(1) == town["rep"]
        assert whose(2) is None
        assert responsible(session, town["customer 0"], None) is None


def test_a_plan_without_some_says_who_would_have_what(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        open_section(session, "section", "north")
    supervisor, path = as_("supervisor"), f"/territory/units/{town['north']}/representatives"
    nobody = supervisor("GET", f"{path}?absent={town['rep']}&absent={town['other_rep']}")
    assert refusal(nobody) == (422, "check_failed")
    (fault,) = nobody.get_json()["faults"]
    assert fault["zh"] == "没有网格或没有代表可分配（网格 3，代表 0）"
    section = supervisor("GET", f"/territory/units/{uid('section')}/representatives").get_json()
    assert section["faults"][0]["zh"] == "没有网格或没有代表可分配（网格 0，代表 0）"
    # Of a day before there were any cells nothing can be planned; of a day to come today's pairs stay.
    early = supervisor("GET", f"{path}?on=2025-12-31")
    assert early.get_json()["cells"] == 0
    later = supervisor.get(f"{path}?on={day(60)}")
    assert later["figures"]["changes"] == 0
    assert {one["was_staff_id"] for one in later["rows"]} == {town["rep"], town["other_rep"]}
    assert refusal(supervisor("GET", f"{path}?on=tomorrow")) == (422, "invalid")
    assert len(duties(supervisor, town, 0)) == 1


def test_two_supervisors_at_once_leave_one_representative(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        join(session, "third", "north", Role.REPRESENTATIVE, post="customer_representative")
    desks = [as_("supervisor") for _ in range(4)]
    names = ("other_rep", "third", "other_rep", "third")
    with ThreadPoolExecutor(len(desks)) as at_once:
        given = list(
            at_once.map(lambda one: hand_over(one[0], town, 0, one[1]), zip(desks, names, strict=True))
        )
    assert {one.status_code for one in given} == {200}
    rows = duties(desks[0], town, 0)
    assert rows[0] == ("2026-01-01", town["rep"], day(-1))
    assert [until for _, _, until in rows[1:]] == [None]


@pytest.mark.parametrize("unit", ["group", "south"])
def test_a_cell_of_another_unit_is_not_handed_over(
    as_: As, town: Town, database: Database, unit: str
) -> None:
    cell = {"name": "别处", "code": "X", "outline": square(9), "valid_from": "2026-01-01"}
    with database.transaction() as session:
        record_writer.create(session, system(town[unit]), "cell", cell, record_id=uid("cell 9"))
    assert refusal(hand_over(as_("supervisor"), town, 9, "rep")) == (404, "not_found")
    assert refusal(hand_over(as_("supervisor"), town, 8, "rep")) == (404, "not_found")
    assert refusal(hand_over(as_("dispatcher"), town, 0, "rep")) == (403, "not_allowed")
