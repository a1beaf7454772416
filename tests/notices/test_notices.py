"""Notices: who is told, who ticks one off, and what goes out beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.kinds.account import Account
from backend.core.running import Worker
from backend.core.services import record_writer
from backend.jobs.queries.dispatchers import dispatchers_over
from backend.jobs.services.escalating import tell_dispatchers
from backend.notices.periodic import PERIODIC
from backend.notices.services.messaging import deliver
from backend.notices.services.notifying import channel_named, staff_with, tell
from mobile_api_spec.phone import Phone
from sync.change import parse_moment
from tests.conftest import Person
from tests.factories import Town, uid
from tests.newcomers import join, open_section

As = Callable[[str], Person]
SAID = {"topic": "general", "text_zh": "明早八点开会", "text_en": "Meeting at eight", "is_urgent": False}


def told(session: Session, town: Town, who: str, **more: Any) -> str:
    said: dict[str, Any] = {"topic": "general", "zh": "爆管", "en": "burst"} | more
    channel = said.pop("channel", None)
    return tell(session, channel, town[who], town["north"], **said).id


def facts(session: Session, name: str) -> list[dict[str, Any]]:
    asked = text("SELECT detail FROM outbox WHERE fact = :name ORDER BY id")
    return list(session.scalars(asked, {"name": name}))


def test_a_notice_is_ticked_off_by_whoever_it_is_for(as_: As, database: Database, town: Town) -> None:
    with database.transaction() as session:
        one = told(session, town, "rep", subject=("work_order", uid("a job")))
        audit = told(session, town, "auditor")
    path, read = f"/notices/{one}", {"read_at": "2026-09-01T09:00:00Z"}
    for who in ("dispatcher", "supervisor", "admin", "agent"):
        answer = as_(who)("PATCH", path, read, version=1)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_allowed"), who
    for who in ("stranger", "other_rep", "leader"):
        assert as_(who)("PATCH", path, read, version=1).status_code == 404, who
    seen = as_("rep").get(path)
    assert (seen["subject_kind"], seen["subject_id"], seen["read_at"]) == ("work_order", uid("a job"), None)
    assert as_("rep")("PATCH", path, read, version=1).status_code == 200
    assert parse_moment(as_("dispatcher").get(path)["read_at"]) == parse_moment("2026-09-01T09:00:00Z")
    # An auditor changes nothing, but for the notices that are theirs.
    assert as_("auditor")("PATCH", path, read, version=2).status_code == 403
    assert as_("auditor")("PATCH", f"/notices/{audit}", read, version=1).status_code == 200


def test_what_a_notice_says_stays_as_it_was_said(as_: As, database: Database, town: Town) -> None:
    with database.transaction() as session:
        one = told(session, town, "rep")
    for name, value in (("text_zh", "没事了"), ("staff_id", town["other_rep"]), ("is_urgent", True)):
        answer = as_("rep")("PATCH", f"/notices/{one}", {name: value}, version=1)
        assert answer.status_code in (403, 409, 422), name
        assert as_("rep").get(f"/notices/{one}")["version"] == 1


def test_the_desk_writes_to_people_of_its_own_unit(as_: As, town: Town) -> None:
    dispatcher = as_("dispatcher")
    made = dispatcher("POST", "/notices", SAID | {"staff_id": town["rep"]})
    assert made.status_code == 201, made.text
    assert [one["text_zh"] for one in as_("rep").get("/notices")["rows"]] == ["明早八点开会"]
    assert as_("other_rep").get("/notices")["rows"] == []
    answer = dispatcher("POST", "/notices", SAID | {"staff_id": town["south_rep"]})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "reference_missing")
    for who in ("rep", "leader", "auditor"):
        answer = as_(who)("POST", "/notices", SAID | {"staff_id": town["rep"]})
        assert answer.get_json()["code"] == "not_allowed", who
    for odd, field in (
        ({"topic": "gossip"}, "topic"),
        ({"text_zh": "长" * 1001}, "text_zh"),
        ({"text_en": None}, "text_en"),
    ):
        answer = dispatcher("POST", "/notices", SAID | {"staff_id": town["rep"]} | odd)
        assert [one["field"] for one in answer.get_json()["faults"]] == [field]


def test_read_on_two_phones_it_was_read_at_the_first(
    phone_of: Callable[..., Phone], database: Database, town: Town
) -> None:
    with database.transaction() as session:
        one = told(session, town, "rep")
    first, second = phone_of("rep", "first"), phone_of("rep", "second")
    for phone in (first, second):
        phone.sync()
    first.change("notice", one, {"read_at": "2026-09-01T08:00:00Z"})
    second.change("notice", one, {"read_at": "2026-09-01T09:30:00Z"})
    for phone in (second, first, second):
        phone.sync()
    for phone in (first, second):
        assert phone.store.waiting(10) == []
        _, values = phone.store.record("notice", one) or (0, {})
        assert parse_moment(values["read_at"]) == parse_moment("2026-09-01T08:00:00Z")


def test_only_what_is_urgent_goes_out_and_only_where_there_is_a_way(session: Session, town: Town) -> None:
    recorded, webhook = channel_named("recorded"), channel_named("webhook")
    for channel, is_urgent in ((None, True), (recorded, False), (webhook, False)):
        told(session, town, "rep", channel=channel, is_urgent=is_urgent)
    assert facts(session, "notify.recorded") == facts(session, "message.wanted") == []
    told(session, town, "rep", channel=recorded, is_urgent=True)
    told(session, town, "leader", channel=webhook, is_urgent=True)
    assert facts(session, "notify.recorded") == [{"staff_id": town["rep"], "zh": "爆管", "en": "burst"}]
    (wanted,) = facts(session, "message.wanted")
    notice_id = wanted.pop("notice_id")
    assert wanted == {"staff_id": town["leader"], "zh": "爆管", "en": "burst"}
    assert record_writer.read(session, "notice", notice_id).values["staff_id"] == town["leader"]
    assert session.execute(text("SELECT count(*) FROM notice")).scalar_one() == 5


def test_a_job_is_told_to_those_who_dispatch_for_its_unit(session: Session, town: Town) -> None:
    open_section(session, "section", "north")
    for name, unit in (("night desk", "section"), ("group desk", "group"), ("gone", "north")):
        join(session, name, unit, Role.DISPATCHER, Role.SUPERVISOR)
    session.get_one(Account, UUID(town["gone"])).is_active = False
    session.flush()
    above = {town["dispatcher"], town["group desk"]}
    assert set(dispatchers_over(session, town["section"])) == above | {town["night desk"]}
    assert set(dispatchers_over(session, town["north"])) == above
    assert dispatchers_over(session, town["group"]) == [town["group desk"]]
    assert set(dispatchers_over(session, town["south"])) == {town["stranger"], town["group desk"]}
    # Of a unit alone, and nobody whose account was closed.
    assert staff_with(session, UUID(town["north"]), Role.DISPATCHER) == [town["dispatcher"]]
    assert staff_with(session, UUID(town["section"]), Role.SUPERVISOR) == [town["night desk"]]
    assert staff_with(session, UUID(town["section"]), Role.ADMIN) == []
    job = {"unit_id": town["section"]}
    tell_dispatchers(session, None, town["a job"], job, "无人接单", "nobody accepted")
    rows = session.execute(text("SELECT staff_id::text, topic, is_urgent, unit_id::text FROM notice")).all()
    assert {row[0] for row in rows} == above | {town["night desk"]}
    assert {tuple(row[1:]) for row in rows} == {("escalation", False, town["section"])}


def test_a_gateways_broken_address_is_noted_and_tried_again(
    database: Database, settings: Settings, town: Town
) -> None:
    """And where there is no gateway, the task that would send leaves everything as it is."""
    with database.transaction() as session:
        told(session, town, "rep", channel=channel_named("webhook"), is_urgent=True)
    task = next(one for one in PERIODIC if one.task == "wangge.deliver_messages")
    assert task.run(Worker(database, settings)) == 0
    state = text("SELECT attempts, last_error, done_at FROM outbox WHERE fact = 'message.wanted'")
    with database.transaction() as session:
        assert tuple(session.execute(state).one()) == (0, None, None)
    webhook = replace(settings, notify_channel="webhook", notify_url="http://[::1")
    assert task.run(Worker(database, webhook)) == 0
    with database.transaction() as session:
        attempts, error, done_at = session.execute(state).one()
    assert (attempts, done_at) == (1, None)
    assert error == httpx.InvalidURL.__name__


def test_whoever_signs_in_with_a_number_is_reached_without_one_of_work(
    database: Database, settings: Settings, town: Town
) -> None:
    """Without a number, nobody is asked; the notice on the phone stands."""
    with database.transaction() as session:
        north = system(town["north"])
        record_writer.change(session, north, "staff", town["rep"], {"work_phone": None})
        one = told(session, town, "rep", channel=channel_named("webhook"), is_urgent=True)
    away = replace(settings, notify_channel="webhook", notify_url="http://127.0.0.1:9/nothing")
    deliver(database, away)
    error = text("SELECT last_error FROM outbox WHERE fact = 'message.wanted' ORDER BY id")
    with database.transaction() as session:
        assert list(session.scalars(error)) == ["no_phone"]
        session.get_one(Account, UUID(town["rep"])).phone = "13900001111"
        told(session, town, "rep", channel=channel_named("webhook"), is_urgent=True)
    deliver(database, away)
    with database.transaction() as session:
        assert list(session.scalars(error)) == ["no_phone", "ConnectError"]
        assert record_writer.read(session, "notice", one).values["read_at"] is None
