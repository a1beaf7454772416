"""SMS by Alibaba Cloud (阿里云短信服务): SendSms and QuerySendDetails of the API version 2017-05-25.

Documents: "SendSms", "QuerySendDetails", "SmsReport" and "API error codes" of the service; "Request syntax
and signature method V3" (ACS3-HMAC-SHA256). A message is an approved template (`TemplateCode`) with its
values (`TemplateParam`), under an approved signature (`SignName`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import orjson

from backend.core.comparing.phones import phone_digits
from backend.core.config import Settings
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

SEND, QUERY = "SendSms", "QuerySendDetails"
VERSION, ALGORITHM = "2017-05-25", "ACS3-HMAC-SHA256"
# `SendStatus`: 1 waits for the network's receipt.
_FAILED, _DELIVERED = 2, 3
# A limit of the provider's, by minute, hour or day of one number.
_RATE = frozenset({"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"})
_LATER = frozenset(
    {"isp.SYSTEM_ERROR", "isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isp.GATEWAY_ERROR", "Throttling"}
)
RATE_WAIT_S = 300


def signed_headers(
    host: str,
    action: str,
    version: str,
    query: Mapping[str, str],
    key: tuple[str, str],
    *,
    at: datetime,
    nonce: str,
    body: bytes = b"",
) -> tuple[str, dict[str, str]]:
    """The canonical query and the headers of one POST to `/`, signed with the key (id, secret)."""
    line = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query.items())
    )
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    block = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(("POST", "/", line, block, names, digest))
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(key[1].encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"{ALGORITHM} Credential={key[0]},SignedHeaders={names},Signature={signature}"
    return line, headers


class AliyunSms:
    """One number at a time. The provider knows no key that makes two requests one: what was not answered is
    not asked again."""

    name: ClassVar[str] = "sms"
    address: ClassVar[str] = "phone"
    repeats_safely_s: ClassVar[float] = 0

    def __init__(self, settings: Settings) -> None:
        self._url, self._sign_name = settings.sms_url.rstrip("/"), settings.sms_sign_name
        self._key = settings.sms_key_id, settings.sms_key_secret

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has a key and a signature."""
        return bool(settings.sms_key_id and settings.sms_key_secret and settings.sms_sign_name)

    def send(self, letter: Letter) -> Answer:
        """Ask for one SMS."""
        if not letter.code:
            return Answer(Outcome.REFUSED, "no_template_code")
        query = {
            "PhoneNumbers": phone_digits(letter.to) or letter.to,
            "SignName": self._sign_name,
            "TemplateCode": letter.code,
            "TemplateParam": orjson.dumps(dict(letter.values)).decode(),
            "OutId": letter.key,
        }
        try:
            return _understood(self._asked(SEND, query))
        except Refusal as refusal:
            return _of_refusal(refusal)

    def result(self, key: str, to: str, provider_id: str | None, on: date) -> Result | None:
        """What became of it. The provider's own reports (SmsReport) carry no signature: they are not taken,
        it is asked by a signed request instead."""
        query = {
            "PhoneNumber": phone_digits(to) or to,
            "SendDate": f"{on:%Y%m%d}",
            "PageSize": "50",
            "CurrentPage": "1",
        }
        query |= {"BizId": provider_id} if provider_id else {}
        try:
            said = self._asked(QUERY, query)
        except Refusal:
            return None
        found = (said.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
        mine = next((one for one in found if one.get("OutId") == key), None)
        if mine is None or mine.get("SendStatus") not in (_FAILED, _DELIVERED):
            return None
        return Result(mine["SendStatus"] == _DELIVERED, str(mine.get("ErrCode") or "") or None)

    def _asked(self, action: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        host = urlsplit(self._url).netloc
        line, headers = signed_headers(
            host, action, VERSION, query, self._key, at=datetime.now(UTC), nonce=secrets.token_hex(16)
        )
        return json_of(asked("POST", f"{self._url}/?{line}", headers=headers))


def _understood(said: Mapping[str, Any]) -> Answer:
    code = str(said.get("Code") or "no_code")
    if code == "OK":
        return Answer(Outcome.SENT, provider_id=str(said.get("BizId") or "") or None)
    if code in _RATE:
        return Answer(Outcome.LATER, code, wait_s=RATE_WAIT_S)
    if code in _LATER or code.startswith("Throttling"):
        return Answer(Outcome.LATER, code)
    return Answer(Outcome.REFUSED, code)


def _of_refusal(refusal: Refusal) -> Answer:
    """What a refusal means: its `Code` where the body has one, for the status alone does not tell a limit
    from a wrong key. What the status says may come later stays so."""
    answer = refusal.answer
    if answer.outcome is Outcome.UNKNOWN:
        return answer
    try:
        said = object_in(refusal.body)
    except ValueError:
        return answer
    found = _understood(said) if said.get("Code") else answer
    if found.outcome is Outcome.SENT:
        return answer
    if answer.outcome is Outcome.LATER:
        return Answer(Outcome.LATER, found.reason, wait_s=answer.wait_s or found.wait_s)
    return found
