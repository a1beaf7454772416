"""A day's plan on two weeks of real-looking work.

It touches its own day, says so before, and can be taken back whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database, make_engine
from backend.core.errors import Problem
from backend.core.installation import USUAL, hold
from backend.core.queries import scopes
from backend.core.services import record_writer
from backend.dispatch.kinds.day_plan import DayPlan
from backend.dispatch.queries.field_day import job_of
from backend.dispatch.services.day_plans import hold_days, propose_day, work_out
from backend.dispatch.services.emergencies import send_at_once
from backend.dispatch.services.field_day import day_of
from backend.dispatch.services.publishing import publish, take_back
from backend.local.cluster import Cluster
from sync.change import moment_text
from tests.factories import Town, uid
from tests.field import CREWS, Field, build_crews, build_field, of_other_days

NORTH = system(uid("north"))
Stands = dict[str, dict[str, Any]]
MakeDatabase = Callable[[str], Database]


@pytest.fixture(scope="module")
def database(cluster: Cluster, town_template: str) -> Iterator[Database]:
    """The field of a week from now, one for the module: whoever publishes undoes it."""
    cluster.ensure_database("copy_field", town_template)
    made = Database(make_engine(cluster.url("copy_field"), pool_size=3))
    with made.transaction() as session:
        build_field(session, scopes.today() + timedelta(days=7))
    yield made
    made.engine.dispose()
    cluster.psql("postgres", 'DROP DATABASE "copy_field" WITH (FORCE)')


@contextmanager
def looked_at(database: Database, today: date | None = None) -> Iterator[Field]:
    """The field in a session that is undone."""
    with Session(database.engine, expire_on_commit=False) as session:
        found = Field(session, today or scopes.today() + timedelta(days=7))
        names = session.execute(text("SELECT number FROM work_order WHERE number IS NOT NULL ORDER BY id"))
        found.names = [row[0] for row in names]
        yield found


def planned(database: Database, settings: Settings, field: Field, days: int = 0, **request: Any) -> str:
    """A plan of today or another day, worked out at the field's hour; its id."""
    with database.transaction() as session:
        day = field.today + timedelta(days=days)
        asked = {"seconds": 1} | request
        plan_id = str(
            propose_day(session, Town().actor("dispatcher"), uid("north"), day, asked, field.now).id
        )
    work_out(database, settings, plan_id, field.now)
    return plan_id


def published(field: Field, plan_id: str) -> DayPlan:
    """The plan published as the dispatcher does it."""
    return publish(field.session, Town().actor("dispatcher"), plan_id, field.now)


def told(plan: DayPlan) -> dict[str, dict[str, Any]]:
    """By job: the crew and time that the preview says it has afterwards.

    None for both where it is withdrawn.
    """
    lines = [line for row in plan.effects or () for line in row["jobs"] if line["change"] != "lost"]
    assert len({line["number"] for line in lines}) == len(lines)
    return {line["number"]: line for line in lines}


def changed(before: Stands, after: Stands) -> set[str]:
    """The jobs that were written."""
    return {name for name in before if before[name] != after[name]}


def bare(stands: Stands) -> Stands:
    """Without versions."""
    return {
        name: {key: value for key, value in one.items() if key != "version"} for name, one in stands.items()
    }


