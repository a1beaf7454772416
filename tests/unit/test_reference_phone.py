"""The reference phone by itself: what it sends when a server does not answer as it should."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from mobile_api_spec.phone import Clock, Link, Offline, Phone
from mobile_api_spec.phone.store import Store


def test_a_push_that_made_no_progress_is_not_repeated() -> None:
    pushes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent: list[dict[str, Any]] = orjson.loads(request.content)["mutations"]
        pushes.append(len(sent))
        if len(pushes) > 20:
            raise httpx.ConnectError("enough")
        is_spoiled = any(one["now"]["note"] == "spoiled" for one in sent)
        ids = ["nobody sent this"] if is_spoiled else [one["id"] for one in sent]
        outcomes = [{"id": one, "status": "applied", "version": 1, "code": None, "detail": {}} for one in ids]
        return httpx.Response(200, json={"outcomes": outcomes, "server_time": "2026-09-01T08:00:00.000000Z"})

    phone = Phone(Store(None), Link("http://localhost", transport=httpx.MockTransport(answer)), Clock())
    phone.store.set_meta(staff="me", access="token", device="d", store="s")
    for note in ("first", "spoiled", "third"):
        phone.create("customer", {"note": note})
    try:
        phone.push()
    except Offline:
        raise AssertionError(f"it never ended: {pushes}") from None
    assert [one["now"]["note"] for one in phone.store.waiting(-1)] == ["spoiled"]
    assert len(pushes) <= 5
