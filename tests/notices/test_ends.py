"""How messages end: seldom in a double, never in silence, and some day forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from backend.core.config import Settings
from backend.core.db import Database
from backend.core.events import MOST_ATTEMPTS, Outbox, announce
from backend.core.running import Worker
from backend.notices.kinds.message import Message
from backend.notices.kinds.message_settings import MessageAddress, MessagePurpose
from backend.notices.periodic import PERIODIC
from backend.notices.services.channels import dingtalk, wecom
from backend.notices.services.channels.dingtalk import DingTalkWork
from backend.notices.services.channels.port import Answer, Letter, Outcome, Result
from backend.notices.services.channels.wecom import WeComApp
from backend.notices.services.messaging import deliver
from backend.notices.services.notifying import MESSAGE, channel_named, tell
from backend.notices.services.results import ask_results
from backend.notices.services.tidying import ADDRESS_DAYS, forget_old
from tests.conftest import Person
from tests.factories import Town
from tests.notices import strict_stubs as stubs
from tests.notices.made_messages import failed_message

As = Callable[[str], Person]
UNKNOWN, TAKEN = Answer(Outcome.UNKNOWN, "ReadTimeout"), Answer(Outcome.SENT, provider_id="1")
LATER, REFUSED = Answer(Outcome.LATER, "status_503"), Answer(Outcome.REFUSED, "errcode_81013")


class Sent:
    """What was handed over; the answers come in turn, the last one again and again."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answers: list[Answer] = [TAKEN]

    def __call__(self, _: Any, letter: Letter) -> Answer:
        self.letters.append(letter)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent()
    for channel in (WeComApp, DingTalkWork):
        monkeypatch.setattr(channel, "send", lambda one, letter: found(one, letter))
    return found


