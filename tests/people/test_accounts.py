"""Accounts and phones as their administrators keep them: opened, changed and closed, by whom, and what is
noted of it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import credentials, record_writer
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.link import Refused
from tests.conftest import Person
from tests.factories import CHEAP, PASSWORD, Town, uid
from tests.newcomers import join, open_section

As = Callable[[str], Person]
PhoneOf = Callable[..., Phone]
STRONG = "quartz lantern ferry 88"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little, where no two requests need to meet while one is made."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


def sign_in(app: Flask, login: str, password: str = STRONG, device: str = "a phone") -> Any:
    body = {"login": login, "password": password, "device": {"id": uid(device), "name": device}}
    return app.test_client().post("/api/v1/sessions", json=body)


def newcomer(database: Database, name: str = "newcomer", unit: str = "north") -> str:
    with database.transaction() as session:
        return join(session, name, unit)


def number_of(name: str) -> str:
    return f"J{uid(name)[:8]}"


def acts(database: Database, subject: str) -> list[tuple[Any, ...]]:
    """What the trail tells of a subject: the act, by whom, before and after."""
    asked = """
        SELECT act, by_staff_id::text, before, after
        FROM administrative_act
        WHERE subject_id = CAST(:id AS uuid)
        ORDER BY acted_at, id
    """
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(asked), {"id": subject})]


def roles(*names: str, is_active: bool = True) -> dict[str, Any]:
    return {"roles": list(names), "is_active": is_active}


@pytest.mark.usefixtures("cheap")
def test_the_trail_tells_an_account_from_its_opening_to_its_closing(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    admin, who = as_("admin"), newcomer(database)
    path, body = f"/accounts/{who}", {"password": STRONG, "roles": ["hotline_agent"], "phone": "13900000000"}
    assert admin("PUT", path, body).status_code == 204
    more = {"password": STRONG, "roles": ["supervisor", "dispatcher", "supervisor"]}
    signed = sign_in(app, number_of("newcomer")).get_json()
    assert admin("PUT", path, more).status_code == 204
    # Another right is another sign-in; and the number that was not given again opens nothing any more.
    assert Person(app.test_client(), signed["access_token"])("GET", "/tokens").status_code == 401
    assert sign_in(app, "13900000000").get_json()["code"] == "wrong_credentials"
    assert sign_in(app, number_of("newcomer")).get_json()["roles"] == ["dispatcher", "supervisor"]
    for _ in range(2):
        assert admin("DELETE", path).status_code == 204
    assert sign_in(app, number_of("newcomer")).get_json()["code"] == "wrong_credentials"
    assert admin("PUT", path, body).status_code == 204
    first, second = roles("hotline_agent"), roles("dispatcher", "supervisor")
    closed = roles("dispatcher", "supervisor", is_active=False)
    assert acts(database, who) == [
        ("account_opened", town["admin"], None, first),
        ("account_changed", town["admin"], first, second),
        ("account_closed", town["admin"], second, closed),
        ("account_changed", town["admin"], closed, first),
    ]
    trail = admin.get(f"/administrative-acts?subject_id={who}&limit=50")["rows"]
    assert all(secret not in str(trail) for secret in (STRONG, "13900000000", "argon2"))


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        ({"roles": []}, "roles"),
        ({"roles": ["director"]}, "roles"),
        ({"roles": ["admin"] * 9}, "roles"),
        ({"roles": None}, "roles"),
        ({"password": "short"}, "password"),
        ({"phone": "12345"}, "phone"),
        ({"is_demo": True}, "is_demo"),
    ],
)
def test_an_account_that_cannot_be_is_told_at_its_field(
    as_: As, database: Database, town: Town, odd: dict[str, Any], field: str
) -> None:
    body = {"password": STRONG, "roles": ["representative"]} | odd
    answer = as_("admin")("PUT", f"/accounts/{town['rep']}", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert {one["field"].split(".")[0] for one in answer.get_json()["faults"]} == {field}
    assert acts(database, town["rep"]) == []


def test_two_administrators_at_once_open_one_account(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    who, admins = newcomer(database), [as_("admin") for _ in range(4)]
    body = {"password": STRONG, "roles": ["hotline_agent"]}
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda one: one("PUT", f"/accounts/{who}", body).status_code, admins))
    assert sent == [204] * 4
    assert [one[0] for one in acts(database, who)] == ["account_opened", *["account_changed"] * 3]
    with ThreadPoolExecutor(4) as pool:
        gone = list(pool.map(lambda one: one("DELETE", f"/accounts/{who}").status_code, admins))
    assert gone == [204] * 4
    assert [one[0] for one in acts(database, who)].count("account_closed") == 1


def test_of_two_who_are_given_one_number_at_once_one_has_it(as_: As, app: Flask, database: Database) -> None:
    people = [newcomer(database, f"newcomer {n}") for n in range(3)]
    admins = [(as_("admin"), one) for one in people]
    body = {"password": STRONG, "roles": ["hotline_agent"], "phone": "13911112222"}
    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(lambda one: one[0]("PUT", f"/accounts/{one[1]}", body), admins))
    assert sorted(one.status_code for one in sent) == [204, 409, 409]
    assert {one.get_json()["code"] for one in sent if one.status_code == 409} == {"id_taken"}
    holder = next(who for who, one in zip(people, sent, strict=True) if one.status_code == 204)
    assert sign_in(app, "139 1111 2222").get_json()["staff_id"] == holder
    assert [len(acts(database, one)) for one in people] == [int(one == holder) for one in people]


@pytest.mark.usefixtures("cheap")
def test_another_units_accounts_are_not_there(as_: As, app: Flask, database: Database, town: Town) -> None:
    with database.transaction() as session:
        open_section(session, "section", "north")
        join(session, "south admin", "south", Role.ADMIN)
        join(session, "north admin", "north", Role.ADMIN)
        join(session, "clerk", "section")
    body = {"password": STRONG, "roles": ["hotline_agent"]}
    for who in ("rep", "clerk", "admin"):
        for method, given in (("PUT", body), ("DELETE", None)):
            answer = as_("south admin")(method, f"/accounts/{uid(who)}", given)
            assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), (who, method)
    for who in ("supervisor", "dispatcher", "auditor", "rep"):
        assert as_(who)("DELETE", f"/accounts/{town['member']}").get_json()["code"] == "not_allowed", who
    assert sign_in(app, "T005", PASSWORD).status_code == 201
    # The branch's own administrator opens one in a section below, and none that was never opened is closed.
    assert as_("north admin")("DELETE", f"/accounts/{uid('clerk')}").status_code == 404
    assert as_("north admin")("PUT", f"/accounts/{uid('clerk')}", body).status_code == 204
    assert sign_in(app, number_of("clerk"), device="clerk's").get_json()["unit_id"] == uid("section")
    assert [one[:2] for one in acts(database, uid("clerk"))] == [("account_opened", uid("north admin"))]


@pytest.mark.usefixtures("cheap")
def test_an_account_closed_while_the_phone_is_offline_loses_no_work(
    phone_of: PhoneOf, as_: As, app: Flask, database: Database, town: Town
) -> None:
    phone, admin = phone_of("rep"), as_("admin")
    phone.sync()
    phone.change("customer", town["customer 0"], {"note": "关账号前记的"})
    assert admin("DELETE", f"/accounts/{town['rep']}").status_code == 204
    with pytest.raises(Refused):
        phone.sync()
    assert len(phone.store.waiting(10)) == 1
    assert as_("dispatcher").get(f"/customers/{town['customer 0']}")["note"] is None
    with pytest.raises(Refused, match="wrong_credentials"):
        phone.sign_in("T005", PASSWORD)
    assert len(phone.store.waiting(10)) == 1
    # It was a mistake: opened again, what was noted arrives under the same name.
    body = {"password": STRONG, "roles": ["representative"]}
    assert admin("PUT", f"/accounts/{town['rep']}", body).status_code == 204
    phone.sign_in("T005", STRONG)
    phone.sync()
    assert phone.store.waiting(10) == []
    assert as_("dispatcher").get(f"/customers/{town['customer 0']}")["note"] == "关账号前记的"


@pytest.mark.usefixtures("cheap")
def test_a_number_that_changed_signs_in_once_the_account_is_set_anew(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    admin = as_("admin")
    body = {"password": STRONG, "roles": ["representative"]}
    version = admin.get(f"/staff/{town['rep']}")["version"]
    changed = admin("PATCH", f"/staff/{town['rep']}", {"staff_number": "T905"}, version=version)
    assert changed.status_code == 200
    assert [sign_in(app, one, PASSWORD).status_code for one in ("T005", "T905")] == [201, 401]
    assert admin("PUT", f"/accounts/{town['rep']}", body).status_code == 204
    assert [sign_in(app, one).status_code for one in ("T005", "T905")] == [401, 201]
    # The number that is free again is somebody else's to have, and their own password alone opens it.
    with database.transaction() as session:
        values = {"staff_number": "T005"}
        record_writer.change(session, system(town["north"]), "staff", town["other_rep"], values)
    assert admin("PUT", f"/accounts/{town['other_rep']}", body).status_code == 204
    assert sign_in(app, "T005", device="another").get_json()["staff_id"] == town["other_rep"]


def test_personal_tokens_are_ones_own_and_end_with_the_account(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    dispatcher, rep = as_("dispatcher"), as_("rep")
    for days in (0, 367, -1, "long"):
        answer = dispatcher("POST", "/tokens", {"label": "报表", "days": days})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid"), days
    made = dispatcher("POST", "/tokens", {"label": "报表", "days": 366}).get_json()
    assert rep("DELETE", f"/tokens/{made['id']}").get_json()["code"] == "not_found"
    assert rep.get("/tokens") == []
    assert [one["label"] for one in dispatcher.get("/tokens")] == ["报表"]
    program = Person(app.test_client(), made["token"])
    assert program("GET", "/customers").status_code == 200
    for refused in (program("POST", "/tokens", {"label": "x"}), program("DELETE", f"/tokens/{made['id']}")):
        assert refused.get_json()["code"] == "read_only_token"
    assert as_("admin")("DELETE", f"/accounts/{town['dispatcher']}").status_code == 204
    assert program("GET", "/customers").get_json()["code"] == "not_signed_in"


def test_of_passwords_changed_at_once_one_stands(as_: As, app: Flask, database: Database, town: Town) -> None:
    """The owner and whoever else knows the old one: the later no longer knows it, and is told so."""
    new = [f"quartz lantern ferry {n}9" for n in range(3)]
    people = [(as_("rep"), {"old": PASSWORD, "new": one}) for one in new]
    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(lambda one: one[0]("PUT", "/sessions/password", one[1]), people))
    assert [one.status_code for one in sent].count(204) == 1
    codes = {one.get_json()["code"] for one in sent if one.status_code != 204}
    assert codes <= {"wrong_credentials", "not_signed_in"}
    stands = next(one for one, answer in zip(new, sent, strict=True) if answer.status_code == 204)
    assert [sign_in(app, "T005", one).status_code == 201 for one in new] == [one == stands for one in new]
    assert [one[0] for one in acts(database, town["rep"])] == ["password_changed"]


@pytest.mark.usefixtures("cheap")
def test_phones_are_seen_by_their_units_office_with_who_used_them(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        open_section(session, "section", "north")
        join(session, "section head", "section", Role.SUPERVISOR)
    first = sign_in(app, "T005", PASSWORD, "van").get_json()
    shared = {"id": uid("van"), "name": "van", "secret": first["device_secret"]}
    body = {"login": "T007", "password": PASSWORD, "device": shared}
    assert app.test_client().post("/api/v1/sessions", json=body).status_code == 201
    seen = {one["id"]: one for one in as_("dispatcher").get("/devices")}
    assert seen[uid("van")]["people"] == ["员工5", "员工7"]
    assert uid("section head's phone") in seen
    assert {one["unit_id"] for one in seen.values()} == {town["north"], uid("section")}
    below = {one["name"] for one in as_("section head").get("/devices")}
    assert below == {"section head's phone"}
    assert uid("van") not in {one["id"] for one in as_("stranger").get("/devices")}
    for who in ("rep", "leader", "member"):
        assert as_(who)("GET", "/devices").get_json()["code"] == "not_allowed", who


@pytest.mark.usefixtures("cheap")
def test_a_lost_phone_is_reported_once_by_its_own_units_office(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    lost = town["rep's phone"]
    path, holder = f"/devices/{lost}/revocation", as_("rep")
    for who in ("rep", "leader", "agent", "auditor"):
        assert as_(who)("PUT", path).get_json()["code"] == "not_allowed", who
    for who, which in (("stranger", lost), ("dispatcher", town["nobody's phone"])):
        answer = as_(who)("PUT", f"/devices/{which}/revocation")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), who
    assert holder("GET", "/customers").status_code == 200
    desk = [as_(one) for one in ("dispatcher", "supervisor", "admin")]
    with ThreadPoolExecutor(3) as pool:
        sent = [one.get_json()["revoked_at"] for one in pool.map(lambda one: one("PUT", path), desk)]
    assert len(set(sent)) == 1
    assert sent[0]
    ((act, _, _, after),) = acts(database, lost)
    assert (act, after) == ("device_revoked", {"name": "rep's phone"})
    # Whoever found it reads nothing; the person works on from another phone, and from the lost one not.
    refused = holder("GET", "/customers")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "device_revoked")
    assert sign_in(app, "T005", PASSWORD, "new phone").get_json()["device_revoked"] is False
    assert sign_in(app, "T005", PASSWORD, "rep's phone").get_json()["device_revoked"] is True
    assert sign_in(app, "T006", PASSWORD, "rep's phone").get_json()["code"] == "device_taken"
