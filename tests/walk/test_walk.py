"""Every route, kind and person against the tables of `expected.txt`; no planted text comes to others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.pool import NullPool

from backend.app import make_context
from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.kinds.registry import KINDS
from backend.local.cluster import Cluster
from tests.walk import first_day_asks, people_asks  # noqa: F401 - their requests stand among `ASKS`
from tests.walk.asks import API, ASKS
from tests.walk.table import read_tables
from tests.walk.undone import Silent, Undone
from tests.walk.walking import MARKER, Walk, listening
from tests.walk.world import build

BLOCKS = [one for one in read_tables() if one not in ("kinds", "crossings", "markers")]
WHERE = "write them in tests/<capability>/expected.txt, as the head of tests/walk/expected.txt says"
STEPS: dict[str, Callable[[Walk], None]] = {
    "kinds": Walk.kinds,
    "pushes": Walk.pushes,
    "crossings": Walk.crossings,
    "secrets": Walk.wrong_secrets,
    "photos": Walk.photos,
    **{block: partial(Walk.routes, block=block) for block in BLOCKS},
    "pages": Walk.pages,
    "other forms": Walk.other_forms,
}


@pytest.fixture(scope="module")
def walk(
    web: Flask, cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory, fonts: Path
) -> Iterator[Walk]:
    """The town, with a marker planted wherever something can be read; nobody has asked yet."""
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
    yield Walk(world, undone, log=heard())
    undone.close()
    cluster.psql("postgres", 'DROP DATABASE "copy_walk" WITH (FORCE)')


def go(walk: Walk, step: str) -> None:
    """One step of the walk, once. A test of its own for each: one alone would run out of its time."""
    if step not in walk.done:
        walk.done.add(step)
        with listening() as heard:
            STEPS[step](walk)
        walk.log += heard()


@pytest.fixture
def walked(walk: Walk) -> Walk:
    """The walk with every step done."""
    for step in STEPS:
        go(walk, step)
    return walk


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
    assert wanted - rows == set(), f"routes without a row: {WHERE}"
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
        assert wanted - rows == set(), f'rows under "== kinds" are lacking: {WHERE}'
        assert {one for one in rows if one.split()[0] == name} - wanted == set(), "rows of what there is not"


def test_every_planted_place_has_a_row(walk: Walk) -> None:
    lacking = {where for where, _ in walk.world.markers.planted.values()} - set(walk.may_see)
    assert lacking == set(), f'rows under "== markers" are lacking: {WHERE}'


@pytest.mark.parametrize("block", STEPS)
def test_everybody_gets_what_the_table_says(walk: Walk, block: str) -> None:
    go(walk, block)
    wrong = walk.wrong.get(block, [])
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_planted_text_comes_back_to_who_may_not_see_it(walked: Walk) -> None:
    leaks = [f"{where}: {', '.join(sorted(who))}" for where, who in sorted(walked.leaks.items())]
    assert not leaks, "\n" + "\n".join(leaks)


def test_the_markers_can_be_found_at_all(walked: Walk) -> None:
    """What nobody ever saw proves nothing: every row of markers was seen by somebody who may."""
    unseen = {where for where, letters in walked.may_see.items() if "y" in "".join(letters.values())} - set(
        walked.seen
    )
    assert unseen == set()


def test_the_log_names_nobody(walked: Walk) -> None:
    assert '"event":"request"' in walked.log
    assert set(MARKER.findall(walked.log.lower())) == set()
