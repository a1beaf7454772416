"""What follows from answers: faults, score, items with owner and due day, and what a next edition changes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.services.surveying import logic_faults, score_of
from backend.queue import serving
from tests.conftest import Person
from tests.customers.test_forms import answer, question
from tests.factories import Town, uid

As = Callable[[str], Person]
Answered = Callable[..., dict[str, Any]]
FORM = {"code": "tap", "edition": 1, "title_zh": "用水", "title_en": "Water", "is_active": True}


@pytest.fixture
def answered(as_: As, town: Town, database: Database) -> Answered:
    """`answered(answers, ...)` is a response as it stands when all that follows has followed."""

    def ask(answers: Any, **more: Any) -> dict[str, Any]:
        made = as_("rep")("POST", "/responses", answer(town, answers=answers, **more))
        assert made.status_code == 201, made.text
        serving.serve(database)
        return as_("rep").get(f"/responses/{made.get_json()['id']}")

    return ask


def found(response: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in response["faults"] or ()]


def items_of(person: Person, response: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = person.get(f"/items?response_id={response['id']}")["rows"]
    return rows


def test_a_dissatisfied_answer_is_an_item_of_whoever_asked(answered: Answered, as_: As, town: Town) -> None:
    said = {"pressure": "dissatisfied", "pressure_why": "早晨没水", "people": 3}
    response = answered(said, customer_id=town["customer 0"], channel="visit")
    assert (response["score"], found(response)) == (0, [])
    (item,) = items_of(as_("supervisor"), response)
    assert item["description"] == "水压：早晨没水"
    assert (item["theme"], item["source"], item["state"]) == ("pressure", "questionnaire", "open")
    assert (item["owner_id"], item["first_contact_owner_id"]) == (town["rep"], town["rep"])
    assert (item["customer_id"], item["cell_id"]) == (town["customer 0"], town["cell 0"])
    assert item["due_on"] == f"{today() + timedelta(days=5)}"
    # A key customer's is put before others; and the item is a case of its own from its first hour.
    assert (item["is_priority"], item["case_id"] is not None) == (True, True)
    assert as_("rep").get(f"/items/{item['id']}")["response_id"] == response["id"]
    for who in ("other_rep", "stranger"):
        assert as_(who)("GET", f"/items/{item['id']}").status_code == 404, who


def test_who_is_satisfied_or_says_nothing_has_no_item(answered: Answered, as_: As) -> None:
    fine = answered({"pressure": "very_satisfied"})
    assert (fine["score"], found(fine), items_of(as_("supervisor"), fine)) == (1, [], [])
    empty = answered({})
    assert (empty["score"], found(empty)) == (None, [("pressure", "required")])
    assert items_of(as_("supervisor"), empty) == []
    # Null is no answer; an empty text is one.
    nothing = answered({"pressure": None, "people": None})
    assert found(nothing) == [("pressure", "required")]
    blank = answered({"pressure": "dissatisfied", "pressure_why": ""})
    assert found(blank) == []
    assert [one["description"] for one in items_of(as_("supervisor"), blank)] == ["水压：不满意"]


def test_what_is_wrong_with_answers_is_noted_and_refuses_none(answered: Answered, as_: As) -> None:
    """An answer to a question that did not appear, one out of bounds, and a choice that is none."""
    wrong = answered({"pressure": "satisfied", "pressure_why": "弱", "people": 30})
    assert found(wrong) == [("pressure_why", "not_asked"), ("people", "constraint")]
    odd = answered({"pressure": "还行", "people": "很多", "unknown": 1})
    assert found(odd) == [("pressure", "not_a_choice"), ("people", "constraint")]
    assert odd["score"] is None
    listed = answered({"pressure": ["dissatisfied"]})
    assert (found(listed), listed["score"]) == ([("pressure", "not_a_choice")], None)
    assert [items_of(as_("supervisor"), one) for one in (wrong, odd, listed)] == [[], [], []]


@pytest.mark.parametrize("answers", [[], "全部满意", 7, False], ids=["list", "text", "number", "truth"])
def test_answers_without_names_are_none(answered: Answered, answers: Any) -> None:
    response = answered(answers)
    assert (response["answers"], response["score"]) == (answers, None)
    assert found(response) == [("pressure", "required")]


def test_without_a_customers_name_there_is_an_item_all_the_same(
    answered: Answered, as_: As, town: Town
) -> None:
    response = answered({"pressure": "very_dissatisfied", "pressure_why": "太小"}, is_anonymous=True)
    (item,) = items_of(as_("supervisor"), response)
    assert (item["customer_id"], item["visit_id"], item["cell_id"]) == (None, None, town["cell 0"])
    assert item["is_priority"] in (False, None)


def test_what_an_anonymous_answer_may_not_name(as_: As, town: Town) -> None:
    visit = as_("supervisor")("POST", "/visits", {"customer_id": town["customer 0"], "method": "phone"})
    named = {"customer_id": town["customer 0"], "visit_id": visit.get_json()["id"], "is_anonymous": True}
    refused = as_("supervisor")("POST", "/responses", answer(town, **named))
    faults = refused.get_json()["faults"]
    assert [(one["field"], one["code"]) for one in faults] == [
        ("customer_id", "anonymous"),
        ("visit_id", "anonymous"),
    ]
    assert {one["zh"] for one in faults} == {"匿名答卷不得写明客户或走访"}


def test_a_long_reason_is_cut_to_what_an_item_holds(answered: Answered, as_: As) -> None:
    response = answered({"pressure": "dissatisfied", "pressure_why": "水" * 3000})
    (item,) = items_of(as_("supervisor"), response)
    assert item["description"] == f"水压：{'水' * 1997}"
    assert len(response["answers"]["pressure_why"]) == 3000


def publish(as_: As, *rows: dict[str, Any], edition: int = 1, **more: Any) -> str:
    body = FORM | {"edition": edition, "rows": list(rows)} | more
    made = as_("admin")("POST", "/questionnaires", body)
    assert made.status_code == 201, made.text
    return str(made.get_json()["id"])


def test_each_edition_judges_its_own_answers(answered: Answered, as_: As) -> None:
    """A choice that is gone in the next edition stays an answer to the one that had it."""
    with_smell = question("what", "select_multiple", "leak", "smell", constraint="value.size() > 0")
    asked = question("smell", "satisfaction", relevant="'smell' in answers.what", required=True)
    first = publish(as_, with_smell, asked)
    without = question("what", "select_multiple", "leak", "noise", constraint="value.size() > 0")
    second = publish(as_, without, question("smell", "satisfaction", required=True), edition=2)
    put_away = as_("admin")("PATCH", f"/questionnaires/{first}", {"is_active": False}, version=1)
    assert put_away.status_code == 200
    said = {"what": ["smell"], "smell": "dissatisfied"}
    # A phone that was away brings answers to the one that is put away: they are kept, and followed.
    old = answered(said, questionnaire_id=first)
    assert (found(old), old["score"], len(items_of(as_("supervisor"), old))) == ([], 0, 1)
    assert found(answered({"what": ["leak"]}, questionnaire_id=first)) == []
    assert found(answered({"what": []}, questionnaire_id=first)) == [("what", "constraint")]
    assert found(answered({"what": ["leak"]}, questionnaire_id=second)) == [("smell", "required")]
    (item,) = items_of(as_("supervisor"), answered({"smell": "very_dissatisfied"}, questionnaire_id=second))
    # A question without a theme of its own is the window's.
    assert (item["theme"], item["description"]) == ("window_service", "smell：不满意")


def test_a_form_without_questions_is_answered_by_nothing(answered: Answered, as_: As) -> None:
    empty = answered({"anything": "dissatisfied"}, questionnaire_id=publish(as_))
    assert (empty["score"], found(empty), items_of(as_("supervisor"), empty)) == (None, [], [])
    note = publish(as_, question("hello", "note", required=True), edition=2)
    assert found(answered({}, questionnaire_id=note)) == []


def test_answers_to_no_form_of_theirs_are_refused(as_: As, town: Town) -> None:
    for who, body in (
        ("rep", answer(town, questionnaire_id=town["nothing"])),
        ("rep", answer(town, customer_id=town["customer 2"])),
        ("rep", answer(town, questionnaire_id=town["customer 0"])),
    ):
        refused = as_(who)("POST", "/responses", body)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "reference_missing")
    assert as_("leader")("POST", "/responses", answer(town)).get_json()["code"] == "not_allowed"
    assert as_("auditor")("POST", "/responses", answer(town)).get_json()["code"] == "not_allowed"
    missing = as_("rep")("POST", "/responses", {"questionnaire_id": town["form"]}).get_json()
    assert {one["field"] for one in missing["faults"]} == {"channel", "answered_at", "answers"}


def test_a_score_is_the_mean_of_what_was_said_and_no_more(town: Town) -> None:
    rows = [question(name, "satisfaction") for name in "abc"] + [question("t", "text")]
    for said, score in (
        ({"a": "satisfied", "b": "neutral", "c": "dissatisfied"}, 0.5),
        ({"a": "satisfied", "b": "satisfied", "c": "very_dissatisfied"}, 0.6667),
        ({"a": "neutral", "t": "dissatisfied"}, 0.5),
        ({"a": "neutral", "b": {"satisfied": 1}}, 0.5),
        ({"t": "satisfied"}, None),
    ):
        assert score_of(rows, said) == score, said
    assert logic_faults(rows, {"a": True, "b": 1}) == [
        {"field": "a", "code": "not_a_choice"},
        {"field": "b", "code": "not_a_choice"},
    ]


def test_two_clerks_publish_one_edition_at_once_and_one_of_them_does(as_: As) -> None:
    clerks = [as_("admin") for _ in range(4)]
    body = FORM | {"rows": [], "unit_id": uid("group")}
    with ThreadPoolExecutor(len(clerks)) as at_once:
        answers = list(at_once.map(lambda clerk: clerk("POST", "/questionnaires", body), clerks))
    assert sorted(one.status_code for one in answers) == [201, 422, 422, 422]
    told = {(f["field"], f["zh"]) for one in answers for f in one.get_json().get("faults", ())}
    assert told == {("edition", "这个版本号已经用过")}


def test_a_question_is_asked_by_the_administrator_alone(as_: As, town: Town) -> None:
    for who in ("supervisor", "dispatcher", "rep", "auditor"):
        refused = as_(who)("POST", "/questionnaires", FORM | {"rows": []})
        assert (refused.status_code, refused.get_json()["code"]) == (403, "not_allowed"), who
    # Everybody of the house reads it, also in the other branch.
    for who in ("rep", "stranger", "member"):
        assert as_(who).get(f"/questionnaires/{town['form']}")["code"] == "year-end"


def test_a_row_nobody_can_show_is_refused_where_it_stands(as_: As) -> None:
    for row, field in (
        (question("q", "photo"), "rows.0.type"),
        (question("", "text"), "rows.0.name"),
        (question("q" * 51, "text"), "rows.0.name"),
        (question("q", "text", theme="weather"), "rows.0.theme"),
        (question("q", "text", hint="x"), "rows.0.hint"),
        ({"name": "q", "type": "text", "label_zh": "问"}, "rows.0.label_en"),
    ):
        refused = as_("admin")("POST", "/questionnaires", FORM | {"rows": [row]})
        assert refused.status_code == 422, row
        assert [one["field"] for one in refused.get_json()["faults"]] == [field]


def test_an_item_that_was_closed_is_not_opened_anew_by_the_same_answer(
    answered: Answered, as_: As, town: Town, database: Database
) -> None:
    response = answered({"pressure": "dissatisfied", "pressure_why": "小"})
    (item,) = items_of(as_("supervisor"), response)
    path = f"/items/{item['id']}/actions"
    assert as_("rep")("POST", f"{path}/resolve", {"resolution": "已增压"}).status_code == 200
    assert as_("agent")("POST", f"{path}/close", {"return_visit_note": "满意"}).status_code == 200
    with database.transaction() as session:
        forgotten = {"score": None, "faults": None}
        record_writer.change(session, system(town["north"]), "response", response["id"], forgotten)
    serving.serve(database)
    again = as_("rep").get(f"/responses/{response['id']}")
    assert (again["score"], found(again)) == (0, [])
    assert [one["state"] for one in items_of(as_("supervisor"), response)] == ["closed"]
