"""WeCom (企业微信): application messages and group robots.

Documents of developer.work.weixin.qq.com: "获取access_token", "发送应用消息", "群机器人配置说明", "全局错误码".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from backend.core.config import Settings
from backend.notices.services.channels.access_token import AccessToken
from backend.notices.services.channels.errcodes import cut, is_number, posted, understood
from backend.notices.services.channels.port import Answer, Letter, Outcome, Refusal

_RATE = frozenset({45009, 45033})
# The longest time in which WeCom drops a request that it had before.
DOUBLES_S = 14_400


class WeComApp:
    """A text to one member by the application. WeCom drops the same request within four hours, so the text
    has the message's number: the same message twice is one, the same words twice are two."""

    name: ClassVar[str] = "wecom"
    address: ClassVar[str] = "wecom"
    repeats_safely_s: ClassVar[float] = DOUBLES_S

    def __init__(self, settings: Settings) -> None:
        self._url, self._agent_id = settings.wecom_url.rstrip("/"), settings.wecom_agent_id
        key = {"corpid": settings.wecom_corp_id, "corpsecret": settings.wecom_secret}
        self._token = AccessToken(f"{self._url}/cgi-bin/gettoken", key)

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has the corporation's id, the application's id and its secret."""
        return bool(settings.wecom_corp_id and settings.wecom_secret) and is_number(settings.wecom_agent_id)

    def send(self, letter: Letter) -> Answer:
        """Send one text."""
        body = {
            "touser": letter.to,
            "msgtype": "text",
            "agentid": int(self._agent_id),
            "text": {"content": cut(letter.marked_text)},
            "safe": 0,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DOUBLES_S,
        }
        try:
            said = self._token.used_in(lambda token: self._said(token, body))
        except Refusal as refusal:
            return refusal.answer
        if said.get("errcode") == 0 and letter.to.lower() in str(said.get("invaliduser") or "").split("|"):
            return Answer(Outcome.REFUSED, "errcode_invaliduser")
        return _answer(said)

    def _said(self, token: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._url}/cgi-bin/message/send"
        return posted(url, {"access_token": token}, body)


class WeComRobot:
    """A text into the group whose robot's key the operator gave; the phone number is mentioned."""

    name: ClassVar[str] = "wecom_robot"
    address: ClassVar[str] = "group"
    repeats_safely_s: ClassVar[float] = 0

    def __init__(self, settings: Settings) -> None:
        self._url, self._key = settings.wecom_url.rstrip("/"), settings.wecom_robot_key

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has a key."""
        return bool(settings.wecom_robot_key)

    def send(self, letter: Letter) -> Answer:
        """Say it in the group."""
        said = {"content": cut(letter.text)} | ({"mentioned_mobile_list": [letter.to]} if letter.to else {})
        try:
            url = f"{self._url}/cgi-bin/webhook/send"
            return _answer(posted(url, {"key": self._key}, {"msgtype": "text", "text": said}))
        except Refusal as refusal:
            return refusal.answer


def _answer(said: Mapping[str, Any]) -> Answer:
    return understood(said, _RATE, str(said.get("msgid") or "") or None)
