"""Statuses, bodies and connections of HTTP providers: what is tried again, what is not, what nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import orjson
import pytest

from backend.core.config import Settings
from backend.notices.services.channels import port
from backend.notices.services.channels.access_token import AccessToken
from backend.notices.services.channels.aliyun_sms import AliyunSms, signed_headers
from backend.notices.services.channels.dingtalk import DingTalkWork, robot_sign
from backend.notices.services.channels.port import (
    Answer,
    Letter,
    Outcome,
    Refusal,
    Result,
    asked,
    json_of,
    object_in,
)
from backend.notices.services.channels.webhook import Webhook
from backend.notices.services.channels.wecom import WeComApp, WeComRobot

LETTER = Letter(
    key="wangge-7", number=7, to="13812345678", zh="爆管", en="burst", text="爆管", code="SMS_1",
    values={"text": "爆管"},
)  # fmt: skip
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], list[httpx.Request]]:
    """Requests end in a function; returns those that came."""
    client = httpx.Client

    def serve(handler: Handler) -> list[httpx.Request]:
        came: list[httpx.Request] = []

        def noted(request: httpx.Request) -> httpx.Response:
            came.append(request)
            return handler(request)

        def opened(**options: Any) -> httpx.Client:
            return client(transport=httpx.MockTransport(noted), **options)

        monkeypatch.setattr(port.httpx, "Client", opened)
        return came

    return serve


Wire = Callable[[Handler], list[httpx.Request]]


def sms(settings: Settings) -> AliyunSms:
    found = replace(settings, sms_key_id="id", sms_key_secret="secret", sms_sign_name="水务")
    return AliyunSms(found)


@pytest.mark.parametrize(
    ("status", "said", "answer"),
    [
        (400, {"Code": "Throttling.User"}, Answer(Outcome.LATER, "Throttling.User")),
        (400, {"Code": "Throttling"}, Answer(Outcome.LATER, "Throttling")),
        (403, {"Code": "isv.DAY_LIMIT_CONTROL"}, Answer(Outcome.LATER, "isv.DAY_LIMIT_CONTROL", wait_s=300)),
        (400, {"Code": "isp.SYSTEM_ERROR"}, Answer(Outcome.LATER, "isp.SYSTEM_ERROR")),
        (400, {"Code": "MissingSignName"}, Answer(Outcome.REFUSED, "MissingSignName")),
        (429, {"Code": "Strange"}, Answer(Outcome.LATER, "Strange")),
        (500, {"Code": "InternalError"}, Answer(Outcome.LATER, "InternalError")),
        (400, {"Code": "OK"}, Answer(Outcome.REFUSED, "status_400")),
        (400, {"Code": ""}, Answer(Outcome.REFUSED, "status_400")),
        (400, {"Message": "no code"}, Answer(Outcome.REFUSED, "status_400")),
        (400, ["Throttling"], Answer(Outcome.REFUSED, "status_400")),
        (302, {}, Answer(Outcome.REFUSED, "status_302")),
    ],
)
def test_the_code_in_a_refusal_tells_more_than_its_status(
    settings: Settings, wire: Wire, status: int, said: Any, answer: Answer
) -> None:
    came = wire(lambda _: httpx.Response(status, content=orjson.dumps(said)))
    assert sms(settings).send(LETTER) == answer
    assert len(came) == 1, "one request, and no redirection is followed"


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"{", b"null", b"{" * 300_000])
def test_a_refusal_that_holds_no_object_is_known_by_its_status(
    settings: Settings, wire: Wire, body: bytes
) -> None:
    wire(lambda _: httpx.Response(400, content=body))
    assert sms(settings).send(LETTER) == Answer(Outcome.REFUSED, "status_400")
    wire(lambda _: httpx.Response(502, content=body))
    assert sms(settings).send(LETTER) == Answer(Outcome.LATER, "status_502")
    wire(lambda _: httpx.Response(200, content=body))
    assert sms(settings).send(LETTER) == Answer(Outcome.UNKNOWN, "no_json"), "it may have been taken"


def test_how_long_to_wait_is_the_providers_own_word(settings: Settings, wire: Wire) -> None:
    said = {"Code": "isv.BUSINESS_LIMIT_CONTROL"}
    wire(lambda _: httpx.Response(429, headers={"Retry-After": "7"}, content=orjson.dumps(said)))
    assert sms(settings).send(LETTER) == Answer(Outcome.LATER, "isv.BUSINESS_LIMIT_CONTROL", wait_s=7)
    wire(lambda _: httpx.Response(429, content=orjson.dumps(said)))
    assert sms(settings).send(LETTER).wait_s == 300


@pytest.mark.parametrize(
    ("after", "wait_s"),
    [("7", 7), ("0", 0), ("", None), ("-1", None), ("1.5", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_a_date_to_wait_for_is_no_number_of_seconds(wire: Wire, after: str, wait_s: int | None) -> None:
    wire(lambda _: httpx.Response(503, headers={"Retry-After": after}))
    with pytest.raises(Refusal) as refusal:
        asked("GET", "http://provider")
    assert refusal.value.answer == Answer(Outcome.LATER, "status_503", wait_s=wait_s)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (httpx.ConnectError("away"), Outcome.LATER),
        (httpx.ConnectTimeout("away"), Outcome.LATER),
        (httpx.PoolTimeout("full"), Outcome.LATER),
        (httpx.UnsupportedProtocol("ftp"), Outcome.LATER),
        (httpx.LocalProtocolError("ours"), Outcome.LATER),
        (httpx.ReadTimeout("silent"), Outcome.UNKNOWN),
        (httpx.WriteError("cut"), Outcome.UNKNOWN),
        (httpx.RemoteProtocolError("cut"), Outcome.UNKNOWN),
        (httpx.DecodingError("not gzip"), Outcome.UNKNOWN),
    ],
)
def test_only_without_a_connection_is_it_certain_that_nothing_went(
    settings: Settings, wire: Wire, error: Exception, outcome: Outcome
) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise error

    wire(broken)
    reason = type(error).__name__
    assert sms(settings).send(LETTER) == Answer(outcome, reason)
    gateway = Webhook(replace(settings, notify_url="http://gateway"))
    assert gateway.send(LETTER) == Answer(Outcome.LATER, reason), "the gateway knows it again"
    on = date(2026, 9, 1)
    assert sms(settings).result(LETTER.key, LETTER.to, None, on) is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"SmsSendDetailDTOs": None},
        {"SmsSendDetailDTOs": {"SmsSendDetailDTO": None}},
        {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"OutId": "another", "SendStatus": 3}]}},
        {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"OutId": "wangge-7"}]}},
        {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"OutId": "wangge-7", "SendStatus": 1}]}},
        {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"OutId": "wangge-7", "SendStatus": "3"}]}},
    ],
)
def test_a_provider_that_does_not_know_yet_has_told_nothing(
    settings: Settings, wire: Wire, said: Mapping[str, Any]
) -> None:
    came = wire(lambda _: httpx.Response(200, content=orjson.dumps(said)))
    assert sms(settings).result(LETTER.key, "+86 138 1234 5678", "b^0", date(2026, 9, 1)) is None
    query = came[0].url.params
    assert (query["PhoneNumber"], query["SendDate"], query["BizId"]) == ("13812345678", "20260901", "b^0")


def test_a_reason_that_is_empty_is_none(settings: Settings, wire: Wire) -> None:
    one = {"OutId": "wangge-7", "SendStatus": 2, "ErrCode": ""}
    said = {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [one]}}
    came = wire(lambda _: httpx.Response(200, content=orjson.dumps(said)))
    assert sms(settings).result(LETTER.key, LETTER.to, None, date(2026, 12, 31)) == Result(False, None)
    assert "BizId" not in came[0].url.params


class Tokens:
    """Answers to gettoken, in turn, and to what is sent with one."""

    def __init__(self, *tokens: Any, sent: Any = None) -> None:
        self.tokens, self.sent = list(tokens), sent or {"errcode": 0}
        self.used: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "gettoken" in request.url.path:
            said = self.tokens.pop(0)
            if isinstance(said, Exception):
                raise said
            return said if isinstance(said, httpx.Response) else httpx.Response(200, json=said)
        self.used.append(request.url.params["access_token"])
        return httpx.Response(200, json=self.sent)


def token(name: str, expires_in: Any = 7200) -> dict[str, Any]:
    return {"errcode": 0, "access_token": name, "expires_in": expires_in}


def apps(settings: Settings) -> list[WeComApp | DingTalkWork]:
    return [
        WeComApp(replace(settings, wecom_corp_id="c", wecom_agent_id="1", wecom_secret="s")),
        DingTalkWork(replace(settings, dingtalk_app_key="k", dingtalk_app_secret="s", dingtalk_agent_id="1")),
    ]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"errcode": -1}, Answer(Outcome.LATER, "token_errcode_-1")),
        ({"errcode": 0}, Answer(Outcome.LATER, "token_errcode_0")),
        ({}, Answer(Outcome.LATER, "token_errcode_None")),
        ({"errcode": 40013}, Answer(Outcome.REFUSED, "token_errcode_40013")),
        (httpx.ReadTimeout("silent"), Answer(Outcome.LATER, "token_ReadTimeout")),
        (httpx.Response(200, content=b"<html>"), Answer(Outcome.LATER, "token_no_json")),
        (httpx.Response(403), Answer(Outcome.REFUSED, "token_status_403")),
        (
            httpx.Response(429, headers={"Retry-After": "9"}),
            Answer(Outcome.LATER, "token_status_429", wait_s=9),
        ),
    ],
)
def test_without_a_token_no_message_went(settings: Settings, wire: Wire, said: Any, answer: Answer) -> None:
    for channel in apps(settings):
        said_by = Tokens(said)
        wire(said_by)
        assert channel.send(LETTER) == answer
        assert said_by.used == []


def test_a_token_is_used_until_its_end_and_one_that_ends_at_once_each_time_anew(
    settings: Settings, wire: Wire
) -> None:
    for channel in apps(settings):
        kept = Tokens(token("a"), token("never"))
        wire(kept)
        assert {channel.send(LETTER).outcome for _ in range(3)} == {Outcome.SENT}
        assert kept.used == ["a", "a", "a"]
    for short in (0, None, 120, "60"):
        for channel in apps(settings):
            brief = Tokens(token("a", short), token("b", short))
            wire(brief)
            assert [channel.send(LETTER).outcome for _ in range(2)] == [Outcome.SENT] * 2
            assert brief.used == ["a", "b"]


def test_a_token_that_is_never_good_is_asked_for_twice_and_no_more(settings: Settings, wire: Wire) -> None:
    for channel in apps(settings):
        stale = Tokens(*[token(f"t{n}") for n in range(9)], sent={"errcode": 42001})
        wire(stale)
        assert channel.send(LETTER) == Answer(Outcome.LATER, "errcode_42001")
        assert stale.used == ["t0", "t1"]


def test_a_secret_is_never_a_reason(settings: Settings, wire: Wire) -> None:
    """What a failed request names is its kind, not its address, in which the key stands."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError(str(request.url))

    wire(broken)
    robot = WeComRobot(replace(settings, wecom_robot_key="the-key"))
    answer = robot.send(LETTER)
    assert answer == Answer(Outcome.UNKNOWN, "ReadError")
    with pytest.raises(Refusal) as refusal:
        AccessToken("http://provider/gettoken", {"corpsecret": "the-key"}).used_in(lambda _: {})
    assert "the-key" not in str(refusal.value)


