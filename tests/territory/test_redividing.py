"""The demo city divided again after its demand has shifted.

Little moves, and only that reaches the phones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image
from sqlalchemy import text

from backend.core import config
from backend.core.actor import Actor, Role, system
from backend.core.db import Database, make_engine
from backend.core.geometry import shape_of
from backend.core.services import record_writer
from backend.demo.pictures import draw_city
from backend.local.cluster import Cluster
from backend.territory.queries.coverage import coverage_report
from backend.territory.services.ground_drawing import look_at
from backend.territory.services.ground_plans import accept_plan, draw_plan, propose_ground, read_plan
from geo.colouring import FILLS
from geo.locate import locate


@pytest.fixture(scope="module")
def city(cluster: Cluster, city_template: str) -> Iterator[Database]:
    """A small city whose busiest branch has grown in its north-east."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_redivided WITH (FORCE)")
    cluster.ensure_database("copy_redivided", city_template)
    database = Database(make_engine(cluster.url("copy_redivided")))
    yield database
    database.engine.dispose()


@pytest.fixture(scope="module")
def branch(city: Database) -> str:
    """The branch with most cells."""
    with city.snapshot() as session:
        found = session.execute(
            text("SELECT unit_id::text FROM cell GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
        )
        return str(found.scalar_one())


@pytest.fixture(scope="module")
def redivided(city: Database, branch: str) -> dict[str, Any]:
    """The branch balanced again and accepted; where everything was, and what the acceptance wrote."""
    _grow(city, branch)
    keeper = Actor(system(branch).id, branch, frozenset({Role.SUPERVISOR}))
    with city.transaction() as session:
        plan_id = str(propose_ground(session, keeper, branch, "rebalanced", {}).id)
    draw_plan(city, plan_id)
    was, marked = _filed(city, branch), _mark(city)
    with city.transaction() as session:
        plan = read_plan(session, keeper, plan_id)
        accept_plan(session, keeper, plan_id)
        figures, cells = plan.figures, plan.cells
    return {
        "figures": figures,
        "cells": cells,
        "was": was,
        "now": _filed(city, branch),
        "written": _written(city, marked),
    }


def _grow(city: Database, branch: str) -> None:
    """A fifth of the customers, those furthest north-east, become large ones."""
    with city.transaction() as session:
        rows = session.execute(
            text(
                """
                SELECT customer_id::text
                FROM service_point
                WHERE unit_id = CAST(:unit AS uuid)
                ORDER BY ST_X(place) + ST_Y(place) DESC, id
                LIMIT (SELECT count(*) / 5 FROM service_point WHERE unit_id = CAST(:unit AS uuid))
                """
            ),
            {"unit": branch},
        ).all()
        record_writer.change_many(
            session, system(branch), "customer", [(row[0], {"category": "developer"}) for row in rows]
        )


def _filed(city: Database, branch: str) -> dict[str, str]:
    with city.snapshot() as session:
        rows = session.execute(
            text("SELECT id::text, cell_id::text FROM service_point WHERE unit_id = CAST(:unit AS uuid)"),
            {"unit": branch},
        )
        return {row[0]: row[1] for row in rows}


def _mark(city: Database) -> int:
    with city.transaction() as session:
        return int(session.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one())


def _written(city: Database, marked: int) -> set[tuple[str, str]]:
    """What a phone would be sent: records with entries younger than the mark."""
    with city.snapshot() as session:
        rows = session.execute(
            text("SELECT DISTINCT kind, id::text FROM sync_entry WHERE xid::text::bigint > :marked"),
            {"marked": marked},
        )
        return {(row[0], row[1]) for row in rows}


def test_the_balance_is_better_and_little_moves(redivided: dict[str, Any]) -> None:
    figures = redivided["figures"]
    assert figures["before"]["imbalance"] > 1.15
    assert figures["after"]["imbalance"] - 1 < 0.6 * (figures["before"]["imbalance"] - 1)
    assert 0 < figures["moved_share"] <= 0.15


def test_phones_get_only_what_went_elsewhere(redivided: dict[str, Any], city: Database) -> None:
    moved = {point for point, cell in redivided["now"].items() if redivided["was"][point] != cell}
    written = redivided["written"]
    assert {id_ for kind, id_ in written if kind == "service_point"} == moved
    assert 0 < len(moved) < len(redivided["now"]) / 4
    with city.snapshot() as session:
        rows = session.execute(
            text("SELECT customer_id::text FROM service_point WHERE id = ANY(CAST(:ids AS uuid[]))"),
            {"ids": sorted(moved)},
        )
        assert {id_ for kind, id_ in written if kind == "customer"} == {row[0] for row in rows}
    changed = {cell["id"] for cell in redivided["cells"] if cell["change"] != "same"}
    assert {id_ for kind, id_ in written if kind == "cell"} == changed
    # The audit trail is no phone's.
    kinds = {kind for kind, _ in written} - {"administrative_act"}
    assert kinds <= {"service_point", "customer", "cell", "work_order", "visit", "item"}


def test_every_point_is_filed_where_it_lies(redivided: dict[str, Any], city: Database, branch: str) -> None:
    with city.snapshot() as session:
        ground = look_at(session, branch)
        filed = session.execute(
            text("SELECT cell_id::text FROM service_point WHERE unit_id = CAST(:unit AS uuid) ORDER BY id"),
            {"unit": branch},
        )
        cells = [row[0] for row in filed]
    # Jobs weigh too, where they lie; here it is about the service points.
    is_point = [category is not None for category in ground.categories]
    found = locate(ground.shapes, ground.places[is_point])
    assert [ground.cells[int(n)]["id"] for n in found] == cells


def test_the_cover_stays_exact_and_served(redivided: dict[str, Any], city: Database, branch: str) -> None:
    assert redivided["figures"]["after"]["cells"] > 1
    with city.snapshot() as session:
        report = coverage_report(session, [branch])
    assert (report["overlaps"], report["holes"], report["unserved"]) == ([], None, [])


def test_ten_thousand_places_have_one_cell_each(redivided: dict[str, Any]) -> None:
    shapes = [shape_of(cell["outline"]) for cell in redivided["cells"] if cell["outline"]]
    ground = shapely.union_all(shapes)
    west, south, east, north = ground.bounds
    random = np.random.default_rng(4)
    places = np.column_stack([random.uniform(west, east, 60_000), random.uniform(south, north, 60_000)])
    places = places[shapely.contains_xy(ground, places[:, 0], places[:, 1])][:10_000]
    assert len(places) == 10_000
    inside = shapely.STRtree(shapes).query(shapely.points(places), predicate="within")[0]
    assert np.bincount(inside, minlength=len(places)).tolist() == [1] * len(places)


def test_pictures_are_drawn_of_it(city: Database, tmp_path: Path) -> None:
    settings = replace(config.read({}), home=tmp_path)
    drawn = draw_city(city, settings, tmp_path / "pictures")
    assert [path.name for path in drawn] == ["cells.png", "again.png", "day.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 20_000 for path in drawn)
    # Cells are told apart, however well balanced they are: no picture of them is nearly all of one colour.
    for path in drawn[:2]:
        seen = Image.open(path).convert("RGB").getcolors(1 << 24) or []
        fills = {colour: count for count, colour in seen if "#%02x%02x%02x" % colour in FILLS}  # noqa: UP031
        assert len(fills) >= 3 and max(fills.values()) < 0.6 * sum(fills.values()), path
