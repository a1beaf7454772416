"""Questionnaires and answers: what a customer said and what was asked stay as they were."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from backend.core.db import Database
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.canonical import canonical_text
from tests.conftest import Person
from tests.factories import Town, uid

As = Callable[[str], Person]


def answer(town: Town, **more: Any) -> dict[str, Any]:
    return {
        "questionnaire_id": town["form"],
        "channel": "phone",
        "answered_at": "2026-09-01T00:00:00Z",
        "cell_id": town["cell 0"],
        "author_id": town["rep"],
        "answers": {"speed": "dissatisfied"},
    } | more


def test_submitted_answers_are_rewritten_by_nobody(
    as_: As, town: Town, phone_of: Callable[..., Phone]
) -> None:
    made = as_("rep")("POST", "/responses", answer(town, customer_id=town["customer 0"])).get_json()
    for who in ("rep", "dispatcher", "supervisor", "admin"):
        for now in ({"answers": {"speed": "very_satisfied"}}, {"is_anonymous": True}, {"customer_id": None}):
            version = as_("admin").get(f"/responses/{made['id']}")["version"]
            refused = as_(who)("PATCH", f"/responses/{made['id']}", now, version=version)
            assert refused.status_code == 405, (who, now)
    phone = phone_of("rep")
    phone.sync()
    phone.change("response", made["id"], {"answers": {"speed": "very_satisfied"}})
    phone.sync()
    assert as_("admin").get(f"/responses/{made['id']}")["answers"] == {"speed": "dissatisfied"}
    assert len(as_("dispatcher").get("/inbox/parked")) == 1


def test_an_anonymous_answer_leads_to_no_customer(as_: As, town: Town) -> None:
    refused = as_("rep")(
        "POST", "/responses", answer(town, is_anonymous=True, customer_id=town["customer 0"])
    )
    assert refused.status_code == 422
    assert [(one["field"], one["code"]) for one in refused.get_json()["faults"]] == [
        ("customer_id", "anonymous")
    ]
    assert as_("rep")("POST", "/responses", answer(town, is_anonymous=True)).status_code == 201


def test_an_edition_that_was_answered_stays_as_it_was_asked(as_: As, town: Town) -> None:
    admin, path = as_("admin"), f"/questionnaires/{town['form']}"
    form = admin.get(path)
    title = form["rows"][0] | {"label_zh": "改过的问题"}
    form = admin("PATCH", path, {"rows": [title, *form["rows"][1:]]}, version=form["version"]).get_json()
    assert form["rows"][0]["label_zh"] == "改过的问题"
    assert as_("rep")("POST", "/responses", answer(town)).status_code == 201
    for now in ({"rows": []}, {"code": "other"}, {"edition": form["edition"] + 1}):
        refused = admin("PATCH", path, now, version=form["version"])
        assert refused.status_code == 422, now
        assert [(one["field"], one["code"]) for one in refused.get_json()["faults"]] == [
            (next(iter(now)), "edition_used")
        ]
    assert admin("PATCH", path, {"is_active": False}, version=form["version"]).status_code == 200


def test_an_edition_number_is_given_once(as_: As, town: Town) -> None:
    admin = as_("admin")
    form = {
        "unit_id": uid("group"),
        "code": "yearly",
        "edition": 1,
        "title_zh": "年度",
        "title_en": "Yearly",
        "rows": [],
        "is_active": True,
    }
    assert admin("POST", "/questionnaires", form).status_code == 201
    refused = admin("POST", "/questionnaires", form)
    assert refused.status_code == 422
    assert [(one["field"], one["code"]) for one in refused.get_json()["faults"]] == [("edition", "twice")]
    second = admin("POST", "/questionnaires", form | {"edition": 2}).get_json()
    assert (
        admin(
            "PATCH", f"/questionnaires/{second['id']}", {"edition": 1}, version=second["version"]
        ).status_code
        == 422
    )


def test_a_form_whose_conditions_nobody_can_read_is_not_published(as_: As, town: Town) -> None:
    """A condition that is never true would make every answer a fault; one of before can still be put away."""
    row = {"type": "integer", "name": "people", "label_zh": "人口", "label_en": "People"}
    form = {"code": "odd", "edition": 1, "title_zh": "问卷", "title_en": "Form", "is_active": True}
    for field, condition in (
        ("constraint", "value > 0 and value < 9"),
        ("relevant", "matches(answers.a, 'x')"),
    ):
        made = as_("admin")("POST", "/questionnaires", form | {"rows": [row | {field: condition}]})
        assert made.status_code == 422, condition
        assert [(one["field"], one["code"]) for one in made.get_json()["faults"]] == [
            (f"rows.people.{field}", "unreadable")
        ]
    rows = [row | {"constraint": "value > 0 and value < 9"}]
    assert (
        as_("admin")("POST", "/questionnaires", form | {"rows": rows, "is_active": False}).status_code == 201
    )
    rows = [row | {"constraint": "value > 0 && value < 9"}]
    assert as_("admin")("POST", "/questionnaires", form | {"edition": 2, "rows": rows}).status_code == 201


def question(name: str, type_: str, *choices: str, **conditions: Any) -> dict[str, Any]:
    """A question of a form; `conditions` are when it is asked and what its answer keeps to."""
    options = [{"name": one, "label_zh": one, "label_en": one} for one in choices]
    row = {"name": name, "type": type_, "label_zh": name, "label_en": name}
    return row | ({"choices": options} if choices else {}) | conditions


ASKED = (
    question("kind", "select_one", "house", "shop"),
    question("seen", "select_multiple", "leak", "noise", "dirt"),
    question("tables", "integer", relevant="answers.kind == 'shop'", constraint="value > 0"),
    question("menu", "text", relevant="answers.tables > 3"),
)
MET_BY_NONE: list[tuple[dict[str, Any], str, str, str]] = [
    (question("q", "select_multiple", "a", "b", "c", constraint="value.size() > 3"), "constraint", "never", "> 3"),
    (question("q", "select_multiple", "a", "b", constraint="value.size() == 1 && 'a' in value && 'b' in value"),
     "constraint", "never", "size"),
    (question("q", "select_one", "a", "b", constraint="value != 'a' && value != 'b'"), "constraint", "never", "'b'"),
    (question("q", "satisfaction", constraint="value.size() > 99"), "constraint", "never", "99"),
    (question("q", "text", constraint="value.size() < 2 && value.size() > 7"), "constraint", "never", "7"),
    (question("q", "text", constraint="value.size() > 2 && value.size() < 3"), "constraint", "never", "3"),
    (question("q", "integer", constraint="value > 2 * 5 && value < 3 + 4"), "constraint", "never", "3 + 4"),
    (question("q", "text", relevant="answers.kind != 'house' && answers.kind != 'shop'"), "relevant", "never", "shop"),
    (question("q", "text", relevant="answers.seen.size() >= 4"), "relevant", "never", "4"),
    # The question that it looks at is only asked where this one cannot be, near and far.
    (question("q", "text", relevant="answers.kind == 'house' && answers.tables > 3"), "relevant", "never_together",
     "answers.kind == 'shop'"),
    (question("q", "text", relevant="answers.kind == 'house' && has(answers.menu)"), "relevant", "never_together",
     "answers.tables > 3"),
    (question("q", "integer", relevant="answers.tables > 9", constraint="answers.tables < 5 && value > 1"),
     "constraint", "never_together", "answers.tables > 9"),
]  # fmt: skip
MET_BY_SOME: list[dict[str, Any]] = [
    question("q", "select_multiple", "a", "b", "c", constraint="value.size() == 3 && 'a' in value"),
    question("q", "select_multiple", *map(str, range(20)), constraint="value.size() > 11 && '3' in value"),
    question("q", "select_one", "a", "b", constraint="value != 'a'"),
    question("q", "satisfaction", relevant="answers.seen.size() == 0", constraint="value.size() == 7"),
    question("q", "text", constraint="value.size() > 2 && value.size() < 4"),
    question("q", "text", constraint="value > 'abc' && value.size() == 1"),
    question("q", "text", constraint="value.size() >= 6000"),
    question("q", "integer", constraint="value > 2 * 5 && value < 30 - 4"),
    question("q", "decimal", constraint="value * 2 == 7 && value + 1 > 4"),
    question("q", "text", relevant="answers.kind == 'house' || answers.tables > 3"),
    question("q", "text", relevant="answers.kind == 'house' && !has(answers.tables)"),
    question("q", "text", relevant="answers.kind == 'house' ? has(answers.seen) : answers.tables > 3"),
    question("q", "integer", relevant="answers.tables > 9", constraint="answers.tables > value"),
    question("q", "text", relevant="answers.tables == 4 && answers.menu.size() == 2"),
    question("q", "text", relevant="answers.seen.exists(one, one == 'leak') && answers.seen == ['leak']"),
]


def test_a_condition_that_no_answer_fits_is_told_where_it_stands(as_: As, town: Town) -> None:
    admin, form = as_("admin"), {"code": "met", "title_zh": "问卷", "title_en": "Form", "is_active": True}
    for row, field, code, about in MET_BY_NONE:
        body = form | {"edition": 1, "rows": [*ASKED, row]}
        refused = admin("POST", "/questionnaires", body)
        assert refused.status_code == 422, row
        found = refused.get_json()["faults"]
        assert [(one["field"], one["code"]) for one in found] == [(f"rows.q.{field}", code)], row
        assert about in found[0]["about"]
        assert "改" in found[0]["zh"] or "检查" in found[0]["zh"]
    for n, row in enumerate(MET_BY_SOME, start=1):
        made = admin("POST", "/questionnaires", form | {"edition": n, "rows": [*ASKED, row]})
        assert made.status_code == 201, (row, made.text)
    # A draft may be as it is, and one that is asked already can still be renamed and put away.
    draft = admin("POST", "/questionnaires", body | {"edition": 99, "is_active": False})
    assert draft.status_code == 201
    path, version = f"/questionnaires/{draft.get_json()['id']}", draft.get_json()["version"]
    assert admin("PATCH", path, {"title_zh": "草稿"}, version=version).status_code == 200


ODD = {
    "much": 1e21,
    "sixteen": 1e16,
    "little": 1e-7,
    "less": 1e-6,
    "none": -0.0,
    "two": 2.0,
    "😀": 1,
    "דּ": [1e3],
}


def test_numbers_of_answers_are_hashed_as_every_client_hashes_them(
    as_: As, town: Town, database: Database, phone_of: Callable[..., Phone]
) -> None:
    made = as_("rep")("POST", "/responses", answer(town, answers=ODD)).get_json()
    with database.engine.connect() as connection:
        asked = text("SELECT body, body_sha256 FROM sync_document WHERE kind = 'response' AND id = :id")
        body, digest = connection.execute(asked, {"id": made["id"]}).one()
    for told in (
        '"much":1e+21',
        '"sixteen":10000000000000000',
        '"little":1e-7',
        '"less":0.000001',
        '"none":0',
        '"two":2',
    ):
        assert f"{told}," in body
    assert hashlib.sha256(canonical_text(json.loads(body)).encode()).digest() == bytes(digest)
    phone = phone_of("rep")
    phone.sync()
    assert mended(phone) == []
    assert phone.store.record("response", made["id"]) is not None


def mended(phone: Phone) -> list[str]:
    """What a comparison sends anew to a phone that has everything."""
    lines: list[str] = []
    keep = phone.store.replace_range

    def noted(after: Any, upto: Any, found: list[dict[str, Any]]) -> None:
        lines.extend(f"{line['kind']}/{line['id']}" for line in found)
        keep(after, upto, found)

    phone.store.replace_range = noted  # type: ignore[method-assign]
    phone.repair()
    return lines


def test_a_whole_number_that_languages_disagree_on_is_sent_as_text(
    as_: As, town: Town, phone_of: Callable[..., Phone]
) -> None:
    for much in (2**53 + 1, 2**63 - 1):
        refused = as_("rep")("POST", "/responses", answer(town, answers={"meter": much}))
        assert (refused.status_code, refused.get_json()["faults"][0]["field"]) == (422, "answers")
    phone = phone_of("rep")
    phone.sync()
    phone.create("response", answer(town, answers={"meter": 2**53 + 1}))
    phone.sync()
    ((kept,),) = ([one["mutations"] for one in as_("dispatcher").get("/inbox/parked")],)
    assert kept[0]["code"] == "invalid"
    assert "9007199254740993" in kept[0]["verbatim"]
    assert as_("rep")("POST", "/responses", answer(town, answers={"meter": 2**53})).status_code == 201
