"""Strict stand-ins for the HTTP APIs of providers of messages.

They check signature, fields, types and content types by themselves, by other code than ours, refuse what
the provider's document refuses, and keep what they took.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import orjson

KEY_ID, KEY_SECRET, SIGN_NAME, TEMPLATE = "LTAI-test", "a secret of the test", "青岛水务", "SMS_123456"
CORP, AGENT, WECOM_SECRET, ROBOT = "ww01", "1000002", "wecom secret", "693a91f6-robot"
APP_KEY, APP_SECRET, DING_AGENT = "dingoa", "dingtalk secret", "41605932"
DING_ROBOT, DING_SIGN = "token-of-robot", "SEC-of-robot"
Said = tuple[int, dict[str, Any]]


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    raw_query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Its body."""
        return orjson.loads(self.body)


@dataclass
class Provider:
    """What a provider took, and what it says next instead of its usual answer."""

    took: list[dict[str, Any]] = field(default_factory=list)
    next: list[Said | str] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)
    results: dict[str, tuple[int, str]] = field(default_factory=dict)
    url: str = ""


Serve = Callable[[Provider, Asked], Said]


@contextmanager
def served(serve: Serve) -> Iterator[Provider]:
    """A provider on a port of its own. Of `next`, `"hang up"` breaks the line after it took the message."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(self.command, parts.path, query, parts.query, headers, body)
            planned = provider.next.pop(0) if provider.next and "gettoken" not in parts.path else None
            if planned == "hang up":
                serve(provider, asked)
                self.close_connection = True
                return
            status, said = planned if isinstance(planned, tuple) else serve(provider, asked)
            answer = orjson.dumps(said)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    yield provider
    server.shutdown()
    server.server_close()


def _aliyun_signature(asked: Asked, names: str) -> str:
    """As the document builds it, of what came over the wire."""
    pairs = sorted(parse_qsl(asked.raw_query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    lines = [f"{name}:{asked.headers[name].strip()}" for name in names.split(";")]
    canonical = "\n".join(
        [asked.method, asked.path or "/", query, *lines, "", names, hashlib.sha256(asked.body).hexdigest()]
    )
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.digest(KEY_SECRET.encode(), text.encode(), "sha256").hex()


def aliyun(provider: Provider, asked: Asked) -> Said:
    """SendSms and QuerySendDetails, 2017-05-25, under ACS3-HMAC-SHA256."""
    algorithm, _, rest = asked.headers.get("authorization", "").partition(" ")
    said = dict(one.split("=", 1) for one in rest.split(","))
    must = {name for name in asked.headers if name.startswith("x-acs-") or name in ("host", "content-type")}
    if algorithm != "ACS3-HMAC-SHA256" or said.get("Credential") != KEY_ID:
        return 404, {"Code": "InvalidAccessKeyId.NotFound"}
    names = said["SignedHeaders"]
    if names.split(";") != sorted(names.split(";")) or must - set(names.split(";")):
        return 400, {"Code": "IncompleteSignature"}
    if said["Signature"] != _aliyun_signature(asked, names):
        return 400, {"Code": "SignatureDoesNotMatch"}
    at = datetime.strptime(asked.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if abs((datetime.now(UTC) - at).total_seconds()) > 900:
        return 400, {"Code": "InvalidTimeStamp.Expired"}
    nonce = asked.headers["x-acs-signature-nonce"]
    if nonce in provider.nonces:
        return 400, {"Code": "SignatureNonceUsed"}
    provider.nonces.add(nonce)
    if asked.headers["x-acs-version"] != "2017-05-25":
        return 404, {"Code": "InvalidVersion"}
    actions = {"SendSms": _send_sms, "QuerySendDetails": _query_details}
    return actions[asked.headers["x-acs-action"]](provider, asked.query)


def _send_sms(provider: Provider, query: dict[str, str]) -> Said:
    if set(query) - {"PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "OutId", "SmsUpExtendCode"}:
        return 200, {"Code": "isv.INVALID_PARAMETERS"}
    number = query["PhoneNumbers"]
    if not (number.isascii() and number.isdigit() and len(number) == 11 and number[0] == "1"):
        return 200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "illegal"}
    if query["SignName"] != SIGN_NAME:
        return 200, {"Code": "isv.SMS_SIGNATURE_ILLEGAL"}
    if query["TemplateCode"] != TEMPLATE:
        return 200, {"Code": "isv.SMS_TEMPLATE_ILLEGAL"}
    values = orjson.loads(query["TemplateParam"])
    if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
        return 200, {"Code": "isv.INVALID_JSON_PARAM"}
    biz_id = f"9006195{len(provider.took)}^0"
    provider.took.append({"to": number, "values": values, "key": query["OutId"], "biz_id": biz_id})
    return 200, {"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": "F655A8D5"}


def _query_details(provider: Provider, query: dict[str, str]) -> Said:
    for name in ("PhoneNumber", "SendDate", "PageSize", "CurrentPage"):
        if name not in query:
            return 200, {"Code": "isv.INVALID_PARAMETERS", "Message": name}
    found = [
        {"PhoneNum": one["to"], "OutId": one["key"], "SendStatus": status, "ErrCode": code}
        for one in provider.took
        for status, code in [provider.results.get(one["key"], (1, ""))]
        if one["to"] == query["PhoneNumber"] and query.get("BizId", one["biz_id"]) == one["biz_id"]
    ]
    return 200, {"Code": "OK", "TotalCount": len(found), "SmsSendDetailDTOs": {"SmsSendDetailDTO": found}}


def _json_body(asked: Asked) -> Any:
    if asked.method != "POST" or not asked.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return asked.json()
    except ValueError:
        return None


def _new_token(provider: Provider) -> Said:
    provider.tokens.append(f"token-{len(provider.tokens)}")
    return 200, {"errcode": 0, "errmsg": "ok", "access_token": provider.tokens[-1], "expires_in": 7200}


def wecom(provider: Provider, asked: Asked) -> Said:
    """gettoken, message/send of an application, webhook/send of a robot."""
    if asked.path == "/cgi-bin/gettoken":
        if asked.query != {"corpid": CORP, "corpsecret": WECOM_SECRET}:
            return 200, {"errcode": 40001, "errmsg": "invalid credential"}
        return _new_token(provider)
    body = _json_body(asked)
    if body is None:
        return 200, {"errcode": 47001, "errmsg": "data format error"}
    if asked.path == "/cgi-bin/webhook/send":
        return _wecom_robot(provider, asked, body)
    if asked.path != "/cgi-bin/message/send":
        return 404, {}
    if asked.query.get("access_token") not in provider.tokens[-1:]:
        return 200, {"errcode": 42001, "errmsg": "access_token expired"}
    if body["agentid"] != int(AGENT) or body["msgtype"] != "text":
        return 200, {"errcode": 40056, "errmsg": "invalid agentid"}
    if body["touser"].lower() != "zhangsan":
        return 200, {"errcode": 81013, "errmsg": "user & party & tag all invalid"}
    if not 0 < body.get("duplicate_check_interval", 1800) <= 14400:
        return 200, {"errcode": 40058, "errmsg": "invalid parameter"}
    is_double = body.get("enable_duplicate_check") and any(one["raw"] == asked.body for one in provider.took)
    if not is_double:
        words = body["text"]["content"]
        provider.took.append({"to": body["touser"], "text": words, "raw": asked.body})
    return 200, {"errcode": 0, "errmsg": "ok", "msgid": f"msg-{len(provider.took)}"}


def _wecom_robot(provider: Provider, asked: Asked, body: Any) -> Said:
    if asked.query != {"key": ROBOT}:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
    said = body["text"]
    if body["msgtype"] != "text" or len(said["content"].encode()) > 2048:
        return 200, {"errcode": 40058, "errmsg": "content exceed max length"}
    provider.took.append({"to": said.get("mentioned_mobile_list"), "text": said["content"]})
    return 200, {"errcode": 0, "errmsg": "ok"}


def dingtalk(provider: Provider, asked: Asked) -> Said:
    """gettoken, asyncsend_v2, robot/send with a signature."""
    if asked.path == "/gettoken":
        if asked.query != {"appkey": APP_KEY, "appsecret": APP_SECRET}:
            return 200, {"errcode": 40089, "errmsg": "invalid appkey or appsecret"}
        return _new_token(provider)
    body = _json_body(asked)
    if body is None:
        return 200, {"errcode": 43002, "errmsg": "need POST of JSON"}
    if asked.path == "/robot/send":
        return _dingtalk_robot(provider, asked, body)
    if asked.path != "/topapi/message/corpconversation/asyncsend_v2":
        return 404, {}
    if asked.query.get("access_token") not in provider.tokens[-1:]:
        return 200, {"errcode": 40014, "errmsg": "invalid access_token"}
    if body["agent_id"] != int(DING_AGENT) or not isinstance(body["userid_list"], str):
        return 200, {"errcode": 33012, "errmsg": "invalid agent"}
    words = body["msg"]["text"]["content"]
    if not any((one["to"], one["text"]) == (body["userid_list"], words) for one in provider.took):
        provider.took.append({"to": body["userid_list"], "text": words})
    return 200, {"errcode": 0, "task_id": 256271667526, "request_id": "4jzllmte0wau"}


def _dingtalk_robot(provider: Provider, asked: Asked, body: Any) -> Said:
    at = asked.query["timestamp"]
    digest = hmac.digest(DING_SIGN.encode(), f"{at}\n{DING_SIGN}".encode(), "sha256")
    if asked.query["sign"] != base64.b64encode(digest).decode():
        return 200, {"errcode": 310000, "errmsg": "sign not match"}
    if abs(time.time() * 1000 - int(at)) > 3_600_000:
        return 200, {"errcode": 310000, "errmsg": "invalid timestamp"}
    if asked.query["access_token"] != DING_ROBOT:
        return 200, {"errcode": 300001, "errmsg": "token is not exist"}
    mobiles = body.get("at", {}).get("atMobiles", [])
    words = body["text"]["content"]
    if body["msgtype"] != "text" or not all(f"@{one}" in words for one in mobiles):
        return 200, {"errcode": 400105, "errmsg": "unsupported msgtype"}
    provider.took.append({"to": mobiles, "text": words})
    return 200, {"errcode": 0, "errmsg": "ok"}
