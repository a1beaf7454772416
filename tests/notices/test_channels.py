"""Each channel against a strict stand-in of its provider, and a real SMTP server: what goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from backend.core.config import Settings
from backend.notices.services.channels import ALL, open_channels
from backend.notices.services.channels.aliyun_sms import AliyunSms, signed_headers
from backend.notices.services.channels.dingtalk import DingTalkRobot, DingTalkWork
from backend.notices.services.channels.port import Answer, Letter, Outcome, Result
from backend.notices.services.channels.wecom import WeComApp, WeComRobot
from tests.notices import strict_stubs as stubs
from tests.notices.strict_stubs import Provider

LIMIT, BLACK = "isv.BUSINESS_LIMIT_CONTROL", "isv.BLACK_KEY_CONTROL_LIMIT"
LETTER = Letter(
    key="wangge-7", number=7, to="13812345678", zh="爆管", en="burst", text="爆管 & “3+4” ~*",
    title="紧急通知", code=stubs.TEMPLATE, values={"text": "爆管 & “3+4” ~*"},
)  # fmt: skip


@pytest.fixture
def keys(settings: Settings) -> Settings:
    return replace(
        settings,
        notify_channel="purposes",
        sms_key_id=stubs.KEY_ID,
        sms_key_secret=stubs.KEY_SECRET,
        sms_sign_name=stubs.SIGN_NAME,
        wecom_corp_id=stubs.CORP,
        wecom_agent_id=stubs.AGENT,
        wecom_secret=stubs.WECOM_SECRET,
        wecom_robot_key=stubs.ROBOT,
        dingtalk_app_key=stubs.APP_KEY,
        dingtalk_app_secret=stubs.APP_SECRET,
        dingtalk_agent_id=stubs.DING_AGENT,
        dingtalk_robot_token=stubs.DING_ROBOT,
        dingtalk_robot_secret=stubs.DING_SIGN,
    )


def test_the_signature_is_that_of_the_providers_own_example() -> None:
    """Alibaba Cloud prints a request with its signature in "Request syntax and signature method V3"."""
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    line, headers = signed_headers(
        "ecs.cn-shanghai.aliyuncs.com",
        "RunInstances",
        "2014-05-26",
        query,
        ("YourAccessKeyId", "YourAccessKeySecret"),
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert line.startswith("ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=")
    assert headers["Authorization"].endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_an_sms_is_a_template_with_its_values(keys: Settings, aliyun: Provider) -> None:
    channel = AliyunSms(replace(keys, sms_url=aliyun.url))
    answer = channel.send(replace(LETTER, to="+86 138-1234 5678"))
    assert answer.outcome is Outcome.SENT, answer
    (took,) = aliyun.took
    assert (took["to"], took["values"], took["key"]) == (LETTER.to, LETTER.values, LETTER.key)
    assert answer.provider_id == took["biz_id"]
    assert channel.send(LETTER).outcome is Outcome.SENT, "a nonce of its own each time"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"to": "12-34"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"code": "SMS_0"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"code": None}, "no_template_code"),
    ],
)
def test_what_the_sms_provider_refuses_is_not_tried_again(
    keys: Settings, aliyun: Provider, change: dict[str, Any], reason: str
) -> None:
    answer = AliyunSms(replace(keys, sms_url=aliyun.url)).send(replace(LETTER, **change))
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, reason)
    assert aliyun.took == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"sms_key_secret": "another"}, "SignatureDoesNotMatch"),
        ({"sms_key_id": "nobody"}, "InvalidAccessKeyId.NotFound"),
    ],
)
def test_a_wrong_key_of_the_sms_provider_is_refused(
    keys: Settings, aliyun: Provider, wrong: dict[str, str], code: str
) -> None:
    answer = AliyunSms(replace(keys, sms_url=aliyun.url, **wrong)).send(LETTER)
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, code)
    assert aliyun.took == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ((200, {"Code": LIMIT}), Answer(Outcome.LATER, LIMIT, wait_s=300)),
        ((200, {"Code": "isp.SYSTEM_ERROR"}), Answer(Outcome.LATER, "isp.SYSTEM_ERROR")),
        ((200, {"Code": BLACK}), Answer(Outcome.REFUSED, BLACK)),
        ((200, {}), Answer(Outcome.REFUSED, "no_code")),
        ((503, {}), Answer(Outcome.LATER, "status_503")),
        ((429, {}), Answer(Outcome.LATER, "status_429")),
        ("hang up", Answer(Outcome.UNKNOWN, "RemoteProtocolError")),
    ],
)  # fmt: skip
def test_what_the_sms_provider_answers_is_understood(
    keys: Settings, aliyun: Provider, said: Any, answer: Answer
) -> None:
    aliyun.next.append(said)
    assert AliyunSms(replace(keys, sms_url=aliyun.url)).send(LETTER) == answer


def test_the_sms_provider_tells_what_became_of_one(keys: Settings, aliyun: Provider) -> None:
    channel = AliyunSms(replace(keys, sms_url=aliyun.url))
    provider_id = channel.send(LETTER).provider_id
    on = date(2026, 9, 1)
    assert channel.result(LETTER.key, LETTER.to, provider_id, on) is None, "it waits for the network"
    aliyun.results[LETTER.key] = (3, "DELIVERED")
    assert channel.result(LETTER.key, LETTER.to, provider_id, on) == Result(True, "DELIVERED")
    aliyun.results[LETTER.key] = (2, "MK:0001")
    assert channel.result(LETTER.key, LETTER.to, None, on) == Result(False, "MK:0001")
    assert channel.result("another", LETTER.to, None, on) is None
    aliyun.next.append((503, {}))
    assert channel.result(LETTER.key, LETTER.to, None, on) is None


def test_wecom_gets_a_text_once_and_one_token_for_many(keys: Settings, wecom: Provider) -> None:
    channel = WeComApp(replace(keys, wecom_url=wecom.url))
    letter = replace(LETTER, to="ZhangSan")
    assert channel.send(letter) == Answer(Outcome.SENT, provider_id="msg-1")
    assert channel.send(letter).outcome is Outcome.SENT
    assert [one["text"] for one in wecom.took] == [f"{LETTER.text} #7"], "the same message twice is one"
    channel.send(replace(letter, number=8))
    assert len(wecom.took) == 2, "the same words of another message are another"
    assert len(wecom.tokens) == 1


def test_a_token_that_ended_is_asked_for_anew(keys: Settings, wecom: Provider, dingtalk: Provider) -> None:
    work = DingTalkWork(replace(keys, dingtalk_url=dingtalk.url))
    app = WeComApp(replace(keys, wecom_url=wecom.url))
    for channel, provider in ((app, wecom), (work, dingtalk)):
        assert channel.send(replace(LETTER, to="zhangsan")).outcome is Outcome.SENT
        provider.tokens.append("given out to somebody else")
        answer = channel.send(replace(LETTER, to="zhangsan", number=9))
        assert answer.outcome is Outcome.SENT, answer
        assert [one["text"][-2:] for one in provider.took] == ["#7", "#9"]


def test_what_wecom_refuses_is_told_from_what_may_come(keys: Settings, wecom: Provider) -> None:
    good = replace(keys, wecom_url=wecom.url)
    letter = replace(LETTER, to="zhangsan")
    assert WeComApp(good).send(replace(LETTER, to="nobody")) == Answer(Outcome.REFUSED, "errcode_81013")
    wrong = WeComApp(replace(good, wecom_secret="another")).send(letter)
    assert wrong == Answer(Outcome.REFUSED, "token_errcode_40001")
    for said, answer in (
        ((200, {"errcode": 45009}), Answer(Outcome.LATER, "errcode_45009", wait_s=60)),
        ((200, {"errcode": -1}), Answer(Outcome.LATER, "errcode_-1")),
        ((200, {"errcode": 0, "invaliduser": "zhangsan"}), Answer(Outcome.REFUSED, "errcode_invaliduser")),
        ((502, {}), Answer(Outcome.LATER, "status_502")),
    ):
        wecom.next.append(said)
        assert WeComApp(good).send(letter) == answer
    assert wecom.took == []


def test_a_robot_says_it_in_the_group_and_mentions_whom_it_is_for(
    keys: Settings, wecom: Provider, dingtalk: Provider
) -> None:
    assert WeComRobot(replace(keys, wecom_url=wecom.url)).send(LETTER).outcome is Outcome.SENT
    assert wecom.took == [{"to": [LETTER.to], "text": LETTER.text}]
    robot = DingTalkRobot(replace(keys, dingtalk_url=dingtalk.url))
    assert robot.send(LETTER).outcome is Outcome.SENT
    assert robot.send(replace(LETTER, to="", text="长" * 3000)).outcome is Outcome.SENT
    mentioned, plain = dingtalk.took
    assert mentioned == {"to": [LETTER.to], "text": f"@{LETTER.to} {LETTER.text}"}
    assert (plain["to"], plain["text"]) == ([], "长" * 682), "2048 bytes, no half character"


def test_a_robot_without_the_right_signature_says_nothing(keys: Settings, dingtalk: Provider) -> None:
    wrong = DingTalkRobot(replace(keys, dingtalk_url=dingtalk.url, dingtalk_robot_secret="another"))
    assert wrong.send(LETTER) == Answer(Outcome.REFUSED, "errcode_310000")
    dingtalk.next.append((200, {"errcode": 130101, "errmsg": "send too fast"}))
    right = DingTalkRobot(replace(keys, dingtalk_url=dingtalk.url))
    assert right.send(LETTER) == Answer(Outcome.LATER, "errcode_130101", wait_s=60)
    assert dingtalk.took == []


def test_a_provider_that_is_away_or_answers_nonsense(keys: Settings, aliyun: Provider) -> None:
    away = "http://127.0.0.1:9"
    channels = (
        AliyunSms(replace(keys, sms_url=away)),
        WeComApp(replace(keys, wecom_url=away)),
        WeComRobot(replace(keys, wecom_url=away)),
        DingTalkWork(replace(keys, dingtalk_url=away)),
        DingTalkRobot(replace(keys, dingtalk_url=away)),
    )
    for channel in channels:
        answer = channel.send(LETTER)
        assert answer.outcome is Outcome.LATER, channel
        assert (answer.reason or "").endswith("ConnectError")
    aliyun.next.append((200, ["no", "object"]))  # type: ignore[arg-type]
    assert AliyunSms(replace(keys, sms_url=aliyun.url)).send(LETTER) == Answer(Outcome.UNKNOWN, "no_json")


def test_only_channels_with_their_keys_are_open(keys: Settings) -> None:
    assert open_channels(replace(keys, notify_channel="recorded")) == {}
    assert list(open_channels(replace(keys, notify_channel="webhook"))) == ["webhook"]
    assert set(open_channels(keys)) == set(ALL) - {"webhook", "email"}
    for name, missing in (
        ("sms", {"sms_sign_name": ""}),
        ("wecom", {"wecom_agent_id": "一"}),
        ("dingtalk", {"dingtalk_agent_id": "x"}),
        ("dingtalk_robot", {"dingtalk_robot_secret": ""}),
    ):
        assert set(open_channels(keys)) - set(open_channels(replace(keys, **missing))) == {name}
