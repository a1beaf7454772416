"""Setting up an empty database: all of it or nothing, once, and a password that is good for one sign-in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import ValidationError
from sqlalchemy import text

from backend.app import make_context
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import REPRESENTATIVE, USUAL, installed, installed_as
from backend.core.queries.installation_row import read_installation
from backend.core.services.credentials import token_sha256
from backend.setup.queries.emptiness import is_empty
from backend.setup.services import holiday_calendars, page_token, setting_up
from backend.setup.services.setting_up import one_time_password, set_up
from backend.setup.services.standard_matters import standard_matters
from backend.setup.services.wanted import Wanted, default_posts, places, read_toml
from tests.factories import uid

NEW = "violet-harbour-93-lamp-trumpet"
WANTED: dict[str, Any] = {
    "group": {"name": "清河水务集团", "name_en": "Qinghe Water", "hotline": "0532-00096111"},
    "branches": [{"name": "城东营业所"}, {"name": "城西营业所", "hotline": "0532-00012345"}],
    "language": "zh",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "calendar": {"country": "CN"},
    "administrator": {"number": "A001", "name": "王芳", "phone": "13800000001"},
}


def loaded(**other: Any) -> dict[str, Any]:
    found: dict[str, Any] = Wanted().load(WANTED | other)
    return found


def count(database: Database, table: str) -> int:
    with database.snapshot() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is set up here holds for this process: not so in the tests after it."""
    with installed_as(USUAL):
        yield


@pytest.fixture
def client(web: Flask, settings: Settings, empty_database: Database) -> FlaskClient:
    """A browser at an installation that nobody has set up."""
    web.extensions["wangge"] = make_context(settings, empty_database)
    return web.test_client()


@pytest.fixture
def token(empty_database: Database) -> str:
    """What the terminal shows."""
    with empty_database.transaction() as session:
        return page_token.give_token(session)


def post(client: FlaskClient, token: str, body: Any = WANTED) -> Any:
    return client.post("/api/v1/setup", json=body, headers={"Authorization": f"Bearer {token}"})


def sign_in(client: FlaskClient, password: str) -> Any:
    device = {"id": uid("desk"), "name": "desk"}
    return client.post("/api/v1/sessions", json={"login": "A001", "password": password, "device": device})


def test_all_that_is_named_is_written(empty_database: Database) -> None:
    with empty_database.transaction() as session:
        made = set_up(session, loaded())
    assert set(made.units) == {"清河水务集团", "城东营业所", "城西营业所"}
    with empty_database.snapshot() as session:
        units = session.execute(text("SELECT name, level, parent_id, hotline FROM unit ORDER BY name")).all()
        group = made.units["清河水务集团"]
        assert [(row[0], row[1], row[2] and str(row[2]), row[3]) for row in units] == [
            ("城东营业所", "branch", group, None),
            ("城西营业所", "branch", group, "0532-00012345"),
            ("清河水务集团", "group", None, "0532-00096111"),
        ]
        assert session.execute(text("SELECT max(year) - min(year) FROM calendar")).scalar_one() == 1
        assert session.execute(text("SELECT unit_id::text FROM staff")).scalar_one() == group
        acts = session.execute(text("SELECT act FROM administrative_act ORDER BY act")).scalars().all()
        assert list(acts) == ["account_opened", "installation_changed", "set_up"]
    assert count(empty_database, "matter") == len(standard_matters())


def test_the_installation_is_what_was_said(empty_database: Database) -> None:
    few = [one for one in default_posts() if one["code"] in (REPRESENTATIVE, "works_manager")]
    number = {"number": "96111", "zh": "供水热线", "en": "Hotline"}
    wanted = loaded(
        time_zone="America/Los_Angeles",
        currency="usd",
        language="en",
        posts=few,
        hotlines=[number],
        length_unit="in",
    )
    with empty_database.transaction() as session:
        set_up(session, wanted)
    found = installed()
    assert (found.name_zh, found.name_en) == ("清河水务集团", "Qinghe Water")
    assert (found.time_zone.key, found.currency, found.language, found.length_unit) == (
        "America/Los_Angeles", "USD", "en", "in")  # fmt: skip
    assert [*found.posts] == [one["code"] for one in few]
    assert [one.number for one in found.hotlines] == ["96111"]
    with empty_database.snapshot() as session:
        assert read_installation(session).values() == found.values()


def test_the_groups_number_is_the_one_to_call_where_no_other_is_named(empty_database: Database) -> None:
    with empty_database.transaction() as session:
        set_up(session, loaded())
    assert [(one.number, one.zh) for one in installed().hotlines] == [("0532-00096111", "服务热线")]


