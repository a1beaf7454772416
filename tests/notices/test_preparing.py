"""Who gets a message and where, at which hour, in which words; each branch of preparing one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import USUAL, installed_as
from backend.core.kinds.account import Account
from backend.core.services import record_writer
from backend.notices.kinds.message import Message
from backend.notices.kinds.message_settings import (
    MessageAddress,
    MessageConsent,
    MessagePurpose,
    MessageTemplate,
)
from backend.notices.services.channels import ALL
from backend.notices.services.channels.port import Channel, Letter
from backend.notices.services.preparing import Ended, Held, phone_of, prepare, provider_key, quiet_until
from backend.notices.services.purposes import URGENT, Made, Purpose, Wanted
from backend.notices.services.routing import first_channel, purpose_of
from backend.notices.services.wording import filled, need_fit, sample_values, tried_out, worded
from geo.sentences import Words
from tests.conftest import Person
from tests.factories import Town

As = Callable[[str], Person]
NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 9, 1, 15, 0, tzinfo=UTC)
VISIT = Purpose(
    "visit", Words("上门", "Visit"), {"when": "day", "number": "number", "who": "words"}, frozenset({"when"}),
    lambda when, number, who: Words(f"{when} {number} {who.zh}", f"{when} {number} {who.en}"),
)  # fmt: skip
VALUES = {"when": date(2026, 9, 2), "number": 1200, "who": Words("王芳", "Wang")}


class Asking:
    """What is wanted of a customer's message, to be changed by a test."""

    def __init__(self, town: Town) -> None:
        party = ("customer", town["customer 0"])
        self.wanted: Wanted | None = Wanted(VALUES, party, party, town["north"])

    def make(self, _: Session, __: Settings, ___: str) -> Wanted | None:
        return self.wanted


@pytest.fixture
def asking(town: Town, monkeypatch: pytest.MonkeyPatch) -> Asking:
    found = Asking(town)
    made = {"visit_of": Made(VISIT, found.make)}
    for module in ("routing", "preparing"):
        monkeypatch.setattr(f"backend.notices.services.{module}.makers", lambda: made)
    return found


def ready(
    session: Session, settings: Settings, channel: str = "sms", at: datetime = NOON, **detail: Any
) -> tuple[Letter | Ended | Held, Message]:
    message = Message(id=uuid4(), outbox_id=int(uuid4()) % 2**40, purpose="visit", channel=channel, repeats=0)
    session.add(message)
    session.flush()
    way: Channel = ALL[channel](settings)
    return prepare(session, settings, way, message, detail or {"visit_of": "1"}, at), message


def test_a_customer_is_reached_by_their_own_number_or_that_of_the_wish(
    session: Session, settings: Settings, town: Town, asking: Asking
) -> None:
    phone = record_writer.read(session, "customer", town["customer 0"]).values["phone"]
    found, message = ready(session, settings)
    assert isinstance(found, Letter) and found.to == phone
    assert (message.party_kind, message.party_id) == ("customer", UUID(town["customer 0"]))
    assert (message.state, message.reason, message.sent_at) == ("asking", None, NOON)
    assert asking.wanted
    asking.wanted = replace(asking.wanted, phone="13700000000", subject=None)
    found, message = ready(session, settings)
    assert isinstance(found, Letter) and found.to == "13700000000"
    assert message.address_masked and "13700000000" not in message.address_masked
    assert message.subject_kind is None


def test_what_is_about_nothing_is_no_double_and_nobody_by_name_is_known_by_the_number(
    session: Session, settings: Settings, town: Town, asking: Asking
) -> None:
    assert asking.wanted
    asking.wanted = replace(asking.wanted, subject=None)
    assert isinstance(ready(session, settings)[0], Letter)
    assert isinstance(ready(session, settings)[0], Letter), "another wish"
    about = ("customer", town["customer 1"])
    asking.wanted = replace(asking.wanted, subject=about, party=None, phone="13700000000")
    assert isinstance(ready(session, settings)[0], Letter)
    assert ready(session, settings)[0] == Ended("sent_before", "double")
    asking.wanted = replace(asking.wanted, phone="13700000001")
    assert isinstance(ready(session, settings)[0], Letter)


@pytest.mark.parametrize(
    ("channel", "reason"),
    [("sms", "no_phone"), ("webhook", "no_phone"), ("email", "no_address"), ("wecom", "no_address")],
)
def test_whom_no_address_is_known_of_gets_nothing(
    session: Session, settings: Settings, town: Town, asking: Asking, channel: str, reason: str
) -> None:
    assert asking.wanted
    asking.wanted = replace(asking.wanted, party=None)
    assert ready(session, settings, channel)[0] == Ended(reason)
    asking.wanted = replace(asking.wanted, party=("customer", str(uuid4())))
    assert ready(session, settings, channel)[0] == Ended(reason), "somebody whom nobody knows (any more)"
    asking.wanted = None
    assert ready(session, settings, channel)[0] == Ended("not_wanted_any_more")
    assert ready(session, settings, channel, something="else")[0] == Ended("not_wanted_any_more")


