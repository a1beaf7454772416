"""Which channels of messages `wangge doctor` finds open, half given, or closed; no message is sent for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from backend.cli import main
from backend.commands.doctor import _tell
from backend.commands.machine import console
from backend.core import config
from backend.core.actor import Actor, Role
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.sentences import Words, sentence
from backend.core.services.auditing import note_at_shell
from backend.notices.services.channels import _NEEDS, ALL, begun_channels, open_channels
from backend.setup.services import checking_database, checking_network
from backend.setup.services.checking_network import CHECKS, check_address, check_certificate
from backend.setup.services.checklist import checklist
from backend.setup.services.checkup import Check, Finding, State, Surroundings, run_checks
from tests.factories import uid

WHOLE: dict[str, dict[str, str]] = {
    "webhook": {"notify_url": "https://sms.example/in"},
    "sms": {"sms_key_id": "i", "sms_key_secret": "s", "sms_sign_name": "水务"},
    "wecom": {"wecom_corp_id": "c", "wecom_agent_id": "1000002", "wecom_secret": "s"},
    "wecom_robot": {"wecom_robot_key": "k"},
    "dingtalk": {"dingtalk_app_key": "k", "dingtalk_app_secret": "s", "dingtalk_agent_id": "7"},
    "dingtalk_robot": {"dingtalk_robot_token": "t", "dingtalk_robot_secret": "s"},
    "email": {"smtp_url": "smtps://mail.example:465", "smtp_from": "water@mail.example"},
}
KEYS = [(name, key) for name, keys in WHOLE.items() for key in keys]


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """A server of which no channel was given anything."""
    return config.read({"WANGGE_HOME": str(tmp_path)})


@pytest.fixture
def heads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were looked at; nothing else may leave."""
    asked: list[str] = []

    def head(url: str, **_: Any) -> httpx.Response:
        asked.append(url)
        return httpx.Response(405)

    def sends(*_: Any, **__: Any) -> None:
        raise AssertionError("a check sends nothing")

    monkeypatch.setattr(checking_network.httpx, "head", head)
    for verb in ("post", "get", "put", "request"):
        monkeypatch.setattr(checking_network.httpx, verb, sends)
    for channel in ALL.values():
        monkeypatch.setattr(channel, "send", sends)
    return asked


def around(settings: Settings) -> Surroundings:
    return Surroundings(
        settings=settings,
        database=None,
        away=Words("", ""),
        broker_url="",
        newest_schema="",
        program=lambda name: (name, {}),
        font_folders=(),
        now=datetime.now(UTC),
    )


def found(settings: Settings) -> dict[str, Finding]:
    """What is said of the channels, each with both languages and a remedy where it is not well."""
    (check,) = (one for one in CHECKS if one.name == "channels")
    findings = {one.check: one for one in run_checks([check], around(settings))}
    for one in findings.values():
        assert all((one.found.zh, one.found.en))
        assert (one.remedy is None) == (one.state is State.OK)
    return findings


def states(settings: Settings) -> dict[str, str]:
    return {name: str(one.state) for name, one in found(settings).items()}


def test_every_channel_says_what_it_needs_and_by_settings_that_there_are() -> None:
    assert _NEEDS.keys() == ALL.keys() == WHOLE.keys()
    known = {one.name for one in fields(Settings)}
    assert {one for needs in _NEEDS.values() for one in needs} <= known


@pytest.mark.parametrize("name", WHOLE)
def test_a_channel_with_all_its_keys_is_open(bare: Settings, name: str) -> None:
    settings = replace(bare, notify_channel="purposes", **WHOLE[name])  # type: ignore[arg-type]
    assert begun_channels(settings) == {name: []}
    assert list(open_channels(settings)) == [name]


@pytest.mark.parametrize(("name", "key"), [one for one in KEYS if len(WHOLE[one[0]]) > 1])
def test_a_channel_that_lacks_one_key_names_it_and_is_not_open(bare: Settings, name: str, key: str) -> None:
    given = WHOLE[name] | {key: ""}
    settings = replace(bare, notify_channel="purposes", **given)  # type: ignore[arg-type]
    assert begun_channels(settings) == {name: [f"WANGGE_{key.upper()}"]}
    assert open_channels(settings) == {}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("wecom", {"wecom_agent_id": "the app"}),
        ("wecom", {"wecom_agent_id": "１０００"}),
        ("wecom", {"wecom_agent_id": "-1"}),
        ("dingtalk", {"dingtalk_agent_id": "7.5"}),
        ("email", {"smtp_url": "mail.example"}),
        ("email", {"smtp_url": "http://mail.example"}),
        ("email", {"smtp_url": "smtp://["}),
    ],
)
def test_a_channel_that_cannot_use_what_was_given_names_all_of_it(
    bare: Settings, name: str, wrong: dict[str, str]
) -> None:
    settings = replace(bare, notify_channel="purposes", **WHOLE[name] | wrong)  # type: ignore[arg-type]
    assert begun_channels(settings) == {name: [f"WANGGE_{one.upper()}" for one in _NEEDS[name]]}
    assert open_channels(settings) == {}
    assert states(settings) == {name: "fail"}


