"""Datums: known places of nine cities in six systems, published vectors, and a shift that is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import Datum, from_wgs84, on_datum, reprojected, suspected, to_wgs84
from geo.errors import UnknownCrs
from geo.measure import distance_m

SHARED = Path(__file__).parents[2].parent / "shared/data/calendar_datum"
HERE = shapely.box(120.3, 36.0, 120.5, 36.2)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@given(lng=st.floats(74, 134), lat=st.floats(4, 53))
def test_there_and_back_is_the_same_place(datum: Datum, lng: float, lat: float) -> None:
    place = np.array([[lng, lat]])
    back = to_wgs84(from_wgs84(place, datum), datum)
    assert np.abs(back - place).max() < 1e-7


@pytest.mark.skipif(
    not SHARED.exists(), reason="../shared/data is not here: the published vectors are not ours to ship"
)
def test_published_vectors_agree() -> None:
    for row in json.loads((SHARED / "eviltransform_3_vectors.json").read_text()):
        (lat, lng), (gcj_lat, gcj_lng) = row["wgs"], row["gcj"]
        (found,) = from_wgs84(np.array([[lng, lat]]), Datum.GCJ02)
        assert distance_m((float(found[0]), float(found[1])), (gcj_lng, gcj_lat)) < 0.5


def test_the_shift_in_qingdao_is_known() -> None:
    place = (120.38, 36.06)
    (moved,) = from_wgs84(np.array([place]), Datum.GCJ02)
    assert 430 < distance_m(place, (float(moved[0]), float(moved[1]))) < 520


def test_outside_china_nothing_is_shifted() -> None:
    place = np.array([[-122.4, 37.8]])
    assert (from_wgs84(place, Datum.GCJ02) == place).all()


def test_projected_coordinates_come_back_as_degrees() -> None:
    (there,) = reprojected([shapely.Point(40_534_000, 3_990_000)], "EPSG:4528")
    assert 120 < there.x < 121
    assert 36 < there.y < 36.2
    with pytest.raises(UnknownCrs):
        reprojected([shapely.Point(0, 0)], "EPSG:nothing")


@pytest.mark.parametrize("true", list(Datum))
@pytest.mark.parametrize("declared", list(Datum))
def test_a_wrong_datum_is_suspected_and_a_right_one_is_not(true: Datum, declared: Datum) -> None:
    drawn = shapely.transform(HERE, lambda xy: from_wgs84(xy, true))
    found = suspected([drawn], declared, HERE)
    assert found == (None if true is declared else true)


def test_far_from_the_reference_nothing_is_said() -> None:
    assert suspected([shapely.box(100, 30, 100.1, 30.1)], Datum.WGS84, HERE) is None


def test_shapes_are_shifted_whole() -> None:
    drawn = shapely.transform(HERE, lambda xy: from_wgs84(xy, Datum.BD09))
    (back,) = on_datum([drawn], Datum.BD09)
    assert back.symmetric_difference(HERE).area < 1e-9
