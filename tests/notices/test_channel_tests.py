"""Which channels are open, what the others lack, and a real message to the administrator who asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import text

from backend.core.config import Settings
from backend.core.db import Database
from backend.notices.services.channels import ALL, lacking
from tests.conftest import Person
from tests.factories import Town
from tests.notices.strict_stubs import Provider
from tests.notices.test_email import Mailboxes, _port

As = Callable[[str], Person]
ALIYUN = {"sms_key_id": "key", "sms_key_secret": "secret of sms", "sms_sign_name": "泊川水务"}


def with_settings(app: Flask, **given: str) -> Settings:
    """From now on the server has these settings."""
    house = app.extensions["wangge"]
    settings = replace(house.settings, **given)
    app.extensions["wangge"] = replace(house, settings=settings)
    return settings


def channels(person: Person) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in person.get("/messages/channels")}


def tried(person: Person, name: str) -> tuple[int, str, str | None]:
    answer = person("POST", f"/messages/channels/{name}/try")
    said = answer.get_json()
    return answer.status_code, said.get("outcome", said.get("code")), said.get("reason")


@pytest.fixture
def mail(app: Flask, town: Town) -> Iterator[Mailboxes]:
    """A relay on this machine; the installation sends by what its purposes say."""
    boxes = Mailboxes()
    server = Controller(boxes, hostname="127.0.0.1", port=_port())
    server.start()
    with_settings(
        app,
        notify_channel="purposes",
        smtp_url=f"smtp://127.0.0.1:{server.port}",
        smtp_from="wangge@water.example",
        **ALIYUN,
    )
    try:
        yield boxes
    finally:
        server.stop()


def test_each_says_what_it_lacks_and_never_what_it_has(app: Flask, as_: As, town: Town) -> None:
    with_settings(app, notify_channel="purposes", smtp_url="smtps://mail", wecom_secret="hush hush", **ALIYUN)
    answer = as_("admin")("GET", "/messages/channels")
    for secret in ("hush hush", "secret of sms", "smtps://mail"):
        assert secret not in answer.text
    found = channels(as_("admin"))
    assert set(found) == set(ALL)
    assert {name: one["state"] for name, one in found.items()} == {
        "webhook": "unset", "sms": "open", "wecom": "begun", "wecom_robot": "unset", "dingtalk": "unset",
        "dingtalk_robot": "unset", "email": "begun",
    }  # fmt: skip
    assert found["sms"]["lacks"] == []
    assert found["email"]["lacks"] == ["WANGGE_SMTP_FROM"]
    assert found["wecom"]["lacks"] == ["WANGGE_WECOM_CORP_ID", "WANGGE_WECOM_AGENT_ID"]
    assert found["dingtalk_robot"]["lacks"] == ["WANGGE_DINGTALK_ROBOT_TOKEN", "WANGGE_DINGTALK_ROBOT_SECRET"]


def test_what_is_set_and_not_switched_on_is_told_apart(app: Flask, as_: As, town: Town) -> None:
    with_settings(app, notify_channel="recorded", **ALIYUN)
    sms = channels(as_("admin"))["sms"]
    assert (sms["state"], sms["lacks"]) == ("off", [])
    assert tried(as_("admin"), "sms")[:2] == (409, "channel_closed")


def test_a_mail_comes_to_the_one_who_asked_and_stands_in_the_trail(
    mail: Mailboxes, as_: As, database: Database, town: Town
) -> None:
    admin = as_("admin")
    assert channels(admin)["email"]["has_address"] is False
    assert tried(admin, "email")[:2] == (409, "no_own_address")
    addresses = {"email": "admin@water.example", "wecom": None, "dingtalk": None}
    assert admin("PUT", f"/messages/addresses/staff/{town['admin']}", addresses).status_code == 204
    assert channels(admin)["email"]["has_address"] is True
    assert tried(admin, "email") == (200, "sent", None)
    (mail_,) = mail.mails
    assert mail_["To"] == "admin@water.example"
    assert "测试消息" in mail_.get_content()
    with database.transaction() as session:
        acts = session.execute(
            text("SELECT after FROM administrative_act WHERE act = 'channel_tried'")
        ).scalars()
        assert list(acts) == [{"channel": "email"}]
        assert session.execute(text("SELECT count(*) FROM message")).scalar() == 0


def test_each_try_is_a_message_of_its_own(mail: Mailboxes, as_: As, town: Town) -> None:
    admin = as_("admin")
    addresses = {"email": "admin@water.example", "wecom": None, "dingtalk": None}
    admin("PUT", f"/messages/addresses/staff/{town['admin']}", addresses)
    for _ in range(2):
        assert tried(admin, "email")[1] == "sent"
    assert len({one["Message-ID"] for one in mail.mails}) == 2


def test_what_the_provider_says_is_told_as_it_is(mail: Mailboxes, as_: As, town: Town) -> None:
    admin = as_("admin")
    addresses = {"email": "admin@water.example", "wecom": None, "dingtalk": None}
    admin("PUT", f"/messages/addresses/staff/{town['admin']}", addresses)
    mail.reply_to_rcpt = "550 no such box"
    assert tried(admin, "email") == (200, "refused", "smtp_550")
    mail.reply_to_rcpt = "451 later"
    assert tried(admin, "email") == (200, "later", "smtp_451")


def test_an_sms_needs_the_number_of_its_template(
    app: Flask, as_: As, aliyun: Provider, town: Town, database: Database
) -> None:
    with_settings(app, notify_channel="purposes", sms_url=aliyun.url, **ALIYUN)
    with database.transaction() as session:
        given = "UPDATE account SET phone = '13900001111' WHERE staff_id = CAST(:id AS uuid)"
        session.execute(text(given), {"id": town["admin"]})
    assert tried(as_("admin"), "sms") == (200, "refused", "no_template_code")


def test_only_the_group_administrator_tries_channels(mail: Mailboxes, as_: As) -> None:
    for who in ("supervisor", "agent", "dispatcher", "rep"):
        assert as_(who)("GET", "/messages/channels").status_code == 403
        assert as_(who)("POST", "/messages/channels/email/try").status_code == 403
    assert tried(as_("admin"), "pigeon")[:2] == (404, "not_found")
    assert mail.mails == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_channel_that_lacks_nothing_is_set(settings: Settings, name: str) -> None:
    """What the page asks the operator for is all that the channel needs."""
    needed = lacking(settings, name)
    assert needed
    values = {one.removeprefix("WANGGE_").lower(): "1" for one in needed}
    if "smtp_url" in values:
        values["smtp_url"] = "smtp://mail"
    if "notify_url" in values:
        values["notify_url"] = "https://gateway.example"
    given = replace(settings, **values)
    assert lacking(given, name) == []
    assert ALL[name].is_set(given)
