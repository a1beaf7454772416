"""Definitions are checked when they are saved.

Each case of `tests/cases` with its siblings, and what was saved before.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.services import record_writer
from backend.dispatch.services.day_plans import work_out_waiting
from backend.queue import serving
from mobile_api_spec.phone import forms as phone_forms
from tests.conftest import Person
from tests.factories import CITY, Town, middle

As = Callable[[str], Person]
CASES = Path(__file__).parents[1] / "cases"
CLIENT = Path(__file__).parents[2] / "mobile_api_spec/client/forms.mjs"
NODE = str(Path(sys.executable).parent / "node")
FORM = {"code": "case", "edition": 1, "title_zh": "问卷", "title_en": "Form", "is_active": True}
MAY_DAY = {"day": "2023-05-01", "is_working": False, "name": "劳动节"}


def case(name: str, file: str) -> Any:
    return json.loads((CASES / name / file).read_text(encoding="utf-8"))


def faults(answer: Any) -> list[tuple[str, str]]:
    """Where and what; each said in both languages, with what to do."""
    assert answer.status_code == 422, answer.text
    found = answer.get_json()["faults"]
    assert all(one["zh"] != one["en"] and len(one["zh"]) > 4 for one in found), found
    return [(one["field"], one["code"]) for one in found]


@contextmanager
def before_the_rules(*kinds: str) -> Iterator[None]:
    """As it was saved when nobody looked."""
    kept = {name: SYNC_KINDS[name] for name in kinds}
    SYNC_KINDS.update({name: replace(kind, check=lambda _values: ()) for name, kind in kept.items()})
    try:
        yield
    finally:
        SYNC_KINDS.update(kept)


def test_a_calendar_says_one_thing_of_a_day_and_a_year_has_one(
    as_: As, town: Town, database: Database
) -> None:
    admin, bad = as_("admin"), case("calendar-twice", "calendar.json")
    assert faults(admin("POST", "/calendars", bad)) == [("days.2.day", "twice"), ("days.3.day", "other_year")]
    good = bad | {"days": bad["days"][:2]}
    first = admin("POST", "/calendars", good).get_json()
    assert [one["day"] for one in first["days"]] == ["2022-12-31", "2023-05-01"]
    assert faults(admin("POST", "/calendars", good)) == [("year", "twice")]
    for days, expected in (
        ([{"day": "2022-11-30", "is_working": False}], [("days.0.day", "other_year")]),
        ([{"day": "2024-02-01", "is_working": False}], [("days.0.day", "other_year")]),
        ([MAY_DAY, MAY_DAY], [("days.1.day", "twice")]),
        ([MAY_DAY | {"is_workng": True}], [("days.0.is_workng", "invalid")]),
    ):
        again = admin("POST", "/calendars", {"year": 2023, "days": days, "is_published": True})
        assert faults(again)[-1:] == expected
        assert (
            faults(admin("PATCH", f"/calendars/{first['id']}", {"days": days}, version=first["version"]))
            == expected
        )
    # The year beside says the opposite of New Year's Eve, and is then moved onto this one.
    eve = {"day": "2022-12-31", "is_working": True}
    beside = {"year": 2022, "days": [eve], "is_published": True}
    assert faults(admin("POST", "/calendars", beside)) == [("days.0.is_working", "contradicts")]
    second = admin("POST", "/calendars", beside | {"days": [eve | {"is_working": False}]}).get_json()
    assert faults(
        admin("PATCH", f"/calendars/{second['id']}", {"year": 2023}, version=second["version"])
    ) == [("year", "twice")]
    # Another unit keeps its own; of two at once one is first.
    assert admin("POST", "/calendars", good | {"unit_id": town["south"]}).status_code == 201
    people = [as_("admin") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        sent = pool.map(
            lambda one: one("POST", "/calendars", {"year": 2027, "days": [], "is_published": False}), people
        )
        assert sorted(one.status_code for one in sent) == [201, 422, 422, 422]


def test_a_calendar_of_before_is_still_published(as_: As, town: Town, database: Database) -> None:
    old = case("calendar-twice", "calendar.json") | {"is_published": False}
    with before_the_rules("calendar"), database.transaction() as session:
        made = [record_writer.create(session, system(town["group"]), "calendar", old) for _ in range(2)]
    admin = as_("admin")
    for one in made:
        changed = admin("PATCH", f"/calendars/{one.id}", {"is_published": True}, version=one.version)
        assert changed.get_json()["is_published"] is True
    again = admin(
        "PATCH",
        f"/calendars/{made[0].id}",
        {"days": [*old["days"], MAY_DAY]},
        version=changed_version(admin, made[0].id),
    )
    assert ("days.2.day", "twice") in faults(again)


def changed_version(person: Person, calendar_id: str) -> int:
    return int(person.get(f"/calendars/{calendar_id}")["version"])


DAY, NIGHT = ("08:00", "17:30"), ("20:00", "06:00")
BREAKS = [
    (DAY, ("12:00", "13:00", 60), []),
    (DAY, ("16:30", "16:30", 60), []),
    (DAY, (None, None, None), []),
    (NIGHT, ("23:30", "01:00", 45), []),
    (("08:00", "08:00"), ("03:00", "04:00", 60), []),
    (DAY, ("07:00", "12:00", 60), [("break_from", "outside_shift")]),
    (DAY, ("12:00", "18:00", 60), [("break_until", "outside_shift")]),
    (DAY, ("12:00", "17:00", 60), [("break_until", "too_late")]),
    (DAY, ("12:00", "13:00", 400), [("break_minutes", "too_long")]),
    (NIGHT, ("12:00", "13:00", 60), [("break_from", "outside_shift"), ("break_until", "outside_shift")]),
    (NIGHT, ("01:00", "23:00", 30), [("break_until", "before_start")]),
    (DAY, ("12:00", None, None), [("break_until", "required"), ("break_minutes", "required")]),
    (DAY, (None, None, 60), [("break_from", "required"), ("break_until", "required")]),
]


def test_a_crews_break_lies_inside_its_shift(as_: As, town: Town) -> None:
    supervisor, path = as_("supervisor"), f"/crews/{town['crew']}"
    version = supervisor.get(path)["version"]
    bad = case("crew-break-order", "crew.json")
    assert faults(supervisor("PATCH", path, bad, version=version)) == [("break_until", "before_start")]
    for shift, (first, last, minutes), expected in BREAKS:
        now = {
            "shift_start": shift[0],
            "shift_end": shift[1],
            "break_from": first,
            "break_until": last,
            "break_minutes": minutes,
        }
        answer = supervisor("PATCH", path, now, version=version)
        if expected:
            assert faults(answer) == expected, now
        else:
            assert answer.status_code == 200, (now, answer.text)
            version = answer.get_json()["version"]
    crew = {"name": "新班", "leader_id": town["leader"], "member_ids": [], "skills": [], "is_active": True}
    assert faults(supervisor("POST", "/crews", crew | bad)) == [("break_until", "before_start")]
    # The shift is moved away from under its break.
    lunch = {
        "shift_start": "08:00",
        "shift_end": "17:30",
        "break_from": "12:00",
        "break_until": "13:00",
        "break_minutes": 60,
    }
    version = supervisor("PATCH", path, lunch, version=version).get_json()["version"]
    moved = supervisor("PATCH", path, {"shift_start": "13:30", "shift_end": "21:30"}, version=version)
    assert faults(moved) == [("break_from", "outside_shift"), ("break_until", "outside_shift")]


ODD_HOURS: tuple[dict[str, Any], ...] = (
    {"break_from": "07:00", "break_until": "07:30"},
    {"break_until": None},
    {"break_minutes": 480, "break_from": "11:00"},
    {
        "break_from": None,
        "break_until": None,
        "break_minutes": None,
        "start_place": {"type": "Point", "coordinates": [-60.0, -36.0]},
    },
)


def test_one_crew_of_before_never_costs_the_unit_its_plan(
    as_: As, town: Town, database: Database, settings: Settings
) -> None:
    """The plan is made in spite of bad hours and places.

    Bad breaks, a start at the other end of the earth, an appointment that ends before it begins.
    """
    bad = case("crew-break-order", "crew.json")
    tomorrow = (datetime.now(CITY) + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    with before_the_rules("crew", "work_order"), database.transaction() as session:
        north = system(town["north"])
        record_writer.change(session, north, "crew", town["crew"], bad | {"skills": ["pipe_repair", "meter"]})
        for n, odd in enumerate(ODD_HOURS):
            more = bad | {"name": f"旧{n}班", "leader_id": town["leader"], "member_ids": []}
            more |= {"skills": ["meter"], "is_active": True}
            record_writer.create(session, north, "crew", more | {"start_place": middle(1)} | odd)
        swapped = {"appointment_from": str(tomorrow + timedelta(hours=2)), "appointment_until": str(tomorrow)}
        for n in range(3):
            job = {"place": middle(n), "number": f"W{n}", "cell_id": town[f"cell {n}"]}
            job |= {"matter_id": town["leak"], "state": "received"}
            job |= {"duration_minutes": 60, "skills": ["pipe_repair"]}
            record_writer.create(
                session, north, "work_order", job | (swapped if n == 2 else {}), record_id=town[f"W{n}"]
            )
    dispatcher = as_("dispatcher")
    body = {"unit_id": town["north"], "day": tomorrow.date().isoformat(), "seconds": 1}
    plan = dispatcher("POST", "/dispatch/plans", body).get_json()
    assert work_out_waiting(database, settings) == 1
    plan = dispatcher.get(f"/dispatch/plans/{plan['id']}")
    assert (plan["state"], plan["problem"], plan["unserved"]) == ("ready", None, [])
    assert {stop["job_id"] for stop in plan["stops"]} == {town[f"W{n}"] for n in range(3)}
    named = {one["crew_name"]: one for one in plan["notes"] if one["code"] == "break"}
    assert set(named) == {"一班", "旧0班", "旧1班", "旧2班"}
    assert "13:00–12:00" in named["一班"]["zh"]
    assert "08:00–17:30" in named["一班"]["en"]
    assert dispatcher.get(f"/dispatch/{town['W0']}/proposals")
    # What is not about the break is still changed; the break is mended or taken out, and never made worse.
    path = f"/crews/{town['crew']}"
    version = dispatcher(
        "PATCH", path, {"vehicle": "鲁B·1"}, version=dispatcher.get(path)["version"]
    ).get_json()["version"]
    assert faults(dispatcher("PATCH", path, {"break_from": "13:30"}, version=version)) == [
        ("break_until", "before_start")
    ]
    version = dispatcher("PATCH", path, {"is_active": False}, version=version).get_json()["version"]
    assert faults(dispatcher("PATCH", path, {"is_active": True}, version=version)) == [
        ("break_until", "before_start")
    ]
    none = {"break_from": None, "break_until": None, "break_minutes": None, "is_active": True}
    assert dispatcher("PATCH", path, none, version=version).status_code == 200


ROWS: list[dict[str, Any]] = [
    {"type": "select_one", "name": "kind", "choices": ["house", "shop"]},
    {"type": "select_multiple", "name": "seen", "choices": ["leak", "noise"]},
    {"type": "note", "name": "hint"},
    {"type": "decimal", "name": "ph", "constraint": "value >= 0 && value <= 14"},
    {"type": "satisfaction", "name": "pressure"},
    {"type": "integer", "name": "people"},
    {"type": "text", "name": "why"},
]


def rows(which: str = "", **more: Any) -> list[dict[str, Any]]:
    """The form above with one of its rows changed."""
    found = []
    for row in ROWS:
        changed = row | (more if row["name"] == which else {})
        if all(isinstance(one, str) for one in changed.get("choices", ())) and "choices" in changed:
            changed |= {
                "choices": [{"name": one, "label_zh": one, "label_en": one} for one in changed["choices"]]
            }
        found.append({"label_zh": "题", "label_en": "Question"} | changed)
    return found


ODD = [
    ("people", {"relevant": "answers.people > 1"}, "relevant", "itself", "people"),
    ("people", {"relevant": "has(answers.why)"}, "relevant", "later", "why"),
    ("people", {"relevant": "has(answers.hint)"}, "relevant", "no_answer", "hint"),
    ("people", {"relevant": "'nobody' in answers"}, "relevant", "no_such_question", "nobody"),
    ("people", {"relevant": "answers['水压'] == 'x'"}, "relevant", "no_such_question", "水压"),
    ("people", {"relevant": "value > 1"}, "relevant", "no_value", "value"),
    ("people", {"relevant": "answers.kind == 'villa'"}, "relevant", "no_such_choice", "villa"),
    ("people", {"relevant": "answers.seen.exists(x, x == 'ghost')"}, "relevant", "no_such_choice", "ghost"),
    (
        "people",
        {"relevant": "answers.pressure in ['dissatisfied', 'angry']"},
        "relevant",
        "no_such_choice",
        "angry",
    ),
    ("people", {"relevant": "answers.seen == 'leak'"}, "relevant", "never_equal", "answers.seen"),
    ("people", {"relevant": "answers.ph == '7'"}, "relevant", "never_equal", "'7'"),
    ("people", {"relevant": "answers.ph > 14"}, "relevant", "never", "answers.ph > 14"),
    ("people", {"relevant": "answers.ph"}, "relevant", "no_truth", "answers.ph"),
    ("people", {"constraint": "value >= 30 && value <= 1"}, "constraint", "never", "value >= 30"),
    ("people", {"constraint": "value > 3 && value < 4"}, "constraint", "never", "value > 3"),
    ("people", {"constraint": "value > '3'"}, "constraint", "uncomputable", "'3'"),
    ("people", {"constraint": "value.size() < 3"}, "constraint", "uncomputable", "size"),
    ("people", {"constraint": "value / 0 > 1"}, "constraint", "uncomputable", "/ 0"),
    ("why", {"constraint": "value.matches('^[0-9]+$')"}, "constraint", "unreadable", "matches"),
    ("why", {"constraint": "${value} > 1"}, "constraint", "unreadable", "${value}"),
    ("why", {"constraint": "value == 'a' && value == 'b'"}, "constraint", "never", "'b'"),
    ("seen", {"constraint": "'ghost' in value"}, "constraint", "no_such_choice", "ghost"),
]
FINE = [
    ("people", {"relevant": "has(answers.ph) && answers.ph > 13.9"}),
    ("people", {"relevant": "!has(answers.kind) || answers.kind != ''"}),
    (
        "people",
        {"relevant": "answers.seen.exists(value, value == 'leak') || answers.seen == ['leak', 'noise']"},
    ),
    (
        "people",
        {"constraint": "value % 2 == 0 && value != answers.ph && (!has(answers.why) || answers.why == 'so')"},
    ),
    ("people", {"constraint": "answers.people == value && value >= -3"}),
    ("why", {"constraint": "value.startsWith('07') && value.size() == 8 && value > 'a'"}),
]


def test_a_forms_conditions_are_read_and_name_what_it_has(as_: As, town: Town) -> None:
    admin = as_("admin")
    for made in case("form-logic-not-checked", "rows.json"):
        (row,), answer = made, admin("POST", "/questionnaires", FORM | {"rows": made})
        field = "constraint" if "constraint" in row else "relevant"
        expected = "unreadable" if field == "constraint" else "no_such_question"
        assert faults(answer) == [(f"rows.a.{field}", expected)]
        assert row[field] in answer.get_json()["faults"][0]["about"]
    for name, more, field, code, about in ODD:
        answer = admin("POST", "/questionnaires", FORM | {"rows": rows(name, **more)})
        assert faults(answer) == [(f"rows.{name}.{field}", code)], more
        assert about in answer.get_json()["faults"][0]["about"]
    for n, (name, more) in enumerate(FINE, start=1):
        answer = admin("POST", "/questionnaires", FORM | {"rows": rows(name, **more), "edition": n})
        assert answer.status_code == 201, (more, answer.text)


def test_a_forms_rows_and_choices_are_whole(as_: As, town: Town) -> None:
    admin, twice = as_("admin"), [*rows(), rows()[5]]
    for made, expected in (
        (twice, [("rows.people", "twice")]),
        (rows("kind", choices=["house", "shop", "house"]), [("rows.kind.choices", "twice")]),
        (rows("kind", choices=[]), [("rows.kind", "no_choices")]),
        (rows("why", type="begin_group"), [("rows.6.type", "invalid")]),
        (rows("why", relevent="true"), [("rows.6.relevent", "invalid")]),
        (rows("why", calculation="1 + 1"), [("rows.6.calculation", "invalid")]),
        (rows("why", name=" "), [("rows.6.name", "invalid")]),
    ):
        assert faults(admin("POST", "/questionnaires", FORM | {"rows": made})) == expected
    # All that is wrong is said at once, in the order of the rows.
    many = rows("people", relevant="answers.nobody == 1", constraint="value =< 3")
    again = [*many, rows()[0], many[5] | {"constraint": None}]
    assert faults(admin("POST", "/questionnaires", FORM | {"rows": again})) == [
        ("rows.kind", "twice"), ("rows.people", "twice"), ("rows.5.relevant", "no_such_question"),
        ("rows.5.constraint", "unreadable"), ("rows.8.relevant", "no_such_question"),
    ]  # fmt: skip
    assert faults(admin("POST", "/questionnaires", FORM | {"rows": [*many, rows()[0]]})) == [
        ("rows.kind", "twice"),
        ("rows.people.relevant", "no_such_question"),
        ("rows.people.constraint", "unreadable"),
    ]


def test_an_edition_of_before_is_read_answered_and_put_away(as_: As, town: Town, database: Database) -> None:
    old = rows("people", relevant="answers.nobody == 1", constraint="value =< 3")
    with before_the_rules("questionnaire"), database.transaction() as session:
        form = record_writer.create(session, system(town["group"]), "questionnaire", FORM | {"rows": old})
    admin, path = as_("admin"), f"/questionnaires/{form.id}"
    assert as_("rep").get(path)["rows"] == form.values["rows"]
    said = {
        "questionnaire_id": form.id,
        "channel": "phone",
        "answered_at": "2026-09-01T00:00:00Z",
        "cell_id": town["cell 0"],
        "author_id": town["rep"],
        "answers": {"ph": 7, "pressure": "satisfied", "people": 2},
    }
    given = as_("rep")("POST", "/responses", said).get_json()
    serving.serve(database)
    kept = as_("rep").get(f"/responses/{given['id']}")
    assert (kept["score"], kept["faults"]) == (1, [{"field": "people", "code": "not_asked"}])
    version = admin("PATCH", path, {"title_zh": "旧问卷"}, version=form.version).get_json()["version"]
    away = admin("PATCH", path, {"is_active": False}, version=version)
    assert away.status_code == 200
    back = admin("PATCH", path, {"is_active": True}, version=away.get_json()["version"])
    assert faults(back) == [
        ("rows.people.relevant", "no_such_question"),
        ("rows.people.constraint", "unreadable"),
    ]
    assert admin("POST", "/questionnaires", FORM | {"edition": 2, "rows": rows()}).status_code == 201


NUMBERS = [
    ({"ph": 8.10, "chlorine": 5e-1}, []),
    ({"ph": 80e-1, "chlorine": 4.0}, []),
    ({"ph": "8"}, [["ph", "constraint"]]),
    ({"ph": "7.0"}, [["ph", "constraint"]]),
    ({"ph": True}, [["ph", "constraint"]]),
    ({"ph": 8.5000000000000001}, []),
    ({"ph": 7.0}, [["why", "required"]]),
    ({"ph": 7, "why": "007"}, []),
    ({"ph": 8, "chlorine": -0.0}, [["chlorine", "constraint"]]),
    ({"ph": 2**53}, [["ph", "constraint"]]),
    ({"ph": [8]}, [["ph", "constraint"]]),
]


def test_a_whole_number_and_a_decimal_are_one_number_everywhere(
    as_: As, town: Town, database: Database
) -> None:
    """The server, the reference phone and the client in Node find the same; texts keep their zeros."""
    form = as_("admin")(
        "POST", "/questionnaires", FORM | case("form-whole-decimal", "questionnaire.json")
    ).get_json()
    cases = [
        *zip(case("form-whole-decimal", "answers.json"), [[], [], [], [["why", "required"]]], strict=True),
        *NUMBERS,
    ]
    said = {
        "questionnaire_id": form["id"],
        "channel": "phone",
        "answered_at": "2026-09-01T00:00:00Z",
        "cell_id": town["cell 0"],
        "author_id": town["rep"],
    }
    rep = as_("rep")
    made = [rep("POST", "/responses", said | {"answers": one}).get_json()["id"] for one, _ in cases]
    serving.serve(database)
    for record_id, (answers, expected) in zip(made, cases, strict=True):
        kept = rep.get(f"/responses/{record_id}")
        assert kept["answers"] == answers
        assert [[one["field"], one["code"]] for one in kept["faults"]] == expected, answers
        assert [list(one) for one in phone_forms.faults(form["rows"], answers)] == expected, answers
    script = (
        f"import {{ faults }} from '{CLIENT.as_uri()}'; const {{ rows, many }} = JSON.parse(process.argv[1]);"
        "console.log(JSON.stringify(many.map((one) => faults(rows, one))));"
    )
    given = json.dumps({"rows": form["rows"], "many": [one for one, _ in cases]})
    ran = subprocess.run(
        [NODE, "--input-type=module", "-e", script, given],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(ran.stdout) == [expected for _, expected in cases]


def test_limits_rosters_and_days_do_not_contradict_themselves(
    as_: As, town: Town, database: Database
) -> None:
    admin, dispatcher = as_("admin"), as_("dispatcher")
    matter = {
        "code": "hydrant",
        "name_zh": "消火栓",
        "name_en": "Hydrant",
        "urgency": "normal",
        "skills": [],
        "duration_minutes": 45,
        "is_active": True,
    }
    thing = {"code": "key", "zh": "扳手", "en": "Key"}
    for more, expected in (
        (
            {"contact_within_minutes": 90, "finish_within_minutes": 60},
            [("contact_within_minutes", "after_finish")],
        ),
        ({"checklist": [thing, thing]}, [("checklist.1.code", "twice")]),
        ({"checklist": [thing | {"note": "x"}]}, [("checklist.0.note", "invalid")]),
        ({"questionnaire_id": town["nothing"]}, [("questionnaire_id", "missing")]),
        ({"skills": ["plumbing"]}, [("skills.0", "invalid")]),
    ):
        assert faults(admin("POST", "/matters", matter | more)) == expected
    fine = {
        "contact_within_minutes": 60,
        "finish_within_minutes": 60,
        "questionnaire_id": town["form"],
        "checklist": [thing],
    }
    assert admin("POST", "/matters", matter | fine).status_code == 201
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "crew", town["far crew"], {"is_active": False})
    roster = {
        "crew_id": town["far crew"],
        "valid_from": "2026-09-01",
        "valid_until": "2026-09-07",
        "clock_from": "17:30",
        "clock_until": "08:00",
    }
    assert faults(dispatcher("POST", "/on-call", roster)) == [("crew_id", "not_active")]
    cell = admin.get(f"/cells/{town['cell 0']}")
    ends = admin("PATCH", f"/cells/{cell['id']}", {"valid_until": "2025-12-01"}, version=cell["version"])
    assert faults(ends) == [("valid_until", "before_start")]
    turned = {"from_day": "2026-09-02", "until_day": "2026-09-01", "count": 5}
    assert faults(as_("auditor")("POST", "/call-back-samples", turned)) == [("until_day", "before_start")]


@pytest.mark.parametrize("kind", ["crew", "calendar", "questionnaire", "matter"])
def test_what_is_refused_when_saved_stands_in_the_schema(kind: str) -> None:
    """So that a stranger's client can say it before it sends."""
    schema = json.loads((CLIENT.parents[1] / f"schemas/{kind}.json").read_text(encoding="utf-8"))
    assert {one["code"] for one in schema["x-rules"]} & {"before_start", "twice", "after_finish"}
