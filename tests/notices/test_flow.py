"""Messages from wish to result: channels of a purpose, no doubles, quiet hours, consent, alarms, receipts."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core.config import Settings
from backend.core.db import Database
from backend.core.events import MOST_ATTEMPTS, announce
from backend.core.installation import USUAL, installed_as
from backend.core.kinds.account import Account
from backend.notices.kinds.message import Message
from backend.notices.kinds.message_settings import MessageAddress, MessageConsent, MessagePurpose
from backend.notices.services import preparing
from backend.notices.services.channels import webhook
from backend.notices.services.channels.aliyun_sms import AliyunSms
from backend.notices.services.channels.port import Answer, Letter, Outcome
from backend.notices.services.channels.wecom import WeComApp
from backend.notices.services.messaging import deliver
from backend.notices.services.notifying import MESSAGE, channel_named, tell
from backend.notices.services.purposes import URGENT, Made, Purpose, Wanted, makers, purposes
from backend.notices.services.results import WINDOW_S, ask_results
from tests.conftest import Person
from tests.factories import Town
from tests.notices import strict_stubs as stubs
from tests.notices.strict_stubs import Provider

As = Callable[[str], Person]
SECRET, NUMBER = "of the gateway", "13900001111"
# Words of it come only in the daytime, and only to who agreed.
SURVEY = Purpose(
    "survey", URGENT.title, {"text": "words"}, frozenset({"text"}), URGENT.words, asks_consent=True
)  # fmt: skip


@pytest.fixture
def house(settings: Settings, aliyun: Provider, wecom: Provider, database: Database, town: Town) -> Settings:
    """Urgent notices go by WeCom to who has an id there, to the others by SMS with an approved template."""
    with database.transaction() as session:
        session.get_one(Account, UUID(town["member"])).phone = NUMBER
        session.add(
            MessagePurpose(
                purpose="urgent_notice", channels=["wecom", "sms"], quiet_from_hour=0, quiet_until_hour=23
            )
        )
        session.add(
            MessageAddress(party_kind="staff", party_id=UUID(town["leader"]), way="wecom", address="zhangsan")
        )
        session.execute(
            text(
                """
                INSERT INTO message_template
                    (purpose, language, edition, valid_from, title, body, code, made_by)
                VALUES
                    ('urgent_notice', 'zh', 1, now() - interval '1 day', '紧急', '【急】{text}', :code, :by),
                    ('urgent_notice', 'zh', 2, now() + interval '1 day', '紧急', '未来：{text}', :code, :by)
                """
            ),
            {"code": stubs.TEMPLATE, "by": town["admin"]},
        )
    return replace(
        settings,
        notify_channel="purposes",
        sms_key_id=stubs.KEY_ID,
        sms_key_secret=stubs.KEY_SECRET,
        sms_sign_name=stubs.SIGN_NAME,
        sms_url=aliyun.url,
        wecom_corp_id=stubs.CORP,
        wecom_agent_id=stubs.AGENT,
        wecom_secret=stubs.WECOM_SECRET,
        wecom_url=wecom.url,
    )


def say(database: Database, town: Town, who: str, words: str = "爆管") -> None:
    with database.transaction() as session:
        tell(
            session, channel_named("purposes"), town[who], town["north"],
            topic="general", zh=words, en="burst", is_urgent=True,
        )  # fmt: skip


def rows(database: Database) -> list[Message]:
    with database.transaction() as session:
        return list(session.scalars(select(Message).order_by(Message.outbox_id)))


def states(database: Database) -> list[tuple[str, str, str | None]]:
    return [(one.channel, one.state, one.reason) for one in rows(database)]


def now_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE outbox SET due_at = now() WHERE done_at IS NULL"))


def alarms(database: Database) -> list[str]:
    with database.transaction() as session:
        asked = text("SELECT text_en FROM notice WHERE text_en LIKE 'A message did not go out%' ORDER BY id")
        return list(session.scalars(asked))


def test_each_goes_by_the_first_channel_that_reaches_the_person(
    house: Settings, database: Database, town: Town, aliyun: Provider, wecom: Provider
) -> None:
    say(database, town, "leader")
    say(database, town, "member")
    assert deliver(database, house) == 2
    assert [one["to"] for one in wecom.took] == ["zhangsan"]
    assert wecom.took[0]["text"].startswith("【急】爆管 #"), "the edition that holds now"
    (sms,) = aliyun.took
    assert sms["values"] == {"text": "爆管"}
    assert states(database) == [("wecom", "sent", None), ("sms", "sent", None)]
    by_wecom, by_sms = rows(database)
    assert (by_sms.edition, by_sms.provider_id) == (1, sms["biz_id"])
    assert by_sms.address_masked and "***" in by_sms.address_masked and sms["to"] not in by_sms.address_masked
    assert by_wecom.party_id == UUID(town["leader"]) and by_wecom.subject_kind == "notice"
    with database.transaction() as session:
        kept = session.scalar(text("SELECT string_agg(to_jsonb(m)::text, ' ') FROM message m")) or ""
    assert "爆管" not in kept and sms["to"] not in kept


def test_the_same_wish_twice_is_one_message(
    house: Settings, database: Database, town: Town, aliyun: Provider
) -> None:
    say(database, town, "member")
    with database.transaction() as session:
        detail = session.scalar(text("SELECT detail FROM outbox WHERE fact = 'message.wanted'"))
        announce(session, MESSAGE, **detail)
    assert deliver(database, house) == 1
    assert len(aliyun.took) == 1
    assert states(database) == [("sms", "sent", None), ("sms", "double", "sent_before")]


def test_after_a_crash_between_send_and_note_none_is_sent_twice(
    house: Settings, database: Database, town: Town, aliyun: Provider, wecom: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """WeCom knows a message again and is asked again; of an SMS nobody knows, and a person decides."""
    say(database, town, "leader")
    say(database, town, "member")
    with monkeypatch.context() as crash:
        crash.setattr("backend.notices.services.messaging._note", _killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(database, house)
    assert len(aliyun.took) == len(wecom.took) == 1
    assert [one[1] for one in states(database)] == ["asking", "asking"]
    assert deliver(database, house) == 1
    assert len(aliyun.took) == len(wecom.took) == 1
    assert states(database) == [("wecom", "sent", None), ("sms", "unknown", "broken_off")]
    assert len(alarms(database)) > 0
    # The provider is asked, and knows.
    aliyun.results[aliyun.took[0]["key"]] = (3, "DELIVERED")
    with database.transaction() as session:
        session.execute(text("UPDATE message SET ask_at = now()"))
    assert ask_results(database, house) == 1
    assert states(database)[1] == ("sms", "delivered", None)
    assert ask_results(database, house) == 0


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_an_answer_that_never_came_is_no_reason_to_send_twice(
    house: Settings, database: Database, town: Town, aliyun: Provider
) -> None:
    aliyun.next.append("hang up")
    say(database, town, "member")
    for _ in range(3):
        deliver(database, house)
        now_due(database)
    assert len(aliyun.took) == 1
    assert states(database) == [("sms", "unknown", "RemoteProtocolError")]


def test_one_bad_message_and_a_slow_channel_hold_nobody_up(
    house: Settings, database: Database, town: Town, wecom: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WeCom's message goes while the SMS provider has not answered yet."""
    went = threading.Event()

    def slow(_: AliyunSms, letter: Letter) -> Answer:
        assert went.wait(30), "WeCom waited for the SMS"
        return Answer(Outcome.SENT)

    send = WeComApp.send

    def sent(channel: WeComApp, letter: Letter) -> Answer:
        answer = send(channel, letter)
        went.set()
        return answer

    monkeypatch.setattr(AliyunSms, "send", slow)
    monkeypatch.setattr(WeComApp, "send", sent)
    with database.transaction() as session:
        announce(session, MESSAGE, confirmation_id="no id")
        announce(session, MESSAGE, staff_id="no id", zh="一", en="1")
        announce(session, MESSAGE, something="else")
    say(database, town, "member")
    say(database, town, "leader")
    assert deliver(database, house) == 2
    assert [one[1] for one in states(database)] == ["wanted", "failed", "failed", "sent", "sent"]
    assert [one[2] for one in states(database)[:3]] == ["ValueError", "unreadable", "unreadable"]


