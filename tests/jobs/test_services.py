"""Periodic tasks, escalation, held work, questionnaires, and decisions of the inbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core import config
from backend.core.actor import system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.scopes import held, today, values_at
from backend.core.services import record_writer
from backend.customers.services.surveying import follow_up, logic_faults, score_of
from backend.customers.services.visiting import overdue_visits, plan_visits
from backend.dispatch.services.dispatching import escalate_unopened, propose_crews
from backend.notices.services.notifying import RecordedChannel, channel_named
from backend.phones.queries.rights import StaffRights
from backend.phones.services.deciding import decide_group
from backend.phones.services.syncing import retry_held
from mobile_api_spec.expressions import holds
from mobile_api_spec.phone import forms
from sync.change import moment_text
from sync.postgres.push import deadline_passed
from tests.factories import Town, hand_in, middle, mutation


def push(session: Session, town: Town, who: str, *mutations: dict[str, Any]) -> list[dict[str, Any]]:
    return hand_in(session, town.actor(who), mutations)


def test_visits_are_planned_once_by_class(session: Session, town: Town) -> None:
    assert plan_visits(session) == 1
    assert plan_visits(session) == 0
    (row,) = session.execute(
        text("SELECT customer_id::text, representative_id::text, state, due_on FROM visit")
    )
    assert tuple(row) == (town["customer 0"], town["rep"], "planned", today() + timedelta(days=7))


def test_a_visit_done_lately_is_enough(session: Session, town: Town) -> None:
    done = {
        "customer_id": town["customer 0"],
        "method": "phone",
        "state": "done",
        "ended_at": datetime.now(UTC).isoformat(),
    }
    record_writer.create(session, system(town["north"]), "visit", done)
    assert plan_visits(session) == 0
    assert plan_visits(session, today() + timedelta(days=31)) == 1


def test_overdue_visits_are_seen_by_their_unit(session: Session, town: Town) -> None:
    plan_visits(session, today() - timedelta(days=20))
    assert [one["representative_name"] for one in overdue_visits(session, town.actor("supervisor"))] == [
        "员工5"
    ]
    assert overdue_visits(session, town.actor("stranger")) == []


def dispatched(session: Session, town: Town, **more: Any) -> str:
    north = system(town["north"])
    values = {"matter_id": town["leak"], "place": middle(0), "state": "received", "number": "W1"} | more
    job = record_writer.create(session, north, "work_order", values)
    return record_writer.act(session, north, "work_order", job.id, "dispatch", {"crew_id": town["crew"]}).id


def messages(session: Session) -> list[str]:
    return list(
        session.execute(
            text("SELECT detail->>'staff_id' FROM outbox WHERE fact = 'notify.recorded' ORDER BY id")
        ).scalars()
    )


def test_a_job_nobody_opens_goes_up_the_ladder_once(session: Session, town: Town) -> None:
    job = dispatched(session, town)
    first, soon, later = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (4, 6, 11))
    assert escalate_unopened(session, RecordedChannel(), 10, first) == 0
    assert messages(session) == []
    for _ in range(2):
        assert escalate_unopened(session, RecordedChannel(), 10, soon) == 0
        assert messages(session) == [town["leader"]], "the crew is reminded, once"
    assert escalate_unopened(session, RecordedChannel(), 10, later) == 1
    assert escalate_unopened(session, RecordedChannel(), 10, later) == 0
    assert messages(session) == [town["leader"], town["dispatcher"]]
    notices = session.execute(
        text("SELECT staff_id::text, topic, is_urgent, subject_id::text FROM notice ORDER BY id")
    ).all()
    assert [tuple(row) for row in notices] == [
        (town[who], "escalation", True, job) for who in ("leader", "dispatcher")
    ]


def test_another_crew_begins_the_ladder_anew(session: Session, town: Town) -> None:
    job, now = dispatched(session, town), datetime.now(UTC)
    stamps = {"reminded_at": moment_text(now), "escalated_at": moment_text(now)}
    record_writer.change(session, system(town["north"]), "work_order", job, stamps)
    assert escalate_unopened(session, RecordedChannel(), 10, now + timedelta(minutes=30)) == 0
    record_writer.act(
        session, system(town["north"]), "work_order", job, "dispatch", {"crew_id": town["far crew"]}
    )
    assert escalate_unopened(session, RecordedChannel(), 10, now + timedelta(minutes=30)) == 1
    assert messages(session) == [town["supervisor"], town["dispatcher"]]


@pytest.mark.parametrize(("urgency", "escalated"), [("normal", 0), ("urgent", 1)])
def test_what_is_planned_for_later_may_wait_unless_it_is_urgent(
    session: Session, town: Town, urgency: str, escalated: int
) -> None:
    now = datetime.now(UTC)
    tomorrow = moment_text(now + timedelta(hours=20))
    dispatched(session, town, urgency=urgency, planned_at=tomorrow)
    assert escalate_unopened(session, RecordedChannel(), 10, now + timedelta(hours=1)) == escalated
    assert escalate_unopened(session, RecordedChannel(), 10, now + timedelta(hours=21)) == 1 - escalated


def test_an_opened_job_is_not_escalated(session: Session, town: Town) -> None:
    north = system(town["north"])
    job = record_writer.create(
        session, north, "work_order", {"matter_id": town["leak"], "place": middle(0), "state": "received"}
    )
    record_writer.act(session, north, "work_order", job.id, "dispatch", {"crew_id": town["crew"]})
    (outcome,) = push(
        session,
        town,
        "member",
        mutation(
            "work_order", job.id, "change", {"opened_at": datetime.now(UTC).isoformat()}, base_version=2
        ),
    )
    assert outcome["status"] == "applied"
    assert escalate_unopened(session, RecordedChannel(), 10, datetime.now(UTC) + timedelta(hours=1)) == 0


def test_work_held_for_somebody_elses_record_goes_on_when_it_comes(session: Session, town: Town) -> None:
    visit = record_writer.new_id()
    values = {
        "customer_id": town["customer 0"],
        "cell_id": town["cell 0"],
        "representative_id": town["rep"],
        "method": "phone",
    }
    (outcome,) = push(
        session, town, "rep", mutation("visit", visit, "act", {"summary": "谈过"}, action="complete")
    )
    assert outcome["status"] == "held"
    assert retry_held(session) == 0
    record_writer.create(
        session, system(town["north"]), "visit", values | {"state": "planned"}, record_id=visit
    )
    assert retry_held(session) == 1
    assert record_writer.read(session, "visit", visit).values["state"] == "done"
    assert session.execute(text("SELECT count(*) FROM sync_waiting")).scalar() == 0


def test_held_work_of_many_is_tried_by_turns_and_by_what_changed(session: Session, town: Town) -> None:
    many, one = sorted(("rep", "other_rep"), key=lambda name: town[name])
    values = {"customer_id": town["customer 3"], "representative_id": town[many], "method": "phone"}
    for count in (500, 20):
        late = [
            mutation("visit", record_writer.new_id(), "create", values, base_version=0) for _ in range(count)
        ]
        assert {found["status"] for found in push(session, town, many, *late)} == {"held"}
    item = record_writer.new_id()
    (held,) = push(session, town, one, mutation("item", item, "change", {"description": "后来的"}))
    assert held["status"] == "held"
    own = {"rep": 0, "other_rep": 2}[one]
    fact = {"customer_id": town[f"customer {own}"], "cell_id": town[f"cell {own}"], "theme": "pressure",
            "description": "先有的", "source": "visit"}  # fmt: skip
    record_writer.create(session, system(town["north"]), "item", fact, record_id=item)
    assert retry_held(session) == 500
    assert record_writer.read(session, "item", item).values["description"] == "后来的"
    assert [retry_held(session) for _ in range(2)] == [21, 0]
    record_writer.change(session, system(town["south"]), "customer", town["customer 3"], {"note": "动了"})
    assert retry_held(session) == 500


def test_what_waits_too_long_is_parked(session: Session, town: Town) -> None:
    late = mutation("visit", record_writer.new_id(), "act", {"summary": "x"}, action="complete")
    push(session, town, "rep", late)
    assert deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=71)) == 0
    assert deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=73)) == 1
    (again,) = push(session, town, "rep", late)
    assert (again["status"], again["code"]) == ("parked", "deadline_passed")


def test_what_builds_on_a_parked_one_parks_with_it(session: Session, town: Town) -> None:
    visit = record_writer.new_id()
    values = {"customer_id": town["customer 0"], "representative_id": town["rep"], "method": "flying"}
    first = mutation("visit", visit, "create", values)
    answer = {
        "questionnaire_id": town["form"],
        "visit_id": visit,
        "author_id": town["rep"],
        "channel": "visit",
        "answered_at": "2026-09-01T00:00:00Z",
        "answers": {},
    }
    batch = [
        first,
        mutation("visit", visit, "act", {"summary": "x"}, action="complete"),
        mutation("response", record_writer.new_id(), "create", answer),
        mutation("customer", town["customer 0"], "change", {"note": "independent"}),
        mutation("customer", town["customer 1"], "change", {"note": "after"}, after=first["id"]),
    ]
    outcomes = push(session, town, "rep", *batch)
    assert [one["code"] for one in outcomes] == [
        "invalid",
        "predecessor_parked",
        "predecessor_parked",
        None,
        "predecessor_parked",
    ]
    assert session.execute(text("SELECT count(DISTINCT group_id) FROM sync_waiting")).scalar() == 1


def test_mutations_that_wait_for_each_other_park_at_once(session: Session, town: Town) -> None:
    one, two = (mutation("customer", town[f"customer {n}"], "change", {"note": "x"}) for n in (0, 1))
    outcomes = push(session, town, "rep", one | {"after": two["id"]}, two | {"after": one["id"]})
    assert [o["code"] for o in outcomes] == ["cycle", "cycle"]


def test_a_phone_cannot_file_work_under_another_unit(session: Session, town: Town) -> None:
    values = {
        "unit_id": town["south"],
        "customer_id": town["customer 0"],
        "representative_id": town["rep"],
        "method": "phone",
    }
    (outcome,) = push(session, town, "rep", mutation("visit", record_writer.new_id(), "create", values))
    assert (outcome["status"], outcome["code"]) == ("parked", "outside_scope")


def test_the_outcome_carries_the_body_only_within_the_authors_scopes(session: Session, town: Town) -> None:
    outcome, gone = push(
        session,
        town,
        "rep",
        mutation("customer", town["customer 0"], "change", {"note": "mine"}),
        mutation("customer", town["customer 1"], "change", {"cell_id": town["cell 2"]}),
    )
    assert outcome["record"]["in"] == [f"cell:{town['cell 0']}"]
    assert gone["code"] == "outside_scope"


def test_a_record_is_rebuilt_as_it_stood(session: Session, town: Town) -> None:
    before = datetime.now(UTC)
    session.execute(text("UPDATE sync_history SET recorded_at = recorded_at - interval '1 day'"))
    record_writer.change(session, system(town["north"]), "customer", town["customer 1"], {"note": "later"})
    now = values_at(session, ("customer", town["customer 1"]), datetime.now(UTC) + timedelta(seconds=1))
    then = values_at(session, ("customer", town["customer 1"]), before - timedelta(seconds=1))
    assert now is not None
    assert then is not None
    assert (now["note"], then["note"]) == ("later", None)
    assert values_at(session, ("customer", town["customer 1"]), before - timedelta(days=2)) is None
    assert values_at(session, ("customer", town["nobody"]), before) is None


def test_rights_of_the_past_follow_the_history_of_duties(session: Session, town: Town) -> None:
    session.execute(text("UPDATE sync_history SET recorded_at = recorded_at - interval '1 day'"))
    rights = StaffRights(session, town.actor("rep"))
    record_writer.change(
        session, system(town["north"]), "cell_assignment", town["duty 1"], {"staff_id": town["other_rep"]}
    )
    assert f"cell:{town['cell 1']}" not in rights.now()
    assert f"cell:{town['cell 1']}" in rights.at(datetime.now(UTC) - timedelta(hours=1))
    assert f"cell:{town['cell 1']}" not in rights.at(datetime.now(UTC) + timedelta(seconds=1))
    assert f"crew:{town['crew']}" in StaffRights(session, town.actor("member")).at(datetime.now(UTC))


def test_scopes_end_with_their_day(session: Session, town: Town) -> None:
    until = today() + timedelta(days=2)
    values = {
        "cell_id": town["cell 2"],
        "staff_id": town["rep"],
        "duty": "stand_in",
        "valid_from": today().isoformat(),
        "valid_until": until.isoformat(),
    }
    record_writer.create(session, system(town["north"]), "cell_assignment", values)
    actor = town.actor("rep")
    assert held(session, actor)[f"cell:{town['cell 2']}"] == until
    assert f"cell:{town['cell 2']}" not in held(session, actor, until + timedelta(days=1))


@pytest.mark.parametrize(
    ("source", "answers", "expected"),
    [
        ("answers.a == 'x'", {"a": "x"}, True),
        ("answers.a == 'x'", {"a": "y"}, False),
        ("answers.missing == 'x'", {}, False),
        ("has(answers.a) && answers.a > 3", {"a": 4}, True),
        ("this is no condition", {}, False),
        ("answers.a", {"a": "text is not true"}, False),
    ],
)
def test_conditions_hold_or_do_not(source: str, answers: dict[str, Any], expected: bool) -> None:
    assert holds(source, answers) is expected


VECTORS = json.loads(
    (Path(__file__).parents[2] / "mobile_api_spec/vectors/forms.json").read_text(encoding="utf-8")
)
ROWS: list[dict[str, Any]] = VECTORS["rows"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_phone_and_server_judge_a_form_alike(case: dict[str, Any]) -> None:
    assert [[f["field"], f["code"]] for f in logic_faults(ROWS, case["answers"])] == case["faults"]
    assert [list(pair) for pair in forms.faults(ROWS, case["answers"])] == case["faults"]


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        ({"pressure": "satisfied"}, 1.0),
        ({"pressure": "very_dissatisfied"}, 0.0),
        ({}, None),
        ({"pressure": "neutral"}, 0.5),
    ],
)
def test_a_score_can_be_computed_by_hand(answers: dict[str, Any], score: float | None) -> None:
    assert score_of(ROWS, answers) == score


def test_following_up_twice_opens_no_second_item(session: Session, town: Town) -> None:
    values = {
        "questionnaire_id": town["form"],
        "customer_id": town["customer 0"],
        "author_id": town["rep"],
        "channel": "visit",
        "answered_at": "2026-09-01T00:00:00Z",
        "answers": {"pressure": "very_dissatisfied"},
    }
    response = record_writer.create(session, system(town["north"]), "response", values)
    assert follow_up(session, response.id) == 1
    assert follow_up(session, response.id) == 0
    (item,) = session.execute(text("SELECT theme, owner_id::text, source FROM item"))
    assert tuple(item) == ("pressure", town["rep"], "questionnaire")


def test_proposals_know_what_a_crew_has_at_hand(session: Session, town: Town) -> None:
    north = system(town["north"])
    job = record_writer.create(
        session,
        north,
        "work_order",
        {
            "matter_id": town["leak"],
            "place": middle(0),
            "state": "received",
            "skills": ["pipe_repair"],
            "duration_minutes": 30,
        },
    )
    free = propose_crews(session, config.read({}), town.actor("dispatcher"), job.id)
    assert [one["crew_id"] for one in free] == [town["crew"], town["far crew"]]
    assert [one["is_feasible"] for one in free][1] is False
    other = record_writer.create(
        session,
        north,
        "work_order",
        {"matter_id": town["leak"], "place": middle(0), "state": "received", "duration_minutes": 120},
    )
    record_writer.act(session, north, "work_order", other.id, "dispatch", {"crew_id": town["crew"]})
    busy = next(
        one
        for one in propose_crews(session, config.read({}), town.actor("dispatcher"), job.id)
        if one["crew_id"] == town["crew"]
    )
    assert busy["arrives_at"] - free[0]["arrives_at"] > timedelta(minutes=100)


@pytest.mark.parametrize("who", ["rep", "leader", "auditor"])
def test_proposals_are_for_the_desk(session: Session, town: Town, who: str) -> None:
    with pytest.raises(Problem) as caught:
        propose_crews(session, config.read({}), town.actor(who), town["job"])
    assert caught.value.code == "not_allowed"


def test_a_commit_in_which_record_and_document_disagree_is_refused(database: Database, town: Town) -> None:
    statements: list[tuple[str, Callable[[], dict[str, str]]]] = [
        ("UPDATE customer SET version = version + 1 WHERE id = :id", lambda: {"id": town["customer 1"]}),
        ("UPDATE customer SET version = version + 2 WHERE id = :id", lambda: {"id": town["customer 1"]}),
        ("UPDATE customer SET name = name WHERE id = :id", lambda: {"id": town["customer 1"]}),
    ]
    for sql, parameters in statements:
        with pytest.raises(Exception, match="customer"), database.transaction() as session:
            session.execute(text(sql), parameters())


def test_a_decision_does_not_let_a_phone_write_the_servers_fields(session: Session, town: Town) -> None:
    sly = mutation("customer", town["customer 0"], "change", {"note": "harmless", "pinyin": "sly"})
    found = record_writer.read(session, "customer", town["customer 0"]).values["pinyin"]
    (outcome,) = push(session, town, "rep", sly)
    assert outcome["code"] == "field_not_writable"
    decide_group(session, town.actor("dispatcher"), sly["id"], "apply", "备注属实")
    values = record_writer.read(session, "customer", town["customer 0"]).values
    assert (values["note"], values["pinyin"]) == ("harmless", found)


@pytest.mark.parametrize(
    ("who", "reason", "code"),
    [("rep", "x", "not_allowed"), ("dispatcher", " ", "reason_needed"), ("stranger", "x", "not_found")],
)
def test_a_decision_needs_the_right_and_a_reason(
    session: Session, town: Town, who: str, reason: str, code: str
) -> None:
    bad = mutation("customer", town["customer 0"], "change", {"category": "king"})
    push(session, town, "rep", bad)
    with pytest.raises(Problem) as caught:
        decide_group(session, town.actor(who), bad["id"], "discard", reason)
    assert caught.value.code == code


def test_a_group_is_decided_once(session: Session, town: Town) -> None:
    bad = mutation("customer", town["customer 0"], "change", {"category": "king"})
    push(session, town, "rep", bad)
    decide_group(session, town.actor("dispatcher"), bad["id"], "discard", "不成立")
    with pytest.raises(Problem) as caught:
        decide_group(session, town.actor("dispatcher"), bad["id"], "apply", "想通了")
    assert caught.value.code == "already_decided"
    with pytest.raises(Problem) as unfit:
        push(
            session,
            town,
            "rep",
            second := mutation("customer", town["customer 0"], "change", {"category": "queen"}),
        )
        decide_group(session, town.actor("dispatcher"), second["id"], "apply", "x")
    assert (unfit.value.code, unfit.value.detail["cause"]) == ("check_failed", "invalid")


def test_a_channel_that_is_not_there_is_named() -> None:
    assert isinstance(channel_named("recorded"), RecordedChannel)
    with pytest.raises(ValueError, match="WANGGE_NOTIFY_CHANNEL=pigeon"):
        channel_named("pigeon")
