"""Plans of cells drawn without a database: identity, figures, and what is told of each way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from backend.core.geometry import geojson_of
from backend.territory.services.cell_map_drawing import FEW, SIZES, MapCell, draw_map, frames_of
from backend.territory.services.ground_around import Around
from backend.territory.services.ground_drawing import Drawn, Ground, draw
from geo.errors import GeoError, LineDoesNotCross, NothingInside, NotNeighbours
from geo.progress import silent

WEST, EAST = (
    shapely.multipolygons([shapely.box(west, 36.0, east, 36.02)])
    for west, east in ((120.0, 120.02), (120.02, 120.04))
)


def cell(n: int, shape: Any) -> dict[str, Any]:
    return {"id": f"c{n}", "name": f"网格{n}", "code": f"N{n:03d}", "shape": shape, "version": n}


def ground(*shapes: Any, places: tuple[tuple[float, float], ...] = ()) -> Ground:
    """Cells with a residential customer at each place."""
    at = np.array(places, dtype=np.float64).reshape(-1, 2)
    cells = [cell(n, one) for n, one in enumerate(shapes, 1)]
    return Ground(cells, at, [None] * len(at), np.ones(len(at)))


TWO = ground(WEST, EAST, places=((120.005, 36.01), (120.015, 36.01), (120.03, 36.01)))


def drawn(over: Ground, way: str, around: Around | None = None, **request: Any) -> Drawn:
    return draw(over, way, {"job_weight": 1.0} | request, None, silent, around or Around())


def changes(made: Drawn) -> dict[str, str]:
    return {one["code"]: one["change"] for one in made.cells}


def test_merged_cells_end_and_carry_what_they_had() -> None:
    made = drawn(TWO, "merge", cell_ids=["c1", "c2"])
    assert changes(made) == {"N001": "changed", "N002": "ended"}
    kept, ended = made.cells
    assert (kept["workload"], ended["workload"], ended["outline"]) == (3.0, 0.0, None)
    assert (made.figures["before"]["cells"], made.figures["after"]["cells"]) == (2, 1)
    assert made.figures["moved_share"] == pytest.approx(1 / 3, abs=1e-4)
    assert (made.figures["lost_m2"], made.figures["far_m"]) == (0.0, None)


@pytest.mark.parametrize(("asked", "name", "code"), [
    ({}, None, "N003"), ({"name": "东区", "code": "E1"}, "东区", "E1"), ({"name": "", "code": ""}, None, "N003"),
])  # fmt: skip
def test_a_split_cell_keeps_its_identity_and_the_new_part_has_a_free_code(
    asked: dict[str, str], name: str | None, code: str
) -> None:
    line = geojson_of(shapely.LineString([(120.01, 35.99), (120.01, 36.03)]))
    made = drawn(TWO, "split", cell_id="c1", line=line, **asked)
    assert changes(made) == {"N001": "changed", "N002": "same", code: "new"}
    new = made.cells[-1]
    assert new["id"] is None
    assert new["name"] == name or (name is None and code in new["name"])
    assert sum(one["workload"] for one in made.cells) == 3.0
    assert made.figures["after"]["overlap_m2"] == made.figures["after"]["gap_m2"] == 0.0


def test_what_is_drawn_anew_is_taken_from_the_neighbour() -> None:
    outline = geojson_of(shapely.box(120.01, 36.0, 120.03, 36.02))
    made = drawn(TWO, "draw", outline=outline, name="中区", code="M1")
    assert changes(made) == {"N001": "changed", "N002": "changed", "M1": "new"}
    made = drawn(TWO, "draw", cell_id="c1", outline=geojson_of(WEST))
    assert changes(made) == {"N001": "same", "N002": "same"}
    assert made.figures["before"] == made.figures["after"] and made.figures["moved_share"] == 0.0


BESIDE = geojson_of(shapely.LineString([(121, 35.99), (121, 36.03)]))


@pytest.mark.parametrize(
    ("way", "request_", "error"),
    [
        ("split", {"cell_id": "c1", "line": BESIDE}, LineDoesNotCross),
        ("split", {"cell_id": "c9", "line": BESIDE}, NothingInside),
        ("merge", {"cell_ids": ["c1", "gone"]}, NothingInside),
        ("draw", {"cell_id": "", "outline": geojson_of(shapely.box(0, 0, 0, 0))}, GeoError),
    ],
)
def test_an_edit_that_cannot_be_made_is_said(
    way: str, request_: dict[str, Any], error: type[GeoError]
) -> None:
    with pytest.raises(error) as caught:
        drawn(TWO, way, **request_)
    said = caught.value.said()
    assert said.zh and said.en


def test_cells_apart_are_not_merged() -> None:
    with pytest.raises(NotNeighbours):
        drawn(ground(WEST, shapely.box(121, 36, 121.02, 36.02)), "merge", cell_ids=["c1", "c2"])


@pytest.mark.parametrize("way", ["balanced", "squares", "hexagons", "h3"])
def test_without_ground_nothing_is_divided(way: str) -> None:
    with pytest.raises(NothingInside):
        drawn(ground(), way, cells=3, side_m=500, resolution=8)


def test_the_first_cells_of_a_unit_are_all_new_and_cover_what_was_asked() -> None:
    made = drawn(ground(), "squares", side_m=1000, territory=geojson_of(WEST))
    assert {one["change"] for one in made.cells} == {"new"}
    codes = [one["code"] for one in made.cells]
    assert codes == [f"N{n:03d}" for n in range(1, len(codes) + 1)] and len(codes) > 2
    assert made.figures["before"] == {
        "cells": 0, "imbalance": None, "roundness": None, "overlap_m2": 0.0,
        "gap_m2": made.figures["before"]["gap_m2"],
    }  # fmt: skip
    assert made.figures["before"]["gap_m2"] > 3_900_000 and made.figures["after"]["gap_m2"] < 1
    assert made.figures["after"]["imbalance"] is None and made.figures["moved_share"] == 0.0


def test_a_drawn_territory_beyond_the_cells_is_a_gap_before_and_after() -> None:
    beyond = Around(territory=shapely.box(120.0, 36.0, 120.06, 36.02))
    made = drawn(TWO, "merge", beyond, cell_ids=["c1", "c2"])
    before, after = made.figures["before"]["gap_m2"], made.figures["after"]["gap_m2"]
    assert before == after > 3_900_000


def test_divided_cells_keep_the_identity_of_those_whose_work_they_have() -> None:
    made = drawn(TWO, "balanced", cells=1, seed=3)
    assert sorted(changes(made).items()) == [("N001", "changed"), ("N002", "ended")]
    assert [one["workload"] for one in made.cells] == [3.0, 0.0]


def test_one_place_heavier_than_all_is_told() -> None:
    heavy = Ground(TWO.cells, TWO.places, TWO.categories, np.array([1.0, 1.0, 98.0]))
    (found,) = drawn(heavy, "rebalanced").findings
    assert found.code == "indivisible_place"
    assert "120.030000, 36.010000" in found.zh and "196%" in found.en
    assert drawn(ground(WEST, EAST, places=((120.01, 36.01), (120.03, 36.01))), "rebalanced").findings == []


def test_work_is_weighed_as_the_request_says() -> None:
    mixed = Ground([], np.array([(120.0, 36.0)] * 2), ["resident", None], np.array([0.0, 4.0]))
    assert mixed.workload({"visits_a_year": {"resident": 3.0}, "job_weight": 0.5}).tolist() == [3.0, 2.0]
    assert mixed.workload({"visits_a_year": {"resident": 0.0}, "job_weight": 0}).tolist() == [0.0, 0.0]
    assert mixed.workload({}).tolist() == mixed.workload({"visits_a_year": None, "job_weight": None}).tolist()
    assert mixed.versions == {} and TWO.versions == {"c1": 1, "c2": 2}


@pytest.mark.parametrize("size", SIZES)
def test_a_page_has_room_for_ground_whichever_way_it_lies(size: str) -> None:
    (upright, lying), (many, _) = frames_of(size, FEW), frames_of(size, FEW + 1)
    assert upright[0] < many[1] and lying[0] > lying[1] > 0 and lying[0] > upright[0]
    assert many[1] > upright[1] and many[0] == upright[0]
    assert frames_of(size, 1)[0][1] > upright[1]
    assert frames_of(size, FEW + 1) == frames_of(size, 5000)


ODD = ["", " ", "<b>&\"'", "网" * 300, "a" * 300, "عربي", "😀" * 20, "1234567890123456", "x y"]


@pytest.mark.parametrize("name", ODD)
def test_any_name_has_its_place_and_none_gets_into_the_drawing(name: str) -> None:
    cells = [MapCell(str(n + 1), name, name, (), "u", one) for n, one in enumerate((WEST, EAST))]
    made = draw_map(cells, "a4")
    (page,) = made.pages
    assert made.page_of == [1, 1] and len(set(made.colours)) == 2
    assert [one["lines"][0] for one in page["labels"]] in (["1", "2"], ["2", "1"])
    svg = made.files[page["file"]]
    assert b"<text" not in svg and svg.isascii() and svg.count(b"<svg") == svg.count(b"</svg>") == 1


def test_a_map_of_nothing_is_refused() -> None:
    with pytest.raises(NothingInside):
        draw_map([], "a4")


def test_each_outline_of_before_is_drawn_over_the_cells() -> None:
    cells = [MapCell("1", "一", "李", ("1 户",), "u", WEST)]
    now, then = draw_map(cells, "a3"), draw_map(cells, "a3", [EAST], is_one_page=True)
    assert then.files["map-1.svg"].count(b"<path") == now.files["map-1.svg"].count(b"<path") + 1
