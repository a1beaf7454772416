"""The utility's own numbers are unique at every way in; what was doubled before stays, and is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.comparing import comparable
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.own_numbers import doubles, holders
from backend.core.services import record_writer
from backend.customers.services.key_customers import file_unfiled
from backend.queue import serving
from tests.conftest import Person
from tests.customers.test_merging import merge
from tests.factories import Town, hand_in, middle, mutation, uid

As = Callable[[str], Person]
CUSTOMER = {"number": "Ｕ 7701", "name": "新户", "category": "resident"}
POINT = {"address": "泊岸路7号", "place": middle(1), "nature": "residential", "meter_number": "M-7701"}


def filed(session: Session, kind: str, record_id: str) -> str | None:
    return record_writer.read(session, kind, record_id).values.get("cell_id")


def test_a_taken_number_is_refused_in_words_whatever_its_form(as_: As) -> None:
    admin = as_("supervisor")
    first = admin("POST", "/customers", CUSTOMER)
    assert first.status_code == 201, first.text
    again = admin("POST", "/customers", CUSTOMER | {"number": "u7701"})
    assert again.status_code == 422
    (fault,) = again.get_json()["faults"]
    assert (fault["field"], fault["code"], fault["about"]) == ("number", "number_taken", "u7701")
    assert "有了" in fault["zh"]


def test_a_number_is_refused_to_a_change_and_kept_by_its_own_record(as_: As, town: Town) -> None:
    admin = as_("supervisor")
    mine = admin.get(f"/customers/{town['customer 1']}")
    taken = admin("PATCH", f"/customers/{mine['id']}", {"number": "k0002"}, version=mine["version"])
    assert taken.status_code == 422
    assert taken.get_json()["faults"][0]["code"] == "number_taken"
    kept = admin("PATCH", f"/customers/{mine['id']}", {"number": "K 0001"}, version=mine["version"])
    assert kept.status_code == 200, kept.text


def test_the_number_of_who_was_merged_away_is_no_strangers(as_: As, town: Town, database: Database) -> None:
    admin = as_("supervisor")
    assert merge(as_("admin")).status_code == 200
    with database.transaction() as session:
        assert holders(session, "customer", ["k0000", "k0001"]) == dict.fromkeys(
            ("k0000", "k0001"), town["customer 0"]
        )
    assert admin("POST", "/customers", CUSTOMER | {"number": "K0001"}).status_code == 422
    kept = admin.get(f"/customers/{town['customer 0']}")
    back = admin("PATCH", f"/customers/{kept['id']}", {"number": "K0001"}, version=kept["version"])
    assert back.status_code == 200, back.text
    with database.transaction() as session:
        assert set(holders(session, "customer", ["k0000", "k0001"])) == {"k0001"}


def test_a_meter_has_one_point(as_: As, town: Town) -> None:
    found = as_("supervisor")(
        "POST", "/service-points", POINT | {"customer_id": town["customer 1"], "meter_number": "m000002"}
    )
    assert found.status_code == 422
    assert [one["field"] for one in found.get_json()["faults"]] == ["meter_number"]


def test_a_phones_customer_with_a_taken_number_waits_for_a_person(session: Session, town: Town) -> None:
    values = CUSTOMER | {"number": "K0002", "cell_id": town["cell 0"], "unit_id": town["north"]}
    (outcome,) = hand_in(
        session,
        town.actor("rep"),
        [mutation("customer", record_writer.new_id(), "create", values, base_version=0)],
    )
    assert (outcome["status"], outcome["code"]) == ("parked", "number_taken")


def test_two_at_once_are_told_by_the_database(session: Session, town: Town) -> None:
    """The look before writing may see nothing of another's open transaction: the index does."""
    actor = system(town["north"])
    record_writer.create(session, actor, "customer", CUSTOMER)
    with pytest.raises(Problem) as raised, session.begin_nested():
        record_writer.create(session, actor, "customer", CUSTOMER | {"number": "u7701"})
    assert raised.value.code == "number_taken"
    assert raised.value.detail["faults"][0]["field"] == "number"


def test_a_number_is_free_again_when_its_record_goes_or_leaves_it(session: Session, town: Town) -> None:
    actor = system(town["north"])
    first = record_writer.create(session, actor, "customer", CUSTOMER)
    record_writer.change(session, actor, "customer", first.id, {"number": "U8"})
    second = record_writer.create(session, actor, "customer", CUSTOMER)
    assert holders(session, "customer", ["u7701", "u8"]) == {"u7701": second.id, "u8": first.id}
    record_writer.delete(session, actor, "customer", second.id, version=None)
    assert holders(session, "customer", ["u7701"]) == {}
    record_writer.change_many(session, actor, "staff", [(uid("rep"), {"is_active": False})])
    assert holders(session, "staff", ["t005"]) == {}


def test_doubles_from_before_are_kept_named_and_pass_their_number_on(session: Session, town: Town) -> None:
    one, other = sorted([town["customer 1"], town["customer 2"]])
    form = comparable(str(record_writer.read(session, "customer", one).values["number"]))
    record_writer.change(session, system(town["north"]), "customer", other, {"number": "X9"})
    session.execute(
        text("UPDATE own_number SET form = :form, is_double = (id = :double) WHERE id = ANY(:ids)"),
        {"form": form, "double": UUID(other), "ids": [UUID(one), UUID(other)]},
    )
    assert doubles(session, "customer", [town["north"]]) == [(form, [one, other])]
    assert holders(session, "customer", [form]) == {form: one}
    record_writer.change(session, system(town["north"]), "customer", one, {"number": "X8"})
    assert holders(session, "customer", [form]) == {form: other}
    assert doubles(session, "customer", [town["north"]]) == []


def test_a_customer_is_filed_where_the_first_point_lies(as_: As, database: Database, town: Town) -> None:
    admin = as_("supervisor")
    customer = admin("POST", "/customers", CUSTOMER).get_json()
    point = admin("POST", "/service-points", POINT | {"customer_id": customer["id"]}).get_json()
    assert point["cell_id"] == town["cell 1"]
    serving.serve(database)
    with database.transaction() as session:
        assert filed(session, "customer", customer["id"]) == town["cell 1"]


def loaded(session: Session, **more: Any) -> tuple[str, str]:
    """A customer and a point written without a cell and without any fact, as a script would."""
    actor = system(uid("north"))
    ((customer_id, _),) = rows = [(record_writer.new_id(), CUSTOMER)]
    record_writer.create_many(session, actor, "customer", rows, quiet=True)
    point = (record_writer.new_id(), POINT | {"customer_id": customer_id} | more)
    record_writer.create_many(session, actor, "service_point", [point], quiet=True)
    return customer_id, point[0]


def test_what_was_loaded_without_a_cell_is_filed(session: Session, town: Town) -> None:
    customer_id, point_id = loaded(session)
    assert file_unfiled(session) == 2
    assert filed(session, "service_point", point_id) == town["cell 1"]
    assert filed(session, "customer", customer_id) == town["cell 1"]
    assert file_unfiled(session) == 0


def test_another_branchs_ground_files_nothing(session: Session, town: Town) -> None:
    customer_id, _ = loaded(session, place=middle(3))
    assert file_unfiled(session) == 0
    assert filed(session, "customer", customer_id) is None