@pytest.mark.parametrize("days", [1, 0], ids=["tomorrow", "today"])
def test_a_plan_touches_its_own_day_and_does_what_its_preview_says(
    database: Database, settings: Settings, days: int
) -> None:
    with looked_at(database) as field:
        before = field.stands()
        # So few hands that much must be left out.
        plan_id = planned(
            database, settings, field, days, absent_crew_ids=[uid("far crew"), uid("late crew")]
        )
        plan = published(field, plan_id)
        after = field.stands()
    taken = {one["number"] for one in [*(plan.stops or ()), *(plan.unserved or ())]}
    assert taken & of_other_days(field, days) == set()
    beginnings = (
        ("today", "promised today", "tonight", "after midnight") if days == 0 else ("tomorrow", "promised 1")
    )
    own = {name for name in field.names if name.startswith(beginnings)}
    assert own <= taken
    assert {
        "left over",
        "left over by hand",
        "withdrawn before",
        "passed yesterday",
        "due -3",
        "may wait 1",
    } <= taken
    said = told(plan)
    assert changed(before, after) == set(said)
    for name, line in said.items():
        crew_id = line["crew_id"] or before[name]["crew_id"]
        state = (
            before[name]["state"]
            if line["change"] == "retimed"
            else "dispatched"
            if line["crew_id"]
            else "received"
        )
        assert (after[name]["crew_id"], after[name]["planned_at"], after[name]["state"]) == (
            crew_id,
            line["at"],
            state,
        )
        was = before[name]["crew_id"] if before[name]["state"] != "received" else None
        assert line["was_crew_id"] == was
    withdrawn = {name for name, line in said.items() if line["change"] == "withdrawn"}
    assert withdrawn or days == 1
    assert withdrawn <= own | (
        {"left over", "left over by hand", "by hand today", "passed this morning"} if days == 0 else set()
    )
    assert all("撤回待派：" in said[name]["zh"] and said[name]["zh"].split("：")[1] for name in withdrawn)


def test_a_promise_that_was_missed_stays_in_sight_and_an_odd_one_is_named(
    database: Database, settings: Settings
) -> None:
    with looked_at(database) as field:
        plan_id = planned(database, settings, field)
        notes = {one["number"]: one for one in field.session.get_one(DayPlan, UUID(plan_id)).notes or ()}
        stops = {one["number"]: one for one in field.session.get_one(DayPlan, UUID(plan_id)).stops or ()}
        assert set(notes) == {"passed this morning", "passed yesterday", "promised 3 but planned today"}
        assert "本方案不改动" in notes["promised 3 but planned today"]["zh"]
        assert "已过，客户仍在等" in notes["passed this morning"]["zh"]
        assert "08:00–09:30" in notes["passed this morning"]["en"]
        assert stops["passed this morning"]["breaks"]["zh"] == "预约时间已过"
        assert stops["passed this morning"]["late_minutes"] > 0
        assert stops["promised today"]["breaks"] is None
        assert (
            field.at(13)
            <= scopes.in_city(datetime.fromisoformat(stops["promised today"]["begin_at"]))
            <= field.at(15)
        )


def test_a_plan_is_taken_back_whole(database: Database, settings: Settings) -> None:
    with looked_at(database) as field:
        before = field.stands()
        plan_id = planned(database, settings, field, absent_crew_ids=[uid("far crew")])
        published(field, plan_id)
        assert len(changed(before, field.stands())) > 10
        plan = take_back(field.session, Town().actor("dispatcher"), plan_id, field.now)
        assert bare(field.stands()) == bare(before)
        assert (plan.state, plan.kept, str(plan.taken_back_by_id)) == ("taken_back", [], uid("dispatcher"))
        heard = field.session.execute(
            text("SELECT text_zh FROM notice WHERE text_zh LIKE '%的排班已撤回%'")
        ).scalars()
        assert any("回到您班组的工单" in words for words in heard)
        acts = field.session.execute(
            text(
                """
                SELECT DISTINCT actor_id::text
                FROM sync_history
                WHERE kind = 'work_order'
                  AND op IN ('dispatch', 'withdraw')
                """
            )
        ).scalars()
        assert set(acts) == {uid("dispatcher")}
        with pytest.raises(Problem, match="plan_not_published"):
            take_back(field.session, Town().actor("dispatcher"), plan_id, field.now)