@pytest.fixture(params=["wecom", "dingtalk"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def house(settings: Settings, database: Database, town: Town) -> Iterator[Settings]:
    """Urgent notices go by WeCom or DingTalk to the leader; of the others none has an address."""
    with database.transaction() as session:
        for one in ("wecom", "dingtalk"):
            found = {"party_kind": "staff", "party_id": UUID(town["leader"])}
            session.add(MessageAddress(**found, way=one, address="zhangsan"))
        hours = {"quiet_from_hour": 0, "quiet_until_hour": 0}
        session.add(MessagePurpose(purpose="urgent_notice", channels=["wecom", "dingtalk"], **hours))
    yield replace(
        settings,
        notify_channel="purposes",
        wecom_corp_id=stubs.CORP,
        wecom_agent_id=stubs.AGENT,
        wecom_secret=stubs.WECOM_SECRET,
        dingtalk_app_key=stubs.APP_KEY,
        dingtalk_app_secret=stubs.APP_SECRET,
        dingtalk_agent_id=stubs.DING_AGENT,
    )


def say(database: Database, town: Town, who: str = "leader") -> None:
    with database.transaction() as session:
        tell(
            session, channel_named("purposes"), town[who], town["north"],
            topic="general", zh="爆管", en="burst", is_urgent=True,
        )  # fmt: skip


def again(database: Database) -> None:
    """The same wish once more."""
    with database.transaction() as session:
        detail = session.scalar(select(Outbox.detail).where(Outbox.fact == MESSAGE).order_by(Outbox.id))
        announce(session, MESSAGE, **(detail or {}))


def rows(database: Database) -> list[Message]:
    with database.transaction() as session:
        return list(session.scalars(select(Message).order_by(Message.outbox_id)))


def ends(database: Database) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in rows(database)]


def now_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE outbox SET due_at = now() WHERE done_at IS NULL"))


def hours_pass(database: Database, seconds: float) -> None:
    with database.transaction() as session:
        earlier = text("UPDATE message SET sent_at = sent_at - make_interval(secs => :s)")
        session.execute(earlier, {"s": seconds})
    now_due(database)


def alarms(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        asked = text(
            """
            SELECT staff_id::text, text_en FROM notice
            WHERE text_en LIKE 'A message did not go out%' ORDER BY id
            """
        )
        return [(row[0], row[1]) for row in session.execute(asked)]


def by(house: Settings, way: str) -> Settings:
    """With one of the two channels alone."""
    other = {"dingtalk_app_key": ""} if way == "wecom" else {"wecom_corp_id": ""}
    return replace(house, **other)


def kill(database: Database, house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server dies after a channel took a message and before that is noted."""

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr("backend.notices.services.messaging._note", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(database, house)


@pytest.mark.parametrize(("share", "times"), [(0.5, 2), (1.0, 1), (20.0, 1)])
def test_what_a_crash_broke_off_goes_again_only_while_the_provider_knows_it(
    house: Settings, database: Database, town: Town, sent: Sent, way: str, share: float, times: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    window_s = {"wecom": wecom.DOUBLES_S, "dingtalk": dingtalk.DOUBLES_S}[way]
    say(database, town)
    kill(database, by(house, way), monkeypatch)
    assert ends(database) == [("asking", None)]
    hours_pass(database, window_s * share)
    deliver(database, by(house, way))
    assert len(sent.letters) == times
    assert ends(database) == [("sent", None) if times == 2 else ("unknown", "broken_off")]
    assert len(alarms(database)) == (0 if times == 2 else 1)


def test_an_answer_that_never_came_is_asked_for_again_but_not_the_next_day(
    house: Settings, database: Database, town: Town, sent: Sent
) -> None:
    sent.answers = [UNKNOWN, LATER, TAKEN]
    say(database, town)
    assert deliver(database, house) == 0
    assert ends(database) == [("wanted", "ReadTimeout")]
    assert rows(database)[0].sent_at, "it may have gone then"
    first = rows(database)[0].sent_at
    now_due(database)
    assert deliver(database, house) == 0
    assert rows(database)[0].sent_at == first, "what the second try says changes nothing of the first"
    hours_pass(database, wecom.DOUBLES_S)
    assert deliver(database, house) == 0
    assert ends(database) == [("unknown", "broken_off")]
    assert len(sent.letters) == 2


def test_what_was_certainly_not_taken_may_wait_as_long_as_it_likes(
    house: Settings, database: Database, town: Town, sent: Sent
) -> None:
    sent.answers = [LATER, TAKEN]
    say(database, town)
    assert deliver(database, house) == 0
    assert rows(database)[0].sent_at is None
    hours_pass(database, wecom.DOUBLES_S * 10)
    assert deliver(database, house) == 1
    assert ends(database) == [("sent", None)]


@pytest.mark.parametrize(("first", "state"), [(UNKNOWN, "unknown"), (LATER, "failed")])
def test_what_is_given_up_has_failed_only_if_no_try_can_have_gone(
    house: Settings, database: Database, town: Town, sent: Sent, first: Answer, state: str
) -> None:
    sent.answers = [first, LATER]
    say(database, town)
    for _ in range(MOST_ATTEMPTS + 1):
        deliver(database, house)
        now_due(database)
    assert ends(database) == [(state, "status_503")]
    assert len(sent.letters) == MOST_ATTEMPTS
    assert len(alarms(database)) == 1


def test_a_message_that_failed_makes_the_next_no_double(
    house: Settings, database: Database, town: Town, sent: Sent
) -> None:
    sent.answers = [REFUSED, TAKEN]
    say(database, town)
    assert deliver(database, house) == 0
    again(database)
    assert deliver(database, house) == 1
    again(database)
    assert deliver(database, house) == 0
    assert ends(database) == [("failed", "errcode_81013"), ("sent", None), ("double", "sent_before")]
    assert [one.key is None for one in rows(database)] == [True, False, True]


def test_one_that_failed_is_a_double_itself_once_the_next_went(
    house: Settings, database: Database, town: Town, sent: Sent, as_: As, app: Flask
) -> None:
    app.extensions["wangge"] = replace(app.extensions["wangge"], settings=house)
    sent.answers = [REFUSED, TAKEN]
    say(database, town)
    deliver(database, house)
    again(database)
    assert deliver(database, house) == 1
    assert as_("admin")("POST", f"/messages/{rows(database)[0].id}/again").status_code == 204
    assert deliver(database, house) == 0
    assert ends(database) == [("double", "sent_before"), ("sent", None)]
    assert len(sent.letters) == 2


def test_what_nobody_knows_of_still_makes_the_next_a_double(
    house: Settings, database: Database, town: Town, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(database, town)
    kill(database, house, monkeypatch)
    hours_pass(database, wecom.DOUBLES_S)
    again(database)
    assert deliver(database, house) == 0
    assert ends(database) == [("unknown", "broken_off"), ("double", "sent_before")]


def test_a_person_may_send_again_what_nobody_knows_of_and_it_is_not_old_at_once(
    house: Settings, database: Database, town: Town, sent: Sent, as_: As, app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    app.extensions["wangge"] = replace(app.extensions["wangge"], settings=house)
    say(database, town)
    kill(database, house, monkeypatch)
    hours_pass(database, wecom.DOUBLES_S)
    deliver(database, house)
    assert as_("admin")("POST", f"/messages/{rows(database)[0].id}/again").status_code == 204
    assert rows(database)[0].sent_at is None
    assert deliver(database, house) == 1
    assert [one.marked_text[-2:] == "-1" for one in sent.letters] == [False, True]


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"staff_id": "rep", "zh": "一", "en": "1"}, "no_channel"),
        ({"something": "else"}, "unreadable"),
        ({"staff_id": "nobody", "zh": "一", "en": "1"}, "unreadable"),
        ({"staff_id": 7, "zh": None, "en": []}, "unreadable"),
    ],
)
def test_what_no_channel_can_take_is_told_to_an_administrator_and_seen(
    house: Settings, database: Database, town: Town, as_: As, detail: dict[str, Any], reason: str
) -> None:
    """Also where nobody can say whose it was: those of the topmost unit look."""
    found = {**detail, "staff_id": town["rep"]} if detail.get("staff_id") == "rep" else detail
    with database.transaction() as session:
        announce(session, MESSAGE, **found)
        announce(session, MESSAGE, **found)
    assert deliver(database, house) == 0
    assert ends(database) == [("failed", reason)] * 2
    (told,) = alarms(database)
    assert told[0] == town["admin"] and reason in told[1]
    assert len(as_("admin").get("/messages")["rows"]) == 2
    deliver(database, house)
    assert len(alarms(database)) == 1


def test_an_answer_of_the_provider_is_not_asked_for_while_it_is_nobodys(
    settings: Settings, database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receipt, or a person, was quicker; and after three days nobody is asked any more."""
    from backend.notices.services.channels.aliyun_sms import AliyunSms

    house = replace(
        settings, notify_channel="purposes", sms_key_id="a", sms_key_secret="b", sms_sign_name="c"
    )
    asked: list[str] = []

    def result(_: AliyunSms, key: str, *__: Any) -> Result | None:
        asked.append(key)
        return None

    monkeypatch.setattr(AliyunSms, "result", result)
    with database.transaction() as session:
        for state, days in (("delivered", 0), ("sent", 0), ("sent", 4)):
            number = failed_message(session, str(uuid4()), town["north"], town["rep"], "爆管")
            session.execute(
                text(
                    """
                    UPDATE message
                    SET state = :state, channel = 'sms', ask_at = now(),
                        sent_at = now() - :days * interval '1 day'
                    WHERE outbox_id = :number
                    """
                ),
                {"state": state, "days": days, "number": number},
            )
    assert ask_results(database, house) == 0
    assert [one.ask_at is None for one in rows(database)] == [True, False, True]
    assert len(asked) == 3
    assert ask_results(database, replace(house, sms_key_id="")) == 0


def test_old_messages_are_forgotten_their_numbers_earlier_and_none_that_waits(
    database: Database, settings: Settings, town: Town
) -> None:
    ages = ((10, "failed"), (ADDRESS_DAYS + 1, "sent"), (401, "unknown"), (401, "wanted"), (401, "asking"))
    with database.transaction() as session:
        for days, state in ages:
            number = failed_message(session, str(uuid4()), town["north"], town["rep"], "爆管")
            session.execute(
                text(
                    """
                    UPDATE message
                    SET state = :state, address_masked = '139******11',
                        wanted_at = now() - :days * interval '1 day'
                    WHERE outbox_id = :number
                    """
                ),
                {"state": state, "days": days, "number": number},
            )
    tasks = [one for one in PERIODIC if one.task == "wangge.tidy"]
    assert [one.run(Worker(database, settings)) for one in tasks] == [1]
    kept = rows(database)
    assert [one.state for one in kept] == ["failed", "sent", "wanted", "asking"]
    assert [one.address_masked is None for one in kept] == [False, True, False, False]
    with database.transaction() as session:
        assert len(session.scalars(select(Outbox.id).where(Outbox.fact == MESSAGE)).all()) == 4
        soon = datetime.now(UTC) + timedelta(days=1)
        assert forget_old(session, 5, soon) == 2, "an operator may keep them for less"
        assert forget_old(session, 5, soon) == 0
