"""An installation in Los Angeles: days, papers, due days and money are its own, also when clocks move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.installation import USUAL, hold, installed
from backend.core.queries.scopes import day_begins, in_city, today
from backend.core.services import record_writer
from backend.customers.services.surveying import follow_up
from backend.customers.services.visit_plausibility import judge_visit
from backend.customers.services.visiting import plan_visits
from backend.dispatch.queries.field_day import OnCallRow, on_call_spell
from backend.people.services.positions import Fix, keep_positions, trace_of
from backend.queue import tasks
from sync.change import moment_text
from tests.conftest import Person
from tests.factories import Town, middle, uid
from tests.installing import install_city
from tests.printed import Printed
from tests.signing import Crew

As = Callable[[str], Person]
ZONE = ZoneInfo("America/Los_Angeles")
# Clocks are put back from 02:00 to 01:00, and forward from 02:00 to 03:00.
PUT_BACK, PUT_FORWARD = date(2026, 11, 1), date(2027, 3, 14)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _angeles(database: Database) -> None:
    install_city(database)


def at(day: date, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE, fold=fold)


@pytest.mark.parametrize(("day", "hours"), [(PUT_BACK, 25), (PUT_FORWARD, 23), (date(2026, 7, 1), 24)])
def test_a_day_is_the_citys_from_its_first_minute_to_its_last(day: date, hours: int) -> None:
    begins, ends = (day_begins(one).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    assert ends - begins == hours * HOUR
    inside = [begins + n * HOUR / 2 for n in range(2 * hours)]
    assert {today(moment) for moment in inside} == {day}
    assert today(begins - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert today(ends) == day + timedelta(days=1)
    hold(USUAL)
    assert {today(moment) for moment in inside} != {day}


def test_what_runs_at_night_runs_once_a_night_of_the_city(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beat's process reads the zone of a new city by itself; 02:10 does not come on one of the days."""
    hold(USUAL)
    monkeypatch.setattr(tasks, "_database", lambda: database)
    for first in (PUT_BACK - timedelta(days=1), PUT_FORWARD - timedelta(days=1)):
        now = at(first, 0).astimezone(UTC)
        clock = tasks.CityClock(minute=10, hour=2, nowfun=lambda: now)  # noqa: B023 - asked at once
        last, ran = now, list[datetime]()
        while now < at(first + timedelta(days=4), 0).astimezone(UTC):
            if clock.is_due(last)[0]:
                ran.append(in_city(now))
                last = now
            now += timedelta(minutes=10)
        assert Counter(one.date() for one in ran) == Counter(first + timedelta(days=n) for n in range(4))
        assert {one.hour for one in ran} <= {2, 3}
    assert installed().time_zone == ZONE


def test_a_night_on_call_is_as_long_as_that_night(database: Database) -> None:
    for day, hours in ((PUT_BACK, 11.5), (PUT_FORWARD, 9.5), (date(2026, 7, 1), 10.5)):
        eve = day - timedelta(days=1)
        row = OnCallRow(uid("crew"), eve, eve, "21:30", "08:00")
        spell = on_call_spell([row], at(day, 1, 30))
        assert spell is not None
        begin, finish = (one.astimezone(UTC) for one in spell)
        assert finish - begin == hours * HOUR
        assert on_call_spell([row], at(day, 8)) is None
        assert on_call_spell([row], at(day, 7, 59)) is not None


def test_a_trace_of_a_long_day_holds_both_of_its_hours(session: Session, town: Town) -> None:
    begun = at(PUT_BACK, 0)
    values = {"staff_id": town["leader"], "crew_id": town["crew"], "started_at": begun.isoformat()}
    record_writer.create(session, town.actor("dispatcher"), "duty", values)
    moments = [at(PUT_BACK, 0), at(PUT_BACK, 1, 30), at(PUT_BACK, 1, 30, fold=1), at(PUT_BACK, 3)]
    fixes = [Fix("arrive", one, 120.38, 36.06, 8.0, "work_order", town["a job"]) for one in moments]
    kept = keep_positions(session, town.actor("leader"), fixes, 30, at(PUT_BACK, 12))
    assert kept == ["kept"] * 4
    shown = trace_of(session, town.actor("leader"), town["leader"], PUT_BACK, None)
    assert [f"{one['at'].astimezone(ZONE):%H:%M %z}" for one in shown] == [
        "00:00 -0700", "01:30 -0700", "01:30 -0800", "03:00 -0800"]  # fmt: skip


def test_repairs_are_counted_by_the_citys_days_and_inches(as_: As, database: Database, town: Town) -> None:
    with database.transaction() as session:
        for done_at in (
            at(PUT_BACK, 0),
            at(PUT_BACK, 23, 59),
            at(PUT_BACK, 0) - timedelta(minutes=1),
            at(PUT_BACK + timedelta(days=1), 0),
        ):
            values = {"matter_id": town["leak"], "place": middle(0), "state": "done",
                      "done_at": moment_text(done_at), "pipe": {"diameter_mm": 150}}  # fmt: skip
            record_writer.create(session, system(town["north"]), "work_order", values)
    (row,) = as_("dispatcher").get(f"/territory/repairs?since={PUT_BACK}&until={PUT_BACK}")
    assert (row["diameter"], row["repairs"]) == ("4–8 in", 2)


