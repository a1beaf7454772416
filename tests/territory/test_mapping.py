"""Cells on paper: colours, letters, scales, views.

Neighbours differ in few colours, letters lie within their cells, scales are round, 180° is no border.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from backend.territory.services.cell_map_drawing import SIZES, CellMap, MapCell, draw_map, frames_of
from geo.colouring import FILLS, coloured, colours, fills, neighbours
from geo.lettering import Lettering, Wording, cut, roomiest, site_of, width_of
from geo.mapping import bar_of, plane_around, round_scale, view_of

ZONES = Path(__file__).parents[2].parent / "shared/data/service_zones/alaska_service_areas.geojson"


def city(cells: int, seed: int = 1, at: tuple[float, float] = (120.4, 36.1)) -> list[BaseGeometry]:
    """A ragged city, dense in its middle, in degrees."""
    places = np.random.default_rng(seed).normal(0, 1, (cells, 2))
    hull = shapely.buffer(shapely.concave_hull(shapely.multipoints(places), 0.4), 0.15)
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(places), extend_to=hull))
    parts = shapely.intersection(parts, hull)
    return list(
        shapely.transform(
            parts, lambda xy: np.column_stack([at[0] + xy[:, 0] * 0.05, at[1] + xy[:, 1] * 0.04])
        )
    )


def cells_of(shapes: list[BaseGeometry], people: str = "王晓明") -> list[MapCell]:
    return [
        MapCell(str(n + 1), f"市南{n + 1:02d}网格", people, ("300 户", "工作量 99"), "n", one)
        for n, one in enumerate(shapes)
    ]


def differ(shapes: Any, found: list[int], reach: float) -> bool:
    return all(found[a] != found[b] for a, b in neighbours(shapes, reach))


@pytest.mark.parametrize("cells", [2, 5, 50, 200, 600])
def test_neighbours_differ_in_four_colours(cells: int) -> None:
    shapes = plane_around(city(cells, cells))
    found = coloured(list(shapes), 1.0)
    assert differ(shapes, found, 1.0) and len(set(found)) <= 4
    assert found == coloured(list(shapes), 1.0)
    # Four colours are used alike, so that no map is nearly all of one.
    assert cells < 50 or max(np.bincount(found)) < 0.4 * cells


def test_who_is_a_neighbour() -> None:
    squares = [shapely.box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)]
    assert len(neighbours(squares, 0.01)) == 24  # Corners alone do not count.
    apart = [shapely.box(0, 0, 1, 1), shapely.box(1.005, 0, 2, 1), shapely.box(0.2, 1.2, 0.8, 2)]
    assert neighbours(apart, 0.01).tolist() == [[0, 1]]
    inside = [shapely.box(0, 0, 10, 10).difference(shapely.box(4, 4, 5, 5)), shapely.box(4, 4, 5, 5)]
    assert neighbours(inside, 0.01).tolist() == [[0, 1]]
    assert sorted(coloured([shapely.box(0, 0, 1, 1)] * 9, 0.01)) == list(range(9))
    assert colours(0, neighbours([], 0.01)) == [] and fills([]) == []


def test_fills_are_told_apart_in_grey_and_by_the_colour_blind() -> None:
    rgb = np.array([[int(one[n : n + 2], 16) for n in (1, 3, 5)] for one in FILLS]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # Machado, Oliveira & Fernandes 2009: no green, no red, no blue.
    blind = [
        np.eye(3),
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    ]
    for seen in blind:
        lab = _lab(np.clip(linear @ np.array(seen).T, 0, 1))
        gaps = np.linalg.norm(lab[:, None] - lab[None, :], axis=2)
        assert gaps[~np.eye(len(FILLS), dtype=bool)].min() > 15
    assert np.diff(sorted(_lab(linear)[:, 0])).min() > 7


def _lab(linear: NDArray[Any]) -> NDArray[Any]:
    xyz = linear @ np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]).T
    f = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.0888], 1e-6))
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


def test_scales_and_bars_are_round() -> None:
    assert [round_scale(one) for one in (1, 201, 1000, 10_001, 123_000, 9_900_000)] == [
        200,
        225,
        1000,
        11_000,
        125_000,
        10_000_000,
    ]
    for scale in (200, 1300, 25_000, 1_400_000):
        metres, parts = bar_of(scale, 62)
        assert metres * 1000 / scale <= 62 and metres * 1000 / scale > 22
        assert str(metres).replace("0", "").replace(".", "") in ("1", "2", "5") and parts in (2, 4, 5)


def test_the_plane_is_true_to_scale_and_180_degrees_are_no_border() -> None:
    east = plane_around([shapely.box(179.9, -16.1, 180, -16), shapely.box(-180, -16.1, -179.9, -16)])
    assert shapely.distance(*east) < 1
    west, south, right, north = shapely.total_bounds(east)
    assert right - west == pytest.approx(21_390, rel=0.01) and north - south == pytest.approx(
        11_065, rel=0.01
    )


def placed_rightly(made: CellMap, cells: list[MapCell], size: str) -> None:
    """Every cell is on its page by name or key.

    Letters within cells lie there whole, and none lie on others.
    """
    shapes = plane_around([one.shape for one in cells])
    keys = {one.key: n for n, one in enumerate(cells)}
    bounds = tuple(shapely.total_bounds(shapes))
    whole = view_of(bounds, frames_of(size, len(cells)))  # type: ignore[arg-type]
    on_page = whole.on_paper(shapes)
    for n, page in enumerate(made.pages):
        boxes = [
            shapely.box(
                one["x"] - one["width"] / 2,
                one["y"] - one["height"] / 2,
                one["x"] + one["width"] / 2,
                one["y"] + one["height"] / 2,
            )
            for one in page["labels"]
        ]
        frame = shapely.box(0, 0, page["width"], page["height"])
        assert all(frame.contains(one) for one in boxes)
        assert len(shapely.STRtree(boxes).query(boxes, predicate="overlaps")[0]) == 0
        assert min(one["size"] for one in page["labels"]) >= 5.5
        for label, box in zip(page["labels"], boxes, strict=True):
            if n == 0 and not label["is_beside"]:
                assert on_page[keys[label["lines"][0]]].contains(box), label
    shown = [{label["lines"][0] for label in page["labels"]} for page in made.pages]
    assert all(cells[n].key in shown[page - 1] for n, page in enumerate(made.page_of))


@pytest.mark.parametrize(
    ("cells", "size", "most"), [(1, "a4", 1), (6, "a3", 1), (50, "a4", 4), (230, "a3", 8), (230, "a4", 16)]
)
def test_a_map_names_every_cell_on_few_pages(cells: int, size: str, most: int) -> None:
    drawn = cells_of(city(cells))
    made = draw_map(drawn, size)
    placed_rightly(made, drawn, size)
    assert len(made.pages) <= most and len(made.files) == len(made.pages)
    named = {label["lines"][0] for page in made.pages for label in page["labels"] if len(label["lines"]) > 2}
    assert len(named) >= 0.85 * cells
    for page in made.pages:
        assert page["is_lying"] == (page["width"] > SIZES[size][0])


@pytest.mark.skipif(not ZONES.exists(), reason="../shared/data is not here: its files are not ours to ship")
def test_another_country_with_its_islands_is_drawn_too() -> None:
    rows = json.loads(ZONES.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.make_valid(shapely.from_geojson(json.dumps(one["geometry"]))) for one in rows]
    drawn = cells_of(shapes, "An electric cooperative")
    for size in SIZES:
        made = draw_map(drawn, size)
        placed_rightly(made, drawn, size)
        assert len(made.pages) <= 14
    plane = plane_around(shapes)
    assert differ(plane, coloured(list(plane), 500.0), 500.0)


def test_letters_fit_where_they_stand() -> None:
    lettering = Lettering(100, 100)
    wide, small = Wording(("一二三四五六七八九十",), 10, 0), Wording(("1",), 6, 3)
    slim = shapely.box(10, 10, 14, 60)
    label = lettering.inside(site_of(slim), [wide, small])
    assert label is not None and label.wording is small
    beside = lettering.beside(site_of(shapely.box(50, 50, 50.4, 50.4)), [wide], shapely.box(40, 0, 60, 100))
    assert beside is None  # All around is ground: a name would lie on another cell.
    assert lettering.beside(
        site_of(shapely.box(50, 50, 50.4, 50.4)), [small], shapely.box(40, 0, 60, 100), may_cover=True
    )
    assert lettering.inside(site_of(shapely.Polygon()), [small]) is None
    assert width_of("网格") > 2 and cut("网" * 30, 16).endswith("…") and width_of(cut("网" * 30, 16)) <= 16
    u = shapely.box(0, 0, 30, 30).difference(shapely.box(5, 5, 25, 30))
    assert u.contains(shapely.Point(roomiest(u)))