def test_addresses_that_have_usual_values_begin_no_channel(bare: Settings) -> None:
    assert (bare.sms_url, bare.wecom_url, bare.dingtalk_url) != ("", "", "")
    assert begun_channels(bare) == {}


def test_a_secret_alone_begins_no_gateway(bare: Settings) -> None:
    assert begun_channels(replace(bare, notify_secret="s", smtp_user="u", smtp_password="p")) == {}


def test_by_purposes_every_channel_that_was_begun_has_its_line(bare: Settings, heads: list[str]) -> None:
    given = WHOLE["sms"] | WHOLE["email"] | {"dingtalk_robot_token": "t"}
    settings = replace(bare, notify_channel="purposes", **given)  # type: ignore[arg-type]
    lines = found(settings)
    assert {name: str(one.state) for name, one in lines.items()} == {
        "sms": "ok", "email": "ok", "dingtalk_robot": "fail"}  # fmt: skip
    remedy = lines["dingtalk_robot"].remedy
    assert remedy is not None
    assert "WANGGE_DINGTALK_ROBOT_SECRET" in remedy.zh
    assert "WANGGE_DINGTALK_ROBOT_SECRET" in remedy.en
    assert heads == [], "whose keys are there is not looked up outside"


def test_by_purposes_without_a_channel_nothing_goes_out(bare: Settings) -> None:
    lines = found(replace(bare, notify_channel="purposes"))
    assert {name: str(one.state) for name, one in lines.items()} == {"channels": "fail"}
    assert "docs/messages.md" in (lines["channels"].remedy or Words("", "")).zh


def test_by_purposes_the_gateway_is_one_of_several(bare: Settings, heads: list[str]) -> None:
    given = WHOLE["webhook"] | WHOLE["wecom_robot"]
    settings = replace(bare, notify_channel="purposes", **given)  # type: ignore[arg-type]
    assert states(settings) == {"gateway": "warn", "wecom_robot": "ok"}
    assert states(replace(settings, notify_secret="s")) == {"gateway": "ok", "wecom_robot": "ok"}
    assert heads == [WHOLE["webhook"]["notify_url"]] * 2


def test_by_the_gateway_alone_keys_of_others_are_nothing_to_it(bare: Settings, heads: list[str]) -> None:
    settings = replace(bare, notify_channel="webhook", **WHOLE["sms"])  # type: ignore[arg-type]
    assert states(settings) == {"gateway": "fail"}
    assert heads == []


@pytest.mark.parametrize("channel", ["recorded"])
def test_where_nothing_leaves_keys_that_lie_ready_are_no_fault(bare: Settings, channel: str) -> None:
    settings = replace(bare, notify_channel=channel, **WHOLE["sms"])  # type: ignore[arg-type]
    assert states(settings) == {"gateway": "warn"}


def test_no_key_is_told_to_whoever_reads_the_report(bare: Settings, heads: list[str]) -> None:
    given = {key: f"hidden-{key}" for _, key in KEYS} | {"notify_secret": "hidden-secret"}
    settings = replace(bare, notify_channel="purposes", **given)  # type: ignore[arg-type]
    told = json.dumps([one.as_dict() for one in found(settings).values()], ensure_ascii=False)
    assert "hidden" not in told
    assert "WANGGE_SMTP_URL" in told


