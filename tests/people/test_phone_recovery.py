"""A forgotten PIN: a half of the key is given back once, to the phone it is for, after an approval."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Role
from backend.core.db import Database
from tests.conftest import Person
from tests.factories import PASSWORD, Town, uid
from tests.newcomers import join
from tests.people.test_accounts import acts

As = Callable[[str], Person]
HALF = base64.b64encode(bytes(range(32))).decode()
PROOF = "p" * 43


@pytest.fixture
def kept(as_: As) -> str:
    """The representative's phone has left a half here; its id."""
    body = {"half": HALF, "proof": PROOF}
    for _ in range(2):
        assert as_("rep")("PUT", f"/phone-recoveries/{uid('half')}", body).status_code == 204
    return uid("half")


@pytest.fixture
def phone(app: Flask) -> Person:
    """The locked phone: it has its proof and nothing else."""
    return Person(app.test_client(), PROOF)


def collect(phone: Person, password: str = PASSWORD) -> Any:
    answer = phone("POST", "/phone-recoveries/mine/half", {"password": password})
    return answer.get_json()["half"] if answer.status_code == 200 else answer.get_json()["code"]


def approve(person: Person, kept: str, code: str) -> tuple[int, str | None]:
    answer = person("PUT", f"/phone-recoveries/{kept}/approval", {"code": code})
    return answer.status_code, answer.get_json()["code"] if answer.data else None


def test_the_half_goes_back_after_an_approval_with_the_password(
    as_: As, phone: Person, kept: str, database: Database, town: Town
) -> None:
    admin = as_("admin")
    assert phone.get("/phone-recoveries/mine") == {"state": "kept", "code": None}
    assert admin.get("/phone-recoveries") == []
    assert collect(phone) == "not_approved"
    asked = phone("POST", "/phone-recoveries/mine").get_json()
    assert asked["state"] == "asked"
    assert asked == phone("POST", "/phone-recoveries/mine").get_json()
    (seen,) = admin.get("/phone-recoveries")
    assert (seen["staff_number"], seen["device"], seen["state"]) == ("T005", "rep's phone", "asked")
    assert asked["code"] not in str(seen)
    assert HALF not in str(seen)
    assert approve(admin, kept, "x" * 6) == (422, "wrong_code")
    assert collect(phone) == "not_approved"
    assert approve(admin, kept, asked["code"]) == (204, None)
    assert collect(phone, "another password") == "wrong_credentials"
    # An answer may be lost on the way: within the approval it is given again.
    assert [collect(phone) for _ in range(2)] == [HALF, HALF]
    assert phone.get("/phone-recoveries/mine")["state"] == "collected"
    told = [one[:2] for one in acts(database, town["rep"])]
    assert told[:2] == [("phone_unlock_approved", town["admin"]), ("phone_unlocked", town["rep"])]
    assert HALF not in str(acts(database, town["rep"]))


def test_whoever_has_not_the_phone_gets_nothing(as_: As, app: Flask, kept: str) -> None:
    for token in ("q" * 43, HALF, kept):
        stranger = Person(app.test_client(), token)
        for method, path in (("GET", "mine"), ("POST", "mine")):
            assert stranger(method, f"/phone-recoveries/{path}").get_json()["code"] == "phone_unknown"
    # A signed-in person has no right by it either, nor by taking the id.
    assert as_("admin")("GET", "/phone-recoveries/mine").status_code == 404
    body = {"half": HALF, "proof": "r" * 43}
    assert as_("other_rep")("PUT", f"/phone-recoveries/{kept}", body).get_json()["code"] == "id_taken"


def test_an_administrator_of_the_persons_unit_approves_and_never_their_own(
    as_: As, app: Flask, phone: Person, kept: str, database: Database
) -> None:
    with database.transaction() as session:
        join(session, "south admin", "south", Role.ADMIN)
    code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    assert approve(as_("south admin"), kept, code)[0] == 404
    assert as_("south admin").get("/phone-recoveries") == []
    assert approve(as_("supervisor"), kept, code)[0] == 403
    own = {"half": HALF, "proof": "s" * 43}
    assert as_("admin")("PUT", f"/phone-recoveries/{uid('own half')}", own).status_code == 204
    mine = Person(app.test_client(), "s" * 43)("POST", "/phone-recoveries/mine").get_json()["code"]
    assert approve(as_("admin"), uid("own half"), mine) == (403, "same_person")


def test_a_request_and_an_approval_end(as_: As, phone: Person, kept: str, database: Database) -> None:
    first = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    assert approve(as_("admin"), kept, first)[0] == 204
    with database.transaction() as session:
        session.execute(text("UPDATE phone_recovery SET asked_at = asked_at - interval '25 hours'"))
    assert collect(phone) == "not_approved"
    assert approve(as_("admin"), kept, first)[0] == 404
    again = phone("POST", "/phone-recoveries/mine").get_json()
    assert again["state"] == "asked"
    assert collect(phone) == "not_approved"


def test_a_new_half_takes_the_place_of_one_that_was_given_back(
    as_: As, phone: Person, kept: str, database: Database
) -> None:
    code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    assert approve(as_("admin"), kept, code)[0] == 204
    assert collect(phone) == HALF
    body = {"half": HALF, "proof": "t" * 43}
    assert as_("rep")("PUT", f"/phone-recoveries/{uid('next')}", body).status_code == 204
    with database.transaction() as session:
        assert session.execute(text("SELECT id::text FROM phone_recovery")).scalars().all() == [uid("next")]


def test_a_half_that_is_none_is_refused(as_: As) -> None:
    answer = as_("rep")("PUT", f"/phone-recoveries/{uid('x')}", {"half": "!" * 44, "proof": PROOF})
    assert [one["field"] for one in answer.get_json()["faults"]] == ["half"]


@pytest.mark.parametrize("reported", ["before it asks", "after it asked", "after the approval"])
def test_a_phone_reported_lost_stays_sealed(
    as_: As, phone: Person, kept: str, database: Database, reported: str
) -> None:
    """Whoever found it knows the password and has talked an administrator into it: it gets no half."""
    admin, code = as_("admin"), "000000"
    with database.transaction() as session:
        asked = "SELECT device_id::text FROM phone_recovery WHERE id = CAST(:id AS uuid)"
        device = session.execute(text(asked), {"id": kept}).scalar()
    if reported != "before it asks":
        code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    if reported == "after the approval":
        assert approve(admin, kept, code) == (204, None)
    assert admin("PUT", f"/devices/{device}/revocation").status_code == 200
    answer = phone("POST", "/phone-recoveries/mine")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "device_revoked")
    assert approve(admin, kept, code)[1] in ("device_revoked", "not_found")
    assert collect(phone) == "device_revoked"
    assert admin.get("/phone-recoveries") == []
