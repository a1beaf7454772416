"""Attacks by those whose rights have ended: old links, halves of keys, passwords that others know."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import credentials, record_writer
from backend.people.queries.accounts import backed_links
from backend.queue import serving
from tests.conftest import Person
from tests.factories import CHEAP, PASSWORD, Town, uid
from tests.newcomers import join, open_section
from tests.people.test_account_links import OWN, invite, state_of
from tests.people.test_accounts import newcomer, number_of, sign_in
from tests.people.test_first_sign_in import set_active
from tests.people.test_phone_recovery import HALF, PROOF, approve, collect

As = Callable[[str], Person]
STRONG, ENDED = "quartz lantern ferry 88 x", (410, "account_link_ended")
OTHER_HALF = base64.b64encode(bytes(reversed(range(32)))).decode()


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


@pytest.fixture
def branch(as_: As, database: Database) -> Person:
    """An administrator of the north, who answers for nobody else."""
    with database.transaction() as session:
        join(session, "branch", "north", Role.ADMIN)
    return as_("branch")


@pytest.fixture
def kept(as_: As) -> str:
    """The representative's phone has left a half here; its id."""
    body = {"half": HALF, "proof": PROOF}
    assert as_("rep")("PUT", f"/phone-recoveries/{uid('half')}", body).status_code == 204
    return uid("half")


@pytest.fixture
def phone(app: Flask) -> Person:
    """The locked phone."""
    return Person(app.test_client(), PROOF)


def tried(app: Flask, token: str) -> tuple[int, str | None]:
    """What a link opens: looked at and used."""
    guest = Person(app.test_client(), token)
    seen = guest("GET", "/account-links/mine")
    used = guest("PUT", "/account-links/mine", {"password": OWN})
    assert seen.status_code == used.status_code, (seen.text, used.text)
    return used.status_code, used.get_json().get("code")


def move(database: Database, who: str, unit: str) -> None:
    with database.transaction() as session:
        record_writer.change(session, system(uid("group")), "staff", who, {"unit_id": uid(unit)})


def link_to_password(admin: Person, who: str) -> Any:
    made = admin("POST", "/account-links/passwords", {"staff_id": who})
    assert made.status_code == 201, made.text
    return made.get_json()


def test_an_invitation_of_a_branch_opens_no_account_of_the_group(
    as_: As, app: Flask, database: Database, branch: Person
) -> None:
    """As administrator, by whoever had no right over the group: the person went there meanwhile."""
    who = newcomer(database)
    link = invite(branch, who, "admin").get_json()
    move(database, who, "group")
    assert tried(app, link["token"]) == ENDED
    assert sign_in(app, number_of("newcomer"), OWN).status_code == 401
    assert state_of(branch, link["id"]) == "ended"
    # Those who answer for the group now invite as what they want; and back again the old one is good still.
    assert invite(as_("admin"), who, "representative").status_code == 201
    move(database, who, "north")
    assert state_of(branch, link["id"]) == "revoked"


def test_a_way_to_a_password_ends_when_the_account_gets_more_roles(
    as_: As, app: Flask, branch: Person, town: Town
) -> None:
    """Whoever made the link has its token: what others give the account later is not theirs."""
    link = link_to_password(branch, town["rep"])
    change = {"roles": ["admin", "representative"]}
    assert as_("admin")("PATCH", f"/accounts/{town['rep']}", change).status_code == 204
    assert tried(app, link["token"]) == ENDED
    assert state_of(branch, link["id"]) == "revoked"


def test_another_number_alone_ends_no_way_to_a_password(as_: As, app: Flask, town: Town) -> None:
    admin = as_("admin")
    link = link_to_password(admin, town["rep"])
    change = {"roles": ["representative"], "phone": "13900000000"}
    assert admin("PATCH", f"/accounts/{town['rep']}", change).status_code == 204
    assert tried(app, link["token"]) == (200, None)
    assert sign_in(app, "13900000000", OWN, "rep's phone").status_code == 201


def test_an_invitation_ends_when_the_closed_account_is_opened_otherwise(
    as_: As, app: Flask, branch: Person, town: Town
) -> None:
    assert branch("DELETE", f"/accounts/{town['rep']}").status_code == 204
    link = invite(branch, town["rep"], "supervisor").get_json()
    opened = as_("admin")("PATCH", f"/accounts/{town['rep']}", {"roles": ["representative"]})
    assert opened.status_code == 204
    assert tried(app, link["token"]) == ENDED
    assert sign_in(app, "T005", PASSWORD, "rep's phone").get_json()["roles"] == ["representative"]


