"""What another release, city or currency says: read where it can be, told apart, and whole."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import (
    USUAL,
    Hotline,
    Limits,
    View,
    hold,
    in_own_language,
    installation_of,
    installed,
    installed_as,
)
from backend.core.kinds.installation import currencies, zones
from backend.core.lengths import diameter_text, in_own_unit, nominal_class
from backend.core.money import amount_text, bare_amount_text, currency_sign
from backend.core.queries.installation_row import lock_installation, posts_held_beside, read_installation
from backend.core.services import record_writer
from backend.core.services.installing import set_installation
from tests.factories import Town, uid

ADMIN = Actor(uid("admin"), uid("group"), frozenset({Role.ADMIN}))
HOTLINE = {"number": "311", "zh": "热线", "en": "Hotline"}
VIEW = {"lng": -118.25, "lat": 34.05, "zoom": 9.5}


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    with installed_as(USUAL):
        yield


@pytest.mark.parametrize(
    ("values", "name", "read"),
    [
        ({"hotlines": [HOTLINE | {"hours": "24/7"}]}, "hotlines", (Hotline("311", "热线", "Hotline"),)),
        ({"first_view": VIEW | {"bearing": 90}}, "first_view", View(-118.25, 34.05, 9.5)),
        ({"limits": {"item_days": 9, "a_newer_one": 1}}, "limits", Limits(item_days=9)),
        ({"posts": [{"code": "diver", "zh": "潜水员", "en": "Diver", "fr": "Plongeur"}]}, "posts",
         {"diver": ("潜水员", "Diver")}),
        ({"a_newer_one": {"deep": []}}, "name_zh", "网格"),
    ],
)  # fmt: skip
def test_what_a_newer_release_says_besides_is_left_out(values: dict[str, Any], name: str, read: Any) -> None:
    assert getattr(installation_of(values), name) == read


def test_what_an_older_release_did_not_say_is_as_usual() -> None:
    assert installation_of({}) == USUAL
    found = installation_of({"limits": {}, "hotlines": [], "first_view": None}, 3)
    assert (found.limits, found.hotlines, found.first_view, found.version) == (Limits(), (), None, 3)


def test_what_is_read_from_the_values_is_no_door_to_what_is_held() -> None:
    values = USUAL.values()
    values["limits"]["visit_days_between"]["key"] = 1
    values["posts"].clear()
    assert USUAL.limits.visit_days_between["key"] == 30
    assert len(USUAL.posts) == 11
    assert values["hotlines"] is not USUAL.values()["hotlines"]


def test_a_day_of_another_city_ends_also_where_it_breaks() -> None:
    with pytest.raises(ZeroDivisionError), installed_as(replace(USUAL, currency="USD")):
        with installed_as(replace(USUAL, currency="JPY")):
            assert installed().currency == "JPY"
        assert installed().currency == "USD"
        raise ZeroDivisionError
    assert installed() == USUAL


def test_what_goes_into_records_is_in_the_citys_language() -> None:
    assert in_own_language(("水", "water")) == "水"
    hold(replace(USUAL, language="en"))
    assert in_own_language(("水", "water")) == "water"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_currency_of_today_shows_its_decimals_and_stands_apart_from_letters(language: str) -> None:
    assert len(currencies()) > 140
    for currency in sorted(currencies()):
        hold(replace(USUAL, currency=currency))
        digits, sign = installed().minor_digits, currency_sign(language)
        whole = 12_345_678 * 10**digits
        bare = "12,345,678" + ("." + "0" * digits if digits else "")
        assert bare_amount_text(whole, language) == bare
        shown = amount_text(whole, language)
        is_symbol = unicodedata.category(sign[-1])[0] == "S"
        assert shown == sign + ("" if is_symbol else "\xa0") + bare, currency
        assert amount_text(-whole, language) == f"-{shown}"


@pytest.mark.parametrize(
    ("currency", "minor", "shown"),
    [
        ("CNY", 1, "CN¥0.01"),
        ("CNY", -1, "-CN¥0.01"),
        ("CNY", 99, "CN¥0.99"),
        ("KWD", 1, "KWD\xa00.001"),
        ("JPY", 1, "¥1"),
        ("JPY", 0, "¥0"),
        ("XCG", 4550, "Cg.\xa045.50"),
        ("BRL", 4550, "R$45.50"),
        ("CHF", -4550, "-CHF\xa045.50"),
        ("CLF", 45_501, "CLF\xa04.5501"),
    ],
)
def test_small_odd_and_owed_amounts(currency: str, minor: int, shown: str) -> None:
    hold(replace(USUAL, currency=currency))
    assert amount_text(minor, "en") == shown


@pytest.mark.parametrize(
    ("millimetres", "mm", "inches"),
    [(0, "0", "0"), (15, "15", "0.59"), (25.4, "25.4", "1"), (1600, "1600", "62.99"), (0.5, "0.5", "0.02")],
)
def test_diameters_of_every_size(millimetres: float, mm: str, inches: str) -> None:
    assert diameter_text(millimetres) == mm
    hold(replace(USUAL, length_unit="in"))
    assert diameter_text(millimetres) == inches


def test_a_label_without_a_unit_stays_as_it_is() -> None:
    hold(replace(USUAL, length_unit="in"))
    assert [in_own_unit(one) for one in ("管材", "Pipe", "(MM)", "")] == ["管材", "Pipe", "(MM)", ""]


def test_one_class_for_everything_has_a_lower_bound_alone() -> None:
    assert nominal_class(0, None) == "≥DN0"
    assert nominal_class(100, 101) == "DN100–100"
    hold(replace(USUAL, length_unit="in"))
    assert (nominal_class(0, None), nominal_class(None, 25)) == ("≥0 in", "<1 in")


def test_zones_are_places_and_each_can_be_loaded() -> None:
    assert not {"Factory", "localtime", "posixrules"} & zones()
    for name in ("Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"):
        assert name in zones()
        assert installation_of({"time_zone": name}).time_zone == ZoneInfo(name)


@pytest.mark.parametrize(
    "values",
    [
        {"currency": "usd"},
        {"first_view": None},
        {"limits": {"visit_days_between": {}}},
        {"limits": {"visit_late_from_hour": 24, "visit_late_until_hour": 0}},
        {"new_cell_code": "######"},
        {"new_cell_code": "北#区"},
    ],
)
def test_what_is_at_the_edge_is_taken(session: Session, town: Town, values: dict[str, Any]) -> None:
    before = lock_installation(session)
    after = set_installation(session, ADMIN, values)
    assert after.version == before.version + 1
    assert read_installation(session.connection()) == after


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"hotlines": [HOTLINE] * 21}, "hotlines"),
        ({"posts": [{"code": f"p{n}", "zh": "岗", "en": "Post"} for n in range(101)]}, "posts"),
        ({"name_zh": ""}, "name_zh"),
        ({"name_en": "x" * 101}, "name_en"),
        ({"name_en": None}, "name_en"),
        ({"new_cell_code": "#######"}, "new_cell_code"),
        ({"new_cell_code": "x" * 21 + "#"}, "new_cell_code"),
        ({"first_view": {"lng": 0, "lat": 0}}, "first_view.zoom"),
        ({"first_view": {"lng": 0, "lat": 86, "zoom": 1}}, "first_view.lat"),
        ({"hotlines": [HOTLINE, {**HOTLINE, "en": ""}]}, "hotlines.1.en"),
        ({"hotlines": [HOTLINE | {"hours": "24/7"}]}, "hotlines.0.hours"),
        ({"limits": {"visit_days_between": {"key": 0}}}, "limits.visit_days_between.key.value"),
        ({"limits": {"visit_late_from_hour": 25}}, "limits.visit_late_from_hour"),
        ({"limits": {"visit_late_from_hour": 4}}, "limits.visit_late_until_hour"),
        ({"limits": None}, "limits"),
        ({"posts": "all"}, "posts"),
        ({"version": 1}, "version"),
    ],
)
def test_what_is_beyond_it_is_refused_where_it_stands(
    session: Session, values: dict[str, Any], field: str
) -> None:
    before = lock_installation(session)
    with pytest.raises(Problem) as refused:
        set_installation(session, ADMIN, values)
    assert refused.value.code == "invalid"
    faults = refused.value.detail["faults"]
    assert field in {one["field"] for one in faults}, faults
    assert all(any("一" <= sign <= "鿿" for sign in one["zh"]) and one["en"] for one in faults), faults
    assert lock_installation(session) == before


def test_several_faults_are_told_at_once(session: Session, town: Town) -> None:
    posts = [{"code": "boss", "zh": "老板", "en": "Boss"}]
    limits = {"visit_late_until_hour": 23, "visit_days_between": {"vip": 7, "guest": 7}}
    with pytest.raises(Problem) as refused:
        set_installation(session, ADMIN, {"posts": posts, "limits": limits})
    fields = [one["field"] for one in refused.value.detail["faults"]]
    assert fields[-3:] == ["limits.visit_late_until_hour", "limits.visit_days_between.guest",
                           "limits.visit_days_between.vip"]  # fmt: skip
    assert {*fields[:-3]} == {"posts"}


def test_what_is_the_same_already_is_no_change(session: Session, town: Town) -> None:
    before = lock_installation(session)
    assert set_installation(session, ADMIN, {}) == before
    same = {name: value for name, value in before.values().items() if name != "version"}
    assert set_installation(session, ADMIN, same) == before
    acts = session.execute(text("SELECT count(*) FROM administrative_act WHERE act = 'installation_changed'"))
    assert acts.scalar() == 0


def test_limits_are_set_one_by_one_and_days_between_visits_whole(session: Session, town: Town) -> None:
    set_installation(session, ADMIN, {"limits": {"item_days": 9, "visit_days_between": {"key": 60}}})
    after = set_installation(session, ADMIN, {"limits": {"visit_days": 3}})
    assert (after.limits.item_days, after.limits.visit_days) == (9, 3)
    assert after.limits.visit_days_between == {"key": 60}
    assert asdict(after.limits)["survey_photos"] == USUAL.limits.survey_photos


def test_posts_that_nobody_holds_go(session: Session, town: Town) -> None:
    held = posts_held_beside(session, [])
    assert held
    assert all(count > 0 for count in held.values())
    assert posts_held_beside(session, sorted(held)) == {}
    kept = [one for one in USUAL.values()["posts"] if one["code"] in held]
    assert {*set_installation(session, ADMIN, {"posts": kept}).posts} == {*held}
    # Who has left holds no post.
    session.execute(text("UPDATE staff SET deleted_at = now()"))
    assert posts_held_beside(session, []) == {}


def test_of_two_at_once_the_second_sees_the_first(database: Database, town: Town) -> None:
    first_wrote, second_asks = threading.Event(), threading.Event()
    refused: list[str] = []

    def second() -> None:
        first_wrote.wait(10)
        second_asks.set()
        try:
            with database.transaction() as session:
                set_installation(session, ADMIN, {"name_en": "B"}, version={1})
        except Problem as problem:
            refused.append(problem.code)

    thread = threading.Thread(target=second)
    thread.start()
    with database.transaction() as session:
        set_installation(session, ADMIN, {"name_en": "A"}, version={1})
        first_wrote.set()
        second_asks.wait(10)
    thread.join()
    assert refused == ["changed_meanwhile"]
    with database.glance() as connection:
        found = read_installation(connection)
    assert (found.name_en, found.version) == ("A", 2)
    assert installed().name_en == "A"


def test_two_changes_in_one_transaction_count_twice_and_the_last_holds(empty_database: Database) -> None:
    with empty_database.transaction() as session:
        unit = {"name": "Group", "level": "group", "unit_id": uid("group")}
        record_writer.create(session, system(uid("group")), "unit", unit, record_id=uid("group"))
        for currency in ("USD", "EUR"):
            set_installation(session, system(uid("group")), {"currency": currency})
    assert (installed().currency, installed().version) == ("EUR", 3)


def test_a_reason_of_blanks_is_none(session: Session, town: Town) -> None:
    assert session.execute(text("SELECT count(*) FROM work_order")).scalar() == 0
    values = {"matter_id": uid("leak"), "address": "1", "cell_id": uid("cell 0"), "urgency": "normal"}
    record_writer.create(session, system(uid("north")), "work_order", values)
    with pytest.raises(Problem) as refused:
        set_installation(session, ADMIN, {"time_zone": "America/Los_Angeles"}, reason=" \n")
    assert refused.value.code == "reason_needed"
    moved = set_installation(session, ADMIN, {"time_zone": "America/Los_Angeles"}, reason="set wrongly")
    assert moved.time_zone.key == "America/Los_Angeles"