@pytest.mark.parametrize(
    ("codes", "post"),
    [((REPRESENTATIVE, "head_of_water"), "head_of_water"), ((REPRESENTATIVE,), REPRESENTATIVE), ((), None)],
)
def test_the_administrator_holds_one_of_the_installations_posts(
    empty_database: Database, codes: tuple[str, ...], post: str | None
) -> None:
    posts = [{"code": one, "zh": "岗位", "en": "Post"} for one in codes]
    with empty_database.transaction() as session:
        set_up(session, loaded(posts=posts))
        held = session.execute(text("SELECT post FROM staff")).scalar_one()
    assert held == (post or default_posts()[1]["code"])
    assert held in installed().posts


def test_no_installation_goes_without_representatives(empty_database: Database) -> None:
    few = [one for one in default_posts() if one["code"] == "works_manager"]
    with pytest.raises(Problem, match="invalid"), empty_database.transaction() as session:
        set_up(session, loaded(posts=few))
    with empty_database.snapshot() as session:
        assert is_empty(session)


def test_what_is_not_wanted_is_not_written(empty_database: Database) -> None:
    with empty_database.transaction() as session:
        set_up(session, loaded(has_matters=False, branches=[], calendar={}))
    assert count(empty_database, "matter") == 0
    with empty_database.snapshot() as session:
        said = session.execute(text("SELECT days::text, is_published FROM calendar")).all()
        assert {tuple(row) for row in said} == {("[]", False)}


def test_it_is_done_once(empty_database: Database) -> None:
    with empty_database.transaction() as session:
        set_up(session, loaded())
    with empty_database.transaction() as session, pytest.raises(Problem, match="already_set_up"):
        set_up(session, loaded())
    assert count(empty_database, "account") == 1


def test_of_two_at_once_one_is_refused(empty_database: Database) -> None:
    said: list[str] = []
    together = threading.Barrier(2)

    def run() -> None:
        together.wait()
        try:
            with empty_database.transaction() as session:
                set_up(session, loaded())
            said.append("done")
        except Problem as problem:
            said.append(problem.code)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == ["already_set_up", "done"]
    assert count(empty_database, "unit") == 3


def test_what_breaks_half_way_leaves_nothing(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("a cable")

    monkeypatch.setattr(setting_up, "open_first_account", breaks)
    with pytest.raises(RuntimeError), empty_database.transaction() as session:
        set_up(session, loaded())
    with empty_database.snapshot() as session:
        assert is_empty(session)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("hotlines", [{"number": "", "zh": "热线", "en": "Hotline"}]),
        ("length_unit", "yd"),
        ("currency", "yuan"),
        ("language", "fr"),
        ("calendar", {"country": "XX"}),
        ("calendar", {"country": "CN", "part": "SD"}),
        ("branches", [{"name": "城东"}, {"name": "城东"}]),
        ("branches", [{"name": "清河水务集团"}]),
        ("posts", [{"code": "Bad Code", "zh": "甲", "en": "A"}]),
        ("posts", [{"code": "rep", "zh": "甲", "en": "A"}, {"code": "rep", "zh": "乙", "en": "B"}]),
        ("administrator", {"name": "王芳"}),
        ("group", {"name": ""}),
    ],
)
def test_what_is_odd_is_refused_at_its_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        loaded(**{field: value})
    assert all(str(one).startswith(field) for one in raised.value.normalized_messages())


def test_what_was_left_empty_on_a_page_was_not_filled_in() -> None:
    found = loaded(
        administrator={"number": "A1", "name": "王", "phone": ""}, calendar={"country": "", "part": ""}
    )
    assert "phone" not in found["administrator"]
    assert found["calendar"] == {"country": "", "part": ""}


def test_a_file_says_the_same(empty_database: Database) -> None:
    text_ = b"""
        language = "en"
        time_zone = "America/Los_Angeles"
        currency = "USD"
        branches = [{ name = "North" }]
        group = { name = "Harbor Water", hotline = "+1 206 555 0100" }
        calendar = { country = "US", part = "WA" }
        administrator = { number = "A1", name = "Ann Lee" }
    """
    with empty_database.transaction() as session:
        made = set_up(session, Wanted().load(read_toml(text_)))
    assert set(made.units) == {"Harbor Water", "North"}
    with empty_database.snapshot() as session:
        names = session.execute(text("SELECT days::text FROM calendar")).scalars().all()
        assert any("Thanksgiving" in one for one in names)


@pytest.mark.parametrize("data", [b"name = ", b"\xff\xfe", b"#" * 300_000])
def test_a_file_that_is_none_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Problem) as raised:
        read_toml(data)
    assert raised.value.code == "bad_setup_file"
    assert raised.value.detail["faults"][0]["zh"]


def test_the_page_sets_up_by_the_token_of_the_terminal(client: FlaskClient, token: str) -> None:
    before = client.get("/api/v1/setup").get_json()
    assert (before["is_set_up"], before["has_token"]) == (False, True)
    assert "Asia/Shanghai" in before["time_zones"]
    assert "SD" not in before["countries"]["CN"]
    assert before["posts"] == default_posts()
    made = post(client, token)
    assert made.status_code == 201, made.text
    after = client.get("/api/v1/setup").get_json()
    assert after == {"is_set_up": True, "has_token": False, "time_zones": [], "countries": {}, "posts": []}
    again = post(client, token)
    assert (again.status_code, again.get_json()["code"]) == (409, "already_set_up")


