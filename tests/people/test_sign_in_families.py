"""Families of tokens: who holds a sign-in, and what ends it.

A refresh token shown twice too late ends it, a new password ends the others, a device id is one's own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services.credentials import need_strong
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.link import Refused
from tests.conftest import Person
from tests.factories import PASSWORD, Town, uid

As = Callable[[str], Person]
STRONG = "quartz lantern ferry 88"


def sign_in(app: Flask, login: str = "T005", device: str = "a phone", **more: Any) -> Any:
    password = more.pop("password", PASSWORD)
    body = {"login": login, "password": password, "device": {"id": uid(device), "name": device} | more}
    return app.test_client().post("/api/v1/sessions", json=body)


def refresh(app: Flask, token: str, device: str = "a phone") -> Any:
    return app.test_client().post(
        "/api/v1/sessions/refresh", json={"refresh_token": token, "device_id": uid(device)}
    )


def next_of(app: Flask, token: str) -> Any:
    answer = refresh(app, token)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["refresh_token"]


def is_over(app: Flask, signed: Any, *tokens: str) -> bool:
    """Nothing of the family opens anything."""
    said = [refresh(app, one).get_json().get("code") for one in tokens]
    access = Person(app.test_client(), signed["access_token"])("GET", "/tokens").status_code
    return set(said) == {"refresh_ended"} and access == 401


def test_a_spent_refresh_token_ends_the_family(app: Flask, database: Database) -> None:
    signed = sign_in(app).get_json()
    second = next_of(app, signed["refresh_token"])
    third = next_of(app, second)
    assert refresh(app, signed["refresh_token"]).get_json()["code"] == "refresh_ended"
    assert is_over(app, signed, third, second)
    with database.engine.connect() as connection:
        acts = connection.execute(text("SELECT act, network_address, after FROM administrative_act")).all()
    assert acts == [("sign_ins_ended", "127.0.0.1", {"why": "refresh_token_reused"})]


def test_one_spent_long_ago_ends_it_as_well(app: Flask) -> None:
    signed = sign_in(app).get_json()
    newest = signed["refresh_token"]
    for _ in range(4):
        newest = next_of(app, newest)
    assert refresh(app, signed["refresh_token"]).status_code == 401
    assert is_over(app, signed, newest)


def test_a_replay_before_use_leaves_one_branch_and_the_other_ends_it(app: Flask) -> None:
    signed = sign_in(app).get_json()
    lost = refresh(app, signed["refresh_token"]).get_json()
    kept = next_of(app, signed["refresh_token"])
    assert Person(app.test_client(), lost["access_token"])("GET", "/tokens").status_code == 401
    assert refresh(app, lost["refresh_token"]).status_code == 401
    assert is_over(app, signed, kept, signed["refresh_token"])


def test_many_refreshes_at_once_do_not_wait_for_each_other_in_a_circle(app: Flask) -> None:
    for round_ in range(5):
        phone = f"phone {round_}"
        token = sign_in(app, device=phone).get_json()["refresh_token"]
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda n: refresh(*n), [(app, token, phone)] * 8)
            said = [answer.status_code for answer in answers]
        assert said == [200] * 8, said


def test_a_refresh_token_from_another_device_ends_the_family(app: Flask) -> None:
    signed = sign_in(app).get_json()
    assert refresh(app, signed["refresh_token"], "another phone").get_json()["code"] == "refresh_ended"
    assert is_over(app, signed, signed["refresh_token"])


def test_other_families_of_the_person_go_on(app: Flask) -> None:
    here, there = sign_in(app).get_json(), sign_in(app, device="there").get_json()
    next_of(app, next_of(app, here["refresh_token"]))
    refresh(app, here["refresh_token"])
    assert refresh(app, there["refresh_token"], "there").status_code == 200


def test_a_token_made_up_for_no_family_ends_nothing(app: Flask) -> None:
    signed = sign_in(app).get_json()
    assert refresh(app, "A" * 64).get_json()["code"] == "refresh_ended"
    assert refresh(app, signed["refresh_token"]).status_code == 200


def test_a_refresh_token_of_the_release_before_works_once_more(app: Flask, database: Database) -> None:
    """It says nothing of its family; the next one does."""
    signed = sign_in(app).get_json()
    statement = "UPDATE token SET sha256 = sha256(CAST('old-form' AS bytea)) WHERE use = 'refresh'"
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    renewed = next_of(app, "old-form")
    assert refresh(app, renewed).status_code == 200
    assert signed["refresh_token"] != renewed


def test_unsent_work_outlives_the_end_of_a_sign_in(
    phone_of: Callable[..., Phone], app: Flask, town: Town
) -> None:
    phone = phone_of("rep")
    phone.sync()
    stolen = phone.store.meta("refresh")
    for _ in range(2):
        phone.store.set_meta(access="ended")
        phone.pull()
    phone.change("customer", town["customer 0"], {"note": "登录结束前写的"})
    answer = app.test_client().post(
        "/api/v1/sessions/refresh", json={"refresh_token": stolen, "device_id": phone.store.meta("device")}
    )
    assert answer.status_code == 401
    with pytest.raises(Refused, match="refresh_ended"):
        phone.sync()
    assert len(phone.store.waiting(10)) == 1
    phone.sign_in("T005", PASSWORD)
    phone.sync()
    assert phone.store.waiting(10) == []
    assert phone.store.record("customer", town["customer 0"])[1]["note"] == "登录结束前写的"  # type: ignore[index]


def test_a_new_password_ends_every_other_sign_in_and_token(app: Flask, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM token"))
    here, twin, there = (
        sign_in(app).get_json(),
        sign_in(app).get_json(),
        sign_in(app, device="there").get_json(),
    )
    me = Person(app.test_client(), here["access_token"])
    program = me("POST", "/tokens", {"label": "报表"}).get_json()
    assert me("PUT", "/sessions/password", {"old": PASSWORD, "new": STRONG}).status_code == 204
    for ended in (twin["access_token"], there["access_token"], program["token"]):
        assert Person(app.test_client(), ended)("GET", "/customers").status_code == 401
    assert refresh(app, twin["refresh_token"]).status_code == 401
    assert refresh(app, here["refresh_token"]).status_code == 200
    with database.engine.connect() as connection:
        acts = connection.execute(text("SELECT act, after FROM administrative_act ORDER BY acted_at")).all()
    assert [one[0] for one in acts] == ["token_made", "password_changed"]
    assert acts[1][1] == {"tokens_ended": 5}
    assert program["token"] not in str(acts)


def test_an_account_set_anew_ends_personal_tokens_too(app: Flask, as_: As, town: Town) -> None:
    program = as_("rep")("POST", "/tokens", {"label": "报表"}).get_json()
    body = {"password": STRONG, "roles": ["representative"]}
    assert as_("admin")("PUT", f"/accounts/{town['rep']}", body).status_code == 204
    assert Person(app.test_client(), program["token"])("GET", "/customers").status_code == 401


def test_a_device_id_is_not_anybodys(app: Flask) -> None:
    mine = sign_in(app, "T005").get_json()
    taken = sign_in(app, "T006")
    assert (taken.status_code, taken.get_json()["code"]) == (409, "device_taken")
    assert sign_in(app, "T006", secret="guess").status_code == 409
    # Who shares the phone or the browser has its secret, and needs it once.
    shared = sign_in(app, "T006", secret=mine["device_secret"])
    assert (shared.status_code, shared.get_json()["device_secret"]) == (201, None)
    assert sign_in(app, "T006").status_code == 201
    # The reply that brought the secret was lost, or the browser forgot it: the owner's password is enough.
    assert sign_in(app, "T005").get_json()["device_secret"] not in (None, mine["device_secret"])


def test_a_wrong_password_learns_nothing_of_a_device(app: Flask) -> None:
    sign_in(app, "T005")
    assert sign_in(app, "T006", password="guess").get_json()["code"] == "wrong_credentials"


def test_a_strangers_key_does_not_come_onto_a_device(app: Flask, database: Database) -> None:
    sign_in(app, "T005")
    sign_in(app, "T006", public_key="a stranger's")
    with database.engine.connect() as connection:
        keys = (
            connection.execute(text("SELECT public_key FROM device WHERE name = 'a phone'")).scalars().all()
        )
    assert keys == [None]


def test_a_phone_whose_id_is_taken_goes_on_under_another(phone_of: Callable[..., Phone], town: Town) -> None:
    mine, other = phone_of("rep"), phone_of("leader", signed_in=False)
    other.store.set_meta(device=mine.store.meta("device"))
    other.sign_in("T007", PASSWORD)
    assert other.store.meta("device") != mine.store.meta("device")
    other.sync()


def test_a_phone_shows_its_secret(phone_of: Callable[..., Phone]) -> None:
    phone = phone_of("rep")
    first = phone.store.meta("device_secret")
    phone.sign_in("T005", PASSWORD)
    assert first
    assert phone.store.meta("device_secret") == first


WEAK = {
    "1234567890": "easy_to_guess",
    "password123": "easy_to_guess",
    "short": "too_short",
    "aaaaaaaaaaaaaa": "easy_to_guess",
    "my T005 number": "own_number",
    "my ｔ００５ number": "own_number",
    "ｐａｓｓｗｏｒｄ１２３": "easy_to_guess",
    "wangge网格2026": "easy_to_guess",
    "wangge-demo-2026": "easy_to_guess",
    "Wangge-Demo-2027!": "easy_to_guess",
    "zilaishui123": "easy_to_guess",
    "yuangong5north": "easy_to_guess",
    "qwertyuiop2026": "easy_to_guess",
    "2026-11-272026-11-27": "easy_to_guess",
    "x" * 200: "easy_to_guess",
}


def test_a_weak_password_is_told_by_which_rule() -> None:
    said = {}
    for password in WEAK:
        with pytest.raises(Problem, match="password_too_weak") as refused:
            need_strong(password, ("T005", None), ["员工5", "yuangong5", "north"])
        said[password] = refused.value.detail["faults"][0]
    assert {password: fault["code"] for password, fault in said.items()} == WEAK
    assert all(fault["zh"] != fault["en"] for fault in said.values())


def test_nobody_sets_a_weak_one(app: Flask, as_: As, town: Town) -> None:
    answer = as_("rep")("PUT", "/sessions/password", {"old": PASSWORD, "new": "yuangong5-north"}).get_json()
    assert (answer["code"], answer["faults"][0]["code"]) == ("password_too_weak", "easy_to_guess")
    body = {"password": "password123", "roles": ["representative"]}
    assert as_("admin")("PUT", f"/accounts/{town['rep']}", body).get_json()["code"] == "password_too_weak"


def test_a_strong_one_is_taken(app: Flask, as_: As, town: Town) -> None:
    for password in (STRONG, PASSWORD, "河岸清晨四十二只白鹭飞过", "correct horse battery staple"):
        body = {"password": password, "roles": ["representative"]}
        assert as_("admin")("PUT", f"/accounts/{town['rep']}", body).status_code == 204, password
        assert sign_in(app, password=password).status_code == 201, password


def test_two_accounts_do_not_share_a_login_by_its_form(app: Flask, as_: As, town: Town) -> None:
    body = {"password": STRONG, "roles": ["representative"], "phone": "t005 555"}
    assert as_("admin")("PUT", f"/accounts/{town['rep']}", body).status_code == 204
    assert sign_in(app, "Ｔ００５５５５", password=STRONG).status_code == 201
    taken = as_("admin")("PUT", f"/accounts/{town['other_rep']}", body | {"phone": " ｔ００５５５５"})
    assert (taken.status_code, taken.get_json()["code"], taken.get_json()["field"]) == (
        409,
        "id_taken",
        "phone",
    )
    assert as_("admin")("PUT", f"/accounts/{town['rep']}", body | {"phone": "t00 555"}).status_code == 204


def test_what_administrators_do_to_devices_and_tokens_is_noted(
    app: Flask, as_: As, database: Database, town: Town
) -> None:
    token = as_("dispatcher")("POST", "/tokens", {"label": "报表"}).get_json()
    as_("dispatcher")("DELETE", f"/tokens/{token['id']}")
    for _ in range(2):
        assert (
            as_("dispatcher")("PUT", f"/devices/{uid('rep' + chr(39) + 's phone')}/revocation").status_code
            == 200
        )
    with database.engine.connect() as connection:
        acts = (
            connection.execute(text("SELECT act FROM administrative_act ORDER BY acted_at")).scalars().all()
        )
    assert acts == ["token_made", "token_revoked", "device_revoked"]
