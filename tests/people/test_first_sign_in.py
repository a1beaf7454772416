"""Passwords that others gave, people who left, and staff numbers that two have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import credentials, record_writer
from backend.people.services import accounts
from backend.queue import serving
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.link import Refused
from tests.conftest import Person
from tests.factories import CHEAP, PASSWORD, Town, uid
from tests.people.test_accounts import STRONG, acts, newcomer, number_of, sign_in

As = Callable[[str], Person]
NEXT = "violet harbour 93 trumpet"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


def test_the_first_administrator_chooses_a_password_before_anything_else(
    app: Flask, database: Database, town: Town
) -> None:
    who = newcomer(database, "first", "group")
    with database.transaction() as session:
        session.execute(text("DELETE FROM account"))
        accounts.open_first_account(session, who, STRONG)
    signed = sign_in(app, number_of("first")).get_json()
    assert (signed["roles"], signed["must_change_password"]) == (["admin"], True)
    first = Person(app.test_client(), signed["access_token"])
    for method, path in (
        ("GET", "/accounts"),
        ("GET", "/units"),
        ("POST", "/tokens"),
        ("PUT", f"/accounts/{who}"),
    ):
        answer = first(method, path)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "password_change_needed"), path
    pulled = first("POST", "/sync/pull", {"store": uid("store"), "limit": 1})
    assert (pulled.status_code, pulled.get_json()["code"]) == (403, "password_change_needed")
    assert first("PUT", "/sessions/password", {"old": STRONG, "new": NEXT}).status_code == 204
    assert [one["name"] for one in first.get("/accounts") if one["has_account"]] == ["first"]
    assert sign_in(app, number_of("first"), NEXT).get_json()["must_change_password"] is False
    assert acts(database, who)[0][:2] == ("account_opened", None)


def test_there_is_one_first_account(database: Database, town: Town) -> None:
    who = newcomer(database, "late", "group")
    with database.transaction() as session, pytest.raises(Problem) as refused:
        accounts.open_first_account(session, who, STRONG)
    assert refused.value.code == "action_does_not_fit"


def test_a_password_given_by_an_administrator_may_be_for_one_sign_in(
    as_: As, app: Flask, database: Database
) -> None:
    who = newcomer(database)
    body = {"password": STRONG, "roles": ["dispatcher"], "must_change_password": True}
    assert as_("admin")("PUT", f"/accounts/{who}", body).status_code == 204
    signed = sign_in(app, number_of("newcomer")).get_json()
    assert signed["must_change_password"] is True
    person = Person(app.test_client(), signed["access_token"])
    assert person("GET", "/tokens").status_code == 403
    assert person("DELETE", "/sessions").status_code == 204


def test_whoever_left_cannot_go_on_or_sign_in(
    as_: As, app: Flask, database: Database, town: Town, phone_of: Callable[..., Phone]
) -> None:
    admin, dispatcher, phone = as_("admin"), as_("dispatcher"), phone_of("rep")
    phone.sync()
    phone.change("customer", town["customer 0"], {"note": "最后一天记的"})
    for who in ("dispatcher", "rep"):
        set_active(admin, town[who], False)
    # At once: before anything that follows from the record is worked off.
    assert dispatcher("GET", "/tokens").status_code == 401
    assert sign_in(app, "T001", PASSWORD, "dispatcher's phone").get_json()["code"] == "wrong_credentials"
    with pytest.raises(Refused, match=r"not_signed_in|refresh_ended"):
        phone.sync()
    assert len(phone.store.waiting(10)) == 1
    serving.serve(database)
    assert [one[0] for one in acts(database, town["rep"])] == ["record_changed", "sign_ins_ended"]
    # Back again: they sign in anew, and what the phone kept goes.
    for who in ("dispatcher", "rep"):
        set_active(admin, town[who], True)
    assert dispatcher("GET", "/tokens").status_code == 401
    phone.sign_in("T005", PASSWORD)
    phone.sync()
    assert phone.store.waiting(10) == []
    assert as_("dispatcher").get(f"/customers/{town['customer 0']}")["note"] == "最后一天记的"


def set_active(admin: Person, who: str, is_active: bool) -> None:
    version = admin.get(f"/staff/{who}")["version"]
    answer = admin("PATCH", f"/staff/{who}", {"is_active": is_active}, version=version)
    assert answer.status_code == 200, answer.text


def test_nobody_who_left_is_given_an_account(as_: As, app: Flask, town: Town) -> None:
    admin = as_("admin")
    set_active(admin, town["rep"], False)
    body = {"roles": ["dispatcher"]}
    for method, given in (("PUT", body | {"password": STRONG}), ("PATCH", body)):
        answer = admin(method, f"/accounts/{town['rep']}", given)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "has_left")


def test_a_new_staff_number_signs_in_once_the_record_is_followed(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    admin = as_("admin")
    version = admin.get(f"/staff/{town['rep']}")["version"]
    assert (
        admin("PATCH", f"/staff/{town['rep']}", {"staff_number": "T905"}, version=version).status_code == 200
    )
    serving.serve(database)
    assert [sign_in(app, one, PASSWORD, "rep's phone").status_code for one in ("T005", "T905")] == [401, 201]


def test_roles_change_and_the_password_stays(as_: As, app: Flask, database: Database, town: Town) -> None:
    admin, rep = as_("admin"), as_("rep")
    change = {"roles": ["hotline_agent", "representative"], "phone": "13900000000"}
    assert admin("PATCH", f"/accounts/{town['rep']}", change).status_code == 204
    assert rep("GET", "/tokens").status_code == 401
    signed = sign_in(app, "13900000000", PASSWORD, "rep's phone").get_json()
    assert signed["roles"] == change["roles"]
    assert admin("PATCH", f"/accounts/{newcomer(database)}", change).status_code == 404
    listed = {one["staff_id"]: one for one in admin.get("/accounts")}
    assert listed[town["rep"]]["roles"] == change["roles"]
    assert listed[uid("newcomer")]["has_account"] is False
    assert as_("supervisor")("GET", "/accounts").status_code == 403


def test_an_administrator_ends_a_personal_token(as_: As, app: Flask, town: Town) -> None:
    admin, made = as_("admin"), as_("rep")("POST", "/tokens", {"label": "GIS"}).get_json()
    (found,) = [one for one in admin.get("/accounts/tokens") if one["id"] == made["id"]]
    assert (found["staff_number"], found["label"], "token" in found) == ("T005", "GIS", False)
    path = f"/accounts/{town['rep']}/tokens/{made['id']}"
    assert [admin("DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert Person(app.test_client(), made["token"])("GET", "/tokens").status_code == 401


def test_of_two_with_one_staff_number_one_signs_in_by_it(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    """A database of before may have the same number twice: said in words, and nothing breaks."""
    admin, people = as_("admin"), [newcomer(database, one) for one in ("one", "two")]
    with database.transaction() as session:
        for who in people:
            # As if there were no rule yet.
            session.execute(text("DELETE FROM own_number WHERE form = 'x7'"))
            record_writer.change(session, system(town["north"]), "staff", who, {"staff_number": "X7"})
    body = {"password": STRONG, "roles": ["representative"]}
    answers = [admin("PUT", f"/accounts/{who}", body) for who in people]
    assert [one.status_code for one in answers] == [204, 409]
    assert (answers[1].get_json()["code"], answers[1].get_json()["field"]) == ("id_taken", "staff_number")
    assert sign_in(app, "X7").get_json()["staff_id"] == people[0]
