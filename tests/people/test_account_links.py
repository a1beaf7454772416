"""Invitations and ways to a new password: one link, shown once, used once, bound to whom it was made for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Role
from backend.core.db import Database
from backend.core.services import credentials
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import CHEAP, PASSWORD, Town, uid
from tests.newcomers import join
from tests.people.test_accounts import acts, newcomer, number_of, sign_in

As = Callable[[str], Person]
OWN = "quartz lantern ferry 88"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


def invite(admin: Person, who: str, *roles: str, **more: Any) -> Any:
    asked = {"staff_id": who, "roles": list(roles or ("representative",))} | more
    return admin("POST", "/account-links/invitations", asked)


def state_of(admin: Person, link: str) -> str:
    return str(next(one["state"] for one in admin.get("/account-links") if one["id"] == link))


def test_whoever_is_invited_chooses_a_password_and_signs_in(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    admin, who = as_("admin"), newcomer(database)
    made = invite(admin, who, "representative", "hotline_agent", phone="13900000000")
    assert made.status_code == 201, made.text
    link = made.get_json()
    guest = Person(app.test_client(), link["token"])
    seen = guest.get("/account-links/mine")
    assert (seen["use"], seen["name"], seen["staff_number"], seen["unit"]) == (
        "invitation", "newcomer", number_of("newcomer"), "north",
    )  # fmt: skip
    assert seen["roles"] == ["hotline_agent", "representative"]
    assert sign_in(app, number_of("newcomer"), OWN).status_code == 401
    weak = guest("PUT", "/account-links/mine", {"password": "newcomer1234"})
    assert (weak.status_code, weak.get_json()["code"]) == (422, "password_too_weak")
    done = guest("PUT", "/account-links/mine", {"password": OWN})
    assert done.get_json() == {"login": number_of("newcomer"), "roles": ["hotline_agent", "representative"]}
    signed = sign_in(app, "13900000000", OWN).get_json()
    assert (signed["roles"], signed["must_change_password"]) == (["hotline_agent", "representative"], False)
    # Used once, by whoever has it.
    again = guest("PUT", "/account-links/mine", {"password": OWN + "!"})
    assert (again.status_code, again.get_json()["code"]) == (410, "account_link_ended")
    assert state_of(admin, link["id"]) == "used"
    told = acts(database, who)
    assert [one[0] for one in told] == ["invitation_made", "invitation_accepted"]
    assert [one[1] for one in told] == [town["admin"], who]
    listed = str(admin.get("/account-links")) + str(told)
    assert all(secret not in listed for secret in (link["token"], OWN, "13900000000"))


def test_a_link_is_kept_by_its_hash_alone(as_: As, database: Database) -> None:
    link = invite(as_("admin"), newcomer(database)).get_json()
    with database.transaction() as session:
        rows = (
            session.execute(text("SELECT row_to_json(account_link)::text FROM account_link")).scalars().all()
        )
    assert len(rows) == 1
    assert link["token"] not in rows[0]


@pytest.mark.parametrize("end", ["revoked", "ended", "second", "opened"])
def test_a_link_that_has_ended_opens_nothing(as_: As, app: Flask, database: Database, end: str) -> None:
    admin, who = as_("admin"), newcomer(database)
    link = invite(admin, who).get_json()
    if end == "revoked":
        assert admin("DELETE", f"/account-links/{link['id']}").status_code == 204
        assert admin("DELETE", f"/account-links/{link['id']}").status_code == 204
    elif end == "ended":
        with database.transaction() as session:
            session.execute(text("UPDATE account_link SET until = now() - interval '1 second'"))
    elif end == "second":
        assert invite(admin, who).status_code == 201
    else:
        given = {"password": OWN, "roles": ["hotline_agent"]}
        assert admin("PUT", f"/accounts/{who}", given).status_code == 204
    guest = Person(app.test_client(), link["token"])
    for method, body in (("GET", None), ("PUT", {"password": OWN})):
        answer = guest(method, "/account-links/mine", body)
        assert (answer.status_code, answer.get_json()["code"]) == (410, "account_link_ended")
    assert state_of(admin, link["id"]) == {"ended": "ended"}.get(end, "revoked")


def test_of_two_who_use_one_link_at_once_one_has_it(as_: As, app: Flask, database: Database) -> None:
    link = invite(as_("admin"), newcomer(database)).get_json()
    words = [f"{OWN} {n}" for n in range(4)]

    def take(password: str) -> int:
        guest = Person(app.test_client(), link["token"])
        return int(guest("PUT", "/account-links/mine", {"password": password}).status_code)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(take, words))
    assert sorted(answers) == [200, 410, 410, 410]
    signed = [sign_in(app, number_of("newcomer"), one).status_code for one in words]
    assert signed == [201 if one == 200 else 401 for one in answers]


def test_nobody_is_invited_beyond_ones_units_or_twice(as_: As, database: Database, town: Town) -> None:
    who = newcomer(database)
    with database.transaction() as session:
        join(session, "branch admin", "south", Role.ADMIN)
        join(session, "gone", "north", is_active=False)
    assert invite(as_("branch admin"), who).status_code == 404
    assert invite(as_("dispatcher"), who).status_code == 403
    admin = as_("admin")
    assert invite(admin, town["rep"]).get_json()["code"] == "has_open_account"
    assert invite(admin, uid("gone")).get_json()["code"] == "has_left"
    taken = invite(admin, who, phone="T001").get_json()
    assert taken["code"] == "invalid"
    given = {"password": OWN, "roles": ["representative"], "phone": "13900000000"}
    assert admin("PUT", f"/accounts/{town['rep']}", given).status_code == 204
    taken = invite(admin, who, phone="+86 139 0000 0000").get_json()
    assert (taken["code"], taken["field"]) == ("id_taken", "phone")
    link = invite(admin, who).get_json()
    assert as_("branch admin")("DELETE", f"/account-links/{link['id']}").status_code == 404
    assert as_("branch admin").get("/account-links") == []


def test_a_reset_ends_password_sign_ins_and_personal_tokens(
    as_: As, app: Flask, database: Database, town: Town, phone_of: Callable[..., Phone]
) -> None:
    admin, rep = as_("admin"), as_("rep")
    token = rep("POST", "/tokens", {"label": "GIS"}).get_json()["token"]
    reader = Person(app.test_client(), token)
    assert reader("GET", "/sessions").status_code == 405
    made = admin("POST", "/account-links/passwords", {"staff_id": town["rep"], "hours": 1})
    assert made.status_code == 201, made.text
    for ended in (rep, reader):
        assert ended("GET", "/tokens").status_code == 401
    assert sign_in(app, "T005", PASSWORD, "rep's phone").status_code == 401
    guest = Person(app.test_client(), made.get_json()["token"])
    assert guest.get("/account-links/mine")["use"] == "password"
    assert guest("PUT", "/account-links/mine", {"password": OWN}).status_code == 200
    assert sign_in(app, "T005", OWN, "rep's phone").get_json()["roles"] == ["representative"]
    told = acts(database, town["rep"])
    assert [(one[0], one[1]) for one in told] == [
        ("password_reset", town["admin"]),
        ("password_changed", town["rep"]),
    ]
    assert told[0][3]["tokens_ended"] == 2  # the access, and the personal one


def test_a_reset_is_for_who_has_an_account(as_: As, database: Database, town: Town) -> None:
    admin, who = as_("admin"), newcomer(database)
    assert admin("POST", "/account-links/passwords", {"staff_id": who}).status_code == 404
    assert admin("DELETE", f"/accounts/{town['rep']}").status_code == 204
    closed = admin("POST", "/account-links/passwords", {"staff_id": town["rep"]})
    assert (closed.status_code, closed.get_json()["code"]) == (409, "action_does_not_fit")
