"""Work handed in as a file.

It is parked under its author's name, once, and equals what the phone hands in later.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from backend.core.errors import Problem
from backend.phones.api import exported_work
from backend.phones.api.exported_work import read_exported
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town

As = Callable[[str], Person]


def exported(phone: Phone, photos: dict[str, bytes] | None = None) -> dict[str, Any]:
    """What the app's export writes."""
    return {
        "wangge": "unsent work", "author": phone.staff_id, "schema": 1, "mutations": phone.store.waiting(500),
        "photos": {id_: base64.b64encode(data).decode() for id_, data in (photos or {}).items()},
    }  # fmt: skip


def test_it_waits_for_a_person_and_then_counts(as_: As, phone_of: Callable[..., Phone], town: Town) -> None:
    phone, data = phone_of("rep"), b"a picture of the door"
    phone.sync()
    phone.change("customer", town["customer 0"], {"note": "从文件来"})
    photo = phone.take_photo("customer", town["customer 0"], "site", data, {"cell_id": town["cell 0"]})
    dispatcher = as_("dispatcher")
    done = dispatcher("POST", "/inbox/files", exported(phone, {photo: data}))
    assert (done.status_code, done.get_json()) == (201, {"mutations": 2, "parked": 2, "photos": 1})
    assert dispatcher.get(f"/customers/{town['customer 0']}")["note"] != "从文件来"
    for group in dispatcher.get("/inbox/parked"):
        assert group["mutations"][0]["author_id"] == town["rep"]
        body = {"decision": "apply", "reason": "已与本人核对"}
        assert dispatcher("POST", f"/inbox/parked/{group['group_id']}/decision", body).status_code == 200
    assert dispatcher.get(f"/customers/{town['customer 0']}")["note"] == "从文件来"
    assert dispatcher.get(f"/photos/{photo}")["sha256"] == hashlib.sha256(data).hexdigest()
    # The phone found a network after all: the same work again writes nothing.
    before = dispatcher.get(f"/customers/{town['customer 0']}/history")
    phone.sync()
    assert dispatcher.get(f"/customers/{town['customer 0']}/history") == before
    assert phone.store.waiting(10) == []


def test_the_same_file_twice_and_work_that_had_arrived(
    as_: As, phone_of: Callable[..., Phone], town: Town
) -> None:
    phone = phone_of("rep")
    phone.sync()
    phone.change("customer", town["customer 0"], {"note": "一"})
    file, dispatcher = exported(phone), as_("dispatcher")
    phone.sync()
    assert dispatcher("POST", "/inbox/files", file).get_json()["parked"] == 0
    phone.change("customer", town["customer 0"], {"note": "二"})
    file = exported(phone)
    for _ in range(2):
        assert dispatcher("POST", "/inbox/files", file).status_code == 201
    assert len(dispatcher.get("/inbox/parked")) == 1


@pytest.mark.parametrize(("who", "status"), [("rep", 403), ("auditor", 403), ("stranger", 404)])
def test_not_by_everybody(as_: As, phone_of: Callable[..., Phone], who: str, status: int) -> None:
    file = exported(phone_of("rep"))
    assert as_(who)("POST", "/inbox/files", file).status_code == status


@pytest.mark.parametrize(
    "broken",
    [
        {"photos": {"0193c0de-0000-7000-8000-000000000001": "***"}},
        {"mutations": [{"id": 5}]},
        {"author": "x"},
    ],
)
def test_a_broken_file_says_so(as_: As, phone_of: Callable[..., Phone], broken: dict[str, Any]) -> None:
    file = exported(phone_of("rep")) | broken
    assert as_("dispatcher")("POST", "/inbox/files", file).status_code == 422


@pytest.mark.parametrize("piece", [b"1,", b"[],", b"{},"], ids=["numbers", "lists", "objects"])
def test_a_file_of_a_million_values_is_not_read(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_: bytes) -> None:
        raise AssertionError("each of them would be an object in memory")

    monkeypatch.setattr(exported_work, "_DECODER", SimpleNamespace(decode=read))
    with pytest.raises(Problem, match="too_large"):
        read_exported(b'{"author":"","mutations":[' + piece * 2_500_000 + b"1]}")
