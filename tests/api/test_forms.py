"""Questionnaires and answers: what a customer said and what was asked stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, uid

As = Callable[[str], Person]


def answer(town: Town, **more: Any) -> dict[str, Any]:
    return {"questionnaire_id": town["form"], "channel": "phone", "answered_at": "2026-09-01T00:00:00Z",
            "cell_id": town["cell 0"], "author_id": town["rep"], "answers": {"speed": "dissatisfied"}} | more  # fmt: skip


def test_submitted_answers_are_rewritten_by_nobody(as_: As, town: Town, phone_of: Callable[..., Phone]) -> None:
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
    refused = as_("rep")("POST", "/responses", answer(town, is_anonymous=True, customer_id=town["customer 0"]))
    assert refused.status_code == 422
    assert [(one["field"], one["code"]) for one in refused.get_json()["faults"]] == [("customer_id", "anonymous")]
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
    form = {"unit_id": uid("group"), "code": "yearly", "edition": 1, "title_zh": "年度", "title_en": "Yearly", "rows": [],
            "is_active": True}  # fmt: skip
    assert admin("POST", "/questionnaires", form).status_code == 201
    refused = admin("POST", "/questionnaires", form)
    assert refused.status_code == 422
    assert [(one["field"], one["code"]) for one in refused.get_json()["faults"]] == [("edition", "twice")]
    second = admin("POST", "/questionnaires", form | {"edition": 2}).get_json()
    assert (
        admin("PATCH", f"/questionnaires/{second['id']}", {"edition": 1}, version=second["version"]).status_code == 422
    )
