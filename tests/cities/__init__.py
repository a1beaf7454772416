"""Generated cities that nothing was tuned to, each from its number.

A ragged coast, islands, mountains without people, a dense core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Places = NDArray[np.float64]
CITIES = range(1, 21)
# Metres a degree of latitude, near enough for drawing.
_DEGREE_M = 111_195.0


@dataclass(frozen=True, slots=True)
class City:
    """A ground in degrees, where work lies on it (lng, lat), and how much at each place."""

    territory: BaseGeometry
    places: Places
    workload: NDArray[np.float64]


def city(number: int, cells: int) -> City:
    """The city of this number with work for so many cells, 20 to 30 places a cell."""
    random = np.random.default_rng([18, number])
    radius_m = 18_000 * math.sqrt(cells / 50)
    land = _land(random, radius_m)
    mountains = _mountains(random, radius_m)
    # Two in three cities count every place alike, the others some more than others; none
    # weighs 5 % of a cell.
    alike = number % 3 > 0
    count = round(cells * random.uniform(20 if alike else 24, 30))
    at = _settled(random, shapely.difference(land, mountains), radius_m, count)
    workload = np.ones(count) if alike else random.uniform(0.8, 1.1, count)
    middle = (random.uniform(-170, 170), random.uniform(-55, 65))
    scale = np.array([1 / (_DEGREE_M * math.cos(math.radians(middle[1]))), 1 / _DEGREE_M])
    territory = shapely.make_valid(shapely.transform(land, lambda xy: (xy * scale + middle).round(7)))
    return City(territory, at * scale + middle, workload)


def _ragged(random: np.random.Generator, middle: Places, radius_m: float, roughness: float) -> BaseGeometry:
    """A blob whose border is as broken as a coast: midpoints of a polygon moved aside, again and again."""
    turns = np.sort(random.uniform(0, 2 * np.pi, 9))
    ring = np.column_stack([np.cos(turns), np.sin(turns)]) * random.uniform(0.6, 1.15, 9)[:, None] * radius_m
    for _ in range(6):
        after = np.roll(ring, -1, axis=0)
        along = after - ring
        aside = np.column_stack([-along[:, 1], along[:, 0]])
        middles = (ring + after) / 2 + aside * random.normal(0, roughness, len(ring))[:, None]
        ring = np.stack([ring, middles], axis=1).reshape(-1, 2)
    return shapely.buffer(shapely.Polygon(ring + middle), 0)


def _land(random: np.random.Generator, radius_m: float) -> BaseGeometry:
    """A mainland with inlets, a lake in some cities, and islands off its coast."""
    main = max(shapely.get_parts(_ragged(random, np.zeros(2), radius_m, 0.17)), key=shapely.area)
    for turn in random.uniform(0, 2 * np.pi, random.integers(2, 5)):
        way = np.array([math.cos(turn), math.sin(turn)])
        inner, outer = random.uniform(0.25, 0.6) * radius_m * way, 1.6 * radius_m * way
        bent = (inner + outer) / 2 + random.normal(0, 0.12 * radius_m, 2)
        inlet = shapely.buffer(
            shapely.LineString([inner, bent, outer]), random.uniform(0.02, 0.06) * radius_m
        )
        main = shapely.difference(main, inlet)
    if random.random() < 0.5:
        lake = _ragged(random, random.normal(0, 0.3 * radius_m, 2), 0.12 * radius_m, 0.15)
        main = shapely.difference(main, lake)
    parts = [part for part in shapely.get_parts(main) if part.area > 0.002 * radius_m**2]
    for turn in random.uniform(0, 2 * np.pi, random.integers(3, 9)):
        middle = np.array([math.cos(turn), math.sin(turn)]) * radius_m * random.uniform(1.15, 1.6)
        islet = _ragged(random, middle, random.uniform(0.04, 0.22) * radius_m, 0.15)
        away = shapely.difference(islet, shapely.buffer(shapely.union_all(parts), 0.01 * radius_m))
        parts += [part for part in shapely.get_parts(away) if part.area > 0.0005 * radius_m**2]
    return shapely.union_all(parts)


def _mountains(random: np.random.Generator, radius_m: float) -> BaseGeometry:
    """Broad ground where nobody lives."""
    count = int(random.integers(2, 6))
    middles = random.normal(0, 0.45 * radius_m, (count, 2))
    sizes = random.uniform(0.12, 0.3, count) * radius_m
    return shapely.union_all([_ragged(random, m, s, 0.1) for m, s in zip(middles, sizes, strict=True)])


def _settled(random: np.random.Generator, land: BaseGeometry, radius_m: float, count: int) -> Places:
    """Places of work: two in five in the core, others in towns, along a road, in villages, a few alone."""
    shapely.prepare(land)
    towns = _somewhere(random, land, 10)
    core, towns = towns[0], towns[1:]
    hamlets = _somewhere(random, land, 40)
    ends = towns[random.integers(0, len(towns), (4, 2))]
    found = np.empty((0, 2))
    while len(found) < count:
        n = 2 * count
        kind = random.choice(5, n, p=[0.4, 0.25, 0.12, 0.18, 0.05])
        share = random.random(n)[:, None]
        road = random.integers(0, len(ends), n)
        middles = np.select(
            [(kind == 0)[:, None], (kind == 1)[:, None], (kind == 2)[:, None], (kind == 3)[:, None]],
            [
                np.broadcast_to(core, (n, 2)),
                towns[random.integers(0, len(towns), n)],
                ends[road, 0] * share + ends[road, 1] * (1 - share),
                hamlets[random.integers(0, len(hamlets), n)],
            ],
            random.uniform(-1.5, 1.5, (n, 2)) * radius_m,
        )
        spread = np.array([0.035, 0.018, 0.004, 0.006, 0.0])[kind] * radius_m
        at = middles + random.standard_normal((n, 2)) * spread[:, None]
        found = np.concatenate([found, at[shapely.contains_xy(land, at[:, 0], at[:, 1])]])
    return found[:count].round(2)


def _somewhere(random: np.random.Generator, land: BaseGeometry, count: int) -> Places:
    west, south, east, north = land.bounds
    at = np.column_stack([random.uniform(west, east, 500 * count), random.uniform(south, north, 500 * count)])
    return at[shapely.contains_xy(land, at[:, 0], at[:, 1])][:count]