def test_what_was_begun_or_changed_since_stays_and_is_named(database: Database, settings: Settings) -> None:
    with looked_at(database) as field:
        session, before = field.session, field.stands()
        plan_id = planned(database, settings, field, absent_crew_ids=[uid("far crew")])
        plan = published(field, plan_id)
        new = {
            "name": "third crew",
            "leader_id": uid("leader"),
            "member_ids": [],
            "skills": [],
            "is_active": True,
        }
        new |= {"shift_start": "08:00", "shift_end": "17:00"}
        record_writer.create(session, NORTH, "crew", new, record_id=uid("third crew"))
        gained = sorted(name for name, line in told(plan).items() if line["change"] == "gained")
        begun, moved, opened, cancelled = gained[:4]
        for step in ("accept", "leave"):
            record_writer.act(session, NORTH, "work_order", uid(begun), step, {})
        record_writer.act(
            session, NORTH, "work_order", uid(moved), "dispatch", {"crew_id": uid("third crew")}
        )
        record_writer.act(
            session, NORTH, "work_order", uid(opened), "accept", {"opened_at": moment_text(field.now)}
        )
        record_writer.act(session, NORTH, "work_order", uid(cancelled), "cancel", {"cancel_reason": "x"})
        kept = field.stands()
        plan = take_back(session, Town().actor("dispatcher"), plan_id, field.now)
        after = field.stands()
    stays = {begun, moved, cancelled}
    assert {one["number"]: one["code"] for one in plan.kept or ()} == {
        begun: "begun",
        moved: "changed",
        cancelled: "ended",
    }
    assert next(one["crew_name"] for one in plan.kept or () if one["number"] == moved) == "third crew"
    assert all(one["zh"] and one["en"] for one in plan.kept or ())
    assert {name: after[name] for name in stays} == {name: kept[name] for name in stays}
    others = set(before) - stays
    assert {n: one for n, one in bare(after).items() if n in others} == {
        n: one for n, one in bare(before).items() if n in others
    }


def test_a_plan_that_is_out_of_date_is_not_published(database: Database, settings: Settings) -> None:
    with looked_at(database) as field:
        plan_id = planned(database, settings, field, 1)
        dispatcher = Town().actor("dispatcher")
        record_writer.change(field.session, NORTH, "crew", uid("crew"), {"shift_end": "16:00"})
        with pytest.raises(Problem, match="plan_stale"):
            published(field, plan_id)
    with looked_at(database) as field:
        with pytest.raises(Problem, match="plan_stale"):
            publish(field.session, dispatcher, plan_id, field.at(14, 1))
        with pytest.raises(Problem, match="plan_stale"):
            publish(field.session, dispatcher, plan_id, field.at(9, 2))
        record_writer.change(field.session, NORTH, "work_order", uid("may wait 1"), {"description": "x"})
        with pytest.raises(Problem, match="jobs_changed"):
            published(field, plan_id)
    with looked_at(database) as field:
        record_writer.change(field.session, NORTH, "work_order", uid("today crew 0"), {"description": "x"})
        published(field, plan_id)  # Today's work is none of tomorrow's.
        with pytest.raises(Problem, match="plan_not_ready"):
            published(field, plan_id)
        with pytest.raises(Problem, match="day_over"):
            take_back(field.session, dispatcher, plan_id, field.at(9, 2))
    with looked_at(database) as field:
        field.session.get_one(DayPlan, UUID(plan_id)).effects = None
        with pytest.raises(Problem, match="plan_stale"):
            published(field, plan_id)


def test_a_crew_given_other_work_since_has_another_day(database: Database, settings: Settings) -> None:
    """An emergency, or a job given by hand.

    The plan knew nothing of it and would put its own work into the same hours.
    """
    with looked_at(database) as field:
        plan_id = planned(database, settings, field)
    with looked_at(database) as field:
        burst = field.job("burst", urgency="urgent", matter_id=uid("burst"), skills=["pipe_repair"])
        send_at_once(field.session, settings, Town().actor("dispatcher"), burst, uid("late crew"), field.now)
        with pytest.raises(Problem, match="plan_stale"):
            published(field, plan_id)
    for days in (0, 1):
        with looked_at(database) as field:
            field.job("new", "late crew", planned_at=field.at(11, days))
            if days:
                published(field, plan_id)  # Tomorrow's work is none of today's.
                continue
            with pytest.raises(Problem, match="plan_stale"):
                published(field, plan_id)


