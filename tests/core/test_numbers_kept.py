"""The utility's own numbers in the table that keeps them: freed, held, passed on, and two at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.own_numbers import (
    Holder,
    NumberTaken,
    doubles,
    holders,
    is_taken,
    keep_numbers,
)
from backend.core.services import record_writer
from tests.factories import Town, uid

ONE, TWO, THREE, FOUR = (uid(f"holder {n}") for n in range(4))
Keep = Callable[..., None]


def own(record_id: str, form: str, *, is_former: bool = False) -> Holder:
    return Holder("customer", record_id, form, is_former)


@pytest.fixture
def keep(session: Session) -> Keep:
    """`keep(held=[…], gone=[…])` in the test's own transaction."""

    def kept(*, gone: Any = (), held: Any = ()) -> None:
        keep_numbers(session.connection(), gone, held)

    return kept


def double(session: Session, record_id: str, form: str) -> None:
    """A number as an upgrade keeps it that found it a second time."""
    values = {"id": record_id, "form": form}
    session.execute(
        text("INSERT INTO own_number (kind, id, form, is_double) VALUES ('customer', :id, :form, true)"),
        values,
    )


def held(session: Session, *forms: str) -> dict[str, str]:
    return holders(session, "customer", forms)


def test_nothing_to_keep_asks_nothing(keep: Keep, session: Session) -> None:
    before = session.execute(text("SELECT count(*) FROM own_number")).scalar()
    keep()
    assert session.execute(text("SELECT count(*) FROM own_number")).scalar() == before
    assert held(session) == {}


def test_numbers_of_any_script_are_held_and_found(keep: Keep, session: Session) -> None:
    forms = ["户1", "ü'7", "a,b", "{x}", 'q"', "back\\slash", "null", "٣", "x" * 200]
    keep(held=[own(ONE, form) for form in forms])
    assert held(session, *forms, *forms) == dict.fromkeys(forms, ONE)
    keep(gone=[own(ONE, form) for form in forms])
    assert held(session, *forms) == {}


def test_a_number_is_a_kinds_own(keep: Keep, session: Session) -> None:
    keep(held=[own(ONE, "x1"), Holder("staff", ONE, "x1"), Holder("service_point", TWO, "x1")])
    assert held(session, "x1") == {"x1": ONE}
    assert holders(session, "service_point", ["x1"]) == {"x1": TWO}
    assert holders(session, "cell", ["x1"]) == {}


def test_two_who_change_numbers_in_one_batch_do(keep: Keep, session: Session) -> None:
    keep(held=[own(ONE, "x1"), own(TWO, "x2")])
    keep(gone=[own(ONE, "x1"), own(TWO, "x2")], held=[own(ONE, "x2"), own(TWO, "x1")])
    assert held(session, "x1", "x2") == {"x1": TWO, "x2": ONE}


def test_a_number_that_becomes_a_former_one_stays_its_records(keep: Keep, session: Session) -> None:
    keep(held=[own(ONE, "x1")])
    keep(gone=[own(ONE, "x1")], held=[own(ONE, "x1", is_former=True), own(ONE, "x2")])
    assert held(session, "x1", "x2") == {"x1": ONE, "x2": ONE}
    former = session.execute(
        text("SELECT form FROM own_number WHERE kind = 'customer' AND id = :id AND is_former"), {"id": ONE}
    )
    assert list(former.scalars()) == ["x1"]


def test_what_was_never_held_is_freed_without_a_word(keep: Keep, session: Session) -> None:
    keep(held=[own(ONE, "x1")])
    # Another record's, another form, another kind.
    keep(gone=[own(TWO, "x1"), own(ONE, "x2"), Holder("staff", ONE, "x1")])
    assert held(session, "x1") == {"x1": ONE}


@pytest.mark.parametrize("is_former", [False, True])
def test_a_number_that_another_has_or_had_is_taken(keep: Keep, session: Session, is_former: bool) -> None:
    keep(held=[own(ONE, "x1", is_former=is_former)])
    assert is_taken(session, "customer", "x1", TWO)
    assert not is_taken(session, "customer", "x1", ONE)
    assert not is_taken(session, "customer", "x2", TWO)
    assert not is_taken(session, "staff", "x1", TWO)
    with pytest.raises(NumberTaken), session.begin_nested():
        keep(held=[own(TWO, "x2"), own(TWO, "x1")])
    assert held(session, "x1", "x2") == {"x1": ONE}, "all of a batch or nothing"


