"""Reads coordinates in any datum or none: what system a file's figures are in, and the places they say.

A system is `wgs84`, `gcj02`, `bd09` or `EPSG:4549`, with `+turned` where latitude (north) stands in the first
column. Which it is gets judged on a sample against the territory: customers lie in it, and figures that are
some hundred metres off put those near its border outside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from backend.imports.reading.cleaning import one_width, text_in
from backend.imports.reading.shapes import Cell
from backend.imports.reading.wrong import Wrong
from geo.datum import DATUM_NAMES, Datum, known_crs, reprojected, to_wgs84
from geo.far_zones import likely_systems
from geo.mapfile import Origin
from geo.measure import distance_m

Pairs = NDArray[np.float64]
TURNED = "+turned"
# The answer to `datum` that leaves all coordinates out.
NO_PLACES = "-"
SAMPLE = 5000
# What is no larger are degrees.
_MOST_DEGREES = 360.0
# A system is beyond doubt where nearly all places lie on the ground, and clearly more than by any other.
_GOOD, _CLEARLY, _LEAST_PLACES = 0.95, 0.01, 5
# Figures that cannot be told apart put the middle of the ground within so many metres.
_SAME_M = 5.0
_SEXAGESIMAL = re.compile(
    r"([NSEW东西南北][经纬]?)?(\d{1,3})[°o度d]\s*"
    r"(?:(\d{1,2}(?:\.\d+)?)[′'’分]\s*(?:(\d{1,2}(?:\.\d+)?)(?:[″\"”秒]|''|′′))?)?"
    r"([NSEW东西南北])?",
    re.I,
)
_DECIMAL = re.compile(
    r"([NSEW东西南北][经纬]?)?\s*(-?\d+(?:\.\d+|,\d{3,})?)\s*[°度]?\s*([NSEW东西南北])?", re.I
)
_NEGATIVE = frozenset("SWsw南西")
# What divides two figures, the surest first: a comma may be one's own.
_BETWEEN = (
    re.compile(r"\s*[;；]\s*"),
    re.compile(r"\s*[,，]\s+|\s+[,，]"),
    re.compile(r"\s+"),
    re.compile(r"[,，]"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a sample says: the system beyond doubt, or None and those that it may be, the likeliest first."""

    system: str | None
    candidates: tuple[str, ...]


def degrees(cell: Cell) -> float:
    """One figure: `120.3826`, `13,4050`, `120°22′57.4″E`, `N36.07`, metres. Raises Wrong."""
    if isinstance(cell, bool):
        raise Wrong("no_coordinate")
    if isinstance(cell, int | float):
        return float(cell)
    text = one_width(text_in(cell)).replace("′′", "″")
    if found := _DECIMAL.fullmatch(text):
        figure = float(found[2].replace(",", "."))
        # Metres are grouped by commas, degrees never; with few digits behind it, a comma may divide the two.
        if "," in found[2] and abs(figure) > _MOST_DEGREES:
            raise Wrong("no_coordinate")
        return _signed(figure, found[1] or found[3])
    if found := _SEXAGESIMAL.fullmatch(text):
        minutes, seconds = float(found[3] or 0), float(found[4] or 0)
        if minutes >= 60 or seconds >= 60:
            raise Wrong("no_coordinate")
        return _signed(float(found[2]) + minutes / 60 + seconds / 3600, found[1] or found[5])
    raise Wrong("no_coordinate")


def pair(cell: Cell) -> tuple[float, float]:
    """Both figures of one cell: `120.38,36.07`, `POINT(120.38 36.07)`. Raises Wrong."""
    text = re.sub(r"^point|[()\[\]]", "", one_width(text_in(cell)), flags=re.I).strip()
    for between in _BETWEEN:
        parts = [one for one in between.split(text) if one]
        if len(parts) == 2:
            try:
                return degrees(parts[0]), degrees(parts[1])
            except Wrong:
                continue
    raise Wrong("no_coordinate")


def to_places(pairs: Pairs, system: str) -> Pairs:
    """(n, 2) figures as they stand in the file as WGS-84 degrees, longitude first; NaN for what is none."""
    base = system.removesuffix(TURNED)
    figures = pairs[:, ::-1] if system.endswith(TURNED) else pairs
    if base in set(Datum):
        sound = (np.abs(figures[:, 0]) <= _MOST_DEGREES) & (np.abs(figures[:, 1]) <= 90)
        found = np.full(figures.shape, np.nan)
        found[sound] = to_wgs84(figures[sound], Datum(base))
        return found
    shapes = reprojected([shapely.Point(x, y) for x, y in figures], base)
    return np.array([shapely.get_coordinates(one)[0] for one in shapes], dtype=float).reshape(-1, 2)


