"""The territory with the setup: looked at before, the unit's with all the rest, or nothing at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.app import make_context
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import USUAL, installed_as
from backend.setup.queries.emptiness import is_empty
from backend.setup.services import page_token
from backend.setup.services.setting_up import set_up
from backend.territory.services import first_ground
from tests.factories import uid
from tests.setup.test_setting_up import WANTED, count, loaded, post

WEST, SOUTH, SIDE = 120.3, 36.0, 0.01


def square(n: int) -> dict[str, Any]:
    west, east, north = WEST + n * SIDE, WEST + (n + 1) * SIDE, SOUTH + SIDE
    ring = [[west, SOUTH], [east, SOUTH], [east, north], [west, north], [west, SOUTH]]
    return {
        "type": "Feature",
        "properties": {"name": f"第{n}网格", "code": f"cell-{n}"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def map_of(count_: int) -> bytes:
    features = [square(n) for n in range(count_)]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


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


def look(client: FlaskClient, token: str, file: bytes, **query: str) -> Any:
    """Send a map file to be looked at."""
    return client.post(
        "/api/v1/setup/territory",
        query_string={"filename": "cells.geojson"} | query,
        data=file,
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {token}"},
    )


def cells(database: Database) -> list[tuple[str, str]]:
    """Code and unit of each cell."""
    asked = "SELECT c.code, u.name FROM cell c JOIN unit u ON u.id = c.unit_id ORDER BY c.code"
    with database.snapshot() as session:
        return [tuple(one) for one in session.execute(text(asked))]


def test_what_was_looked_at_is_what_comes_true(
    client: FlaskClient, token: str, empty_database: Database
) -> None:
    seen = look(client, token, map_of(3))
    assert seen.status_code == 201, seen.text
    told = seen.get_json()
    assert (told["cells"], told["codes"]) == (3, ["cell-0", "cell-1", "cell-2"])
    assert 2.9 < told["area_km2"] < 3.1
    with empty_database.snapshot() as session:
        assert is_empty(session), "looking writes no record"
    body = WANTED | {"territory": {"plan_id": told["id"], "unit": "城西营业所"}}
    made = post(client, token, body)
    assert made.status_code == 201, made.text
    assert cells(empty_database) == [(f"cell-{n}", "城西营业所") for n in range(3)]
    with empty_database.snapshot() as session:
        after = session.execute(text("SELECT after FROM administrative_act WHERE act = 'set_up'")).scalar()
    assert after["cells"] == 3
    assert look(client, token, map_of(1)).status_code in (403, 409)


@pytest.mark.parametrize(
    ("branches", "whose"),
    [([], "清河水务集团"), ([{"name": "东"}], "东"), ([{"name": "东"}, {"name": "西"}], "清河水务集团")],
)
def test_whose_they_are_where_nobody_says(
    empty_database: Database, branches: list[dict[str, str]], whose: str
) -> None:
    plan = first_ground.draw_first(empty_database, {"filename": "cells.geojson"}, map_of(1))
    wanted = loaded(branches=branches, territory={"plan_id": str(plan.id)})
    with empty_database.transaction() as session:
        set_up(session, wanted)
    assert cells(empty_database) == [("cell-0", whose)]


@pytest.mark.parametrize("file", [b"no map at all", b"", b'{"type": "FeatureCollection", "features": []}'])
def test_a_file_that_cannot_be_drawn_says_why_and_nothing_is_set_up(
    client: FlaskClient, token: str, empty_database: Database, file: bytes
) -> None:
    answer = look(client, token, file)
    assert answer.status_code in (400, 422), answer.text
    said = answer.get_json()
    assert said["title"] and said["title_en"]
    assert count(empty_database, "unit") == 0
    # Setting up goes on without it.
    assert post(client, token, WANTED).status_code == 201
    assert count(empty_database, "cell") == 0
    assert count(empty_database, "ground_plan") == 0


def test_a_territory_that_fails_takes_all_the_rest_with_it(
    client: FlaskClient, token: str, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = look(client, token, map_of(2)).get_json()["id"]
    body = WANTED | {"territory": {"plan_id": plan_id}}

    def refused(*_: Any, **__: Any) -> None:
        raise Problem("plan_not_ready", state="failed")

    with monkeypatch.context() as patched:
        patched.setattr(first_ground, "accept_plan", refused)
        assert post(client, token, body).get_json()["code"] == "plan_not_ready"
    for table in ("unit", "staff", "account", "calendar", "matter", "cell"):
        assert count(empty_database, table) == 0, table
    # The token is still good, and so is what was drawn.
    assert post(client, token, body).status_code == 201
    assert len(cells(empty_database)) == 2


def test_a_file_looked_at_anew_takes_the_place_of_the_one_before(
    client: FlaskClient, token: str, empty_database: Database
) -> None:
    before = look(client, token, map_of(2)).get_json()["id"]
    now = look(client, token, map_of(1)).get_json()["id"]
    assert count(empty_database, "ground_plan") == 1
    answer = post(client, token, WANTED | {"territory": {"plan_id": before}})
    assert answer.get_json()["code"] == "not_found"
    assert count(empty_database, "unit") == 0
    assert post(client, token, WANTED | {"territory": {"plan_id": now}}).status_code == 201
    assert len(cells(empty_database)) == 1


@pytest.mark.parametrize("territory", [{}, {"plan_id": "x"}, {"plan_id": uid("x"), "unit": "城南"}, [], "x"])
def test_what_is_no_territory_is_refused_in_words(
    client: FlaskClient, token: str, empty_database: Database, territory: Any
) -> None:
    answer = post(client, token, WANTED | {"territory": territory})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert "territory" in answer.get_json()["faults"][0]["field"]
    assert count(empty_database, "unit") == 0


def test_nobody_without_the_token_sends_a_file(
    client: FlaskClient, token: str, empty_database: Database
) -> None:
    for wrong in ("x" * 43, ""):
        assert look(client, wrong, map_of(1)).status_code in (401, 403)
    assert count(empty_database, "ground_plan") == 0


def test_two_files_looked_at_at_once_leave_the_later_one(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, request = first_ground.draw_plan, {"filename": "cells.geojson"}
    later = []

    def overtaken(*given: Any) -> None:
        monkeypatch.setattr(first_ground, "draw_plan", real)
        later.append(first_ground.draw_first(empty_database, request, map_of(2)))
        real(*given)

    monkeypatch.setattr(first_ground, "draw_plan", overtaken)
    with pytest.raises(Problem, match="not_found"):
        first_ground.draw_first(empty_database, request, map_of(1))
    assert later[0].state == "ready"
    assert count(empty_database, "ground_plan") == 1
