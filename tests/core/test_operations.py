"""For whoever runs the server: health, metrics, request ids, headers, logs without personal data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core import config, logs
from backend.core.db import Database, make_engine
from backend.core.services.tidying import tidy
from backend.customers.api import customers
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_answers_without_an_account(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 200


def test_a_lost_database_is_not_ready_and_says_when_to_retry(app: Flask, as_: As) -> None:
    person = as_("rep")
    lost = Database(make_engine("postgresql://nobody@127.0.0.1:1/nothing"))
    app.extensions["wangge"] = replace(app.extensions["wangge"], database=lost)
    assert app.test_client().get("/healthz").status_code == 200
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (
        503,
        "not_ready",
        "5",
    )
    assert person("GET", "/customers").status_code == 503


def test_metrics_are_for_this_machine(app: Flask, as_: As) -> None:
    as_("rep").get("/customers")
    here = app.test_client().get("/metrics")
    assert "wangge_oldest_writer_seconds" in here.text
    assert 'route="/api/v1/customers"' in here.text
    assert app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 404


def test_every_answer_carries_its_request_id_and_headers(app: Flask) -> None:
    own = app.test_client().get("/healthz", headers={"X-Request-Id": "abc-123"})
    assert own.headers["X-Request-Id"] == "abc-123"
    evil = app.test_client().get("/healthz", headers={"X-Request-Id": "a" * 200})
    assert len(evil.headers["X-Request-Id"]) == 36
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy"):
        assert own.headers[name]
    secure = app.test_client().get("/healthz", base_url="https://localhost")
    assert "max-age" in secure.headers["Strict-Transport-Security"]


def test_logs_hold_no_personal_data(as_: As, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    agent = as_("agent")
    logs.configure()
    job = {
        "matter_id": town["leak"],
        "place": middle(0),
        "reporter": {"name": "赵钱孙", "phone": "13812345678"},
        "address": "秘密路1号",
    }
    agent("POST", "/work-orders", job)
    agent("GET", "/territory/customers", query_string={"words": "王小一"})
    agent("POST", "/work-orders", job | {"matter_id": town["nobody"]})
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line["route"] for line in lines if "route" in line][-3:] == [
        "/api/v1/work-orders",
        "/api/v1/territory/customers",
        "/api/v1/work-orders",
    ]
    for secret in ("赵钱孙", "13812345678", "秘密路", "王小一"):
        assert secret not in written


def test_a_failure_is_noted_without_its_values(
    app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("13812345678")

    monkeypatch.setattr(customers.search, "find_customers", fail)
    logs.configure()
    answer = as_("rep")("GET", "/territory/customers", query_string={"words": "王小"})
    assert (answer.status_code, answer.get_json()["code"]) == (500, "server_error")
    written = capsys.readouterr().err
    assert '"exception":"ValueError"' in written
    assert "13812345678" not in written
    assert "13812345678" not in answer.text


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    found = config.read(
        {
            "WANGGE_HOME": str(tmp_path),
            "WANGGE_ACCESS_MINUTES": "5",
            "WANGGE_DEMO": "1",
            "WANGGE_LIMITS": "off",
            "WANGGE_PUBLIC_PER_ADDRESS": "1 per day",
        }
    )
    assert (found.home, found.access_minutes, found.demo_accounts, found.limits_enabled) == (
        tmp_path,
        5,
        True,
        False,
    )
    assert found.public_per_address == "1 per day"
    assert found.objects_url.startswith("file://")


def test_served_facts_and_ended_tokens_are_forgotten(database: Database, as_: As) -> None:
    person = as_("rep")
    with database.transaction() as session:
        session.execute(text("UPDATE outbox SET done_at = now()"))
        facts = session.execute(text("SELECT count(*) FROM outbox")).scalar_one()
        assert tidy(session) == 0
        assert tidy(session, datetime.now(UTC) + timedelta(days=8)) >= facts
        assert session.execute(text("SELECT count(*) FROM token")).scalar_one() > 0
        tidy(session, datetime.now(UTC) + timedelta(days=105))
    assert person("GET", "/customers").status_code == 401
