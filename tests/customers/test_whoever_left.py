"""Who leaves has nothing open any more: what follows for key customers, and where nobody answers at first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from tests.conftest import Person
from tests.customers.test_key_customers import owners, set_customer, work
from tests.factories import Town
from tests.newcomers import join

__all__ = ["work"]

As = Callable[[str], Person]
Work = dict[str, str]


def staff(database: Database, town: Town, name: str, *, is_active: bool) -> None:
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "staff", town[name], {"is_active": is_active})
    serving.serve(database)


def told_of_leaving(person: Person) -> list[tuple[str, str]]:
    """Who was told, and of which customer."""
    rows = person.get("/notices?limit=100")["rows"]
    return sorted(
        (one["staff_id"], one["subject_id"]) for one in rows if "专属客户代表已离岗" in one["text_zh"]
    )


def hand_over(as_: As, database: Database, town: Town, who: str) -> None:
    path = f"/territory/cells/{town['cell 0']}/representative"
    assert as_("supervisor")("PUT", path, {"staff_id": town[who]}).status_code == 200
    serving.serve(database)


def test_who_was_both_the_customers_own_and_the_cells_leaves_work_to_the_next(
    as_: As, database: Database, town: Town, work: Work
) -> None:
    set_customer(database, town, key_representative_id=town["rep"])
    with database.transaction() as session:
        join(session, "second boss", "north", Role.SUPERVISOR)
        join(session, "south boss", "south", Role.SUPERVISOR)
    staff(database, town, "rep", is_active=False)
    # Nobody answers yet: it stays where it is, and the supervisors are told, each once.
    assert owners(database, work) == (town["rep"], town["agent"], town["rep"])
    both = sorted((town[who], town["customer 0"]) for who in ("supervisor", "second boss"))
    assert told_of_leaving(as_("supervisor")) == both
    assert told_of_leaving(as_("south boss")) == []
    hand_over(as_, database, town, "other_rep")
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])


def test_work_of_an_own_representative_who_left_goes_to_whoever_gets_the_cell(
    as_: As, database: Database, town: Town, work: Work
) -> None:
    with database.transaction() as session:
        held = record_writer.read(session, "cell_assignment", town["duty 0"])
        record_writer.delete(session, system(town["north"]), held.kind, held.id, version=[held.version])
    set_customer(database, town, key_representative_id=town["other_rep"])
    staff(database, town, "other_rep", is_active=False)
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])
    hand_over(as_, database, town, "rep")
    assert owners(database, work) == (town["rep"], town["agent"], town["rep"])
    # Who comes back is the customer's own again, and has their work.
    staff(database, town, "other_rep", is_active=True)
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])
    hand_over(as_, database, town, "rep")
    assert owners(database, work) == (town["other_rep"], town["agent"], town["other_rep"])


@pytest.mark.parametrize(
    ("categories", "is_kept"),
    [
        (("special",), True),
        (("developer", "large"), True),
        (("resident",), False),
        (("large", "resident"), False),
    ],
)
def test_a_resident_has_no_representative_of_their_own(
    database: Database, town: Town, work: Work, categories: tuple[str, ...], is_kept: bool
) -> None:
    set_customer(database, town, key_representative_id=town["other_rep"])
    for category in categories:
        set_customer(database, town, category=category)
    with database.transaction() as session:
        found = [
            record_writer.read(session, kind, town[name]).values["key_representative_id"]
            for kind, name in (("customer", "customer 0"), ("service_point", "point 0"))
        ]
    assert found == [town["other_rep"] if is_kept else None] * 2
    assert owners(database, work)[0] == town["other_rep" if is_kept else "rep"]


def test_who_was_a_resident_from_the_first_may_have_one(database: Database, town: Town) -> None:
    """A resident who needs care is looked after by name: only who becomes a resident loses theirs."""
    own: dict[str, Any] = {"key_representative_id": town["other_rep"], "is_vulnerable": True}
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 1"], own)
    serving.serve(database)
    with database.transaction() as session:
        kept = record_writer.read(session, "customer", town["customer 1"]).values
        point = record_writer.read(session, "service_point", town["point 1"]).values
    assert kept["key_representative_id"] == point["key_representative_id"] == town["other_rep"]


def test_what_changes_nothing_of_whose_it_is_moves_nothing(
    database: Database, town: Town, work: Work
) -> None:
    """An item that the office gave to a colleague stays theirs, whatever else of the customer changes."""
    given = {"owner_id": town["other_rep"]}
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "item", work["item"], given)
    serving.serve(database)
    set_customer(database, town, phone="13100000000", note="门卫在东侧")
    assert owners(database, work) == (town["other_rep"], town["agent"], town["rep"])
    # A telephone number of a person who works on is nobody's leaving.
    with database.transaction() as session:
        now = {"work_phone": "0532-80009999"}
        record_writer.change(session, system(town["north"]), "staff", town["rep"], now)
    serving.serve(database)
    assert owners(database, work) == (town["other_rep"], town["agent"], town["rep"])
