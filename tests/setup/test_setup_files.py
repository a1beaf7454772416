"""What a file, a page or flags say of a new installation: odd files, edges, and what is refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from marshmallow import RAISE, ValidationError

from backend.commands import setup as command
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import REPRESENTATIVE, USUAL, installed_as
from backend.core.queries.installation_row import read_installation
from backend.setup.services import holiday_calendars, setting_up
from backend.setup.services.holiday_calendars import calendar_of
from backend.setup.services.setting_up import MOST_NAME, one_time_password, set_up
from backend.setup.services.standard_matters import standard_matters
from backend.setup.services.wanted import (
    LARGEST,
    MOST_BRANCHES,
    Wanted,
    default_posts,
    places,
    pop_territory,
    read_toml,
)

ASKED: dict[str, Any] = {
    "group": {"name": "Harbor Water"},
    "language": "en",
    "time_zone": "America/Los_Angeles",
    "currency": "USD",
    "administrator": {"number": "A1", "name": "Ann Lee"},
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is set up here holds for this process: not so in the tests after it."""
    with installed_as(USUAL):
        yield


def loaded(**other: Any) -> dict[str, Any]:
    found: dict[str, Any] = Wanted(unknown=RAISE).load(ASKED | other)
    return found


def refused(**other: Any) -> set[str]:
    """Fields that are complained about."""
    with pytest.raises(ValidationError) as error:
        loaded(**other)
    return {*error.value.normalized_messages()}


# Files.


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_any_editor_is_read(mark: bytes, end: str) -> None:
    text = end.join(["# 清河", "[group]", 'name = "清河水务"', ""])
    assert read_toml(mark + text.encode()) == {"group": {"name": "清河水务"}}