def is_system(said: str) -> bool:
    """Whether coordinates can be in this: a datum of Chinese maps, one of pyproj's, or left out (`-`)."""
    base = said.removesuffix(TURNED)
    return said == NO_PLACES or base in set(Datum) or known_crs(base) is not None


def turned(system: str) -> str:
    """The same system with its columns the other way round."""
    return system.removesuffix(TURNED) if system.endswith(TURNED) else system + TURNED


def judged(sample: Pairs, ground: BaseGeometry | None) -> Judged:
    """Which system the figures of a sample are in, by the share of them that lies on the ground."""
    if not len(sample):
        return Judged(None, ())
    if np.median(np.abs(sample).max(axis=1)) > _MOST_DEGREES:
        return _in_metres(sample, ground)
    sample = sample[np.abs(sample).max(axis=1) <= _MOST_DEGREES]
    if ground is None:
        return _without_ground(sample)
    shapely.prepare(ground)
    known = [datum for datum in Datum if _differs(datum, ground)]
    shares = {
        system: _share(to_places(sample, system), ground)
        for datum in known
        for system in (datum.value, datum.value + TURNED)
    }
    # One row turned round is no column turned round.
    order = sorted(shares, key=lambda one: -shares[one])
    best, rest = shares[order[0]], [shares[one] for one in order[1:]]
    clearly = max(_CLEARLY, _LEAST_PLACES / len(sample))
    if best >= _GOOD and all(share <= best - clearly for share in rest):
        return Judged(order[0], (order[0],))
    near = tuple(one for one in order if shares[one] >= max(best / 2, 1e-9))
    if len(near) == 1 and best >= 0.5:
        return Judged(near[0], near)
    return Judged(None, near or tuple(datum.value for datum in known))


def system_words(system: str) -> tuple[str, str]:
    """What a system is called in Chinese and English."""
    base = system.removesuffix(TURNED)
    zh, en = DATUM_NAMES[Datum(base)] if base in set(Datum) else (base, base)
    if not system.endswith(TURNED):
        return zh, en
    return f"{zh}，两列颠倒", f"{en}, the two columns the other way round"


def _without_ground(sample: Pairs) -> Judged:
    """Nothing to measure by: only that a latitude is never beyond 90 is known."""
    beyond = np.abs(sample) > 90
    is_turned = beyond[:, 1].mean() > 0.5 > beyond[:, 0].mean()
    return Judged(None, tuple(datum.value + (TURNED if is_turned else "") for datum in Datum))


def _in_metres(sample: Pairs, ground: BaseGeometry | None) -> Judged:
    if ground is None:
        return Judged(None, ())
    few = sample[np.abs(sample).max(axis=1) > _MOST_DEGREES][:500]
    labels = likely_systems(Origin("", False, few), Datum.WGS84, ground)
    found = tuple(_system_of(label) for label in labels)
    if len(found) == 1 and _share(to_places(few, found[0]), ground) >= _GOOD:
        return Judged(found[0], found)
    return Judged(None, found)


def _system_of(label: str) -> str:
    """`EPSG:4549 (its name), 东、北写反 · …` as a system."""
    code, _, rest = label.partition(" (")
    return code + (TURNED if ")," in rest else "")


def _share(places: Pairs, ground: BaseGeometry) -> float:
    sound = np.isfinite(places).all(axis=1)
    inside = np.zeros(len(places), dtype=bool)
    inside[sound] = shapely.intersects_xy(ground, places[sound, 0], places[sound, 1])
    return float(inside.mean())


def _differs(datum: Datum, ground: BaseGeometry) -> bool:
    """Whether a datum says another place than WGS-84 where the ground is: China's do only there."""
    if datum is Datum.WGS84:
        return True
    middle = np.array([[ground.centroid.x, ground.centroid.y]])
    gcj = to_wgs84(middle, Datum.GCJ02)[0]
    return distance_m((middle[0, 0], middle[0, 1]), (gcj[0], gcj[1])) > _SAME_M


def _signed(value: float, side: str | None) -> float:
    return -value if side and side[0] in _NEGATIVE else value


def middle_of(places: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median of places."""
    found = np.median(np.array(places), axis=0)
    return float(found[0]), float(found[1])
