"""A new phone at midday: work goes on there, and what the old one did not send is handed in later.

By itself once it is open again, by an exported file, or by both: each piece counts once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from backend.core.services import credentials
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.link import Refused
from tests.conftest import Person
from tests.factories import CHEAP, PASSWORD, Town, uid

As = Callable[[str], Person]
PhoneOf = Callable[..., Phone]
OWN = "quartz lantern ferry 88"
HALF, PROOF = base64.b64encode(bytes(range(32))).decode(), "p" * 43


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little."""
    monkeypatch.setattr(credentials, "_HASHER", CHEAP)


@pytest.fixture
def old(phone_of: PhoneOf, town: Town) -> Phone:
    """The old phone: two notes were made on it without a network."""
    phone = phone_of("rep", "old")
    phone.sync()
    phone.change("customer", town["customer 0"], {"note": "上午在旧手机上记的"})
    phone.change("service_point", town["point 0"], {"access_note": "按三次门铃"})
    return phone


def noted(as_: As, town: Town) -> tuple[Any, Any]:
    desk = as_("dispatcher")
    return (
        desk.get(f"/customers/{town['customer 0']}")["note"],
        desk.get(f"/service-points/{town['point 0']}")["access_note"],
    )


def exported(phone: Phone) -> bytes:
    """What the old phone writes into a file, as its page of the queue does."""
    body = {"author": phone.staff_id, "mutations": phone.store.waiting(100), "photos": {}}
    return json.dumps(body).encode()


def hand_in(person: Person, data: bytes) -> Any:
    return person("POST", "/inbox/files", data=data, content_type="application/json")


def new_password(app: Flask, admin: Person, who: str) -> None:
    made = admin("POST", "/account-links/passwords", {"staff_id": who}).get_json()
    guest = Person(app.test_client(), made["token"])
    assert guest("PUT", "/account-links/mine", {"password": OWN}).status_code == 200


def test_both_phones_are_the_persons_and_the_old_one_sends_when_it_is_open(
    as_: As, phone_of: PhoneOf, old: Phone, town: Town
) -> None:
    new = phone_of("rep", "new")
    new.sync()
    new.change("customer", town["customer 1"], {"note": "下午在新手机上记的"})
    new.sync()
    assert noted(as_, town) == (None, None)
    old.sync()
    assert noted(as_, town) == ("上午在旧手机上记的", "按三次门铃")
    new.sync()
    assert new.records("customer")[town["customer 0"]]["note"] == "上午在旧手机上记的"


def test_the_old_phone_opens_after_password_and_pin_were_reset(
    as_: As, app: Flask, phone_of: PhoneOf, old: Phone, town: Town
) -> None:
    """Everything that the server has to say to a phone of which nothing is remembered."""
    admin, body = as_("admin"), {"half": HALF, "proof": PROOF}
    kept = Person(app.test_client(), old.store.meta("access"))
    assert kept("PUT", f"/phone-recoveries/{uid('half')}", body).status_code == 204
    new_password(app, admin, town["rep"])
    with pytest.raises(Refused):
        old.sync()
    assert len(old.store.waiting(10)) == 2
    # The new phone goes on at once, with the new password alone.
    new = phone_of("rep", "new", signed_in=False)
    new.sign_in("T005", OWN)
    new.sync()
    locked = Person(app.test_client(), PROOF)
    code = locked("POST", "/phone-recoveries/mine").get_json()["code"]
    assert admin("PUT", f"/phone-recoveries/{uid('half')}/approval", {"code": code}).status_code == 204
    for password, status in ((PASSWORD, 401), (OWN, 200)):
        answer = locked("POST", "/phone-recoveries/mine/half", {"password": password})
        assert answer.status_code == status
    assert answer.get_json()["half"] == HALF
    old.sign_in("T005", OWN)
    old.sync()
    assert noted(as_, town) == ("上午在旧手机上记的", "按三次门铃")
    new.sync()
    assert new.records("customer")[town["customer 0"]]["note"] == "上午在旧手机上记的"


def test_a_phone_that_was_reported_lost_hands_in_and_wipes_itself(as_: As, old: Phone, town: Town) -> None:
    """Opened by its PIN: whoever has forgotten that too gets no half any more."""
    assert as_("admin")("PUT", f"/devices/{old.store.meta('device')}/revocation").status_code == 200
    with pytest.raises(Refused, match="device_revoked"):
        old.sync()
    # What comes from a lost phone waits for a person, and nothing stays on it.
    assert noted(as_, town) == (None, None)
    assert sum(len(one["mutations"]) for one in as_("dispatcher").get("/inbox/parked")) == 2
    assert old.records("customer") == {}


def test_what_the_file_brought_is_not_taken_twice(as_: As, old: Phone, town: Town) -> None:
    desk = as_("dispatcher")
    counted = hand_in(desk, exported(old)).get_json()
    assert (counted["mutations"], counted["parked"]) == (2, 2)
    # A file can be forged: a person looks before it is true.
    assert noted(as_, town) == (None, None)
    groups = desk.get("/inbox/parked")
    assert sum(len(one["mutations"]) for one in groups) == 2
    old.sync()
    assert old.store.waiting(10) == []
    journal = [mutation for mutation, _ in old.store.journal()]
    again = hand_in(desk, json.dumps({"author": old.staff_id, "mutations": journal, "photos": {}}).encode())
    assert again.status_code == 201, again.text
    assert sum(len(one["mutations"]) for one in desk.get("/inbox/parked")) == 2


def test_nobody_beyond_the_unit_hands_it_in(as_: As, old: Phone) -> None:
    assert hand_in(as_("stranger"), exported(old)).status_code == 404
    assert hand_in(as_("rep"), exported(old)).status_code == 403