@pytest.mark.parametrize(
    "text",
    [
        '[group]\nname = "清河水务"'.encode("gbk"),
        '[group]\nname = "x"'.encode("utf-16"),
        b"[group\n",
        b"a = 1\na = 2\n",
        b'name = "x\x00"',
        b"\xff",
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: bytes) -> None:
    with pytest.raises(Problem) as raised:
        read_toml(text)
    (fault,) = raised.value.detail["faults"]
    assert raised.value.code == "bad_setup_file"
    assert "TOML" in fault["zh"]
    assert len(fault["en"]) > len("this is no TOML: ")


def test_a_file_of_the_most_bytes_is_read_and_one_more_is_too_many() -> None:
    comment = b"#" + b"x" * (LARGEST - 1)
    assert read_toml(comment) == {}
    with pytest.raises(Problem) as raised:
        read_toml(comment + b"x")
    assert str(LARGEST) in raised.value.detail["faults"][0]["zh"]
    assert read_toml(b"") == {}


@pytest.mark.parametrize("territory", ["cells.geojson", 7, True, 0, False, "", ["cells.geojson"], []])
def test_a_map_that_is_no_table_is_refused_in_words(territory: Any) -> None:
    with pytest.raises(Problem) as raised:
        pop_territory({"territory": territory})
    (fault,) = raised.value.detail["faults"]
    assert (raised.value.code, fault["field"]) == ("bad_setup_file", "territory")
    assert "[territory]" in fault["zh"]
    assert "[territory]" in fault["en"]


def test_a_map_is_taken_from_what_is_set_up() -> None:
    wanted = {"group": {}, "territory": {"file": "cells.geojson", "unit": "East"}}
    assert pop_territory(wanted) == {"file": "cells.geojson", "unit": "East"}
    assert wanted == {"group": {}}
    assert pop_territory(wanted) == {}


def asked_for(empty: Database, tmp_path: Path, text: str, **said: Any) -> tuple[Any, Any]:
    """What the command makes of a file and of flags."""
    file = tmp_path / "city.toml"
    file.write_text(text)
    return command._asked_for(empty, file, {"branch": (), "no_matters": False} | said)


@pytest.mark.parametrize("text", ['group = "Harbor"', "group = 7", "group = []", 'group = ["Harbor"]'])
def test_a_group_that_is_no_table_is_judged_and_breaks_nothing(
    empty_database: Database, tmp_path: Path, text: str
) -> None:
    wanted, _ = asked_for(empty_database, tmp_path, text, group="Bay Water", hotline="311")
    with pytest.raises(click.ClickException, match="group"):
        command._loaded(ASKED | wanted)


def test_a_map_lies_beside_its_file_unless_it_says_where(empty_database: Database, tmp_path: Path) -> None:
    _, near = asked_for(empty_database, tmp_path, '[territory]\nfile = "cells.geojson"')
    assert near == {"file": tmp_path / "cells.geojson"}
    _, far = asked_for(empty_database, tmp_path, '[territory]\nfile = "/data/cells.geojson"')
    assert far == {"file": Path("/data/cells.geojson")}
    _, number = asked_for(empty_database, tmp_path, "[territory]\nfile = 7\n")
    assert number == {"file": tmp_path / "7"}


@pytest.mark.parametrize("territory", ['"cells.geojson"', "7", "[]"])
def test_the_command_says_where_a_map_stands(
    empty_database: Database, tmp_path: Path, territory: str
) -> None:
    with pytest.raises(click.ClickException, match=r"territory: .*\[territory\]"):
        asked_for(empty_database, tmp_path, f"territory = {territory}")


def test_flags_say_otherwise_than_the_file_field_by_field(empty_database: Database, tmp_path: Path) -> None:
    text = '[group]\nname = "A"\nhotline = "1"\n[calendar]\ncountry = "US"\n[[branches]]\nname = "B"\n'
    said = {"group": "Z", "part": "WA", "no_matters": True, "branch": ("C", "D")}
    wanted, _ = asked_for(empty_database, tmp_path, text, **said)
    assert wanted == {
        "group": {"name": "Z", "hotline": "1"},
        "calendar": {"country": "US", "part": "WA"},
        "branches": [{"name": "C"}, {"name": "D"}],
        "has_matters": False,
    }


@pytest.mark.parametrize("kind", ["none", "folder", "large"])
def test_a_map_that_cannot_be_taken_is_told_before_anything_is_written(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cells.geojson"
    if kind == "folder":
        path.mkdir()
    elif kind == "large":
        monkeypatch.setattr(command, "MOST_MAP_BYTES", 3)
        path.write_bytes(b"{  }")
    with pytest.raises(click.ClickException, match=r"cells\.geojson"):
        command._map_file({"file": path})


def test_a_map_is_read_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "格 1.geojson").write_bytes(b"{}")
    ground: dict[str, Any] = {"file": tmp_path / "格 1.geojson", "unit": "East"}
    assert command._map_file(ground) == b"{}"
    assert ground == {"filename": "格 1.geojson", "unit": "East"}
    assert command._map_file({}) is None


# What is said.


def test_what_is_left_empty_was_not_said() -> None:
    found = loaded(
        group={"name": "H", "name_en": "", "hotline": None},
        calendar={"country": "", "part": ""},
        administrator={"number": "A1", "name": "Ann", "phone": ""},
    )
    assert found["group"] == {"name": "H"}
    assert found["calendar"] == {"country": "", "part": ""}
    assert found["administrator"] == {"number": "A1", "name": "Ann"}
    assert (found["length_unit"], found["has_matters"], found["branches"]) == ("mm", True, [])


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"group": {"name": ""}}, "group"),
        ({"group": {"name": "x" * 201}}, "group"),
        ({"group": "Harbor"}, "group"),
        ({"branches": [{"name": "East"}, {"name": "East"}]}, "branches"),
        ({"branches": [{"name": "Harbor Water"}]}, "branches"),
        ({"branches": [{"name": f"b{n}"} for n in range(MOST_BRANCHES + 1)]}, "branches"),
        ({"branches": [{}]}, "branches"),
        ({"language": "fr"}, "language"),
        ({"time_zone": "america/los_angeles"}, "time_zone"),
        ({"time_zone": "UTC+8"}, "time_zone"),
        ({"currency": "DEM"}, "currency"),
        ({"currency": "US"}, "currency"),
        ({"length_unit": "ft"}, "length_unit"),
        ({"calendar": {"country": "XX"}}, "calendar.country"),
        ({"calendar": {"country": "us"}}, "calendar.country"),
        ({"calendar": {"country": "US", "part": "ZZ"}}, "calendar.part"),
        ({"calendar": {"part": "WA"}}, "calendar.part"),
        ({"posts": [{"code": "a", "zh": "甲", "en": "A"}] * 2}, "posts"),
        ({"administrator": {"number": "A1"}}, "administrator"),
        ({"administrator": {"number": "A1", "name": "Ann", "phone": "12345"}}, "administrator"),
        ({"password": "x"}, "password"),
        ({"has_matters": "perhaps"}, "has_matters"),
    ],
)
def test_what_cannot_be_is_named(other: dict[str, Any], field: str) -> None:
    assert field in refused(**other)


def test_as_many_branches_as_may_be_are_taken() -> None:
    assert (
        len(loaded(branches=[{"name": f"b{n}"} for n in range(MOST_BRANCHES)])["branches"]) == MOST_BRANCHES
    )


