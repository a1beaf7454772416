"""Geometry at its edges: nothing, one of a kind, places on one line, shapes beyond the date line."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geo import divide, graph, start
from geo.anneal import Annealing, Weights
from geo.date_line import cut, side_by_side, unwrapped
from geo.datum import Datum, from_wgs84, known_crs, to_wgs84
from geo.edit import merge, redraw, split
from geo.errors import (
    FieldMissing,
    FileUnreadable,
    LayerMissing,
    LineDoesNotCross,
    NothingInside,
    NothingLeft,
    NotNeighbours,
    OutsideTheEarth,
)
from geo.findings import found, grouped
from geo.lattice import clip, merge_slivers
from geo.locate import locate, nearest
from geo.measure import LocalMetres, area_m2
from geo.partition import Parting
from geo.progress import silent
from geo.sentences import Words, area_text, distance_text, need, placeholders
from geo.shapes import as_multipolygon, coverage_of, fill_gaps, on_grid, without_overlaps
from geo.sites import sites_of
from geo.units import Units

CELLS = [shapely.box(n, 0, n + 1, 1) for n in range(3)]
NOTHING = np.empty((0, 2))


def test_a_datum_moves_no_places_to_none() -> None:
    for datum in Datum:
        assert from_wgs84(NOTHING, datum).shape == to_wgs84(NOTHING, datum).shape == (0, 2)
    assert np.isnan(to_wgs84(np.array([[np.nan, 36.0]]), Datum.GCJ02)[0, 0])
    place = np.array([[120.0, 36.0]])
    assert (from_wgs84(place, Datum.WGS84) == place).all()
    assert known_crs("no such system") is None


@pytest.mark.parametrize(
    "shape", [shapely.box(0, 0, 361, 1), shapely.box(0, 0, 1, 91), shapely.Point(float("nan"), 1)]
)
def test_what_lies_nowhere_on_the_earth_says_so(shape: BaseGeometry) -> None:
    with pytest.raises(OutsideTheEarth, match="zone"):
        unwrapped(shape, "zone")


def test_over_the_line_only_parts_that_jump_are_mended() -> None:
    jumping = shapely.Polygon(
        [(179, 0), (-179, 0), (-179, 1), (179, 1)], [[(179.5, 0.2), (-179.5, 0.2), (-179.5, 0.8)]]
    )
    near = shapely.box(178, 2, 179, 3)
    both = shapely.GeometryCollection([jumping, near, shapely.Point(0, 0), shapely.Polygon()])
    mended = unwrapped(both, "zone")
    assert mended.bounds[2] - mended.bounds[0] == pytest.approx(3)
    assert unwrapped(jumping, "zone").area == pytest.approx(2 - 0.3)


def test_nothing_beside_nothing_stays() -> None:
    points = [shapely.Point(1, 1), shapely.Polygon()]
    assert side_by_side(points) == points


@pytest.mark.parametrize(
    ("box", "expected"),
    [((10, 0, 20, 1), (10, 20)), ((181, 0, 182, 1), (-179, -178)), ((179, 0, 181, 1), (-180, 180))],
)
def test_what_lies_beyond_the_line_is_put_behind_it(
    box: tuple[float, float, float, float], expected: tuple[float, float]
) -> None:
    west, _, east, _ = cut(shapely.box(*box)).bounds
    assert (west, east) == expected


def test_cells_that_do_not_touch_are_not_merged_and_the_others_are() -> None:
    far = shapely.box(9, 0, 10, 1)
    with pytest.raises(NotNeighbours):
        merge([*CELLS, far], [0, 1, 3])
    merged = merge(CELLS, [2, 0, 1])
    assert merged[0] is None and merged[1] is None
    assert merged[2] is not None and merged[2].area == pytest.approx(3)


def test_what_a_lone_cell_gives_up_it_keeps() -> None:
    (kept,) = redraw(CELLS[:1], 0, shapely.box(0, 0, 0.5, 1)).values()
    assert kept is not None and kept.area == pytest.approx(1)
    corner = [CELLS[0], shapely.box(1, 1, 2, 2)]
    smaller = redraw(corner, 0, shapely.box(0, 0, 0.5, 0.5))
    assert smaller[0] is not None and smaller[0].area == pytest.approx(1), "a corner is no border"


def test_a_shape_off_the_ground_leaves_nothing() -> None:
    for cell in (None, 0):
        with pytest.raises(NothingLeft):
            redraw(CELLS, cell, shapely.box(50, 50, 51, 51))
    with pytest.raises(NothingLeft):
        redraw(CELLS, None, shapely.box(-1, -1, 4, 2))


def test_a_line_round_a_corner_that_leaves_where_it_came_in_still_cuts() -> None:
    with pytest.raises(LineDoesNotCross):
        split(CELLS, 0, shapely.LineString([(0.5, 0.2), (0.5, 0.8)]))
    bent = split(CELLS, 0, shapely.LineString([(0.2, -1), (0.2, 0.5), (0.6, 0.5), (0.6, -1)]))
    areas = sorted(one.area for one in (bent[0], bent[3]) if one is not None)
    assert areas == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize(
    ("line", "areas"),
    [
        ([(3.01, 2.41), (1.55, 0.36), (2.98, 1.74)], [0.3629, 2.6371]),
        ([(3.34, -0.31), (4.25, 1.42), (1.62, 2.06), (3.09, 1.28), (2.88, 0.28)], [0.7864, 2.2136]),
    ],
)
def test_a_line_that_comes_back_beside_itself_cuts_what_it_cuts(
    line: list[tuple[float, float]], areas: list[float]
) -> None:
    ring = shapely.difference(shapely.box(2, 0, 4, 2), shapely.box(2.5, 0.5, 3.5, 1.5))
    cut_off = split([ring], 0, shapely.LineString(line))
    sides = [one for one in cut_off.values() if one is not None]
    assert sorted(one.area for one in sides) == pytest.approx(areas, abs=1e-3)
    assert shapely.union_all(sides).area == pytest.approx(ring.area)


def test_a_place_has_its_cell_or_the_nearest() -> None:
    places = np.array([[0.5, 0.5], [1.0, 0.5], [2.5, 5.0]])
    assert locate(CELLS, places).tolist() == [0, 0, -1]
    assert nearest(CELLS, places).tolist() == [0, 0, 2]
    assert nearest(CELLS, places[:2]).tolist() == [0, 0]


def test_nothing_has_no_metres_and_no_area() -> None:
    with pytest.raises(NothingInside):
        LocalMetres(shapely.Polygon())
    assert area_m2(shapely.Polygon()) == 0
    over = shapely.MultiPolygon([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179.5, 1)])
    assert area_m2(over) == pytest.approx(1.5 * area_m2(shapely.box(10, 0, 11, 1)), rel=1e-3)
    assert LocalMetres(over).to_metres(shapely.box(179, 0, 180, 1)).is_valid


def test_a_lattice_off_the_ground_holds_nothing() -> None:
    with pytest.raises(NothingInside):
        clip(np.array(CELLS, dtype=object), shapely.box(50, 50, 51, 51))


def test_slivers_join_the_cell_along_the_longest_border_also_one_after_the_other() -> None:
    slivers = [shapely.box(3, 0, 3.01, 1), shapely.box(3.01, 0, 3.015, 1), shapely.box(9, 9, 9.01, 9.01)]
    merged = merge_slivers(np.array([*CELLS, *slivers], dtype=object))
    assert sorted(round(float(one.area), 4) for one in merged) == [0.0001, 1, 1, 1.015]


def test_cover_without_gaps_or_overlaps_stays_as_it_is() -> None:
    whole = shapely.box(0, 0, 3, 1)
    assert [one.area for one in fill_gaps(whole, CELLS)] == [1, 1, 1]
    exact = coverage_of(whole, CELLS)
    assert (exact.gap_area, exact.overlaps) == (0, [])
    wide = [CELLS[0], shapely.box(0.5, 0, 2, 1)]
    torn = coverage_of(whole, wide)
    assert torn.gap_area == pytest.approx(1)
    assert [(i, j) for i, j, _ in torn.overlaps] == [(0, 1)]
    assert [one.area for one in without_overlaps(wide)] == pytest.approx([1, 1])
    assert as_multipolygon(shapely.Point(0, 0)).is_empty


def test_a_sliver_that_rounding_makes_joins_a_cell_and_a_hole_stays() -> None:
    sliver = shapely.box(1 + 2e-7, 0, 2, 1)
    closed = on_grid([CELLS[0], sliver])
    assert shapely.union_all(closed).area == pytest.approx(2, abs=1e-6)
    holed = shapely.difference(shapely.box(0, 0, 3, 3), shapely.box(1, 1, 2, 2))
    assert on_grid([holed])[0].area == pytest.approx(8)


def units(weights: list[float], middles: list[tuple[float, float]], *pairs: tuple[int, int]) -> Units:
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Units(
        np.empty(0, dtype=object),
        np.array(weights),
        np.array(middles, dtype=np.float64),
        np.ones(len(weights)),
        found,
        np.ones(len(found)),
    )


def test_islands_on_one_line_are_tied_by_the_shortest_ways() -> None:
    line = graph.Graph(units([1, 1, 1], [(0, 0), (1, 0), (5, 0)]))
    assert [sorted(near) for near in line.borders] == [[1], [0, 2], [1]]


def test_a_part_without_a_unit_gets_the_heaviest_of_the_fullest() -> None:
    row = graph.Graph(units([1, 5, 1], [(0, 0), (1, 0), (2, 0)], (0, 1), (1, 2)))
    parts = np.array([0, 0, 0])
    row.mend(parts, 2)
    assert set(parts.tolist()) == {0, 1}
    assert row.disconnected(parts) == []


def test_what_hangs_together_is_one_group() -> None:
    borders = [{1: 1.0}, {0: 1.0}, {}]
    assert graph.components(borders, [0, 1, 2]) == [[0, 1], [2]]
    assert graph.components(borders, []) == []


def test_fewer_units_than_parts_are_halved_no_further() -> None:
    row = graph.Graph(units([1, 1, 1], [(0, 0), (1, 0), (2, 1)], (0, 1), (1, 2)))
    assert sorted(start.start(row, 3, seed=1).tolist()) == [0, 1, 2]
    assert set(start.start(row, 1, seed=1).tolist()) == {0}


def test_findings_of_a_kind_are_one_line_with_the_worst_first() -> None:
    one = found("slip", ["甲"], "缝", "slip", 0.2)
    (alone,) = grouped([one])
    assert (alone["count"], "甲" in alone["zh"]) == (1, True)
    said = found("slip", ["甲"], "“甲”有缝", "“甲” has a slip")
    assert grouped([said])[0]["zh"] == "“甲”有缝"
    small, large = grouped([one, one])[0], grouped([one, found("slip", ["乙"], "缝", "slip", 7)])[0]
    assert (small["area_m2"], large["worst"][0]["zones"]) == (0.4, ["乙"])
    strange, known = grouped(
        [one, found("never heard of", [], "怪", "odd"), found("never heard of", [], "怪", "odd")]
    )
    assert (strange["code"], strange["is_grave"], known["code"]) == ("never heard of", False, "slip")


def test_what_is_missing_is_named_with_what_there_is() -> None:
    for kind in (LayerMissing, FieldMissing):
        assert kind().said() == (kind.zh, kind.en)
        assert "水表" in kind("水表").said().zh
        named = kind("水表", "甲", "乙").said()
        assert "甲" in named.zh and "乙" in named.en
    assert "7" not in FileUnreadable(7).said().zh
    turned = OutsideTheEarth("甲", "EPSG:4549 (x), 轴反 · turned").said()
    assert ("轴反" in turned.zh, "turned" in turned.zh, "turned" in turned.en) == (True, False, True)


def test_sizes_are_said_as_people_read_them() -> None:
    assert [area_text(size).en for size in (99_999, 100_000)] == ["99,999 m²", "0.10 km²"]
    assert [distance_text(way).en for way in (999, 1_000, 123_456)] == ["999 m", "1.0 km", "123 km"]
    with pytest.raises(TypeError, match="takes"):
        need("it", {"name": "text"}, {})
    with pytest.raises(TypeError, match="is no text"):
        need("it", {"name": "text"}, {"name": 7})
    told = Words("缝", "slip")
    assert (told.line, Words("A1", "A1").line) == ("缝 · slip", "A1")
    assert told.cut(2) == ("缝", "sl")
    assert placeholders("{a} {b:.1f} c") == {"a", "b"}


def test_a_narrow_hole_that_rounding_made_is_filled() -> None:
    square, slit = shapely.box(0, 0, 3, 3), shapely.box(1, 1, 1 + 2e-7, 2)
    assert on_grid([shapely.difference(square, slit)])[0].equals(square)


def test_places_a_centimetre_apart_have_a_site_each_where_both_are_heavy() -> None:
    ground, places = shapely.box(0, 0, 100, 100), np.array([[50.0, 50.0], [50.01, 50.0]])
    found = sites_of(ground, places, np.ones(2), 100, 0.1)
    assert all((found == place).all(axis=1).any() for place in places)
    assert sites_of(ground, places, np.ones(2), 100, 9).tolist() == [[50.005, 50]], "light ones share one"


ROW = [(float(n), 0.0) for n in range(40)]
CHAIN = [(n, n + 1) for n in range(39)]


def test_rounds_that_are_over_while_it_is_warm_are_told_to_the_end() -> None:
    row = graph.Graph(units([1.0] * 40, ROW, *CHAIN))
    parting = Parting(row, np.repeat([0, 1], [30, 10]), 2)
    told: list[tuple[int, int]] = []
    Annealing(parting, Weights(heat=0.5, rounds=2)).run(1, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert sum(parting.loads) == pytest.approx(2)
    assert row.disconnected(parting.array()) == []


def test_where_too_much_would_have_to_move_what_may_is_handed_on() -> None:
    weights = [5.0] * 10 + [1.0] * 30
    row, home = graph.Graph(units(weights, ROW, *CHAIN)), np.repeat(np.arange(4), 10)
    parts = divide._evened(row, home, 4, 1, silent)
    moved = row.weights[parts != home].sum() / row.weights.sum()
    loads = np.bincount(parts, weights=row.weights)
    assert 0 < moved <= divide.UNITS_MOVED
    assert loads.max() < 50
    assert row.disconnected(parts) == []


def test_a_place_is_too_heavy_by_its_share_of_a_cell() -> None:
    places = np.array([[120.0, 36.0], [120.1, 36.0], [120.1, 36.0]])
    assert divide.too_heavy(places, np.zeros(3), 2) is None
    assert divide.too_heavy(places, np.ones(3), 0) is None
    heavy = divide.too_heavy(places, np.ones(3), 3)
    assert heavy is not None
    assert (heavy.count, heavy.place) == (2, (120.1, 36.0)), "two at one place are one"
    assert heavy.share == pytest.approx(2)
    many = np.column_stack([np.linspace(120, 121, 100), np.full(100, 36.0)])
    assert divide.too_heavy(many, np.ones(100), 2) is None