def test_a_wrong_token_sets_up_nothing_and_few_tries_end_it(
    client: FlaskClient, token: str, empty_database: Database
) -> None:
    for _ in range(page_token.MOST_TRIES - 1):
        assert post(client, "invented").get_json()["code"] == "setup_token_wrong"
    # The right one still opens, and what was tried before is forgotten; a body that is wrong spends nothing.
    assert post(client, token, WANTED | {"currency": "yuan"}).status_code == 422
    for _ in range(page_token.MOST_TRIES):
        assert post(client, "invented").status_code == 403
    assert post(client, token).get_json()["code"] == "setup_token_wrong"
    assert client.get("/api/v1/setup").get_json()["has_token"] is False
    with empty_database.transaction() as session:
        assert is_empty(session)
        fresh = page_token.give_token(session)
    assert post(client, fresh).status_code == 201


def test_no_token_was_given_out_and_none_opens(client: FlaskClient) -> None:
    assert post(client, "").status_code == 401
    assert post(client, "invented").status_code == 403


def test_a_new_token_ends_the_one_before(client: FlaskClient, token: str, empty_database: Database) -> None:
    with empty_database.transaction() as session:
        page_token.give_token(session)
    assert post(client, token).status_code == 403


def test_a_token_is_kept_by_its_hash_alone(token: str, empty_database: Database) -> None:
    with empty_database.snapshot() as session:
        row = session.execute(text("SELECT sha256, to_jsonb(t)::text FROM setup_token t")).one()
    assert bytes(row[0]) == token_sha256(token)
    assert token not in row[1]


def test_no_token_is_given_where_somebody_works(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Problem, match="already_set_up"):
        page_token.give_token(session)


def test_the_first_password_is_changed_before_anything_else(client: FlaskClient, token: str) -> None:
    given = post(client, token).get_json()["password"]
    first = sign_in(client, given).get_json()
    assert (first["roles"], first["must_change_password"]) == (["admin"], True)
    mine = {"Authorization": f"Bearer {first['access_token']}"}
    refused = client.get("/api/v1/checklist", headers=mine)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "password_change_needed")
    changed = client.put("/api/v1/sessions/password", json={"old": given, "new": NEW}, headers=mine)
    assert changed.status_code == 204, changed.text
    assert client.get("/api/v1/checklist", headers=mine).status_code == 200
    assert sign_in(client, given).get_json()["code"] == "wrong_credentials"
    assert sign_in(client, NEW).get_json()["must_change_password"] is False


def test_one_time_passwords_differ_and_can_be_read_out() -> None:
    several = {one_time_password() for _ in range(50)}
    assert len(several) == 50
    assert all(not set(one) & set("0o1il") for one in several)
    assert {len(one) for one in several} == {23}
    assert not set(one_time_password("K7-22")) & set("k72")


def test_calendars_are_those_of_the_place() -> None:
    chinese = holiday_calendars.calendar_of(2025, "CN")
    days = {one["day"]: one for one in chinese["days"]}
    assert days["2025-10-01"]["is_working"] is False
    assert days["2025-10-11"]["is_working"] is True, "a Saturday that is worked"
    assert chinese["is_published"]
    assert holiday_calendars.calendar_of(2050, "CN") == {"year": 2050, "days": [], "is_published": False}
    american = holiday_calendars.calendar_of(2026, "US", "CA", "en")
    names = {one["day"]: one["name"] for one in american["days"]}
    assert "Independence Day" in names["2026-07-03"]
    assert all(not one["is_working"] for one in american["days"])
    german = holiday_calendars.calendar_of(2026, "DE", "BY", "en")
    assert any(one["day"] == "2026-01-06" for one in german["days"]), "Bavaria's own"


def test_a_country_that_rests_on_other_days_says_so() -> None:
    days = {one["day"]: one["is_working"] for one in holiday_calendars.calendar_of(2026, "SA")["days"]}
    friday, sunday = date(2026, 6, 5), date(2026, 6, 7)
    assert (days[friday.isoformat()], days[sunday.isoformat()]) == (False, True)


@pytest.mark.parametrize(("country", "part"), [("XX", ""), ("US", "XX")])
def test_a_place_nobody_knows_has_no_calendar(country: str, part: str) -> None:
    with pytest.raises(KeyError):
        holiday_calendars.calendar_of(2026, country, part)


def test_zones_are_chosen_by_places() -> None:
    assert {"Asia/Shanghai", "America/Los_Angeles"} <= {*places()}
    assert not [one for one in places() if one.startswith("Etc/") or "/" not in one]


def test_the_usual_matters_are_named_once() -> None:
    codes = [one["code"] for one in standard_matters()]
    assert len(codes) == len({*codes}) == 9
    assert "burst_main" in codes