def test_places_to_choose_from_are_zones_that_are_taken() -> None:
    found = places()
    assert found == sorted({*found})
    assert {"Asia/Shanghai", "America/Argentina/Ushuaia"} <= {*found}
    assert not any(one.startswith("Etc/") or "/" not in one for one in found)
    assert {loaded(time_zone=one)["time_zone"] for one in found[::40]} == {*found[::40]}


def test_the_usual_posts_may_be_said_as_they_are() -> None:
    assert loaded(posts=default_posts())["posts"] == default_posts()
    assert default_posts()[0]["code"] == REPRESENTATIVE


# What is written.


def test_names_that_are_too_long_for_all_pages_are_cut_and_the_units_are_not(
    empty_database: Database,
) -> None:
    name = "水" * 200
    with empty_database.transaction() as session:
        set_up(session, loaded(group={"name": name}))
    with empty_database.glance() as connection:
        found = read_installation(connection)
    assert (found.name_zh, found.name_en) == (name[:MOST_NAME], name[:MOST_NAME])


def test_numbers_to_call_that_are_named_stand_before_the_groups_own(empty_database: Database) -> None:
    named = [{"number": "311", "zh": "市民热线", "en": "City hotline"}]
    with empty_database.transaction() as session:
        set_up(session, loaded(group={"name": "H", "hotline": "555-0100"}, hotlines=named))
    with empty_database.glance() as connection:
        found = read_installation(connection)
    assert [one.number for one in found.hotlines] == ["311"]


def test_an_administrators_post_serves_no_cells_where_there_is_another() -> None:
    one = {REPRESENTATIVE: ("客户代表", "Representative")}
    with installed_as(USUAL.__class__(posts=one)):
        assert setting_up._post_of_administrator() == REPRESENTATIVE
    with installed_as(USUAL.__class__(posts=one | {"diver": ("潜水员", "Diver")})):
        assert setting_up._post_of_administrator() == "diver"


@pytest.mark.parametrize("number", ["", "A001", "ABCDEFGHJKMNPQRSTUVW", "xyz23456789", "工号７"])
def test_a_one_time_password_has_nothing_of_the_number_and_nothing_to_be_mistaken(number: str) -> None:
    password = one_time_password(number)
    assert [len(one) for one in password.split("-")] == [5, 5, 5, 5]
    assert {*number.lower()}.isdisjoint({*password} - {"-"})
    assert {*"0o1li"}.isdisjoint({*password})


def test_usual_matters_are_told_apart() -> None:
    rows = standard_matters()
    assert all(one["is_active"] for one in rows)
    for field in ("code", "name_zh", "name_en"):
        assert len({one[field] for one in rows}) == len(rows) > 5


# Calendars.


def test_holidays_of_china_are_called_in_the_language_of_the_installation() -> None:
    chinese = calendar_of(2026, "CN", language="zh")["days"]
    english = calendar_of(2026, "CN", language="en")["days"]
    assert [(one["day"], one["is_working"]) for one in chinese] == [
        (one["day"], one["is_working"]) for one in english
    ]
    assert {one["name"] for one in chinese if one["day"].startswith("2026-10")} == {"国庆节"}
    assert {one["name"] for one in english if one["day"].startswith("2026-10")} == {"National Day"}
    assert all(not one["name"].isascii() for one in chinese)


@pytest.mark.parametrize("year", [2099, 1990])
def test_a_year_that_nobody_published_is_empty_and_provisional(year: int) -> None:
    assert calendar_of(year, "CN", language="zh") == {"year": year, "days": [], "is_published": False}


@pytest.mark.parametrize(("country", "part"), [("XX", ""), ("US", "ZZ"), ("us", ""), ("HK", "ZZ")])
def test_a_place_that_is_not_known_is_no_empty_calendar(country: str, part: str) -> None:
    with pytest.raises(KeyError):
        calendar_of(2026, country, part)


def test_a_country_without_the_language_has_names_of_its_own() -> None:
    # No Chinese there: what people of the country call it is better than nothing.
    named = {one["name"] for one in calendar_of(2026, "IS", language="zh")["days"]}
    assert named
    assert "" not in named


def test_where_friday_is_free_the_calendar_says_so() -> None:
    days = {one["day"]: one["is_working"] for one in calendar_of(2026, "SA")["days"]}
    friday, sunday = date(2026, 6, 5), date(2026, 6, 7)
    assert (friday.weekday(), sunday.weekday()) == (4, 6)
    assert (days[friday.isoformat()], days[sunday.isoformat()]) == (False, True)


def test_long_names_of_holidays_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holiday_calendars, "_chinese", lambda *_: lambda day: (day.day != 1, "节" * 99))
    named = {one["name"] for one in calendar_of(2027, "CN")["days"]}
    assert named == {"节" * holiday_calendars.MOST_NAME}
