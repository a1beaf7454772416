"""DingTalk (钉钉): work notifications and group robots with a signature (加签).

Documents of open.dingtalk.com: "获取企业内部应用的access_token" (gettoken), "发送工作通知" (topapi/message/
corpconversation/asyncsend_v2), "自定义机器人接入" and "自定义机器人安全设置".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from backend.core.config import Settings
from backend.notices.services.channels.access_token import AccessToken
from backend.notices.services.channels.errcodes import cut, is_number, posted, understood
from backend.notices.services.channels.port import Answer, Letter, Refusal

_RATE = frozenset({130101, 90018, 90002, 410100})
# The same text to the same person is dropped within a day.
DOUBLES_S = 86_400


def robot_sign(secret: str, at_ms: int) -> str:
    """Base64 of HMAC-SHA256 over `<milliseconds>\\n<secret>`, with the secret as key."""
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class DingTalkWork:
    """A work notification to one member. DingTalk drops the same text to the same person within a day, and
    says that it was sent; so the text has the message's number."""

    name: ClassVar[str] = "dingtalk"
    address: ClassVar[str] = "dingtalk"
    repeats_safely_s: ClassVar[float] = DOUBLES_S

    def __init__(self, settings: Settings) -> None:
        self._url, self._agent_id = settings.dingtalk_url.rstrip("/"), settings.dingtalk_agent_id
        key = {"appkey": settings.dingtalk_app_key, "appsecret": settings.dingtalk_app_secret}
        self._token = AccessToken(f"{self._url}/gettoken", key)

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has an application's key and secret, and the agent's number."""
        key, secret = settings.dingtalk_app_key, settings.dingtalk_app_secret
        return bool(key and secret) and is_number(settings.dingtalk_agent_id)

    def send(self, letter: Letter) -> Answer:
        """Send one text."""
        body = {
            "agent_id": int(self._agent_id),
            "userid_list": letter.to,
            "msg": {"msgtype": "text", "text": {"content": cut(letter.marked_text)}},
        }
        try:
            said = self._token.used_in(lambda token: self._said(token, body))
        except Refusal as refusal:
            return refusal.answer
        return understood(said, _RATE, str(said.get("task_id") or "") or None)

    def _said(self, token: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._url}/topapi/message/corpconversation/asyncsend_v2"
        return posted(url, {"access_token": token}, body)


class DingTalkRobot:
    """A text into the group of a robot whose security is the signature; the phone number is mentioned."""

    name: ClassVar[str] = "dingtalk_robot"
    address: ClassVar[str] = "group"
    repeats_safely_s: ClassVar[float] = 0

    def __init__(self, settings: Settings) -> None:
        self._url, self._token = settings.dingtalk_url.rstrip("/"), settings.dingtalk_robot_token
        self._secret = settings.dingtalk_robot_secret

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has a token and the secret for its signature."""
        return bool(settings.dingtalk_robot_token and settings.dingtalk_robot_secret)

    def send(self, letter: Letter) -> Answer:
        """Say it in the group."""
        at_ms = time.time_ns() // 1_000_000
        params = {"access_token": self._token, "timestamp": str(at_ms)}
        params["sign"] = robot_sign(self._secret, at_ms)
        words = f"@{letter.to} {letter.text}" if letter.to else letter.text
        body: dict[str, Any] = {"msgtype": "text", "text": {"content": cut(words)}}
        if letter.to:
            body["at"] = {"atMobiles": [letter.to], "isAtAll": False}
        try:
            return understood(posted(f"{self._url}/robot/send", params, body), _RATE, None)
        except Refusal as refusal:
            return refusal.answer
