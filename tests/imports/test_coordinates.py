"""Coordinates in any datum or none: judged on a sample against the territory, asked where in doubt."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from backend.imports.reading.coordinates import degrees, judged, pair, system_words, to_places, turned
from backend.imports.reading.places import placed
from backend.imports.reading.shapes import Cell
from backend.imports.reading.wrong import Wrong
from geo.datum import Datum, from_wgs84
from geo.measure import distance_m
from tests.imports.city import city

GROUND = city().ground
LOS_ANGELES = shapely.box(-118.4, 33.9, -118.2, 34.1)


def inside(ground: shapely.Polygon, count: int = 800) -> np.ndarray:
    """Places all over a ground, as customers of a whole city are."""
    random, (west, south, east, north) = Random(3), ground.bounds
    return np.array([(random.uniform(west, east), random.uniform(south, north)) for _ in range(count)])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (120.3826, 120.3826),
        ("120.3826", 120.3826),
        ("１２０．３８２６", 120.3826),
        ("120.3826°", 120.3826),
        ("E120.3826", 120.3826),
        ("118.25W", -118.25),
        ("-118.25", -118.25),
        ("120°22′57.36″", 120.3826),
        ("120°22'57.36\"E", 120.3826),
        ("东经120度22分57.36秒", 120.3826),
        ("N36°4.2′", 36.07),
        ("36º04'12''N", 36.07),
        ("118°15′W", -118.25),
        (3995123.25, 3995123.25),
    ],
)
def test_figures_in_their_forms(cell: Cell, value: float) -> None:
    assert degrees(cell) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("cell", ["", "路口", "120,38", "36°75′", "36°4′75″", True, "1.2.3"])
def test_what_is_no_coordinate_is_refused(cell: Cell) -> None:
    with pytest.raises(Wrong) as refused:
        degrees(cell)
    assert refused.value.code == "no_coordinate"


@pytest.mark.parametrize(
    "cell",
    [
        "120.38,36.07",
        "120.38， 36.07",
        "120.38 36.07",
        "POINT(120.38 36.07)",
        "[120.38;36.07]",
        "(120.38,36.07)",
    ],
)
def test_both_figures_of_one_cell(cell: str) -> None:
    assert pair(cell) == (120.38, 36.07)


@pytest.mark.parametrize("cell", ["120.38", "120.38,36.07,5", "a,b", 120.38])
def test_half_a_place_or_more_is_refused(cell: Cell) -> None:
    with pytest.raises(Wrong):
        pair(cell)


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("datum", list(Datum))
def test_the_datum_of_a_citys_customers_is_told(datum: Datum, is_turned: bool) -> None:
    places = inside(GROUND)
    figures = from_wgs84(places, datum)
    figures = figures[:, ::-1] if is_turned else figures
    system = judged(figures, GROUND).system
    assert system == (turned(datum) if is_turned else datum)
    assert np.abs(to_places(figures, str(system)) - places).max() < 1e-7


def test_some_rows_the_other_way_round_do_not_turn_the_column() -> None:
    figures = from_wgs84(inside(GROUND), Datum.GCJ02)
    figures[::40] = figures[::40, ::-1]
    assert judged(figures, GROUND).system == "gcj02"


def test_where_customers_live_in_the_middle_the_datum_is_asked() -> None:
    middle = (
        np.array([[GROUND.centroid.x, GROUND.centroid.y]]) + (inside(GROUND) - inside(GROUND).mean(0)) * 0.1
    )
    found = judged(middle, GROUND)
    assert found.system is None
    assert set(found.candidates) == {"wgs84", "gcj02", "bd09"}


def test_outside_china_there_is_nothing_to_ask() -> None:
    assert judged(inside(LOS_ANGELES), LOS_ANGELES).system == "wgs84"
    assert judged(inside(LOS_ANGELES)[:, ::-1], LOS_ANGELES).system == "wgs84+turned"


@pytest.mark.parametrize("north_first", [False, True])
def test_metres_of_a_zone_are_told_and_where_two_zones_fit_asked(north_first: bool) -> None:
    places = inside(GROUND, 60)
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:4549", always_xy=True)
    figures = np.column_stack(to_metres.transform(places[:, 0], places[:, 1]))
    found = judged(figures[:, ::-1] if north_first else figures, GROUND)
    wanted = "EPSG:4549+turned" if north_first else "EPSG:4549"
    assert wanted in found.candidates
    shown = to_places(figures[:, ::-1] if north_first else figures, wanted)
    assert np.abs(shown - places).max() < 1e-6


def test_without_a_territory_everything_is_asked() -> None:
    assert judged(inside(GROUND), None).candidates == ("wgs84", "gcj02", "bd09")
    assert judged(inside(GROUND)[:, ::-1], None).candidates == ("wgs84+turned", "gcj02+turned", "bd09+turned")
    assert judged(np.array([[40512345.0, 3995123.0]]), None).candidates == ()
    assert judged(np.zeros((0, 2)), GROUND).candidates == ()


def test_systems_have_names_in_both_languages() -> None:
    assert system_words("gcj02") == ("GCJ-02（高德、腾讯）", "GCJ-02")
    assert system_words("EPSG:4549+turned")[1] == "EPSG:4549, the two columns the other way round"
    assert turned(turned("bd09")) == "bd09"


def test_a_row_is_placed_turned_told_or_refused() -> None:
    x, y = GROUND.centroid.x, GROUND.centroid.y
    west = GROUND.bounds[0]
    sound, swapped, zero, near, far, none = placed(
        [(x, y), (y, x), (0, 0), (west - 0.01, y), (x - 20, y), (500, 3)], "wgs84", GROUND
    )
    assert (sound.place, sound.note, sound.wrong) == ((round(x, 7), round(y, 7)), None, None)
    assert swapped.note is not None
    assert (swapped.place, swapped.note.code) == (sound.place, "place_swapped")
    assert zero.note is not None
    assert (zero.place, zero.note.code) == (None, "place_zero")
    assert near.place is not None
    assert near.note is not None
    assert (near.note.code, round(near.note.arguments["distance"], -2)) == ("place_outside", 900)
    assert far.wrong is not None
    assert (far.wrong.code, far.place) == ("far_away", None)
    assert far.wrong.arguments["distance"] > 1_000_000
    assert none.wrong is not None
    assert none.wrong.code == "no_coordinate"
    assert placed([], "wgs84", GROUND) == []


def test_a_place_in_another_datum_is_where_it_is() -> None:
    place = (GROUND.centroid.x, GROUND.centroid.y)
    figures = from_wgs84(np.array([place]), Datum.BD09)[0]
    (found,) = placed([(figures[0], figures[1])], "bd09", GROUND)
    assert found.place is not None
    assert distance_m(found.place, place) < 0.1
    assert distance_m((figures[0], figures[1]), place) > 300


def test_without_a_territory_a_place_is_taken_as_it_is() -> None:
    (found,) = placed([(2.35, 48.85)], "wgs84", None)
    assert found.place == (2.35, 48.85)