def test_a_job_its_items_and_visits_have_the_citys_days(as_: As, database: Database, town: Town) -> None:
    before = today()
    made = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)})
    with database.transaction() as session:
        plan_visits(session)
    with database.transaction() as session:
        answers = {"pressure": "dissatisfied", "pressure_why": "weak in the morning"}
        response = {"questionnaire_id": uid("form"), "customer_id": uid("customer 1"), "answers": answers,
                    "channel": "phone", "answered_at": moment_text(datetime.now(UTC)),
                    "author_id": town["rep"], "cell_id": uid("cell 1")}  # fmt: skip
        record_id = record_writer.create(session, system(town["north"]), "response", response).id
        assert follow_up(session, record_id) == 1
    if today() != before:
        pytest.skip("the city's midnight went by")
    assert made.get_json()["number"].startswith(f"W{before:%y%m%d}-")
    (item,) = as_("supervisor").get("/items?source=questionnaire")["rows"]
    assert item["due_on"] == str(before + timedelta(days=5))
    assert "Pressure" in item["description"] and "weak in the morning" in item["description"]
    visits = as_("supervisor").get("/visits?limit=500")["rows"]
    assert {one["due_on"] for one in visits} == {str(before + timedelta(days=7))}


def test_a_visit_at_midnight_of_the_city_is_late(database: Database, town: Town) -> None:
    def reasons(ended: datetime) -> list[str]:
        with database.transaction() as session:
            visits = [
                record_writer.create(
                    session,
                    system(town["north"]),
                    "visit",
                    {"customer_id": uid("customer 1"), "cell_id": uid("cell 1"), "method": "phone",
                     "representative_id": town["rep"], "state": "done", "ended_at": moment_text(ended)},
                ).id
                for _ in range(5)
            ]  # fmt: skip
            judge_visit(session, visits[-1])
            told = record_writer.read(session, "visit", visits[-1]).values["truth_reasons"]
            return [one["code"] for one in told or ()]

    assert "late_batch" in reasons(at(PUT_FORWARD, 23, 30))
    # By Shanghai's clock this is half past eleven at night.
    assert "late_batch" not in reasons(at(PUT_BACK, 7, 30))


def test_papers_show_the_citys_clock_and_money(crew: Crew, as_: As, database: Database) -> None:
    arrived = at(PUT_BACK, 1, 30, fold=1)
    telling = {"minutes": 40, "cost_fen": 123_450, "told_to": "Ann Miller", "way": "in_person",
               "at": moment_text(arrived), "is_agreed": True}  # fmt: skip
    parts = [{"name": "Gate valve", "quantity": 2, "unit_price_fen": 4550}]
    crew.phone.change(
        "work_order",
        crew.job,
        {"told_minutes": 40, "told_cost_fen": 123_450, "tellings": [telling], "parts": parts},
    )
    crew.finish(crew.sign())
    with database.transaction() as session:
        stamps = {"arrived_at": moment_text(arrived)}
        record_writer.change(session, system(uid("north")), "work_order", crew.job, stamps)
    paper = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}?language=en"))
    for words in ("2026-11-01 01:30", "$1,234.50", "Price ($)", "45.50", "told Ann Miller"):
        assert words in paper.text, words
    assert "CNY" not in paper.text and "¥" not in paper.text
    chinese = Printed(as_("dispatcher")("GET", f"/papers/service-sheets/{crew.job}?language=zh"))
    assert "US$1,234.50" in chinese.text


def test_a_phone_is_told_and_its_days_hold(as_: As) -> None:
    told = as_("rep").get("/installation")
    assert (told["time_zone"], told["currency"], told["minor_digits"], told["length_unit"]) == (
        "America/Los_Angeles", "USD", 2, "in")  # fmt: skip
    assert told["hotlines"] == [{"number": "311", "zh": "市民热线", "en": "City hotline"}]


def test_posts_are_the_citys_own(as_: As, town: Town) -> None:
    admin = as_("admin")
    posts = [*admin.get("/installation")["posts"], {"code": "diver", "zh": "潜水员", "en": "Diver"}]
    person: dict[str, Any] = {"staff_number": "X1", "name": "Ann Miller", "post": "diver",
                              "employment": "own", "is_active": True, "unit_id": town["north"]}  # fmt: skip
    refused = admin("POST", "/staff", person)
    assert (refused.status_code, refused.get_json()["faults"][0]["field"]) == (422, "post")
    assert "customer_representative" in refused.get_json()["faults"][0]["zh"]
    assert admin("PATCH", "/installation", {"posts": posts}).status_code == 200
    made = admin("POST", "/staff", person)
    assert (made.status_code, made.get_json()["post"]) == (201, "diver")
    assert [one["name"] for one in admin.get("/staff?post=diver")["rows"]] == ["Ann Miller"]
    gone = admin("PATCH", "/installation", {"posts": posts[:-1]})
    assert (gone.status_code, gone.get_json()["faults"][0]["code"]) == (422, "in_use")
