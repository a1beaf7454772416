"""Gives each row its place: figures in one system as WGS-84, turned round where a row is, near or far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from backend.imports.reading.coordinates import Pairs, to_places, turned
from backend.imports.reading.wrong import Wrong
from geo.measure import distance_m

# Beyond the ground by so many times its own width a place is no new quarter, but another's or none.
_FAR_WIDTHS = 1.0
_LEAST_FAR_M = 2_000.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a row is (lng, lat) or None, what was noted, and why it is refused."""

    place: tuple[float, float] | None
    note: Wrong | None = None
    wrong: Wrong | None = None


def placed(pairs: Sequence[tuple[float, float]], system: str, ground: BaseGeometry | None) -> list[Placed]:
    """The place of each pair of figures as they stand in the file."""
    if not pairs:
        return []
    figures = np.array(pairs, dtype=float)
    as_said, other = to_places(figures, system), to_places(figures, turned(system))
    inside, inside_turned = _inside(as_said, ground), _inside(other, ground)
    return [
        _one(figures, as_said, other, ground, n, inside=bool(inside[n]), turns=bool(inside_turned[n]))
        for n in range(len(figures))
    ]


def _one(
    figures: Pairs,
    as_said: Pairs,
    other: Pairs,
    ground: BaseGeometry | None,
    n: int,
    *,
    inside: bool,
    turns: bool,
) -> Placed:
    if not figures[n].any():
        return Placed(None, Wrong("place_zero"))
    if inside:
        return Placed(_tuple(as_said[n]))
    if turns:
        return Placed(_tuple(other[n]), Wrong("place_swapped"))
    if not np.isfinite(as_said[n]).all():
        return Placed(None, wrong=Wrong("no_coordinate"))
    place = _tuple(as_said[n])
    if ground is None:
        return Placed(place)
    metres = _away_m(place, ground)
    if metres > max(_LEAST_FAR_M, _FAR_WIDTHS * _width_m(ground.bounds)):
        return Placed(None, wrong=Wrong("far_away", distance=metres))
    return Placed(place, Wrong("place_outside", distance=metres))


def _inside(places: Pairs, ground: BaseGeometry | None) -> NDArray[np.bool_]:
    sound = np.isfinite(places).all(axis=1)
    if ground is None:
        return np.asarray(sound)
    shapely.prepare(ground)
    found = np.zeros(len(places), dtype=bool)
    found[sound] = shapely.intersects_xy(ground, places[sound, 0], places[sound, 1])
    return found


def _away_m(place: tuple[float, float], ground: BaseGeometry) -> float:
    nearest = shapely.get_coordinates(shapely.shortest_line(shapely.Point(place), ground))[1]
    return distance_m(place, (float(nearest[0]), float(nearest[1])))


@lru_cache(maxsize=64)
def _width_m(bounds: tuple[float, float, float, float]) -> float:
    west, south, east, north = bounds
    return distance_m((west, south), (east, north))


def _tuple(row: Pairs) -> tuple[float, float]:
    return round(float(row[0]), 7), round(float(row[1]), 7)