def test_what_is_refused_is_told_to_an_administrator_once(
    house: Settings, database: Database, town: Town, aliyun: Provider
) -> None:
    aliyun.next += [(200, {"Code": "isv.SMS_SIGNATURE_ILLEGAL"})] * 2
    say(database, town, "member", "一")
    say(database, town, "member", "二")
    assert deliver(database, house) == 0
    assert states(database) == [("sms", "failed", "isv.SMS_SIGNATURE_ILLEGAL")] * 2
    told = alarms(database)
    assert len(told) == len(set(told)) == 1 and "isv.SMS_SIGNATURE_ILLEGAL" in told[0]
    assert deliver(database, house) == 0 and aliyun.took == []


def test_what_is_given_up_is_told_and_a_rate_is_waited_for(
    house: Settings, database: Database, town: Town, aliyun: Provider
) -> None:
    say(database, town, "member")
    aliyun.next += [(200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"})] * MOST_ATTEMPTS
    deliver(database, house)
    with database.transaction() as session:
        wait = session.scalar(text("SELECT due_at - now() FROM outbox WHERE fact = 'message.wanted'"))
    assert wait > timedelta(seconds=200)
    assert alarms(database) == []
    for _ in range(MOST_ATTEMPTS):
        now_due(database)
        deliver(database, house)
    assert states(database) == [("sms", "failed", "isv.BUSINESS_LIMIT_CONTROL")]
    assert len(alarms(database)) == 1


def test_without_a_channel_it_has_failed_and_can_be_sent_once_there_is_one(
    house: Settings, database: Database, town: Town, app: Flask, as_: As, aliyun: Provider
) -> None:
    say(database, town, "member")
    no_sms = replace(house, sms_key_id="")
    assert deliver(database, no_sms) == 0
    assert states(database) == [("", "failed", "no_channel")]
    path = f"/messages/{rows(database)[0].id}/again"
    with_house(app, no_sms)
    assert as_("admin")("POST", path).get_json()["code"] == "cannot_send_again"
    with_house(app, house)
    assert as_("admin")("POST", path).status_code == 204
    assert deliver(database, house) == 1
    assert aliyun.took[0]["key"].endswith("-1"), "another key: a person wants it again"
    assert as_("admin")("POST", path).get_json()["code"] == "cannot_send_again"


def with_house(app: Flask, settings: Settings) -> None:
    app.extensions["wangge"] = replace(app.extensions["wangge"], settings=settings)


@pytest.mark.parametrize(
    ("zone", "now", "hours", "until"),
    [
        ("Asia/Shanghai", "2026-09-01T13:30:00Z", (21, 8), "2026-09-02T00:00:00Z"),
        ("Asia/Shanghai", "2026-09-01T23:59:00Z", (21, 8), "2026-09-02T00:00:00Z"),
        ("Asia/Shanghai", "2026-09-02T00:00:00Z", (21, 8), None),
        ("Asia/Shanghai", "2026-09-01T13:30:00Z", (8, 8), None),
        ("America/Los_Angeles", "2026-09-01T13:30:00Z", (21, 8), "2026-09-01T15:00:00Z"),
        ("America/Los_Angeles", "2026-09-01T20:30:00Z", (13, 15), "2026-09-01T22:00:00Z"),
        # The night in which clocks are put forward.
        ("America/Los_Angeles", "2027-03-14T08:30:00Z", (21, 8), "2027-03-14T15:00:00Z"),
    ],
)
def test_quiet_hours_are_the_citys(zone: str, now: str, hours: tuple[int, int], until: str | None) -> None:
    with installed_as(replace(USUAL, time_zone=ZoneInfo(zone))):
        found = preparing.quiet_until(datetime.fromisoformat(now), *hours)
    assert found == (datetime.fromisoformat(until) if until else None)


@pytest.fixture
def survey(monkeypatch: pytest.MonkeyPatch, town: Town) -> Iterator[None]:
    """A purpose that is not urgent and asks for consent, about customers."""

    def make(_: Session, __: Settings, customer_id: str) -> Wanted:
        return Wanted({"text": ("问", "ask")}, ("customer", customer_id), None, town["north"])

    found = {**makers(), "survey_of": Made(SURVEY, make)}
    monkeypatch.setattr("backend.notices.services.routing.makers", lambda: found)
    monkeypatch.setattr("backend.notices.services.preparing.makers", lambda: found)
    everything = {**purposes(), "survey": SURVEY}
    for module in ("message_settings", "sent_messages", "alarms"):
        monkeypatch.setattr(f"backend.notices.services.{module}.purposes", lambda: everything)
    yield


def test_a_customer_is_written_to_as_they_agreed_and_not_at_night(
    house: Settings, database: Database, town: Town, aliyun: Provider, survey: None, as_: As
) -> None:
    def ask(customer: str) -> None:
        with database.transaction() as session:
            announce(session, MESSAGE, survey_of=town[customer])

    hour = datetime.now(USUAL.time_zone).hour
    with database.transaction() as session:
        quiet = {"quiet_from_hour": hour, "quiet_until_hour": (hour + 2) % 24}
        session.add(MessagePurpose(purpose="survey", channels=["sms"], **quiet))
        session.execute(
            text(
                """
                INSERT INTO message_template
                    (purpose, language, edition, valid_from, title, body, code, made_by)
                VALUES ('survey', 'zh', 1, now() - interval '1 day', '问', '{text}', :code, :by)
                """
            ),
            {"code": stubs.TEMPLATE, "by": town["admin"]},
        )
    ask("customer 0")
    ask("customer 1")
    path = f"/messages/consents/{town['customer 1']}/survey"
    assert as_("agent")("PUT", path, {"is_given": True}).status_code == 204
    assert deliver(database, house) == 0
    assert states(database) == [("sms", "failed", "no_consent"), ("sms", "wanted", "quiet_hours")]
    with database.transaction() as session:
        session.execute(text("UPDATE message_purpose SET quiet_from_hour = 0, quiet_until_hour = 0"))
    assert deliver(database, house) == 0, "it waits for the end of those hours"
    now_due(database)
    assert deliver(database, house) == 1
    assert as_("agent")("PUT", path, {"is_given": False}).status_code == 204
    ask("customer 1")
    assert deliver(database, house) == 0
    assert states(database)[-1] == ("sms", "failed", "consent_refused")
    assert len(aliyun.took) == 1
    assert alarms(database) == [], "nobody need look at that"
    with database.transaction() as session:
        assert session.scalar(select(MessageConsent.is_given)) is False


@pytest.fixture
def gateway(
    settings: Settings, database: Database, town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> int:
    """A message that the operator's gateway took, by its number."""
    found = replace(settings, notify_channel="webhook", notify_url="http://gateway", notify_secret=SECRET)
    with_house(app, found)
    monkeypatch.setattr(webhook.Webhook, "send", lambda *_: Answer(Outcome.SENT))
    say(database, town, "member")
    assert deliver(database, found) == 1
    return rows(database)[0].outbox_id


def receipt(
    app: Flask, said: Any, *, at: float | None = None, secret: str = SECRET, body: bytes | None = None
) -> int:
    stamp, signed = str(int(time.time() if at is None else at)), orjson.dumps(said)
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + signed, hashlib.sha256).hexdigest()
    headers = {"X-Wangge-Timestamp": stamp, "X-Wangge-Signature": f"sha256={digest}"}
    answer = app.test_client().post(
        "/api/v1/public/messages/receipts",
        data=body or signed,
        content_type="application/json",
        headers=headers,
    )
    return answer.status_code


def test_a_receipt_is_taken_once_and_tells_what_became_of_it(
    app: Flask, database: Database, gateway: int
) -> None:
    said = {"id": gateway, "state": "delivered"}
    assert receipt(app, said) == 204
    assert states(database) == [("webhook", "delivered", None)]
    assert rows(database)[0].ended_at
    assert receipt(app, said) == 401, "seen before, or ended"


def test_a_receipt_of_failure_tells_why(app: Flask, database: Database, gateway: int) -> None:
    assert receipt(app, {"id": gateway, "state": "failed", "reason": "switched off"}) == 204
    assert states(database) == [("webhook", "failed", "switched off")]
    assert len(alarms(database)) == 1


def test_a_receipt_that_was_tampered_with_is_refused(app: Flask, database: Database, gateway: int) -> None:
    said = {"id": gateway, "state": "delivered"}
    now = time.time()
    assert receipt(app, said, secret="another") == 401
    assert receipt(app, said, secret="") == 401
    assert receipt(app, {"id": gateway, "state": "failed"}, body=orjson.dumps(said)) == 401
    assert receipt(app, said, at=now - WINDOW_S - 60) == receipt(app, said, at=now + WINDOW_S + 60) == 401
    for odd in (
        [],
        {},
        {**said, "id": "1"},
        {**said, "id": 2**64 - 1},
        {**said, "state": "sent"},
        {**said, "id": 1 << 40},
    ):
        assert receipt(app, odd) == 401, odd
    with_house(app, replace(app.extensions["wangge"].settings, notify_secret=""))
    assert receipt(app, {**said, "reason": "x"}, secret="") == 401, "without a secret none is taken"


def test_a_receipt_that_comes_again_within_its_time_is_refused(
    app: Flask, database: Database, gateway: int
) -> None:
    at = time.time()
    assert receipt(app, {"id": gateway, "state": "delivered"}, at=at) == 204
    with database.transaction() as session:
        session.execute(text("UPDATE message SET state = 'sent'"))
    assert receipt(app, {"id": gateway, "state": "delivered"}, at=at) == 401
    assert states(database) == [("webhook", "sent", None)]