def test_units_that_share_crews_wait_for_each_other(database: Database) -> None:
    """A group's plan and a station's emergency take the same crews; two stations do not."""
    above = uid("group")
    with Session(database.engine) as one, Session(database.engine) as other:
        hold_days(one, above)
        other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            hold_days(other, uid("north"))
        one.rollback()
        other.rollback()
        hold_days(one, uid("south"))
        other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        hold_days(other, uid("north"))


def test_what_a_later_plan_counts_on_stays_when_the_earlier_is_taken_back(
    database: Database, settings: Settings
) -> None:
    with looked_at(database) as field:
        session, dispatcher = field.session, Town().actor("dispatcher")
        first = planned(database, settings, field)
        plan = published(field, first)
        given = {stop["number"] for stop in plan.stops or () if stop["change"] == "new"}
        later = DayPlan(
            id=UUID(record_writer.new_id()),
            unit_id=plan.unit_id,
            day=plan.day,
            request={},
            state="published",
            stops=plan.stops,
            made_by_id=plan.made_by_id,
            published_at=field.at(10.5),
            unserved=[],
            written=[],
        )
        session.add(later)
        session.flush()
        stands = field.stands()
        plan = take_back(session, dispatcher, first, field.at(11))
        kept = {one["number"]: one["code"] for one in plan.kept or ()}
        assert given <= {name for name, code in kept.items() if code == "later_plan"}
        assert {name: field.stands()[name] for name in given} == {name: stands[name] for name in given}


def test_a_night_belongs_to_the_day_it_begins_in(database: Database, settings: Settings) -> None:
    with looked_at(database) as field:
        session, dispatcher = field.session, Town().actor("dispatcher")
        for hour, day, is_asked in ((3, 0, True), (3, 1, True), (7, 0, False)):
            moment = field.at(hour, 1)
            if not is_asked:
                with pytest.raises(Problem, match="invalid"):
                    propose_day(
                        session, dispatcher, uid("north"), field.today + timedelta(days=day), {}, moment
                    )
                continue
            with database.transaction() as own:
                asked = propose_day(
                    own, dispatcher, uid("north"), field.today + timedelta(days=day), {"seconds": 1}, moment
                )
                plan_id = str(asked.id)
            work_out(database, settings, plan_id, moment)
            plan = session.get_one(DayPlan, UUID(plan_id))
            taken = {one["number"] for one in [*(plan.stops or ()), *(plan.unserved or ())]}
            # At three in the morning the night's work is still yesterday's.
            assert ({"tonight", "after midnight"} <= taken) == (day == 0)
            assert ("tomorrow crew" in taken) == (day == 1)
        evening = field.at(19.5)
        with pytest.raises(Problem, match="invalid"):
            propose_day(session, dispatcher, uid("north"), field.today - timedelta(days=1), {}, evening)
        record_writer.change(session, NORTH, "crew", uid("night crew"), {"is_active": False})
        with pytest.raises(Problem, match="day_over"):
            propose_day(session, dispatcher, uid("north"), field.today, {}, evening)


def test_when_today_is_over_its_work_is_tomorrows(database: Database, settings: Settings) -> None:
    with looked_at(database) as field:
        with database.transaction() as own:
            day = field.today + timedelta(days=1)
            plan_id = str(
                propose_day(
                    own, Town().actor("dispatcher"), uid("north"), day, {"seconds": 1}, field.at(17.5)
                ).id
            )
        work_out(database, settings, plan_id, field.at(17.5))
        plan = field.session.get_one(DayPlan, UUID(plan_id))
        taken = {one["number"] for one in [*(plan.stops or ()), *(plan.unserved or ())]}
    assert {"today crew 1", "today far crew 2", "by hand today", "promised today"} <= taken
    assert not {"today late crew 1", "tonight", "promised 2 by hand"} & taken


