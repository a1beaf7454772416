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


def test_what_was_parked_is_given_again_and_told_settled() -> None:
    sent: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        mutations = orjson.loads(request.content)["mutations"]
        sent.extend(mutations)
        told = []
        for one in mutations:
            is_faulty = "faulty" in one["now"].values()
            detail = (
                {}
                if is_faulty
                else {"settles": [m["id"] for m in sent if m["record"] == one["record"] and m is not one]}
            )
            told.append(
                {
                    "id": one["id"],
                    "status": "parked" if is_faulty else "applied",
                    "version": 1,
                    "code": None,
                    "detail": detail,
                }
            )
        return httpx.Response(200, json={"outcomes": told, "server_time": "2026-09-01T08:00:00.000000Z"})

    phone = Phone(Store(None), Link("http://localhost", transport=httpx.MockTransport(answer)), Clock())
    phone.store.set_meta(staff="me", access="token", device="d", store="s")
    visit = phone.create("visit", {"method": "faulty", "summary": "s"})
    phone.change("customer", "c", {"phone": "faulty", "note": "n"})
    phone.push()
    for one, _ in phone.store.journal():
        phone.correct(one["id"], {"method": "door"} if one["op"] == "create" else {"phone": "1"})
    phone.push()
    again = [(one["op"], one["record"], one["now"]) for one in sent[2:]]
    assert again == [("create", visit, {"method": "door", "summary": "s"}), ("change", "c", {"phone": "1"})]
    ends = [end and (end["status"], end.get("settled_by")) for _, end in phone.store.journal()]
    assert ends == [
        ("parked", sent[2]["id"]),
        ("parked", sent[3]["id"]),
        ("applied", None),
        ("applied", None),
    ]