@pytest.mark.parametrize("end", ["closed", "left", "no administrator", "elsewhere"])
def test_links_end_with_the_rights_of_who_made_them(
    as_: As, app: Flask, database: Database, branch: Person, end: str
) -> None:
    admin, who = as_("admin"), newcomer(database)
    link = invite(branch, who, "admin", hours=720).get_json()
    assert state_of(admin, link["id"]) == "open"
    maker = uid("branch")
    if end == "closed":
        assert admin("DELETE", f"/accounts/{maker}").status_code == 204
    elif end == "left":
        set_active(admin, maker, False)
    elif end == "no administrator":
        assert admin("PATCH", f"/accounts/{maker}", {"roles": ["dispatcher"]}).status_code == 204
    else:
        move(database, maker, "south")
        given = {"roles": ["admin"], "password": STRONG}
        assert admin("PUT", f"/accounts/{maker}", given).status_code == 204
    assert tried(app, link["token"]) == ENDED
    assert state_of(admin, link["id"]) == "ended"
    # Another administrator makes another, which is as good as ever.
    assert tried(app, invite(admin, who).get_json()["token"]) == (200, None)


def test_a_link_of_a_unit_above_holds_below_and_of_two_each_has_its_own_maker(
    as_: As, database: Database, branch: Person
) -> None:
    with database.transaction() as session:
        section = open_section(session, "section", "north")
        people = [join(session, name, unit) for name, unit in (("one", "section"), ("two", "north"))]
    links = [
        invite(one, who).get_json()["id"] for one, who in zip((as_("admin"), branch), people, strict=True)
    ]
    with database.transaction() as session:
        assert backed_links(session, []) == set()
        assert backed_links(session, [*links, uid("none")]) == set(links)
        # A section's administrator keeps nobody's account above it.
        moved = "UPDATE account SET unit_id = CAST(:unit AS uuid) WHERE staff_id = CAST(:who AS uuid)"
        session.execute(text(moved), {"unit": section, "who": uid("branch")})
        assert backed_links(session, links) == {links[0]}


def test_who_came_back_has_no_link_of_before(as_: As, app: Flask, database: Database, town: Town) -> None:
    admin, fresh = as_("admin"), newcomer(database)
    links = [link_to_password(admin, town["rep"]), invite(admin, fresh).get_json()]
    for is_active in (False, True):
        for who in (town["rep"], fresh):
            set_active(admin, who, is_active)
        serving.serve(database)
    assert [tried(app, one["token"]) for one in links] == [ENDED, ENDED]
    assert [state_of(admin, one["id"]) for one in links] == ["revoked", "revoked"]


def test_a_voided_person_takes_no_link(as_: As, app: Flask, database: Database) -> None:
    admin, who = as_("admin"), newcomer(database)
    link = invite(admin, who).get_json()
    gone = admin("PUT", f"/voids/staff/{who}", {"reason": "录了两次"})
    assert gone.status_code == 204, gone.text
    guest = Person(app.test_client(), link["token"])
    answer = guest("PUT", "/account-links/mine", {"password": OWN})
    assert answer.status_code in (404, 409, 410), answer.text
    assert sign_in(app, number_of("newcomer"), OWN).status_code == 401


def test_ones_own_password_is_not_the_one_that_was_given(as_: As, app: Flask, database: Database) -> None:
    who = newcomer(database)
    given = {"password": STRONG, "roles": ["dispatcher"], "must_change_password": True}
    assert as_("admin")("PUT", f"/accounts/{who}", given).status_code == 204
    signed = sign_in(app, number_of("newcomer"), STRONG).get_json()
    person = Person(app.test_client(), signed["access_token"])
    same = person("PUT", "/sessions/password", {"old": STRONG, "new": STRONG})
    assert (same.status_code, same.get_json()["code"]) == (422, "password_too_weak")
    assert [one["field"] for one in same.get_json()["faults"]] == ["new"]
    assert person("GET", "/tokens").get_json()["code"] == "password_change_needed"
    assert person("PUT", "/sessions/password", {"old": STRONG, "new": OWN}).status_code == 204
    assert person("GET", "/tokens").status_code == 200
    # Whoever chose it may give it again: other sign-ins end.
    assert person("PUT", "/sessions/password", {"old": OWN, "new": OWN}).status_code == 204