def test_a_group_is_told_also_of_somebody_without_a_number(
    session: Session, settings: Settings, town: Town, asking: Asking
) -> None:
    assert asking.wanted
    asking.wanted = replace(asking.wanted, party=None)
    found, _ = ready(session, settings, "wecom_robot")
    assert isinstance(found, Letter) and found.to == ""


def test_a_mailbox_is_shown_by_its_first_letter(
    session: Session, settings: Settings, town: Town, asking: Asking
) -> None:
    whom = {"party_kind": "customer", "party_id": UUID(town["customer 0"])}
    session.add(MessageAddress(**whom, way="email", address="wang@home.example"))
    found, message = ready(session, settings, "email")
    assert isinstance(found, Letter) and found.to == "wang@home.example"
    assert message.address_masked == "w***@home.example"


@pytest.mark.parametrize(
    ("asks", "said", "reason"),
    [
        (False, None, None),
        (False, True, None),
        (False, False, "consent_refused"),
        (True, None, "no_consent"),
        (True, True, None),
        (True, False, "consent_refused"),
    ],
)
def test_what_a_customer_said_is_kept_to(
    session: Session, settings: Settings, town: Town, asking: Asking, monkeypatch: pytest.MonkeyPatch,
    asks: bool, said: bool | None, reason: str | None,
) -> None:  # fmt: skip
    made = {"visit_of": Made(replace(VISIT, asks_consent=asks), asking.make)}
    monkeypatch.setattr("backend.notices.services.preparing.makers", lambda: made)
    if said is not None:
        who = UUID(town["customer 0"])
        noted_by = UUID(town["agent"])
        session.add(MessageConsent(customer_id=who, purpose="visit", is_given=said, noted_by=noted_by))
        session.add(MessageConsent(customer_id=who, purpose="other", is_given=not said, noted_by=noted_by))
    found, _ = ready(session, settings)
    assert isinstance(found, Letter) if reason is None else found == Ended(reason)


def test_at_night_it_waits_by_the_clock_of_the_city_and_of_its_purpose(
    session: Session, settings: Settings, asking: Asking
) -> None:
    morning = datetime(2026, 9, 2, 0, 0, tzinfo=UTC)
    assert ready(session, settings, at=NIGHT)[0] == Held(morning)
    with installed_as(replace(USUAL, time_zone=ZoneInfo("America/New_York"))):
        assert isinstance(ready(session, settings, at=NIGHT)[0], Letter), "eleven in the morning there"
    session.add(MessagePurpose(purpose="visit", channels=["sms"], quiet_from_hour=6, quiet_until_hour=6))
    session.flush()
    assert ready(session, settings, at=NIGHT)[0] == Ended("sent_before", "double"), "no hour is quiet"


@pytest.mark.parametrize(
    ("begin", "end", "quiet"),
    [(0, 23, 23), (23, 0, 1), (0, 0, 0), (21, 8, 11), (8, 21, 13), (0, 1, 1), (12, 11, 23)],
)
def test_of_a_whole_day_as_many_hours_are_quiet_as_are_set(begin: int, end: int, quiet: int) -> None:
    day = datetime(2026, 9, 1, tzinfo=USUAL.time_zone)
    hours = [quiet_until(day + timedelta(hours=n), begin, end) for n in range(24)]
    assert sum(one is not None for one in hours) == quiet
    for n, until in enumerate(hours):
        if until is not None:
            assert until.astimezone(USUAL.time_zone).hour == end
            assert timedelta(0) < until - (day + timedelta(hours=n)) <= timedelta(hours=24)
            assert quiet_until(until, begin, end) is None, "then it goes"


def test_a_zone_with_half_an_hour_is_quiet_by_its_own_hours() -> None:
    with installed_as(replace(USUAL, time_zone=ZoneInfo("Asia/Kolkata"))):
        assert quiet_until(datetime(2026, 9, 1, 15, 29, tzinfo=UTC), 21, 8) is None
        until = quiet_until(datetime(2026, 9, 1, 15, 30, tzinfo=UTC), 21, 8)
        assert until == datetime(2026, 9, 2, 2, 30, tzinfo=UTC)


def test_an_edition_of_the_recipients_language_counts_and_a_newer_one_makes_no_second_message(
    session: Session, settings: Settings, town: Town, asking: Asking
) -> None:
    def edition(n: int, language: str, body: str) -> None:
        session.add(
            MessageTemplate(
                purpose="visit",
                language=language,
                edition=n,
                valid_from=NOON - timedelta(days=9 - n),
                title=f"T{n}",
                body=body,
                code=f"SMS_{n}",
                made_by=UUID(town["admin"]),
            )
        )
        session.flush()

    edition(1, "en", "On {when}")
    found, message = ready(session, settings)
    assert isinstance(found, Letter)
    assert (message.edition, found.code, found.title) == (0, None, "上门"), "the house speaks Chinese"
    assert found.en.startswith("On ") and found.text == found.zh
    first = message.key
    edition(1, "zh", "{when}，{who}")
    edition(2, "zh", "{who}于{when}")
    found = prepare(session, settings, ALL["sms"](settings), message, {"visit_of": "1"}, NOON)
    assert isinstance(found, Letter) and found.text.startswith("王芳于")
    assert (message.edition, message.key, found.code) == (2, first, "SMS_2")
    assert found.values["number"] == "1200"


