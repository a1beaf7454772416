"""Signing in and out, refreshing over a link that loses replies, passwords, personal tokens, accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.db import Database
from tests.conftest import Person
from tests.factories import PASSWORD, Town, uid

As = Callable[[str], Person]


def sign_in(
    app: Flask, login: str = "T005", password: str = PASSWORD, device: str = "a phone", **where: Any
) -> Any:
    body = {"login": login, "password": password, "device": {"id": uid(device), "name": device}}
    body["device"]["secret"] = where.pop("secret", None)
    return app.test_client().post("/api/v1/sessions", json=body, **where)


def refresh(app: Flask, token: str, device: str = "a phone") -> Any:
    return app.test_client().post(
        "/api/v1/sessions/refresh", json={"refresh_token": token, "device_id": uid(device)}
    )


def test_signing_in_gives_tokens_and_roles(app: Flask, town: Town) -> None:
    answer = sign_in(app)
    assert answer.status_code == 201
    body = answer.get_json()
    assert (body["staff_id"], body["roles"], body["device_revoked"]) == (
        town["rep"],
        ["representative"],
        False,
    )


@pytest.mark.parametrize(("login", "password"), [("T005", "wrong"), ("nobody", PASSWORD), ("", PASSWORD)])
def test_a_wrong_number_or_password_is_told_alike(app: Flask, login: str, password: str) -> None:
    answer = sign_in(app, login, password)
    assert answer.get_json()["code"] in ("wrong_credentials", "invalid")
    assert "remedy" in answer.get_json()


def test_no_secret_is_stored_in_clear(app: Flask, database: Database) -> None:
    body = sign_in(app).get_json()
    with database.engine.connect() as connection:
        dump = str(connection.execute(text("SELECT * FROM token")).all()) + str(
            connection.execute(text("SELECT * FROM account")).all()
        )
    assert PASSWORD not in dump
    assert body["access_token"] not in dump
    assert body["refresh_token"] not in dump
    assert "$argon2id$" in dump


def test_a_demo_account_signs_in_from_this_machine_only(app: Flask, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE account SET is_demo = true"))
    assert sign_in(app).status_code == 201
    far = sign_in(app, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert (far.status_code, far.get_json()["code"]) == (403, "demo_from_outside")


def test_the_old_refresh_token_works_until_the_new_one_is_used(app: Flask) -> None:
    first = sign_in(app).get_json()["refresh_token"]
    refresh(app, first)
    refresh(app, first)
    second = refresh(app, first).get_json()["refresh_token"]
    third = refresh(app, second)
    assert third.status_code == 200
    assert refresh(app, third.get_json()["refresh_token"]).status_code == 200


def test_signing_out_ends_the_tokens(app: Flask) -> None:
    body = sign_in(app).get_json()
    person = Person(app.test_client(), body["access_token"])
    assert person("GET", "/tokens").status_code == 200
    assert person("DELETE", "/sessions").status_code == 204
    assert person("GET", "/tokens").get_json()["code"] == "not_signed_in"
    assert refresh(app, body["refresh_token"]).get_json()["code"] == "refresh_ended"


def test_an_expired_token_is_not_signed_in(app: Flask, database: Database) -> None:
    body = sign_in(app).get_json()
    with database.engine.begin() as connection:
        connection.execute(
            text("UPDATE token SET expires_at = :at"), {"at": datetime.now(UTC) - timedelta(seconds=1)}
        )
    assert Person(app.test_client(), body["access_token"])("GET", "/tokens").status_code == 401
    assert refresh(app, body["refresh_token"]).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer nonsense", "Bearer ♥"])
def test_anything_but_a_token_is_not_signed_in(app: Flask, header: str) -> None:
    answer = app.test_client().get(
        "/api/v1/customers", headers={"Authorization": header.encode().decode("latin-1")}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (401, "not_signed_in")


def test_changing_the_password_ends_other_sign_ins(app: Flask) -> None:
    here, there = sign_in(app, device="here").get_json(), sign_in(app, device="there").get_json()
    mine, other = (
        Person(app.test_client(), here["access_token"]),
        Person(app.test_client(), there["access_token"]),
    )
    assert (
        mine("PUT", "/sessions/password", {"old": "wrong", "new": "a new long secret"}).get_json()["code"]
        == "wrong_credentials"
    )
    assert mine("PUT", "/sessions/password", {"old": PASSWORD, "new": "a new long secret"}).status_code == 204
    assert mine("GET", "/tokens").status_code == 200
    assert other("GET", "/tokens").status_code == 401
    assert sign_in(app).status_code == 401
    assert sign_in(app, password="a new long secret").status_code == 201


def test_a_personal_token_reads_and_cannot_write(app: Flask, as_: As, town: Town) -> None:
    dispatcher = as_("dispatcher")
    made = dispatcher("POST", "/tokens", {"label": "报表程序", "days": 30}).get_json()
    program = Person(app.test_client(), made["token"])
    assert len(program.get("/customers")["rows"]) == 6
    assert (
        program("PATCH", f"/customers/{town['customer 1']}", {"note": "x"}, version=1).get_json()["code"]
        == "read_only_token"
    )
    assert "token" not in dispatcher.get("/tokens")[0]
    assert dispatcher("DELETE", f"/tokens/{made['id']}").status_code == 204
    assert program("GET", "/customers").status_code == 401
    assert dispatcher("DELETE", f"/tokens/{made['id']}").status_code == 404


def test_an_administrator_opens_and_closes_accounts(app: Flask, as_: As, town: Town) -> None:
    admin = as_("admin")
    staff = {
        "unit_id": town["north"],
        "staff_number": "N900",
        "name": "新人",
        "post": "service_clerk",
        "employment": "own",
        "is_active": True,
    }
    new = admin("POST", "/staff", staff).get_json()
    body = {"password": "first-password-1", "roles": ["hotline_agent"], "phone": "13900000000"}
    assert as_("dispatcher")("PUT", f"/accounts/{new['id']}", body).get_json()["code"] == "not_allowed"
    assert admin("PUT", f"/accounts/{new['id']}", body).status_code == 204
    assert sign_in(app, "13900000000", "first-password-1").get_json()["roles"] == ["hotline_agent"]
    assert admin("PUT", f"/accounts/{town['rep']}", body).get_json()["code"] == "id_taken"
    assert admin("DELETE", f"/accounts/{new['id']}").status_code == 204
    assert sign_in(app, "N900", "first-password-1").status_code == 401
    assert admin("DELETE", f"/accounts/{town['nobody']}").status_code == 404