def test_a_double_is_no_holder_until_the_first_is_gone(keep: Keep, session: Session) -> None:
    keep(held=[own(TWO, "x1")])
    double(session, ONE, "x1")
    double(session, THREE, "x1")
    assert held(session, "x1") == {"x1": TWO}
    # Whose number it is as well is told that another holds it.
    assert is_taken(session, "customer", "x1", ONE)
    keep(gone=[own(TWO, "x1")])
    assert held(session, "x1") == {"x1": min(ONE, THREE)}
    keep(gone=[own(min(ONE, THREE), "x1")])
    assert held(session, "x1") == {"x1": max(ONE, THREE)}
    keep(gone=[own(max(ONE, THREE), "x1")])
    assert held(session, "x1") == {}


def test_a_double_that_goes_leaves_the_first_alone(keep: Keep, session: Session) -> None:
    keep(held=[own(TWO, "x1")])
    double(session, ONE, "x1")
    keep(gone=[own(ONE, "x1")])
    assert held(session, "x1") == {"x1": TWO}


def test_several_that_go_at_once_pass_on_each_its_own(keep: Keep, session: Session) -> None:
    keep(held=[own(ONE, "x1"), own(ONE, "x2"), own(TWO, "x3")])
    double(session, THREE, "x1")
    double(session, FOUR, "x2")
    # The first and one of its doubles go together; who is left has it.
    double(session, FOUR, "x1")
    keep(gone=[own(ONE, "x1"), own(ONE, "x2"), own(THREE, "x1")])
    assert held(session, "x1", "x2", "x3") == {"x1": FOUR, "x2": FOUR, "x3": TWO}


def test_who_takes_a_number_as_it_is_freed_has_it_before_a_double(keep: Keep, session: Session) -> None:
    keep(held=[own(ONE, "x1")])
    double(session, TWO, "x1")
    keep(gone=[own(ONE, "x1")], held=[own(THREE, "x1")])
    assert held(session, "x1") == {"x1": THREE}


def test_doubles_are_told_to_the_units_whose_they_are(session: Session, town: Town) -> None:
    north, south = [town["north"]], [uid("nowhere")]
    one, other = town["customer 1"], town["customer 2"]
    form = next(
        iter(session.execute(text("SELECT form FROM own_number WHERE id = :id"), {"id": one}).scalars())
    )
    assert doubles(session, "customer", north) == []
    double(session, other, form)
    assert doubles(session, "customer", north) == [(form, [one, other])]
    assert doubles(session, "customer", [*north, *south]) == [(form, [one, other])]
    assert doubles(session, "customer", south) == []
    assert doubles(session, "customer", []) == []
    assert doubles(session, "staff", north) == []


def test_a_number_is_the_first_ones_who_commits(database: Database, town: Town) -> None:
    """The second waits for the first at the index, and is refused or served by how that ends."""
    for is_kept in (True, False):
        answer = _beside_an_open_one(database, town, f"X {is_kept}", is_kept)
        assert answer == ("number_taken" if is_kept else "written")


def _beside_an_open_one(database: Database, town: Town, number: str, is_kept: bool) -> str:
    values = {"name": "新户", "category": "resident", "number": number}
    answers: list[str] = []

    def second() -> None:
        try:
            with database.transaction() as session:
                record_writer.create(session, system(town["north"]), "customer", values)
            answers.append("written")
        except Problem as problem:
            answers.append(problem.code)

    thread = threading.Thread(target=second)
    with Session(database.engine) as first:
        record_writer.create(first, system(town["north"]), "customer", values)
        thread.start()
        _wait_for_a_lock(database)
        (first.commit if is_kept else first.rollback)()
    thread.join()
    return answers[0]


def _wait_for_a_lock(database: Database) -> None:
    asked = text("""
        SELECT count(*)
        FROM pg_stat_activity
        WHERE datname = current_database()
        AND wait_event_type = 'Lock'
    """)
    for _ in range(10_000):
        with database.snapshot() as session:
            if session.execute(asked).scalar():
                return
    raise AssertionError("nobody waited")
