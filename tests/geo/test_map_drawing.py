"""Colours and letters of a map where there is hardly anything: no cells, no room, no four colours."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely

from geo.colouring import FILLS, Pairs, coloured, colours, fills, neighbours
from geo.errors import NothingInside
from geo.lettering import Lettering, Wording, cut, roomiest, site_of, width_of
from geo.mapping import View, bar_of, plane_around, round_scale, view_of, views_of

NARROW, WIDE = Wording(("1",), 6, 1), Wording(("一二三四五六七八九十",), 10, 0)


def pairs(*found: tuple[int, int]) -> Pairs:
    return np.array(found, dtype=np.int64).reshape(-1, 2)


@pytest.mark.parametrize("count", [1, 4, 5, 7, 9])
def test_what_all_touch_one_another_needs_a_colour_each(count: int) -> None:
    found = colours(count, pairs(*itertools.combinations(range(count), 2)))
    assert sorted(found) == list(range(count))


def test_a_wheel_with_an_odd_rim_needs_four_and_an_even_one_three() -> None:
    for rim in (5, 6):
        spokes = [(0, n) for n in range(1, rim + 1)]
        around = [(n, n % rim + 1) for n in range(1, rim + 1)]
        found = colours(rim + 1, pairs(*spokes, *((min(one), max(one)) for one in around)))
        assert all(found[a] != found[b] for a, b in spokes + around)
        assert max(found) < 4


def test_a_choice_that_led_nowhere_is_taken_back() -> None:
    """A graph of random pairs that four colours do not do, and five or six may: whatever comes is right."""
    random = np.random.default_rng(3)
    for count in (12, 16, 20):
        ends = random.integers(0, count, (5 * count, 2))
        found = pairs(*{(int(min(a, b)), int(max(a, b))) for a, b in ends if a != b})
        given = colours(count, found)
        assert all(given[a] != given[b] for a, b in found.tolist())


def test_no_cells_have_no_colours() -> None:
    assert (colours(0, pairs()), fills([]), coloured([], 1.0)) == ([], [], [])
    assert neighbours([shapely.box(0, 0, 1, 1)], 1.0).shape == (0, 2)


def test_more_neighbours_than_fills_begin_again() -> None:
    stack = [shapely.box(120, 36, 120.1, 36.1)] * (len(FILLS) + 1)
    assert sorted(fills(stack)) == sorted([*FILLS, FILLS[0]])


@pytest.mark.parametrize(
    ("sign", "width"),
    [("网", 1.02), ("i", 0.36), ("7", 0.6), ("m", 0.92), ("A", 0.7), ("a", 0.62), ("a\u0301", 0.62)],
)
def test_how_wide_a_sign_is(sign: str, width: float) -> None:
    assert width_of(sign) == pytest.approx(width)


def test_a_line_is_cut_where_it_does_not_fit() -> None:
    assert (cut("网格", 3), cut("网格网格", 3), cut("a b", 0.5)) == ("网格", "网…", "…")


def test_letters_are_not_written_over_others() -> None:
    lettering, site = Lettering(50, 50), site_of(shapely.box(10, 10, 12.5, 13))
    assert lettering.inside(site, [WIDE]) is None, "wider than the cell"
    assert lettering.inside(site, [NARROW]) is not None
    assert lettering.inside(site, [NARROW]) is None, "its only place is taken"


def test_beside_a_cell_there_may_be_no_room() -> None:
    small, page = shapely.box(25, 25, 25.4, 25.4), shapely.box(0, 0, 50, 50)
    site = site_of(small)
    assert Lettering(50, 50).beside(None, [NARROW], page) is None
    assert Lettering(50, 50).beside(site, [NARROW], page) is None, "all around is ground"
    assert Lettering(1, 1).beside(site, [NARROW], small) is None, "off the page"
    label = Lettering(50, 50).beside(site, [WIDE, NARROW], small)
    assert label is not None
    assert label.of == pytest.approx((25.2, 25.2))
    covering = Lettering(50, 50).beside(site, [NARROW], page, may_cover=True)
    assert covering is not None


def test_the_first_free_box_is_taken_and_then_the_next() -> None:
    lettering, boxes = Lettering(10, 10), [(0.0, 0.0, 5.0, 5.0), (5.0, 5.0, 10.0, 10.0)]
    assert [lettering.free(boxes) for _ in range(3)] == [0, 1, 0]
    assert lettering.free([(-1.0, 0.0, 2.0, 2.0), (8.0, 0.0, 12.0, 2.0)]) == 0


def test_what_has_no_area_has_a_place_for_a_name_but_no_site() -> None:
    line = shapely.LineString([(0, 0), (2, 0)])
    assert (roomiest(line), roomiest(shapely.Polygon())) == ((1, 0), (0, 0))
    assert site_of(line) is None
    two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 9, 9)])
    assert roomiest(two) == pytest.approx((7, 7), abs=0.1)


def test_nothing_has_no_plane_and_no_views() -> None:
    with pytest.raises(NothingInside):
        plane_around([shapely.Polygon()])
    assert list(views_of(np.empty((0, 4)), [], [(100, 100)], lambda *_: True)) == []


@pytest.mark.parametrize("is_tall", [True, False])
def test_views_are_halved_along_the_longer_way_until_they_fit(is_tall: bool) -> None:
    low = np.arange(8.0) * 1000
    flat = np.zeros(8)
    columns = [flat, low, flat + 500, low + 500] if is_tall else [low, flat, low + 500, flat + 500]
    found = list(views_of(np.column_stack(columns), range(8), [(100, 100)], lambda _, group: len(group) <= 4))
    groups = [sorted(group) for _, group in found]
    # North before south, west before east.
    assert groups == ([[4, 5, 6, 7], [0, 1, 2, 3]] if is_tall else [[0, 1, 2, 3], [4, 5, 6, 7]])


def test_a_scale_is_never_finer_than_asked() -> None:
    assert [round_scale(least) for least in (1, 200, 201, 999, 10_001)] == [200, 200, 225, 1000, 11_000]


def test_where_no_site_is_nothing_is_written() -> None:
    assert Lettering(50, 50).inside(None, [NARROW]) is None


def test_a_view_puts_its_ground_on_paper_and_cuts_at_its_frame() -> None:
    view = View(100, 200, 1000, 80, 40)
    assert view.box == (60, 180, 140, 220)
    inside, across, outside = view.on_paper(
        np.array([shapely.box(90, 190, 110, 210), shapely.box(0, 0, 100, 200), shapely.box(0, 0, 10, 10)])
    )
    assert inside.bounds == (30, 10, 50, 30)
    assert across.bounds == (0, 20, 40, 40)
    assert outside.is_empty


def test_a_view_takes_the_frame_that_shows_more() -> None:
    view = view_of((0, 0, 9400, 4700), [(50, 100), (100, 53)])
    assert (view.east, view.north, view.scale, view.width) == (4700, 2350, 100_000, 100)


@pytest.mark.parametrize(
    ("most_mm", "metres", "parts"), [(50, 50, 5), (49, 20, 4), (20, 20, 4), (19, 10, 2), (10, 10, 2)]
)
def test_a_scale_bar_has_round_metres(most_mm: float, metres: float, parts: int) -> None:
    assert bar_of(1000, most_mm) == (metres, parts)


def test_on_the_plane_180_is_no_border() -> None:
    left, right = plane_around([shapely.box(179.9, 0, 180, 0.1), shapely.box(-180, 0, -179.9, 0.1)])
    assert shapely.distance(left, right) == pytest.approx(0, abs=0.01)
    west, south, east, north = shapely.total_bounds([left, right])
    assert east - west == pytest.approx(22_264, abs=20)
    assert north - south == pytest.approx(11_057, abs=20)