def test_a_password_to_be_changed_opens_nothing_on_any_way(as_: As, app: Flask, database: Database) -> None:
    """Renewed tokens, personal ones, sync, files, streams, exports: all wait for one's own password."""
    who = newcomer(database)
    admin, given = as_("admin"), {"password": STRONG, "roles": ["admin"]}
    assert admin("PUT", f"/accounts/{who}", given).status_code == 204
    signed = sign_in(app, number_of("newcomer"), STRONG).get_json()
    personal = Person(app.test_client(), signed["access_token"])("POST", "/tokens", {"label": "GIS"})
    tokens = {"personal": personal.get_json()["token"]}
    with database.transaction() as session:
        given_by_others = "UPDATE account SET must_change_password = true WHERE staff_id = CAST(:who AS uuid)"
        session.execute(text(given_by_others), {"who": who})
    body = {"refresh_token": signed["refresh_token"], "device_id": uid("a phone")}
    renewed = app.test_client().post("/api/v1/sessions/refresh", json=body).get_json()
    assert renewed["must_change_password"] is True
    tokens |= {"old": signed["access_token"], "renewed": renewed["access_token"]}
    paths = ("/accounts", "/tokens", "/exports/kinds/customer", "/installation", "/voids", "/imports")
    for name, token in tokens.items():
        for path in paths:
            answer = Person(app.test_client(), token)("GET", path)
            # The old access token ends with the first use of the renewed one, at the latest.
            assert answer.status_code in (401, 403), (name, path)
            assert answer.get_json()["code"] in ("password_change_needed", "not_signed_in")
    for path, sent in (
        ("pull", {"store": uid("store"), "limit": 1}),
        ("push", {"sent_at": "2026-11-28T00:00:00Z", "mutations": []}),
    ):
        answer = Person(app.test_client(), tokens["renewed"])("POST", f"/sync/{path}", sent)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "password_change_needed"), path


def test_a_password_that_others_know_gives_no_half(as_: As, phone: Person, kept: str, town: Town) -> None:
    """Else who gave it and approves needs the phone alone."""
    admin = as_("admin")
    given = {"password": STRONG, "roles": ["representative"], "must_change_password": True}
    assert admin("PUT", f"/accounts/{town['rep']}", given).status_code == 204
    code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    assert approve(admin, kept, code)[0] == 204
    assert collect(phone, STRONG) == "password_change_needed"
    assert collect(phone, PASSWORD) == "wrong_credentials"
    assert phone.get("/phone-recoveries/mine")["state"] == "approved"


def test_a_proof_is_one_phones_and_an_id_one_halfs(as_: As, phone: Person, kept: str) -> None:
    """A second row by the same proof would break the first phone for ever; another half would be lost."""
    for who in ("rep", "other_rep"):
        answer = as_(who)("PUT", f"/phone-recoveries/{uid('other')}", {"half": HALF, "proof": PROOF})
        assert (answer.status_code, answer.get_json()["field"]) == (409, "proof"), who
    for odd in ({"half": OTHER_HALF, "proof": PROOF}, {"half": HALF, "proof": "t" * 43}):
        answer = as_("rep")("PUT", f"/phone-recoveries/{kept}", odd)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "id_taken")
    assert phone.get("/phone-recoveries/mine")["state"] == "kept"


def test_of_halves_left_at_once_one_is_kept(as_: As, phone: Person) -> None:
    rep = as_("rep")

    def leave(name: str) -> int:
        sent = {"half": HALF, "proof": PROOF}
        return int(rep("PUT", f"/phone-recoveries/{uid(name)}", sent).status_code)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(leave, ["half"] * 4)) == {204}
        assert list(pool.map(leave, ["one", "two", "half"])) == [409, 409, 204]
    assert phone.get("/phone-recoveries/mine")["state"] == "kept"


def test_who_sees_a_request_is_who_may_approve_it(
    as_: As, phone: Person, kept: str, database: Database, branch: Person, town: Town
) -> None:
    """The person went to another branch; their account has not yet: it is those above both who decide."""
    with database.transaction() as session:
        join(session, "south admin", "south", Role.ADMIN)
    move(database, town["rep"], "south")
    code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    for admin in (branch, as_("south admin")):
        assert admin.get("/phone-recoveries") == []
        assert approve(admin, kept, code)[0] == 404
    assert [one["id"] for one in as_("admin").get("/phone-recoveries")] == [kept]
    assert approve(as_("admin"), kept, code) == (204, None)


def test_nothing_of_a_link_or_a_half_stands_in_trail_history_or_outbox(
    as_: As, app: Flask, phone: Person, kept: str, database: Database, town: Town
) -> None:
    admin = as_("admin")
    link = invite(admin, newcomer(database), phone="13900000000").get_json()
    assert tried(app, link["token"]) == (200, None)
    code = phone("POST", "/phone-recoveries/mine").get_json()["code"]
    assert approve(admin, kept, code)[0] == 204
    assert collect(phone) == HALF
    serving.serve(database)
    with database.transaction() as session:
        for table in ("administrative_act", "sync_document", "sync_history", "outbox", "message"):
            rows = session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
            said = "\n".join(rows)
            for secret in (link["token"], OWN, PASSWORD, HALF, PROOF, "13900000000"):
                assert secret not in said, (table, secret)