def test_the_command_tells_it_among_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "KEYS_FILE"):
        monkeypatch.delenv(f"WANGGE_{name}", raising=False)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    monkeypatch.setenv("WANGGE_NOTIFY_CHANNEL", "purposes")
    for key, value in (WHOLE["wecom"] | {"sms_key_id": "of-the-operator"}).items():
        monkeypatch.setenv(f"WANGGE_{key.upper()}", value)
    said = CliRunner().invoke(main, ["doctor", "--json"])
    lines = {one["check"]: one for one in json.loads(said.output)}
    assert (lines["wecom"]["state"], lines["sms"]["state"]) == ("ok", "fail")
    assert "WANGGE_SMS_KEY_SECRET" in lines["sms"]["remedy"]["en"]
    assert "WANGGE_SMS_KEY_ID" not in lines["sms"]["remedy"]["en"]
    assert "of-the-operator" not in said.output


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://water.example", "ok"),
        ("HTTPS://water.example/", "ok"),
        ("https://water.example:8443", "ok"),
        ("https://[2001:db8::1]:8443", "ok"),
        ("https://", "fail"),
        ("https:///console", "fail"),
        ("https://:443", "fail"),
        ("https://water.example:https", "fail"),
        ("https://water.example:99999", "fail"),
        ("https://water.example:0", "fail"),
        ("https://[", "fail"),
        ("water.example", "fail"),
        ("//water.example", "fail"),
    ],
)
def test_an_address_is_one_that_phones_can_reach(bare: Settings, url: str, state: str) -> None:
    asked = around(replace(bare, public_url=url))
    (line,) = run_checks([Check("public_url", check_address)], asked)
    assert (str(line.state), line.remedy is None) == (state, state == "ok")


@pytest.mark.parametrize("url", ["", "http://water.example", "https://", "https://[", "https://a:99999"])
def test_where_there_is_no_address_no_certificate_is_asked_for(
    bare: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> datetime:
        raise AssertionError("nobody is asked")

    monkeypatch.setattr(checking_network, "_ends_at", never)
    (line,) = run_checks([Check("certificate", check_certificate)], around(replace(bare, public_url=url)))
    assert line.state is State.SKIPPED


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://water.example", ("water.example", 443)),
        ("https://Water.Example:8443/m/", ("water.example", 8443)),
        ("https://[2001:db8::1]", ("2001:db8::1", 443)),
    ],
)
def test_the_certificate_is_asked_for_where_the_address_says(
    bare: Settings, url: str, asked: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def ends_at(*where: Any) -> datetime:
        seen.append(where)
        raise TimeoutError

    monkeypatch.setattr(checking_network, "_ends_at", ends_at)
    (line,) = run_checks([Check("certificate", check_certificate)], around(replace(bare, public_url=url)))
    assert (seen, line.state) == ([asked], State.FAIL)
    assert "TimeoutError" in line.found.en


def test_a_check_that_breaks_says_no_more_than_a_line(bare: Settings) -> None:
    def breaks(_: Surroundings) -> Iterator[Finding]:
        raise RuntimeError("x" * 10_000)

    def half(_: Surroundings) -> Iterator[Finding]:
        yield Finding("half", State.OK, sentence("setup.gateway_ok"))
        raise KeyError("gone")

    lines = list(run_checks([Check("broken", breaks), Check("half", half)], around(bare)))
    assert [str(one.state) for one in lines] == ["fail", "ok", "fail"]
    assert len(lines[0].found.en) < 500
    assert "KeyError" in lines[2].found.zh


def test_a_line_shows_what_was_found_as_it_is() -> None:
    """Square brackets are the terminal's own marks, and may stand in what a database said."""
    why = Words("连不上 [bold]x[/] 与 [/nothing]", "away [bold]x[/] and [/nothing]")
    with console.capture() as told:
        _tell(Finding("database", State.FAIL, why, Words("看 [logs]", "see [logs]")))
    assert "[bold]x[/]" in told.get()
    assert "[/nothing]" in told.get()
    assert "[logs]" in told.get()


@pytest.mark.parametrize(("days", "state"), [(99, "ok"), (100, "warn"), (101, "warn")])
def test_a_drill_is_old_on_the_same_day_for_the_command_and_for_the_page(
    database: Database, bare: Settings, days: int, state: str
) -> None:
    with database.transaction() as session:
        note_at_shell(session, "backup_drilled", ("backup", None))
        session.flush()
        session.execute(text("SET session_replication_role = replica"))
        ago = "UPDATE administrative_act SET acted_at = :at WHERE act = 'backup_drilled'"
        session.execute(text(ago), {"at": datetime.now(UTC) - timedelta(days=days, minutes=1)})
    asked = replace(around(bare), database=database, now=datetime.now(UTC))
    (check,) = (one for one in checking_database.CHECKS if one.name == "backup")
    told = {one.check: str(one.state) for one in run_checks([check], asked)}
    admin = Actor(uid("admin"), uid("group"), frozenset({Role.ADMIN}))
    with database.snapshot() as session:
        shown = {one.code: str(one.state) for one in checklist(session, bare, admin)}
    assert (told["drill"], shown["drill"]) == (state, state)
