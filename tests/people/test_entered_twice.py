"""What is entered twice: crews, staff, hours on call, members and skills; each is told where it stands."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.people.kinds.on_call import have_in_common
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.core.test_case_definitions import before_the_rules, faults
from tests.factories import Town, uid

As = Callable[[str], Person]
NIGHTS = {
    "valid_from": "2030-09-01",
    "valid_until": "2030-09-07",
    "clock_from": "17:30",
    "clock_until": "08:00",
}


def crew(**more: Any) -> dict[str, Any]:
    people = {"leader_id": uid("leader"), "member_ids": [uid("leader"), uid("member")], "skills": ["meter"]}
    return {"name": "三班", "shift_start": "08:00", "shift_end": "17:30", "is_active": True} | people | more


def person(**more: Any) -> dict[str, Any]:
    named = {"staff_number": "R-900", "name": "某某", "post": "works_manager"}
    return named | {"employment": "own", "is_active": True} | more


def roster(first: str, last: str, begin: str = "17:30", end: str = "08:00") -> dict[str, str]:
    days = {"valid_from": f"2030-{first}", "valid_until": f"2030-{last}"}
    return days | {"clock_from": begin, "clock_until": end}


OTHERS: list[tuple[dict[str, str], list[tuple[str, str]]]] = [
    (NIGHTS, [("crew_id", "twice")]),
    (roster("09-07", "09-14"), [("valid_from", "overlaps")]),
    (roster("08-20", "09-01"), [("valid_from", "overlaps")]),
    (roster("09-03", "09-03", "20:00", "21:00"), [("valid_from", "overlaps")]),
    # The last night ends on the morning of the eighth, and the first begins on the evening of the first.
    (roster("09-08", "09-08", "07:59", "12:00"), [("valid_from", "overlaps")]),
    (roster("08-31", "08-31", "17:30", "17:31"), []),
    (roster("08-31", "08-31", "17:31", "17:31"), [("valid_from", "overlaps")]),
    (roster("09-08", "09-08", "08:00", "12:00"), []),
    (roster("09-02", "09-06", "08:00", "17:30"), []),
    (roster("09-15", "09-10"), [("valid_until", "before_start")]),
]


def test_hours_on_call_are_entered_once(as_: As, town: Town) -> None:
    dispatcher, of_crew = as_("dispatcher"), {"crew_id": town["crew"]}
    assert dispatcher("POST", "/on-call", NIGHTS | of_crew).status_code == 201
    for hours, expected in OTHERS:
        answer = dispatcher("POST", "/on-call", hours | of_crew)
        if not expected:
            assert answer.status_code == 201, (hours, answer.text)
            continue
        assert faults(answer) == expected, hours
        (found,) = answer.get_json()["faults"]
        assert found.get("about", "2030-09-01–2030-09-07 17:30–08:00") == "2030-09-01–2030-09-07 17:30–08:00"
    # Another crew has the same hours, until it is this crew's roster; both at once are one.
    second = dispatcher("POST", "/on-call", NIGHTS | {"crew_id": town["far crew"]}).get_json()
    path = f"/on-call/{second['id']}"
    assert faults(dispatcher("PATCH", path, of_crew, version=second["version"])) == [("crew_id", "twice")]
    later = {"valid_from": "2030-10-01", "valid_until": "2030-10-02"}
    people = [as_("dispatcher") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        sent = pool.map(lambda one: one("POST", "/on-call", NIGHTS | of_crew | later), people)
        assert sorted(one.status_code for one in sent) == [201, 422, 422, 422]
    for odd in (
        {"clock_from": "ab:cd"},
        {"valid_from": "2030-13-01"},
        {"clock_until": None},
        {"valid_from": 7},
    ):
        assert dispatcher("POST", "/on-call", NIGHTS | of_crew | odd).status_code == 422


@pytest.mark.parametrize(("hours", "expected"), OTHERS[1:-1])
def test_of_two_rosters_it_does_not_matter_which_is_asked(
    hours: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert have_in_common(NIGHTS, hours) is have_in_common(hours, NIGHTS) is bool(expected)


def test_hours_of_before_are_kept_and_changed_to_fit(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        rows = [NIGHTS | {"crew_id": town["crew"]}] * 2
        made = [record_writer.create(session, system(town["north"]), "on_call", one) for one in rows]
    dispatcher, path = as_("dispatcher"), f"/on-call/{made[1].id}"
    assert dispatcher.get(path)["clock_until"] == "08:00"
    assert dispatcher("PATCH", path, {"clock_until": "08:00"}, version=made[1].version).status_code == 200
    version = dispatcher.get(path)["version"]
    assert faults(dispatcher("PATCH", path, {"clock_until": "09:00"}, version=version)) == [
        ("valid_from", "overlaps")
    ]
    moved = {"valid_from": "2030-10-01", "valid_until": "2030-10-07"}
    assert dispatcher("PATCH", path, moved, version=version).status_code == 200


def test_a_crew_is_called_like_no_other_of_its_unit(as_: As, town: Town) -> None:
    admin = as_("admin")
    first = admin("POST", "/crews", crew(name="抢修A班", unit_id=town["north"])).get_json()
    for name in ("抢修A班", "抢修a班", "抢修Ａ班", " 抢修 A班"):
        answer = admin("POST", "/crews", crew(name=name, unit_id=town["north"]))
        assert faults(answer) == [("name", "twice")], name
    assert admin("POST", "/crews", crew(name="抢修B班", unit_id=town["north"])).status_code == 201
    # A crew that works no more gives its name away, and asks for it when it is to work again.
    path = f"/crews/{first['id']}"
    away = admin("PATCH", path, {"is_active": False}, version=first["version"]).get_json()
    assert admin("POST", "/crews", crew(name="抢修a班", unit_id=town["north"])).status_code == 201
    assert faults(admin("PATCH", path, {"is_active": True}, version=away["version"])) == [("name", "twice")]


def test_a_number_is_one_persons(as_: As, town: Town) -> None:
    admin = as_("admin")
    first = admin("POST", "/staff", person(unit_id=town["north"])).get_json()
    for number, unit in (("R-900", "north"), ("r-900", "south"), ("Ｒ－９００", "north"), ("t005", "north")):
        answer = admin("POST", "/staff", person(staff_number=number, unit_id=town[unit]))
        assert faults(answer) == [("staff_number", "twice")], number
    for number in ("R900", "R-9000"):
        assert admin("POST", "/staff", person(staff_number=number, unit_id=town["north"])).status_code == 201
    path = f"/staff/{first['id']}"
    assert admin("PATCH", path, {"name": "某某某"}, version=first["version"]).status_code == 200


ODD_CREWS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"member_ids": [uid("leader"), uid("member"), uid("leader")]}, [("member_ids.2", "twice")]),
    ({"skills": ["meter", "valve", "meter", "valve"]}, [("skills.2", "twice"), ("skills.3", "twice")]),
    ({"most_jobs": 0}, [("most_jobs", "no_jobs")]),
]


def test_a_crew_names_everybody_once_and_can_be_given_work(as_: As, town: Town) -> None:
    admin = as_("admin")
    made = admin("POST", "/crews", crew(unit_id=town["north"], most_jobs=1)).get_json()
    for odd, expected in ODD_CREWS:
        assert faults(admin("POST", "/crews", crew(unit_id=town["north"], name="四班") | odd)) == expected
        assert faults(admin("PATCH", f"/crews/{made['id']}", odd, version=made["version"])) == expected
    twice = {"skills": ["meter", "meter"]}
    assert faults(admin("POST", "/staff", person(unit_id=town["north"]) | twice)) == [("skills.1", "twice")]
    matter = {"code": "m", "name_zh": "事", "name_en": "M", "urgency": "normal", "duration_minutes": 5}
    assert faults(admin("POST", "/matters", matter | twice | {"is_active": True})) == [("skills.1", "twice")]


def test_crews_of_before_are_read_everywhere_and_still_changed(
    as_: As, town: Town, database: Database, phone_of: Callable[..., Phone]
) -> None:
    old = ODD_CREWS[0][0] | {"skills": ["meter", "meter"], "most_jobs": 0}
    with before_the_rules("crew"), database.transaction() as session:
        north = system(town["north"])
        made = [record_writer.create(session, north, "crew", crew() | old) for _ in range(2)]
    path = f"/crews/{made[0].id}"
    assert {name: as_("dispatcher").get(path)[name] for name in old} == old
    phone = phone_of("leader")
    phone.sync()
    _, kept = phone.store.record("crew", made[0].id) or (0, {})
    assert kept["member_ids"] == old["member_ids"]
    supervisor = as_("supervisor")
    changed = supervisor("PATCH", path, {"vehicle": "鲁B·1"}, version=made[0].version).get_json()
    assert (changed["vehicle"], changed["most_jobs"]) == ("鲁B·1", 0)
    mended = {"member_ids": [town["leader"]], "skills": ["meter"], "most_jobs": None}
    assert supervisor("PATCH", path, mended, version=changed["version"]).status_code == 200
