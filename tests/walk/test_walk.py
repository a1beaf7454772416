"""Every route, kind and person against the tables of `expected.txt`; no planted text comes to others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.pool import NullPool

from backend.app import make_context
from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.kinds.registry import KINDS
from backend.local.cluster import Cluster
from tests.walk.asks import API, ASKS
from tests.walk.table import read_tables
from tests.walk.undone import Silent, Undone
from tests.walk.walking import MARKER, Walk, listening
from tests.walk.world import build

BLOCKS = [one for one in read_tables() if one not in ("kinds", "crossings", "markers")]


@pytest.fixture(scope="module")
def walk(
    web: Flask, cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory, fonts: Path
) -> Iterator[Walk]:
    """The whole walk, done once."""
    cluster.ensure_database("copy_walk", town_template)
    home = tmp_path_factory.mktemp("walk")
    settings = replace(
        config.read({}), home=home, web_root=home / "web", objects_url="memory://", secret_key="of the tests",
        fonts=fonts,
        limits_enabled=False, notify_channel="webhook", public_url="https://water.example",
    )  # fmt: skip
    database = Database(make_engine(cluster.url("copy_walk"), poolclass=NullPool))
    web.extensions["wangge"] = make_context(settings, database)
    with listening() as heard:
        world = build(web, database, settings)
        undone = Undone(make_engine(cluster.url("copy_walk"), poolclass=NullPool))
        house = web.extensions["wangge"]
        web.extensions["wangge"] = replace(house, database=undone, contacts=Silent(undone))
        found = Walk(world, undone)
        _all_of(found)
        found.log = heard()
    yield found
    undone.close()
    cluster.psql("postgres", 'DROP DATABASE "copy_walk" WITH (FORCE)')


def _all_of(walk: Walk) -> None:
    walk.kinds()
    walk.pushes()
    walk.crossings()
    walk.wrong_secrets()
    walk.photos()
    for block in BLOCKS:
        walk.routes(block)
    walk.pages()
    walk.other_forms()


def test_every_route_has_a_row_and_every_row_a_request(web: Flask) -> None:
    tables = read_tables()
    rows = {row.what.partition(" ?")[0] for block in BLOCKS for row in tables[block]}
    wanted = set()
    for rule in web.url_map.iter_rules():
        path = str(rule)
        if path.removeprefix(API).split("/")[1] in {
            kind.segment for kind in KINDS.values()
        } and path.startswith(API):
            continue
        path = path.removeprefix(API) if path.startswith(API) else f"@{path}"
        wanted |= {
            f"{method} {path}"
            for method in (rule.methods or set())
            - {"OPTIONS"}
            - ({"HEAD"} if "GET" in (rule.methods or ()) else set())
        }
    wanted.discard("HEAD /uploads")
    assert wanted - rows == set(), "routes without a row in tests/walk/expected.txt"
    assert rows - wanted == set(), "rows without a route"
    assert {row.what for block in BLOCKS for row in tables[block]} - set(ASKS) == set(), (
        "rows without a request in asks.py"
    )


def test_every_kind_has_its_rows() -> None:
    rows = {row.what for row in read_tables()["kinds"]}
    for name, kind in KINDS.items():
        wanted = {f"{name} read"}
        wanted |= {f"{name} create"} if kind.kind.create_by else set()
        wanted |= {f"{name} change"} if kind.kind.change_by else set()
        wanted |= {f"{name} delete"} if kind.kind.delete_by else set()
        wanted |= {f"{name} act {action}" for action in kind.kind.actions}
        assert wanted - rows == set(), "rows that tests/walk/expected.txt lacks"
        assert {one for one in rows if one.split()[0] == name} - wanted == set(), "rows of what there is not"


def test_every_planted_place_has_a_row(walk: Walk) -> None:
    assert {where for where, _ in walk.world.markers.planted.values()} - set(walk.may_see) == set()


@pytest.mark.parametrize("block", ["kinds", "pushes", "crossings", "secrets", "photos", *BLOCKS])
def test_everybody_gets_what_the_table_says(walk: Walk, block: str) -> None:
    wrong = walk.wrong.get(block, [])
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_planted_text_comes_back_to_who_may_not_see_it(walk: Walk) -> None:
    leaks = [f"{where}: {', '.join(sorted(who))}" for where, who in sorted(walk.leaks.items())]
    assert not leaks, "\n" + "\n".join(leaks)


def test_the_markers_can_be_found_at_all(walk: Walk) -> None:
    """What nobody ever saw proves nothing: every row of markers was seen by somebody who may."""
    unseen = {where for where, letters in walk.may_see.items() if "y" in "".join(letters.values())} - set(
        walk.seen
    )
    assert unseen == set()


def test_the_log_names_nobody(walk: Walk) -> None:
    assert '"event":"request"' in walk.log
    assert set(MARKER.findall(walk.log.lower())) == set()