def test_what_is_to_be_done_now_has_nothing_of_another_day(database: Database, settings: Settings) -> None:
    with looked_at(database) as field:
        burst = field.job("burst", where=1, urgency="urgent", matter_id=uid("burst"))
        units = [uid("north")]
        day, jobs, crews, _ = day_of(
            field.session, settings, units, field.now, extra=job_of(field.session, burst)
        )
        routes = {
            crew.name: {jobs[n].number for n in route}
            for crew, route in zip(crews, day.plan.routes, strict=True)
        }
        assert {"promised today and planned", "passed this morning", "left over", "today crew 0"} <= routes[
            "一班"
        ]
        assert {"by hand today", "today far crew 3"} <= routes["二班"]
        assert routes["night crew"] == {"tonight", "after midnight"}
        given = set().union(*routes.values())
        assert given & (of_other_days(field, 0) - {"promised 3 but planned today"}) == set()
        assert "promised 2" not in {job.number for job in jobs}


def test_an_empty_day_and_a_full_one(
    make_database: MakeDatabase, town_template: str, settings: Settings
) -> None:
    database, today = make_database(town_template), scopes.today() + timedelta(days=7)
    with database.transaction() as session:
        build_crews(session)
    with looked_at(database, today) as field:
        plan = published(field, planned(database, settings, field, 1))
        assert (plan.stops, plan.unserved, plan.effects, plan.notes) == ([], [], [], [])
        plan_id = planned(database, settings, field, absent_crew_ids=[uid(name) for name in CREWS])
    with database.transaction() as session:
        made = Field(session, today)
        made.job("beyond them", skills=["large_main"])
        for n in range(60):
            made.job(
                f"today {n}",
                ("crew", "far crew")[n % 2] if n < 20 else None,
                n % 3,
                duration_minutes=60,
                planned_at=made.at(10.5 + n % 6) if n < 20 else None,
            )
            made.job(
                f"promised 3 {n}",
                "crew" if n % 2 else None,
                appointment_from=made.at(9, 3),
                appointment_until=made.at(17, 3),
            )
    with looked_at(database, today) as field:
        before = field.stands()
        plan = published(field, planned(database, settings, field, few_changes=False))
        after = field.stands()
        assert plan.unserved
        assert all(one["reasons"] for one in plan.unserved)
        (reason,) = next(one["reasons"] for one in plan.unserved if one["number"] == "beyond them")
        assert (reason["zh"], reason["en"]) == (
            "没有班组具备技能：大口径抢修",
            "no crew has the skills: Large mains",
        )
        later = {name for name in field.names if name.startswith("promised")}
        assert {name: after[name] for name in later} == {name: before[name] for name in later}
        plan_id = planned(database, settings, field, absent_crew_ids=[uid(name) for name in CREWS])
        plan = field.session.get_one(DayPlan, UUID(plan_id))
        assert plan.stops == []
        assert {one["reasons"][0]["code"] for one in plan.unserved or ()} <= {"absent", "crews"}


def test_another_citys_days_are_its_own_even_when_its_clocks_move(
    make_database: MakeDatabase, town_template: str, settings: Settings
) -> None:
    hold(replace(USUAL, time_zone=ZoneInfo("America/New_York")))
    today = scopes.today() + timedelta(days=3)
    while scopes.day_begins(today).utcoffset() == scopes.day_begins(today + timedelta(days=1)).utcoffset():
        today += timedelta(days=1)
    database = make_database(town_template)
    with database.transaction() as session:
        build_field(session, today)
    with looked_at(database, today) as field:
        before = field.stands()
        plan = published(field, planned(database, settings, field))
        after = field.stands()
        assert changed(before, after) & of_other_days(field, 0) == set()
        assert changed(before, after) == set(told(plan))
        arrivals = [scopes.in_city(datetime.fromisoformat(stop["arrive_at"])) for stop in plan.stops or ()]
        assert {moment.date() for moment in arrivals} <= {today, today + timedelta(days=1)}
        assert all(
            10 <= one.hour < 20
            for one, stop in zip(arrivals, plan.stops or (), strict=True)
            if stop["crew_name"] != "night crew"
        )
        assert (
            field.at(13)
            <= next(
                scopes.in_city(datetime.fromisoformat(s["begin_at"]))
                for s in plan.stops or ()
                if s["number"] == "promised today"
            )
            <= field.at(15)
        )