def test_staff_are_reached_by_what_they_sign_in_with_then_by_their_works(
    session: Session, town: Town
) -> None:
    session.get_one(Account, UUID(town["rep"])).phone = "13900001111"
    session.flush()
    assert phone_of(session, ("staff", town["rep"])) == "13900001111"
    session.get_one(Account, UUID(town["rep"])).phone = None
    session.flush()
    work = record_writer.read(session, "staff", town["rep"]).values["work_phone"]
    assert phone_of(session, ("staff", town["rep"])) == work
    record_writer.change(session, system(town["north"]), "staff", town["rep"], {"work_phone": None})
    assert phone_of(session, ("staff", town["rep"])) is None
    assert phone_of(session, ("staff", str(uuid4()))) is None
    assert phone_of(session, ("customer", str(uuid4()))) is None


def test_the_first_channel_that_is_open_and_knows_the_person_is_taken(
    session: Session, settings: Settings, town: Town
) -> None:
    channels = {name: one(settings) for name, one in ALL.items()}
    rep = town["rep"]

    def first(*open_ones: str, staff_id: str | None = rep) -> str | None:
        found: Mapping[str, Channel] = {one: channels[one] for one in open_ones}
        return first_channel(session, URGENT, staff_id, found)

    assert first("email", "wecom", "sms") == "sms"
    assert first("email", "wecom") is None
    assert first("email", "wecom", staff_id=None) == "wecom", "whose address is found when it goes"
    assert first("wecom_robot") is None, "a group is only told where the operator said so"
    assert first() is None
    session.add(MessageAddress(party_kind="staff", party_id=UUID(rep), way="email", address="a@b.example"))
    hours = {"quiet_from_hour": 0, "quiet_until_hour": 0}
    session.add(MessagePurpose(purpose=URGENT.name, channels=["wecom", "email", "wecom_robot"], **hours))
    session.flush()
    assert first("email", "wecom", "sms", "wecom_robot") == "email"
    assert first("sms", "wecom_robot") == "wecom_robot"
    assert first("sms") is None
    assert first("webhook") == "webhook", "where the gateway is all there is"
    assert first("webhook", "sms") is None


@pytest.mark.parametrize(
    ("detail", "purpose"),
    [
        ({"staff_id": "x", "zh": "一", "en": "1"}, URGENT),
        ({"staff_id": "x", "zh": "一"}, None),
        ({}, None),
        ({"visit_of": "1", "staff_id": "x", "zh": "一", "en": "1"}, VISIT),
    ],
)
def test_a_fact_says_what_its_message_is_for(
    asking: Asking, detail: dict[str, Any], purpose: Purpose | None
) -> None:
    assert purpose_of(detail) is purpose


@pytest.mark.parametrize(("repeats", "key", "mark"), [(0, "wangge-7", "t #7"), (2, "wangge-7-2", "t #7-2")])
def test_a_repeat_has_a_key_and_a_mark_of_its_own(repeats: int, key: str, mark: str) -> None:
    assert provider_key(Message(outbox_id=7, repeats=repeats)) == key
    letter = Letter(key=key, number=7, to="", zh="t", en="t", text="t", repeats=repeats)
    assert letter.marked_text == mark


def test_a_template_may_show_braces_and_name_a_value_twice() -> None:
    body = "{{{when}}} {when} {{}}"
    need_fit(VISIT, body)
    shown = filled(body, VISIT, VALUES, "zh")
    assert shown.startswith("{") and shown.endswith(" {}") and shown.count("2") >= 2
    for bad in ("{when!s}", "{when:}x{number:d}", "}", "{when", "{0}", "{when.year}"):
        with pytest.raises(Problem):
            need_fit(VISIT, bad)
    with pytest.raises(Problem) as problem:
        need_fit(VISIT, "{" + "x" * 300 + "}")
    assert "x" * 41 not in repr(vars(problem.value))


def test_words_are_tried_with_a_value_of_every_type() -> None:
    values = sample_values(VISIT)
    assert set(values) == set(VISIT.takes)
    for language in ("zh", "en"):
        assert "<text>" in tried_out(VISIT, "{when} {who}", language)
    with pytest.raises(TypeError):
        worded(VISIT, {**VALUES, "more": 1}, {}, "zh")


def test_two_editions_made_at_once_have_two_numbers(as_: As, database: Database) -> None:
    made = {
        "purpose": "urgent_notice", "language": "zh", "title": "急", "valid_from": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    admin, answers = as_("admin"), []

    def add(n: int) -> None:
        answers.append(admin("POST", "/messages/templates", {**made, "body": f"{n} {{text}}"}).status_code)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [201] * 3
    with database.transaction() as session:
        editions = session.scalars(text("SELECT edition FROM message_template ORDER BY edition")).all()
    assert editions == [1, 2, 3]
