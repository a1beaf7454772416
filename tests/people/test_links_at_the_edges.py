"""Links to accounts at their edges: how long they hold, what they show, who is told no and how."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import credentials, record_writer
from backend.people.services.account_links import NO_PASSWORD, state_of
from tests.conftest import Person
from tests.factories import CHEAP, PASSWORD, Town, forged, uid
from tests.newcomers import join, open_section
from tests.people.test_account_links import OWN, invite
from tests.people.test_accounts import acts, newcomer, number_of, sign_in

As = Callable[[str], Person]
NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


def guest(app: Flask, token: str) -> Person:
    """Whoever has a link."""
    return Person(app.test_client(), token)


@pytest.mark.parametrize(
    ("used", "revoked", "until", "state"),
    [
        (None, None, AFTER, "open"),
        (None, None, BEFORE, "ended"),
        (None, None, NOW, "ended"),
        (None, BEFORE, AFTER, "revoked"),
        (None, BEFORE, BEFORE, "revoked"),
        (BEFORE, None, AFTER, "used"),
        # What was used is told of first, whatever happened to it then.
        (BEFORE, BEFORE, BEFORE, "used"),
    ],
)
def test_what_became_of_a_link(used: Any, revoked: Any, until: datetime, state: str) -> None:
    assert state_of(used, revoked, until, NOW) == state


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 721}, "hours"),
        ({"roles": []}, "roles"),
        ({"roles": ["director"]}, "roles"),
        ({"phone": "12345"}, "phone"),
        ({"staff_id": "nobody"}, "staff_id"),
        ({"password": OWN}, "password"),
    ],
)
def test_an_invitation_that_cannot_be_is_told_at_its_field(
    as_: As, database: Database, odd: dict[str, Any], field: str
) -> None:
    who = newcomer(database)
    body = {"staff_id": who, "roles": ["auditor"]} | odd
    answer = as_("admin")("POST", "/account-links/invitations", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert {one["field"].split(".")[0] for one in answer.get_json()["faults"]} == {field}
    assert acts(database, who) == []


@pytest.mark.parametrize("hours", [1, 720])
def test_a_link_holds_as_long_as_was_said(as_: As, database: Database, hours: int) -> None:
    made = invite(as_("admin"), newcomer(database), hours=hours).get_json()
    until = datetime.fromisoformat(made["until"])
    assert abs(until - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)


def test_a_forged_or_broken_token_opens_nothing(as_: As, app: Flask, database: Database) -> None:
    token = invite(as_("admin"), newcomer(database)).get_json()["token"]
    for odd in (forged(token), token[:-1], token[1:], "x", "/" * 40):
        answer = guest(app, odd)("GET", "/account-links/mine")
        assert (answer.status_code, answer.get_json()["code"]) == (410, "account_link_ended"), odd
    # As mail breaks it, or whole, as it was pasted.
    for typed in (f"{token[:20]} {token[20:]}", f"https://house/m/invitation#{token}", f"«{token}»"):
        headers = {"Authorization": f"Bearer {typed}".encode("latin-1", "ignore").decode("latin-1")}
        answer = app.test_client().get("/api/v1/account-links/mine", headers=headers)
        assert answer.status_code == 200, typed


def test_a_link_gives_no_other_right(as_: As, app: Flask, database: Database) -> None:
    token = invite(as_("admin"), newcomer(database), "admin").get_json()["token"]
    for method, path in (
        ("GET", "/accounts"),
        ("GET", "/staff"),
        ("POST", "/tokens"),
        ("GET", "/account-links"),
    ):
        assert guest(app, token)(method, path).status_code == 401, path
    # And a signed-in person has no link by their own token.
    assert as_("admin")("GET", "/account-links/mine").status_code == 410


def test_the_form_of_a_password_is_judged_before_the_link_is_used_up(
    as_: As, app: Flask, database: Database
) -> None:
    token = invite(as_("admin"), newcomer(database), phone="13900000000").get_json()["token"]
    who = guest(app, token)
    for weak in (
        "short",
        "1234567890",
        "13900000000",
        f"{number_of('newcomer')} x",
        "newcomer north",
        "a" * 30,
    ):
        answer = who("PUT", "/account-links/mine", {"password": weak})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "password_too_weak"), weak
        assert answer.get_json()["faults"][0]["field"] == "password"
    for odd in ({}, {"password": ""}, {"password": "x" * 201}, {"password": OWN, "roles": ["admin"]}):
        assert who("PUT", "/account-links/mine", odd).get_json()["code"] == "invalid"
    assert who("PUT", "/account-links/mine", {"password": OWN}).status_code == 200


def test_whoever_left_meanwhile_takes_no_invitation(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    who = newcomer(database)
    token = invite(as_("admin"), who).get_json()["token"]
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "staff", who, {"is_active": False})
    answer = guest(app, token)("PUT", "/account-links/mine", {"password": OWN})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "has_left")
    assert sign_in(app, number_of("newcomer"), OWN).status_code == 401


def test_a_number_that_was_given_away_meanwhile_is_refused_in_words(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    admin = as_("admin")
    token = invite(admin, newcomer(database), phone="13900000000").get_json()["token"]
    change = {"roles": ["representative"], "phone": "139 0000 0000"}
    assert admin("PATCH", f"/accounts/{town['rep']}", change).status_code == 204
    answer = guest(app, token)("PUT", "/account-links/mine", {"password": OWN})
    assert (answer.get_json()["code"], answer.get_json()["field"]) == ("id_taken", "phone")
    # Nothing was used up: with the number free again the same link is good.
    assert admin("PATCH", f"/accounts/{town['rep']}", {"roles": ["representative"]}).status_code == 204
    assert guest(app, token)("PUT", "/account-links/mine", {"password": OWN}).status_code == 200


def test_a_closed_account_is_opened_again_by_an_invitation(
    as_: As, app: Flask, database: Database, town: Town
) -> None:
    admin = as_("admin")
    assert admin("DELETE", f"/accounts/{town['rep']}").status_code == 204
    token = invite(admin, town["rep"], "supervisor").get_json()["token"]
    assert guest(app, token)("PUT", "/account-links/mine", {"password": OWN}).status_code == 200
    assert sign_in(app, "T005", PASSWORD, "rep's phone").status_code == 401
    assert sign_in(app, "T005", OWN, "rep's phone").get_json()["roles"] == ["supervisor"]
    kept = [one[2:] for one in acts(database, town["rep"]) if one[0] == "invitation_accepted"]
    assert kept == [
        (
            {"roles": ["representative"], "is_active": False},
            {"roles": ["supervisor"], "is_active": True},
        )
    ]


def test_links_of_sections_are_the_branchs_to_give_and_take(as_: As, database: Database) -> None:
    with database.transaction() as session:
        open_section(session, "section", "north")
        join(session, "north admin", "north", Role.ADMIN)
        join(session, "section admin", "section", Role.ADMIN)
        join(session, "clerk", "section")
    made = invite(as_("north admin"), uid("clerk")).get_json()
    assert [one["id"] for one in as_("section admin").get("/account-links")] == [made["id"]]
    above = invite(as_("section admin"), newcomer(database))
    assert (above.status_code, above.get_json()["code"]) == (404, "not_found")
    assert as_("section admin")("DELETE", f"/account-links/{made['id']}").status_code == 204
    assert as_("north admin").get("/account-links")[0]["state"] == "revoked"
    assert as_("north admin")("DELETE", f"/account-links/{uid('nothing')}").status_code == 404


def test_a_reset_password_is_nobodys(as_: As, app: Flask, database: Database, town: Town) -> None:
    """What stands in place of the hash cannot be typed."""
    made = as_("admin")("POST", "/account-links/passwords", {"staff_id": town["rep"]})
    assert made.status_code == 201
    with database.transaction() as session:
        kept = text("SELECT password_hash FROM account WHERE staff_id = CAST(:id AS uuid)")
        assert session.execute(kept, {"id": town["rep"]}).scalar_one() == NO_PASSWORD
    for typed in (NO_PASSWORD, PASSWORD, "none"):
        assert sign_in(app, "T005", typed, "rep's phone").get_json()["code"] == "wrong_credentials"


def test_the_second_reset_ends_the_first(as_: As, app: Flask, town: Town) -> None:
    admin, asked = as_("admin"), {"staff_id": town["rep"]}
    first, second = (admin("POST", "/account-links/passwords", asked).get_json()["token"] for _ in range(2))
    assert guest(app, first)("PUT", "/account-links/mine", {"password": OWN}).status_code == 410
    assert guest(app, second)("PUT", "/account-links/mine", {"password": OWN}).status_code == 200


def test_an_account_that_is_closed_meanwhile_gets_no_new_password(as_: As, app: Flask, town: Town) -> None:
    admin = as_("admin")
    token = admin("POST", "/account-links/passwords", {"staff_id": town["rep"]}).get_json()["token"]
    assert admin("DELETE", f"/accounts/{town['rep']}").status_code == 204
    assert guest(app, token)("PUT", "/account-links/mine", {"password": OWN}).status_code == 410
    assert sign_in(app, "T005", OWN, "rep's phone").status_code == 401