def test_long_texts_are_cut_between_characters(settings: Settings, wire: Wire) -> None:
    came = wire(lambda _: httpx.Response(200, json={"errcode": 0}))
    robot = WeComRobot(replace(settings, wecom_robot_key="key"))
    for words in ("长" * 700, "a" * 2047 + "长", "😀" * 600):
        assert robot.send(replace(LETTER, to="", text=words)).outcome is Outcome.SENT
        said = orjson.loads(came[-1].content)["text"]
        assert words.startswith(said["content"]) and 2044 < len(said["content"].encode()) <= 2048
        assert "mentioned_mobile_list" not in said


def test_a_signature_is_made_of_every_value_as_it_goes_over_the_wire() -> None:
    at = datetime(2026, 9, 1, tzinfo=UTC)

    def signed(query: Mapping[str, str], secret: str = "s", nonce: str = "n") -> tuple[str, str]:
        line, headers = signed_headers("host", "SendSms", "v", query, ("id", secret), at=at, nonce=nonce)
        return line, headers["Authorization"]

    line, usual = signed({"b": "2", "a": "~ +*/水"})
    assert line == "a=~%20%2B%2A%2F%E6%B0%B4&b=2"
    others = (
        signed({"a": "1"}),
        signed({"b": "2", "a": "~ +*/水"}, "t"),
        signed({"b": "2", "a": "~ +*/水"}, nonce="m"),
    )
    assert len({usual, *(one[1] for one in others)}) == 4
    assert robot_sign("SEC", 1) != robot_sign("SEC", 2) != robot_sign("SED", 2)


@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"\xff", b'{"a": ' + b"1" * 300_000 + b"}"])
def test_only_a_short_object_is_an_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        object_in(body)
    with pytest.raises(Refusal) as refusal:
        json_of(httpx.Response(200, content=body))
    assert refusal.value.answer == Answer(Outcome.UNKNOWN, "no_json")
    assert object_in(b'{"a": 1}') == {"a": 1}
